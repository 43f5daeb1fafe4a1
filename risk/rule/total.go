package rule

// outcomes is what a condition can come to: a set of no, yes and unknown.
type outcomes uint8

const (
	canNo outcomes = 1 << iota
	canYes
	canFail
)

// total says that a condition always has a value: nothing in it overflows or divides by zero where that would decide, and
// nothing is missing.
func (e *Env) total(n *node) bool { return e.known().outcomes(n, nil)&canFail == 0 }

// Unguarded are the variables that may be missing, and whose lack leaves the condition without a value: those that are read
// where it is not certain that they are there. They are in the order of the Env.
func (r *Rule) Unguarded() (names []string) {
	for _, name := range r.Reads() {
		i := r.env.index[name]
		v := &r.env.variables[i]
		if !v.MayMiss {
			continue
		}
		k := r.env.known()
		k.ints[r.env.presence[i]] = span{0, 0}
		if k.outcomes(r.root, v)&canFail != 0 {
			names = append(names, v.Name)
		}
	}
	return names
}

// outcomes is what a condition can come to. Of missing variables only one counts when it is given, as lacking; and then
// nothing else fails.
func (k *known) outcomes(n *node, lacking *Variable) outcomes {
	switch n.op {
	case constant:
		return canNo << n.int
	case variable, required:
		o := k.fails(n, lacking)
		if s := k.ints[n.place]; s.low == s.high {
			return o | canNo<<s.low
		}
		return o | canNo | canYes
	case not:
		o := k.outcomes(n.a, lacking)
		return o&canFail | o&canNo<<1 | o&canYes>>1
	case and:
		return decided(k.outcomes(n.a, lacking), k.outcomes(n.b, lacking), canNo, canYes)
	case or:
		return decided(k.outcomes(n.a, lacking), k.outcomes(n.b, lacking), canYes, canNo)
	case choose:
		o := k.outcomes(n.a, lacking)
		all := o & canFail
		if o&canYes != 0 {
			all |= k.outcomes(n.b, lacking)
		}
		if o&canNo != 0 {
			all |= k.outcomes(n.c, lacking)
		}
		return all
	}
	if n.a.kind == Flag { // a == b
		return (k.outcomes(n.a, lacking)|k.outcomes(n.b, lacking))&canFail | canNo | canYes
	}
	return k.fails(n, lacking) | canNo | canYes
}

// decided is && when no decides, and || when yes does.
func decided(a, b, deciding, other outcomes) outcomes {
	var all outcomes
	if (a|b)&deciding != 0 {
		all |= deciding
	}
	if a&other != 0 && b&other != 0 {
		all |= other
	}
	if a&canFail != 0 && b != deciding || b&canFail != 0 && a != deciding {
		all |= canFail
	}
	return all
}

// fails says whether a value may have none.
func (k *known) fails(n *node, lacking *Variable) outcomes {
	if n == nil {
		return 0
	}
	switch n.op {
	case constant, variable:
		return 0
	case required:
		if lacking == nil || k.ints[n.presence].high == 0 {
			return canFail
		}
		return 0
	case choose:
		return k.outcomes(n.a, lacking)&canFail | k.fails(n.b, lacking) | k.fails(n.c, lacking)
	}
	all := k.fails(n.a, lacking) | k.fails(n.b, lacking)
	if lacking == nil && !k.exactly(n) {
		all |= canFail
	}
	return all
}

// exactly says that a step has a value when its parts have.
func (k *known) exactly(n *node) bool {
	switch n.op {
	case add, subtract, multiply:
		if n.kind != Whole {
			return true
		}
		a, b := k.span(n.a), k.span(n.b)
		for _, x := range []int64{a.low, a.high} {
			for _, y := range []int64{b.low, b.high} {
				if _, ok := reckon(n.op, x, y); !ok {
					return false
				}
			}
		}
	case negate:
		return n.kind != Whole || k.span(n.a).low > extreme(true)
	case divide, modulo:
		b := k.span(n.b)
		return n.kind != Whole || b.low > 0 || b.high < -1
	}
	return true
}
