package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// clusterLoad is one round's load. Each worker stays with the accounts of one shard, so that every shard is asked all the
// time, and goes to any node; every request is sent again, with its id, until it is answered. So nothing is in doubt
// when the load ends.
type clusterLoad struct {
	load
	c *clusterTorture

	doubts, done, reads int
	refused             []*call
	opened, paid        []*call
}

// pauseMost is how long a worker rests between two calls: the checks fold all that the load makes, on every node.
const pauseMost = 60 * time.Millisecond

func (l *clusterLoad) run(ctx context.Context, round int) {
	shards := make([][]*tortured, l.c.Shards)
	for _, a := range l.t.accounts {
		shards[shardWith(a.id)] = append(shards[shardWith(a.id)], a)
	}
	var workers sync.WaitGroup
	for i := range l.t.Workers {
		w := &clusterWorker{l: l, accounts: shards[i%len(shards)], round: round, number: i}
		w.worker = worker{load: &l.load, ids: newIDMaker(), random: rand.New(rand.NewPCG(l.t.Seed, uint64(round)<<32|uint64(i)))}
		for j, s := range l.t.pool {
			if shardWith(s.account.id) == i%len(shards) && j%l.t.Workers/len(shards) == i/len(shards) {
				w.pool = append(w.pool, s)
			}
		}
		if len(w.accounts) == 0 {
			continue // few accounts, and none of them in this shard
		}
		workers.Go(func() { w.run(ctx) })
	}
	workers.Wait()
}

// clusterWorker makes one sale after another, and now and then opens an account or has one repay. Every second one calls
// with the SDK that finds the owners of the shards by itself, the others call whatever node.
type clusterWorker struct {
	worker
	l             *clusterLoad
	accounts      []*tortured // of one shard
	round, number int
	payer         *payer // the account that this worker opened
	doubts, done  int
	reads         int
	refused       []*call
	opened, paid  []*call
}

// payer is an account of which one worker charges and repays, so that what is posted on it is foreseeable.
type payer struct {
	account *tortured
	posted  int64
}

func (w *clusterWorker) run(ctx context.Context) {
	defer w.hand()
	for ctx.Err() == nil {
		if w.random.IntN(20) == 0 {
			w.pay()
			continue
		}
		s := w.next()
		s.account = w.accountOf(s)
		w.sales = append(w.sales, s)
		for !s.over && ctx.Err() == nil {
			req := w.choose(s)
			if req == nil {
				break // left as it is, for a later round
			}
			if !w.do(&call{sale: s, req: req}) {
				return
			}
			if w.random.IntN(8) == 0 {
				w.look(s)
			}
			time.Sleep(time.Duration(w.random.Int64N(int64(pauseMost))))
		}
	}
}

// accountOf is the account of a sale: one of the worker's shard, if the sale has only begun.
func (w *clusterWorker) accountOf(s *sale) *tortured {
	if s.auth != nil || s.tombstone {
		return s.account
	}
	return w.accounts[w.random.IntN(len(w.accounts))]
}

// hand hands over what happened.
func (w *clusterWorker) hand() {
	l := w.l
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, w.calls...)
	l.sales = append(l.sales, w.sales...)
	l.refusals += w.refusals
	l.refused = append(l.refused, w.refused...)
	l.opened, l.paid = append(l.opened, w.opened...), append(l.paid, w.paid...)
	l.doubts, l.done, l.reads = l.doubts+w.doubts, l.done+w.done, l.reads+w.reads
	if w.payer != nil {
		l.c.payers = append(l.c.payers, w.payer)
	}
}

// do makes a call and takes in what is answered; false when there is no use in going on.
func (w *clusterWorker) do(c *call) bool {
	resp, doubt, err := w.ask(c)
	switch {
	case err == nil:
		if err := c.absorb(resp); err != nil {
			w.t.fault("%v: %v", c, err)
			c.sale.over = true
		}
		w.calls = append(w.calls, c)
		return true
	case refusal(err):
		w.refusals++
		w.refused = append(w.refused, c)
		if want := w.refusable(c); client.ReasonOf(err) != want || want == "" {
			w.t.fault("%v: refused: %v", c, err)
		}
		// A refusal leaves no trace. So an attempt that is still under way somewhere may find the order in a state in which
		// it is carried out: leave the sale in the one in which it is not.
		c.sale.over = doubt || c.sale.sums.held == 0
		return true
	default:
		w.t.fault("%v: %v", c, err)
		c.sale.over = true
		return false
	}
}

// answeredWithin is how long a request may take until some attempt of it is answered. The longest fault is far shorter.
const answeredWithin = 90 * time.Second

// ask sends a request to one node after another until it is answered, with the same request id. It says whether an attempt
// was in doubt before.
func (w *clusterWorker) ask(c *call) (resp proto.Message, doubt bool, err error) {
	began := time.Now()
	for at := w.random.IntN(len(w.l.sdks)); time.Since(began) < answeredWithin; at++ {
		once, cancel := context.WithTimeout(context.Background(), time.Second+time.Duration(w.random.Int64N(int64(6*time.Second))))
		sdk := w.l.sdks[at%len(w.l.sdks)]
		if w.number%2 == 0 {
			sdk = w.l.c.routed
		}
		resp, err = c.send(once, sdk)
		cancel()
		switch {
		case err == nil:
			w.l.c.clock.ack(shardWith(accountOf(c, resp)), time.Now())
			if doubt {
				w.doubts++
				if replayed(resp) {
					w.done++
				}
			}
			return resp, doubt, nil
		case refusal(err):
			return nil, doubt, err
		case !mayPass(err):
			return nil, doubt, fmt.Errorf("answered as if something were broken: %w", err)
		}
		doubt = doubt || !nothingDone(err)
		time.Sleep(time.Duration(5+w.random.IntN(20)) * time.Millisecond)
	}
	return nil, doubt, fmt.Errorf("no answer within %v: %w", answeredWithin, err)
}

// accountOf is the account that a call was about.
func accountOf(c *call, resp proto.Message) string {
	if r, ok := resp.(*holdfastv1.OpenAccountResponse); ok {
		return r.GetAccount().GetAccountId()
	}
	return c.sale.account.id
}

// mayPass says whether the same request may be answered in a moment: a cluster in which something has failed may ask to
// wait, or not answer, and that is all that it may do.
func mayPass(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Canceled:
		return true
	}
	return false
}

// nothingDone says whether an error says that nothing was carried out.
func nothingDone(err error) bool {
	switch client.ReasonOf(err) {
	case "NOT_OWNER", "STARTING", "DRAINING":
		return true
	}
	return isExhausted(err) || strings.Contains(status.Convert(err).Message(), "Error while dialing")
}

// look asks any node about a sale that nobody else changes: the answer must be as of now, whatever node it is and whatever
// that node believes.
func (w *clusterWorker) look(s *sale) {
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		resp, err := w.l.sdks[w.random.IntN(len(w.l.sdks))].LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: s.order})
		cancel()
		switch {
		case err == nil:
			w.reads++
			if s.auth != nil && !proto.Equal(resp.GetAuthorization(), s.auth) || resp.GetTombstone() != s.tombstone {
				w.t.fault("order %s: looked up, and not as acknowledged:\n    %v\n    %v", s.order, s.auth, resp)
			}
			return
		case refusal(err):
			if s.auth != nil || s.tombstone {
				w.t.fault("order %s: acknowledged, and not found: %v", s.order, err)
			}
			return
		case !mayPass(err):
			w.t.fault("order %s: looked up: answered as if something were broken: %v", s.order, err)
			return
		}
	}
}

// pay charges the worker's own account, which it opens first, or repays a part of what is posted there.
func (w *clusterWorker) pay() {
	switch {
	case w.payer == nil:
		// The token decides on the shard: any will do.
		c := &call{sale: &sale{account: &tortured{}}, req: opening(
			fmt.Sprintf("payer-%d-%d-%d", w.t.Seed, w.round, w.number), w.id(), 1_000_000_000, holdfastv1.Scene_SCENE_TOPUP)}
		if resp := w.answered(c); resp != nil {
			w.opened = append(w.opened, c)
			w.payer = &payer{account: &tortured{id: resp.(*holdfastv1.OpenAccountResponse).GetAccount().GetAccountId(), sales: map[*sale]struct{}{}}}
		}
	case w.payer.posted == 0 || w.random.IntN(2) == 0:
		order, request := w.ids.next(time.Now())
		s := &sale{account: w.payer.account, scene: holdfastv1.Scene_SCENE_TOPUP, order: order}
		c := &call{sale: s, req: &holdfastv1.ChargeRequest{
			RequestId: request, AccountId: s.account.id, Scene: s.scene, OrderId: s.order, CarrierId: w.carrier(),
			PhoneToken: "ph_torture", Currency: tortureCurrency, Amount: w.amount(1000),
		}}
		if w.do(c) && c.resp != nil {
			w.payer.posted += s.sums.captured
		}
	default:
		amount := w.amount(w.payer.posted)
		c := &call{sale: &sale{account: w.payer.account}, req: &holdfastv1.PostRepaymentRequest{
			RequestId: w.id(), AccountId: w.payer.account.id, Currency: tortureCurrency, Amount: amount,
		}}
		if w.answered(c) != nil {
			w.paid = append(w.paid, c)
			w.payer.posted -= amount
		}
	}
}

// answered makes a call that must not be refused.
func (w *clusterWorker) answered(c *call) proto.Message {
	resp, _, err := w.ask(c)
	if err != nil {
		w.t.fault("%v: %v", c, err)
		return nil
	}
	c.resp = firstAnswer(resp)
	return resp
}

// all are all acknowledged calls of the round.
func (l *clusterLoad) all() []*call { return slices.Concat(l.calls, l.opened, l.paid) }
