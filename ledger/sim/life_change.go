package sim

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// Do carries out a command on what is owed, at the instant up to which time has passed. It answers with the reason of a
// fault, or nothing.
func (l *Life) Do(c ledger.Command) string {
	switch c := c.(type) {
	case *ledger.PostRepayment:
		return l.repay(c.Amount, c.ValueDate, 0)
	case *ledger.ReverseRepayment:
		return l.bounce(c.Item)
	case *ledger.RefundCredit:
		return l.refundCredit(c.Amount)
	case *ledger.WaiveCharges:
		return l.waive(c.Opens, c.Part, c.Amount)
	case *ledger.PausePenalty:
		return l.pause(c.Pause)
	case *ledger.ReageDebt:
		return l.reage(c.Windows)
	case *ledger.PlanStatement:
		return l.planStatement(c.Opens, c.Choice)
	case *ledger.PayOffPlan:
		return l.payOff(c.Plan)
	case *ledger.SetStatementDay:
		return l.setDay(int(c.Day))
	case *ledger.SetChannel:
		if c.Channel == ledger.OnCarrier && !l.collects[c.Payer.Carrier] {
			return "CARRIER_DOES_NOT_COLLECT"
		}
		l.channel, l.payer = c.Channel, c.Payer
		l.happened(Event{Kind: ledger.ChannelSet})
		return ""
	case *ledger.AcceptTerms:
		i := slices.IndexFunc(l.versions, func(t *Terms) bool { return t.Version == c.Version })
		if i < 0 {
			return "TERMS_NOT_FOUND"
		}
		l.accepted, l.late.notBefore = ledger.TermsID(i), 0
		l.happened(Event{Kind: ledger.TermsAccepted})
		l.cure()
		return ""
	case *ledger.ReportCollection:
		return l.report(c)
	case *ledger.ReportBatchLine:
		return l.reportLine(c)
	case *ledger.PutCarrier:
		l.collects[c.ID] = c.Settings.Collects
		return ""
	}
	panic("sim: not a command on what is owed")
}

// waive takes charges back; 0 is all of the part.
func (l *Life) waive(opens calendar.Date, part ledger.Part, amount money.Amount) string {
	if l.open != nil && l.open.Opens == opens && part == ledger.FeePart {
		if amount == 0 {
			amount = l.open.fee
		}
		switch {
		case l.open.fee == 0:
			return "NOTHING_OWED"
		case amount > l.open.fee:
			return "WAIVES_TOO_MUCH"
		}
		l.open.fee -= amount
		l.open.flows.Waived -= amount
		l.happened(Event{Kind: ledger.ChargeWaived, About: opens, Amount: amount})
		return ""
	}
	for _, d := range l.owing() {
		if d.Opens != opens {
			continue
		}
		try := *d
		try.charged = l.chargesThrough(d, max(d.through, l.today))
		if amount == 0 {
			amount = try.of(part)
		}
		switch {
		case try.of(part) == 0:
			return "NOTHING_OWED"
		case amount > try.of(part):
			return "WAIVES_TOO_MUCH"
		}
		l.reckon(d, l.today)
		d.move(part, amount, l.today)
		l.here().flows.Waived -= amount
		l.happened(Event{Kind: ledger.ChargeWaived, About: opens, Amount: amount})
		l.cure()
		return ""
	}
	return "NOTHING_OWED"
}

// pause lets no penalty accrue on some days.
func (l *Life) pause(p ledger.Pause) string {
	switch {
	case p.From < l.today:
		return "DAY_PASSED"
	case p.To < p.From:
		return "DAYS_OUT_OF_ORDER"
	case slices.ContainsFunc(l.pauses, func(o ledger.Pause) bool { return o.From <= p.To && p.From <= o.To }):
		return "PAUSES_OVERLAP"
	}
	l.pauses = append(l.pauses, p)
	l.happened(Event{Kind: ledger.PenaltyPaused})
	l.surplus(slices.DeleteFunc(l.owing(), func(d *debt) bool { return d.through < p.From })) // today has been reckoned
	l.cure()
	return ""
}

// reage spreads all that is overdue over windows to come.
func (l *Life) reage(windows int) string {
	var principal [ledger.Scenes]money.Amount
	fees := money.Amount(0)
	var overdue []*debt
	for _, d := range l.owing() {
		if l.payBy(d) < l.today {
			overdue = append(overdue, d)
			fees += total(d.principal())
		}
	}
	if fees == 0 {
		return "NOTHING_OVERDUE" // or nothing but charges
	}
	fees = 0
	for _, d := range overdue {
		l.reckon(d, l.today)
		for s, amount := range d.principal() {
			principal[s] += amount
		}
		f := &l.here().flows
		f.Penalty -= d.of(ledger.PenaltyPart) // they are not owed any more, and will be billed as fees
		f.Interest -= d.of(ledger.InterestPart)
		f.Fees -= d.of(ledger.FeePart)
		for _, part := range []ledger.Part{ledger.PenaltyPart, ledger.InterestPart, ledger.FeePart} {
			fees += d.of(part)
			d.move(part, d.of(part), l.today)
		}
		d.move(ledger.PrincipalPart, total(d.principal()), max(l.today, d.through))
	}
	l.here().flows.Spread -= total(principal)
	list := equalParts(total(principal), windows, 0, false)
	for i, f := range equalParts(fees, windows, 0, false) {
		list[i].fee = f.principal
	}
	l.happened(Event{Kind: ledger.DebtReaged, Amount: total(principal) + fees})
	l.start(&planned{offer: plan.Offer{Method: plan.MethodFlatFee, Months: windows}, rest: principal, toCome: list, reaged: true})
	l.cure()
	return ""
}

// setDay moves the statement day, from the next opening on.
func (l *Life) setDay(day int) string {
	w := l.windowOf(l.today)
	l.days = slices.DeleteFunc(l.days, func(c dayChange) bool { return c.from > l.today })
	l.days = append(l.days, dayChange{w.Closes + 1, day})
	l.happened(Event{Kind: ledger.StatementDaySet})
	return ""
}
