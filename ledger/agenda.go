package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// event is something that time does to what an account owes.
type event struct {
	kind  BookingKind // NoBooking: there is nothing to come
	at    calendar.Instant
	opens calendar.Date // of the window that it is about
}

// or is the event that comes first: the first of two at the same instant.
func (e event) or(kind BookingKind, at calendar.Instant, opens calendar.Date) event {
	if e.kind == NoBooking || at < e.at {
		return event{kind, at, opens}
	}
	return e
}

// agendaOf is when time next does something to what an account owes; 0 when never.
func (l *Ledger) agendaOf(b *Billing) calendar.Instant {
	e := l.nextChange(b)
	if told := l.nextTold(b); told.kind != NoBooking {
		e = e.or(told.kind, told.at, told.opens)
	}
	return e.at
}

// nextChange is the first thing that time does to the debts themselves. What happens at the same instant happens in the
// order in which it is asked for here.
func (l *Ledger) nextChange(b *Billing) (first event) {
	propose := func(kind BookingKind, at calendar.Instant, opens calendar.Date) { first = first.or(kind, at, opens) }
	if b.Open.IsOpen() {
		propose(WindowClosed, l.zone.Start(b.Open.Closes+1), b.Open.Opens)
	}
	for i := range b.Debts {
		x := &b.Debts[i]
		switch {
		case x.Overdue:
		case x.Due == x.First && l.inTime(x): // it is carried, with or without grace
			propose(FellDue, l.zone.Start(x.Due+1), x.Opens)
		default:
			propose(FellDue, l.zone.Start(x.PayBy()+1), x.Opens)
		}
	}
	for i := range b.Collections {
		if c := &b.Collections[i]; c.Listed.Any() {
			propose(CollectionFailed, l.zone.Start(c.Listed.Until), c.Opens)
		}
	}
	t := l.termsOf(b.Terms)
	if late := &b.Late; late.Since != 0 {
		on := func(day int) calendar.Instant { return l.zone.Start(max(late.Since.AddDays(day), late.Judged)) }
		d := &t.Delinquency
		propose(ChargedOff, on(d.ChargeOffAfterDay+1), 0)
		if d.FreezeFromDay != terms.Never && !late.Froze {
			propose(DelinquencyFroze, on(d.FreezeFromDay), 0)
		}
		if from := t.Installments.AccelerateFromDay; from != terms.Never && len(b.Plans) > 0 {
			newest := b.Plans[len(b.Plans)-1].Started
			propose(PlanAccelerated, max(on(from), l.zone.Start(newest)), 0)
		}
	}
	return first
}

// nextTold is the first thing that the world outside is told because of time: a collection of a debt of which nothing is
// being collected, or a notice.
func (l *Ledger) nextTold(b *Billing) (first event) {
	for i := range b.Debts {
		x := &b.Debts[i]
		if b.Channel != DirectDebit && b.Channel != OnCarrier ||
			slices.ContainsFunc(b.Collections, func(c Collection) bool { return c.Opens == x.Opens }) {
			continue
		}
		if day := nextTry(l.termsOf(x.Terms), x); day != 0 && l.collectible(x) != 0 {
			first = first.or(CollectionIssued, l.zone.Start(day), x.Opens)
		}
	}
	t := l.termsOf(b.Terms)
	if day := nextNotice(t, &b.Late); day != 0 {
		at := l.zone.Start(b.Late.Since.AddDays(day))
		first = first.or(NoticeIssued, max(l.outOfQuiet(t, at), b.Late.NotBefore), 0)
	}
	return first
}

// collectible is what a collection of a debt is to bring: until the first due date is over, what is left of the minimum, where the
// terms collect no more.
func (l *Ledger) collectible(x *Debt) money.Amount {
	if l.termsOf(x.Terms).Repayment.Collect == terms.CollectMinimum && x.Due == x.First && l.today <= x.First {
		return x.LeastDue()
	}
	return x.Total()
}

// nextTry is the day of a debt's next collection, 0 when there is none.
func nextTry(t *terms.Terms, x *Debt) calendar.Date {
	due := max(x.Due, x.Fell)
	if x.Tried < due {
		return due
	}
	for _, after := range t.Repayment.RetryDays {
		if day := due.AddDays(after); day > x.Tried {
			return day
		}
	}
	return 0
}

// nextNotice is the day past due of the next notice; 0 when there is none.
func nextNotice(t *terms.Terms, late *Delinquency) int {
	if late.Since == 0 {
		return 0
	}
	for _, day := range t.Delinquency.NoticeDays {
		if int32(day) > late.Noticed {
			return day
		}
	}
	return 0
}

// outOfQuiet is an instant, or the end of the quiet hours that it lies in.
func (l *Ledger) outOfQuiet(t *terms.Terms, at calendar.Instant) calendar.Instant {
	hours, minute := t.Delinquency.QuietHours, terms.TimeOfDay(l.zone.Minute(at))
	if !hours.Has(minute) {
		return at
	}
	day := l.zone.DateAt(at)
	if minute >= hours.Until { // they end tomorrow
		day++
	}
	return l.zone.At(day, int(hours.Until))
}

// nextDue is what time has done to an account by an instant and is not in the book yet: the first of it, as a fact; nil
// when there is nothing.
func (l *Ledger) nextDue(a *Account) Fact {
	h := a.firstDue(l.now)
	if w := a.Wallet; w != nil && w.Due != 0 && w.Due <= l.now && l.firstIsPoints(a, h, w.Due) {
		return l.expirePoints(a)
	}
	if agenda := a.Billing.Agenda; agenda != 0 && agenda <= l.now {
		// What changes debts comes before what is told about them: after downtime it is told how they stand now.
		if e := l.nextChange(&a.Billing); e.kind != NoBooking && e.at <= l.now {
			if h == nil || e.at <= h.Expires {
				return l.happen(a, e)
			}
		} else if e := l.nextTold(&a.Billing); h == nil {
			return l.happen(a, e)
		}
	}
	if h == nil {
		return nil
	}
	f := &HoldReleased{HoldRef: a.ref(h), Amount: h.Held, Expired: true, WasSubmitted: h.State == Submitted, State: Expired}
	if h.Captured > 0 {
		f.State = Captured
	}
	f.Points = l.unheld(a, h, h.Held, l.zone.DateAt(h.Expires))
	return f
}

// firstIsPoints says whether points expire before anything else that is due: those of the last day of a window are on its
// statement.
func (l *Ledger) firstIsPoints(a *Account, h *Authorization, at calendar.Instant) bool {
	if h != nil && h.Expires < at {
		return false
	}
	e := l.nextChange(&a.Billing)
	return e.kind == NoBooking || at <= e.at
}

// happen books an event.
func (l *Ledger) happen(a *Account, e event) Fact {
	day := l.zone.DateAt(e.at)
	switch e.kind {
	case WindowClosed:
		return l.windowClosed(a)
	case FellDue:
		return l.fallDue(a, e.opens, day).fact()
	case ChargedOff:
		return l.chargeOff(a, day).fact()
	case DelinquencyFroze:
		d := l.desk(a, DelinquencyFroze, day)
		if d.Late.Froze = true; a.Status == AccountActive {
			d.booking.Status, d.booking.Note = AccountFrozen, pastDue
		}
		return d.fact()
	case PlanAccelerated:
		return l.acceleratePlans(a, day).fact()
	case CollectionIssued:
		return l.collect(a, e.opens).fact()
	case CollectionFailed:
		return l.unreported(a, e.opens, day).fact()
	default:
		return l.notice(a).fact()
	}
}

// fallDue ends the time that a debt had to be paid in: it is overdue, or carried when the minimum was paid.
func (l *Ledger) fallDue(a *Account, opens, day calendar.Date) *desk {
	d := l.desk(a, FellDue, day).opened()
	x := d.debt(opens)
	d.booking.Opens = opens
	if x.Due == x.First && l.inTime(x) {
		d.booking.Kind = Carried
		x.Due = d.after(x).Due
	} else {
		x.Overdue = true
	}
	d.booking.Amount = x.Total()
	return d
}

// acceleratePlans lets all that is to come of all plans be due at once.
func (l *Ledger) acceleratePlans(a *Account, day calendar.Date) *desk {
	d := l.desk(a, PlanAccelerated, day).opened()
	x := d.oldestDebt(day)
	d.booking.Opens = x.Opens
	for i := range d.Plans {
		p := &d.Plans[i]
		after, _, err := p.Plan.Accelerate()
		if err != nil {
			continue // nothing was to come
		}
		was := *p
		was.Into = x.Opens
		d.Accelerated = append(d.Accelerated, was)
		var rest money.Amount
		for s := range p.Principal {
			rest += p.Principal[s]
		}
		for s := range p.Principal {
			x.Principal[s] += p.Principal[s]
		}
		d.change(x, rest, day-1)
		x.Billed += rest
		d.booking.Amount += rest
		p.Plan, p.Principal = after, [Scenes]money.Amount{}
	}
	d.Open.Flows.Installments += d.booking.Amount
	d.numbered()
	return d
}

// oldestDebt is the debt whose due date is the oldest that is over.
func (b *Billing) oldestDebt(day calendar.Date) *Debt {
	oldest := b.oldest(day)
	for i := range b.Debts {
		if b.Debts[i].PayBy() == oldest {
			return &b.Debts[i]
		}
	}
	return nil
}

// chargeOff writes everything off that an account owes.
func (l *Ledger) chargeOff(a *Account, day calendar.Date) *desk {
	d := l.desk(a, ChargedOff, day).opened()
	lose := func(m Move, amount money.Amount) money.Amount {
		m.Amount, m.Against = -amount, BookLoss
		d.move(m)
		d.booking.Amount += amount
		return m.Amount
	}
	for i := range d.Debts {
		x := &d.Debts[i]
		x.reckon(day - 1)
		d.charge(x)
		lose(Move{Opens: x.Opens, Part: PenaltyPart}, x.Penalty)
		lose(Move{Opens: x.Opens, Part: InterestPart}, x.Interest)
		lose(Move{Opens: x.Opens, Part: FeePart}, x.Fee)
		for s := TopUp; s.Valid(); s++ {
			d.change(x, lose(Move{Opens: x.Opens, Part: PrincipalPart, Scene: s}, x.Principal[s-1]), day-1)
		}
	}
	lose(Move{Opens: d.Open.Opens, Part: FeePart}, d.Open.Fee)
	for s := TopUp; s.Valid(); s++ {
		lose(Move{Opens: d.Open.Opens, Part: PrincipalPart, Scene: s}, d.Open.Purchases[s-1])
	}
	for i := range d.Plans {
		p := &d.Plans[i]
		for s := TopUp; s.Valid(); s++ {
			lose(Move{Plan: p.N, Part: PrincipalPart, Scene: s}, p.Principal[s-1])
		}
		if after, _, err := p.Plan.Accelerate(); err == nil {
			p.Plan = after
		}
	}
	d.WrittenOff += d.booking.Amount
	d.Late.WroteOff = true
	if a.Status == AccountActive || a.Status == AccountFrozen {
		d.booking.Status, d.booking.Note = AccountFrozen, "charged off"
	}
	d.numbered()
	return d
}

// collect issues the collection of a debt.
func (l *Ledger) collect(a *Account, opens calendar.Date) *desk {
	d := l.desk(a, CollectionIssued, l.today).opened()
	x := d.debt(opens)
	x.reckon(l.today)
	d.charge(x)
	c := Collection{N: d.numbered(), Opens: opens, Amount: l.collectible(x), Attempt: x.Attempts + 1, Day: l.today, Channel: DirectDebit}
	if d.Channel == OnCarrier {
		d.list(x, &c)
	}
	x.Tried = l.today
	x.Attempts++
	d.Collections = append(d.Collections, c)
	d.booking.Opens, d.booking.Amount, d.booking.Attempt, d.booking.Channel, d.booking.Listed = opens, c.Amount, c.Attempt, c.Channel, c.Listed
	return d
}

// notice issues the last notice that is due, of all that is past due today, unless it is night.
func (l *Ledger) notice(a *Account) *desk {
	t := l.termsOf(a.Billing.Terms)
	if after := l.outOfQuiet(t, l.now); after != l.now {
		d := l.desk(a, NoticeDeferred, l.today)
		d.Late.NotBefore = after
		return d
	}
	d := l.desk(a, NoticeIssued, l.today)
	for _, day := range t.Delinquency.NoticeDays {
		if l.today >= d.Late.Since.AddDays(day) {
			d.Late.Noticed = int32(day)
		}
	}
	today := &l.reckoned(a).Billing
	for i := range today.Debts {
		if x := &today.Debts[i]; x.PayBy() < l.today {
			d.booking.Amount += x.Total()
		}
	}
	d.numbered()
	return d
}
