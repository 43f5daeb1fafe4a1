package server

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"runtime/debug"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
)

// incident is an error that is the server's own fault. The caller gets an id; what went wrong is logged under it, and
// told to nobody else, because it may quote anything.
func incident(logger *slog.Logger, m *method, caller Caller, what string, attrs ...any) error {
	var b [6]byte
	_, _ = rand.Read(b[:])
	id := "inc_" + hex.EncodeToString(b[:])
	logger.Error(what, append([]any{"incident", id, "method", m.name, "caller", caller.Name}, attrs...)...)
	return failed(codes.Internal, "INTERNAL",
		"something went wrong that is not the request's fault; the operator finds it in the log as "+id+
			". The request may have been carried out: send it again with the same request_id",
		&errdetails.RequestInfo{RequestId: id})
}

// panicked makes an incident of what recover returned. It must be called while the stack is still that of the panic.
func (e *edge) panicked(m *method, caller Caller, req, value any) error {
	e.metrics.panics.Inc()
	return incident(e.logger, m, caller, "a call panicked",
		"panic", redact(fmt.Sprint(value), tokensOf(req)), "stack", string(debug.Stack()))
}
