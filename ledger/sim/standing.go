package sim

import (
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// story is one authorization as the model keeps it: who asked for what, and everything that anybody did to it since.
// What time did to it is not written down; it follows.
type story struct {
	id       ledger.AuthorizationID
	scene    ledger.Scene
	caller   ledger.Caller
	order    ledger.OrderID
	carrier  ledger.CarrierID
	phone    ledger.PhoneToken
	bill     ledger.BillID
	plan     plan.Offer // that captures are paid by
	product  ledger.ProductID
	settings *ledger.PutCarrier // of its carrier, when it was decided
	reasons  []ledger.Reason
	created  calendar.Instant
	events   []event
}

// event is one thing that was done.
type event struct {
	what     happening
	at       calendar.Instant
	day      calendar.Date
	cleared  calendar.Date    // the carrier's business day
	place    int              // among all events
	amount   money.Amount     // authorized, captured, released or refunded
	asked    money.Amount     // requested
	until    calendar.Instant // when the hold then ends
	final    bool
	saleTime calendar.Instant // of an advice

	reference ledger.CarrierReference // told with it
}

type happening int

const (
	declined happening = iota
	held
	sold // authorized and captured in one
	added
	extended
	submitted
	captured
	voided
	refunded
	reversed
)

// standing is where an authorization stands at an instant.
type standing struct {
	requested, authorized, held, captured, refunded, lapsed money.Amount
	expires                                                 calendar.Instant
	captures, refunds                                       int
	declined, submitted, expired, reversed                  bool
	reference                                               ledger.CarrierReference

	// For the controls: what was authorized on which day, what was given back, and whether the order came to nothing.
	added    []event
	released money.Amount
	nothing  bool
}

// at tells the story up to an instant.
func (s *story) at(now calendar.Instant) (t standing) {
	for _, e := range s.events {
		t.pass(e.at)
		t.happen(e)
	}
	t.pass(now)
	return t
}

// pass lets time go on: a hold that has run out lapses.
func (t *standing) pass(now calendar.Instant) {
	if t.held > 0 && now >= t.expires {
		t.expired, t.lapsed = true, t.held
		t.giveBack(t.held)
	}
}

// giveBack releases an amount that is held and was not sold.
func (t *standing) giveBack(amount money.Amount) {
	t.held -= amount
	t.released += amount
	if t.held == 0 && t.captured == 0 {
		t.nothing = true
	}
}

func (t *standing) happen(e event) {
	if e.reference != "" {
		t.reference = e.reference
	}
	switch e.what {
	case declined:
		t.declined, t.requested = true, e.asked
	case held:
		t.requested, t.authorized, t.held, t.expires = e.asked, e.amount, e.amount, e.until
		t.added = append(t.added, e)
	case sold:
		t.requested, t.authorized, t.captured, t.captures = e.asked, e.amount, e.amount, 1
		t.added = append(t.added, e)
	case added:
		t.requested += e.amount
		t.authorized += e.amount
		t.held += e.amount
		t.added = append(t.added, e)
	case extended:
		t.expires = e.until
	case submitted:
		t.submitted, t.expires = true, e.until
	case captured:
		t.capture(e)
	case voided:
		t.giveBack(e.amount)
	case refunded:
		t.refund(e.amount)
	case reversed:
		if t.held > 0 {
			t.giveBack(t.held)
		}
		if left := t.captured - t.refunded; left > 0 {
			t.refund(left)
		}
		t.lapsed, t.reversed = 0, true
	}
}

func (t *standing) capture(e event) {
	t.captured += e.amount
	t.captures++
	if t.expired {
		t.lapsed -= e.amount
		if e.final {
			t.lapsed = 0
		}
		return
	}
	t.held -= min(e.amount, t.held)
	if e.final && t.held > 0 {
		t.giveBack(t.held)
	}
}

func (t *standing) refund(amount money.Amount) {
	t.refunded += amount
	t.refunds++
}

// state is what the facts make it.
func (t *standing) state() ledger.State {
	switch {
	case t.declined:
		return ledger.Declined
	case t.reversed:
		return ledger.Reversed
	case t.held > 0 && t.submitted:
		return ledger.Submitted
	case t.held > 0 && t.captured > 0:
		return ledger.PartiallyCaptured
	case t.held > 0:
		return ledger.Held
	case t.captured > 0:
		return ledger.Captured
	case t.expired:
		return ledger.Expired
	}
	return ledger.Voided
}

// takes says whether the authorization keeps others from using its order id.
func (t *standing) takes(now calendar.Instant, late time.Duration) bool {
	switch t.state() {
	case ledger.Declined, ledger.Voided:
		return false
	case ledger.Expired:
		return now < t.expires.Add(late)
	}
	return true
}
