package rule

import "math"

// Of decimals only variables and constants are looked at; what is reckoned with them may be anything, no number included.
// Bounds are kept as they are, without the next number above or below: a range is then a little too wide, never too narrow.

// dspan is what a number can be, as a decimal.
func (k *known) dspan(n *node) dspan {
	if n.kind == Whole {
		s := k.span(n)
		return dspan{below(s.low), above(s.high)}
	}
	switch n.op {
	case constant:
		if math.IsNaN(n.dbl) {
			return allDecimals
		}
		return dspan{n.dbl, n.dbl}
	case variable, required:
		return k.decimals[n.place]
	case choose:
		return k.dspan(n.b).join(k.dspan(n.c))
	case decimal:
		s := k.span(n.a)
		return dspan{below(s.low), above(s.high)}
	default:
		return allDecimals
	}
}

// below and above are decimals on either side of a whole number, which need not be a decimal itself.
func below(i int64) float64 { return math.Nextafter(float64(i), math.Inf(-1)) }
func above(i int64) float64 { return math.Nextafter(float64(i), math.Inf(1)) }

// limitEither narrows a decimal variable; a whole number beside it is a constant.
func (k *known) limitEither(n *node, to dspan) *known {
	if n.kind == Whole {
		return k
	}
	return k.limitDecimal(n, to)
}

func (k *known) equalDecimals(n *node, want bool) *known {
	if !want {
		return k
	}
	met := k.dspan(n.a).meet(k.dspan(n.b))
	if met.empty() {
		return nil
	}
	if k = k.limitEither(n.a, met); k == nil {
		return nil
	}
	return k.limitEither(n.b, met)
}

// lessDecimals is a < b.
func (k *known) lessDecimals(n *node, want bool) *known {
	a, b := k.exact(n.a), k.exact(n.b)
	switch {
	case want && a.low >= b.high:
		return nil
	case want:
		return k.ordered(n.a, n.b)
	case n.a.isNumber() && n.b.isNumber():
		return k.ordered(n.b, n.a)
	}
	return k
}

// atMost is a <= b.
func (k *known) atMost(n *node, want bool) *known {
	if k = k.compared(atMost, n.a, n.b, want); k == nil {
		return nil
	}
	a, b := k.exact(n.a), k.exact(n.b)
	switch {
	case want:
		return k.ordered(n.a, n.b)
	case !n.a.isNumber() || !n.b.isNumber():
		return k
	case b.low >= a.high:
		return nil
	}
	return k.ordered(n.b, n.a)
}

// ordered: a is b at most.
func (k *known) ordered(x, y *node) *known {
	a, b := k.exact(x), k.exact(y)
	a, b = a.meet(dspan{math.Inf(-1), b.high}), b.meet(dspan{a.low, math.Inf(1)})
	if a.empty() || b.empty() {
		return nil
	}
	if k = k.limitEither(x, a); k == nil {
		return nil
	}
	return k.limitEither(y, b)
}

// isNumber says that a decimal, if it has a value, is a number.
func (n *node) isNumber() bool {
	switch n.op {
	case constant:
		return !math.IsNaN(n.dbl)
	case variable, required, decimal:
		return true
	}
	return n.kind == Whole
}

// exact is dspan, of a whole number that is a decimal without the margin.
func (k *known) exact(n *node) dspan {
	if n.kind == Whole && n.op == constant && int64(float64(n.int)) == n.int && magnitude(n.int) < 1<<53 {
		return dspan{float64(n.int), float64(n.int)}
	}
	return k.dspan(n)
}
