package terms

import (
	"fmt"
	"math/big"
	"sort"

	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/rate"
)

// Example is what an offer comes to for a principal.
type Example struct {
	Offer     Offer
	Principal money.Amount
	Schedule  plan.Schedule
	Nominal   rate.Percent // a year, by what the consumer pays
}

// Example is the offer for a principal of 1 to money.Max.
func (o Offer) Example(principal money.Amount) (*Example, error) {
	schedule, err := o.Schedule(principal)
	if err != nil {
		return nil, err
	}
	flows := make([]rate.Flow, 1, len(schedule)+1)
	flows[0].Amount = principal
	for _, i := range schedule {
		flows = append(flows, rate.Flow{Amount: -i.Due(), Month: i.Number})
	}
	nominal, err := rate.Nominal(flows)
	if err != nil {
		return nil, fmt.Errorf("%s for %d: %w", o.Name(), principal, err)
	}
	return &Example{Offer: o, Principal: principal, Schedule: schedule, Nominal: nominal}, nil
}

// Examples are one for each offer: for a thousand, or for its smallest principal where that is more.
func (t *Terms) Examples() ([]*Example, error) {
	thousand := money.Amount(1000)
	for range t.MinorDigits {
		thousand *= 10
	}
	var examples []*Example
	for _, o := range t.Installments.Offers {
		e, err := o.Example(max(thousand, o.SmallestPrincipal))
		if err != nil {
			return nil, err
		}
		examples = append(examples, e)
	}
	return examples, nil
}

// large is a principal at which rounding to minor units does not show in a rate.
const large money.Amount = 1e10

// offerCapped holds an offer against the cap: where rounding does not show, and at its smallest principal, where it shows
// most. A single principal between the two may still be above the cap by rounding: Offered does not offer it for that.
func (c *rules) offerCapped(path string, o Offer) {
	e, err := o.Example(max(large, o.SmallestPrincipal))
	if err == nil && !c.t.Capped(e) {
		c.fault(path, "%s costs %s %% a year nominal: more than annual_cap of %s", o.Name(), e.Nominal, c.t.AnnualCap)
		return
	}
	if err == nil {
		e, err = o.Example(o.SmallestPrincipal)
	}
	switch {
	case err != nil:
		c.fault(path, "cannot be reckoned: %v", err)
	case !c.t.Capped(e):
		c.fault(path, "%s costs %s %% a year nominal at its smallest_principal of %s, by rounding: more than annual_cap of %s",
			o.Name(), e.Nominal, c.t.Money(o.SmallestPrincipal), c.t.AnnualCap)
	}
}

// Capped says whether an example is within the annual cap.
func (t *Terms) Capped(e *Example) bool { return Rate(e.Nominal)*basisPoint <= t.AnnualCap }

// Within says of installments of a month each what Capped says of an example, with integers only and hundreds of times
// as fast: it is asked whenever an order asks for a plan.
//
// A nominal rate is rounded half up to hundredths of a percent, so it is within the cap when it is less than the cap and half
// a hundredth more. That is when principal that bears this much is not paid off by the installments.
func (t *Terms) Within(s plan.Schedule) bool {
	const whole, half = 100 * percent, basisPoint / 2
	year, grown := big.NewInt(12*int64(whole/half)), big.NewInt(int64((12*whole+t.AnnualCap+half)/half))
	left, due, scale := big.NewInt(int64(s.Total().Principal)), new(big.Int), big.NewInt(1)
	for _, i := range s {
		scale.Mul(scale, year)
		left.Mul(left, grown).Sub(left, due.Mul(due.SetInt64(int64(i.Due())), scale))
	}
	return left.Sign() > 0
}

// Offered is the offer of a method and a number of months for a principal, if there is one: none below its smallest principal,
// and none for a principal that rounding brings above the annual cap.
func (t *Terms) Offered(method plan.Method, months int, principal money.Amount) (Offer, bool) {
	o, ok := t.Offer(method, months)
	if !ok || principal < o.SmallestPrincipal {
		return o, false
	}
	schedule, err := o.Schedule(principal)
	return o, err == nil && t.Within(schedule)
}

// Lowered is an offer whose price is lowered where the annual cap needs it, for a plan that cannot be refused: the fee or the
// interest, in millionths, is as high as the cap allows, as halving finds it. Without a price every plan is within the cap.
func (t *Terms) Lowered(o plan.Offer, principal money.Amount) plan.Offer {
	by := func(less int) plan.Offer {
		lower := o
		switch o.Method {
		case plan.MethodFlatFee:
			lower.Fee -= plan.MonthlyRate(less)
		case plan.MethodAnnuity:
			lower.Interest -= plan.AnnualRate(less)
		case plan.MethodInterestFree: // the consumer pays nothing for it
		}
		return lower
	}
	within := func(less int) bool {
		schedule, err := by(less).Schedule(principal)
		return err == nil && t.Within(schedule)
	}
	if within(0) {
		return o
	}
	return by(sort.Search(max(int(o.Fee), int(o.Interest)), within))
}
