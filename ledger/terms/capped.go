package terms

import (
	"fmt"

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
// most. A single principal between the two may still be above the cap by rounding; whoever makes a plan asks Capped.
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
