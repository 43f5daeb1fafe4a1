package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// domain of every google.rpc.ErrorInfo that Holdfast makes.
const domain = "holdfast"

// An Error is a call that was not answered. status.Code, status.FromError and errors.Is with context.DeadlineExceeded
// and context.Canceled work on it, also when it is wrapped.
type Error struct {
	// Method is the name of the call, such as Authorize.
	Method string
	// RequestID is the identity under which the request was sent; empty for reads.
	RequestID string
	// Attempts is how often the request was tried.
	Attempts int
	// OutcomeUnknown says that the write may have been carried out, or may yet be. See the package documentation for
	// what to do then. Always false for reads.
	OutcomeUnknown bool

	status *status.Status
}

// Error tells what happened, and what to do when the outcome is unknown.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "holdfast: %s: %s", e.Method, e.status.Code())
	if reason := ReasonOf(e); reason != "" {
		fmt.Fprintf(&b, " (%s)", reason)
	}
	fmt.Fprintf(&b, ": %s", e.status.Message())
	if e.RequestID != "" {
		fmt.Fprintf(&b, "; request %s", e.RequestID)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, ", %d attempts", e.Attempts)
	}
	if e.OutcomeUnknown {
		b.WriteString("; the outcome is unknown: send the same request id again, or LookupOrder, or Reverse")
	}
	return b.String()
}

// GRPCStatus is the status that the last attempt ended with.
func (e *Error) GRPCStatus() *status.Status { return e.status }

// Is makes errors.Is find the context's errors, whether the deadline passed here or at the server.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.status.Code() == codes.DeadlineExceeded
	case context.Canceled:
		return e.status.Code() == codes.Canceled
	}
	return false
}

// IsOutcomeUnknown tells whether err is a write that may have been carried out, or may yet be. Send it again with the
// same request id, or ask LookupOrder, or Reverse the order.
func IsOutcomeUnknown(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.OutcomeUnknown
}

// ReasonOf is the stable reason of an error that Holdfast made, such as ORDER_EXISTS, or "" for any other error.
func ReasonOf(err error) string {
	if info, ok := detailOf[*errdetails.ErrorInfo](err); ok && info.GetDomain() == domain {
		return info.GetReason()
	}
	return ""
}

// RetryAfter is how long the server asked to wait before the next attempt, and whether it asked. The client has
// already waited that long between its own attempts.
func RetryAfter(err error) (time.Duration, bool) {
	info, ok := detailOf[*errdetails.RetryInfo](err)
	if !ok || info.GetRetryDelay() == nil {
		return 0, false
	}
	return max(0, info.GetRetryDelay().AsDuration()), true
}

// detailOf is the first detail of a type in a gRPC error.
func detailOf[T any](err error) (detail T, ok bool) {
	st, ok := status.FromError(err)
	if !ok || err == nil {
		return detail, false
	}
	for _, d := range st.Details() {
		if detail, ok := d.(T); ok {
			return detail, true
		}
	}
	return detail, false
}

// mayHaveHappened tells whether an attempt that was sent and ended with code may have been carried out.
func mayHaveHappened(code codes.Code) bool {
	switch code {
	case codes.Canceled, codes.DeadlineExceeded, codes.Unavailable, codes.Unknown, codes.Internal, codes.Aborted,
		codes.DataLoss:
		return true
	}
	return false
}

// settles tells whether code is the server's answer to the request itself. Such an answer also settles what became of
// earlier attempts: had one been carried out, the server would have repeated its outcome instead.
func settles(code codes.Code) bool {
	switch code {
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition, codes.OutOfRange:
		return true
	}
	return false
}
