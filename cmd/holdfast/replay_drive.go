package main

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// driver plays orders to a server in the order of their times, moving its clock before each.
type driver struct {
	*orderMap
	client *client.Client
	step   time.Duration // times are cut to a multiple of it; what then happens at once is asked for at once

	clock     time.Time // the server's
	consumers map[string]*consumer
	done      int      // events
	before    []uint64 // last entry of each shard before the replay

	mu     sync.Mutex
	queue  eventQueue // guarded by mu while events run
	played played     // guarded by mu while events run
}

// consumer is one person's account. Its events run one after another.
type consumer struct {
	account string
	day     calendar.StatementDay
	billed  string // last day of the newest window whose due date has a place in the queue
}

// played is what came of the orders.
type played struct {
	accounts  int
	approved  tallied
	declined  map[holdfastv1.DeclineReason]tallied // by first reason
	pastDue   tallied                              // declined for being past due, among other reasons
	captured  tallied
	voided    tallied
	expired   tallied
	held      tallied // still, at the end
	late      int     // captures after expiry
	faults    []error // calls that were refused; at most faultsMax
	refused   int     // how many were
	weeks     []week
	latencies map[string]*hdrhistogram.Histogram // microseconds, by call

	left []*event // approved and left to expire

	payments tallied // posted
	unposted int64   // what the file's consumers paid beyond what is owed here
	fates    map[*order]*fate
	survey   survey
}

// fate is what became of an order that was approved and captured.
type fate struct {
	consumer *consumer
	window   string // the billing window that took it, by the day on which it opened
	left     int64  // what has not been paid of it; its consumer's events own it
}

const faultsMax = 20

// tallied counts orders and their amounts.
type tallied struct {
	orders int
	amount int64
}

func (t *tallied) add(amount int64) { t.orders++; t.amount += amount }

// exposure is what the book says of all accounts.
type exposure struct{ held, owed int64 }

// week is the exposure at its end.
type week struct {
	end time.Time
	exposure
}

// event is something to ask for at a time.
type event struct {
	at    time.Time
	order *order
	then  outcome // "" for the order itself
	seq   int     // keeps the file's order among equal times
	paid  int64   // of a payment that the file has; 0 for all that is left

	authorization string
	expires       time.Time
}

// eventQueue is a heap by time.
type eventQueue []*event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	if c := q[i].at.Compare(q[j].at); c != 0 {
		return c < 0
	}
	return q[i].seq < q[j].seq
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is heap.Interface's.
func (q *eventQueue) Push(x any) { *q = append(*q, x.(*event)) }

// Pop is heap.Interface's.
func (q *eventQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// play drives all orders and answers with what came of them.
func (d *driver) play(ctx context.Context, orders []order) (*played, error) {
	d.played.declined = map[holdfastv1.DeclineReason]tallied{}
	d.played.latencies = map[string]*hdrhistogram.Histogram{}
	d.consumers, d.played.fates = map[string]*consumer{}, map[*order]*fate{}
	for i := range orders {
		d.consumers[orders[i].consumer] = &consumer{}
		d.push(&event{at: orders[i].at, order: &orders[i]})
	}
	if err := d.begin(ctx, orders[0].at); err != nil {
		return nil, err
	}
	show := newProgress("replaying")
	defer show.end()
	nextWeek := mondayAfter(orders[0].at)
	for len(d.queue) > 0 {
		now := d.queue[0].at
		for ; !nextWeek.After(now); nextWeek = mondayAfter(nextWeek) {
			if err := d.endWeek(ctx, nextWeek); err != nil {
				return nil, err
			}
		}
		if err := d.advance(ctx, now); err != nil {
			return nil, err
		}
		due := d.due(now)
		if err := d.run(ctx, due); err != nil {
			return nil, err
		}
		d.done += len(due)
		show.update(int64(d.done), int64(d.done+len(d.queue)))
	}
	if err := d.expire(ctx); err != nil {
		return nil, err
	}
	if err := d.fallDue(ctx, nextWeek); err != nil {
		return nil, err
	}
	return &d.played, d.survey(ctx)
}

// begin looks at the server's clock and at what its book has already.
func (d *driver) begin(ctx context.Context, first time.Time) error {
	stats, err := d.client.Admin().GetStats(ctx, &holdfastv1.GetStatsRequest{})
	if err != nil {
		return err
	}
	d.clock = stats.GetTime().AsTime()
	switch {
	case !stats.GetVirtualClock():
		return errors.New("the server runs on real time; start it with --virtual-clock")
	case d.clock.After(first):
		return fmt.Errorf("the server's clock is at %s already, the first order is of %s",
			d.clock.In(d.zone).Format(time.DateTime), first.In(d.zone).Format(time.DateTime))
	}
	for _, shard := range stats.GetShards() {
		d.before = append(d.before, shard.GetSequence())
	}
	if d.terms == nil {
		return nil
	}
	if _, err = d.client.PutTerms(ctx, &holdfastv1.PutTermsRequest{Document: string(terms.Format(d.terms))}); err != nil {
		return fmt.Errorf("putting the map's terms: %w", err)
	}
	return nil
}

// push queues an event.
func (d *driver) push(e *event) {
	e.at = e.at.Truncate(d.step)
	e.seq = e.order.line
	heap.Push(&d.queue, e)
}

// due takes the events of an instant off the queue.
func (d *driver) due(now time.Time) (due []*event) {
	for len(d.queue) > 0 && !d.queue[0].at.After(now) {
		due = append(due, heap.Pop(&d.queue).(*event))
	}
	return due
}

// advance moves the server's clock.
func (d *driver) advance(ctx context.Context, to time.Time) error {
	if !to.After(d.clock) {
		return nil
	}
	began := time.Now()
	_, err := d.client.Admin().AdvanceClock(ctx, &holdfastv1.AdvanceClockRequest{
		To: &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(to)},
	})
	if err != nil {
		return fmt.Errorf("advancing the clock: %w", err)
	}
	d.took("AdvanceClock", time.Since(began))
	d.clock = to
	return nil
}

// endWeek comes to a week's end: what has expired by then is not held.
func (d *driver) endWeek(ctx context.Context, end time.Time) error {
	if err := d.advance(ctx, end); err != nil {
		return err
	}
	d.played.weeks = append(d.played.weeks, week{end: end})
	return nil
}

// mondayAfter is the beginning of the next week in t's zone.
func mondayAfter(t time.Time) time.Time {
	days := (8 - int(t.Weekday())) % 7 // Sunday 1, Monday 0, Tuesday 6, ...
	if days == 0 {
		days = 7
	}
	y, m, day := t.Date()
	return time.Date(y, m, day+days, 0, 0, 0, 0, t.Location())
}

// expire goes on to where the last hold that nobody settles has ended, and looks at what became of them.
func (d *driver) expire(ctx context.Context) error {
	end := d.clock
	for _, e := range d.played.left {
		if e.expires.After(end) {
			end = e.expires.Add(time.Second)
		}
	}
	if err := d.advance(ctx, end); err != nil {
		return err
	}
	for _, e := range d.played.left {
		resp, err := d.client.GetAuthorization(ctx, &holdfastv1.GetAuthorizationRequest{AuthorizationId: e.authorization})
		if err != nil {
			return err
		}
		a := resp.GetAuthorization()
		if a.GetState() == holdfastv1.AuthorizationState_AUTHORIZATION_STATE_EXPIRED {
			d.played.expired.add(a.GetAuthorizedAmount())
		} else {
			d.played.held.add(a.GetHeldAmount())
		}
	}
	return nil
}

// concurrencyMax is how many consumers may ask at once.
const concurrencyMax = 64

// run asks for what is due at one instant: each consumer's events in their order, different consumers' at once.
func (d *driver) run(ctx context.Context, due []*event) error {
	if len(due) == 1 {
		return d.ask(ctx, due[0])
	}
	chains := map[string][]*event{}
	for _, e := range due {
		chains[e.order.consumer] = append(chains[e.order.consumer], e)
	}
	var all sync.WaitGroup
	errs := make(chan error, len(chains))
	room := make(chan struct{}, concurrencyMax)
	for _, chain := range chains {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			for _, e := range chain {
				if err := d.ask(ctx, e); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(errs)
	return <-errs // nil when there is none
}

// ask carries out one event. Its error ends the replay; an order that the server refuses is only noted, up to a point.
func (d *driver) ask(ctx context.Context, e *event) (err error) {
	switch e.then {
	case outcomeCapture:
		err = d.capture(ctx, e)
	case outcomeVoid:
		err = d.void(ctx, e)
	case thenPaid:
		err = d.pay(ctx, e)
	case thenDue:
		err = d.payBill(ctx, e)
	default:
		err = d.authorize(ctx, e)
	}
	if err == nil {
		return nil
	}
	switch status.Code(err) {
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition:
	default:
		return fmt.Errorf("order %s (line %d): %w", e.order.id, e.order.line, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.played.refused++
	if len(d.played.faults) < faultsMax {
		d.played.faults = append(d.played.faults, fmt.Errorf("line %d: %w", e.order.line, err))
	}
	return nil
}
