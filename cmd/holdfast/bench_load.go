package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// span is the time that is measured. Load begins before it and ends with it.
type span struct{ from, to time.Time }

func (s span) holds(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }

// tally is what one worker has seen. It belongs to that worker until the load has ended.
type tally struct {
	latency  *hdrhistogram.Histogram // microseconds, of answers within the span
	answers  int64                   // within the span
	declines map[holdfastv1.DeclineReason]int64
	failures int64
	failure  error // the first
	unsent   int64 // due within the span and never sent
}

const (
	latencyMax    = int64(time.Minute / time.Microsecond)
	latencyDigits = 2 // a worker's counters stay small enough for the processor's cache
	failuresMax   = 20
	callsEnd      = 10 * time.Second // how long after the span calls under way may take
)

func newTally() *tally {
	return &tally{latency: hdrhistogram.New(1, latencyMax, latencyDigits)}
}

func (t *tally) answered(latency time.Duration) {
	t.answers++
	_ = t.latency.RecordValue(min(max(1, int64(latency/time.Microsecond)), latencyMax)) // within its bounds
}

// failed counts a failure and tells whether the worker had better stop.
func (t *tally) failed(err error) (enough bool) {
	if t.failure == nil {
		t.failure = err
	}
	t.failures++
	return t.failures >= failuresMax
}

func (t *tally) declined(reasons []holdfastv1.DeclineReason) {
	if t.declines == nil {
		t.declines = map[holdfastv1.DeclineReason]int64{}
	}
	reason := holdfastv1.DeclineReason_DECLINE_REASON_UNSPECIFIED
	if len(reasons) > 0 {
		reason = reasons[0]
	}
	t.declines[reason]++
}

// benchCalls makes the callers of one side, one for each worker.
type benchCalls struct {
	unary  func(*tally) unaryCaller
	stream func(*tally) streamCaller
}

// A unaryCaller makes one call after another and waits for each answer.
type unaryCaller interface {
	call(ctx context.Context, cc *grpc.ClientConn, now time.Time) error
}

// A streamCaller speaks one side's messages on a stream. A slot is one of the requests under way. request is called by
// the sending goroutine, in the order in which slots came free; response and answered by the receiving one.
type streamCaller interface {
	method() string
	request(slot int, now time.Time) any
	response() any
	// answered tells which slot the response belongs to.
	answered() (slot int, err error)
}

// load runs a case's workers until the span has ended.
func (b *bench) load(ctx context.Context, bc benchCase, conns []*grpc.ClientConn, calls benchCalls, window span) []*tally {
	// Every call carries a deadline, as every call of a careful client does.
	ctx, cancel := context.WithDeadline(ctx, window.to.Add(callsEnd))
	defer cancel()
	var tallies []*tally
	var workers sync.WaitGroup
	n := bc.concurrency
	if bc.streams > 0 {
		n = bc.streams
	}
	began := time.Now()
	for w := range n {
		t := newTally()
		tallies = append(tallies, t)
		cc := conns[w%len(conns)]
		var due pace
		if b.Rate > 0 {
			due = pace{first: began.Add(time.Duration(float64(w) / b.Rate * 1e9)), every: time.Duration(float64(n) / b.Rate * 1e9)}
		}
		workers.Go(func() {
			switch {
			case bc.streams > 0:
				if err := runStream(ctx, cc, calls.stream(t), t, window, due, bc.concurrency/bc.streams); err != nil {
					t.failed(err)
				}
			case b.Rate > 0:
				runPaced(ctx, cc, calls.unary(t), t, window, due)
			default:
				runClosed(ctx, cc, calls.unary(t), t, window)
			}
		})
	}
	workers.Wait()
	return tallies
}

// runClosed calls, waits for the answer, and calls again.
func runClosed(ctx context.Context, cc *grpc.ClientConn, c unaryCaller, t *tally, window span) {
	for now := time.Now(); now.Before(window.to); {
		err := c.call(ctx, cc, now)
		end := time.Now()
		if err != nil {
			if ctx.Err() != nil || t.failed(err) {
				return
			}
		} else if window.holds(end) {
			t.answered(end.Sub(now))
		}
		now = end
	}
}

// pace says when requests are due, whether or not earlier ones have been answered. The zero pace is no pace.
type pace struct {
	first time.Time
	every time.Duration
}

// overtime is how long after the span the requests due within it may still be sent.
const overtime = 5 * time.Second

// runPaced sends each request when it is due, or as soon as the one before is answered if that is later. Latency
// counts from when it was due, so that a server's pause shows in all the requests that it delayed.
func runPaced(ctx context.Context, cc *grpc.ClientConn, c unaryCaller, t *tally, window span, due pace) {
	for at := due.first; at.Before(window.to); at = at.Add(due.every) {
		if sleepUntil(ctx, at) != nil {
			return
		}
		now := time.Now()
		if now.After(window.to.Add(overtime)) {
			t.unsent += int64(window.to.Sub(at)/due.every) + 1
			return
		}
		err := c.call(ctx, cc, now)
		if err != nil {
			if ctx.Err() != nil || t.failed(err) {
				return
			}
		} else if window.holds(at) {
			t.answered(time.Since(at))
		}
	}
}

// sleepUntil returns at once when t has passed.
func sleepUntil(ctx context.Context, t time.Time) error {
	wait := time.Until(t)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// slots are the requests that may be under way on a stream. The receiver frees them, the sender takes them all at
// once.
type slots struct {
	mu    sync.Mutex
	freed sync.Cond
	free  []int // guarded by mu
	ended bool  // guarded by mu
}

func newSlots(n int) *slots {
	s := &slots{free: make([]int, 0, n)}
	s.freed.L = &s.mu
	for i := range n {
		s.free = append(s.free, i)
	}
	return s
}

// take gives back all free slots, and waits for one if there is none. It uses spare as its next list; nil means that
// the stream has ended.
func (s *slots) take(spare []int) []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.free) == 0 && !s.ended {
		s.freed.Wait()
	}
	if s.ended {
		return nil
	}
	all := s.free
	s.free = spare[:0]
	return all
}

func (s *slots) put(slot int) {
	s.mu.Lock()
	s.free = append(s.free, slot)
	s.mu.Unlock()
	s.freed.Signal()
}

func (s *slots) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.freed.Signal()
}

// runStream keeps a window of requests under way on one stream.
func runStream(
	ctx context.Context, cc *grpc.ClientConn, c streamCaller, t *tally, within span, due pace, window int,
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	desc := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	stream, err := cc.NewStream(ctx, desc, c.method(), grpc.StaticMethod())
	if err != nil {
		return err
	}
	free := newSlots(window)
	starts := make([]time.Time, window) // written by the sender before it sends, read by the receiver after an answer
	sent := make(chan error, 1)
	go func() {
		sent <- sendAll(ctx, stream, c, t, free, starts, within, due)
	}()
	for {
		err := stream.RecvMsg(c.response())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			free.end()
			cancel()
			<-sent //nolint:errcheck // its error is this one's echo
			return fmt.Errorf("stream: %w", err)
		}
		slot, err := c.answered()
		now := time.Now()
		counts := within.holds(now)
		if due.every > 0 {
			counts = within.holds(starts[slot])
		}
		if err != nil {
			if t.failed(err) {
				free.end()
				cancel()
				<-sent //nolint:errcheck // the worker has counted what made it stop
				return nil
			}
		} else if counts {
			t.answered(now.Sub(starts[slot]))
		}
		free.put(slot)
	}
	return <-sent
}

// sendAll sends until the span has ended, and then says that no more will come.
func sendAll(
	ctx context.Context, stream grpc.ClientStream, c streamCaller, t *tally, free *slots, starts []time.Time, within span,
	due pace,
) error {
	at := due.first
	var have []int
	for {
		if have = free.take(have); have == nil {
			return nil // the receiver knows why
		}
		for _, slot := range have {
			now := time.Now()
			starts[slot] = now
			over := !now.Before(within.to)
			if due.every > 0 {
				if sleepUntil(ctx, at) != nil {
					return nil
				}
				now = time.Now()
				starts[slot] = at
				over = !at.Before(within.to)
				if !over && now.After(within.to.Add(overtime)) {
					t.unsent += int64(within.to.Sub(at)/due.every) + 1
					over = true
				}
				at = at.Add(due.every)
			}
			if over {
				return stream.CloseSend()
			}
			request := c.request(slot, now)
			if request == nil {
				return stream.CloseSend()
			}
			if err := stream.SendMsg(request); err != nil {
				if errors.Is(err, io.EOF) {
					return nil // RecvMsg has the status
				}
				return err
			}
		}
	}
}

var staticMethod = []grpc.CallOption{grpc.StaticMethod()}

// echoCalls ask nothing.
func (b *bench) echoCalls() benchCalls {
	return benchCalls{
		unary:  func(*tally) unaryCaller { return &echoUnaryCaller{} },
		stream: func(*tally) streamCaller { return &echoStreamCaller{window: b.Window} },
	}
}

type echoUnaryCaller struct{ in, out emptypb.Empty }

func (e *echoUnaryCaller) call(ctx context.Context, cc *grpc.ClientConn, _ time.Time) error {
	return cc.Invoke(ctx, echoUnary, &e.in, &e.out, staticMethod...)
}

// echoStreamCaller knows its answers by their order: slots come free, and so are sent, in turn.
type echoStreamCaller struct {
	in, out      emptypb.Empty
	next, window int
}

func (e *echoStreamCaller) method() string             { return echoStream }
func (e *echoStreamCaller) request(int, time.Time) any { return &e.in }
func (e *echoStreamCaller) response() any              { return &e.out }
func (e *echoStreamCaller) answered() (int, error) {
	slot := e.next
	e.next = (e.next + 1) % e.window
	return slot, nil
}

// holdfastCalls ask for authorizations.
func (b *bench) holdfastCalls() benchCalls {
	return benchCalls{
		unary: func(t *tally) unaryCaller { return &authorizeCaller{orders: b.newOrders(), tally: t} },
		stream: func(t *tally) streamCaller {
			c := &authorizeStreamCaller{orders: b.newOrders(), tally: t}
			c.req.Call = &holdfastv1.AuthorizeStreamRequest_Authorize{Authorize: &c.orders.req}
			return c
		},
	}
}

// orders is one worker's request, made anew for every call by changing what differs.
type orders struct {
	req     holdfastv1.AuthorizeRequest
	ids     *idMaker
	account func() string
}

func (b *bench) newOrders() *orders {
	o := &orders{ids: newIDMaker(), account: b.accounts.chooser(b.Skew)}
	o.req.Scene = benchScene
	o.req.CarrierId = "cmcc"
	o.req.PhoneToken = "ph_7ps5magq2ia6gk2t5cyka63dr5ykgpod"
	o.req.Currency = benchCurrency
	o.req.Amount = benchAmount
	o.req.HoldLifetime = b.holdLifetime()
	return o
}

func (o *orders) next(now time.Time) *holdfastv1.AuthorizeRequest {
	o.req.OrderId, o.req.RequestId = o.ids.next(now)
	o.req.AccountId = o.account()
	return &o.req
}

// judge counts what is not an approval, and refuses what no server should say.
func judge(t *tally, answer *holdfastv1.AuthorizeResponse) error {
	switch {
	case answer.GetReplayed():
		return errors.New("a new request id was answered as a replayed one")
	case answer.GetDecision() == holdfastv1.Decision_DECISION_DECLINED:
		t.declined(answer.GetReasons())
	case answer.GetDecision() != holdfastv1.Decision_DECISION_APPROVED:
		return fmt.Errorf("answered without a decision: %v", answer)
	}
	return nil
}

type authorizeCaller struct {
	*orders
	answer holdfastv1.AuthorizeResponse
	tally  *tally
}

func (a *authorizeCaller) call(ctx context.Context, cc *grpc.ClientConn, now time.Time) error {
	a.next(now)
	return a.send(ctx, cc)
}

// send sends the order that is next.
func (a *authorizeCaller) send(ctx context.Context, cc *grpc.ClientConn) error {
	const method = holdfastv1.AuthorizationService_Authorize_FullMethodName
	if err := cc.Invoke(ctx, method, &a.req, &a.answer, staticMethod...); err != nil {
		return err
	}
	return judge(a.tally, &a.answer)
}

type authorizeStreamCaller struct {
	*orders
	req   holdfastv1.AuthorizeStreamRequest
	resp  holdfastv1.AuthorizeStreamResponse
	tally *tally
}

func (a *authorizeStreamCaller) method() string {
	return holdfastv1.AuthorizationService_AuthorizeStream_FullMethodName
}

func (a *authorizeStreamCaller) request(slot int, now time.Time) any {
	a.next(now)
	a.req.CorrelationId = uint64(slot)
	return &a.req
}

func (a *authorizeStreamCaller) response() any { return &a.resp }

func (a *authorizeStreamCaller) answered() (int, error) {
	slot := int(a.resp.GetCorrelationId())
	if f := a.resp.GetFault(); f != nil {
		return slot, status.Error(codes.Code(f.GetCode()), f.GetMessage())
	}
	return slot, judge(a.tally, a.resp.GetAuthorize())
}
