package client

import (
	"context"
	"errors"
	"io"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// WatchEvents yields every durable event after req.Cursor, oldest first, and goes on with new ones as they happen. It
// watches again from the last event that was yielded whenever the stream breaks, with the waits of the retry policy but
// as often as it takes; a policy of one attempt switches that off.
//
// The sequence ends without an error when req.UntilNow is set and all events have been yielded, and when the caller
// breaks off. It ends with one *Error, and a nil event, when the context is done or the server refuses: OUT_OF_RANGE,
// reason EVENTS_TRIMMED, says that the cursor lies before what is kept.
//
// Delivery is at least once. To go on after a restart, store the Cursor of each event together with what the event
// made you do. WithTimeout does not apply. req is read once and not changed; it is used again each time the sequence
// is ranged over.
func (c *Client) WatchEvents(ctx context.Context, req *holdfastv1.WatchEventsRequest) iter.Seq2[
	*holdfastv1.Event, error,
] {
	first := proto.CloneOf(req)
	if first == nil {
		first = new(holdfastv1.WatchEventsRequest)
	}
	return func(yield func(*holdfastv1.Event, error) bool) {
		w := watch{c: c, req: proto.CloneOf(first), yield: yield}
		for {
			f, over := w.once(ctx)
			if over {
				return
			}
			if !w.again(ctx, &f) {
				yield(nil, &Error{Method: "WatchEvents", Attempts: w.failed, status: status.Convert(f.err)})
				return
			}
		}
	}
}

// watch is one ranging over events.
type watch struct {
	c      *Client
	req    *holdfastv1.WatchEventsRequest // its cursor is that of the last event yielded
	yield  func(*holdfastv1.Event, error) bool
	failed int // attempts in a row that brought no event
}

// once watches until the stream ends. over says that the sequence is complete; if not, f says what went wrong.
func (w *watch) once(ctx context.Context) (f failure, over bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stub := holdfastv1.NewEventServiceClient(w.c.conns)
	stream, err := stub.WatchEvents(ctx, w.req)
	for err == nil {
		var resp *holdfastv1.WatchEventsResponse
		if resp, err = stream.Recv(); err != nil {
			break
		}
		w.failed = 0
		cursor := resp.GetEvent().GetCursor() // before the event is the caller's to change
		if !w.yield(resp.GetEvent(), nil) {
			return failure{}, true
		}
		w.req.Cursor = cursor
	}
	if errors.Is(err, io.EOF) {
		if w.req.UntilNow {
			return failure{}, true
		}
		err = status.Error(codes.Unavailable, "the server ended the stream")
	}
	return failure{err: err, trailer: trailerOf(stream)}, false
}

// again waits until it is time to watch again; false means that it is not to be, with the error to report in f.err.
// The retry budget is left alone: a watcher makes one attempt at a time, and must not take retries from the calls.
func (w *watch) again(ctx context.Context, f *failure) bool {
	w.failed++
	o := &w.c.opts
	if !retryable(status.Code(f.err)) || o.retry.MaxAttempts == 1 {
		return false
	}
	wait, ok := o.wait(w.failed, f)
	if !ok {
		return false
	}
	if err := o.sleep(ctx, wait); err != nil {
		f.err = status.FromContextError(err).Err()
		return false
	}
	return true
}

// trailerOf is the trailer of a stream that has ended, if it ever began.
func trailerOf[T any](stream grpc.ServerStreamingClient[T]) map[string][]string {
	if stream == nil {
		return nil
	}
	return stream.Trailer()
}
