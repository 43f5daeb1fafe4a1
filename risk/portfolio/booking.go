package portfolio

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// book absorbs what is done to what an account owes. The account has passed the days before it.
func (f *Fold) book(n uint64, a *account, b *ledger.Booking) {
	f.moves(a, b)
	after := &b.After
	a.principal, a.charges = 0, after.Open.Fee
	for s := ledger.TopUp; s.Valid(); s++ {
		a.principal += after.Principal(s)
	}
	for i := range after.Debts {
		x := &after.Debts[i]
		a.charges += x.Fee + x.Interest + x.Penalty
	}
	a.terms, a.since = uint8(after.Terms), after.Late.Since
	a.set(wroteOff, after.Late.WroteOff)
	if b.Status != ledger.NoAccountStatus {
		a.setStatus(b.Status)
	}
	switch b.Kind {
	case ledger.WindowClosed:
		f.closed(a, b)
	case ledger.ChargedOff:
		f.chargedOff(n, a, b)
	}
	f.refreshLate(n, a, b)
	if b.Kind != ledger.ChargedOff {
		f.worsen(n, a, b.Day, b.Day) // what was learned today may be long past due
	}
}

// moves adds up what moved.
func (f *Fold) moves(a *account, b *ledger.Booking) {
	t := &f.totals[a.currency]
	for i := range b.Moves {
		m := &b.Moves[i]
		if m.Against == ledger.BookCredit {
			t.Credit += m.Amount
		}
		switch m.Part {
		case ledger.PrincipalPart:
			t.Principal[m.Scene-1] += m.Amount
		case ledger.CreditPart:
			t.Credit += m.Amount
		case ledger.WrittenOffPart:
			if m.Against == ledger.BookPayable {
				t.ChargedOff += m.Amount // what was charged off is given back
			} else {
				t.Recovered -= m.Amount
			}
		}
		if m.Against == ledger.BookLoss && m.Part != ledger.WrittenOffPart {
			t.ChargedOff -= m.Amount
		}
	}
}

// closed absorbs a statement: a debt begins with the month in which its window opened.
func (f *Fold) closed(a *account, b *ledger.Booking) {
	s := b.Statement
	if s == nil || s.Bill.Total() == 0 {
		return
	}
	o := f.origin(monthIn(s.Opens), a.currency)
	o.Debts++
	o.Billed += s.Bill.AllPrincipal()
	if a.first == 0 {
		a.first = a.firstOf(s.Opens)
		f.firstDue(s.Due, a.currency).accounts++
	}
}

// chargedOff absorbs a charge-off. What it loses of a debt is lost of the debt's vintage. What the open window had bought and
// what plans had to come was never billed: it counts as if it had been, with the window that is open.
func (f *Fold) chargedOff(n uint64, a *account, b *ledger.Booking) {
	c, month := f.cohort(a.opened, a.currency), monthIn(b.Day)
	if !a.is(lost) {
		a.set(lost, true)
		bump(&c.ChargedOff, month-a.opened, 1)
	}
	f.accountIsBad(a, b.Day)
	bump(&c.Lost, month-a.opened, b.Amount)
	for i := range b.Moves {
		m := &b.Moves[i]
		if m.Against != ledger.BookLoss {
			continue
		}
		opens := m.Opens
		if m.Plan != 0 {
			opens = b.After.Open.Opens
		}
		o := f.origin(monthIn(opens), a.currency)
		if opens == b.After.Open.Opens && m.Part == ledger.PrincipalPart {
			o.Billed -= m.Amount
		}
		bump(&o.Lost, month-monthIn(opens), -m.Amount)
	}
	if l := f.lates[n]; l != nil {
		for i := range l.debts {
			if l.debts[i].due != 0 {
				f.debtIsBad(a, &l.debts[i], b.Day)
			}
		}
	}
}

// refreshLate keeps what is overdue of an account, and which of its debts were bad.
func (f *Fold) refreshLate(n uint64, a *account, b *ledger.Booking) {
	l := f.lates[n]
	if l == nil && a.since == 0 {
		return
	}
	if l == nil {
		l = &late{}
		f.lates[n] = l
		a.set(hasLate, true)
	}
	l.overdue = 0
	for i := range l.debts {
		l.debts[i].due = 0
	}
	for i := range b.After.Debts {
		x := &b.After.Debts[i]
		if !x.Overdue {
			continue
		}
		l.overdue += x.Total()
		d := placed(&l.debts, lateDebt{opens: x.Opens}, lateDebt.compare)
		if d.first == 0 {
			d.billed = x.Billed
		}
		d.due, d.first = x.PayBy(), x.First
	}
	l.debts = slices.DeleteFunc(l.debts, func(d lateDebt) bool { return d.due == 0 && !d.bad })
	if len(l.debts) == 0 {
		delete(f.lates, n)
		a.set(hasLate, false)
	}
}

func (d lateDebt) compare(o lateDebt) int { return cmp.Compare(d.opens, o.opens) }

// pass lets the days go by until the beginning of a day: what an account was at the month ends before it is counted, and who
// came to be bad.
func (f *Fold) pass(n uint64, a *account, day calendar.Date) {
	f.worsen(n, a, day, 0)
	for last := monthBefore(day); a.settled < last; {
		a.settled++
		at := f.placeAt(a, lastDay(a.settled))
		f.ended(a.settled, a.currency, at, a.owed(), 1)
		if a.was != nowhere {
			f.rolled(a.settled, a.currency, a.was, at, 1)
		}
		a.was = at
	}
}

// worsen finds who has been past due for long enough to be bad by the beginning of a day. Who is learned of on a day is bad from
// that day on.
func (f *Fold) worsen(n uint64, a *account, day, learned calendar.Date) {
	if a.daysPastDue(day) < BadDays {
		return
	}
	f.accountIsBad(a, max(a.since+BadDays, learned))
	if !a.is(hasLate) {
		return
	}
	l := f.lates[n]
	for i := range l.debts {
		if d := &l.debts[i]; d.due != 0 && day-d.due >= BadDays {
			f.debtIsBad(a, d, max(d.due+BadDays, learned))
		}
	}
}

func (f *Fold) accountIsBad(a *account, day calendar.Date) {
	if !a.is(bad) {
		a.set(bad, true)
		bump(&f.cohort(a.opened, a.currency).Bad, monthIn(day)-a.opened, 1)
	}
}

func (f *Fold) debtIsBad(a *account, d *lateDebt, day calendar.Date) {
	if d.bad {
		return
	}
	d.bad = true
	o, age := f.origin(monthIn(d.opens), a.currency), monthIn(day)-monthIn(d.opens)
	bump(&o.Bad, age, 1)
	bump(&o.BadBilled, age, d.billed)
	if a.first == a.firstOf(d.opens) {
		f.firstDue(d.first, a.currency).defaulted++
	}
}

// bump adds to what happened in a month of age.
func bump[T int64 | money.Amount](ages *[]T, age uint16, by T) {
	for len(*ages) <= int(age) {
		*ages = append(*ages, 0)
	}
	(*ages)[age] += by
}
