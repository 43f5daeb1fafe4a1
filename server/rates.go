package server

import (
	"strings"
	"sync"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/rate"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// annual is what a plan costs a year, in percent with two places; empty where there is no rate.
type annual struct{ nominal, effective string }

// rates reckons annual rates. One takes milliseconds, so those reckoned last are kept. It is safe for concurrent use.
type rates struct {
	mu    sync.Mutex
	known map[flows]annual // at most mostRates
}

const mostRates = 1024

// flows are all that a plan's rates depend on.
type flows struct {
	drawn calendar.Date
	pays  [plan.MaxMonths]money.Amount
	dues  [plan.MaxMonths]calendar.Date
	lent  money.Amount
	n     int
}

// of are the rates of a plan that began on a day, whose installments are due on the days given.
func (r *rates) of(drawn calendar.Date, s plan.Schedule, dues []calendar.Date) annual {
	f := flows{drawn: drawn, lent: s.Total().Principal, n: len(s)}
	for i := range s {
		f.pays[i], f.dues[i] = s[i].Due(), dues[i]
	}
	r.mu.Lock()
	a, ok := r.known[f]
	r.mu.Unlock()
	if ok {
		return a
	}
	a = f.annual()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil || len(r.known) >= mostRates {
		r.known = make(map[flows]annual)
	}
	r.known[f] = a
	return a
}

// agreed are the rates of a plan as it was agreed; empty for one of a statement from before statements kept that.
func (r *rates) agreed(g *ledger.Agreed, dues []calendar.Date) annual {
	s, err := g.Schedule()
	if err != nil {
		return annual{}
	}
	return r.of(g.Started, s, dues)
}

func (f *flows) annual() (a annual) {
	months := []rate.Flow{{Amount: f.lent}}
	dated := []rate.DatedFlow{{Amount: f.lent, Date: f.drawn}}
	for i := range f.n {
		months = append(months, rate.Flow{Amount: -f.pays[i], Month: i + 1})
		dated = append(dated, rate.DatedFlow{Amount: -f.pays[i], Date: f.dues[i]})
	}
	if p, err := rate.Nominal(months); err == nil {
		a.nominal = p.String()
	}
	if p, err := rate.Effective(dated); err == nil {
		a.effective = p.String()
	}
	return a
}

// perYear is what a daily rate, in millionths, comes to in a year.
func perYear(daily terms.Rate) string {
	return rate.Percent((int64(daily)*terms.YearDays + 50) / 100).String()
}

// percent is a rate in millionths as a percentage with the digits that it needs, such as 0.8.
func percent(millionths int64) string {
	return strings.TrimSuffix(terms.Rate(millionths).String(), " %")
}

// dues are the due dates of windows, as far as is known today: of so many before one, of that one, and of those after it
// until there are n.
func dues(b *ledger.Billing, t *terms.Terms, w calendar.Window, before, n int) []calendar.Date {
	list := make([]calendar.Date, n)
	cycle := calendar.Cycle{Day: b.Day, DeferralDays: t.Window.DaysUntilDue}
	for i, past := before-1, w; i >= 0; i-- {
		past = cycle.Previous(past)
		if i < n {
			list[i] = t.Window.Due(past.Due)
		}
	}
	for i := before; i < n; i++ {
		list[i] = w.Due
		opens := w.Closes + 1
		if b.NextDay != 0 && opens >= b.NextFrom {
			cycle.Day = b.NextDay
		}
		w = cycle.Opening(opens)
		w.Due = t.Window.Due(w.Due)
	}
	return list
}
