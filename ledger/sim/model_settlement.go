package sim

import (
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// account is where something is payable: a carrier in a currency.
type account struct {
	carrier  ledger.CarrierID
	currency money.Currency
}

// settling is a settlement as the model keeps it: what is in it follows from when the shard was cut.
type settling struct {
	through      calendar.Date
	cut          int // its place among all events; 0 before
	closed, paid bool
}

// place is the place of what happens next, among all that happens.
func (m *Model) place() int {
	m.events++
	return m.events
}

// settlementCall predicts the calls on settlements.
func (q *asking) settlementCall(c ledger.Command) (p Prediction, happen func(), mine bool) {
	switch c := c.(type) {
	case *ledger.BeginSettlement:
		key := account{c.Carrier, c.Currency}
		if all := q.settlements[key]; len(all) > 0 {
			switch last := all[len(all)-1]; {
			case !last.closed && last.through == c.Through:
				return p, nil, true
			case !last.closed:
				return Prediction{Fault: "SETTLEMENT_CLOSING"}, nil, true
			case c.Through <= last.through:
				return Prediction{Fault: "SETTLED_ALREADY"}, nil, true
			}
		}
		today := q.businessDay(c.Carrier, q.now)
		if q.settings(c.Carrier) == nil {
			today = q.today
		}
		if c.Through >= today {
			return Prediction{Fault: "CUT_OFF_NOT_PASSED"}, nil, true
		}
		return p, func() { q.settlements[key] = append(q.settlements[key], &settling{through: c.Through}) }, true
	case *ledger.CutSettlement:
		s := q.settled(c.SettlementID)
		all := q.settlements[account{c.Carrier, c.Currency}]
		if s == nil || int(c.N) < len(all) && all[c.N].cut != 0 || c.Through != s.through {
			return Prediction{Fault: "CUT_OUT_OF_ORDER"}, nil, true
		}
		if s.cut != 0 {
			return p, nil, true
		}
		return p, func() { s.cut = q.place() }, true
	case *ledger.EndSettlement:
		return p, func() { q.settled(c.SettlementID).closed = true }, true
	case *ledger.ConfirmSettlement:
		switch s := q.settled(c.ID); {
		case s == nil:
			return Prediction{Fault: "SETTLEMENT_NOT_FOUND"}, nil, true
		case !s.closed:
			return Prediction{Fault: "SETTLEMENT_CLOSING"}, nil, true
		case s.paid:
			return Prediction{Fault: "SETTLEMENT_CONFIRMED"}, nil, true
		case c.Reference == "wrong": // subsidies are in the amount, of which the model knows nothing
			return Prediction{Fault: "AMOUNT_NOT_NET"}, nil, true
		case c.ValueDate > q.today:
			return Prediction{Fault: "VALUE_DATE_IN_FUTURE"}, nil, true
		default:
			return p, func() { s.paid = true }, true
		}
	case *ledger.GetSettlement:
		if q.settled(c.ID) == nil {
			return Prediction{Fault: "SETTLEMENT_NOT_FOUND"}, nil, true
		}
		return p, nil, true
	}
	return p, nil, false
}

func (m *Model) settled(id ledger.SettlementID) *settling {
	all := m.settlements[account{id.Carrier, id.Currency}]
	if id.N == 0 || int(id.N) > len(all) {
		return nil
	}
	return all[id.N-1]
}

// pile is where a line is: open on a business day, or in a settlement.
type pile struct {
	account
	day    calendar.Date
	number int // of the settlement; 0 when it is in none
}

// piles adds up, from the story of every order, what is payable to each carrier: by business day, or by settlement. Subsidies
// are not among it: of plans the stories know nothing.
func (m *Model) piles() (sums, late map[pile]*ledger.Sums) {
	sums, late = map[pile]*ledger.Sums{}, map[pile]*ledger.Sums{}
	add := func(to account, day calendar.Date, place int, kind ledger.LineKind, amount, fee money.Amount) {
		at := pile{to, day, 0}
		into := []map[pile]*ledger.Sums{sums}
		for i, s := range m.settlements[to] {
			if place < s.cut && day <= s.through {
				at.day, at.number = 0, i+1
				if i > 0 && day != 0 && day <= m.settlements[to][i-1].through {
					into = append(into, late)
				}
				break
			}
		}
		for _, all := range into {
			if all[at] == nil {
				all[at] = new(ledger.Sums)
			}
			k := &all[at].Kinds[kind-1]
			k.Count, k.Amount = k.Count+1, k.Amount+amount
			all[at].Fees += fee
		}
	}
	for _, a := range m.accounts {
		for _, s := range a.stories {
			m.tellLines(s, a.currency, func(e *event, kind ledger.LineKind, amount, fee money.Amount) {
				add(account{s.carrier, a.currency}, e.cleared, e.place, kind, amount, fee)
			})
		}
	}
	for _, a := range m.adjustments {
		add(a.account, a.day, a.place, ledger.LineAdjusted, a.amount, 0)
	}
	return sums, late
}

// tellLines tells what an order's events add to what is payable.
func (m *Model) tellLines(s *story, currency money.Currency, tell func(e *event, kind ledger.LineKind, amount, fee money.Amount)) {
	fee := m.feeOf(s, currency)
	var left, charged money.Amount
	for i := range s.events {
		e, was := &s.events[i], charged
		switch e.what {
		case sold, captured:
			charged += fee.share(left+e.amount) - fee.share(left) + fee.Fixed
			left += e.amount
			tell(e, ledger.LineCaptured, e.amount, charged-was)
		case refunded:
			charged += fee.share(left-e.amount) - fee.share(left)
			left -= e.amount
			tell(e, ledger.LineRefunded, -e.amount, charged-was)
		case reversed:
			if left != 0 || charged != 0 {
				tell(e, ledger.LineReversed, -left, -charged)
			}
			left, charged = 0, 0
		}
	}
}

// ComparePayables says how what a book has as payable and settled differs from the stories.
func (m *Model) ComparePayables(b *Book) error {
	want, late := m.piles()
	differ := func(what string, have ledger.Sums, at pile, want map[pile]*ledger.Sums) error {
		have.Kinds[ledger.LineSubsidy-1] = ledger.LineSum{}
		model := want[at]
		if model == nil {
			model = new(ledger.Sums)
		}
		if have != *model {
			return fmt.Errorf("%s to %s in %s, day %s, settlement %d, is %+v, the model says %+v", what, at.carrier, at.currency, at.day, at.number, have, *model)
		}
		delete(want, at)
		return nil
	}
	for i := range b.shard.Payables {
		p := &b.shard.Payables[i]
		for j := range p.Open {
			if err := differ("payable", p.Open[j].Sums, pile{account{p.Carrier, p.Currency}, p.Open[j].Date, 0}, want); err != nil {
				return err
			}
		}
		if s := m.settled(ledger.SettlementID{Carrier: p.Carrier, Currency: p.Currency, N: p.Closing}); s != nil && !s.closed && s.cut != 0 {
			at := pile{account{p.Carrier, p.Currency}, 0, int(p.Closing)}
			if err := differ("cut", p.Cut.Sums, at, want); err != nil {
				return err
			}
			delete(late, at)
		}
	}
	for id, s := range b.settlements.rows {
		if s.State == ledger.SettlementClosing {
			continue
		}
		at := pile{account{id.Carrier, id.Currency}, 0, int(id.N)}
		if err := differ("settled", s.Sums, at, want); err != nil {
			return err
		}
		if err := differ("late", s.Late, at, late); err != nil {
			return err
		}
	}
	for _, left := range []map[pile]*ledger.Sums{want, late} {
		for at, model := range left {
			return fmt.Errorf("nothing is payable to %s in %s, day %s, settlement %d, the model says %+v", at.carrier, at.currency, at.day, at.number, *model)
		}
	}
	return nil
}
