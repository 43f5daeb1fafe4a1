package client

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// pool is a set of AuthorizeStream streams to one node, used in turn.
//
// Why streams at all: a unary call costs both sides an HTTP/2 stream, header frames, a context and several wake-ups;
// on a stream it costs a data frame. What a stream must not cost is the meaning of a call: each has its own deadline,
// its own cancellation and its own error, and what happens to one call is nothing to the others.
//
// A stream has one sender, which writes all that has been queued while it wrote the last batch, without waiting for
// more; grpc-go's transport gathers those writes into few packets. Handing each call to the transport from its own
// goroutine was the alternative: it takes the transport's locks once for each call in every order, and leaves no place
// to drop the requests of callers who left before their turn.
type pool struct {
	streams []*stream
	turn    atomic.Uint32
	cancel  context.CancelCauseFunc
	running sync.WaitGroup
}

// newPool makes n streams over cs. They connect when they are first used.
func newPool(cs *conns, n int, b *budget) *pool {
	ctx, cancel := context.WithCancelCause(cs.outgoingContext(context.Background()))
	p := &pool{cancel: cancel}
	frames := frameCodec{wire}
	for i := range n {
		// Each stream keeps to one connection, so that n streams over n connections have one each.
		stub := holdfastv1.NewAuthorizationServiceClient(cs.all[i%len(cs.all)])
		s := &stream{wake: make(chan struct{}, 1), budget: b, compactAt: compactMin}
		s.open = func(ctx context.Context) (grpc.ClientStream, error) {
			return stub.AuthorizeStream(ctx, grpc.StaticMethod(), grpc.ForceCodecV2(frames))
		}
		p.streams = append(p.streams, s)
		p.running.Go(func() { s.run(ctx) })
	}
	return p
}

// next is the stream whose turn it is. A call that is repeated so gets another stream than before.
func (p *pool) next() *stream {
	if len(p.streams) == 1 {
		return p.streams[0]
	}
	return p.streams[p.turn.Add(1)%uint32(len(p.streams))]
}

// close ends all streams. All waiters are answered, with why, and no goroutine of the pool runs, when it returns.
func (p *pool) close(why error) {
	p.cancel(why)
	p.running.Wait()
}

// stream is one AuthorizeStream that is opened again whenever it breaks.
//
// Requests go caller -> queue -> inflight -> answer. What is only queued when the stream breaks was never sent, and
// goes out over the next connection; what is in flight then fails with UNAVAILABLE, and is repeated by its caller under
// the same request id.
type stream struct {
	open   func(context.Context) (grpc.ClientStream, error)
	wake   chan struct{} // has a value when the queue has become non-empty, or the sender is to look again
	budget *budget

	mu        sync.Mutex
	queue     []*waiter // to be sent; may hold waiters whose callers left
	compactAt int       // length of queue at which those are cleared out
	inflight  inflight
	up        bool  // whether queue may be moved to inflight: there is a connection that has not broken
	closed    error // set once, when no call will be answered any more
}

// compactMin is the least number of queued requests for which looking for deserted ones pays.
const compactMin = 1024

// errClosed ends calls of a client that was closed; grpc-go uses the same code.
var errClosed = status.Error(codes.Canceled, "the client is closed")

// call sends one attempt and waits for its answer, the context, or the default deadline, whichever comes first.
func (s *stream) call(ctx context.Context, w *waiter) (*holdfastv1.AuthorizeStreamResponse, failure) {
	if err := ctx.Err(); err != nil {
		return nil, failure{err: status.FromContextError(err).Err(), unsent: true}
	}
	if err := s.enqueue(w); err != nil {
		return nil, failure{err: err, unsent: true}
	}
	var gone error
	select {
	case <-w.done:
		return w.answer, w.failure
	case <-ctx.Done():
		gone = status.FromContextError(ctx.Err()).Err()
	case <-w.expired:
		gone = status.FromContextError(context.DeadlineExceeded).Err()
	}
	if was := s.leave(w); was != answered {
		return nil, failure{err: gone, unsent: was == queued}
	}
	<-w.done // the answer came first after all
	return w.answer, w.failure
}

// enqueue puts w in line.
func (s *stream) enqueue(w *waiter) error {
	s.mu.Lock()
	if s.closed != nil {
		s.mu.Unlock()
		return s.closed
	}
	if len(s.queue) >= s.compactAt {
		s.compact()
	}
	w.state = queued
	s.queue = append(s.queue, w)
	first := len(s.queue) == 1
	s.mu.Unlock()
	if first {
		s.wakeSender()
	}
	return nil
}

// compact clears out waiters whose callers left. While the server does not read, the queue is thereby bounded by the
// number of callers that wait, at an amortized cost of O(1) a call.
func (s *stream) compact() {
	s.queue = slices.DeleteFunc(s.queue, func(w *waiter) bool { return w.state == left })
	s.compactAt = max(compactMin, 2*len(s.queue))
}

func (s *stream) wakeSender() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// leave takes note that the caller of w waits no more, and tells in which state w was. After answered, w.done has a
// value or soon will have; after anything else nobody will complete w.
func (s *stream) leave(w *waiter) waiterState {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := w.state
	switch was {
	case queued:
		w.state = left
	case sent:
		s.inflight.remove(w.id)
		w.state = idle
	}
	return was
}

// run is the sender. It returns, with all waiters answered, when ctx is done.
func (s *stream) run(ctx context.Context) {
	defer func() { s.shut(context.Cause(ctx)) }()
	for s.waitForQueue(ctx) {
		if err := s.serve(ctx); err != nil {
			s.failQueue(err)
		}
	}
}

// waitForQueue returns true as soon as something is queued, and false when ctx is done.
func (s *stream) waitForQueue(ctx context.Context) bool {
	for ctx.Err() == nil {
		s.mu.Lock()
		n := len(s.queue)
		s.mu.Unlock()
		if n > 0 {
			return true
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
	}
	return false
}

// serve opens the stream and uses it until it breaks. The error says that it could not be opened.
//
// There is no backoff here: a stream is opened only for a call that waits, so it is as often tried as its callers'
// backoff and grpc-go's for connections allow.
func (s *stream) serve(ctx context.Context) error {
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	conn, err := s.open(streamCtx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	} else if err != nil {
		return err
	}
	s.mu.Lock()
	s.up = true
	s.mu.Unlock()

	broken := make(chan struct{})
	go func() {
		defer close(broken)
		err := s.receive(conn)
		if ctx.Err() != nil {
			s.failInflight(context.Cause(ctx))
		} else {
			s.failInflight(brokenError(err))
		}
	}()
	s.send(conn, broken)
	cancel()
	<-broken // so that the next connection never meets this one's receiver
	return nil
}

// send writes what is queued, batch after batch, until the stream breaks.
func (s *stream) send(conn grpc.ClientStream, broken <-chan struct{}) {
	var frames []frame
	for {
		frames = s.takeQueue(frames[:0])
		for i := range frames {
			if err := conn.SendMsg(&frames[i]); err != nil {
				return // the receiver learns why
			}
		}
		clear(frames)
		if len(frames) > 0 {
			continue
		}
		select {
		case <-s.wake:
		case <-broken:
			return
		}
	}
}

// takeQueue moves what is queued in flight, and appends its frames to frames. It must happen before the frames are
// sent, because an answer may come before SendMsg returns. A stream that has broken gets nothing more.
func (s *stream) takeQueue(frames []frame) []frame {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.up {
		return frames
	}
	for _, w := range s.queue {
		if w.state == left {
			continue
		}
		s.inflight.add(w)
		w.state = sent
		frames = append(frames, newFrame(w.body, w.id))
	}
	clear(s.queue)
	s.queue = s.queue[:0]
	return frames
}

// receive gives answers to their waiters until the stream breaks, and returns how it broke.
func (s *stream) receive(conn grpc.ClientStream) error {
	for {
		answer := new(holdfastv1.AuthorizeStreamResponse)
		if err := conn.RecvMsg(answer); err != nil {
			return err
		}
		s.mu.Lock()
		w := s.inflight.remove(answer.GetCorrelationId())
		if w != nil {
			w.state = answered
		}
		s.mu.Unlock()
		if w == nil {
			continue // its caller left
		}
		var f failure
		if fault := answer.GetFault(); fault != nil {
			f.err = faultError(fault)
		}
		w.complete(answer, f)
	}
}

// failInflight fails what is in flight on a stream that broke. Afterwards nothing is.
func (s *stream) failInflight(err error) {
	s.mu.Lock()
	s.up = false
	all := s.inflight.removeAll()
	for _, w := range all {
		w.state = answered
	}
	s.mu.Unlock()
	if len(all) == 0 {
		return
	}
	f := failure{err: err}
	if retryable(status.Code(err)) {
		f.paid = true // once for the stream, not once for each call on it
		s.budget.failed()
	}
	for _, w := range all {
		w.complete(nil, f)
	}
}

// failQueue fails what is queued on a stream that could not be opened.
func (s *stream) failQueue(err error) {
	s.mu.Lock()
	all := slices.DeleteFunc(s.queue, func(w *waiter) bool { return w.state == left })
	s.queue = nil
	for _, w := range all {
		w.state = answered
	}
	s.mu.Unlock()
	for _, w := range all {
		w.complete(nil, failure{err: err, unsent: true})
	}
}

// shut refuses all calls from now on, with why.
func (s *stream) shut(why error) {
	s.mu.Lock()
	s.closed = why
	s.mu.Unlock()
	s.failQueue(why)
}

// brokenError is what a call in flight gets when its stream ends with err. The status is the stream's, not the call's:
// one request may have ended the stream of all. So all that can be cured by another stream is UNAVAILABLE.
func brokenError(err error) error {
	if errors.Is(err, io.EOF) {
		return status.Error(codes.Unavailable, "the server ended the stream")
	}
	switch st := status.Convert(err); st.Code() {
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.ResourceExhausted, codes.Unavailable:
		return err
	default:
		return status.Errorf(codes.Unavailable, "the stream broke: %s: %s", st.Code(), st.Message())
	}
}
