package sim

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// payment is an amount that was paid, and where it went besides debts, whose marks name it.
type payment struct {
	item      int
	amount    money.Amount
	value     calendar.Date
	recovered money.Amount                // of what was charged off
	opens     calendar.Date               // of the window that was open
	fee       money.Amount                // of the fees of that window
	purchases [ledger.Scenes]money.Amount // of what was bought in it
	credit    money.Amount                // put to the credit balance
	back      bool                        // it bounced
	settled   []calendar.Date             // windows whose debts it paid off
	added     bool                        // it pays what acceleration added
}

// Capture buys something: what the credit balance does not pay is owed in the open window, or planned.
func (l *Life) Capture(authorization uint32, s ledger.Scene, amount money.Amount, offer plan.Offer) {
	w := l.here()
	l.captures = append(l.captures, captureOf{authorization, w.Opens, amount, offer.Method != 0})
	paid := min(l.credit, amount)
	l.credit -= paid
	w.flows.Purchases += paid
	amount -= paid
	if amount == 0 {
		return
	}
	if offer.Method == 0 {
		w.purchases[s-1] += amount
		w.flows.Purchases += amount
		return
	}
	var principal [ledger.Scenes]money.Amount
	principal[s-1] = amount
	offer = lowered(l.versions[l.accepted], offer, amount)
	l.start(&planned{offer: offer, authorization: authorization, rest: principal, toCome: schedule(offer, amount)})
	l.happened(Event{Kind: ledger.PurchasePosted, Amount: paid + amount})
}

// pay lets an amount pay what there is to pay, in order. Without taking back, the value date is today's.
func (l *Life) pay(p *payment, amount money.Amount, late int, takeBack bool) {
	p.recovered = min(l.writtenOff, amount)
	l.writtenOff -= p.recovered
	amount -= p.recovered
	turns := []bool{true}
	if l.plansGoOn() { // what acceleration added comes after all other debts
		turns = []bool{false, true}
	}
	for _, p.added = range turns {
		for _, d := range l.owing() {
			if amount > 0 && (!p.added || len(turns) == 1 || d.added() > 0) {
				amount = l.payDebt(d, p, amount, late, takeBack)
				if d.total() == 0 {
					p.settled = append(p.settled, d.Opens)
				}
			}
		}
	}
	if amount == 0 {
		return
	}
	w := l.here()
	p.opens = w.Opens
	take := func(from *money.Amount) (taken money.Amount) {
		taken = min(*from, amount)
		*from -= taken
		amount -= taken
		return taken
	}
	p.fee = take(&w.fee)
	for i := range w.purchases {
		p.purchases[i] = take(&w.purchases[i])
	}
	p.credit = amount
	l.credit += amount
}

// payDebt pays what it can of a debt, and answers with what is left of the amount. A payment that comes late may have been in
// time: whether it makes the debt carried is seen by supposing so.
func (l *Life) payDebt(d *debt, p *payment, amount money.Amount, late int, takeBack bool) money.Amount {
	value := p.value
	if !takeBack {
		value = max(value, d.through)
	}
	if _, carried := l.dueOf(d); value <= d.Due && l.today > d.Due && !carried && d.terms.MinimumDue.Rate > 0 {
		if is := l.Clone().supposed(d.Opens, p, amount, value, late); is {
			d.assumed = true
			defer func() { d.assumed = false }()
		}
	}
	return l.payAsOf(d, p, amount, value, late)
}

// supposed says whether a payment of a debt that is carried would be the minimum of it.
func (l *Life) supposed(opens calendar.Date, p *payment, amount money.Amount, value calendar.Date, late int) (carried bool) {
	for _, d := range l.owing() {
		if d.Opens == opens {
			d.assumed = true
			l.payAsOf(d, p, amount, value, late)
			d.assumed = false
			_, carried = l.dueOf(d)
		}
	}
	return carried
}

func (l *Life) payAsOf(d *debt, p *payment, amount money.Amount, value calendar.Date, late int) money.Amount {
	if p.value > d.through {
		l.reckon(d, p.value)
	}
	order := allocation(d.terms)
	if first := l.versions[l.accepted].Repayment.PrincipalFirstFromDay; first > 0 && late >= first {
		order = slices.DeleteFunc(order, func(p ledger.Part) bool { return p == ledger.PrincipalPart })
		order = slices.Insert(order, 0, ledger.PrincipalPart)
	}
	all := total(d.principal())
	if !p.added {
		all -= d.added()
	}
	principal := l.mostPrincipal(d, all, amount, value, order)
	d.pay(ledger.PrincipalPart, principal, value, p.item)
	l.reckon(d, d.through)
	for _, part := range []ledger.Part{ledger.InterestPart, ledger.PenaltyPart} { // paid before, and taken back now
		if over := -d.of(part); over > 0 {
			d.pay(part, -over, value, p.item)
			amount += over
		}
	}
	amount -= principal
	for _, part := range order {
		if part != ledger.PrincipalPart {
			paid := min(d.of(part), amount)
			d.pay(part, paid, value, p.item)
			amount -= paid
		}
	}
	return amount
}

// mostPrincipal is the largest amount of principal that can be repaid once what it would take back is taken back: found
// by trying.
func (l *Life) mostPrincipal(d *debt, all, amount money.Amount, value calendar.Date, order []ledger.Part) money.Amount {
	paid := money.Amount(0)
	for _, m := range d.marks {
		if m.part == ledger.InterestPart || m.part == ledger.PenaltyPart {
			paid += max(0, m.amount)
		}
	}
	for x := min(all, amount+paid); x > 0; x-- {
		try := *d
		try.marks = slices.Clone(d.marks)
		try.pay(ledger.PrincipalPart, x, value, 0)
		try.charged = l.chargesThrough(&try, d.through)
		need, have := x, amount
		before := true
		for _, part := range order {
			before = before && part != ledger.PrincipalPart
			if owed := try.of(part); part != ledger.PrincipalPart && owed < 0 {
				have -= owed
			} else if before {
				need += owed
			}
		}
		if need <= have {
			return x
		}
	}
	return 0
}

// repay is a payment, about a window or none. It answers with the reason of a fault, as all that changes what is owed does.
func (l *Life) repay(amount money.Amount, value, about calendar.Date) string {
	return l.repayFrom(l.earliest(), amount, value, about)
}

// repayFrom is repay with a value date that is not before another than that.
func (l *Life) repayFrom(earliest calendar.Date, amount money.Amount, value, about calendar.Date) string {
	switch {
	case value == 0:
		value = l.today
	case value > l.today:
		return "VALUE_DATE_IN_FUTURE"
	case value < earliest:
		return "VALUE_DATE_TOO_EARLY"
	}
	l.here()
	l.happened(Event{Kind: ledger.RepaymentPosted, Amount: amount, Value: value, About: about})
	p := &payment{item: len(l.items), amount: amount, value: value}
	l.payments = append(l.payments, p)
	l.pay(p, amount, l.DaysPastDue(), true)
	l.here().flows.Repayments -= amount - p.recovered
	l.cure()
	return ""
}

// earliest is the last day of the month before.
func (l *Life) earliest() calendar.Date {
	d := l.today
	for d.Month() == l.today.Month() {
		d--
	}
	return d
}

// bounce takes a payment back.
func (l *Life) bounce(item uint32) string {
	i := slices.IndexFunc(l.payments, func(p *payment) bool { return p.item == int(item) })
	switch {
	case i < 0:
		return "ITEM_NOT_FOUND"
	case l.payments[i].back:
		return "REPAYMENT_REVERSED"
	}
	p := l.payments[i]
	p.back = true
	w := l.here()
	l.happened(Event{Kind: ledger.RepaymentReversed, Amount: p.amount, Value: p.value})
	w.flows.Repayments += p.amount - p.recovered
	l.writtenOff += p.recovered
	var touched []*debt
	for _, d := range l.debts {
		for _, m := range slices.Clone(d.marks) {
			if m.payment == p.item {
				if d.total() == 0 && !l.waits(d) && d.grace > l.today {
					d.grace, d.fell = l.today, l.today // the carrier has been heard meanwhile
				}
				m.amount = -m.amount
				d.mark(m)
				touched = append(touched, d)
			}
		}
	}
	touched = append(touched, l.unpayOpen(p, w)...)
	back := min(p.credit, l.credit)
	l.credit -= back
	w.purchases[l.first-1] += p.credit - back
	l.surplus(touched)
	l.cure()
	return ""
}

// surplus reckons debts through today, and makes a payment of charges that were paid and are not owed after all.
func (l *Life) surplus(debts []*debt) {
	over := money.Amount(0)
	for _, d := range debts {
		l.reckon(d, l.today)
		for _, part := range []ledger.Part{ledger.InterestPart, ledger.PenaltyPart} {
			if paid := -d.of(part); paid > 0 {
				d.pay(part, -paid, l.today, 0)
				over += paid
			}
		}
	}
	if over > 0 {
		p := &payment{value: l.today}
		l.pay(p, over, l.DaysPastDue(), true)
		l.here().flows.Repayments += p.recovered // it is not part of the balance, and they were
	}
}

// unpayOpen owes again what a payment paid of the window that was open then: in the debt that the window left, if there
// still is one, else in the window that is open now.
func (l *Life) unpayOpen(p *payment, w *cycle) (touched []*debt) {
	if p.opens == 0 || p.fee+total(p.purchases) == 0 {
		return nil
	}
	for _, d := range l.owing() {
		if d.Opens == p.opens {
			d.bill(ledger.FeePart, 0, p.fee)
			for i, amount := range p.purchases {
				d.bill(ledger.PrincipalPart, ledger.Scene(i+1), amount)
			}
			return []*debt{d}
		}
	}
	w.fee += p.fee
	for i, amount := range p.purchases {
		w.purchases[i] += amount
	}
	return nil
}

// Refund gives back an amount of what was captured of an authorization.
func (l *Life) Refund(authorization uint32, s ledger.Scene, amount money.Amount) {
	w := l.here()
	before, late := l.balance(), l.DaysPastDue()
	charged := w.flows.Interest + w.flows.Penalty
	l.happened(Event{Kind: ledger.PurchaseRefunded, Amount: amount})
	left := amount
	for _, p := range slices.Backward(l.running()) {
		if p.authorization == authorization {
			taken := min(left, total(p.rest))
			p.takeAway(s, taken)
			left -= taken
		}
	}
	if !l.planned(authorization) {
		taken := min(left, w.purchases[s-1], l.capturedIn(authorization, w.Window))
		w.purchases[s-1] -= taken
		left -= taken
	}
	for _, d := range slices.Backward(l.owing()) {
		if taken := min(left, d.principal()[s-1], l.capturedIn(authorization, d.Window)); taken > 0 {
			l.reckon(d, l.today)
			d.mark(mark{part: ledger.PrincipalPart, scene: s, amount: taken, value: max(l.today, d.through)})
			left -= taken
		}
	}
	p := &payment{value: l.today}
	l.pay(p, left, late, false)
	charged = w.flows.Interest + w.flows.Penalty - charged
	w.flows.Refunds += l.balance() - before - charged
	l.cure()
}

// capturedIn is how much of an authorization can be owed in a window: what was captured in it. Installments of an order
// with a plan are billed with any window that closes after its first capture.
func (l *Life) capturedIn(authorization uint32, w calendar.Window) (sum money.Amount) {
	for _, c := range l.captures {
		switch {
		case c.authorization != authorization:
		case c.planned && c.opens <= w.Opens:
			return money.Max
		case c.opens == w.Opens:
			sum += c.amount
		}
	}
	return sum
}

func (l *Life) planned(authorization uint32) bool {
	return slices.ContainsFunc(l.captures, func(c captureOf) bool { return c.authorization == authorization && c.planned })
}

// refundCredit pays the credit balance out; 0 is all of it.
func (l *Life) refundCredit(amount money.Amount) string {
	if amount == 0 {
		amount = l.credit
	}
	switch {
	case l.credit == 0:
		return "NO_CREDIT_BALANCE"
	case amount > l.credit:
		return "EXCEEDS_CREDIT_BALANCE"
	}
	w := l.here()
	l.credit -= amount
	w.flows.PaidOut += amount
	l.happened(Event{Kind: ledger.CreditRefunded, Amount: amount})
	return ""
}
