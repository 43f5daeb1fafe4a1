package vectors

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/holdfast-credit/holdfast/ledger/rate"
)

// Figure is one published figure of a case. Expected and Got are decimals, several of them, or "no rate".
type Figure struct {
	Name       string // what it is of, such as nominal or row 3
	Expected   string
	Got        string // rounded for show; Agrees is of what was not rounded
	Difference string // the largest, where there are several; empty where there is none to tell
	Tolerance  string // empty where none applies
	Agrees     bool
}

// methods are how the methods of cases compute.
var methods = map[string]func(*object) []Figure{
	"regz_actuarial": actuarial,
	"eu_effective":   effective,
	"irr_periodic":   periodic,
	"pmt":            payment,
	"schedule":       schedule,
	"split":          split,
	"flat_fee":       flatFee,
}

// Check computes what a case is about, and compares. An error names the case and the field that is malformed.
func (c Case) Check() ([]Figure, error) {
	compute := methods[c.Method]
	if compute == nil {
		var known []string
		for name := range methods {
			known = append(known, name)
		}
		slices.Sort(known)
		return nil, fmt.Errorf("case %s: method: there is no %s; there are %s", c.ID, short([]byte(c.Method)), strings.Join(known, ", "))
	}
	fields := &object{fields: c.fields.fields, fault: new(error)}
	figures := compute(fields)
	if *fields.fault != nil {
		return nil, fmt.Errorf("case %s: %w", c.ID, *fields.fault)
	}
	return figures, nil
}

func actuarial(o *object) []Figure {
	perYear := o.count("unit_periods_per_year", 1, 365)
	var flows []rate.UnitFlow
	for _, side := range []struct {
		name  string
		minus bool
	}{{"advances", false}, {"payments", true}} {
		for _, f := range o.objects(side.name) {
			amount := f.number("amount")
			if amount.Sign() < 0 {
				f.fail("amount", "%s is below zero: say which side it is on by putting it into advances or payments", amount.Text('f'))
			}
			if side.minus {
				amount = new(apd.Decimal).Neg(amount)
			}
			flows = append(flows, rate.UnitFlow{Amount: amount, Units: f.count("t", 0, 5200), Fraction: f.within("f", 0, 1)})
		}
	}
	return o.expectRate("apr", func() (*apd.Decimal, error) { return rate.Actuarial(perYear, flows) })
}

func effective(o *object) []Figure {
	var flows []rate.YearFlow
	for _, f := range o.objects("flows") {
		flows = append(flows, rate.YearFlow{Amount: f.number("amount"), Years: f.within("years", 0, 100)})
	}
	return o.expectRate("effective", func() (*apd.Decimal, error) { return rate.EffectiveByYears(flows) })
}

func periodic(o *object) []Figure {
	var flows []rate.PeriodFlow
	for _, f := range o.objects("flows") {
		flows = append(flows, rate.PeriodFlow{Amount: f.number("amount"), Period: f.count("period", 0, 1200)})
	}
	return o.expectRate("of a period", func() (*apd.Decimal, error) { return rate.Periodic(flows) })
}

// noRate is how flows without a rate are shown.
const noRate = "no rate"

// expectRate compares a rate with expected_apr_pct, of which null says that there must be none.
func (o *object) expectRate(name string, compute func() (*apd.Decimal, error)) []Figure {
	var expected, tolerance *apd.Decimal
	if raw, ok := o.fields["expected_apr_pct"]; !ok || !isNull(raw) {
		expected, tolerance = o.number("expected_apr_pct"), o.tolerance("tolerance_pct")
	}
	if *o.fault != nil {
		return nil
	}
	got, err := compute()
	several := (*rate.SeveralError)(nil)
	switch {
	case err == nil && expected != nil:
		return []Figure{compare(name, expected, got, tolerance, 8)}
	case err == nil:
		return []Figure{{Name: name, Expected: noRate, Got: show(got, 8)}}
	case errors.Is(err, rate.ErrNoRate) && expected == nil:
		return []Figure{{Name: name, Expected: noRate, Got: noRate, Agrees: true}}
	case errors.Is(err, rate.ErrNoRate):
		return []Figure{{Name: name, Expected: plain(expected), Got: noRate, Tolerance: plain(tolerance)}}
	case errors.As(err, &several):
		return []Figure{oneOf(name, expected, several.Rates, tolerance)}
	}
	o.fail("flows", "%v", err)
	return nil
}

// oneOf compares with the nearest of several rates.
func oneOf(name string, expected *apd.Decimal, rates []*apd.Decimal, tolerance *apd.Decimal) Figure {
	var list []string
	for _, r := range rates {
		list = append(list, show(r, 8))
	}
	all := fmt.Sprintf("each of %s", strings.Join(list, ", "))
	if expected == nil {
		return Figure{Name: name, Expected: noRate, Got: all}
	}
	nearest := slices.MinFunc(rates, func(a, b *apd.Decimal) int { return distance(expected, a).Cmp(distance(expected, b)) })
	figure := compare(name, expected, nearest, tolerance, 8)
	figure.Got = all
	return figure
}

func (o *object) tolerance(name string) *apd.Decimal {
	d := o.number(name)
	if d.Sign() < 0 {
		o.fail(name, "%s is below zero", d.Text('f'))
	}
	return d
}

// compare is a figure of two decimals; so many places are shown of the second.
func compare(name string, expected, got, tolerance *apd.Decimal, places int32) Figure {
	difference := distance(expected, got)
	return Figure{
		Name: name, Expected: plain(expected), Got: show(got, places), Difference: brief(difference), Tolerance: plain(tolerance),
		Agrees: difference.Cmp(tolerance) <= 0,
	}
}
