package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// To return a device undoes all that its contract did to what is owed: principal to come is taken off the plan; what was billed
// is struck from the debts of its windows as if it had never been there, so that nothing has accrued on it; fees, interest and
// subsidies are taken back. What had been paid pays something else, or is to the consumer's credit.

// unwound books the return of a device, of whose capture so much has not been given back.
func (l *Ledger) unwound(a *Account, h *Authorization, amount money.Amount, reason string) *Booking {
	d := l.desk(a, DeviceReturned, l.today).opened()
	d.booking.Amount, d.booking.Plan, d.booking.Note = amount, h.Bundle.Plan, reason
	d.numbered()
	at := slices.IndexFunc(d.Contracts, func(k Contract) bool { return k.Authorization == h.N })
	u := &unwinding{desk: d, h: h, principal: amount, cost: d.Contracts[at]}
	d.Contracts = slices.Delete(d.Contracts, at, at+1)

	p := d.plan(h.Bundle.Plan)
	if p != nil {
		u.principal -= d.takeBack(p)
	}
	for _, s := range d.statementsSince(l.zone.DateAt(h.Captures[0].Time)) {
		for i := range s.Charges {
			if charge := &s.Charges[i]; charge.Plan == h.Bundle.Plan && charge.Plan != 0 {
				u.billed(s, charge)
			}
		}
	}
	if p == nil {
		u.fellIn()
	}
	u.giveBack(FeePart, u.cost.Fee)
	u.giveBack(InterestPart, u.cost.Interest)
	d.move(Move{Part: SubsidyPart, Amount: -u.cost.Subsidy, Against: BookIncome, Carrier: h.Carrier})
	d.rechargeOf(u.windows)
	if u.principal > 0 {
		d.pay(u.principal, payer{against: BookPayable, carrier: h.Carrier, day: l.today})
	}
	return d.finish()
}

// unwinding is what is left to be given back.
type unwinding struct {
	*desk
	h         *Authorization
	principal money.Amount
	cost      Contract
	windows   []calendar.Date // whose debts something was struck from
}

// statementsSince are those of windows that closed on a day or after it, oldest first.
func (d *desk) statementsSince(day calendar.Date) (list []*Statement) {
	for opens := d.LastStatement; opens != 0; {
		s := d.l.statement(d.account, opens) // a copy: others are read beside it
		if s == nil || s.Closes < day {
			break
		}
		list, opens = append(list, s), s.Previous
	}
	slices.Reverse(list)
	return list
}

// billed strikes an installment from the debt that it was billed with.
func (u *unwinding) billed(s *Statement, charge *StatementCharge) {
	x := u.debtOf(s)
	if x == nil {
		return // it was paid in time
	}
	u.strike(x, charge.Principal, x.First)
	for _, c := range []struct {
		part   Part
		amount money.Amount
		left   *money.Amount
	}{{FeePart, charge.Fee, &u.cost.Fee}, {InterestPart, charge.Interest, &u.cost.Interest}} {
		m := Move{Opens: x.Opens, Part: c.part, Against: BookIncome}
		m.Amount = -min(c.amount, *c.left, *u.place(&m))
		*c.left += m.Amount
		u.move(m)
	}
	x.Billed = max(0, x.Billed-charge.Principal)
	if x.Minimum = max(0, x.Minimum-charge.Principal-charge.Fee-charge.Interest); x.Due < u.booking.Day && x.Due == x.First && u.l.inTime(x) {
		u.dueBy(x, u.after(x).Due)
	}
}

// debtOf is the debt of a statement, as it was when it was paid off if it has been: but nil if nothing can have accrued on it.
func (u *unwinding) debtOf(s *Statement) *Debt {
	if x := u.debt(s.Opens); x != nil {
		return x
	}
	if s.Due >= u.booking.Day || !u.restore(s.Opens, &Item{N: s.FirstItem}) {
		return nil
	}
	return u.debt(s.Opens)
}

// strike takes principal off a debt as of a day, from which on it was part of it. What of it is not owed any more was paid or refunded
// last: that is none of this debt then, and what was paid is to pay something else.
func (u *unwinding) strike(x *Debt, amount money.Amount, since calendar.Date) {
	u.windows = append(u.windows, x.Opens)
	scene := u.h.Scene
	owed := min(amount, x.Principal[scene-1], u.principal)
	u.move(Move{Opens: x.Opens, Part: PrincipalPart, Scene: scene, Amount: -owed, Against: BookPayable, Carrier: u.h.Carrier})
	u.change(x, -owed, since)
	u.principal -= owed
	paid := amount - owed
	for _, c := range slices.Backward(slices.Clone(x.Changes)) {
		if part := min(paid, -c.Amount); part > 0 && c.Day > since {
			u.change(x, part, c.Day)
			u.change(x, -part, since)
			paid -= part
		}
	}
}

// fellIn strikes what was to come of a plan that ended early: it is in the open window, or in a debt.
func (u *unwinding) fellIn() {
	scene := u.h.Scene
	for i := range u.Accelerated {
		if p := &u.Accelerated[i]; p.N == u.h.Bundle.Plan {
			x := u.debt(p.Into)
			u.strike(x, p.Principal[scene-1], lastRise(x))
			u.Accelerated = slices.Delete(u.Accelerated, i, i+1)
			return
		}
	}
	switch s := u.l.statement(u.account, u.cost.With); {
	case u.cost.With == u.Open.Opens:
		for _, c := range []struct {
			m    Move
			most money.Amount
			left *money.Amount
		}{
			{Move{Part: PrincipalPart, Scene: scene, Against: BookPayable, Carrier: u.h.Carrier}, min(u.cost.Rest, u.principal, u.Open.Purchases[scene-1]), &u.principal},
			{Move{Part: FeePart, Against: BookIncome}, min(u.cost.Fee, u.Open.Fee), &u.cost.Fee},
		} {
			c.m.Opens, c.m.Amount = u.Open.Opens, -c.most
			*c.left -= c.most
			u.move(c.m)
		}
	case s != nil:
		u.billed(s, &StatementCharge{Principal: u.cost.Rest, Fee: u.cost.Fee})
	}
}

// lastRise is the newest day after which a debt has more principal; its first due date when there is none.
func lastRise(x *Debt) calendar.Date {
	for _, c := range slices.Backward(x.Changes) {
		if c.Amount > 0 {
			return c.Day
		}
	}
	return x.First
}

// giveBack gives back charges that are owed no more: having been paid, they pay something else, or are to the consumer's credit.
func (u *unwinding) giveBack(part Part, amount money.Amount) {
	if amount == 0 {
		return
	}
	u.move(Move{Opens: u.Open.Opens, Part: part, Amount: -amount, Against: BookIncome})
	u.move(Move{Opens: u.Open.Opens, Part: part, Amount: amount, Against: BookCash})
	u.pay(amount, payer{against: BookCash, day: u.booking.Day})
}
