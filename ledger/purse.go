package ledger

import (
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// purse is where a points booking is made: on copies of the wallet and of what points pay of an order.
//
// What of an order is captured, released and refunded in parts is as if the order had been smaller: it takes the lots that
// expire first, and gives back those that expire last.
type purse struct {
	PointsBooking
	order Redemption
	about bool // the order has anything to do with points
	zone  calendar.Zone
	today calendar.Date
	terms *terms.Terms
}

// purse begins a points booking, about an authorization or, when that is nil, about none yet.
func (l *Ledger) purse(a *Account, h *Authorization) *purse {
	p := &purse{zone: l.zone, today: l.today, terms: l.termsOf(a.Billing.Terms)}
	p.After = a.Points()
	if h != nil && h.Points != nil {
		p.order, p.about = *h.Points, true
	}
	return p
}

// done is the booking; nil when nothing has happened.
func (p *purse) done() *PointsBooking {
	if p.PointsChange == (PointsChange{}) {
		return nil
	}
	return p.finish()
}

func (p *purse) finish() *PointsBooking {
	w := &p.After
	w.Ever, w.Held = w.Ever.plus(p.Flows), w.Held+p.Held
	if w.Due = 0; len(w.Lots) > 0 {
		w.Due = p.zone.Start(w.Lots[0].Expires + 1)
	}
	p.Balance = w.Balance()
	return &p.PointsBooking
}

// ofOrder is done for what is about an order.
func (p *purse) ofOrder() *PointsBooking {
	b := p.done()
	if b != nil && p.about {
		b.Order = &p.order
	}
	return b
}

// put puts points into the wallet. They make up for what is owed first.
func (p *purse) put(lot Lot) {
	w := &p.After
	owed := min(lot.Points, w.Short)
	w.Short -= owed
	lot.Points -= owed
	w.Lots = w.Lots.plus(lot)
}

// putBack puts points back that were taken out before. Those whose last day is over get days of grace.
func (p *purse) putBack(lots Lots) {
	for _, lot := range lots {
		if lot.Expires < p.today {
			lot.Expires = p.today.AddDays(p.terms.Points.GraceDays)
		}
		p.put(lot)
	}
}

// take takes points out that can be spent.
func (p *purse) take(points Points) (lots Lots) {
	lots, p.After.Lots = p.After.Lots.soonest(points)
	return lots
}

// grant adds points that a partner gives.
func (p *purse) grant(lot Lot) {
	p.Flows.Granted, p.Expires = lot.Points, lot.Expires
	p.put(lot)
}

// hold takes points out for what an order holds.
func (p *purse) hold(part PointsPart) {
	p.order.Decided, p.order.Held, p.order.HeldLots = part, part, p.take(part.Points)
	p.Held, p.Pledged, p.about = part.Points, part.Worth, true
}

// charge pays a part of an order that is captured at once.
func (p *purse) charge(part PointsPart) {
	p.order.Decided, p.order.Redeemed, p.order.Spent = part, part, p.take(part.Points)
	p.Flows.Redeemed, p.Paid, p.about = part.Points, part.Worth, true
}

// capture pays a part of what was held, of an amount of it.
func (p *purse) capture(of, held money.Amount) {
	part := p.order.Held.used(of, held)
	var spent Lots
	spent, p.order.HeldLots = p.order.HeldLots.soonest(part.Points)
	for _, lot := range spent {
		p.order.Spent = p.order.Spent.plus(lot)
	}
	p.order.Held, p.order.Redeemed = p.order.Held.minus(part), p.order.Redeemed.plus(part)
	p.Held -= part.Points
	p.Pledged -= part.Worth
	p.Flows.Redeemed += part.Points
	p.Paid += part.Worth
}

// release gives back what was held for an amount that is released.
func (p *purse) release(of, held money.Amount) {
	part := p.order.Held.returned(of, held)
	var back Lots
	back, p.order.HeldLots = p.order.HeldLots.latest(part.Points)
	p.order.Held = p.order.Held.minus(part)
	p.Held -= part.Points
	p.Pledged -= part.Worth
	p.putBack(back)
}

// refund gives back what points paid of an amount that is refunded, and takes back what was earned with the rest of it. The
// authorization is as it was before.
func (p *purse) refund(h *Authorization, amount money.Amount) {
	part := p.order.Redeemed.minus(p.order.Restored).returned(amount, h.Captured-h.Refunded)
	var back Lots
	back, p.order.Spent = p.order.Spent.latest(part.Points)
	p.order.Restored = p.order.Restored.plus(part)
	p.Flows.Restored += part.Points
	p.Paid -= part.Worth
	p.putBack(back)
	if financed := h.Financed(); financed > 0 {
		earned := PointsPart{Points: p.order.Earned - p.order.TakenBack}
		back := earned.returned(amount-part.Worth, financed).Points
		p.order.TakenBack += back
		p.takeBack(back)
	}
}

// earn adds points that an amount is rewarded with.
func (p *purse) earn(on terms.EarnedOn, amount money.Amount) {
	lot := Lot{p.terms.Points.Until(p.today), Points(p.terms.Earned(on, amount))}
	if lot.Points == 0 {
		return
	}
	p.Flows.Earned, p.Expires = lot.Points, lot.Expires
	p.put(lot)
	if on == terms.EarnedOnCapture {
		p.order.Earned += lot.Points
		p.about = true
	}
}

// takeBack takes points out that were earned for what has been undone: those that expire last, which are likely to be the same.
// What is not there any more is owed in points.
func (p *purse) takeBack(points Points) {
	w := &p.After
	there := min(points, w.Lots.Sum())
	_, w.Lots = w.Lots.latest(there)
	w.Short += points - there
	p.Flows.TakenBack += points
}

// unearn takes back what was earned by repaying what a refund leaves to the consumer's credit: it is repaid no more.
func (p *purse) unearn(b *Booking) {
	var credit money.Amount
	for i := range b.Moves {
		if m := &b.Moves[i]; m.Part == CreditPart && m.Against == BookPayable {
			credit += m.Amount
		}
	}
	p.unrepay(Points(p.terms.Earned(terms.EarnedOnRepayment, credit)))
}

// unrepay takes back what repayments earned, but no more than was ever earned and not taken back: a refund and a payment that
// bounces may both undo the same.
func (p *purse) unrepay(points Points) {
	ever := p.After.Ever.plus(p.Flows)
	p.takeBack(min(points, max(0, ever.Earned-ever.TakenBack)))
}

// expire lets the first lot expire.
func (p *purse) expire() {
	lot := p.After.Lots[0]
	p.After.Lots = p.After.Lots[1:]
	p.Flows.Expired, p.Expires = lot.Points, lot.Expires
}

// lapse lets all go that can be spent, or is owed.
func (p *purse) lapse() {
	p.Flows.Expired = p.After.Balance()
	p.After.Lots, p.After.Short = nil, 0
}
