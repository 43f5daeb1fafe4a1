package main

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/holdfast-credit/holdfast/ledger/terms"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// expiry is how Authorize does while many holds end together.
//
// Two things let a hold that has ended expire: the sweep, which finds its account by the index of deadlines in the state
// file, and whoever asks something of its account first. The index lags behind by a flush, so the holds must end some
// time after the last one was placed, or else there is nothing for the sweep to find and nothing is measured.
type expiry struct {
	concurrency int
	holds       int64         // that were placed
	each        int           // at most on one account
	others      int64         // that were open before
	placing     time.Duration // how long it took to place them
	indexing    time.Duration // how long until all deadlines were in the index; 0 when they were not in time
	at          time.Time     // when the first of them ends; the last does within a second

	before, during benchLeg
	expired        int64
	took           time.Duration // from the first end until all had expired, or for as long as was waited
}

// expireOthers is the lifetime of the holds that the load places: none of them ends meanwhile.
const expireOthers = 24 * time.Hour

// expireHoldsMax is how many holds of an account may be made to end together; the rest is for the load.
func expireHoldsMax() int { return terms.Default().Authorizations.MostOpenHolds * 3 / 4 }

// indexLead is how long deadlines are given to get into the index: an interval between flushes and the one under way,
// and what a flush at leisure takes for a hold's rows.
func indexLead(holds int) time.Duration {
	return 30*time.Second + time.Duration(holds)*250*time.Microsecond
}

// expireBound is how long the holds have to expire.
func expireBound(holds int64) time.Duration {
	return time.Minute + time.Duration(holds)*200*time.Microsecond
}

// expire places the holds, waits for their end under load, and measures before and after.
func (b *bench) expire(ctx context.Context) (*expiry, error) {
	e := &expiry{concurrency: 64}
	if len(b.Concurrency) > 0 {
		e.concurrency = b.Concurrency[0]
	}
	base, err := b.stats(ctx)
	if err != nil {
		return nil, err
	}
	e.others = base.open
	rate, err := b.probe(ctx)
	if err != nil {
		return nil, err
	}
	if base, err = b.stats(ctx); err != nil {
		return nil, err
	}
	planned := time.Duration(2 * float64(b.Expire) / rate * float64(time.Second))
	lead := cmp.Or(b.lead, indexLead(b.Expire)) + b.WarmUp + b.Duration
	e.at = time.Now().Add(planned + lead)
	if err := b.place(ctx, e); err != nil {
		return nil, fmt.Errorf("placing holds: %w", err)
	}
	from := e.at.Add(-b.WarmUp - b.Duration)
	if over := time.Since(from); over > 0 {
		return nil, fmt.Errorf("placing holds took %v, %v more than there was time; the server got slower on the way",
			e.placing.Round(time.Millisecond), over.Round(time.Millisecond))
	}
	if err := b.awaitIndex(ctx, e, from); err != nil {
		return nil, err
	}
	return e, b.loadThrough(ctx, e, base.open+e.holds)
}

// probe finds out how many holds a second can be placed, by placing some that stay.
func (b *bench) probe(ctx context.Context) (rate float64, err error) {
	window := span{from: time.Now(), to: time.Now().Add(min(b.Duration, time.Second))}
	leg := newBenchLeg(b.load(ctx, b.streamCase(), b.holdfast, b.holdfastCalls(), window), window, processorTime{})
	return max(1, leg.rps), leg.failure
}

// place places the holds over streams, on one account after the other.
func (b *bench) place(ctx context.Context, e *expiry) error {
	show := newProgress("placing holds")
	defer show.end()
	p := placing{ends: e.at, holds: int64(b.Expire), accounts: b.accounts}
	e.each = int((p.holds-1)/int64(b.accounts.len())) + 1
	calls := benchCalls{stream: func(t *tally) streamCaller { return b.newPlacer(&p, t) }}
	begun := time.Now()
	var tallies []*tally
	done := make(chan struct{})
	go func() {
		defer close(done)
		tallies = b.load(ctx, b.streamCase(), b.holdfast, calls, span{from: begun, to: e.at})
	}()
	watch(done, func() { show.update(min(p.next.Load(), p.holds), p.holds) })
	e.placing = time.Since(begun)
	leg := newBenchLeg(tallies, span{from: begun, to: time.Now()}, processorTime{})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case leg.failures > 0:
		return leg.failure
	}
	for _, n := range leg.declines {
		e.holds -= n
	}
	if e.holds += leg.answers; e.holds < p.holds {
		return fmt.Errorf("%s of %s were declined: accounts have holds of an earlier run; use more --accounts, or another --data",
			thousands(p.holds-e.holds), thousands(p.holds))
	}
	return nil
}

// placing is the holds to place; all streams share it.
type placing struct {
	ends     time.Time
	holds    int64
	accounts accountBook
	next     atomic.Int64
}

// account is whom the n-th hold is for: all accounts get as many, or those that get one are spread over the book.
func (p *placing) account(n int64) string {
	all := int64(p.accounts.len())
	if p.holds < all {
		return p.accounts.id(int(n * all / p.holds))
	}
	return p.accounts.id(int(n % all))
}

// placer is a stream's caller.
type placer struct {
	authorizeStreamCaller
	placing *placing
	n       int64
}

func (b *bench) newPlacer(p *placing, t *tally) *placer {
	c := &placer{authorizeStreamCaller: authorizeStreamCaller{orders: b.newOrders(), tally: t}, placing: p}
	c.orders.req.HoldLifetime = &durationpb.Duration{}
	c.orders.account = func() string { return p.account(c.n) }
	c.req.Call = &holdfastv1.AuthorizeStreamRequest_Authorize{Authorize: &c.orders.req}
	return c
}

func (c *placer) request(slot int, now time.Time) any {
	if c.n = c.placing.next.Add(1) - 1; c.n >= c.placing.holds {
		return nil
	}
	c.orders.req.HoldLifetime.Seconds = int64(c.placing.ends.Sub(now)/time.Second) + 1
	return c.authorizeStreamCaller.request(slot, now)
}

// awaitIndex waits until everything up to now is in the state file, and then until the load is to begin.
func (b *bench) awaitIndex(ctx context.Context, e *expiry, until time.Time) error {
	show := newProgress("waiting until the holds end")
	defer show.end()
	placed, err := b.stats(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	for time.Now().Before(until) {
		if e.indexing == 0 {
			now, err := b.stats(ctx)
			if err != nil {
				return err
			}
			if now.hasFlushed(placed) {
				e.indexing = time.Since(begun)
			}
		}
		show.say(fmt.Sprintf("%v left", time.Until(e.at).Round(time.Second)))
		if err := sleepUntil(ctx, time.Now().Add(min(time.Until(until), 200*time.Millisecond))); err != nil {
			return err
		}
	}
	return nil
}

// loadThrough loads from before the holds end until they have expired; open is how many there would be if none did and
// the load placed none.
func (b *bench) loadThrough(ctx context.Context, e *expiry, open int64) error {
	bound := e.at.Add(expireBound(e.holds))
	calls, cancel := context.WithDeadline(ctx, bound.Add(callsEnd))
	defer cancel()
	load := b.startThrough(calls, e.at, e.concurrency)
	err := sleepUntil(ctx, e.at)
	memoryBefore := memoryOf(b.server)
	if err == nil {
		err = b.awaitExpiry(ctx, e, load, open, bound, e.concurrency)
	}
	ended := time.Now()
	load.end()
	if err != nil {
		return err
	}
	if b.server != nil && b.server.gone() {
		return fmt.Errorf("the server ended under load: %w", b.server.failure())
	}
	e.before = newBenchLeg(load.before, span{from: e.at.Add(-b.Duration), to: e.at}, processorTime{})
	e.during = newBenchLeg(load.during, span{from: e.at, to: ended}, processorTime{})
	e.before.memory, e.during.memory = memoryBefore, memoryOf(b.server)
	return b.awaitExpiry(ctx, e, load, open, bound, 0)
}

// awaitExpiry looks ten times a second whether all have expired, but for as many as nobody can tell: while the load goes
// on, a hold that was just placed and not yet answered looks like one that has not expired.
func (b *bench) awaitExpiry(ctx context.Context, e *expiry, t *through, open int64, bound time.Time, untold int) error {
	show := newProgress("holds expire")
	defer show.end()
	for {
		left, err := b.left(ctx, t, open, e.holds)
		if err != nil {
			return err
		}
		e.expired = e.holds - left
		now := time.Now()
		if left > 0 || untold > 0 {
			e.took = now.Sub(e.at)
		}
		if left <= int64(untold) && e.took > time.Second || now.After(bound) {
			return nil
		}
		show.update(e.expired, e.holds)
		if err := sleepUntil(ctx, now.Add(100*time.Millisecond)); err != nil {
			return err
		}
	}
}

// left is how many of the holds have not expired.
func (b *bench) left(ctx context.Context, t *through, open, holds int64) (int64, error) {
	now, err := b.stats(ctx)
	return min(max(0, now.open-open-t.approved.Load()+holds), holds), err
}

// through is a load that goes on through an instant.
type through struct {
	at             time.Time
	over           atomic.Bool
	approved       atomic.Int64 // holds that it has placed
	workers        sync.WaitGroup
	before, during []*tally // one of each for each worker
}

// startThrough starts a closed loop of unary calls. Those in the last --duration before the instant are counted, and those
// after it until the load ends.
func (b *bench) startThrough(ctx context.Context, at time.Time, concurrency int) *through {
	t := &through{at: at}
	for w := range concurrency {
		one, other := newTally(), newTally()
		t.before, t.during = append(t.before, one), append(t.during, other)
		caller := &authorizeCaller{orders: b.newOrders()}
		t.workers.Go(func() { t.run(ctx, b.holdfast[w%len(b.holdfast)], caller, one, other, b.Duration) })
	}
	return t
}

// end ends the load.
func (t *through) end() {
	t.over.Store(true)
	t.workers.Wait()
}

// run is runClosed with two tallies: of the time just before the instant, and of that after it.
func (t *through) run(ctx context.Context, cc *grpc.ClientConn, c *authorizeCaller, before, during *tally, counted time.Duration) {
	early := span{from: t.at.Add(-counted), to: t.at}
	for now := time.Now(); !t.over.Load(); {
		c.tally = before
		if !now.Before(t.at) {
			c.tally = during
		}
		err := c.call(ctx, cc, now)
		end := time.Now()
		switch {
		case err != nil:
			if ctx.Err() != nil || c.tally.failed(err) {
				return
			}
		case !end.Before(t.at):
			during.answered(end.Sub(now))
		case early.holds(end):
			before.answered(end.Sub(now))
		}
		if err == nil && c.answer.GetDecision() == holdfastv1.Decision_DECISION_APPROVED {
			t.approved.Add(1)
		}
		now = end
	}
}
