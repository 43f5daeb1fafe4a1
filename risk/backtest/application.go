package backtest

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Judged is what another policy says of an application.
type Judged struct {
	Offered bool
	Limit   money.Amount
}

// ApplicationClass is how another judgement of an application differs from the one that was made.
type ApplicationClass uint8

// The classes of applications.
const (
	OfferedByBoth ApplicationClass = iota
	NewlyRefused
	NewlyOffered
	RefusedByBoth
	NotJudged // the other policy cannot judge it by what the entry has
	applicationClasses
)

// ApplicationClasses is how many there are.
const ApplicationClasses = int(applicationClasses)

var applicationClassNames = [ApplicationClasses]string{
	"offered by both", "newly declined", "newly offered", "declined by both", "cannot be judged",
}

func (c ApplicationClass) String() string { return applicationClassNames[c] }

// ApplicationCell is applications together, and what became of the accounts that were opened by them.
type ApplicationCell struct {
	Applications int64
	Was          money.Amount // limits offered
	Would        money.Amount // limits that the other policy would offer
	Opened       int64        // accounts
	Known        int64        // accounts whose first debt was due long enough ago, or that are bad
	Bad          int64        // accounts that were bad, ever
}

func (c *ApplicationCell) add(o *ApplicationCell) {
	c.Applications += o.Applications
	c.Was += o.Was
	c.Would += o.Would
	c.Opened += o.Opened
	c.Known += o.Known
	c.Bad += o.Bad
}

// Interval is the 95 % interval of the share of accounts that are bad.
func (c *ApplicationCell) Interval() (low, high float64) {
	return (&Cell{Known: c.Known, Bad: c.Bad}).Interval()
}

// Applications is applications by class.
type Applications [ApplicationClasses]ApplicationCell

func (a *Applications) add(o *Applications) {
	for c := range a {
		a[c].add(&o[c])
	}
}

// Decided is how many applications there are.
func (a *Applications) Decided() (n int64) {
	for c := range a {
		n += a[c].Applications
	}
	return n
}

// application is what is kept of an application for an account.
type application struct {
	was, would money.Amount
	account    ledger.AccountID // that was opened by it
	currency   uint8
	class      ApplicationClass
}

// person is an account that was opened by an application.
type person struct {
	since calendar.Date // its oldest unpaid due date that is over
	first calendar.Date // when its first debt was due
	bad   bool
}

// judge asks the other policy about an application. Reviews of limits are not asked about: their accounts have a past.
func (t *Test) judge(a *ledger.ApplicationDecided) {
	if t.options.Assess == nil || a.Kind != ledger.NewLine {
		return
	}
	row := application{currency: uint8(placeOf(&t.monies, a.Currency)), was: a.Offer.Limit}
	said, ok := t.options.Assess(a)
	offered := a.State != ledger.ApplicationDeclined
	switch {
	case !ok:
		row.class = NotJudged
	case offered && said.Offered:
		row.class = OfferedByBoth
	case offered:
		row.class = NewlyRefused
	case said.Offered:
		row.class = NewlyOffered
	default:
		row.class = RefusedByBoth
	}
	if ok && said.Offered {
		row.would = said.Limit
	}
	t.applied[a.ID] = int32(len(t.applications))
	t.applications = append(t.applications, row)
}

// opened notes the account that an application came to.
func (t *Test) opened(o *ledger.OfferAccepted) {
	at, known := t.applied[o.ID]
	if !known {
		return
	}
	delete(t.applied, o.ID)
	t.applications[at].account = o.Account
	t.people[o.Account] = &person{}
}

// grow takes over what a booking did.
func (p *person) grow(b *ledger.Booking) {
	p.since = b.After.Late.Since
	if b.Kind == ledger.ChargedOff {
		p.bad = true
	}
	if b.Kind == ledger.WindowClosed && p.first == 0 && b.Statement.Bill.Total() > 0 {
		p.first = b.Statement.Due
	}
}

// pass lets the days go by until the beginning of a day.
func (p *person) pass(day calendar.Date, badDays int) {
	if p.since != 0 && int(day-p.since) >= badDays {
		p.bad = true
	}
}

// applicationCell is one application.
func (t *Test) applicationCell(a *application, today calendar.Date) ApplicationCell {
	c := ApplicationCell{Applications: 1, Was: a.was, Would: a.would}
	p := t.people[a.account]
	if a.account == 0 || p == nil {
		return c
	}
	c.Opened = 1
	now := *p
	now.pass(today, t.options.BadDays)
	if now.bad {
		c.Known, c.Bad = 1, 1
	} else if now.first != 0 && int(today-now.first) >= t.options.BadDays {
		c.Known = 1
	}
	return c
}
