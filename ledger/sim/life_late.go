package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Terms is short for the terms of package terms.
type Terms = terms.Terms

// lateness is what has been done about an account that is past due.
type lateness struct {
	since       calendar.Date // the oldest due date that is over
	froze       bool          // it was frozen for being past due, once
	holds       bool          // and is for that still
	wroteOff    bool
	stopped     bool             // cured, and new orders are declined still: an operator must say
	notBefore   calendar.Instant // for the next notice
	noticed     int              // days past due that notices were dealt with
	collections []collecting
}

// collecting is a collection.
type collecting struct {
	item   int
	opens  calendar.Date
	day    calendar.Date
	amount money.Amount
	done   bool // its outcome is known
	failed bool
	line   *onBill // of a carrier's batch; nil for a direct debit
}

// Event is something that happened to what is owed, as a line in the account's history.
type Event struct {
	Kind   ledger.BookingKind
	Day    calendar.Date
	Value  calendar.Date
	About  calendar.Date
	Amount money.Amount
}

// happened writes an item into the history, of those kinds that have one.
func (l *Life) happened(e Event) {
	switch e.Kind {
	case ledger.WindowClosed, ledger.FellDue, ledger.Carried, ledger.DelinquencyFroze, ledger.TermsAccepted, ledger.StatementDaySet, ledger.ChannelSet:
		return
	}
	e.Day = l.today
	l.items = append(l.items, e)
}

// DaysPastDue is how many days the oldest unpaid due date is over.
func (l *Life) DaysPastDue() int {
	if oldest := l.oldestOverdue(); oldest != nil {
		return int(l.today - l.payBy(oldest))
	}
	return 0
}

// payBy is the day after which a debt is late: when it is due, or when what a carrier had to collect falls back, if that is later.
func (l *Life) payBy(d *debt) calendar.Date {
	due, _ := l.dueOf(d)
	return max(due, d.grace)
}

// oldestOverdue is the debt whose due date has been over longest.
func (l *Life) oldestOverdue() (oldest *debt) {
	for _, d := range l.owing() {
		if due := l.payBy(d); due < l.today && (oldest == nil || due < l.payBy(oldest)) {
			oldest = d
		}
	}
	return oldest
}

// worsen is what a day past due brings, at its first instant.
func (l *Life) worsen() {
	late := l.DaysPastDue()
	t := &l.versions[l.accepted].Delinquency
	if from := t.FreezeFromDay; from > 0 && late >= from && !l.late.froze {
		if l.late.froze = true; l.status == ledger.AccountActive {
			l.status, l.late.holds = ledger.AccountFrozen, true
		}
		l.happened(Event{Kind: ledger.DelinquencyFroze})
	}
	if from := l.versions[l.accepted].Installments.AccelerateFromDay; from > 0 && late >= from && late <= t.ChargeOffAfterDay {
		l.accelerate()
	}
	if late > t.ChargeOffAfterDay {
		l.chargeOff()
	}
}

// accelerate adds every plan's rest to the oldest debt that is overdue. It bears penalty from today on.
func (l *Life) accelerate() {
	d, plans, sum := l.oldestOverdue(), l.running(), money.Amount(0)
	if len(plans) == 0 {
		return
	}
	for _, p := range plans {
		principal := total(p.rest)
		sum += principal
		p.into, p.was, p.wasRest = d.Opens, p.toCome, p.rest
		for s, amount := range p.take(principal) {
			d.later[s] += amount
			d.mark(mark{part: ledger.PrincipalPart, scene: ledger.Scene(s + 1), amount: -amount, value: l.today - 1, billing: true})
		}
		d.billed += principal
		l.here().flows.Installments += principal
		p.toCome = nil
		p.billed++
	}
	l.happened(Event{Kind: ledger.PlanAccelerated, Amount: sum, About: d.Opens})
}

// chargeOff writes off all that is owed and planned.
func (l *Life) chargeOff() {
	w := l.here()
	owed := money.Amount(0)
	for _, d := range l.owing() {
		l.reckon(d, l.today-1)
		owed += d.total()
		for _, part := range []ledger.Part{ledger.PenaltyPart, ledger.InterestPart, ledger.FeePart} {
			d.move(part, d.of(part), l.today-1)
		}
		d.move(ledger.PrincipalPart, total(d.principal()), l.today-1)
	}
	owed += w.fee + total(w.purchases)
	w.fee, w.purchases = 0, [ledger.Scenes]money.Amount{}
	w.flows.WrittenOff -= owed
	for _, p := range l.running() {
		owed += total(p.rest)
		p.rest, p.toCome = [ledger.Scenes]money.Amount{}, nil
	}
	l.writtenOff += owed
	l.late.wroteOff = true
	l.forget()
	if l.status == ledger.AccountActive {
		l.status = ledger.AccountFrozen
	}
	l.happened(Event{Kind: ledger.ChargedOff, Amount: owed})
}

// Freeze is an operator's: being past due no longer has to do with it.
func (l *Life) Freeze() { l.status, l.late.holds = ledger.AccountFrozen, false }

// Unfreeze is an operator's.
func (l *Life) Unfreeze() {
	l.late.wroteOff = false // it begins anew
	l.status, l.late.holds, l.late.stopped = ledger.AccountActive, false, false
}

// cure is what follows when nothing is past due any more.
func (l *Life) cure() {
	l.goOn()
	if l.DaysPastDue() > 0 || l.late.wroteOff {
		return
	}
	t := &l.versions[l.accepted].Delinquency
	restores := t.CuringRestores
	if since := l.late.since; since != 0 && int(l.today-since) >= t.StopAuthorizationsFromDay && !slices.Contains(restores, terms.RestoresAuthorizations) {
		l.late.stopped = true
	}
	if l.late.froze && l.late.holds && slices.Contains(restores, terms.RestoresAccount) {
		l.status, l.late.holds = ledger.AccountActive, false
	}
	l.late.froze = false
	l.watch()
}

func (l *Life) plansGoOn() bool {
	return slices.Contains(l.versions[l.accepted].Delinquency.CuringRestores, terms.RestoresPlans)
}

// goOn lets accelerated plans go on, where the terms say so, when nothing else is past due. Who paid some of it early paid the
// oldest plan.
func (l *Life) goOn() {
	l.forget()
	if !l.plansGoOn() {
		return
	}
	for _, d := range l.owing() {
		if l.payBy(d) < l.today {
			try := *d
			try.charged = l.chargesThrough(d, max(d.through, l.today))
			owed := try.owed()
			for s, amount := range d.later {
				owed.Principal[s] = max(0, owed.Principal[s]-amount)
			}
			if owed != (ledger.Owed{}) {
				return
			}
		}
	}
	for _, p := range slices.Backward(l.plans) {
		if p.into == 0 {
			continue
		}
		d := l.debtOf(p.into)
		owed := d.principal()
		for s, amount := range p.wasRest {
			back := min(amount, owed[s])
			p.rest[s] = back
			d.mark(mark{part: ledger.PrincipalPart, scene: ledger.Scene(s + 1), amount: back, value: l.today, moved: true})
			l.here().flows.Spread -= back
		}
		if total(p.rest) > 0 {
			p.billed--
			l.wentOn++
		}
		if p.toCome = p.was; p.rest != p.wasRest {
			fees := p.was
			p.spread()
			for i := range p.toCome {
				if p.reaged {
					p.toCome[i].fee = fees[i].fee
				}
			}
		}
		d.later, p.into = [ledger.Scenes]money.Amount{}, 0
	}
}

// forget forgets what was accelerated into debts that are gone.
func (l *Life) forget() {
	for _, p := range l.plans {
		if d := l.debtOf(p.into); p.into != 0 && d.total() == 0 {
			d.later, p.into = [ledger.Scenes]money.Amount{}, 0
		}
	}
}

// debtOf is the debt of a window; nil when it left none.
func (l *Life) debtOf(opens calendar.Date) *debt {
	for _, d := range l.debts {
		if d.Opens == opens {
			return d
		}
	}
	return nil
}

// Stopped says that new orders are declined for being past due.
func (l *Life) Stopped() bool {
	return l.late.stopped || l.DaysPastDue() >= l.versions[l.accepted].Delinquency.StopAuthorizationsFromDay
}

// remind issues the notice and the collections that are due, in the order in which they would have been due without
// downtime.
func (l *Life) remind() {
	type reminder struct {
		due   calendar.Instant
		issue func()
	}
	var list []reminder
	add := func(due calendar.Instant, issue func()) {
		if issue != nil {
			list = append(list, reminder{due, issue})
		}
	}
	for _, d := range l.owing() {
		add(l.collection(d))
	}
	add(l.notice())
	slices.SortStableFunc(list, func(a, b reminder) int { return cmp.Compare(a.due, b.due) })
	for _, r := range list {
		r.issue()
	}
}

// watch notices that the oldest due date is another: the days that have passed since it count as noticed.
func (l *Life) watch() {
	since := calendar.Date(0)
	if oldest := l.oldestOverdue(); oldest != nil {
		since = l.payBy(oldest)
	}
	if since != l.late.since {
		if l.late.since == 0 {
			l.late.froze = false // what was charged off may have been frozen before
		}
		l.late.since, l.late.noticed = since, max(0, l.DaysPastDue()-1)
	}
}

// notice is the notice that is due, if it may be issued now, and when the first of those missed was due.
func (l *Life) notice() (first calendar.Instant, issue func()) {
	l.watch()
	due, late := l.late.since, l.DaysPastDue()
	if late == 0 {
		return 0, nil
	}
	t := &l.versions[l.accepted].Delinquency
	if l.now < l.late.notBefore {
		return 0, nil
	}
	for _, day := range t.NoticeDays {
		if day > l.late.noticed && day <= late {
			if t.QuietHours.Has(l.clock(l.now)) {
				l.late.notBefore = l.loud(l.now)
				return 0, nil
			}
			if first = l.zone.Start(due.AddDays(day)); t.QuietHours.Has(l.clock(first)) {
				first = l.loud(first)
			}
			return max(first, l.late.notBefore), func() {
				l.late.noticed, l.late.notBefore = late, 0
				l.happened(Event{Kind: ledger.NoticeIssued, Amount: l.overdue()})
			}
		}
	}
	return 0, nil
}

// loud is the end of quiet hours, to the minute.
func (l *Life) loud(at calendar.Instant) calendar.Instant {
	for at -= at % calendar.Instant(time.Minute); l.versions[l.accepted].Delinquency.QuietHours.Has(l.clock(at)); {
		at = at.Add(time.Minute)
	}
	return at
}

// overdue is all that is overdue as of today.
func (l *Life) overdue() (sum money.Amount) {
	l = l.Clone()
	for _, d := range l.owing() {
		if l.payBy(d) < l.today {
			l.reckon(d, l.today)
			sum += d.total()
		}
	}
	return sum
}

// clock is the time of day.
func (l *Life) clock(at calendar.Instant) terms.TimeOfDay {
	t := at.Time().In(l.location)
	return terms.TimeOfDay(t.Hour()*60 + t.Minute())
}

// collection is that of a debt which is due, and when the first of those missed was due.
func (l *Life) collection(d *debt) (first calendar.Instant, issue func()) {
	if l.channel == ledger.ByHand {
		return 0, nil
	}
	tried := calendar.None
	for _, c := range l.late.collections {
		if c.opens == d.Opens {
			tried = max(tried, c.day)
			if !c.done {
				return 0, nil
			}
		}
	}
	dueDate, _ := l.dueOf(d)
	due := max(dueDate, d.fell)
	days := []calendar.Date{due}
	for _, n := range d.terms.Repayment.RetryDays {
		days = append(days, due.AddDays(n))
	}
	for _, day := range days {
		if day > tried && day <= l.today {
			least := d.terms.Repayment.Collect == terms.CollectMinimum && l.today <= d.Due
			if least && d.leastDue() == 0 {
				return 0, nil
			}
			return l.zone.Start(day), func() {
				l.reckon(d, l.today)
				amount := d.total()
				if least {
					amount = d.leastDue()
				}
				l.happened(Event{Kind: ledger.CollectionIssued, About: d.Opens, Amount: amount})
				c := collecting{item: len(l.items), opens: d.Opens, day: l.today, amount: amount}
				if l.channel == ledger.OnCarrier && l.collects[l.payer.Carrier] && tried < dueDate && d.fell < dueDate {
					c.line = l.list(d)
				}
				l.late.collections = append(l.late.collections, c)
			}
		}
	}
	return 0, nil
}

// report is what became of a collection.
func (l *Life) report(c *ledger.ReportCollection) string {
	i := slices.IndexFunc(l.late.collections, func(o collecting) bool { return o.item == int(c.Item) })
	if i < 0 {
		return "ITEM_NOT_FOUND"
	}
	o := &l.late.collections[i]
	switch {
	case o.line != nil:
		return "ON_CARRIERS_BILL"
	case o.done && o.failed == c.Succeeded:
		return "COLLECTION_REPORTED"
	case o.done:
		return "" // told again
	case !c.Succeeded:
		o.done, o.failed = true, true
		l.happened(Event{Kind: ledger.CollectionFailed, About: o.opens, Amount: o.amount})
		return ""
	}
	fault := l.repay(o.amount, c.ValueDate, o.opens)
	o.done = fault == ""
	return fault
}
