package sim

import (
	"math/big"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// debt is what a window left to pay. Its Due stays what it was at first.
type debt struct {
	calendar.Window
	termsID ledger.TermsID
	terms   *terms.Terms
	billed  money.Amount  // principal that it was for
	minimum money.Amount  // to be paid by the due date, so that the rest is carried
	through calendar.Date // through which interest and penalty have been reckoned
	charged charges       // in all, through that day
	marks   []mark
	later   [ledger.Scenes]money.Amount // principal that acceleration added, which is paid last
	grace   calendar.Date               // until when it is a carrier's to collect
	fell    calendar.Date               // when it fell back
	assumed bool                        // carried, while a payment is being tried that may make it so
}

// charges are interest and penalty.
type charges struct{ interest, penalty money.Amount }

// mark is a change of what is owed of a debt.
type mark struct {
	part    ledger.Part
	scene   ledger.Scene
	amount  money.Amount  // below zero it is owed in addition
	value   calendar.Date // the last day on which principal bears anything, or the last one on which it does not yet
	billing bool          // it was billed, not paid
	moved   bool          // or waived, or written off
	payment int           // that it is part of; 0 when it is part of none
}

// bill adds to what is owed from the close of the window on.
func (d *debt) bill(part ledger.Part, s ledger.Scene, amount money.Amount) {
	d.mark(mark{part: part, scene: s, amount: -amount, value: d.Closes, billing: true})
}

func (d *debt) mark(m mark) {
	if m.amount != 0 {
		d.marks = append(d.marks, m)
	}
}

// pay takes an amount off a part, as of a value date. Principal goes by scene.
func (d *debt) pay(part ledger.Part, amount money.Amount, value calendar.Date, payment int) {
	m := mark{part: part, amount: amount, value: value, payment: payment}
	if part != ledger.PrincipalPart {
		d.mark(m)
		return
	}
	owed := d.principal()
	for i := range owed {
		m.scene, m.amount = ledger.Scene(i+1), min(owed[i]-min(owed[i], d.later[i]), amount)
		d.mark(m)
		amount -= m.amount
	}
	for i := range owed {
		m.scene, m.amount = ledger.Scene(i+1), min(d.principal()[i], amount)
		d.mark(m)
		amount -= m.amount
	}
}

// move takes an amount off a part that nobody paid.
func (d *debt) move(part ledger.Part, amount money.Amount, value calendar.Date) {
	n := len(d.marks)
	d.pay(part, amount, value, 0)
	for i := n; i < len(d.marks); i++ {
		d.marks[i].moved = true
	}
}

// of is what is owed of a part. Interest and penalty may be below zero while a payment is being reckoned.
func (d *debt) of(part ledger.Part) (sum money.Amount) {
	switch part {
	case ledger.InterestPart:
		sum = d.charged.interest
	case ledger.PenaltyPart:
		sum = d.charged.penalty
	}
	for _, m := range d.marks {
		if m.part == part {
			sum -= m.amount
		}
	}
	return sum
}

func (d *debt) principal() (by [ledger.Scenes]money.Amount) {
	for _, m := range d.marks {
		if m.part == ledger.PrincipalPart {
			by[m.scene-1] -= m.amount
		}
	}
	return by
}

// added is the principal that acceleration added and that has not been paid.
func (d *debt) added() (sum money.Amount) {
	for i, owed := range d.principal() {
		sum += min(owed, d.later[i])
	}
	return sum
}

func (d *debt) owed() ledger.Owed {
	return ledger.Owed{
		Principal: d.principal(), Fee: d.of(ledger.FeePart), Interest: d.of(ledger.InterestPart), Penalty: d.of(ledger.PenaltyPart),
	}
}

func (d *debt) total() money.Amount {
	sum := d.charged.interest + d.charged.penalty
	for _, m := range d.marks {
		sum -= m.amount
	}
	return sum
}

// settled is what was paid of it by value date until a day. Penalty is not part of the minimum.
func (d *debt) settled(until calendar.Date) (sum money.Amount) {
	for _, m := range d.marks {
		if !m.billing && !m.moved && m.value <= until && m.part != ledger.PenaltyPart {
			sum += m.amount
		}
	}
	return sum
}

// principalOn is the principal that bears something on a day.
func (d *debt) principalOn(day calendar.Date) (sum money.Amount) {
	for _, m := range d.marks {
		if m.part == ledger.PrincipalPart && m.value < day {
			sum -= m.amount
		}
	}
	return max(0, sum)
}

// dueOf is by when a debt is to be paid as of today, and whether that is because it is carried.
func (l *Life) dueOf(d *debt) (due calendar.Date, carried bool) {
	if d.terms.MinimumDue.Rate > 0 && l.today > d.Due && (d.assumed || d.settled(d.Due) >= d.minimum) {
		return l.dueAfter(d), true
	}
	return d.Due, false
}

// accrued is what a debt's principal has borne through a day, in millionths of a minor unit: a day at a time.
func (l *Life) accrued(d *debt, through calendar.Date) (interest, penalty *big.Int) {
	interest, penalty = new(big.Int), new(big.Int)
	due, _ := l.dueOf(d)
	for day := d.Due + 1; day <= through; day++ {
		switch principal := d.principalOn(day); {
		case day <= due:
			interest.Add(interest, times(principal, d.terms.MinimumDue.DailyInterestRate))
		case day <= d.grace:
		case !l.paused(day):
			penalty.Add(penalty, times(principal, d.terms.Penalty.DailyRate))
		}
	}
	return interest, penalty
}

func times(a money.Amount, rate terms.Rate) *big.Int {
	return new(big.Int).Mul(big.NewInt(int64(a)), big.NewInt(int64(rate)))
}

// dueAfter is the due date of the window after that of a debt.
func (l *Life) dueAfter(d *debt) calendar.Date {
	due, known := l.due[d.Closes+1]
	if !known {
		w := l.windowOf(d.Closes + 1)
		return d.terms.Window.Due(w.Opens.AddDays(d.terms.Window.DaysUntilDue))
	}
	return due
}

func (l *Life) paused(day calendar.Date) bool {
	return slices.ContainsFunc(l.pauses, func(p ledger.Pause) bool { return day >= p.From && day <= p.To })
}

// chargesThrough is what is charged in all for what has accrued through a day.
func (l *Life) chargesThrough(d *debt, through calendar.Date) (c charges) {
	if through <= d.Due {
		return c
	}
	interest, penalty := l.accrued(d, through)
	c.interest, c.penalty = halfEven(interest, million), halfEven(penalty, million)
	if penalty.Sign() > 0 {
		c.penalty = max(c.penalty, d.terms.Penalty.SmallestCharge)
	}
	years := int64(through-d.Due+364) / 365 // begun
	most := new(big.Int).Mul(big.NewInt(int64(d.billed)*years), big.NewInt(int64(d.terms.AnnualCap)))
	limit := money.Amount(most.Div(most, million).Int64())
	c.interest = min(c.interest, limit)
	c.penalty = min(c.penalty, limit-c.interest)
	return c
}

// reckon charges what has accrued through a day, if that is later than it was reckoned before. What was charged changes the
// balance.
func (l *Life) reckon(d *debt, through calendar.Date) {
	d.through = max(d.through, through)
	was := d.charged
	d.charged = l.chargesThrough(d, d.through)
	if d.charged != was {
		f := &l.here().flows
		f.Interest += d.charged.interest - was.interest
		f.Penalty += d.charged.penalty - was.penalty
	}
}

var million = big.NewInt(1_000_000)

// halfEven is a quotient to the nearest whole, and of two that are as near the even one.
func halfEven(a, b *big.Int) money.Amount {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	switch r.Lsh(r, 1).Cmp(b) {
	case 1:
		q.Add(q, big.NewInt(1))
	case 0:
		q.Add(q, big.NewInt(int64(q.Bit(0))))
	}
	return money.Amount(q.Int64())
}

// share is a part of an amount in millionths.
func share(a money.Amount, millionths int64) money.Amount {
	return halfEven(new(big.Int).Mul(big.NewInt(int64(a)), big.NewInt(millionths)), million)
}

// allocation is the order in which the parts of a debt are paid.
func allocation(t *terms.Terms) (order []ledger.Part) {
	for _, p := range t.Repayment.Allocation {
		order = append(order, map[terms.Part]ledger.Part{
			terms.PenaltyPart: ledger.PenaltyPart, terms.InterestPart: ledger.InterestPart,
			terms.FeePart: ledger.FeePart, terms.PrincipalPart: ledger.PrincipalPart,
		}[p])
	}
	return order
}

// leastDue is what is left to pay by the due date, so that the rest is carried.
func (d *debt) leastDue() money.Amount { return min(max(0, d.minimum-d.settled(d.Due)), d.total()) }
