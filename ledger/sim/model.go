package sim

import (
	"reflect"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Model predicts what a shard answers. It is made to be seen to be right rather than fast: of every authorization it
// keeps the list of what was done to it, and it works every balance, counter and state out from the lists whenever it
// is asked. It shares nothing with the ledger but ids, enumerations, amounts and the commands themselves.
type Model struct {
	Guarded bool // the ledger has the risk policy Guard

	shard       uint16
	terms       *terms.Terms
	zone        calendar.Zone
	accounts    []*customer
	orders      map[orderKey]*order
	answers     map[ledger.Request]answer
	suspensions map[ledger.Scope]bool

	carriers    map[ledger.CarrierID][]*ledger.PutCarrier // versions, the newest last
	adjustments []adjusted
	settlements map[account][]*settling
	events      int // so far: what came before what

	applications []*applied
	reviews      []*reviewed
	consents     map[ledger.ConsumerToken][]consented
	erasures     map[ledger.ConsumerToken]bool // who asked
}

// customer is an account: its settings as they are, and its authorizations from the first on.
type customer struct {
	id        ledger.AccountID
	consumer  ledger.ConsumerToken
	currency  money.Currency
	closed    bool
	limit     money.Amount
	temporary ledger.TemporaryLimit
	lines     [ledger.Scenes]line
	stories   []*story
	assessed  ledger.ApplicationID // by which its limit is; 0 when by none
	life      *Life                // what it owes; time has passed in it up to when it was last asked
}

// status is that of a closed account, or else what freezes and debts made of it.
func (a *customer) status() ledger.AccountStatus {
	if a.closed {
		return ledger.AccountClosed
	}
	return a.life.status
}

type line struct {
	status              ledger.LineStatus
	limit               money.Amount
	temporary           ledger.TemporaryLimit
	agreement, accepted string
	controls            ledger.Controls
}

// order is what is known of an order id: whose it is, and its latest authorization.
type order struct {
	account  ledger.AccountID
	latest   *story
	reversed bool
}

type answer struct {
	at         calendar.Instant
	body       ledger.Command
	prediction Prediction
}

// NewModel is the model of an empty shard.
func NewModel(shard uint16, terms *terms.Terms, zone calendar.Zone) *Model {
	return &Model{
		shard: shard, terms: terms, zone: zone,
		orders: map[orderKey]*order{}, answers: map[ledger.Request]answer{}, suspensions: map[ledger.Scope]bool{},
		carriers:    map[ledger.CarrierID][]*ledger.PutCarrier{},
		settlements: map[account][]*settling{},
		consents:    map[ledger.ConsumerToken][]consented{}, erasures: map[ledger.ConsumerToken]bool{},
	}
}

// Predict says what a command is answered with at an instant. The model stays as it is.
func (m *Model) Predict(now calendar.Instant, c ledger.Command) Prediction {
	p, _ := m.decide(now, c)
	return p
}

// Observe is told that a command was carried out at an instant, and predicts its answer. Commands must be observed in
// the order in which they were carried out.
func (m *Model) Observe(now calendar.Instant, c ledger.Command) Prediction {
	p, happen := m.decide(now, c)
	if happen != nil {
		happen()
	}
	switch c.(type) {
	case *ledger.PutCarrier, *ledger.BeginSettlement:
		if happen == nil {
			return p // it is there already: nothing is remembered of the request
		}
	}
	if r := Request(c); r != nil && p.Fault == "" && !p.Replayed {
		p.Account = m.image(now, p.Account)
		if p.Seen != nil {
			(&asking{Model: m, now: now, today: m.zone.DateAt(now)}).see(p.Seen)
		}
		m.answers[*r] = answer{now, c, p}
	}
	return p
}

// image is an account as it is after a change to it.
func (m *Model) image(now calendar.Instant, a *Standing) *Standing {
	if a == nil {
		return nil
	}
	q := &asking{Model: m, now: now, today: m.zone.DateAt(now)}
	return q.standing(m.find(a.ID))
}

// decide is Predict, with what makes it so. A prediction of an account's change names the account only; what it looks
// like afterwards, Observe fills in.
func (m *Model) decide(now calendar.Instant, c ledger.Command) (Prediction, func()) {
	if r := Request(c); r != nil {
		if a, asked := m.answers[*r]; asked && now < a.at.Add(m.terms.Authorizations.RequestsKept) {
			if !sameBody(a.body, c) {
				return refuse("REQUEST_ID_REUSED")
			}
			a.prediction.Replayed = true
			if a.prediction.Seen != nil {
				q := &asking{Model: m, now: now, today: m.zone.DateAt(now)}
				return q.again(a.prediction, c), nil
			}
			return a.prediction, nil
		}
	}
	q := &asking{Model: m, now: now, today: m.zone.DateAt(now)}
	if p, happen, mine := q.orderCall(c); mine {
		return p, happen
	}
	if p, happen, mine := q.holdCall(c); mine {
		return p, happen
	}
	if p, happen, mine := q.accountCall(c); mine {
		return p, happen
	}
	if p, happen, mine := q.debtCall(c); mine {
		return p, happen
	}
	if p, happen, mine := q.carrierCall(c); mine {
		return p, happen
	}
	if p, happen, mine := q.dossierCall(c); mine {
		return p, happen
	}
	return q.otherCall(c)
}

// sameBody says whether two commands have the same body. They have the same request.
func sameBody(a, b ledger.Command) bool {
	if x, ok := a.(*ledger.SubmitApplication); ok {
		if y, ok := b.(*ledger.SubmitApplication); ok {
			return sameSubmission(x, y)
		}
	}
	return reflect.TypeOf(a) == reflect.TypeOf(b) && same(a, b)
}

func refuse(reason string) (Prediction, func()) { return Prediction{Fault: reason}, nil }

func (m *Model) find(id ledger.AccountID) *customer {
	if id.Shard() != m.shard || id.Number() == 0 || id.Number() > uint64(len(m.accounts)) {
		return nil
	}
	return m.accounts[id.Number()-1]
}

func (m *Model) story(id ledger.AuthorizationID) *story {
	a := m.find(id.Account)
	if a == nil || id.N == 0 || int(id.N) > len(a.stories) {
		return nil
	}
	return a.stories[id.N-1]
}

// asking is a question at an instant.
type asking struct {
	*Model
	now   calendar.Instant
	today calendar.Date
}

// find finds an account, and lets time pass in what it owes.
func (q *asking) find(id ledger.AccountID) *customer {
	a := q.Model.find(id)
	if a != nil {
		a.life.Until(q.now)
		a.life.first = ledger.TopUp
		if i := slices.IndexFunc(a.lines[:], func(l line) bool { return l.status != ledger.NoLine }); i >= 0 {
			a.life.first = ledger.Scene(i + 1)
		}
	}
	return a
}

// otherCall is about operators, the clock and what is only read.
func (q *asking) otherCall(c ledger.Command) (Prediction, func()) {
	switch c := c.(type) {
	case *ledger.Suspend:
		return Prediction{}, func() { q.suspensions[c.Scope] = true }
	case *ledger.Resume:
		return Prediction{}, func() { delete(q.suspensions, c.Scope) }
	case *ledger.GetAccount:
		id := c.Account
		if i := slices.IndexFunc(q.accounts, func(a *customer) bool { return a.consumer == c.Consumer }); id == 0 && i >= 0 {
			id = q.accounts[i].id
		}
		if a := q.find(id); a != nil {
			return Prediction{Account: q.standing(a)}, nil
		}
		return refuse("ACCOUNT_NOT_FOUND")
	case *ledger.GetAuthorization:
		if s := q.story(c.Authorization); s != nil {
			return q.told(s), nil
		}
		return refuse("AUTHORIZATION_NOT_FOUND")
	case *ledger.LookupOrder:
		switch o := q.orders[orderKey{c.Caller, c.Order}]; {
		case o == nil || o.latest == nil && !o.reversed:
			return refuse("ORDER_NOT_FOUND")
		case o.latest == nil:
			return Prediction{Tombstone: true}, nil
		default:
			return q.told(o.latest), nil
		}
	case *ledger.ListAuthorizations:
		return q.list(c)
	}
	if t, ok := c.(*ledger.Tick); ok {
		for _, id := range t.Accounts {
			q.find(id)
		}
	}
	return Prediction{}, nil // Tick and AdvanceClock change nothing that can be seen
}

func (q *asking) list(c *ledger.ListAuthorizations) (p Prediction, _ func()) {
	a := q.find(c.Account)
	if a == nil {
		return refuse("ACCOUNT_NOT_FOUND")
	}
	for _, s := range slices.Backward(a.stories) {
		if (c.Before == 0 || s.id.N < c.Before) && len(p.List) < c.Limit {
			p.List = append(p.List, q.told(s))
		}
	}
	return p, nil
}

// told is what a reader is told of an authorization.
func (q *asking) told(s *story) (p Prediction) {
	t := s.at(q.now)
	p.ID, p.State, p.Expires, p.Reference = s.id, t.state(), t.expires, t.reference
	p.Requested, p.Authorized, p.Held, p.Captured, p.Refunded = t.requested, t.authorized, t.held, t.captured, t.refunded
	p.Captures, p.Refunds = t.captures, t.refunds
	return p
}
