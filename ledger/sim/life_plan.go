package sim

import (
	"math/big"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// planned is an installment plan: what is to come of it, and how many installments have been billed.
type planned struct {
	n             uint32
	termsID       ledger.TermsID // of the account when it was started
	terms         *Terms
	agreed        ledger.Agreed
	offer         plan.Offer
	authorization uint32        // that it pays; 0 when it pays a statement or an overdue debt
	opens         calendar.Date // of that statement's window
	rest          [ledger.Scenes]money.Amount
	toCome        []installment
	billed        int
	into          calendar.Date               // the window whose debt acceleration added its rest to, while that is owed
	was           []installment               // which were to come then
	wasRest       [ledger.Scenes]money.Amount // and their principal
	reaged        bool                        // its fees are charges that were owed before
}

// installment is what a month of a plan comes to.
type installment struct{ principal, interest, fee, subsidy money.Amount }

// schedule is what an offer comes to.
func schedule(o plan.Offer, principal money.Amount) []installment {
	if o.Method == plan.MethodAnnuity {
		return annuity(principal, o.Months, int64(o.Interest))
	}
	return equalParts(principal, o.Months, share(principal, int64(o.Fee)), o.Method == plan.MethodInterestFree)
}

// equalParts are equal parts of a principal, of which the last takes what is left, with the same fee each month.
func equalParts(principal money.Amount, months int, fee money.Amount, free bool) []installment {
	list := make([]installment, months)
	for i := range list {
		list[i].principal = principal / money.Amount(months)
		if list[i].fee = fee; free {
			list[i].fee, list[i].subsidy = 0, fee
		}
	}
	list[months-1].principal = principal - principal/money.Amount(months)*money.Amount(months-1)
	return list
}

// annuity is a level payment, by the formula: principal * i / (1 - (1+i)^-months), with i a twelfth of the rate.
func annuity(principal money.Amount, months int, rate int64) []installment {
	payment := halfEven(big.NewInt(int64(principal)), big.NewInt(int64(months)))
	if rate > 0 {
		i := big.NewRat(rate, 12_000_000)
		grown := big.NewRat(1, 1)
		for range months {
			grown.Mul(grown, new(big.Rat).Add(big.NewRat(1, 1), i))
		}
		exact := new(big.Rat).SetInt64(int64(principal))
		exact.Mul(exact, i).Mul(exact, grown).Quo(exact, new(big.Rat).Sub(grown, big.NewRat(1, 1)))
		payment = halfEven(exact.Num(), exact.Denom())
	}
	list := make([]installment, months)
	left := principal
	for n := range list {
		p := &list[n]
		p.interest = halfEven(new(big.Int).Mul(big.NewInt(int64(left)), big.NewInt(rate)), big.NewInt(12_000_000))
		if p.principal = min(payment-p.interest, left); n == months-1 {
			p.principal = left
		}
		left -= p.principal
	}
	return list
}

// start begins a plan. Its first installment is billed with the window that is open.
func (l *Life) start(p *planned) {
	l.lastPlan++
	p.n, p.termsID, p.terms = l.lastPlan, l.accepted, l.versions[l.accepted]
	p.agreed = ledger.Agreed{Offer: p.offer, Lent: total(p.rest), Started: l.today}
	for _, i := range p.toCome {
		if p.reaged {
			p.agreed.Spread += i.fee
		}
	}
	l.plans = append(l.plans, p)
}

// running are the plans of which something is to come.
func (l *Life) running() (list []*planned) {
	for _, p := range l.plans {
		if len(p.toCome) > 0 {
			list = append(list, p)
		}
	}
	return list
}

// take takes principal off what is not billed, by scene.
func (p *planned) take(amount money.Amount) (by [ledger.Scenes]money.Amount) {
	for i := range p.rest {
		by[i] = min(p.rest[i], amount)
		p.rest[i] -= by[i]
		amount -= by[i]
	}
	return by
}

// installment bills the next installment of a plan in a debt.
func (l *Life) installment(p *planned, d *debt) ledger.StatementCharge {
	i := p.toCome[0]
	of := p.billed + len(p.toCome)
	p.toCome = p.toCome[1:]
	p.billed++
	for s, amount := range p.take(i.principal) {
		d.bill(ledger.PrincipalPart, ledger.Scene(s+1), amount)
	}
	d.bill(ledger.FeePart, 0, i.fee)
	d.bill(ledger.InterestPart, 0, i.interest)
	f := &l.open.flows
	f.Installments += i.principal
	f.Fees += i.fee
	f.Interest += i.interest
	return ledger.StatementCharge{
		Plan: p.n, Number: int32(p.billed), Of: int32(of), Principal: i.principal, Fee: i.fee, Interest: i.interest,
		Subsidy: i.subsidy, Outstanding: total(p.rest), Terms: p.termsID, Agreed: p.agreed,
	}
}

// takeAway is a refund: what is left is spread equally over the months that are left. The fee is again the rate on the
// original principal of a plan whose equal parts are these; no charge is more than it was.
func (p *planned) takeAway(s ledger.Scene, amount money.Amount) {
	if amount == 0 {
		return
	}
	p.rest[s-1] -= amount
	p.spread()
}

// spread spreads what is to come equally over the months that are left.
func (p *planned) spread() {
	left, months := total(p.rest), len(p.toCome)
	if left == 0 {
		p.toCome = nil
		return
	}
	var list []installment
	if p.offer.Method == plan.MethodAnnuity {
		list = annuity(left, months, int64(p.offer.Interest))
	} else {
		fee := halfEven(big.NewInt(int64(left)*int64(p.offer.Fee)*int64(p.offer.Months)), big.NewInt(1_000_000*int64(months)))
		list = equalParts(left, months, fee, p.offer.Method == plan.MethodInterestFree)
	}
	for i := range list {
		was := p.toCome[i]
		list[i].fee, list[i].interest, list[i].subsidy = min(list[i].fee, was.fee), min(list[i].interest, was.interest), min(list[i].subsidy, was.subsidy)
	}
	p.toCome = list
}

// offered is the offer of the terms that is meant, if there is one for so much.
func offered(t *Terms, choice ledger.PlanChoice, principal money.Amount) (terms.Offer, bool) {
	for _, o := range t.Installments.Offers {
		if o.Method == choice.Method && o.Months == choice.Months && principal >= o.SmallestPrincipal {
			e, err := o.Example(principal)
			return o, err == nil && t.Capped(e)
		}
	}
	return terms.Offer{}, false
}

// lowered is an offer with a price that the annual cap allows, which halving finds.
func lowered(t *Terms, o plan.Offer, principal money.Amount) plan.Offer {
	price := func(less int) plan.Offer {
		lower := o
		if o.Method == plan.MethodAnnuity {
			lower.Interest -= plan.AnnualRate(less)
		} else {
			lower.Fee -= plan.MonthlyRate(less)
		}
		return lower
	}
	allowed := func(less int) bool {
		e, err := terms.Offer{Offer: price(less)}.Example(principal)
		return err == nil && t.Capped(e)
	}
	if allowed(0) {
		return o
	}
	low, high := 0, max(int(o.Fee), int(o.Interest)) // low is not allowed, a price of nothing is
	for high-low > 1 {
		if middle := (low + high) / 2; allowed(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return price(high)
}

// planStatement pays what is left of a statement's principal by installments.
func (l *Life) planStatement(opens calendar.Date, choice ledger.PlanChoice) string {
	var d *debt
	for _, o := range l.owing() {
		if o.Opens == opens {
			d = o
		}
	}
	if d == nil || total(d.principal()) == 0 {
		return "NOTHING_OWED"
	}
	if d.Due < l.today {
		return "DUE_DATE_PASSED"
	}
	if l.Stopped() {
		return "ACCOUNT_DELINQUENT"
	}
	principal := d.principal()
	t := l.versions[l.accepted]
	offer, there := offered(t, choice, total(principal))
	if !there || offer.Method == plan.MethodInterestFree {
		return "PLAN_NOT_OFFERED"
	}
	w := l.here()
	l.reckon(d, l.today)
	l.happened(Event{Kind: ledger.StatementPlanned, About: opens, Amount: total(principal)})
	d.move(ledger.PrincipalPart, total(principal), max(l.today, d.through))
	w.flows.Spread -= total(principal)
	l.start(&planned{offer: offer.Offer, opens: opens, rest: principal, toCome: schedule(offer.Offer, total(principal))})
	l.cure()
	return ""
}

// payOff bills all that is to come of a plan with the open window.
func (l *Life) payOff(n uint32) string {
	found, sum := false, money.Amount(0)
	for _, p := range l.running() {
		if n != 0 && p.n != n {
			continue
		}
		found = true
		w := l.here()
		fees := money.Amount(0)
		for _, i := range p.toCome {
			fees += i.fee
		}
		if !p.reaged {
			fees = share(fees, int64(p.terms.Installments.EarlyPayoffFees))
		}
		principal := total(p.rest)
		for s, amount := range p.take(principal) {
			w.purchases[s] += amount
		}
		w.fee += fees
		w.flows.Installments += principal
		w.flows.Fees += fees
		p.toCome = nil
		p.billed++
		sum += principal + fees
	}
	if !found {
		return "PLAN_NOT_FOUND"
	}
	l.happened(Event{Kind: ledger.PlanPaidOff, Amount: sum})
	return ""
}
