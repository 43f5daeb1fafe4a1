package sim

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// accountCall predicts the calls that open and change accounts and lines.
func (q *asking) accountCall(c ledger.Command) (p Prediction, happen func(), mine bool) {
	switch c := c.(type) {
	case *ledger.OpenAccount:
		p, happen = q.open(c)
	case *ledger.SetLimits:
		p, happen = q.setLimits(c)
	case *ledger.SetTemporaryLimit:
		p, happen = q.raise(c)
	case *ledger.Freeze:
		p, happen = q.status(c.Account, ledger.AccountFrozen)
	case *ledger.Unfreeze:
		p, happen = q.status(c.Account, ledger.AccountActive)
	case *ledger.CloseAccount:
		p, happen = q.status(c.Account, ledger.AccountClosed)
	case *ledger.OpenLine:
		p, happen = q.openLine(c)
	case *ledger.CloseLine:
		p, happen = q.onLine(c.Account, c.Scene, "", func(l *line) { l.status = ledger.LineClosed })
	case *ledger.AcceptAgreement:
		p, happen = q.onLine(c.Account, c.Scene, "", func(l *line) { l.accepted = c.Version })
	case *ledger.SetControls:
		p, happen = q.onLine(c.Account, c.Scene, c.Currency, func(l *line) { l.controls = c.Controls })
	default:
		return p, nil, false
	}
	return p, happen, true
}

// changeable finds an account that may be changed. No currency means that the call has none.
func (q *asking) changeable(id ledger.AccountID, currency money.Currency) (*customer, string) {
	a := q.find(id)
	switch {
	case a == nil:
		return nil, "ACCOUNT_NOT_FOUND"
	case a.closed:
		return nil, "ACCOUNT_CLOSED"
	case currency != "" && currency != a.currency:
		return nil, "CURRENCY_MISMATCH"
	}
	return a, ""
}

func changed(a *customer) Prediction { return Prediction{Account: &Standing{ID: a.id}} }

func (q *asking) open(c *ledger.OpenAccount) (Prediction, func()) {
	if slices.ContainsFunc(q.accounts, func(a *customer) bool { return a.consumer == c.Consumer }) {
		return refuse("CONSUMER_HAS_ACCOUNT")
	}
	a := &customer{
		id: ledger.NewAccountID(q.shard, uint64(len(q.accounts)+1)), consumer: c.Consumer, currency: c.Currency,
		limit: c.Limit, life: NewLife(q.zone, []*Terms{q.terms}, q.now, 0, c.Day, c.Channel),
	}
	for _, o := range c.Lines {
		a.lines[o.Scene-1].open(o)
	}
	return changed(a), func() { q.accounts = append(q.accounts, a) }
}

func (l *line) open(o ledger.LineOpening) {
	accepted := l.accepted
	if o.Accepted != "" {
		accepted = o.Accepted
	}
	*l = line{status: ledger.LineOpen, limit: o.Limit, agreement: o.Agreement, accepted: accepted, controls: o.Controls}
}

func (q *asking) setLimits(c *ledger.SetLimits) (Prediction, func()) {
	a, fault := q.changeable(c.Account, c.Currency)
	if fault != "" {
		return refuse(fault)
	}
	for _, l := range c.Lines {
		if a.lines[l.Scene-1].status == ledger.NoLine {
			return refuse("LINE_NOT_OPEN")
		}
	}
	return changed(a), func() {
		if c.SetAccount {
			a.limit = c.Limit
		}
		for _, l := range c.Lines {
			a.lines[l.Scene-1].limit = l.Limit
		}
	}
}

func (q *asking) raise(c *ledger.SetTemporaryLimit) (Prediction, func()) {
	a, fault := q.changeable(c.Account, c.Currency)
	if fault != "" {
		return refuse(fault)
	}
	ordinary, temporary := a.limit, &a.temporary
	if c.Scene != ledger.NoScene {
		l := &a.lines[c.Scene-1]
		if l.status != ledger.LineOpen {
			return refuse("LINE_NOT_OPEN")
		}
		ordinary, temporary = l.limit, &l.temporary
	}
	switch {
	case c.Raise.Limit == 0:
		return changed(a), func() { *temporary = ledger.TemporaryLimit{} }
	case c.Raise.Limit <= ordinary:
		return refuse("NOT_A_RAISE")
	case c.Raise.LastDay < q.today:
		return refuse("DAY_PASSED")
	}
	return changed(a), func() { *temporary = c.Raise }
}

func (q *asking) status(id ledger.AccountID, to ledger.AccountStatus) (Prediction, func()) {
	a, fault := q.changeable(id, "")
	if fault != "" {
		return refuse(fault)
	}
	if to == ledger.AccountClosed {
		for _, s := range a.stories {
			if t := s.at(q.now); t.held != 0 {
				return refuse("ACCOUNT_IN_USE")
			}
		}
		if _, posted := a.sums(ledger.NoScene, q.now); posted != 0 || a.life.balance() != 0 {
			return refuse("ACCOUNT_IN_USE")
		}
	}
	return changed(a), func() {
		switch to {
		case ledger.AccountClosed:
			a.closed = true
		case ledger.AccountFrozen:
			a.life.Freeze()
		default:
			a.life.Unfreeze()
		}
	}
}

func (q *asking) openLine(c *ledger.OpenLine) (Prediction, func()) {
	a, fault := q.changeable(c.Account, c.Currency)
	if fault != "" {
		return refuse(fault)
	}
	l := &a.lines[c.Line.Scene-1]
	if l.status == ledger.LineOpen {
		return refuse("LINE_ALREADY_OPEN")
	}
	return changed(a), func() { l.open(c.Line) }
}

// onLine changes a line that must be open.
func (q *asking) onLine(id ledger.AccountID, scene ledger.Scene, currency money.Currency, change func(*line)) (Prediction, func()) {
	a, fault := q.changeable(id, currency)
	if fault != "" {
		return refuse(fault)
	}
	l := &a.lines[scene-1]
	if l.status != ledger.LineOpen {
		return refuse("LINE_NOT_OPEN")
	}
	return changed(a), func() { change(l) }
}

// sums is what is held and posted on a line at an instant, or on all for NoScene.
func (a *customer) sums(scene ledger.Scene, now calendar.Instant) (heldSum, posted money.Amount) {
	for _, s := range a.stories {
		if scene == ledger.NoScene || s.scene == scene {
			t := s.at(now)
			heldSum += t.held
		}
	}
	for s := ledger.TopUp; s.Valid(); s++ {
		if scene == ledger.NoScene || s == scene {
			posted += a.life.Posted(s)
		}
	}
	return heldSum, posted
}

// holds is how many holds are open on a line, or on all for NoScene.
func (a *customer) holds(scene ledger.Scene, now calendar.Instant) (n int) {
	for _, s := range a.stories {
		if t := s.at(now); t.held > 0 && (scene == ledger.NoScene || s.scene == scene) {
			n++
		}
	}
	return n
}

// use is what counts against the controls of a line: what was authorized on the days that match, less what was given
// back of the orders of those days.
func (a *customer) use(scene ledger.Scene, zone calendar.Zone, now calendar.Instant, match func(calendar.Date) bool) (amount money.Amount, orders int32) {
	for _, s := range a.stories {
		t := s.at(now)
		if s.scene != scene || t.declined {
			continue
		}
		for _, e := range t.added {
			if match(e.day) {
				amount += e.amount
			}
		}
		if match(zone.DateAt(s.created)) {
			amount -= t.released
			if !t.nothing {
				orders++
			}
		}
	}
	return amount, orders
}

// limitOn is a limit on a day, with its raise.
func limitOn(limit money.Amount, raise ledger.TemporaryLimit, today calendar.Date) money.Amount {
	if raise.Limit > 0 && today <= raise.LastDay {
		return max(limit, raise.Limit)
	}
	return limit
}

func (a *customer) headroom(scene ledger.Scene, now calendar.Instant, today calendar.Date) (h ledger.Headroom) {
	l := a.lines[scene-1]
	h.Limit = limitOn(l.limit, l.temporary, today)
	h.Held, h.Posted = a.sums(scene, now)
	h.AccountLimit = limitOn(a.limit, a.temporary, today)
	h.AccountHeld, h.AccountPosted = a.sums(ledger.NoScene, now)
	h.Available = min(h.Limit-h.Held-h.Posted, h.AccountLimit-h.AccountHeld-h.AccountPosted)
	return h
}

func onDay(day calendar.Date) func(calendar.Date) bool {
	return func(d calendar.Date) bool { return d == day }
}

func inMonth(day calendar.Date) func(calendar.Date) bool {
	return func(d calendar.Date) bool { return d.Month() == day.Month() }
}

// standing is the account as a caller sees it.
func (q *asking) standing(a *customer) *Standing {
	s := &Standing{ID: a.id, Status: a.status(), Limit: a.limit, Temporary: a.temporary, Assessed: a.assessed, Today: q.today}
	for i := range a.lines {
		l, scene := &a.lines[i], ledger.Scene(i+1)
		v := LineStanding{
			Status: l.status, Limit: l.limit, Temporary: l.temporary, Agreement: l.agreement, Accepted: l.accepted,
			Holds: int32(a.holds(scene, q.now)),
		}
		v.Held, v.Posted = a.sums(scene, q.now)
		v.DailyAmount, v.DailyCount = a.use(scene, q.zone, q.now, onDay(q.today))
		v.MonthlyAmount, v.MonthlyCount = a.use(scene, q.zone, q.now, inMonth(q.today))
		s.Lines[i] = v
	}
	return s
}
