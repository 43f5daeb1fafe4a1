package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// closeWindow makes a statement of the window that is open, and a debt of what is to be paid of it.
func (l *Ledger) closeWindow(a *Account) *desk {
	c := a.Billing.Open
	d := l.desk(a, WindowClosed, c.Closes+1)
	s := &Statement{
		N: d.Statements + 1, Window: c.Window, Terms: c.Terms, Closed: l.now, Opening: c.Opening,
		FirstN: c.FirstN, LastN: a.LastN, FirstItem: c.FirstItem, LastItem: d.Items, Previous: d.LastStatement,
	}
	for i := range d.Debts {
		x := &d.Debts[i]
		x.reckon(c.Closes)
		if interest, penalty := d.charge(x); interest != 0 || penalty != 0 {
			s.Charges = append(s.Charges, StatementCharge{Opens: x.Opens, Interest: interest, Penalty: penalty, Terms: x.Terms})
		}
	}
	for i := range d.Debts {
		s.Earlier += d.Debts[i].Total()
	}
	d.Debts = append(d.Debts, Debt{Window: c.Window, First: c.Due, Terms: c.Terms, Through: c.Due, Summed: c.Due})
	x := &d.Debts[len(d.Debts)-1]
	x.Principal, x.Fee = c.Purchases, c.Fee
	d.Open.Purchases, d.Open.Fee = [Scenes]money.Amount{}, 0
	purchases := x.AllPrincipal()
	for i := range d.Plans {
		s.Charges = append(s.Charges, d.bill(&d.Plans[i], x)...)
	}
	s.Bill, x.Billed = x.Owed, x.AllPrincipal()
	least := d.l.termsOf(x.Terms).MinimumDue.Rate
	if least > 0 {
		x.Minimum = purchases.Share(int64(least)) + x.Total() - purchases
	}
	if d.Credit > 0 {
		d.settle(x, d.Credit, &payer{against: BookCredit, day: c.Closes})
	}
	s.Credit, s.Closing, s.Flows = d.Credit, d.Balance(), d.Open.Flows
	if s.Minimum = s.Total(); least > 0 {
		s.Minimum = min(s.Total(), s.Earlier+x.LeastDue())
	}
	for i := range d.Plans {
		for _, p := range d.Plans[i].Principal {
			s.Unbilled += p
		}
	}
	d.booking.Opens, d.booking.Amount, d.booking.Statement = c.Opens, s.Total(), s
	d.Statements, d.LastStatement = s.N, c.Opens
	d.nextWindow()
	return d
}

// windowClosed is the closing of the window as a fact. The statement has what happened to points since the one before.
func (l *Ledger) windowClosed(a *Account) *Booked {
	f := l.closeWindow(a).fact()
	if a.Wallet != nil {
		f.Booking.Statement.Points = a.Wallet.stated()
		p := l.purse(a, nil)
		p.After.Stated = a.Wallet.Ever
		f.Points = p.finish()
	}
	return f
}

// nextWindow opens the window after the one that closed, when there is anything that may be billed in it.
func (d *desk) nextWindow() {
	closed := d.Open.Closes
	d.Contracts = slices.DeleteFunc(d.Contracts, func(c Contract) bool { return c.Until <= closed })
	d.dropSettled()
	for i := 0; i < len(d.Plans); i++ {
		if len(d.Plans[i].Plan.Unbilled()) == 0 {
			d.Plans = append(d.Plans[:i], d.Plans[i+1:]...)
			i--
		}
	}
	d.Open = Cycle{}
	if d.idle() {
		if d.NextDay != 0 && closed+1 >= d.NextFrom {
			d.Day, d.DayFrom, d.NextDay, d.NextFrom = d.NextDay, d.NextFrom, 0, 0
		}
		return
	}
	d.openWindow(d.windowAt(closed+1, d.terms()), d.account.LastN)
}

// bill bills the next installment of a plan into a debt.
func (d *desk) bill(p *Plan, x *Debt) []StatementCharge {
	after, i, err := p.Plan.Bill()
	if err != nil {
		return nil // nothing is to come
	}
	p.Plan = after
	left := i.Principal
	for s := TopUp; s.Valid(); s++ {
		part := min(left, p.Principal[s-1])
		p.Principal[s-1] -= part
		x.Principal[s-1] += part
		left -= part
	}
	d.Open.Flows.Installments += i.Principal
	d.move(Move{Opens: x.Opens, Part: FeePart, Amount: i.Fee, Against: BookIncome})
	d.move(Move{Opens: x.Opens, Part: InterestPart, Amount: i.Interest, Against: BookIncome})
	d.move(Move{Part: SubsidyPart, Amount: i.Subsidy, Against: BookIncome, Carrier: p.Carrier})
	d.cost(p, i)
	charge := StatementCharge{
		Opens: x.Opens, Plan: p.N, Number: int32(i.Number), Of: int32(len(after.Schedule)),
		Principal: i.Principal, Fee: i.Fee, Interest: i.Interest, Subsidy: i.Subsidy,
		Terms: p.Terms, Agreed: p.Agreed(),
	}
	for _, part := range p.Principal {
		charge.Outstanding += part
	}
	return []StatementCharge{charge}
}

// intake is what a capture of an authorization does to what is owed. What points pay of it is not lent, and payable to the carrier
// all the same.
func (l *Ledger) intake(a *Account, n uint32, scene Scene, carrier CarrierID, o plan.Offer, amount money.Amount, points *PointsBooking) Intake {
	b := &a.Billing
	if b.Credit != 0 || o.Months != 0 || points != nil {
		d := l.desk(a, PurchasePosted, l.today).opened()
		d.purchase(n, scene, carrier, o, amount-points.pays())
		d.move(Move{Part: PointsCostPart, Amount: points.pays(), Against: BookPayable, Carrier: carrier})
		if d.booking.Amount = amount; points != nil && points.Flows != (PointsFlows{}) && d.booking.Item == 0 {
			d.numbered()
		}
		return Intake{Booking: d.finish()}
	}
	if b.Open.IsOpen() {
		return Intake{}
	}
	w := b.windowAt(l.today, l.termsOf(b.Terms))
	closes := l.zone.Start(w.Closes + 1)
	if b.Agenda != 0 {
		closes = min(closes, b.Agenda)
	}
	return Intake{Window: w, Terms: b.Terms, Agenda: closes}
}

// purchase books a capture: the credit balance pays what it can, the rest is billed with the open window, or planned.
func (d *desk) purchase(n uint32, scene Scene, carrier CarrierID, o plan.Offer, amount money.Amount) {
	d.Open.FirstN = min(d.Open.FirstN, n)
	whole := amount
	if o.Months != 0 {
		whole = min(amount, d.Credit)
	}
	d.move(Move{Opens: d.Open.Opens, Part: PrincipalPart, Scene: scene, Amount: whole, Against: BookPayable, Carrier: carrier})
	d.move(Move{Opens: d.Open.Opens, Part: PrincipalPart, Scene: scene, Amount: -min(whole, d.Credit), Against: BookCredit})
	if planned := amount - whole; planned > 0 {
		// It may be less than the order was decided for, and is not refused: where that is above the cap, it costs less.
		p := d.planned(d.terms().Lowered(o, planned), planned)
		p.Authorization, p.Carrier = n, carrier
		d.move(Move{Plan: p.N, Part: PrincipalPart, Scene: scene, Amount: planned, Against: BookPayable, Carrier: carrier})
		d.numbered()
	}
}

// planned adds a plan, whose principal is still to be put.
func (d *desk) planned(o plan.Offer, principal money.Amount) *Plan {
	made, err := plan.New(o, principal)
	if err != nil {
		panic("ledger: an offer of the terms makes no plan: " + err.Error())
	}
	d.LastPlan++
	d.Plans = append(d.Plans, Plan{N: d.LastPlan, Plan: made, Terms: d.Terms, Started: d.booking.Day})
	d.booking.Plan = d.LastPlan
	return &d.Plans[len(d.Plans)-1]
}

// refunded books an amount of captures given back: off what is not billed yet, then off the debts of the windows in which it was
// captured, newest first; the rest is a payment. What comes back as points is none of that.
func (l *Ledger) refunded(a *Account, h *Authorization, amount, asPoints money.Amount) *Booking {
	d := l.desk(a, PurchaseRefunded, l.today).opened()
	d.booking.Amount = amount
	d.numbered()
	d.move(Move{Part: PointsCostPart, Amount: -asPoints, Against: BookPayable, Carrier: h.Carrier})
	left := amount - asPoints
	give := func(m Move, most money.Amount) money.Amount {
		m.Amount, m.Part, m.Scene, m.Against, m.Carrier = -min(left, most), PrincipalPart, h.Scene, BookPayable, h.Carrier
		d.move(m)
		left += m.Amount
		return m.Amount
	}
	planned := h.Plan.Months != 0
	for i := len(d.Plans) - 1; i >= 0 && planned; i-- {
		p := &d.Plans[i]
		unbilled := p.Principal[h.Scene-1]
		if p.Authorization != h.N || left == 0 || unbilled == 0 {
			continue
		}
		after, _, err := p.Plan.Refund(min(left, unbilled))
		if err != nil {
			panic("ledger: a plan's principal to come cannot be refunded: " + err.Error())
		}
		p.Plan = after
		d.booking.Plan = p.N
		give(Move{Plan: p.N}, unbilled)
	}
	in := func(w calendar.Window) (sum money.Amount) {
		for _, c := range h.Captures {
			if w.Contains(l.zone.DateAt(c.Time)) {
				sum += c.Amount
			}
		}
		return sum
	}
	of := func(w calendar.Window, most money.Amount) money.Amount {
		switch {
		case !planned:
			return min(most, in(w))
		case w.Closes >= l.zone.DateAt(h.Captures[0].Time):
			return most // an installment may have been billed with it
		}
		return 0
	}
	if !planned {
		give(Move{Opens: d.Open.Opens}, of(d.Open.Window, d.Open.Purchases[h.Scene-1]))
	}
	for i := len(d.Debts) - 1; i >= 0 && left > 0; i-- {
		x := &d.Debts[i]
		most := of(x.Window, x.Principal[h.Scene-1])
		if most == 0 {
			continue
		}
		x.reckon(l.today)
		d.charge(x)
		if l.today <= x.First {
			x.InTime += min(left, most)
		}
		d.change(x, give(Move{Opens: x.Opens}, most), l.today)
	}
	if left > 0 {
		d.pay(left, payer{against: BookPayable, carrier: h.Carrier, day: l.today})
	}
	return d.finish()
}
