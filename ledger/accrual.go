package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// What accrues on a debt is not kept: it is reckoned whenever it is charged, from the days on which the debt's principal
// changed, its due dates, the pauses and its terms. So a payment that is told of late, one that bounces, an acceleration, a
// pause or another due date changes what the sum is of, and nothing has to be taken back. The rejected design, a running sum
// that every such thing corrects, went wrong where two of them met.

// Accrual is interest and penalty of a debt.
type Accrual struct {
	Interest Accrued // on what was carried
	Penalty  Accrued // on what is overdue
}

// Accrued is what has been charged, and the sum of the days that are not reckoned any more: those through Summed.
type Accrued struct {
	Exact   money.Exact
	Charged money.Amount
}

// Change is principal that a debt has more, or less, from the day after Day on.
type Change struct {
	Day    calendar.Date
	Amount money.Amount
}

func (c Change) compare(o Change) int { return int(c.Day - o.Day) }

// mostChanges bounds the days of a debt on which its principal changed. Beyond it the oldest day and those before become a sum,
// exact as things stand. A value date is at most 31 days back, so only a payment older than that which bounces is ever
// before so many.
const mostChanges = 40

// change notes that principal of a debt, which has been moved already, changes from the day after a day on.
func (d *desk) change(x *Debt, amount money.Amount, day calendar.Date) {
	if amount == 0 {
		return
	}
	if day <= x.Summed { // nothing has accrued by the first due date; what is summed later changes by this alone
		i, p := d.bears(x, max(amount, -amount), day, x.Summed)
		if amount > 0 {
			x.Accrual.Interest.Exact, x.Accrual.Penalty.Exact = x.Accrual.Interest.Exact.Plus(i), x.Accrual.Penalty.Exact.Plus(p)
		} else {
			x.Accrual.Interest.Exact, x.Accrual.Penalty.Exact = x.Accrual.Interest.Exact.Minus(i), x.Accrual.Penalty.Exact.Minus(p)
		}
		return
	}
	at, found := slices.BinarySearchFunc(x.Changes, Change{Day: day}, Change.compare)
	changes := slices.Clone(x.Changes) // nobody changes them in place
	switch {
	case !found:
		changes = slices.Insert(changes, at, Change{day, amount})
	case changes[at].Amount+amount == 0:
		changes = slices.Delete(changes, at, at+1)
	default:
		changes[at].Amount += amount
	}
	if x.Changes = changes; len(changes) > mostChanges {
		day := changes[0].Day
		x.Accrual.Interest.Exact, x.Accrual.Penalty.Exact = d.accrued(x, day)
		x.Summed, x.Changes = day, changes[1:]
	}
}

// accrued is exactly what has accrued on a debt through a day, which is not summed.
func (d *desk) accrued(x *Debt, through calendar.Date) (interest, penalty money.Exact) {
	interest, penalty = x.Accrual.Interest.Exact, x.Accrual.Penalty.Exact
	add := func(principal money.Amount, after, through calendar.Date) {
		i, p := d.bears(x, principal, after, through)
		interest, penalty = interest.Plus(i), penalty.Plus(p)
	}
	principal := x.AllPrincipal()
	for _, c := range slices.Backward(x.Changes) {
		if c.Day < through {
			add(principal, c.Day, through)
			through = c.Day
		}
		principal -= c.Amount
	}
	add(principal, x.Summed, through)
	return interest, penalty
}

// bears is what a principal bears on a debt in the days after one day up to and including another. None is below zero: a
// payment may be dated before an acceleration that made the principal that it repaid.
func (d *desk) bears(x *Debt, principal money.Amount, after, through calendar.Date) (interest, penalty money.Exact) {
	t := d.l.termsOf(x.Terms)
	i, p := d.days(x, after, through)
	return money.Accrued(principal, int64(t.MinimumDue.DailyInterestRate), i), money.Accrued(principal, int64(t.Penalty.DailyRate), p)
}

// days on which interest and penalty of a debt accrue, of those after one day up to and including another.
func (d *desk) days(x *Debt, after, through calendar.Date) (interest, penalty int) {
	interest = max(0, int(min(through, x.Due)-max(after, x.First)))
	from := max(after, x.PayBy())
	penalty = max(0, int(through-from))
	for _, p := range d.Pauses {
		penalty -= max(0, int(min(through, p.To)-max(from+1, p.From))+1)
	}
	return interest, max(0, penalty)
}

// reckon makes what accrued on a debt chargeable up to and including a day.
func (x *Debt) reckon(through calendar.Date) { x.Through = max(x.Through, through) }

// chargeable is what interest and penalty of a debt come to in all: rounded once, and never beyond the annual cap.
func (d *desk) chargeable(x *Debt) (interest, penalty money.Amount) {
	t := d.l.termsOf(x.Terms)
	i, p := d.accrued(x, x.Through)
	interest = max(0, i.Round())
	if p.Positive() {
		penalty = max(p.Round(), t.Penalty.SmallestCharge)
	}
	years := max(1, (int(x.Through-x.First)+terms.YearDays-1)/terms.YearDays)
	most := money.Accrued(x.Billed, int64(t.AnnualCap), years).Minor
	interest = min(interest, most)
	return interest, min(penalty, most-interest)
}

// chargeableOnce is what is chargeable once so much principal is repaid as of a day.
func (d *desk) chargeableOnce(x *Debt, repaid money.Amount, day calendar.Date) (interest, penalty money.Amount) {
	y := *x
	for s := range y.Principal {
		part := min(repaid, y.Principal[s])
		y.Principal[s] -= part
		d.change(&y, -part, day)
		repaid -= part
	}
	return d.chargeable(&y)
}

// charge charges what has accrued on a debt and has not been charged yet; below zero when less has than was charged.
func (d *desk) charge(x *Debt) (interest, penalty money.Amount) {
	i, p := d.chargeable(x)
	return d.chargeInAll(x, i, p)
}

// chargeInAll charges what is left to be charged of what interest and penalty come to in all.
func (d *desk) chargeInAll(x *Debt, i, p money.Amount) (interest, penalty money.Amount) {
	interest, penalty = i-x.Accrual.Interest.Charged, p-x.Accrual.Penalty.Charged
	x.Accrual.Interest.Charged, x.Accrual.Penalty.Charged = i, p
	d.move(Move{Opens: x.Opens, Part: InterestPart, Amount: interest, Against: BookIncome})
	d.move(Move{Opens: x.Opens, Part: PenaltyPart, Amount: penalty, Against: BookIncome})
	return interest, penalty
}
