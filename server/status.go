package server

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/writer"
)

// ErrorDomain is the domain of every ErrorInfo.
const ErrorDomain = "holdfast"

// failed makes a status of a code, a stable reason, a text for people, and further details.
func failed(code codes.Code, reason, message string, details ...protoadapt.MessageV1) error {
	st := status.New(code, message)
	all := append([]protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: reason, Domain: ErrorDomain}}, details...)
	if with, err := st.WithDetails(all...); err == nil {
		st = with
	}
	return st.Err()
}

var faultCodes = map[ledger.FaultKind]codes.Code{
	ledger.Invalid:            codes.InvalidArgument,
	ledger.NotFound:           codes.NotFound,
	ledger.Exists:             codes.AlreadyExists,
	ledger.FailedPrecondition: codes.FailedPrecondition,
	ledger.Denied:             codes.PermissionDenied,
}

// faultStatus is a domain fault as a status.
func faultStatus(f *ledger.Fault) error {
	var details []protoadapt.MessageV1
	if len(f.Fields) > 0 {
		bad := &errdetails.BadRequest{}
		for _, field := range f.Fields {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: field, Description: f.Message, Reason: f.Reason,
			})
		}
		details = append(details, bad)
	}
	if f.Name != "" {
		details = append(details, &errdetails.ResourceInfo{ResourceName: f.Name, Description: f.Message})
	}
	if f.Kind == ledger.FailedPrecondition {
		details = append(details, &errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
			{Type: f.Reason, Subject: f.Name, Description: f.Message},
		}})
	}
	return failed(faultCodes[f.Kind], f.Reason, f.Message, details...)
}

func retryIn(d time.Duration) *errdetails.RetryInfo {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(d)}
}

// submitStatus is an error of the writer as a status.
func submitStatus(err error) error {
	var corruptState *state.CorruptError
	var corruptJournal *journal.CorruptError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return failed(codes.DeadlineExceeded, "DEADLINE_EXCEEDED",
			"the deadline passed before the outcome was durable; the request may still be carried out: send it again with the same request_id")
	case errors.Is(err, context.Canceled):
		return failed(codes.Canceled, "CANCELLED", "the caller went away; the request may still be carried out")
	case errors.Is(err, writer.ErrBusy):
		return failed(codes.ResourceExhausted, "QUEUE_FULL", "too much is waiting; nothing was done", retryIn(50*time.Millisecond))
	case errors.Is(err, writer.ErrFull):
		return failed(codes.Unavailable, "JOURNAL_FULL",
			"the journal's disk has no room; the request may be carried out when it has: send it again with the same request_id", retryIn(time.Second))
	case errors.Is(err, writer.ErrStarting) && !errors.As(err, &corruptJournal):
		// Also after a damaged row: a state can be built anew, and then all is well. Over a damaged journal nothing starts.
		return failed(codes.Unavailable, "STARTING", "the shard is starting; nothing was done", retryIn(100*time.Millisecond))
	case errors.As(err, &corruptState), errors.As(err, &corruptJournal):
		return failed(codes.DataLoss, "DATA_LOSS",
			"a stored record is not what was written; the operator has been told. The request may have been carried out: send it again with the same request_id")
	case errors.Is(err, writer.ErrStopped):
		return failed(codes.Unavailable, "OUTCOME_UNKNOWN",
			"the shard stopped; the request may have been carried out: send it again with the same request_id", retryIn(100*time.Millisecond))
	case errors.Is(err, writer.ErrStandby):
		return failed(codes.Unavailable, "NOT_OWNER", "another node decides for the shard; nothing was done", retryIn(50*time.Millisecond))
	case errors.Is(err, writer.ErrClosed):
		return failed(codes.Unavailable, "DRAINING", "the server is going down; nothing was done", retryIn(time.Second))
	}
	return failed(codes.Internal, "INTERNAL", err.Error())
}
