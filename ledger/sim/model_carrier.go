package sim

import (
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// adjusted is an adjustment by an operator.
type adjusted struct {
	account
	amount money.Amount
	day    calendar.Date
	place  int // among all events
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
		return p, func() {
			q.adjustments = append(q.adjustments, adjusted{account{c.Carrier, c.Currency}, c.Amount, day, q.place()})
		}, true
	}
	return q.settlementCall(c)
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
