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
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// driver plays orders to a server in the order of their times, moving its clock before each.
type driver struct {
	*orderMap
	client *client.Client
	step   time.Duration // times are cut to a multiple of it; what then happens at once is asked for at once

	clock     time.Time // the server's
	consumers map[string]*consumer
	base      money // what the book had before

	mu     sync.Mutex
	queue  eventQueue // guarded by mu while events run
	played played     // guarded by mu while events run
}

// consumer is one person's account. Its events run one after another.
type consumer struct{ account string }

// played is what came of the orders.
type played struct {
	accounts  int
	approved  tallied
	declined  map[holdfastv1.DeclineReason]tallied // by first reason
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
}

const faultsMax = 20

// tallied counts orders and their amounts.
type tallied struct {
	orders int
	amount int64
}

func (t *tallied) add(amount int64) { t.orders++; t.amount += amount }

// money is what the book says of all carriers.
type money struct{ held, posted int64 }

// week is the exposure at its end.
type week struct {
	end time.Time
	money
}

// event is something to ask for at a time.
type event struct {
	at    time.Time
	order *order
	then  outcome // "" for the order itself
	seq   int     // keeps the file's order among equal times

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
	d.consumers = map[string]*consumer{}
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
		if err := d.run(ctx, d.due(now)); err != nil {
			return nil, err
		}
		done := d.played.approved.orders + d.declinedOrders()
		show.update(int64(done), int64(len(orders)))
	}
	if err := d.expire(ctx, nextWeek); err != nil {
		return nil, err
	}
	return &d.played, nil
}

func (d *driver) declinedOrders() (n int) {
	for _, t := range d.played.declined {
		n += t.orders
	}
	return n
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
	d.base = moneyOf(stats, d.Currency)
	return nil
}

func moneyOf(stats *holdfastv1.GetStatsResponse, currency string) (m money) {
	for _, c := range stats.GetCarriers() {
		if c.GetCurrency() == currency {
			m.held += c.GetHeld()
			m.posted += c.GetCaptured() - c.GetRefunded()
		}
	}
	return m
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

// endWeek notes the exposure at a week's end.
func (d *driver) endWeek(ctx context.Context, end time.Time) error {
	if err := d.advance(ctx, end); err != nil {
		return err
	}
	stats, err := d.client.Admin().GetStats(ctx, &holdfastv1.GetStatsRequest{})
	if err != nil {
		return err
	}
	m := moneyOf(stats, d.Currency)
	d.played.weeks = append(d.played.weeks, week{end, money{m.held - d.base.held, m.posted - d.base.posted}})
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
func (d *driver) expire(ctx context.Context, nextWeek time.Time) error {
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
	return d.endWeek(ctx, nextWeek)
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

// took notes how long a call took.
func (d *driver) took(call string, t time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.played.latencies[call]
	if h == nil {
		h = hdrhistogram.New(1, latencyMax, 3)
		d.played.latencies[call] = h
	}
	_ = h.RecordValue(min(max(1, t.Microseconds()), latencyMax)) // within its bounds
}

// account opens the consumer's account if this is the first order, or finds it in a book that has it.
func (d *driver) account(ctx context.Context, o *order) (string, error) {
	c := d.consumers[o.consumer]
	if c.account != "" {
		return c.account, nil
	}
	req := &holdfastv1.OpenAccountRequest{ConsumerToken: o.consumer, Currency: d.Currency, Limit: d.accountLimit}
	for _, scene := range []holdfastv1.Scene{
		holdfastv1.Scene_SCENE_TOPUP, holdfastv1.Scene_SCENE_BILL, holdfastv1.Scene_SCENE_BUNDLE,
	} {
		if limit, has := d.lineLimits[scene]; has {
			req.Lines = append(req.Lines, &holdfastv1.LineOpening{
				Scene: scene, Limit: limit,
				AgreementVersion: d.Account.Agreement, AcceptedAgreementVersion: d.Account.Agreement,
			})
		}
	}
	began := time.Now()
	resp, err := d.client.OpenAccount(ctx, req)
	if client.ReasonOf(err) == "CONSUMER_HAS_ACCOUNT" {
		found, err := d.client.GetAccount(ctx, &holdfastv1.GetAccountRequest{ConsumerToken: o.consumer})
		if err != nil {
			return "", err
		}
		c.account = found.GetAccount().GetAccountId()
		return c.account, nil
	}
	if err != nil {
		return "", err
	}
	d.took("OpenAccount", time.Since(began))
	d.mu.Lock()
	d.played.accounts++
	d.mu.Unlock()
	c.account = resp.GetAccount().GetAccountId()
	return c.account, nil
}

// authorize asks for an order, and queues what becomes of it.
func (d *driver) authorize(ctx context.Context, e *event) error {
	o := e.order
	account, err := d.account(ctx, o)
	if err != nil {
		return err
	}
	req := &holdfastv1.AuthorizeRequest{
		AccountId: account, Scene: o.scene, OrderId: o.id, CarrierId: o.carrier, PhoneToken: o.phone,
		Currency: d.Currency, Amount: o.amount,
	}
	if d.HoldLifetime > 0 {
		req.HoldLifetime = durationpb.New(d.HoldLifetime)
	}
	began := time.Now()
	resp, err := d.client.Authorize(ctx, req)
	if err != nil {
		return err
	}
	d.took("Authorize", time.Since(began))
	d.mu.Lock()
	defer d.mu.Unlock()
	if resp.GetDecision() != holdfastv1.Decision_DECISION_APPROVED {
		reason := resp.GetReasons()[0]
		t := d.played.declined[reason]
		t.add(o.amount)
		d.played.declined[reason] = t
		return nil
	}
	a := resp.GetAuthorization()
	d.played.approved.add(a.GetAuthorizedAmount())
	settle := &event{
		// From the time of asking: cutting times must not make a hold wait for its outcome longer than the map says.
		at: e.at.Add(o.after), order: o, then: o.outcome, authorization: a.GetAuthorizationId(), expires: a.GetExpireTime().AsTime(),
	}
	if o.outcome == outcomeExpire {
		d.played.left = append(d.played.left, settle)
	} else {
		d.push(settle)
	}
	return nil
}

func (d *driver) capture(ctx context.Context, e *event) error {
	began := time.Now()
	resp, err := d.client.Capture(ctx, &holdfastv1.CaptureRequest{
		AuthorizationId: e.authorization, Currency: d.Currency, Amount: e.order.amount, Final: true,
	})
	if err != nil {
		return err
	}
	d.took("Capture", time.Since(began))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.played.captured.add(resp.GetAuthorization().GetCapturedAmount())
	if resp.GetLate() {
		d.played.late++
	}
	return nil
}

func (d *driver) void(ctx context.Context, e *event) error {
	began := time.Now()
	if _, err := d.client.Void(ctx, &holdfastv1.VoidRequest{AuthorizationId: e.authorization}); err != nil {
		return err
	}
	d.took("Void", time.Since(began))
	d.mu.Lock()
	defer d.mu.Unlock()
	d.played.voided.add(e.order.amount)
	return nil
}
