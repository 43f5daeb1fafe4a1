package gateway

import (
	"context"
	"sync"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// recoveries is how many orders are asked about at once.
const recoveries = 16

// recover asks about orders that nobody speaks for: those of before, and those of which the carrier has said nothing for long.
func (g *Gateway) recover() {
	tick := time.NewTicker(g.opts.RecoverEvery)
	defer tick.Stop()
	for {
		g.ask(g.silent())
		select {
		case <-g.running.Done():
			return
		case <-tick.C:
		}
	}
}

// silent are the orders in hand that are to be asked about.
func (g *Gateway) silent() (orders []*order) {
	now := g.opts.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, o := range g.orders {
		if o.TryLock() { // else somebody is about it
			if o.state != over && (o.orphan || now.Sub(o.heard) >= g.opts.Patience) {
				orders = append(orders, o)
			}
			o.Unlock()
		}
	}
	return orders
}

// ask settles orders, some at once.
func (g *Gateway) ask(orders []*order) {
	var all sync.WaitGroup
	slots := make(chan struct{}, recoveries)
	for _, o := range orders {
		if g.running.Err() != nil {
			break
		}
		slots <- struct{}{}
		all.Go(func() {
			g.resolve(o)
			<-slots
		})
	}
	all.Wait()
}

// resolve asks the carrier what became of an order and ends it so. What fails is tried again at the next round.
func (g *Gateway) resolve(o *order) {
	ctx, cancel := context.WithTimeout(g.running, max(5*time.Second, 2*g.opts.AskTimeout))
	defer cancel()
	said, err := g.carrier.Delivery(ctx, o.id)
	if err != nil {
		return
	}
	o.Lock()
	defer o.Unlock()
	if o.state == over {
		return // somebody said so meanwhile
	}
	if said == Pending {
		g.keep(ctx, o)
		return
	}
	if said == Delivered {
		if o.state == asking && o.approved == nil {
			g.askAgain(ctx, o)
		}
		err = g.deliver(o, "")
	} else {
		err = g.fail(o)
	}
	if err == nil {
		g.count(func(s *Stats) { s.Recovered++ })
	}
}

// keep tells the core, once, that the carrier has an order and that its outcome is open, so that its hold does not expire. If that
// cannot be told, a late capture is what is left. Called with the order's lock.
func (g *Gateway) keep(ctx context.Context, o *order) {
	if o.state != asking || o.kept {
		return
	}
	if o.approved == nil {
		o.kept = g.askAgain(ctx, o) && o.approved == nil // declined: there is no hold
	}
	if o.approved == nil {
		return
	}
	asked, cancel := context.WithTimeout(ctx, g.opts.AskTimeout)
	defer cancel()
	_, err := g.core.MarkSubmitted(asked, &holdfastv1.MarkSubmittedRequest{
		RequestId: g.core.NewRequestID(), AuthorizationId: o.approved.AuthorizationId,
	})
	o.kept = !unreached(err)
}

// askAgain sends the Authorize of an order again, as it was, for the answer that is not known, and tells whether there is one.
func (g *Gateway) askAgain(ctx context.Context, o *order) bool {
	asked, cancel := context.WithTimeout(ctx, g.opts.AskTimeout)
	defer cancel()
	resp, err := g.core.Authorize(asked, o.request)
	if err == nil && resp.GetDecision() == holdfastv1.Decision_DECISION_APPROVED {
		o.approved = resp.GetAuthorization()
	}
	return !unreached(err)
}
