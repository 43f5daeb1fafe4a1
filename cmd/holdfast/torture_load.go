package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// sale is one order from its beginning to its end. One worker at a time has it, so nobody else changes its
// authorization, and what the server says of it is foreseeable to the last unit.
type sale struct {
	account   *tortured
	scene     holdfastv1.Scene
	order     string
	auth      *holdfastv1.Authorization // as last acknowledged
	sums      sums                      // as they must be
	tombstone bool                      // reversed before it arrived
	over      bool                      // nothing more is asked of it
	doubt     *call                     // sent and not answered when the server went
}

// open says whether a later round can go on with it.
func (s *sale) open() bool { return !s.over && s.auth != nil && s.sums.held > 0 }

// tortured is an account, and what sales that are over have left on it.
type tortured struct {
	id    string
	known int                // authorizations on it
	lines [3]sums            // by scene, of sales that are over; captured is net of refunds, refunded is not used
	sales map[*sale]struct{} // of this round, and open ones of earlier rounds
}

const tortureCurrency = "CNY"

var tortureScenes = []holdfastv1.Scene{
	holdfastv1.Scene_SCENE_TOPUP, holdfastv1.Scene_SCENE_BILL, holdfastv1.Scene_SCENE_BUNDLE,
}

// load is one round's: workers that make calls until the server goes.
type load struct {
	t      *torture
	sdks   []*client.Client
	killed atomic.Bool // set before the server is told to go

	mu        sync.Mutex
	calls     []*call // acknowledged; guarded by mu until the workers are done
	sales     []*sale // all that were touched; as calls
	refusals  int
	twins     int
	exhausted int
}

// run loads until ctx ends or the server is gone.
func (l *load) run(ctx context.Context, round int) {
	var workers sync.WaitGroup
	for w := range l.t.Workers {
		worker := &worker{
			load: l, sdk: l.sdks[w%len(l.sdks)], ids: newIDMaker(),
			random: rand.New(rand.NewPCG(l.t.Seed, uint64(round)<<32|uint64(w))),
		}
		for i := w; i < len(l.t.pool); i += l.t.Workers {
			worker.pool = append(worker.pool, l.t.pool[i])
		}
		workers.Go(func() {
			worker.run(ctx)
			l.mu.Lock()
			defer l.mu.Unlock()
			l.calls = append(l.calls, worker.calls...)
			l.sales = append(l.sales, worker.sales...)
			l.refusals += worker.refusals
			l.twins += worker.twins
			l.exhausted += worker.exhausted
		})
	}
	workers.Wait()
}

// worker makes one sale after another.
type worker struct {
	*load
	sdk    *client.Client
	ids    *idMaker
	random *rand.Rand
	pool   []*sale // open sales of earlier rounds

	calls     []*call
	sales     []*sale
	refusals  int
	twins     int
	exhausted int
}

func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		s := w.next()
		w.sales = append(w.sales, s)
		for !s.over {
			req := w.choose(s)
			if req == nil {
				break // left as it is, for a later round
			}
			if !w.do(ctx, &call{sale: s, req: req}) {
				return
			}
		}
	}
}

// next is a new sale, or one that an earlier round left open.
func (w *worker) next() *sale {
	if n := len(w.pool); n > 0 && w.random.IntN(4) == 0 {
		s := w.pool[n-1]
		w.pool = w.pool[:n-1]
		return s
	}
	order, _ := w.ids.next(time.Now())
	return &sale{
		account: w.t.accounts[w.random.IntN(len(w.t.accounts))],
		scene:   tortureScenes[w.random.IntN(len(tortureScenes))],
		order:   order,
	}
}

// do makes a call and takes in what is answered; false when there is no use in going on.
func (w *worker) do(ctx context.Context, c *call) bool {
	// The call is not cancelled with the load: then every call in flight would be in doubt, also those that the
	// server had time to answer.
	resp, err := w.ask(context.WithoutCancel(ctx), c)
	switch {
	case err == nil:
		if err := c.absorb(resp); err != nil {
			w.t.fault("%v: %v", c, err)
			c.sale.over = true
		}
		if replayed(resp) {
			w.t.fault("%v: the first answer to a new request is marked replayed", c)
		}
		w.calls = append(w.calls, c)
		return true
	case refusal(err):
		w.refusals++
		if want := w.refusable(c); client.ReasonOf(err) != want {
			w.t.fault("%v: refused: %v", c, err)
		}
		c.sale.over = c.sale.sums.held == 0
		return true
	default:
		if !w.killed.Load() {
			w.t.fault("%v: failed while the server should have answered: %v", c, err)
		}
		c.sale.doubt = c
		return false
	}
}

// ask sends a request; now and then twice at once, and then both answers must be the same and one of them the first.
func (w *worker) ask(ctx context.Context, c *call) (proto.Message, error) {
	if w.random.IntN(25) > 0 {
		return w.once(ctx, c)
	}
	w.twins++
	type answer struct {
		resp proto.Message
		err  error
	}
	other := make(chan answer, 1)
	twin := &call{sale: c.sale, req: proto.Clone(c.req)}
	go func() {
		resp, err := twin.send(ctx, w.sdks[0])
		other <- answer{resp, err}
	}()
	resp, err := c.send(ctx, w.sdk)
	b := <-other
	switch {
	case err == nil && b.err == nil:
		if !proto.Equal(firstAnswer(resp), firstAnswer(b.resp)) {
			w.t.fault("%v: sent twice at once, answered differently:\n    %v\n    %v", c, resp, b.resp)
		}
		if replayed(resp) == replayed(b.resp) {
			w.t.fault("%v: sent twice at once, replayed is %v in both answers", c, replayed(resp))
		}
		return firstAnswer(resp), nil
	case err == nil && refusal(b.err), b.err == nil && refusal(err):
		w.t.fault("%v: sent twice at once, answered and refused: %v %v", c, err, b.err)
		return firstAnswer(cmp.Or(resp, b.resp)), nil
	case err == nil:
		return firstAnswer(resp), nil
	case b.err == nil:
		return firstAnswer(b.resp), nil
	case refusal(b.err):
		return nil, b.err
	}
	if isExhausted(err) {
		return w.once(ctx, c)
	}
	return nil, err
}

// once sends a request, and again while the queue is full.
func (w *worker) once(ctx context.Context, c *call) (proto.Message, error) {
	for {
		resp, err := c.send(ctx, w.sdk)
		if !isExhausted(err) || w.killed.Load() {
			return resp, err
		}
		w.exhausted++
		time.Sleep(5 * time.Millisecond)
	}
}

// refusable is the reason for which a request of the load may be refused; "" when it must not be.
func (w *worker) refusable(c *call) string {
	if c.sale.tombstone {
		return "ORDER_REVERSED"
	}
	if _, again := c.req.(*holdfastv1.AuthorizeRequest); again && c.sale.auth != nil {
		return "ORDER_EXISTS"
	}
	if c.sale.auth != nil && c.sale.sums.held == 0 {
		return "AUTHORIZATION_NOT_OPEN"
	}
	return ""
}

// choose is what to ask next of a sale; nil when it is left, for good if over is set.
func (w *worker) choose(s *sale) proto.Message {
	switch {
	case s.tombstone:
		return w.authorize(s) // the late order, to be refused
	case s.auth == nil:
		return w.begin(s)
	case s.sums.held > 0:
		return w.goOn(s)
	}
	return w.end(s)
}

// amount is anything up to most.
func (w *worker) amount(most int64) int64 { return 1 + w.random.Int64N(most) }

func (w *worker) id() string {
	_, request := w.ids.next(time.Now())
	return request
}

func (w *worker) authorize(s *sale) *holdfastv1.AuthorizeRequest {
	return &holdfastv1.AuthorizeRequest{
		RequestId: w.id(), AccountId: s.account.id, Scene: s.scene, OrderId: s.order, CarrierId: w.carrier(),
		PhoneToken: "ph_torture", Currency: tortureCurrency, Amount: w.amount(1000),
		AcceptPartial: w.random.IntN(4) == 0, HoldLifetime: durationpb.New(24 * time.Hour),
	}
}

func (w *worker) carrier() string { return fmt.Sprintf("carrier-%d", w.random.IntN(4)) }

// begin is the first call of a sale.
func (w *worker) begin(s *sale) proto.Message {
	switch n := w.random.IntN(100); {
	case n < 70:
		return w.authorize(s)
	case n < 85:
		return &holdfastv1.ChargeRequest{
			RequestId: w.id(), AccountId: s.account.id, Scene: s.scene, OrderId: s.order, CarrierId: w.carrier(),
			PhoneToken: "ph_torture", Currency: tortureCurrency, Amount: w.amount(1000),
		}
	case n < 95:
		return &holdfastv1.AdviseRequest{
			RequestId: w.id(), AccountId: s.account.id, Scene: s.scene, OrderId: s.order, CarrierId: w.carrier(),
			PhoneToken: "ph_torture", Currency: tortureCurrency, Amount: w.amount(1000),
			SaleTime: timestamppb.New(time.Now().Add(-time.Minute)),
		}
	}
	return &holdfastv1.ReverseRequest{RequestId: w.id(), AccountId: s.account.id, OrderId: s.order}
}

// goOn is the next call of a sale that holds something.
func (w *worker) goOn(s *sale) proto.Message {
	id := s.auth.GetAuthorizationId()
	switch n := w.random.IntN(100); {
	case n < 35:
		return &holdfastv1.CaptureRequest{RequestId: w.id(), AuthorizationId: id, Currency: tortureCurrency, Final: true}
	case n < 55:
		return &holdfastv1.CaptureRequest{
			RequestId: w.id(), AuthorizationId: id, Currency: tortureCurrency, Amount: w.amount(s.sums.held),
			Final: w.random.IntN(2) == 0,
		}
	case n < 68:
		return &holdfastv1.VoidRequest{RequestId: w.id(), AuthorizationId: id}
	case n < 75:
		return &holdfastv1.VoidRequest{
			RequestId: w.id(), AuthorizationId: id, Currency: tortureCurrency, Amount: w.amount(s.sums.held),
		}
	case n < 83:
		return &holdfastv1.IncrementRequest{RequestId: w.id(), AuthorizationId: id, Currency: tortureCurrency, Amount: w.amount(200)}
	case n < 87 && s.auth.GetState() != holdfastv1.AuthorizationState_AUTHORIZATION_STATE_SUBMITTED:
		return &holdfastv1.ExtendRequest{RequestId: w.id(), AuthorizationId: id, HoldLifetime: durationpb.New(48 * time.Hour)}
	case n < 91:
		return &holdfastv1.MarkSubmittedRequest{RequestId: w.id(), AuthorizationId: id}
	case n < 95:
		return &holdfastv1.ReverseRequest{RequestId: w.id(), AccountId: s.account.id, OrderId: s.order}
	case n < 97:
		return w.authorize(s) // the order has a live authorization: to be refused
	}
	return nil
}

// end is a call after the hold has ended.
func (w *worker) end(s *sale) proto.Message {
	id, left := s.auth.GetAuthorizationId(), s.sums.captured-s.sums.refunded
	switch n := w.random.IntN(100); {
	case n < 15 && left > 0:
		return &holdfastv1.RefundRequest{RequestId: w.id(), AuthorizationId: id, Currency: tortureCurrency, Amount: w.amount(left)}
	case n < 20 && left > 0:
		return &holdfastv1.ReverseRequest{RequestId: w.id(), AccountId: s.account.id, OrderId: s.order}
	case n < 23:
		return &holdfastv1.VoidRequest{RequestId: w.id(), AuthorizationId: id} // there is nothing to void: to be refused
	}
	s.over = true
	return nil
}
