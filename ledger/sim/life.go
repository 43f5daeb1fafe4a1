package sim

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Life is what one account owes, reckoned the plain way of docs/BILLING.md. Time goes on a day at a time. A debt is a list
// of marks, everything that was ever billed, paid, waived or moved of it, and all else about it is worked out from the
// marks whenever it is asked, day by day from its due date on.
type Life struct {
	zone     calendar.Zone
	location *time.Location // of the zone
	versions []*terms.Terms // by their ids
	now      calendar.Instant
	today    calendar.Date

	accepted ledger.TermsID
	days     []dayChange
	channel  ledger.Channel
	payer    ledger.Payer
	collects map[ledger.CarrierID]bool // who does, on its own bill
	first    ledger.Scene              // of the account's first line
	pauses   []ledger.Pause

	open       *cycle                          // nil when nothing has happened since the last one closed
	due        map[calendar.Date]calendar.Date // of every window, by its opening date
	debts      []*debt                         // all there ever were, oldest first
	plans      []*planned                      // all there ever were, oldest first
	credit     money.Amount
	writtenOff money.Amount
	statements []*ledger.Statement
	captures   []captureOf
	payments   []*payment

	status   ledger.AccountStatus
	late     lateness
	items    []Event
	lastPlan uint32
	wentOn   int // plans that were accelerated, and went on
}

// dayChange is a statement day, from a day on.
type dayChange struct {
	from calendar.Date
	day  int
}

// cycle is the window that is open.
type cycle struct {
	calendar.Window
	terms     ledger.TermsID
	purchases [ledger.Scenes]money.Amount
	fee       money.Amount
	opening   money.Amount
	flows     ledger.Flows
}

// captureOf is a capture as the life keeps it.
type captureOf struct {
	authorization uint32
	opens         calendar.Date // of the window that it was made in
	amount        money.Amount
	planned       bool
}

// NewLife is the life of an account that is opened at an instant.
func NewLife(zone calendar.Zone, versions []*terms.Terms, opened calendar.Instant, accepted ledger.TermsID, day calendar.StatementDay, channel ledger.Channel) *Life {
	location, err := time.LoadLocation(zone.String())
	if err != nil {
		panic(err) // it was loaded before
	}
	l := &Life{
		zone: zone, location: location, versions: versions, now: opened, today: zone.DateAt(opened), accepted: accepted, channel: channel,
		collects: map[ledger.CarrierID]bool{}, due: map[calendar.Date]calendar.Date{}, status: ledger.AccountActive, first: ledger.TopUp,
	}
	if day == 0 {
		day = calendar.StatementDay(versions[accepted].Window.DefaultStatementDay)
	}
	if l.channel == ledger.NoChannel {
		l.channel = ledger.DirectDebit
	}
	l.days = []dayChange{{calendar.None, int(day)}}
	return l
}

// Clone is a copy that shares nothing that changes.
func (l *Life) Clone() *Life {
	c := *l
	c.days, c.pauses, c.items, c.captures = slices.Clone(l.days), slices.Clone(l.pauses), slices.Clone(l.items), slices.Clone(l.captures)
	c.statements = slices.Clone(l.statements) // they never change
	c.collects = maps.Clone(l.collects)
	c.due = make(map[calendar.Date]calendar.Date, len(l.due))
	for k, v := range l.due {
		c.due[k] = v
	}
	if l.open != nil {
		w := *l.open
		c.open = &w
	}
	c.debts, c.plans, c.payments = nil, nil, nil
	for _, d := range l.debts {
		e := *d
		e.marks = slices.Clone(d.marks)
		c.debts = append(c.debts, &e)
	}
	for _, p := range l.plans {
		q := *p
		q.toCome = slices.Clone(p.toCome)
		c.plans = append(c.plans, &q)
	}
	for _, p := range l.payments {
		q := *p
		c.payments = append(c.payments, &q)
	}
	c.late.collections = slices.Clone(l.late.collections)
	for i := range c.late.collections {
		if o := &c.late.collections[i]; o.line != nil {
			line := *o.line
			o.line = &line
		}
	}
	return &c
}

// Until lets time pass: every day that begins until then does what it does, in order.
func (l *Life) Until(now calendar.Instant) {
	for today := l.zone.DateAt(now); l.today < today; {
		l.today++
		l.dawn()
	}
	l.now = max(l.now, now)
	l.watch()  // what a bounced payment has made of today
	l.worsen() // is not put off until tomorrow
	l.remind()
}

// dawn is the first instant of a day.
func (l *Life) dawn() {
	if l.open != nil && l.open.Closes < l.today {
		l.close()
	}
	l.fallDue()
	l.fallBack()
	l.watch()
	l.worsen()
}

// windowOf is the window of a day: found by looking at the wall.
func (l *Life) windowOf(day calendar.Date) calendar.Window {
	i := len(l.days) - 1
	for l.days[i].from > day {
		i--
	}
	opens, closes := day, day
	for opens != l.days[i].from && dayOfMonth(opens) != l.days[i].day {
		opens--
	}
	for dayOfMonth(closes+1) != l.days[i].day {
		closes++
	}
	return calendar.Window{Opens: opens, Closes: closes}
}

func dayOfMonth(d calendar.Date) int { return time.Unix(int64(d)*86400, 0).UTC().Day() }

// here is the window that is open: something happens in it, and if it is the first thing, that opens it.
func (l *Life) here() *cycle {
	if l.open == nil {
		w := &cycle{Window: l.windowOf(l.today), terms: l.accepted, opening: l.balance()}
		t := l.versions[w.terms]
		w.Due = t.Window.Due(w.Opens.AddDays(t.Window.DaysUntilDue))
		l.open, l.due[w.Opens] = w, w.Due
	}
	return l.open
}

// balance is what is owed of all windows, less the credit balance.
func (l *Life) balance() money.Amount {
	sum := -l.credit
	if l.open != nil {
		sum += l.open.fee + total(l.open.purchases)
	}
	for _, d := range l.debts {
		sum += d.total()
	}
	return sum
}

func total(of [ledger.Scenes]money.Amount) (sum money.Amount) {
	for _, a := range of {
		sum += a
	}
	return sum
}

// idle says that nothing is owed, planned or to the consumer's credit.
func (l *Life) idle() bool {
	return len(l.owing()) == 0 && len(l.running()) == 0 && l.credit == 0
}

// Posted is the principal of a scene: billed and unpaid, in the open window, and to come of plans.
func (l *Life) Posted(s ledger.Scene) (sum money.Amount) {
	if l.open != nil {
		sum += l.open.purchases[s-1]
	}
	for _, d := range l.debts {
		sum += d.principal()[s-1]
	}
	for _, p := range l.running() {
		sum += p.rest[s-1]
	}
	return sum
}

// close makes a statement of the open window, on the day after its last one.
func (l *Life) close() {
	w := l.open
	t := l.versions[w.terms]
	s := &ledger.Statement{
		N: uint32(len(l.statements) + 1), Window: w.Window, Terms: w.terms, Opening: w.opening, Closed: l.zone.Start(l.today),
	}
	if n := len(l.statements); n > 0 {
		s.Previous = l.statements[n-1].Opens
	}
	for _, d := range l.owing() {
		was := d.charged
		l.reckon(d, w.Closes)
		if d.charged != was {
			s.Charges = append(s.Charges, ledger.StatementCharge{
				Opens: d.Opens, Interest: d.charged.interest - was.interest, Penalty: d.charged.penalty - was.penalty, Terms: d.termsID,
			})
		}
		s.Earlier += d.total()
	}
	d := &debt{Window: w.Window, termsID: w.terms, terms: t, through: w.Closes}
	d.bill(ledger.FeePart, 0, w.fee)
	needs := w.fee
	for i, p := range w.purchases {
		d.bill(ledger.PrincipalPart, ledger.Scene(i+1), p)
	}
	needs += share(total(w.purchases), int64(t.MinimumDue.Rate))
	for _, p := range l.running() {
		charge := l.installment(p, d)
		charge.Opens = w.Opens
		s.Charges = append(s.Charges, charge)
		needs += charge.Principal + charge.Fee + charge.Interest
	}
	d.billed, d.minimum, s.Bill = total(d.principal()), needs, d.owed()
	l.payByCredit(d)
	l.debts = append(l.debts, d)
	s.Flows, s.Credit = w.flows, l.credit
	s.Closing = s.Opening + s.Flows.Sum()
	s.Minimum = max(0, s.Closing)
	if t.MinimumDue.Rate > 0 {
		s.Minimum = min(s.Minimum, s.Earlier+max(0, needs-d.settled(w.Due)))
	}
	for _, p := range l.running() {
		s.Unbilled += total(p.rest)
	}
	l.statements = append(l.statements, s)
	l.open = nil
	l.happened(Event{Kind: ledger.WindowClosed, About: w.Opens, Amount: s.Closing})
	if !l.idle() {
		l.here()
	}
}

// payByCredit lets the credit balance pay what it can of a debt that has just been made.
func (l *Life) payByCredit(d *debt) {
	for _, part := range allocation(d.terms) {
		amount := min(l.credit, d.of(part))
		d.pay(part, amount, d.Closes, 0)
		l.credit -= amount
	}
}

// fallDue tells of the debts whose due date is over since today, or which are carried from today on.
func (l *Life) fallDue() {
	for _, d := range l.owing() {
		switch due, carried := l.dueOf(d); {
		case d.Due == l.today-1 && carried:
			l.happened(Event{Kind: ledger.Carried, About: d.Opens})
		case due == l.today-1:
			l.happened(Event{Kind: ledger.FellDue, About: d.Opens})
		}
	}
}

// owing are the debts of which anything is owed, oldest first.
func (l *Life) owing() (list []*debt) {
	for _, d := range l.debts {
		if d.total() != 0 {
			list = append(list, d)
		}
	}
	return list
}
