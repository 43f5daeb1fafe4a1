package server

import (
	"context"
	"time"
)

// DefaultDeadline is how long a unary call may take whose client did not say.
const DefaultDeadline = 5 * time.Second

func nothing() {}

// withDeadline gives a call that has no deadline one. A deadline that the client sent stays what it is, be it longer: it
// knows how long it will wait. It is also the faster case by far, because the transport has set the timer already.
// Streams have no default: they end when their client or their connection does.
func withDeadline(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok || d <= 0 {
		return ctx, nothing
	}
	return context.WithTimeout(ctx, d)
}
