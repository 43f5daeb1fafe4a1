package rule

import "math"

// span is whole numbers from low to high, both included. It is empty when low is above high.
type span struct{ low, high int64 }

func (s span) empty() bool { return s.low > s.high }

func (s span) meet(t span) span { return span{max(s.low, t.low), min(s.high, t.high)} }

func (s span) join(t span) span {
	switch {
	case s.empty():
		return t
	case t.empty():
		return s
	}
	return span{min(s.low, t.low), max(s.high, t.high)}
}

// combine is what an operation makes of two spans. Where it overflows it has no value, so what is beyond the whole numbers
// is left out.
func (s span) combine(o op, t span) span {
	if s.empty() || t.empty() {
		return span{1, 0}
	}
	switch o {
	case add:
		return span{clampAdd(s.low, t.low), clampAdd(s.high, t.high)}
	case subtract:
		return span{clampSubtract(s.low, t.high), clampSubtract(s.high, t.low)}
	case multiply:
		return corners(s, t, clampMultiply)
	case divide:
		if t.low > 0 || t.high < 0 {
			return corners(s, t, clampDivide)
		}
		return s.widest()
	}
	// The rest of a division has the sign of what is divided, and is smaller than the divisor and no larger than what is divided.
	most := max(magnitude(t.low), magnitude(t.high))
	if most == 0 {
		return span{1, 0}
	}
	rest := int64(min(most-1, math.MaxInt64))
	return span{max(min(s.low, 0), -rest), min(max(s.high, 0), rest)}
}

// widest is all that dividing by something that is not zero can make.
func (s span) widest() span {
	most := int64(min(max(magnitude(s.low), magnitude(s.high)), math.MaxInt64))
	least := -most
	if s.low == math.MinInt64 {
		least = math.MinInt64
	}
	return span{least, most}
}

func corners(s, t span, f func(a, b int64) int64) span {
	a, b, c, d := f(s.low, t.low), f(s.low, t.high), f(s.high, t.low), f(s.high, t.high)
	return span{min(a, b, c, d), max(a, b, c, d)}
}

func clampAdd(a, b int64) int64 {
	if sum, ok := reckon(add, a, b); ok {
		return sum
	}
	return extreme(a < 0)
}

func clampSubtract(a, b int64) int64 {
	if difference, ok := reckon(subtract, a, b); ok {
		return difference
	}
	return extreme(a < 0)
}

func clampMultiply(a, b int64) int64 {
	if p, ok := product(a, b); ok {
		return p
	}
	return extreme((a < 0) != (b < 0))
}

func clampDivide(a, b int64) int64 {
	if q, ok := reckon(divide, a, b); ok {
		return q
	}
	return math.MaxInt64
}

func extreme(negative bool) int64 {
	if negative {
		return math.MinInt64
	}
	return math.MaxInt64
}

// dspan is decimals from low to high, both included, infinities too. Every bound is one that a value can have.
type dspan struct{ low, high float64 }

var allDecimals = dspan{math.Inf(-1), math.Inf(1)}

func (s dspan) empty() bool { return s.low > s.high }

func (s dspan) meet(t dspan) dspan { return dspan{max(s.low, t.low), min(s.high, t.high)} }

func (s dspan) join(t dspan) dspan {
	switch {
	case s.empty():
		return t
	case t.empty():
		return s
	}
	return dspan{min(s.low, t.low), max(s.high, t.high)}
}

// words are texts: those of a list, or all but those of a list.
type words struct {
	listed bool
	only   []string // when listed
	not    []string // when not
}
