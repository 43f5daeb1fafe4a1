package ledger

import (
	"cmp"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// find loads an authorization and its account for a caller who may speak for its carrier, and lets what is due on the
// account happen first.
func (l *Ledger) find(id AuthorizationID) (*Account, *Authorization, *Fault) {
	a := l.book.Account(id.Account)
	if a == nil || id.N > a.LastN || id.N == 0 {
		return nil, nil, authorizationNotFound(id)
	}
	l.catchUp(a)
	h := l.authorization(a, id.N)
	return a, h, l.speaks(l.req.Caller, h.Carrier)
}

// findOpen is find for an authorization that must be open.
func (l *Ledger) findOpen(id AuthorizationID) (*Account, *Authorization, *Fault) {
	a, h, f := l.find(id)
	if f == nil && !h.State.Open() {
		f = notOpen(id, h.State)
	}
	return a, h, f
}

func authorizationNotFound(id AuthorizationID) *Fault {
	return fault(NotFound, "AUTHORIZATION_NOT_FOUND", "there is no authorization %s", id).named(id.String())
}

func notOpen(id AuthorizationID, s State) *Fault {
	return fault(FailedPrecondition, "AUTHORIZATION_NOT_OPEN", "authorization %s is %s", id, s).named(id.String())
}

// increment adds to a hold what would be approved as an order of its own.
func (l *Ledger) increment(c *Increment) Outcome {
	a, h, f := l.findOpen(c.Authorization)
	if f == nil {
		f = checkCurrency(a, string(c.Currency))
	}
	if f == nil {
		f = h.whole(h.Authorized+c.Amount, h.Authorized)
	}
	if f != nil {
		return refused(f)
	}
	p := Purchase{Account: a.ID, Scene: h.Scene, Order: h.Order, Carrier: h.Carrier, Phone: h.Phone, Currency: a.Currency, Amount: c.Amount, Mandate: h.Mandate}
	_, reasons := l.judge(a, question{Purchase: &p, already: h.Authorized})
	return l.post(&HoldIncremented{HoldRef: a.ref(h), Amount: c.Amount, Reasons: reasons, Day: l.today, State: h.State, Verdict: l.verdict, Shadow: l.shadowed})
}

func (l *Ledger) extend(c *Extend) Outcome {
	a, h, f := l.findOpen(c.Authorization)
	if f != nil {
		return refused(f)
	}
	expires := l.now.Add(c.Lifetime)
	switch latest := h.Created.Add(l.termsOf(a.Billing.Terms).Authorizations.LongestLifetime); {
	case expires > latest:
		f = fault(Invalid, "HOLD_LIFETIME_OUT_OF_RANGE", "hold_lifetime would end beyond the longest lifetime of %v", l.termsOf(a.Billing.Terms).Authorizations.LongestLifetime)
	case expires < h.Expires:
		f = fault(Invalid, "HOLD_LIFETIME_OUT_OF_RANGE", "hold_lifetime would end before the present expiry")
	}
	if f != nil {
		return refused(f.on("hold_lifetime"))
	}
	return l.post(&HoldExtended{HoldRef: a.ref(h), Expires: expires, State: h.State})
}

// markSubmitted gives a hold the longest submitted time, once. One that has a partial capture is submitted too: its
// rest must raise the alert when that time passes.
func (l *Ledger) markSubmitted(c *MarkSubmitted) Outcome {
	a, h, f := l.findOpen(c.Authorization)
	if f != nil {
		return refused(f)
	}
	expires := max(h.Expires, l.now.Add(l.termsOf(a.Billing.Terms).Authorizations.LongestSubmitted))
	if h.State == Submitted {
		expires = h.Expires
	}
	return l.post(&HoldSubmitted{HoldRef: a.ref(h), Expires: expires, Reference: cmp.Or(c.Reference, h.Reference)})
}

// capture posts an amount. Neither status nor limits nor controls can refuse it.
func (l *Ledger) capture(c *CaptureHold) Outcome {
	a, h, f := l.find(c.Authorization)
	if f == nil {
		f = checkCurrency(a, string(c.Currency))
	}
	if f == nil && len(h.Captures) >= l.termsOf(a.Billing.Terms).Authorizations.MostParts {
		f = fault(FailedPrecondition, "TOO_MANY_PARTS", "authorization %s has %d captures already", c.Authorization, len(h.Captures))
	}
	if f == nil {
		f = h.whole(c.Amount, h.Held+h.Lapsed)
	}
	if f != nil {
		return refused(f)
	}
	began, f := l.activation(h, c.Activated)
	if f != nil {
		return refused(f)
	}
	if !h.State.Open() {
		return l.captureLate(a, h, c, began)
	}
	amount := c.Amount
	if amount == 0 {
		amount = h.Held
	}
	d := &HoldCaptured{HoldRef: a.ref(h), Amount: amount, FromHold: min(amount, h.Held), Reference: cmp.Or(c.Reference, h.Reference)}
	if over := amount - d.FromHold; over > l.tolerated(a, h) {
		return refused(exceedsHold(amount, h.Held+l.tolerated(a, h)))
	}
	left := h.Held - d.FromHold
	switch {
	case c.Final || left == 0:
		d.Released, d.State = left, Captured
	case h.State == Submitted:
		d.State = Submitted
	default:
		d.State = PartiallyCaptured
	}
	if l.pointed(a, h) {
		p := l.purse(a, h)
		p.capture(d.FromHold, h.Held)
		p.release(d.Released, left)
		p.earn(terms.EarnedOnCapture, amount-p.Paid)
		d.Points = p.ofOrder()
	}
	d.Began = began
	d.Intake = l.intake(a, h.N, h.Scene, h.Carrier, h.Plan, amount, d.Points)
	d.Intake.contract(h.N, began)
	d.Clearing = l.clearCapture(a, h, amount)
	return l.post(d)
}

// tolerated is how much more than is held may be captured of an open hold. It is there once: to use it is to use the
// hold up.
func (l *Ledger) tolerated(a *Account, h *Authorization) money.Amount {
	const all = 1_000_000
	share := money.Amount(l.termsOf(a.Billing.Terms).Authorizations.Tolerance)
	if c := l.book.Shard().CarrierAt(h.Carrier, h.Settings); c != nil && c.Tolerates {
		share = money.Amount(c.Tolerance)
	}
	return h.Authorized/all*share + h.Authorized%all*share/all
}

func exceedsHold(amount, left money.Amount) *Fault {
	return fault(Invalid, "CAPTURE_EXCEEDS_HOLD", "amount %d is more than the %d that can be captured", amount, left).on("amount")
}

// captureLate posts what a hold that expired had held: the carrier had delivered.
func (l *Ledger) captureLate(a *Account, h *Authorization, c *CaptureHold, began Began) Outcome {
	switch until := h.lateUntil(l.termsOf(a.Billing.Terms)); {
	case h.Lapsed == 0:
		return refused(notOpen(c.Authorization, h.State))
	case l.now >= until:
		return refused(fault(FailedPrecondition, "LATE_CAPTURE_CLOSED", "authorization %s expired too long ago: late captures ended %s",
			c.Authorization, until.Time().Format("2006-01-02T15:04:05Z")).named(c.Authorization.String()))
	}
	amount := c.Amount
	if amount == 0 {
		amount = h.Lapsed
	}
	if amount > h.Lapsed {
		return refused(exceedsHold(amount, h.Lapsed))
	}
	d := &HoldCaptured{HoldRef: a.ref(h), Amount: amount, Late: true, State: Captured, Reference: cmp.Or(c.Reference, h.Reference), Began: began}
	if c.Final {
		d.Released = h.Lapsed - amount
	}
	if l.pointed(a, h) { // the points went back when the hold expired: all of it is lent
		p := l.purse(a, h)
		p.earn(terms.EarnedOnCapture, amount)
		d.Points = p.ofOrder()
	}
	d.Intake = l.intake(a, h.N, h.Scene, h.Carrier, h.Plan, amount, d.Points)
	d.Intake.contract(h.N, began)
	d.Clearing = l.clearCapture(a, h, amount)
	return l.post(d)
}

func (l *Ledger) void(c *Void) Outcome {
	a, h, f := l.findOpen(c.Authorization)
	if f == nil && (c.Currency != "" || c.Amount != 0) {
		f = checkCurrency(a, string(c.Currency))
	}
	if f == nil {
		f = h.whole(c.Amount, h.Held)
	}
	if f != nil {
		return refused(f)
	}
	amount := c.Amount
	if amount == 0 {
		amount = h.Held
	}
	if amount > h.Held {
		return refused(fault(Invalid, "VOID_EXCEEDS_HOLD", "amount %d is more than the %d that is held", amount, h.Held).on("amount"))
	}
	d := &HoldReleased{HoldRef: a.ref(h), Amount: amount, State: h.State}
	if amount == h.Held {
		d.State = Voided
		if h.Captured > 0 {
			d.State = Captured
		}
	}
	d.Points = l.unheld(a, h, amount, l.today)
	return l.post(d)
}

// unheld gives back what points were to pay of a hold, of which an amount is released on a day.
func (l *Ledger) unheld(a *Account, h *Authorization, amount money.Amount, day calendar.Date) *PointsBooking {
	if h.Points == nil {
		return nil
	}
	p := l.purse(a, h)
	p.today = day
	p.release(amount, h.Held)
	return p.ofOrder()
}

func (l *Ledger) refund(c *RefundCapture) Outcome {
	a, h, f := l.find(c.Authorization)
	if f == nil {
		f = checkCurrency(a, string(c.Currency))
	}
	switch {
	case f != nil:
	case h.Captured == 0:
		f = fault(FailedPrecondition, "NOTHING_CAPTURED", "nothing was captured of authorization %s, which is %s", c.Authorization, h.State).named(c.Authorization.String())
	case len(h.Refunds) >= l.termsOf(a.Billing.Terms).Authorizations.MostParts:
		f = fault(FailedPrecondition, "TOO_MANY_PARTS", "authorization %s has %d refunds already", c.Authorization, len(h.Refunds))
	default:
		if left := h.refundable(); c.Amount > left {
			f = fault(Invalid, "REFUND_EXCEEDS_CAPTURED", "amount %d is more than the %d that is captured and not refunded", c.Amount, left).on("amount")
		}
	}
	if f != nil {
		return refused(f)
	}
	d := &CaptureRefunded{HoldRef: a.ref(h), Amount: c.Amount, State: h.State, Clearing: l.clearRefund(a, h, c.Amount), Reference: h.Reference}
	d.Booking, d.Points = l.undone(a, h, 0, c.Amount)
	return l.post(d)
}

// view is a copy of an account as it stands now, with what has run out released, for reading only.
func (l *Ledger) view(id AccountID) *Account {
	a := l.book.Account(id)
	if a == nil || l.nextDue(a) == nil {
		return a
	}
	v := a.Clone()
	past := &Ledger{book: nowhere{l.book}, terms: l.terms, zone: l.zone, zones: l.zones, days: l.days, now: l.now, today: l.today}
	for f := past.nextDue(v); f != nil; f = past.nextDue(v) {
		switch f := f.(type) {
		case *HoldReleased:
			h := v.hold(f.N)
			v.release(h, h.Held, l.now, true, f.Points)
			v.drop(h.N)
		case *Booked:
			past.foldBooking(&Entry{Time: l.now, Fact: f}, v, &f.Booking, 0)
			v.foldPoints(f.Points)
		}
	}
	return v
}

// viewHold is an authorization as it stands now, for reading only.
func (l *Ledger) viewHold(a *Account, n uint32) Authorization {
	h := l.authorization(a, n).clone()
	if h.due(l.now) {
		h.end(true, l.now)
	}
	return h
}

// end gives an authorization with nothing captured or something its last state, when the rest was released.
func (a *Authorization) end(expired bool, now calendar.Instant) {
	if expired {
		a.Lapsed = a.Held
	}
	a.Points = a.Points.released()
	a.Held, a.Updated = 0, now
	switch {
	case a.Captured > 0:
		a.State = Captured
	case expired:
		a.State = Expired
	default:
		a.State = Voided
	}
}
