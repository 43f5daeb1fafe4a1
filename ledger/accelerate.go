package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// inTurn is the principal of a debt as it is paid: first what was billed, then what acceleration added, which may go back.
func (d *desk) inTurn(x *Debt) (turns [2][Scenes]money.Amount) {
	for i := range d.Accelerated {
		if p := &d.Accelerated[i]; p.Into == x.Opens {
			for s := range p.Principal {
				turns[1][s] += p.Principal[s]
			}
		}
	}
	for s := range x.Principal {
		turns[1][s] = min(turns[1][s], x.Principal[s])
		turns[0][s] = x.Principal[s] - turns[1][s]
	}
	return turns
}

// plansGoOn says whether curing restores plans.
func (d *desk) plansGoOn() bool {
	return slices.Contains(d.terms().Delinquency.CuringRestores, terms.RestoresPlans)
}

// restorePlans lets plans that were accelerated go on, where the terms say so, once all else that is past due is paid: charges as
// of the day included. What is left of the principal goes back, to the newest plan first.
func (d *desk) restorePlans() {
	if len(d.Accelerated) == 0 || !d.plansGoOn() || !d.allElsePaid() {
		return
	}
	for i := len(d.Accelerated) - 1; i >= 0; i-- {
		p := d.Accelerated[i]
		x := d.debt(p.Into)
		if x == nil {
			continue // paid
		}
		paid, left := money.Amount(0), money.Amount(0)
		for s, was := range p.Principal {
			back := min(was, x.Principal[s])
			x.Principal[s] -= back
			p.Principal[s] = back
			paid, left = paid+was-back, left+back
		}
		if left == 0 {
			continue
		}
		d.change(x, -left, d.booking.Day)
		d.Open.Flows.Spread -= left
		p.Into = 0
		p.lessen(paid)
		at, _ := slices.BinarySearchFunc(d.Plans, p.N, func(o Plan, n uint32) int { return int(o.N) - int(n) })
		d.Plans = slices.Insert(d.Plans, at, p)
	}
	d.Accelerated = nil
}

// allElsePaid says whether nothing that is past due is owed but principal that acceleration added.
func (d *desk) allElsePaid() bool {
	for i := range d.Debts {
		x := &d.Debts[i]
		if !x.Overdue || x.PayBy() >= d.booking.Day {
			continue
		}
		y := *x
		y.reckon(d.booking.Day)
		interest, penalty := d.chargeable(&y)
		interest, penalty = x.Interest+interest-x.Accrual.Interest.Charged, x.Penalty+penalty-x.Accrual.Penalty.Charged
		if interest != 0 || penalty != 0 || x.Fee != 0 || d.inTurn(x)[0] != [Scenes]money.Amount{} {
			return false
		}
	}
	return true
}

// lessen takes principal that was paid early off a plan. The months that are left cost less, as after a refund; charges that
// re-aging spread are owed as they were.
func (p *Plan) lessen(paid money.Amount) {
	if paid == 0 {
		return
	}
	was := p.Plan.Unbilled()
	after, _, err := p.Plan.Refund(paid)
	if err != nil {
		panic("ledger: a plan's principal to come cannot be paid: " + err.Error())
	}
	if p.reaged() {
		for i := range after.Unbilled() { // the schedule is new
			after.Unbilled()[i].Fee = was[i].Fee
		}
	}
	p.Plan = after
}
