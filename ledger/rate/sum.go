package rate

import (
	"slices"

	"github.com/cockroachdb/apd/v3"
)

// moment is when something flows, counted from the first: whole steps of a sum's unit, and a rest.
type moment struct {
	steps int
	rest  *apd.Decimal // in the same measure as the unit; not below zero
}

// moments are the times of a sum's amounts, in order. A sum and all that is derived from it share them.
type moments struct {
	unit  *apd.Decimal   // how long a step is
	steps []int          // of each
	rest  []int          // of each, an index of rests
	rests []*apd.Decimal // each once
	at    []*apd.Decimal // of each, steps x unit + rest
}

// factors are exp(-s x time) of all moments. Steps are multiplied, so that only one exponential is computed for the unit
// and one for each different rest.
func (m *moments) factors(s *apd.Decimal) []*apd.Decimal {
	step := exp(neg(mul(s, m.unit)))
	rests := make([]*apd.Decimal, len(m.rests))
	for i, r := range m.rests {
		if !r.IsZero() {
			rests[i] = exp(neg(mul(s, r)))
		}
	}
	list := make([]*apd.Decimal, len(m.at))
	done, factor := 0, one
	for i := range list {
		factor = mul(factor, power(step, m.steps[i]-done))
		done = m.steps[i]
		list[i] = factor
		if rest := rests[m.rest[i]]; rest != nil {
			list[i] = mul(factor, rest)
		}
	}
	return list
}

// sum is a sum of exponentials: of amount x exp(-s x time), as a function of s.
type sum struct {
	amounts []*apd.Decimal // none is zero
	times   *moments
}

// flow is an amount at a moment.
type flow struct {
	amount *apd.Decimal
	moment
}

// newSum puts flows in order, and adds up those of the same moment. A step is a unit long, and each rest is shorter.
func newSum(flows []flow, unit *apd.Decimal) *sum {
	flows = slices.Clone(flows)
	slices.SortStableFunc(flows, func(a, b flow) int {
		if a.steps != b.steps {
			return a.steps - b.steps
		}
		return a.rest.Cmp(b.rest)
	})
	var merged []flow
	for _, f := range flows {
		if last := len(merged) - 1; last >= 0 && merged[last].steps == f.steps && merged[last].rest.Cmp(f.rest) == 0 {
			merged[last].amount = add(merged[last].amount, f.amount)
		} else {
			merged = append(merged, f)
		}
	}
	f := &sum{times: &moments{unit: unit}}
	for _, m := range merged {
		if !m.amount.IsZero() {
			f.amounts = append(f.amounts, m.amount)
			f.times.append(m.moment)
		}
	}
	return f
}

func (m *moments) append(at moment) {
	known := slices.IndexFunc(m.rests, func(r *apd.Decimal) bool { return r.Cmp(at.rest) == 0 })
	if known < 0 {
		known = len(m.rests)
		m.rests = append(m.rests, at.rest)
	}
	m.steps = append(m.steps, at.steps)
	m.rest = append(m.rest, known)
	m.at = append(m.at, add(mul(apd.New(int64(at.steps), 0), m.unit), at.rest))
}

// at is the sum and its slope at s, and the sum of the sizes of its terms, which tells how much of it is noise.
func (f *sum) at(s *apd.Decimal) (value, slope, size *apd.Decimal) {
	value, slope, size = new(apd.Decimal), new(apd.Decimal), new(apd.Decimal)
	for i, factor := range f.times.factors(s) {
		term := mul(f.amounts[i], factor)
		value = add(value, term)
		slope = sub(slope, mul(term, f.times.at[i]))
		size = add(size, abs(term))
	}
	return value, slope, size
}

// changes are the places where the amounts change sign: the index of the amount after each.
func (f *sum) changes() (list []int) {
	for i := 1; i < len(f.amounts); i++ {
		if f.amounts[i].Sign() != f.amounts[i-1].Sign() {
			list = append(list, i)
		}
	}
	return list
}

// turned is the sum whose zeros are the extremes of f(s) x exp(s x c), with c halfway between the amounts where the sign
// changes first: one change of sign less.
func (f *sum) turned(change int) *sum {
	c := half(f.times.at[change-1], f.times.at[change])
	g := &sum{times: f.times, amounts: make([]*apd.Decimal, len(f.amounts))}
	for i, a := range f.amounts {
		g.amounts[i] = mul(a, sub(f.times.at[i], c))
	}
	return g
}
