package rate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/apd/v3"
)

// UnitFlow is a decimal amount after whole unit periods and a fraction of one.
type UnitFlow struct {
	Amount   *apd.Decimal // above zero to the consumer, below zero from the consumer; up to 30 digits before the point and after
	Units    int          // whole unit periods, t of Appendix J: 0 to 5,200
	Fraction *apd.Decimal // of a unit period, f of Appendix J: 0 to 1
}

// Actuarial is the annual percentage rate of the actuarial method of the United States, 12 CFR 1026 (Regulation Z),
// Appendix J, (b)(8), in percent, to 20 places: unitsPerYear x the rate i of a unit period at which the amounts, each
// divided by (1 + fraction x i) x (1 + i)^units, sum to zero. Within a fraction interest is simple, which is what makes
// it differ from Effective and Periodic.
//
// What is paid out must come before what is paid back, so that there is one rate at most: for these factors nothing like
// the rule of signs is known. Other errors are those of Nominal.
func Actuarial(unitsPerYear int, flows []UnitFlow) (*apd.Decimal, error) {
	if unitsPerYear < 1 || unitsPerYear > 365 {
		return nil, fmt.Errorf("%d unit periods a year are not within 1 and 365", unitsPerYear)
	}
	for i, f := range flows {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("flow %d: %w", i, err)
		}
	}
	list := slices.Clone(flows)
	slices.SortStableFunc(list, func(a, b UnitFlow) int {
		if a.Units != b.Units {
			return a.Units - b.Units
		}
		return a.Fraction.Cmp(b.Fraction)
	})
	list = slices.DeleteFunc(list, func(f UnitFlow) bool { return f.Amount.IsZero() })
	changes := 0
	for i := 1; i < len(list); i++ {
		if list[i].Amount.Sign() != list[i-1].Amount.Sign() {
			changes++
		}
	}
	c := actuarial(list)
	switch before, after := sign(c, neg(reach)), sign(c, reach); {
	case changes > 1:
		return nil, errors.New("something is paid out after something was paid back: the actuarial method has no single rate for that")
	case before*after >= 0:
		return nil, ErrNoRate
	default:
		return percentage(zero(c, neg(reach), reach, before), int64(unitsPerYear)), nil
	}
}

func (f *UnitFlow) check() error {
	if err := checkAmount(f.Amount); err != nil {
		return err
	}
	if err := checkDecimal("fraction", f.Fraction); err != nil {
		return err
	}
	if f.Units < 0 || f.Units > longest*52 {
		return fmt.Errorf("unit period %d is not within 0 and %d", f.Units, longest*52)
	}
	if f.Fraction.Negative && !f.Fraction.IsZero() || f.Fraction.Cmp(one) > 0 {
		return fmt.Errorf("fraction is %s, not within 0 and 1", f.Fraction)
	}
	return nil
}

// actuarial is the balance of flows in order of time, as a function of s = ln(1 + i). Where the sign changes once, it
// crosses zero once: the factor of a later flow falls faster at every i, because fraction/(1 + fraction x i) never
// exceeds 1/(1 + i).
type actuarial []UnitFlow

func (c actuarial) at(s *apd.Decimal) (value, slope, size *apd.Decimal) {
	value, slope, size = new(apd.Decimal), new(apd.Decimal), new(apd.Decimal)
	growth := exp(s) // 1 + i
	i, discount := sub(growth, one), quo(one, growth)
	factor, units := one, 0
	for _, f := range c {
		factor = mul(factor, power(discount, f.Units-units))
		units = f.Units
		simple := add(one, mul(f.Fraction, i))
		term := quo(mul(f.Amount, factor), simple)
		value = add(value, term)
		falls := add(apd.New(int64(f.Units), 0), quo(mul(f.Fraction, growth), simple)) // -d ln(factor) / ds
		slope = sub(slope, mul(term, falls))
		size = add(size, abs(term))
	}
	return value, slope, size
}
