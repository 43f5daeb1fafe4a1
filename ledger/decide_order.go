package ledger

import (
	"fmt"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// orderAccount loads the account of a purchase, makes sure that its order id is free, and answers with the purchase as it is
// to be decided, or recorded when it was sold already.
func (l *Ledger) orderAccount(p *Purchase, sold bool) (*Account, *Purchase, *Fault) {
	a, f := l.account(p.Account)
	if f != nil {
		return nil, nil, f
	}
	if f := checkCurrency(a, string(p.Currency)); f != nil {
		return nil, nil, f
	}
	if f := l.speaks(l.req.Caller, p.Carrier); f != nil {
		return nil, nil, f
	}
	if f := l.orderFree(a, p.Order); f != nil {
		return nil, nil, f
	}
	p, f = l.ordered(p, sold)
	return a, p, f
}

// orderFree says what stands against using an order id for an account: nothing, or a fault.
func (l *Ledger) orderFree(a *Account, order OrderID) *Fault {
	o, known := l.book.Order(l.req.Caller, order)
	switch {
	case !known:
		return nil
	case o.Account != a.ID:
		return fault(FailedPrecondition, "ORDER_OF_ANOTHER_ACCOUNT", "order_id %q was used for another account", order).on("order_id")
	case o.Reversed:
		return fault(FailedPrecondition, "ORDER_REVERSED", "order %q has been reversed", order).on("order_id")
	case o.N == 0:
		return nil // claimed for this account
	}
	if first := l.authorization(a, o.N); first.takesOrder(l.now, l.termsOf(a.Billing.Terms)) {
		id := AuthorizationID{a.ID, o.N}
		return fault(Exists, "ORDER_EXISTS", "order %q has authorization %s, which is %s", order, id, first.State).on("order_id").named(id.String())
	}
	return nil
}

// authorization finds an authorization that must be there, open or ended.
func (l *Ledger) authorization(a *Account, n uint32) *Authorization {
	if h := a.hold(n); h != nil {
		return h
	}
	id := AuthorizationID{a.ID, n}
	ended := l.book.Ended(id)
	if ended == nil {
		if l.book.Err() != nil {
			return &Authorization{N: n, Scene: TopUp} // a stand-in: whatever is made of it, Err says that it is worthless
		}
		panic(fmt.Sprintf("ledger: authorization %s is gone", id))
	}
	return ended
}

// lifetime is how long the hold of a purchase is to last. Without the account it is a fault of the request that is found first.
func (l *Ledger) lifetime(asked time.Duration, p *Purchase) (time.Duration, *Fault) {
	t := &l.terms.Authorizations
	if a := l.book.Account(p.Account); a != nil {
		t = &l.termsOf(a.Billing.Terms).Authorizations
	}
	if asked == 0 {
		return l.holdLifetime(t, p.Carrier, p.Scene), nil
	}
	if asked < t.ShortestLifetime || asked > t.LongestLifetime {
		return 0, fault(Invalid, "HOLD_LIFETIME_OUT_OF_RANGE", "hold_lifetime %v is not within %v and %v",
			asked, t.ShortestLifetime, t.LongestLifetime).on("hold_lifetime")
	}
	return asked, nil
}

func (l *Ledger) authorize(c *Authorize) Outcome {
	lifetime, f := l.lifetime(c.Lifetime, &c.Purchase)
	if f != nil {
		return refused(f)
	}
	a, q, f := l.orderAccount(&c.Purchase, false)
	if f == nil {
		f = l.sells(q)
	}
	if f != nil {
		return refused(f)
	}
	points, f := l.redemption(a, q)
	if f != nil {
		return refused(f)
	}
	approved, reasons := l.judge(a, question{Purchase: q, orders: 1, holds: 1, points: points})
	d := l.decided(a, q, reasons, points)
	if reasons != 0 {
		d.Kind, d.Reasons = OrderDeclined, reasons
	} else {
		d.Kind, d.Amount, d.Expires = OrderAuthorized, approved, l.now.Add(lifetime)
		if points.Points != 0 {
			p := l.purse(a, nil)
			p.hold(points.used(approved, q.Amount))
			d.Points = p.ofOrder()
		}
	}
	return l.order(a, d)
}

// order posts a decision, and flags an order that was approved when the risk policy wants a person to look at it.
func (l *Ledger) order(a *Account, d *OrderDecided) Outcome {
	approved, id, v := d.Kind != OrderDeclined, d.ID(), d.Verdict
	out := l.post(d)
	if approved {
		l.flag(a, id, v)
	}
	return out
}

func (l *Ledger) charge(c *Charge) Outcome {
	a, q, f := l.orderAccount(&c.Purchase, false)
	if f == nil {
		f = l.sells(q)
	}
	if f != nil {
		return refused(f)
	}
	points, f := l.redemption(a, q)
	if f != nil {
		return refused(f)
	}
	approved, reasons := l.judge(a, question{Purchase: q, orders: 1, points: points})
	d := l.decided(a, q, reasons, points)
	if reasons != 0 {
		d.Kind, d.Reasons = OrderDeclined, reasons
	} else {
		d.Kind, d.Amount, d.Reference = OrderCharged, approved, c.Reference
		l.sold(a, d, points.used(approved, q.Amount))
		d.activate(q, l.today)
		l.clearOrder(d, l.now)
	}
	return l.order(a, d)
}

func (l *Ledger) advise(c *Advise) Outcome {
	if c.SaleTime > l.now {
		return refused(fault(Invalid, "SALE_IN_FUTURE", "sale_time %s is in the future",
			c.SaleTime.Time().Format(time.RFC3339)).on("sale_time"))
	}
	a, q, f := l.orderAccount(&c.Purchase, true)
	if f != nil {
		return refused(f)
	}
	points := l.advisedPart(a, q)
	_, reasons := l.judge(a, question{Purchase: q, orders: 1, points: points})
	d := l.decided(a, q, reasons, points)
	d.Kind, d.Reasons, d.Amount, d.SaleTime, d.Reference = OrderAdvised, reasons, q.Amount, c.SaleTime, c.Reference
	l.sold(a, d, points)
	d.activate(q, l.zone.DateAt(c.SaleTime))
	l.clearOrder(d, c.SaleTime)
	return l.order(a, d)
}

// sold fills in what an order does that is captured at once, of which points pay a part.
func (l *Ledger) sold(a *Account, d *OrderDecided, points PointsPart) {
	if l.pointed(a, nil) || points.Points != 0 {
		p := l.purse(a, nil)
		p.charge(points)
		p.earn(terms.EarnedOnCapture, d.Amount-p.Paid)
		d.Points = p.ofOrder()
	}
	d.Intake = l.intake(a, d.N, d.Scene, d.Carrier, d.Plan, d.Amount, d.Points)
}

// pointed says whether a capture does anything to points.
func (l *Ledger) pointed(a *Account, h *Authorization) bool {
	return h != nil && h.Points != nil || l.termsOf(a.Billing.Terms).Points.EarnedOn == terms.EarnedOnCapture
}

// decided is a decision on a purchase that has so much against it, its kind and amount still to be filled in.
func (l *Ledger) decided(a *Account, p *Purchase, reasons Reasons, points PointsPart) *OrderDecided {
	t := l.termsOf(a.Billing.Terms)
	l.decision = OrderDecided{
		HoldRef: HoldRef{Account: a.ID, N: a.LastN + 1, Scene: p.Scene, Carrier: p.Carrier, Currency: p.Currency, Order: p.Order},
		Phone:   p.Phone, Requested: p.Amount, Day: l.today, Product: p.Product, Terms: t.Version,
	}
	l.decision.Bill, l.decision.Mandate, l.decision.Settings = p.Bill, p.Mandate, l.carrierVersion(p.Carrier)
	l.decision.Verdict, l.decision.Shadow = l.verdict, l.shadowed
	if p.offer != nil {
		l.decision.Plan, l.decision.Bundle = p.offer.Plan, p.offer.order()
	} else if p.Plan.Months != 0 {
		o, ok := t.Offer(p.Plan.Method, p.Plan.Months)
		if reasons != 0 { // judge may not have asked
			_, ok = t.Offered(p.Plan.Method, p.Plan.Months, p.Amount-points.Worth)
		}
		if ok {
			l.decision.Plan = o.Offer
		}
	}
	return &l.decision
}

// check is judge without consequences: not even holds that have run out are released for good.
func (l *Ledger) check(c *Check) Outcome {
	a := l.view(c.Account)
	if a == nil {
		return refused(accountNotFound(c.Account))
	}
	if f := checkCurrency(a, string(c.Currency)); f != nil {
		return refused(f)
	}
	f := l.speaks(c.Caller, c.Carrier)
	if f != nil {
		return refused(f)
	}
	q, f := l.ordered(&c.Purchase, false)
	if f == nil {
		f = l.sells(q)
	}
	if f != nil {
		return refused(f)
	}
	points, f := l.redemption(a, q)
	if f != nil {
		return refused(f)
	}
	out := Outcome{Decision: Approve, Currency: a.Currency, Headroom: a.Headroom(c.Scene, l.today)}
	out.Amount, out.Reasons = l.judge(a, question{Purchase: q, orders: 1, holds: 1, points: points})
	out.Redeems = points.used(out.Amount, q.Amount)
	out.Verdict = l.verdict
	if out.Reasons != 0 {
		out.Decision = Decline
	}
	return out
}

// reverse undoes an order whatever its state.
func (l *Ledger) reverse(c *Reverse) Outcome {
	a, f := l.account(c.Account)
	if f != nil {
		return refused(f)
	}
	o, known := l.book.Order(c.Caller, c.Order)
	if known && o.Account != a.ID {
		return refused(fault(FailedPrecondition, "ORDER_OF_ANOTHER_ACCOUNT", "order_id %q was used for another account", c.Order).on("order_id", "account_id"))
	}
	d := &OrderReversed{HoldRef: HoldRef{Account: a.ID, Order: c.Order, Currency: a.Currency}}
	if known && o.N != 0 {
		h := l.authorization(a, o.N)
		if f := l.speaks(c.Caller, h.Carrier); f != nil {
			return refused(f)
		}
		d.HoldRef, d.Reference = a.ref(h), h.Reference
		d.Released, d.Refunded = h.Held, h.refundable()
		d.Booking, d.Points = l.undone(a, h, d.Released, d.Refunded)
		d.Clearing = l.clearReversal(h, d.Refunded)
	}
	return l.post(d)
}

// claimOrder takes an order id for an account of another shard, once and for all.
func (l *Ledger) claimOrder(c *ClaimOrder) Outcome {
	o, known := l.book.Order(c.Caller, c.Order)
	if known {
		if o.Account != c.Account {
			return refused(fault(FailedPrecondition, "ORDER_OF_ANOTHER_ACCOUNT", "order_id %q was used for another account", c.Order).on("order_id"))
		}
		return Outcome{}
	}
	return l.post(&OrderClaimed{Caller: c.Caller, Order: c.Order, Account: c.Account})
}
