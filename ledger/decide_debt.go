package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// debtCommand decides the commands on what is owed; false when it is another command.
func (l *Ledger) debtCommand(c Command) (Outcome, bool) {
	switch c := c.(type) {
	case *AcceptTerms:
		return l.acceptTerms(c), true
	case *SetStatementDay:
		return l.setStatementDay(c), true
	case *SetChannel:
		return l.setChannel(c), true
	case *PostRepayment:
		return l.postRepayment(c), true
	case *ReverseRepayment:
		return l.reverseRepayment(c), true
	case *RefundCredit:
		return l.refundCredit(c), true
	case *ReportCollection:
		return l.reportCollection(c), true
	case *ReportBatchLine:
		return l.reportLine(c), true
	case *WaiveCharges:
		return l.waiveCharges(c), true
	case *PausePenalty:
		return l.pausePenalty(c), true
	case *ReageDebt:
		return l.reageDebt(c), true
	case *PlanStatement:
		return l.planStatement(c), true
	case *PayOffPlan:
		return l.payOffPlan(c), true
	case *SetMandate:
		return l.setMandate(c), true
	case *EndMandate:
		return l.endMandate(c), true
	case *PutTerms:
		return l.putTerms(c), true
	case *PutPolicy:
		return l.putPolicy(c), true
	case *ActivatePolicy:
		return l.activatePolicy(c), true
	case *RaiseAlert:
		return l.raiseAlert(c), true
	case *PutCarrier:
		return l.putCarrier(c), true
	case *GiveSlice:
		return l.giveSlice(c), true
	case *TakeSlice:
		return l.takeSlice(c), true
	case *PutBundleOffer:
		return l.putBundleOffer(c), true
	case *CancelBundle:
		return l.cancelBundle(c), true
	case *ReturnBundle:
		return l.returnBundle(c), true
	}
	return Outcome{}, false
}

func (l *Ledger) setStatementDay(c *SetStatementDay) Outcome {
	a, f := l.changeable(c.Account)
	if f != nil {
		return refused(f)
	}
	d := l.desk(a, StatementDaySet, l.today)
	w := d.Open.Window
	if !d.Open.IsOpen() {
		w = d.windowAt(l.today, d.terms())
	}
	if d.NextDay != 0 && w.Opens >= d.NextFrom {
		d.Day, d.DayFrom = d.NextDay, d.NextFrom // the change before has taken effect
	}
	d.NextDay, d.NextFrom = c.Day, w.Closes+1
	if c.Day == d.Day {
		d.NextDay, d.NextFrom = 0, 0
	}
	return l.post(d.fact())
}

func (l *Ledger) setChannel(c *SetChannel) Outcome {
	a, f := l.changeable(c.Account)
	if f != nil {
		return refused(f)
	}
	if c.Channel == OnCarrier && !l.book.Shard().collects(c.Payer.Carrier) {
		return refused(doesNotCollect(c.Payer.Carrier))
	}
	d := l.desk(a, ChannelSet, l.today)
	d.Channel, d.booking.Channel = c.Channel, c.Channel
	d.Payer, d.booking.Listed.Payer = c.Payer, c.Payer
	return l.post(d.fact())
}

// debtor loads an account that payments may be posted to, closed or not.
func (l *Ledger) debtor(id AccountID, currency money.Currency) (*Account, *Fault) {
	a, f := l.account(id)
	if f == nil && currency != "" {
		f = checkCurrency(a, string(currency))
	}
	return a, f
}

// valueDate checks a value date: not after today, and not before the last day of the previous month.
func (l *Ledger) valueDate(asked calendar.Date) (calendar.Date, *Fault) {
	if asked == 0 {
		return l.today, nil
	}
	if asked > l.today {
		return 0, fault(Invalid, "VALUE_DATE_IN_FUTURE", "value_date %s is after today, %s", asked, l.today).on("value_date")
	}
	if first := l.today.LastMonthEnd(); asked < first {
		return 0, fault(Invalid, "VALUE_DATE_TOO_EARLY", "value_date %s is in a month that is closed: the earliest is %s", asked, first).on("value_date")
	}
	return asked, nil
}

func (l *Ledger) postRepayment(c *PostRepayment) Outcome {
	a, f := l.debtor(c.Account, c.Currency)
	if f != nil {
		return refused(f)
	}
	day, f := l.valueDate(c.ValueDate)
	if f != nil {
		return refused(f)
	}
	return l.post(l.rewarded(a, l.repaid(a, c.Amount, day, c.Reference)))
}

// repaid books a payment.
func (l *Ledger) repaid(a *Account, amount money.Amount, day calendar.Date, reference string) *desk {
	d := l.desk(a, RepaymentPosted, l.today).opened()
	d.booking.Amount, d.booking.ValueDate, d.booking.Reference = amount, day, reference
	d.numbered()
	d.pay(amount, payer{against: BookCash, day: day})
	return d
}

func itemNotFound(id AccountID, n uint32) *Fault {
	return fault(NotFound, "ITEM_NOT_FOUND", "account %s has no item %d", id, n).named(ItemID{id, n}.String())
}

// item finds an item of an account.
func (l *Ledger) item(a *Account, n uint32, kind BookingKind) (*Item, *Fault) {
	if n == 0 || n > a.Billing.Items {
		return nil, itemNotFound(a.ID, n)
	}
	i := l.book.Item(a.ID, n)
	if i == nil || i.Kind != kind {
		return nil, itemNotFound(a.ID, n)
	}
	return i, nil
}

func (l *Ledger) reverseRepayment(c *ReverseRepayment) Outcome {
	a, f := l.debtor(c.Account, "")
	if f != nil {
		return refused(f)
	}
	paid, f := l.item(a, c.Item, RepaymentPosted)
	if f != nil {
		return refused(f)
	}
	if paid.Outcome != Succeeded {
		return refused(fault(FailedPrecondition, "REPAYMENT_REVERSED", "repayment %s has been reversed", ItemID{a.ID, c.Item}).named(ItemID{a.ID, c.Item}.String()))
	}
	paid = paid.clone() // others are read beside it
	d := l.desk(a, RepaymentReversed, l.today).opened()
	d.booking.Amount, d.booking.ValueDate, d.booking.Note, d.booking.Undoes = paid.Amount, paid.ValueDate, c.Reason, paid.N
	if d.booking.Listed = paid.Listed; paid.Listed.Any() {
		d.booking.Listed.Was, d.booking.Listed.Outcome = paid.Listed.Outcome, OutcomeReversed
	}
	d.numbered()
	d.unpay(paid)
	p := l.purse(a, nil)
	if paid.Points != nil {
		p.unrepay(paid.Points.Flows.Earned)
	}
	return l.post(d.pointsFact(p))
}

// unpay owes again what a payment paid.
func (d *desk) unpay(paid *Item) {
	var again []calendar.Date // owed, by the window of the debt
	for _, m := range paid.Moves {
		if m.paid() && m.Opens != 0 && d.restore(m.Opens, paid) {
			x := d.debt(m.Opens)
			if paid.ValueDate <= x.First && m.Part != PenaltyPart && m.Opens != paid.Opens { // what it paid of the open window was no minimum
				x.InTime = max(0, x.InTime+m.Amount)
			}
			again = append(again, m.Opens)
		}
	}
	for i := range d.Debts {
		if x := &d.Debts[i]; slices.Contains(again, x.Opens) {
			d.judgeDue(x)
		}
	}
	for _, m := range paid.Moves {
		if !m.paid() {
			continue
		}
		m.Amount = -m.Amount
		x := d.debt(m.Opens)
		switch {
		case m.Part == CreditPart:
			d.uncredit(-m.Amount, m)
		case m.Part == WrittenOffPart:
			d.move(m)
		case x != nil:
			d.moveOn(x, m, paid.ValueDate)
		default:
			if m.Opens = d.Open.Opens; m.Part != PrincipalPart {
				m.Part = FeePart
			}
			d.move(m)
		}
	}
	d.rechargeOf(again)
}

// judgeDue judges a debt again after a payment of it bounced: it is carried only if others paid the minimum in time.
func (d *desk) judgeDue(x *Debt) {
	switch carried := d.l.inTime(x); {
	case x.Due == x.First && x.Due < d.booking.Day && !x.Overdue && carried:
		d.dueBy(x, d.after(x).Due)
	case x.Due != x.First && !carried:
		d.dueBy(x, x.First)
	default:
		x.Overdue = x.PayBy() < d.booking.Day
	}
}

// rechargeOf charges debts of some windows anew, whose past has changed. Charges that were paid and are not owed after all are a
// payment of today.
func (d *desk) rechargeOf(windows []calendar.Date) {
	var over money.Amount
	for i := range d.Debts {
		x := &d.Debts[i]
		if !slices.Contains(windows, x.Opens) {
			continue
		}
		x.reckon(d.booking.Day)
		d.charge(x)
		for _, part := range []Part{PenaltyPart, InterestPart} {
			m := Move{Opens: x.Opens, Part: part, Against: BookCash}
			m.Amount = max(0, -*d.place(&m))
			over += m.Amount
			d.move(m)
		}
	}
	d.pay(over, payer{against: BookCash, day: d.booking.Day})
}

// restore makes sure that the debt of a window is there, if it was when the payment paid it.
func (d *desk) restore(opens calendar.Date, paid *Item) bool {
	if d.debt(opens) != nil {
		return true
	}
	if opens == paid.Opens {
		return false // it was the open window then
	}
	x, found := d.settled(opens, paid)
	if !found {
		return false
	}
	if x.Grace > d.booking.Day && !slices.ContainsFunc(d.Collections, func(c Collection) bool { return c.Opens == opens && c.Listed.Any() }) {
		x.Grace, x.Fell = d.booking.Day, d.booking.Day // the carrier has been heard meanwhile
	}
	at, _ := slices.BinarySearchFunc(d.Debts, opens, func(o Debt, opens calendar.Date) int { return int(o.Opens - opens) })
	d.Debts = slices.Insert(d.Debts, at, x)
	return true
}

// settled finds a debt that is gone, with nothing owed: in the item that settled it, be it the payment itself or what another
// payment, an operator or time did later. Books of before such items kept it have the statement only.
func (d *desk) settled(opens calendar.Date, paid *Item) (x Debt, found bool) {
	for n := d.account.Billing.Items; n >= paid.N; n-- {
		item := d.l.book.Item(d.account.ID, n)
		if item == nil {
			continue
		}
		if at := slices.IndexFunc(item.Settled, func(x Debt) bool { return x.Opens == opens }); at >= 0 {
			x = item.Settled[at]
			x.Changes = slices.Clone(x.Changes)
			return x, true
		}
	}
	s := d.l.book.Statement(d.account.ID, opens)
	if s == nil {
		return x, false
	}
	return Debt{
		Window: s.Window, First: s.Due, Terms: s.Terms, Billed: s.Bill.AllPrincipal(), Through: s.Due, Summed: s.Due,
		Overdue: s.Due < d.booking.Day, Tried: d.booking.Day,
	}, true
}

// uncredit takes an amount from the credit balance again; what is no longer there is owed in the open window, on the
// line of the first scene that was ever opened.
func (d *desk) uncredit(amount money.Amount, from Move) {
	there := min(amount, d.Credit)
	d.move(Move{Part: CreditPart, Amount: -there, Against: from.Against, Carrier: from.Carrier})
	scene := TopUp
	for s := TopUp; s.Valid(); s++ {
		if d.account.Line(s).Status != NoLine {
			scene = s
			break
		}
	}
	d.move(Move{Opens: d.Open.Opens, Part: PrincipalPart, Scene: scene, Amount: amount - there, Against: from.Against, Carrier: from.Carrier})
}

func (l *Ledger) refundCredit(c *RefundCredit) Outcome {
	a, f := l.debtor(c.Account, c.Currency)
	if f != nil {
		return refused(f)
	}
	amount := c.Amount
	if amount == 0 {
		amount = a.Billing.Credit
	}
	switch {
	case a.Billing.Credit == 0:
		return refused(fault(FailedPrecondition, "NO_CREDIT_BALANCE", "account %s has no credit balance", a.ID).named(a.ID.String()))
	case amount > a.Billing.Credit:
		return refused(fault(Invalid, "EXCEEDS_CREDIT_BALANCE", "amount %d is more than the credit balance of %d", amount, a.Billing.Credit).on("amount"))
	}
	d := l.desk(a, CreditRefunded, l.today).opened()
	d.booking.Amount, d.booking.Reference = amount, c.Reference
	d.numbered()
	d.move(Move{Part: CreditPart, Amount: -amount, Against: BookCash})
	return l.post(d.fact())
}

// reportCollection books what became of a collection. The same report again changes nothing.
func (l *Ledger) reportCollection(c *ReportCollection) Outcome {
	a, f := l.debtor(c.Account, "")
	if f != nil {
		return refused(f)
	}
	at := slices.IndexFunc(a.Billing.Collections, func(o Collection) bool { return o.N == c.Item })
	if at < 0 {
		done, f := l.item(a, c.Item, CollectionIssued)
		if f == nil && done.Listed.Any() {
			f = onCarriersBill(ItemID{a.ID, c.Item})
		}
		if f != nil {
			return refused(f)
		}
		if (done.Outcome == Succeeded) != c.Succeeded {
			return refused(fault(FailedPrecondition, "COLLECTION_REPORTED", "collection %s was reported otherwise before",
				ItemID{a.ID, c.Item}).named(ItemID{a.ID, c.Item}.String()))
		}
		return Outcome{Replayed: true, Billing: &BillingAnswer{Account: l.reckoned(a), Item: done}}
	}
	collection := a.Billing.Collections[at]
	if collection.Listed.Any() {
		return refused(onCarriersBill(ItemID{a.ID, c.Item}))
	}
	if !c.Succeeded {
		d := l.desk(a, CollectionFailed, l.today)
		d.Collections = slices.Delete(d.Collections, at, at+1)
		d.booking.Opens, d.booking.Amount, d.booking.Attempt, d.booking.Channel = collection.Opens, collection.Amount, collection.Attempt, collection.Channel
		d.booking.Undoes, d.booking.Note = c.Item, c.Reason
		d.numbered()
		return l.post(d.fact())
	}
	day, f := l.valueDate(c.ValueDate)
	if f != nil {
		return refused(f)
	}
	d := l.repaid(a, collection.Amount, day, c.Reference)
	d.Collections = slices.Delete(d.Collections, at, at+1)
	d.booking.Opens, d.booking.Attempt, d.booking.Channel, d.booking.Undoes = collection.Opens, collection.Attempt, collection.Channel, c.Item
	return l.post(l.rewarded(a, d))
}

func (l *Ledger) waiveCharges(c *WaiveCharges) Outcome {
	a, f := l.debtor(c.Account, c.Currency)
	if f != nil {
		return refused(f)
	}
	d := l.desk(a, ChargeWaived, l.today)
	m := Move{Opens: c.Opens, Part: c.Part, Against: BookIncome}
	if x := d.debt(c.Opens); x != nil {
		x.reckon(l.today)
		d.charge(x)
	} else if !d.Open.IsOpen() || d.Open.Opens != c.Opens || c.Part != FeePart {
		return refused(nothingOwed(a.ID, c.Opens))
	}
	owed := *d.place(&m)
	amount := c.Amount
	if amount == 0 {
		amount = owed
	}
	switch {
	case owed == 0:
		return refused(nothingOwed(a.ID, c.Opens))
	case amount > owed:
		return refused(fault(Invalid, "WAIVES_TOO_MUCH", "amount %d is more than the %d that is owed", amount, owed).on("amount"))
	}
	m.Amount = -amount
	d.booking.Opens, d.booking.Amount, d.booking.Note = c.Opens, amount, c.Reason
	d.numbered()
	d.move(m)
	return l.post(d.fact())
}

func nothingOwed(id AccountID, opens calendar.Date) *Fault {
	return fault(FailedPrecondition, "NOTHING_OWED", "account %s owes nothing of the kind of its window of %s", id, opens).named(id.String())
}

func (l *Ledger) pausePenalty(c *PausePenalty) Outcome {
	a, f := l.changeable(c.Account)
	if f != nil {
		return refused(f)
	}
	switch {
	case c.Pause.From < l.today:
		f = fault(Invalid, "DAY_PASSED", "from %s has passed: today is %s", c.Pause.From, l.today).on("from")
	case c.Pause.To < c.Pause.From:
		f = fault(Invalid, "DAYS_OUT_OF_ORDER", "to %s is before from %s", c.Pause.To, c.Pause.From).on("to")
	case slices.ContainsFunc(a.Billing.Pauses, func(p Pause) bool { return c.Pause.From <= p.To && p.From <= c.Pause.To }):
		f = fault(FailedPrecondition, "PAUSES_OVERLAP", "account %s has a pause within these days", a.ID).named(a.ID.String())
	case len(a.Billing.Pauses) == maxPauses:
		f = fault(FailedPrecondition, "TOO_MANY_PAUSES", "account %s has %d pauses", a.ID, maxPauses).named(a.ID.String())
	}
	if f != nil {
		return refused(f)
	}
	d := l.desk(a, PenaltyPaused, l.today)
	d.Pauses = append(d.Pauses, c.Pause)
	slices.SortFunc(d.Pauses, func(p, o Pause) int { return int(p.From - o.From) })
	d.booking.Note = c.Reason
	d.numbered()
	var reckoned []calendar.Date // today already, which does not count after all
	for i := range d.Debts {
		if x := &d.Debts[i]; x.Through >= c.Pause.From {
			reckoned = append(reckoned, x.Opens)
		}
	}
	d.rechargeOf(reckoned)
	return l.post(d.fact())
}

const maxPauses = 24

// reageDebt spreads what is overdue over windows to come.
func (l *Ledger) reageDebt(c *ReageDebt) Outcome {
	a, f := l.changeable(c.Account)
	if f != nil {
		return refused(f)
	}
	d := l.desk(a, DebtReaged, l.today).opened()
	var principal [Scenes]money.Amount
	var charges, sum money.Amount
	for i := range d.Debts {
		x := &d.Debts[i]
		if x.PayBy() >= l.today {
			continue
		}
		x.reckon(l.today)
		d.charge(x)
		for s := range x.Principal {
			part := x.Principal[s]
			x.Principal[s] = 0
			d.change(x, -part, l.today)
			principal[s] += part
			sum += part
		}
		for _, part := range []Part{PenaltyPart, InterestPart, FeePart} {
			m := Move{Opens: x.Opens, Part: part, Against: BookIncome}
			m.Amount = -*d.place(&m)
			charges -= m.Amount
			d.move(m)
		}
	}
	if sum == 0 {
		return refused(fault(FailedPrecondition, "NOTHING_OVERDUE", "account %s has no principal that is overdue", a.ID).named(a.ID.String()))
	}
	if sum > money.Max || charges > money.Max {
		return refused(tooMuchToPlan(a.ID))
	}
	p := d.planned(plan.Offer{Method: plan.MethodFlatFee, Months: c.Windows}, sum)
	fees, err := plan.Split(charges, c.Windows)
	if err != nil {
		return refused(fault(Invalid, "WINDOWS_OUT_OF_RANGE", "%v", err).on("windows"))
	}
	for i := range p.Plan.Schedule {
		p.Plan.Schedule[i].Fee = fees[i]
	}
	p.Principal = principal
	d.Open.Flows.Spread -= sum
	d.booking.Amount, d.booking.Note = sum+charges, c.Reason
	d.numbered()
	return l.post(d.fact())
}

func tooMuchToPlan(id AccountID) *Fault {
	return fault(FailedPrecondition, "TOO_MUCH_TO_PLAN", "account %s owes more than the %d that a plan can be of", id, money.Max).named(id.String())
}

func (l *Ledger) planStatement(c *PlanStatement) Outcome {
	a, f := l.changeable(c.Account)
	if f != nil {
		return refused(f)
	}
	d := l.desk(a, StatementPlanned, l.today).opened()
	x := d.debt(c.Opens)
	switch {
	case x == nil || x.AllPrincipal() == 0:
		return refused(nothingOwed(a.ID, c.Opens))
	case l.today > x.First:
		return refused(fault(FailedPrecondition, "DUE_DATE_PASSED", "the statement of %s was due on %s", c.Opens, x.First).named(a.ID.String()))
	case l.delinquent(a):
		return refused(fault(FailedPrecondition, "ACCOUNT_DELINQUENT", "account %s is %d days past due: it gets no new credit", a.ID, a.Billing.DaysPastDue(l.today)).named(a.ID.String()))
	}
	sum := x.AllPrincipal()
	if sum > money.Max {
		return refused(tooMuchToPlan(a.ID))
	}
	o, offered := d.terms().Offered(c.Choice.Method, c.Choice.Months, sum)
	if !offered || o.PaidBy != terms.Consumer {
		return refused(fault(FailedPrecondition, "PLAN_NOT_OFFERED", "%s over %d months is not offered for %d", c.Choice.Method, c.Choice.Months, sum).on("plan"))
	}
	p := d.planned(o.Offer, sum)
	p.Opens, p.Principal = c.Opens, x.Principal
	x.Principal = [Scenes]money.Amount{}
	d.change(x, -sum, l.today)
	d.Open.Flows.Spread -= sum
	d.booking.Opens, d.booking.Amount = c.Opens, sum
	d.numbered()
	return l.post(d.fact())
}

func (l *Ledger) payOffPlan(c *PayOffPlan) Outcome {
	a, f := l.debtor(c.Account, "")
	if f != nil {
		return refused(f)
	}
	if c.Plan != 0 && a.Billing.plan(c.Plan) == nil || len(a.Billing.Plans) == 0 {
		return refused(fault(NotFound, "PLAN_NOT_FOUND", "account %s has no such plan with anything to come", a.ID).on("plan_id").named(a.ID.String()))
	}
	d := l.desk(a, PlanPaidOff, l.today).opened()
	for i := range d.Plans {
		if p := &d.Plans[i]; c.Plan == 0 || p.N == c.Plan {
			d.payOff(p)
			d.booking.Plan = p.N
		}
	}
	if c.Plan == 0 && len(d.Plans) > 1 {
		d.booking.Plan = 0
	}
	d.numbered()
	return l.post(d.fact())
}

// payOff bills all that is to come of a plan with the open window.
func (d *desk) payOff(p *Plan) {
	share := d.l.termsOf(p.Terms).Installments.EarlyPayoffFees
	if p.reaged() {
		share = 1_000_000 // the charges that re-aging spread are owed
	}
	after, last, err := p.Plan.PayOff(share)
	if err != nil {
		return // nothing is to come
	}
	p.Plan = after
	for s := range p.Principal {
		d.Open.Purchases[s] += p.Principal[s]
		p.Principal[s] = 0
	}
	d.Open.Flows.Installments += last.Principal
	d.booking.Amount += last.Due()
	d.move(Move{Opens: d.Open.Opens, Part: FeePart, Amount: last.Fee, Against: BookIncome})
	d.move(Move{Part: SubsidyPart, Amount: last.Subsidy, Against: BookIncome, Carrier: p.Carrier})
	d.cost(p, last)
	d.ended(p, last)
}
