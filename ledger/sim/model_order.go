package sim

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// orderCall predicts the calls that decide on an order.
func (q *asking) orderCall(c ledger.Command) (p Prediction, happen func(), mine bool) {
	switch c := c.(type) {
	case *ledger.Check:
		p, happen = q.check(c)
	case *ledger.Authorize:
		p, happen = q.authorize(c)
	case *ledger.Charge:
		p, happen = q.charge(c)
	case *ledger.Advise:
		p, happen = q.advise(c)
	case *ledger.Reverse:
		p, happen = q.reverse(c)
	case *ledger.ClaimOrder:
		p, happen = q.claim(c)
	default:
		return p, nil, false
	}
	return p, happen, true
}

// wish is an amount that somebody wants on a line.
type wish struct {
	scene   ledger.Scene
	carrier ledger.CarrierID
	phone   ledger.PhoneToken
	bill    ledger.BillID
	amount  money.Amount
	already money.Amount // of the same order
	orders  int32
	holds   bool // whether it would make a hold
	plan    ledger.PlanChoice
	asked   money.Amount // what the plan is to be for
}

func wished(p *ledger.Purchase, holds bool) wish {
	return wish{
		scene: p.Scene, carrier: p.Carrier, phone: p.Phone, bill: p.Bill, amount: p.Amount, orders: 1, holds: holds, plan: p.Plan, asked: p.Amount,
	}
}

// against is all that stands against a wish, in order of precedence.
func (q *asking) against(a *customer, w wish) (reasons []ledger.Reason) {
	l := &a.lines[w.scene-1]
	c := &l.controls
	when := func(stands bool, r ledger.Reason) {
		if stands {
			reasons = append(reasons, r)
		}
	}
	open := l.status == ledger.LineOpen
	when(a.status() == ledger.AccountClosed, ledger.AccountNotActive)
	when(a.status() == ledger.AccountFrozen, ledger.AccountIsFrozen)
	when(a.life.Stopped(), ledger.AccountDelinquent)
	when(!open, ledger.LineNotOpen)
	when(open && l.accepted != l.agreement, ledger.AgreementNotAccepted)
	when(q.suspensions[ledger.Scope{}] || q.suspensions[ledger.Scope{Scene: w.scene}], ledger.SceneSuspended)
	when(q.suspensions[ledger.Scope{Carrier: w.carrier}], ledger.CarrierSuspended)
	when(len(c.Carriers) > 0 && !slices.Contains(c.Carriers, w.carrier), ledger.CarrierNotAllowed)
	when(len(c.Phones) > 0 && !slices.Contains(c.Phones, w.phone), ledger.PhoneNotAllowed)
	if open {
		day, orders := a.use(w.scene, q.zone, q.now, onDay(q.today))
		month, monthOrders := a.use(w.scene, q.zone, q.now, inMonth(q.today))
		when(c.PerOrder > 0 && w.already+w.amount > c.PerOrder, ledger.PerOrderLimit)
		when(c.DailyAmount > 0 && day+w.amount > c.DailyAmount, ledger.DailyAmountLimit)
		when(c.DailyCount > 0 && orders+w.orders > c.DailyCount, ledger.DailyCountLimit)
		when(c.MonthlyAmount > 0 && month+w.amount > c.MonthlyAmount, ledger.MonthlyAmountLimit)
		when(c.MonthlyCount > 0 && monthOrders+w.orders > c.MonthlyCount, ledger.MonthlyCountLimit)
	}
	when(w.holds && (a.holds(ledger.NoScene, q.now) >= q.terms.Authorizations.MostOpenHolds ||
		c.MaxHolds > 0 && a.holds(w.scene, q.now) >= int(c.MaxHolds)), ledger.TooManyHolds)
	if open {
		h := a.headroom(w.scene, q.now, q.today)
		when(h.Held+h.Posted+w.amount > h.Limit, ledger.LineLimit)
		when(h.AccountHeld+h.AccountPosted+w.amount > h.AccountLimit, ledger.AccountLimit)
	}
	_, offered := offered(q.terms, w.plan, w.asked)
	when(open && w.plan.Months > 0 && !offered, ledger.PlanNotOffered)
	when(open && q.Guarded && a.guarded(q.now, w.phone, w.already+w.amount), ledger.RiskPolicy)
	when(open && w.bill != "" && a.paying(w.carrier, w.bill, q.now), ledger.BillAlreadyPaid)
	return reasons
}

// paying says whether an order of the customer pays a bill, or is about to.
func (a *customer) paying(carrier ledger.CarrierID, bill ledger.BillID, now calendar.Instant) bool {
	return slices.ContainsFunc(a.stories, func(s *story) bool {
		t := s.at(now)
		return s.carrier == carrier && s.bill == bill && (t.held > 0 || t.captured > t.refunded)
	})
}

// approve is the largest amount, not below the least that will do, that nothing stands against: found by trying.
func (q *asking) approve(a *customer, p *ledger.Purchase, holds bool) (money.Amount, []ledger.Reason) {
	w := wished(p, holds)
	reasons := q.against(a, w)
	if len(reasons) == 0 || !p.Partial {
		return p.Amount, reasons
	}
	offer, _ := offered(q.terms, p.Plan, p.Amount)
	low, high := max(p.Minimum, 1, offer.SmallestPrincipal), p.Amount // what stands against an amount stands against a larger one
	for low < high {
		w.amount = low + (high-low+1)/2
		if len(q.against(a, w)) == 0 {
			low = w.amount
		} else {
			high = w.amount - 1
		}
	}
	if w.amount = low; low <= p.Amount && len(q.against(a, w)) == 0 {
		return low, nil
	}
	return 0, reasons
}

func (q *asking) check(c *ledger.Check) (Prediction, func()) {
	a := q.find(c.Account)
	if fault := cmp.Or(fitting(a, c.Currency), q.unsold(&c.Purchase)); fault != "" {
		return refuse(fault)
	}
	amount, reasons := q.approve(a, &c.Purchase, true)
	p := Prediction{Decision: ledger.Approve, Reasons: reasons, Approves: amount, Headroom: a.headroom(c.Scene, q.now, q.today)}
	if len(reasons) > 0 {
		p.Decision, p.Approves = ledger.Decline, 0
	}
	return p, nil
}

func fitting(a *customer, currency money.Currency) string {
	switch {
	case a == nil:
		return "ACCOUNT_NOT_FOUND"
	case a.currency != currency:
		return "CURRENCY_MISMATCH"
	}
	return ""
}

// acceptable finds the account of an order that may be decided on.
func (q *asking) acceptable(caller ledger.Caller, p *ledger.Purchase) (*customer, string) {
	a := q.find(p.Account)
	if fault := fitting(a, p.Currency); fault != "" {
		return nil, fault
	}
	switch o := q.orders[orderKey{caller, p.Order}]; {
	case o == nil:
	case o.account != a.id:
		return nil, "ORDER_OF_ANOTHER_ACCOUNT"
	case o.reversed:
		return nil, "ORDER_REVERSED"
	case o.latest != nil:
		if t := o.latest.at(q.now); t.takes(q.now, q.terms.Authorizations.LateCapture) {
			return nil, "ORDER_EXISTS"
		}
	}
	return a, ""
}

func (q *asking) authorize(c *ledger.Authorize) (Prediction, func()) {
	lifetime := c.Lifetime
	switch {
	case lifetime == 0:
		lifetime = q.terms.Authorizations.HoldLifetime[c.Scene-1]
	case lifetime < q.terms.Authorizations.ShortestLifetime || lifetime > q.terms.Authorizations.LongestLifetime:
		return refuse("HOLD_LIFETIME_OUT_OF_RANGE")
	}
	a, fault := q.acceptable(c.Caller, &c.Purchase)
	if fault = cmp.Or(fault, q.unsold(&c.Purchase)); fault != "" {
		return refuse(fault)
	}
	amount, reasons := q.approve(a, &c.Purchase, true)
	return q.decided(a, c.Caller, &c.Purchase, reasons, event{what: held, amount: amount, until: q.now.Add(lifetime)})
}

func (q *asking) charge(c *ledger.Charge) (Prediction, func()) {
	a, fault := q.acceptable(c.Caller, &c.Purchase)
	if fault = cmp.Or(fault, q.unsold(&c.Purchase)); fault != "" {
		return refuse(fault)
	}
	amount, reasons := q.approve(a, &c.Purchase, false)
	return q.decided(a, c.Caller, &c.Purchase, reasons, event{what: sold, amount: amount, reference: c.Reference})
}

func (q *asking) advise(c *ledger.Advise) (Prediction, func()) {
	if c.SaleTime > q.now {
		return refuse("SALE_IN_FUTURE")
	}
	a, fault := q.acceptable(c.Caller, &c.Purchase)
	if fault != "" {
		return refuse(fault)
	}
	reasons := q.against(a, wished(&c.Purchase, false))
	p, happen := q.decided(a, c.Caller, &c.Purchase, nil, event{what: sold, amount: c.Amount, saleTime: c.SaleTime, reference: c.Reference})
	p.Reasons, p.Exceeded = reasons, len(reasons) > 0
	return p, happen
}

// decided begins the story of an order; with reasons against it, it is the story of a decline.
func (q *asking) decided(a *customer, caller ledger.Caller, p *ledger.Purchase, reasons []ledger.Reason, e event) (Prediction, func()) {
	s := &story{
		id: ledger.AuthorizationID{Account: a.id, N: uint32(len(a.stories) + 1)}, scene: p.Scene, caller: caller,
		order: p.Order, carrier: p.Carrier, phone: p.Phone, bill: p.Bill, reasons: reasons, created: q.now,
	}
	if offer, ok := offered(q.terms, p.Plan, p.Amount); ok {
		s.plan = offer.Offer
	}
	e.at, e.day, e.asked = q.now, q.today, p.Amount
	s.product, s.settings, e.cleared = p.Product, q.settings(p.Carrier), q.businessDay(p.Carrier, q.now)
	if e.saleTime != 0 {
		e.cleared = q.businessDay(p.Carrier, e.saleTime)
	}
	if len(reasons) > 0 {
		e.what, e.amount, e.until, e.reference = declined, 0, 0, ""
	}
	happen := func() {
		e.place = q.place()
		s.events = append(s.events, e)
		a.stories = append(a.stories, s)
		q.orders[orderKey{caller, p.Order}] = &order{account: a.id, latest: s}
		if e.what == sold {
			a.life.Capture(s.id.N, s.scene, e.amount, s.plan)
		}
	}
	out := q.after(a, p.Scene, happen, func() {
		a.stories = a.stories[:len(a.stories)-1]
		s.events = nil
	}, s)
	out.Decision, out.Reasons = ledger.Approve, reasons
	if len(reasons) > 0 {
		out.Decision = ledger.Decline
	}
	if e.what == sold {
		out.Part = 1
	}
	strict := a.lines[p.Scene-1].status != ledger.LineOpen || a.guarded(q.now, p.Phone, p.Amount) // or not asked
	return out, func() {
		if happen(); len(reasons) == 0 {
			q.flag(a, s, strict)
		}
	}
}

// after is what is told of an authorization once something has happened, which is undone again. The order it is for
// is put back too.
func (q *asking) after(a *customer, scene ledger.Scene, happen, undo func(), s *story) Prediction {
	key := orderKey{s.caller, s.order}
	before, known := q.orders[key]
	life := a.life
	a.life = life.Clone()
	happen()
	p := q.told(s)
	p.Headroom = a.headroom(scene, q.now, q.today)
	undo()
	a.life = life
	if delete(q.orders, key); known {
		q.orders[key] = before
	}
	return p
}

func (q *asking) reverse(c *ledger.Reverse) (Prediction, func()) {
	a := q.find(c.Account)
	if a == nil {
		return refuse("ACCOUNT_NOT_FOUND")
	}
	key := orderKey{c.Caller, c.Order}
	o := q.orders[key]
	if o != nil && o.account != a.id {
		return refuse("ORDER_OF_ANOTHER_ACCOUNT")
	}
	if o == nil || o.latest == nil {
		return Prediction{Tombstone: true}, func() { q.orders[key] = &order{account: a.id, reversed: true} }
	}
	s, t := o.latest, o.latest.at(q.now)
	p := q.done(a, s, event{what: reversed})
	p.Decision, p.GivenBack, p.PaidBack = ledger.NoDecision, t.held, t.captured-t.refunded
	return p, func() {
		q.do(s, event{what: reversed})
		q.orders[key] = &order{account: a.id, latest: s, reversed: true}
	}
}

func (q *asking) claim(c *ledger.ClaimOrder) (Prediction, func()) {
	key := orderKey{c.Caller, c.Order}
	switch o := q.orders[key]; {
	case o == nil:
		return Prediction{}, func() { q.orders[key] = &order{account: c.Account} }
	case o.account != c.Account:
		return refuse("ORDER_OF_ANOTHER_ACCOUNT")
	}
	return Prediction{}, nil
}

// do writes an event into a story, and into the life of the account.
func (q *asking) do(s *story, e event) {
	e.at, e.day, e.cleared, e.place = q.now, q.today, q.businessDay(s.carrier, q.now), q.place()
	t, life := s.at(q.now), q.Model.find(s.id.Account).life
	s.events = append(s.events, e)
	switch left := t.captured - t.refunded; {
	case e.what == captured:
		life.Capture(s.id.N, s.scene, e.amount, s.plan)
	case e.what == refunded:
		life.Refund(s.id.N, s.scene, e.amount)
	case e.what == reversed && left > 0:
		life.Refund(s.id.N, s.scene, left)
	}
}

// done is what is told of an authorization once an event has happened to it.
func (q *asking) done(a *customer, s *story, e event) Prediction {
	p := q.after(a, s.scene, func() { q.do(s, e) }, func() { s.events = s.events[:len(s.events)-1] }, s)
	p.Decision = ledger.Approve
	return p
}
