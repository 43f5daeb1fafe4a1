package portfolio

import (
	"cmp"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/checkpoint"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// RecentDays is for how many days what happened is kept day by day.
const RecentDays = 40

// Recent is what happened on a civil day for a carrier; applications are under no carrier.
type Recent struct {
	Day          calendar.Date
	Currency     money.Currency
	Carrier      ledger.CarrierID
	Orders       int64 // decided, declined ones included
	Declined     int64
	ByRisk       int64 // declined, and a rule of the risk policy would have been enough
	Captures     int64
	Captured     money.Amount
	Returns      int64 // refunds of captures, and reversals of what was captured
	Returned     money.Amount
	Applications int64 // decided
	Offered      int64
}

func (r Recent) compare(o Recent) int {
	return cmp.Or(cmp.Compare(r.Day, o.Day), cmp.Compare(r.Currency, o.Currency), cmp.Compare(r.Carrier, o.Carrier))
}

// Add adds up what happened on two days; the day and the carrier are then those of the second.
func (r *Recent) Add(o *Recent) {
	r.Day, r.Currency, r.Carrier = o.Day, o.Currency, o.Carrier
	r.Orders += o.Orders
	r.Declined += o.Declined
	r.ByRisk += o.ByRisk
	r.Captures += o.Captures
	r.Captured += o.Captured
	r.Returns += o.Returns
	r.Returned += o.Returned
	r.Applications += o.Applications
	r.Offered += o.Offered
}

func (r *Recent) walk(c checkpoint.Coder) {
	checkpoint.Num(c, &r.Day)
	checkpoint.Word(c, &r.Currency)
	checkpoint.Word(c, &r.Carrier)
	for _, n := range []*int64{&r.Orders, &r.Declined, &r.ByRisk, &r.Captures, &r.Returns, &r.Applications, &r.Offered} {
		c.Number(n)
	}
	checkpoint.Num(c, &r.Captured)
	checkpoint.Num(c, &r.Returned)
}

// Scored is how many applications of a month got so many points for a characteristic of a policy's scorecard: what tells
// whether those who apply are still like those that the scorecard was made from.
type Scored struct {
	Month          calendar.Month
	Policy         string
	Characteristic string
	Points         int32
	Applications   int64
}

func (s Scored) compare(o Scored) int {
	return cmp.Or(cmp.Compare(s.Month, o.Month), cmp.Compare(s.Policy, o.Policy), cmp.Compare(s.Characteristic, o.Characteristic),
		cmp.Compare(s.Points, o.Points))
}

func (s *Scored) add(o *Scored) {
	n := s.Applications + o.Applications
	*s = *o
	s.Applications = n
}

func (s *Scored) walk(c checkpoint.Coder) {
	checkpoint.Num(c, &s.Month)
	c.Text(&s.Policy)
	c.Text(&s.Characteristic)
	n := int64(s.Points)
	c.Number(&n)
	s.Points = int32(n)
	c.Number(&s.Applications)
}

// recently counts what an entry tells of its day.
func (f *Fold) recently(fact ledger.Fact) {
	switch fact := fact.(type) {
	case *ledger.OrderDecided:
		r := f.recentOf(&fact.HoldRef)
		switch r.Orders++; fact.Kind {
		case ledger.OrderDeclined:
			r.Declined++
			if fact.Reasons.Has(ledger.RiskPolicy) {
				r.ByRisk++
			}
		case ledger.OrderCharged, ledger.OrderAdvised:
			r.Captures++
			r.Captured += fact.Amount
		}
	case *ledger.HoldCaptured:
		r := f.recentOf(&fact.HoldRef)
		r.Captures++
		r.Captured += fact.Amount
	case *ledger.CaptureRefunded:
		r := f.recentOf(&fact.HoldRef)
		r.Returns++
		r.Returned += fact.Amount
	case *ledger.OrderReversed:
		if fact.Refunded > 0 {
			r := f.recentOf(&fact.HoldRef)
			r.Returns++
			r.Returned += fact.Refunded
		}
	case *ledger.ApplicationDecided:
		f.applied(fact)
	case *ledger.AlertRaised:
		f.alerted(fact)
	}
}

// applied counts an application, and its points.
func (f *Fold) applied(a *ledger.ApplicationDecided) {
	r := f.recentRow(a.Currency, "")
	if r.Applications++; a.Decision == ledger.Approve {
		r.Offered++
	}
	for _, p := range a.Points {
		row := Scored{Month: f.today.Month(), Policy: a.Policy, Characteristic: p.Characteristic, Points: p.Points}
		at, found := slices.BinarySearchFunc(f.scored, row, Scored.compare)
		if !found {
			row.Policy, row.Characteristic = string([]byte(row.Policy)), string([]byte(row.Characteristic)) // an entry's memory goes
			f.scored = slices.Insert(f.scored, at, row)
		}
		f.scored[at].Applications++
	}
}

func (f *Fold) recentOf(h *ledger.HoldRef) *Recent { return f.recentRow(h.Currency, h.Carrier) }

// recentRow is the row of today, and forgets days that are too long ago when a day begins.
func (f *Fold) recentRow(currency money.Currency, carrier ledger.CarrierID) *Recent {
	if n := len(f.recents); n > 0 && f.recents[n-1].Day < f.today {
		old := 0
		for old < n && f.recents[old].Day <= f.today-RecentDays {
			old++
		}
		f.recents = slices.Delete(f.recents, 0, old)
	}
	row := Recent{Day: f.today, Currency: currency, Carrier: carrier}
	at, found := slices.BinarySearchFunc(f.recents, row, Recent.compare)
	if !found {
		row.Currency, row.Carrier = money.Currency([]byte(currency)), ledger.CarrierID([]byte(carrier))
		f.recents = slices.Insert(f.recents, at, row)
	}
	return &f.recents[at]
}

// Alerts is how often a monitoring rule has raised an alert, ever.
type Alerts struct {
	Rule     string
	Severity ledger.Severity
	Raised   int64
}

func (a Alerts) compare(o Alerts) int {
	return cmp.Or(cmp.Compare(a.Rule, o.Rule), cmp.Compare(a.Severity, o.Severity))
}

func (a *Alerts) add(o *Alerts) {
	a.Rule, a.Severity = o.Rule, o.Severity
	a.Raised += o.Raised
}

func (a *Alerts) walk(c checkpoint.Coder) {
	c.Text(&a.Rule)
	checkpoint.Num(c, &a.Severity)
	c.Number(&a.Raised)
}

// alerted counts an alert.
func (f *Fold) alerted(a *ledger.AlertRaised) {
	row := Alerts{Rule: a.Rule, Severity: a.Severity}
	at, found := slices.BinarySearchFunc(f.alerts, row, Alerts.compare)
	if !found {
		row.Rule = string([]byte(row.Rule))
		f.alerts = slices.Insert(f.alerts, at, row)
	}
	f.alerts[at].Raised++
}
