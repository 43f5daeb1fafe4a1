package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// told is what a stream with a cursor tells.
type told interface {
	GetCursor() string
}

// follow yields what a server's stream tells after a cursor, and opens it again after the last that was yielded whenever
// it breaks. What each message tells is found by of. One for which bare holds has nothing but a cursor: it only moves where
// the stream is opened again. bare is nil where there are none, or where the caller wants to see them.
//
// A cursor is good at every node: after a node that failed, another is asked.
func follow[Resp any, T told](ctx context.Context, c *Client, name, cursor string, untilNow bool,
	open func(ctx context.Context, on grpc.ClientConnInterface, cursor string) (grpc.ServerStreamingClient[Resp], error),
	of func(*Resp) T, bare func(T) bool,
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		w := watch[Resp, T]{c: c, cursor: cursor, untilNow: untilNow, open: open, of: of, bare: bare, yield: yield}
		for {
			f, over := w.once(ctx)
			if over {
				return
			}
			if !w.again(ctx, &f) {
				var none T
				yield(none, &Error{Method: name, Attempts: w.failed, status: status.Convert(f.err)})
				return
			}
		}
	}
}

// watch is one ranging over a stream.
type watch[Resp any, T told] struct {
	c        *Client
	cursor   string // of the last that was yielded
	untilNow bool
	open     func(ctx context.Context, on grpc.ClientConnInterface, cursor string) (grpc.ServerStreamingClient[Resp], error)
	of       func(*Resp) T
	bare     func(T) bool
	yield    func(T, error) bool
	failed   int      // attempts in a row that brought nothing
	a        attempts // where the last one was made
}

// once watches until the stream ends. over says that the sequence is complete; if not, f says what went wrong.
func (w *watch[Resp, T]) once(ctx context.Context) (f failure, over bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.c.fleet.begin(ctx, time.Time{})
	w.a.node = w.c.fleet.route("", w.a.avoid, false)
	stream, err := w.open(ctx, w.a.node.conns, w.cursor)
	for err == nil {
		var resp *Resp
		if resp, err = stream.Recv(); err != nil {
			break
		}
		w.failed = 0
		one := w.of(resp)
		cursor := one.GetCursor() // before it is the caller's to change
		if (w.bare == nil || !w.bare(one)) && !w.yield(one, nil) {
			return failure{}, true
		}
		w.cursor = cursor
	}
	if errors.Is(err, io.EOF) {
		if w.untilNow {
			return failure{}, true
		}
		err = status.Error(codes.Unavailable, "the server ended the stream")
	}
	return failure{err: w.a.node.cause(err), trailer: trailerOf(stream)}, false
}

// again waits until it is time to watch again; false means that it is not to be, with the error to report in f.err.
// The retry budget is left alone: a watcher makes one attempt at a time, and must not take retries from the calls.
func (w *watch[Resp, T]) again(ctx context.Context, f *failure) bool {
	w.failed++
	w.c.fleet.diagnose(&w.a, f)
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
	w.c.fleet.refreshed(ctx, &w.a, f)
	return true
}

// trailerOf is the trailer of a stream that has ended, if it ever began.
func trailerOf[T any](stream grpc.ServerStreamingClient[T]) map[string][]string {
	if stream == nil {
		return nil
	}
	return stream.Trailer()
}
