package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// contract finds the authorization of a contract that has begun, and lets what is due on its account happen first.
func (l *Ledger) contract(id AuthorizationID) (*Account, *Authorization, *Fault) {
	a := l.book.Account(id.Account)
	if a == nil || id.N > a.LastN || id.N == 0 {
		return nil, nil, authorizationNotFound(id)
	}
	l.catchUp(a)
	h := l.authorization(a, id.N)
	switch b := &h.Bundle; {
	case b.Offer == "":
		return nil, nil, fault(FailedPrecondition, "NOT_A_BUNDLE", "authorization %s is of no bundle", id).named(id.String())
	case b.Began.Day == 0:
		return nil, nil, fault(FailedPrecondition, "BUNDLE_NOT_ACTIVE", "the contract of authorization %s has not begun: it is %s", id, h.State).named(id.String())
	}
	return a, h, nil
}

// getBundle reads a contract, begun or not.
func (l *Ledger) getBundle(c *GetBundle, a *Account, out Outcome) Outcome {
	if c.Authorization.N == 0 || c.Authorization.N > a.LastN {
		return refused(authorizationNotFound(c.Authorization))
	}
	h := l.authorization(a, c.Authorization.N)
	if l.book.Err() != nil {
		return Outcome{}
	}
	if f := l.speaks(c.Caller, h.Carrier); f != nil && !c.Operator {
		return refused(f)
	}
	if h.Bundle.Offer == "" {
		return refused(fault(FailedPrecondition, "NOT_A_BUNDLE", "authorization %s is of no bundle", c.Authorization).named(c.Authorization.String()))
	}
	out.ID, out.Authorization = c.Authorization, h.clone()
	out.Billing.Bundle = l.book.Shard().BundleOfferAt(h.Bundle.Offer, h.Bundle.Version)
	return out
}

// cancelBundle ends a contract, as its carrier says. What becomes of the plan is as the offer says.
func (l *Ledger) cancelBundle(c *CancelBundle) Outcome {
	a, h, f := l.contract(c.Authorization)
	if f == nil {
		f = l.manages(c.Caller, c.Operator, h.Carrier)
	}
	if f != nil {
		return refused(f)
	}
	id, b, day := c.Authorization.String(), &h.Bundle, c.Effective
	if day == 0 {
		day = l.today
	}
	switch {
	case b.Returned != 0:
		f = fault(FailedPrecondition, "BUNDLE_RETURNED", "the device of authorization %s was returned on %s", id, b.Returned)
	case b.Cancelled != 0:
		f = fault(FailedPrecondition, "BUNDLE_CANCELLED", "the contract of authorization %s was cancelled as of %s", id, b.Cancelled)
	case a.Billing.plan(b.Plan) == nil:
		f = fault(FailedPrecondition, "BUNDLE_PLAN_ENDED", "authorization %s has no plan any more: nothing of it is to come", id)
	case day > l.today || day < b.Began.Day:
		return refused(fault(Invalid, "BUNDLE_DATE_OUT_OF_RANGE", "effective_date %s is not within %s, when the contract began, and today, %s",
			day, b.Began.Day, l.today).on("effective_date"))
	}
	if f != nil {
		return refused(f.named(id))
	}
	return l.post(l.cancelled(a, h, day, c.Reason))
}

// cancelled books what becomes of the plan of a contract that is cancelled.
func (l *Ledger) cancelled(a *Account, h *Authorization, day calendar.Date, reason string) *BundleCancelled {
	o := l.book.Shard().BundleOfferAt(h.Bundle.Offer, h.Bundle.Version)
	d := l.desk(a, ContractCancelled, l.today).opened()
	p := d.plan(h.Bundle.Plan)
	f := &BundleCancelled{HoldRef: a.ref(h), Reference: h.Reference, Effective: day, Rule: o.Termination, Billed: int32(p.Plan.Billed)}
	d.booking.Plan, d.booking.Note = p.N, reason
	switch o.Termination {
	case Accelerates:
		d.booking.Amount = d.fallIn(p)
	case BuysBack:
		f.BoughtBack = d.takeBack(p)
		d.booking.Amount = f.BoughtBack
	case Keeps, NoTermination:
	}
	d.numbered()
	f.Booking = d.finish()
	return f
}

// fallIn bills all principal that is to come of a plan with the open window, and none of its charges, and answers with how much
// that is.
func (d *desk) fallIn(p *Plan) money.Amount {
	after, last, err := p.Plan.Accelerate()
	if err != nil {
		return 0 // nothing is to come
	}
	p.Plan = after
	for s := range p.Principal {
		d.Open.Purchases[s] += p.Principal[s]
		p.Principal[s] = 0
	}
	d.Open.Flows.Installments += last.Principal
	d.ended(p, last)
	return last.Principal
}

// takeBack takes all principal that is to come of a plan from what is payable to its carrier, and answers with how much that is.
func (d *desk) takeBack(p *Plan) (sum money.Amount) {
	for s := TopUp; s.Valid(); s++ {
		part := p.Principal[s-1]
		d.move(Move{Plan: p.N, Part: PrincipalPart, Scene: s, Amount: -part, Against: BookPayable, Carrier: p.Carrier})
		sum += part
	}
	if sum == 0 {
		return 0
	}
	after, _, err := p.Plan.Refund(sum)
	if err != nil {
		panic("ledger: a plan's principal to come cannot be taken back: " + err.Error())
	}
	p.Plan = after
	return sum
}

// returnBundle undoes a contract whose device is returned in time: as if it had never been.
func (l *Ledger) returnBundle(c *ReturnBundle) Outcome {
	a, h, f := l.contract(c.Authorization)
	if f == nil && !c.Operator {
		f = l.speaks(c.Caller, h.Carrier)
	}
	if f != nil {
		return refused(f)
	}
	id, b := c.Authorization.String(), &h.Bundle
	at := slices.IndexFunc(a.Billing.Contracts, func(k Contract) bool { return k.Authorization == h.N })
	switch {
	case b.Returned != 0:
		f = fault(FailedPrecondition, "BUNDLE_RETURNED", "the device of authorization %s was returned on %s", id, b.Returned)
	case b.Began.Until == 0:
		f = fault(FailedPrecondition, "BUNDLE_NOT_RETURNABLE", "bundle offer %q has no cooling-off days: the device cannot be returned", b.Offer)
	case l.today > b.Began.Until || at < 0:
		f = fault(FailedPrecondition, "COOLING_OFF_OVER", "the last day to return the device of authorization %s was %s: today is %s", id, b.Began.Until, l.today)
	}
	if f != nil {
		return refused(f.named(id))
	}
	amount := h.refundable()
	if k := a.Billing.Contracts[at]; amount == 0 && k.Fee|k.Interest|k.Subsidy == 0 {
		return refused(fault(FailedPrecondition, "NOTHING_CAPTURED", "all of authorization %s was given back before", id).named(id))
	}
	r := &CaptureRefunded{HoldRef: a.ref(h), Amount: amount, State: h.State, Reference: h.Reference, Return: BundleReturn{Day: l.today, Billed: b.Billed}}
	if p := a.Billing.plan(b.Plan); p != nil {
		r.Return.Billed = int32(p.Plan.Billed)
	}
	r.Clearing = l.clearReversal(h, amount)
	r.Booking, r.Points = l.returned(a, h, amount, c.Reason)
	return l.post(r)
}

// refundable is what of a capture is still to be given back to the consumer if all is: what a carrier bought back is not.
func (h *Authorization) refundable() money.Amount {
	return h.Captured - h.Refunded - h.Bundle.BoughtBack
}

// returned books the return of a device, with what that does to points: those that its contract earned are taken back.
func (l *Ledger) returned(a *Account, h *Authorization, amount money.Amount, reason string) (*Booking, *PointsBooking) {
	b := l.unwound(a, h, amount, reason)
	if a.Wallet == nil {
		return b, nil
	}
	p := l.purse(a, h)
	p.forfeit()
	p.unearn(b)
	return b, p.ofOrder()
}

// forfeit takes back all that an order earned.
func (p *purse) forfeit() {
	back := p.order.Earned - p.order.TakenBack
	p.order.TakenBack += back
	p.takeBack(back)
}
