package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// score has the risk policy score an account whose window closes, with what is known before the close.
func (l *Ledger) score(a *Account, b *Booking) {
	m, ok := l.inForce().(Monitor)
	if !ok || b.Kind != WindowClosed {
		return
	}
	l.featuresOf(a, question{Purchase: &Purchase{Account: a.ID}})
	if points, scored := m.Behaviour(&l.set); scored {
		b.Score, b.ScoredBy, b.Inputs = points, l.inForce().Version(), l.set.Hash()
	}
}

// watch has the risk policy look at an account after something has happened to it. What it warns of becomes alerts, and what
// is to be done about it entries of their own, made by no request.
func (l *Ledger) watch(id AccountID, event string) {
	p := l.inForce()
	m, ok := p.(Monitor)
	if !ok || !m.Watches() {
		return
	}
	a := l.book.Account(id)
	if a == nil || a.Status == AccountClosed {
		return
	}
	l.featuresOf(a, question{Purchase: &Purchase{Account: id}})
	l.set.Texts[feature.AccountEvent] = event
	for _, w := range m.Watch(&l.set) {
		if quiet(a.Conduct.Warnings, w.Rule, l.now, w.Cooldown) {
			continue
		}
		alert := &AlertRaised{
			Account: id, Rule: w.Rule, Severity: w.Severity, Reason: w.Reason, Inputs: w.Inputs, Policy: p.Version(), Currency: a.Currency,
		}
		acts := l.respond(a, &w, alert)
		l.lapse(alert)
		for _, act := range acts {
			l.lapse(act)
		}
	}
}

// respond finds what is to be done about a warning, and notes it in the alert. A limit is never lowered below what is in use,
// and nothing is done without a reason code.
func (l *Ledger) respond(a *Account, w *Warning, alert *AlertRaised) (acts []Fact) {
	if w.Reason == "" {
		return nil
	}
	if w.LowerLimit > 0 {
		limit := max(a.Limit/100*money.Amount(w.LowerLimit)+a.Limit%100*money.Amount(w.LowerLimit)/100, a.Held()+a.Posted())
		if limit < a.Limit {
			alert.Limit, alert.LimitBefore = limit, a.Limit
			acts = append(acts, &LimitsSet{Account: a.ID, SetAccount: true, Limit: limit})
		}
	}
	if w.CloseLine.Valid() && a.Line(w.CloseLine).Status == LineOpen {
		alert.ClosedLine = w.CloseLine
		if w.CloseLine == Bill {
			acts = append(acts, l.mandatesOf(a, "line closed")...)
		}
		acts = append(acts, &LineEnded{Account: a.ID, Scene: w.CloseLine, Reason: w.Reason})
	}
	if w.Freeze && a.Status == AccountActive {
		alert.Froze = true
		acts = append(acts, &StatusSet{Account: a.ID, Status: AccountFrozen, Reason: w.Reason})
	}
	return acts
}

// raiseAlert records what was found in the portfolio, unless the rule has warned of the same of late.
func (l *Ledger) raiseAlert(c *RaiseAlert) Outcome {
	f := &AlertRaised{
		Rule: c.Rule, Severity: c.Severity, Reason: c.Reason, Inputs: c.Inputs, Policy: c.Policy, Currency: c.Currency, Scene: c.Scene,
		Carrier: c.Carrier, Suspended: c.Suspended,
	}
	if quiet(l.book.Shard().Warnings, f.subject(), l.now, c.Cooldown) {
		return Outcome{}
	}
	out := l.post(f)
	out.Raised = true
	return out
}

// subject is what an alert about the portfolio is remembered by: the rule is silent for a time about the same currency.
func (f *AlertRaised) subject() string {
	if f.Currency == "" {
		return f.Rule
	}
	return f.Rule + " " + string(f.Currency)
}

// happening is something after which an account is watched.
type happening struct {
	account AccountID
	event   string
}

// note notes a fact, if it is one after which the account is watched.
func (l *Ledger) note(f Fact) {
	switch f := f.(type) {
	case *OrderDecided:
		l.happened = append(l.happened, happening{f.Account, "ORDER_DECIDED"})
	case *HoldCaptured:
		if f.Booking != nil {
			l.happened = append(l.happened, happening{f.Account, f.Booking.Kind.String()})
		}
	case *CaptureRefunded:
		l.happened = append(l.happened, happening{f.Account, PurchaseRefunded.String()})
	case *OrderReversed:
		if f.Refunded > 0 {
			l.happened = append(l.happened, happening{f.Account, PurchaseRefunded.String()})
		}
	case *Booked:
		l.happened = append(l.happened, happening{f.Account, f.Booking.Kind.String()})
	}
}

// watchAll looks at the accounts that something has happened to while a command was carried out, in that order.
func (l *Ledger) watchAll() {
	for len(l.happened) > 0 {
		h := l.happened[0]
		l.happened = slices.Delete(l.happened, 0, 1)
		l.watch(h.account, h.event)
	}
}
