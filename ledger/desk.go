package ledger

import (
	"slices"
	"sort"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// desk is where a booking is made: on a copy of what an account owes, with a record of every amount that moves. Nothing
// of the account changes before the booking is folded.
type desk struct {
	*Billing // the copy
	l        *Ledger
	account  *Account
	booking  Booking
}

// desk begins a booking that belongs to a day.
func (l *Ledger) desk(a *Account, kind BookingKind, day calendar.Date) *desk {
	d := &desk{l: l, account: a}
	d.booking.Kind, d.booking.Day = kind, day
	d.booking.After = a.Billing.clone()
	d.Billing = &d.booking.After
	return d
}

// terms are those of the account.
func (d *desk) terms() *terms.Terms { return d.l.termsOf(d.Terms) }

// opened makes sure that there is an open window.
func (d *desk) opened() *desk {
	if !d.Open.IsOpen() {
		d.openWindow(d.windowAt(d.booking.Day, d.terms()), d.account.LastN)
	}
	return d
}

// windowAt is the window that a day is in, as far as statement days say.
func (b *Billing) windowAt(day calendar.Date, t *terms.Terms) calendar.Window {
	c, from := calendar.Cycle{Day: b.Day, DeferralDays: t.Window.DaysUntilDue}, b.DayFrom
	if b.NextDay != 0 && day >= b.NextFrom {
		c.Day, from = b.NextDay, b.NextFrom
	}
	w := c.WindowOf(day)
	if w.Opens < from {
		w = c.Opening(from)
	}
	w.Due = t.Window.Due(w.Due)
	return w
}

// openWindow opens a window. Authorizations after lastN may be captured in it.
func (b *Billing) openWindow(w calendar.Window, lastN uint32) {
	if b.NextDay != 0 && w.Opens >= b.NextFrom {
		b.Day, b.DayFrom, b.NextDay, b.NextFrom = b.NextDay, b.NextFrom, 0, 0
	}
	b.Open = Cycle{Window: w, Terms: b.Terms, Opening: b.Balance(), FirstN: lastN + 1, FirstItem: b.Items + 1}
}

// after is the window after a debt's own.
func (d *desk) after(x *Debt) calendar.Window {
	for i := range d.Debts {
		if next := &d.Debts[i]; next.Opens == x.Closes+1 {
			w := next.Window
			w.Due = next.First
			return w
		}
	}
	if d.Open.IsOpen() && d.Open.Opens == x.Closes+1 {
		return d.Open.Window
	}
	if s := d.l.book.Statement(d.account.ID, x.Closes+1); s != nil {
		return s.Window
	}
	return d.windowAt(x.Closes+1, d.terms())
}

// place is where the part of an amount is: in a debt, the open window or a plan.
func (b *Billing) place(m *Move) *money.Amount {
	if m.Plan != 0 {
		return &b.plan(m.Plan).Principal[m.Scene-1]
	}
	x := b.debt(m.Opens)
	switch {
	case m.Part == CreditPart:
		return &b.Credit
	case m.Part == WrittenOffPart:
		return &b.WrittenOff
	case m.Part == PrincipalPart && x == nil:
		return &b.Open.Purchases[m.Scene-1]
	case m.Part == PrincipalPart:
		return &x.Principal[m.Scene-1]
	case x == nil:
		return &b.Open.Fee
	case m.Part == FeePart:
		return &x.Fee
	case m.Part == InterestPart:
		return &x.Interest
	}
	return &x.Penalty
}

// move moves an amount, which may be 0, and books it.
func (d *desk) move(m Move) {
	if m.Amount == 0 {
		return
	}
	if m.Part != SubsidyPart && m.Part != PointsCostPart { // of which the consumer owes nothing
		*d.place(&m) += m.Amount
		if m.Against == BookCredit {
			d.Credit += m.Amount
		}
		d.flow(&m)
	}
	like := func(o Move) bool {
		o.Amount = m.Amount
		return o == m
	}
	if i := slices.IndexFunc(d.booking.Moves, like); i >= 0 {
		if d.booking.Moves[i].Amount += m.Amount; d.booking.Moves[i].Amount == 0 {
			d.booking.Moves = slices.Delete(d.booking.Moves, i, i+1)
		}
		return
	}
	d.booking.Moves = append(d.booking.Moves, m)
}

// moveOn moves an amount of a debt as of a day: principal changes from the day after it on.
func (d *desk) moveOn(x *Debt, m Move, day calendar.Date) {
	m.Opens = x.Opens
	if d.move(m); m.Part == PrincipalPart {
		d.change(x, m.Amount, day)
	}
}

// flow notes what a move does to the balance.
func (d *desk) flow(m *Move) {
	f, change := &d.Open.Flows, m.Amount
	switch {
	case m.Plan != 0, m.Part == WrittenOffPart, m.Against == BookCredit:
		return // not in the balance, or on both sides of it
	case m.Part == CreditPart:
		change = -change
	}
	switch kind := d.booking.Kind; {
	case m.Against == BookPayable && (kind == PurchaseRefunded || kind == DeviceReturned):
		f.Refunds += change
	case m.Against == BookPayable:
		f.Purchases += change
	case m.Against == BookCash && kind == CreditRefunded:
		f.PaidOut += change
	case m.Against == BookCash, m.Against == BookCollected:
		f.Repayments += change
	case m.Against == BookLoss:
		f.WrittenOff += change
	case kind == ChargeWaived && change < 0:
		f.Waived += change
	case m.Part == PenaltyPart:
		f.Penalty += change
	case m.Part == InterestPart:
		f.Interest += change
	default:
		f.Fees += change
	}
}

// numbered gives the booking an item, and answers with its number.
func (d *desk) numbered() uint32 {
	d.Items++
	d.booking.Item = d.Items
	return d.Items
}

// finish ends a booking: what is paid is dropped, what was past due may be cured, and the agenda is that of what is left.
func (d *desk) finish() *Booking {
	d.restorePlans()
	d.dropSettled()
	d.Plans = slices.DeleteFunc(d.Plans, func(p Plan) bool { return len(p.Plan.Unbilled()) == 0 })
	d.judgeLate()
	d.Agenda = d.l.agendaOf(d.Billing)
	d.l.clearMoves(&d.booking)
	return &d.booking
}

// fact is the booking as a fact of its own.
func (d *desk) fact() *Booked {
	return &Booked{Account: d.account.ID, Currency: d.account.Currency, Booking: *d.finish()}
}

// dropSettled drops debts with nothing owed. The item remembers them.
func (d *desk) dropSettled() {
	d.Debts = slices.DeleteFunc(d.Debts, func(x Debt) bool {
		if x.Total() != 0 {
			return false
		}
		if d.booking.Item != 0 {
			d.booking.Settled = append(d.booking.Settled, x)
		}
		return true
	})
	d.Accelerated = slices.DeleteFunc(d.Accelerated, func(p Plan) bool { return d.debt(p.Into) == nil })
}

// judgeLate finds out since when the account is past due, and restores what curing restores.
func (d *desk) judgeLate() {
	late, day := &d.Late, d.booking.Day
	since := d.oldest(day)
	if since == late.Since {
		return
	}
	was := late.Since
	if was == 0 {
		late.Froze = false // what was charged off may have been frozen before
	}
	late.Since, late.Judged, late.Noticed, late.NotBefore = since, day, 0, 0
	if since != 0 {
		late.Noticed = int32(day-since) - 1
		return
	}
	if late.WroteOff {
		return
	}
	t := d.terms()
	if int(day-was) >= t.Delinquency.StopAuthorizationsFromDay && !slices.Contains(t.Delinquency.CuringRestores, terms.RestoresAuthorizations) {
		late.Stopped = true
	}
	if late.Froze {
		late.Froze = false
		if d.account.Status == AccountFrozen && d.account.StatusReason == pastDue && slices.Contains(t.Delinquency.CuringRestores, terms.RestoresAccount) {
			d.booking.Status = AccountActive
		}
	}
}

// pastDue is the reason of an account that delinquency froze.
const pastDue = "past due"

// payer is where a payment comes from.
type payer struct {
	against        BookKind
	carrier        CarrierID // of BookPayable
	day            calendar.Date
	principalFirst bool
	added          bool // it pays what acceleration added as well
}

// order is the order in which a payment pays the parts of a debt.
func (d *desk) order(x *Debt, from *payer) []terms.Part {
	parts := d.l.termsOf(x.Terms).Repayment.Allocation
	if !from.principalFirst {
		return parts
	}
	first := []terms.Part{terms.PrincipalPart}
	return append(first, slices.DeleteFunc(slices.Clone(parts), func(p terms.Part) bool { return p == terms.PrincipalPart })...)
}

// due is what is owed of a debt by part, once so much principal is repaid as of a day. Below zero means that more was
// paid than is owed then.
func (d *desk) due(x *Debt, repaid money.Amount, from *payer) (penalty, interest money.Amount) {
	i, p := d.chargeableOnce(x, repaid, from.day)
	return x.Penalty + p - x.Accrual.Penalty.Charged, x.Interest + i - x.Accrual.Interest.Charged
}

// needed is what it takes to repay so much principal of a debt: that, and all that is paid before it.
func (d *desk) needed(x *Debt, repaid money.Amount, from *payer) money.Amount {
	penalty, interest := d.due(x, repaid, from)
	sum := repaid + min(0, penalty) + min(0, interest)
	for _, part := range d.order(x, from) {
		switch part {
		case terms.PrincipalPart:
			return sum
		case terms.PenaltyPart:
			sum += max(0, penalty)
		case terms.InterestPart:
			sum += max(0, interest)
		case terms.FeePart:
			sum += x.Fee
		}
	}
	return sum
}

// affordable is the most principal of a debt that a payment repays.
func (d *desk) affordable(x *Debt, cash money.Amount, from *payer) money.Amount {
	all := x.AllPrincipal()
	if !from.added {
		for _, p := range d.inTurn(x)[1] {
			all -= p
		}
	}
	if d.needed(x, all, from) <= cash {
		return all
	}
	if from.day >= x.Through { // nothing is taken back, whatever is repaid
		return min(all, max(0, cash-d.needed(x, 0, from)))
	}
	return money.Amount(max(0, sort.Search(int(all), func(n int) bool { return d.needed(x, money.Amount(n), from) > cash })-1))
}

// settle pays a debt as far as the cash goes, and answers with what is left of it.
func (d *desk) settle(x *Debt, cash money.Amount, from *payer) money.Amount {
	if cash <= 0 {
		return cash
	}
	if from.day <= x.First && x.Due < d.booking.Day && x.Due == x.First && d.carries(x, cash, *from) {
		d.dueBy(x, d.after(x).Due) // it comes late, and is in time by its value date
	}
	x.reckon(from.day)
	repaid := d.affordable(x, cash, from)
	interest, penalty := d.chargeableOnce(x, repaid, from.day)
	d.chargeInAll(x, interest, penalty)
	pay := func(part Part, scene Scene, amount money.Amount) {
		d.moveOn(x, Move{Part: part, Scene: scene, Amount: -amount, Against: from.against, Carrier: from.carrier}, from.day)
		cash -= amount
		if from.day <= x.First && part != PenaltyPart {
			x.InTime += amount
		}
	}
	pay(PenaltyPart, NoScene, min(0, x.Penalty))
	pay(InterestPart, NoScene, min(0, x.Interest))
	for _, part := range d.order(x, from) {
		switch part {
		case terms.PenaltyPart:
			pay(PenaltyPart, NoScene, min(cash, x.Penalty))
		case terms.InterestPart:
			pay(InterestPart, NoScene, min(cash, x.Interest))
		case terms.FeePart:
			pay(FeePart, NoScene, min(cash, x.Fee))
		case terms.PrincipalPart:
			for _, part := range d.inTurn(x) {
				for s := TopUp; s.Valid() && repaid > 0; s++ {
					amount := min(repaid, part[s-1])
					pay(PrincipalPart, s, amount)
					repaid -= amount
				}
			}
		}
	}
	return cash
}

// inTime says whether the minimum of a debt was paid in time.
func (l *Ledger) inTime(x *Debt) bool {
	return l.termsOf(x.Terms).MinimumDue.Rate > 0 && x.InTime >= x.Minimum
}

// carries says whether a payment by the first due date of a debt would be the rest of the minimum, if the debt was carried:
// found by trying, because so much else may be owed of it.
func (d *desk) carries(x *Debt, cash money.Amount, from payer) bool {
	if d.l.termsOf(x.Terms).MinimumDue.Rate == 0 {
		return false
	}
	try := &desk{l: d.l, account: d.account}
	try.booking = Booking{Kind: d.booking.Kind, Day: d.booking.Day, After: d.Billing.clone()}
	try.Billing = &try.booking.After
	y := try.debt(x.Opens)
	try.dueBy(y, d.after(x).Due)
	try.settle(y, cash, &from)
	return try.l.inTime(y)
}

// dueBy changes when a debt is due: until then it bears interest, and penalty after it.
func (d *desk) dueBy(x *Debt, due calendar.Date) {
	x.Due, x.Overdue = due, max(due, x.Grace) < d.booking.Day
}

// pay pays what is owed: what was charged off, debts, the open window; what is left is to the consumer's credit.
func (d *desk) pay(cash money.Amount, from payer) {
	t := d.terms()
	first := t.Repayment.PrincipalFirstFromDay
	from.principalFirst = first != terms.Never && d.DaysPastDue(d.booking.Day) >= first
	give := func(m Move, most money.Amount) {
		m.Amount, m.Against, m.Carrier = -min(cash, most), from.against, from.carrier
		d.move(m)
		cash += m.Amount
	}
	give(Move{Part: WrittenOffPart}, d.WrittenOff)
	from.added = !d.plansGoOn()
	for i := range d.Debts {
		cash = d.settle(&d.Debts[i], cash, &from)
	}
	if !from.added { // the plans may go on once all else is paid
		from.added = true
		for i := range d.Debts {
			if x := &d.Debts[i]; d.inTurn(x)[1] != [Scenes]money.Amount{} {
				cash = d.settle(x, cash, &from)
			}
		}
	}
	give(Move{Opens: d.Open.Opens, Part: FeePart}, d.Open.Fee)
	for s := TopUp; s.Valid(); s++ {
		give(Move{Opens: d.Open.Opens, Part: PrincipalPart, Scene: s}, d.Open.Purchases[s-1])
	}
	d.move(Move{Part: CreditPart, Amount: cash, Against: from.against, Carrier: from.carrier})
}
