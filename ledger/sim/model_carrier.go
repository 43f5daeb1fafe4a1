package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// adjusted is an adjustment by an operator.
type adjusted struct {
	carrier  ledger.CarrierID
	currency money.Currency
	amount   money.Amount
	day      calendar.Date
}

// carrierCall predicts the calls about carriers.
func (q *asking) carrierCall(c ledger.Command) (p Prediction, happen func(), mine bool) {
	switch c := c.(type) {
	case *ledger.PutCarrier:
		versions := q.carriers[c.ID]
		at := slices.IndexFunc(versions, func(v *ledger.PutCarrier) bool { return v.Version == c.Version })
		switch {
		case at >= 0 && same(versions[at].Settings, c.Settings):
			return p, nil, true
		case len(versions) > 0 && versions[len(versions)-1].Version >= c.Version:
			return Prediction{Fault: "CARRIER_VERSION_EXISTS"}, nil, true
		}
		return p, func() { q.carriers[c.ID] = append(versions, c) }, true
	case *ledger.AdjustCarrier:
		day := c.Date
		if day == 0 {
			day = q.businessDay(c.Carrier, q.now)
		}
		return p, func() { q.adjustments = append(q.adjustments, adjusted{c.Carrier, c.Currency, c.Amount, day}) }, true
	}
	return p, nil, false
}

// settings are the newest ones of a carrier; nil when it is not registered.
func (m *Model) settings(id ledger.CarrierID) *ledger.PutCarrier {
	if n := len(m.carriers[id]); n > 0 {
		return m.carriers[id][n-1]
	}
	return nil
}

// businessDay is read off a clock on the wall in the carrier's zone.
func (m *Model) businessDay(id ledger.CarrierID, at calendar.Instant) calendar.Date {
	c := m.settings(id)
	if c == nil {
		return 0
	}
	zone, err := time.LoadLocation(c.Settings.Settlement.Zone)
	if err != nil {
		panic(err)
	}
	wall := at.Time().In(zone)
	day, err := calendar.DateOf(wall.Date())
	if err != nil {
		panic(err)
	}
	hour, minute, _ := wall.Clock()
	if cut := c.Settings.Settlement.CutOff; cut > 0 && hour*60+minute >= int(cut.Minutes()) {
		day++
	}
	return day
}

// unsold says what is wrong with the product of a purchase.
func (q *asking) unsold(p *ledger.Purchase) string {
	if p.Product == "" {
		return ""
	}
	if c := q.settings(p.Carrier); c != nil {
		for _, o := range c.Settings.Products {
			switch {
			case o.ID != p.Product:
			case o.Currency != p.Currency || o.Scene != ledger.NoScene && o.Scene != p.Scene:
				return "PRODUCT_NOT_SOLD"
			case len(o.Denominations) > 0 && (p.Partial || !slices.Contains(o.Denominations, p.Amount)):
				return "DENOMINATION_NOT_SOLD"
			default:
				return ""
			}
		}
	}
	return "PRODUCT_NOT_SOLD"
}

// payday is the business day of a carrier in a currency.
type payday struct {
	carrier  ledger.CarrierID
	currency money.Currency
	day      calendar.Date
}

// payables adds up, from the story of every order, what is payable to each carrier by business day. Subsidies are not among
// it: of plans the stories know nothing.
func (m *Model) payables() map[payday]*ledger.Sums {
	all := map[payday]*ledger.Sums{}
	add := func(key payday, kind ledger.LineKind, amount, fee money.Amount) {
		if all[key] == nil {
			all[key] = new(ledger.Sums)
		}
		k := &all[key].Kinds[kind-1]
		k.Count, k.Amount = k.Count+1, k.Amount+amount
		all[key].Fees += fee
	}
	for _, a := range m.accounts {
		for _, s := range a.stories {
			fee := m.feeOf(s, a.currency)
			var left, charged money.Amount
			for _, e := range s.events {
				key, was := payday{s.carrier, a.currency, e.cleared}, charged
				switch e.what {
				case sold, captured:
					charged += fee.share(left+e.amount) - fee.share(left) + fee.Fixed
					left += e.amount
					add(key, ledger.LineCaptured, e.amount, charged-was)
				case refunded:
					charged += fee.share(left-e.amount) - fee.share(left)
					left -= e.amount
					add(key, ledger.LineRefunded, -e.amount, charged-was)
				case reversed:
					if left != 0 || charged != 0 {
						add(key, ledger.LineReversed, -left, -charged)
					}
					left, charged = 0, 0
				}
			}
		}
	}
	for _, a := range m.adjustments {
		add(payday{a.carrier, a.currency, a.day}, ledger.LineAdjusted, a.amount, 0)
	}
	return all
}

// charge is the fee that an order is charged by.
type charge struct{ ledger.CarrierFee }

// feeOf is the fee of an order: the first that fits in the version that was in force when it was decided.
func (m *Model) feeOf(s *story, currency money.Currency) (c charge) {
	if s.settings == nil {
		return c
	}
	for _, f := range s.settings.Settings.Fees {
		if f.Currency == currency && (f.Scene == s.scene || f.Scene == ledger.NoScene) && (f.Product == s.product || f.Product == "") {
			return charge{f}
		}
	}
	return c
}

// share is the share of an amount, rounded half to even.
func (c charge) share(amount money.Amount) money.Amount {
	const whole = 1_000_000
	product := int64(amount) * int64(c.Share)
	down, rest := product/whole, product%whole
	if rest > whole/2 || rest == whole/2 && down%2 == 1 {
		down++
	}
	return money.Amount(down)
}

// ComparePayables says how what a shard has as payable differs from the stories.
func (m *Model) ComparePayables(s *ledger.Shard) error {
	want := m.payables()
	for i := range s.Payables {
		p := &s.Payables[i]
		for j := range p.Open {
			have, key := p.Open[j].Sums, payday{p.Carrier, p.Currency, p.Open[j].Date}
			have.Kinds[ledger.LineSubsidy-1] = ledger.LineSum{}
			model := want[key]
			if model == nil {
				model = new(ledger.Sums)
			}
			if have != *model {
				return fmt.Errorf("payable to %s in %s on %s is %+v, the model says %+v", key.carrier, key.currency, key.day, have, *model)
			}
			delete(want, key)
		}
	}
	for key, model := range want {
		return fmt.Errorf("payable to %s in %s on %s is nothing, the model says %+v", key.carrier, key.currency, key.day, *model)
	}
	return nil
}
