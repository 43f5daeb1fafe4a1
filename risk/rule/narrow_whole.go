package rule

import (
	"math"
	"slices"
	"strings"
)

// limit narrows a variable to a span.
func (k *known) limit(n *node, to span) *known {
	if n.op == required {
		if k = k.present(n); k == nil {
			return nil
		}
	} else if n.op != variable {
		return k
	}
	now := k.ints[n.place]
	met := now.meet(to)
	if met.empty() {
		return nil
	}
	if met == now {
		return k
	}
	k = k.clone()
	k.ints[n.place] = met
	return k
}

func (k *known) limitDecimal(n *node, to dspan) *known {
	if n.op == required {
		if k = k.present(n); k == nil {
			return nil
		}
	} else if n.op != variable {
		return k
	}
	now := k.decimals[n.place]
	met := now.meet(to)
	if met.empty() {
		return nil
	}
	if met == now {
		return k
	}
	k = k.clone()
	k.decimals[n.place] = met
	return k
}

// present: what is compared has a value.
func (k *known) present(n *node) *known {
	met := k.ints[n.presence].meet(span{1, 1})
	if met.empty() {
		return nil
	}
	k = k.clone()
	k.ints[n.presence] = met
	return k
}

// compared notes that a comparison holds or does not, and what follows; nil when the contrary is known.
func (k *known) compared(o op, a, b *node, holds bool) *known {
	x, y := a.String(), b.String()
	if x == y {
		if (o == equal) != holds && a.kind != Decimal && b.kind != Decimal { // a decimal may be no number, which equals nothing
			return nil
		}
		return k
	}
	k = k.clone()
	note := func(word, x, y string, holds bool) bool {
		if word == "==" && x > y {
			x, y = y, x
		}
		f := fact{strings.Join([]string{word, x, y}, " "), holds}
		if slices.Contains(k.facts, fact{f.what, !holds}) {
			return false
		}
		if !slices.Contains(k.facts, f) {
			k.facts = append(k.facts, f)
		}
		return true
	}
	ok := note(opWords[o], x, y, holds)
	never := func(word, x, y string) { ok = ok && note(word, x, y, false) }
	switch {
	case o == less && holds:
		never("<", y, x)
		never("==", x, y)
	case o == equal && holds:
		never("<", y, x)
		never("<", x, y)
	case o == atMost && holds:
		never("<", y, x)
	case o == atMost:
		never("<", x, y)
		never("==", x, y)
	}
	if !ok {
		return nil
	}
	return k
}

func (k *known) equal(n *node, want bool) *known {
	if k = k.compared(equal, n.a, n.b, want); k == nil {
		return nil
	}
	switch {
	case n.a.kind == Text:
		return k.sameText(n, want)
	case n.a.kind == Flag:
		if want {
			return join(k.chain(wanted{n.a, true}, wanted{n.b, true}), k.chain(wanted{n.a, false}, wanted{n.b, false}))
		}
		return join(k.chain(wanted{n.a, true}, wanted{n.b, false}), k.chain(wanted{n.a, false}, wanted{n.b, true}))
	case n.a.kind != Whole || n.b.kind != Whole:
		return k.equalDecimals(n, want)
	}
	a, b := k.span(n.a), k.span(n.b)
	if want {
		met := a.meet(b)
		if met.empty() {
			return nil
		}
		if k = k.limit(n.a, met); k == nil {
			return nil
		}
		return k.limit(n.b, met)
	}
	if k = k.except(n.a, a, b); k == nil {
		return nil
	}
	return k.except(n.b, b, a)
}

// except leaves out a single number at an end of what n can be.
func (k *known) except(n *node, now, single span) *known {
	if single.low != single.high {
		return k
	}
	if now.low == single.low && now.low < math.MaxInt64 {
		now.low++
	} else if now.low == single.low {
		return nil
	}
	if now.empty() {
		return nil
	}
	if now.high == single.low {
		now.high-- // above low, so it does not overflow
	}
	if now.empty() {
		return nil
	}
	return k.limit(n, now)
}

func (k *known) less(n *node, want bool) *known {
	if k = k.compared(less, n.a, n.b, want); k == nil || n.a.kind == Text {
		return k
	}
	if n.a.kind != Whole || n.b.kind != Whole {
		return k.lessDecimals(n, want)
	}
	a, b := k.span(n.a), k.span(n.b)
	if want { // a < b
		if b.high == math.MinInt64 || a.low == math.MaxInt64 {
			return nil
		}
		a, b = a.meet(span{math.MinInt64, b.high - 1}), b.meet(span{a.low + 1, math.MaxInt64})
	} else { // b <= a
		a, b = a.meet(span{b.low, math.MaxInt64}), b.meet(span{math.MinInt64, a.high})
	}
	if a.empty() || b.empty() {
		return nil
	}
	if k = k.limit(n.a, a); k == nil {
		return nil
	}
	return k.limit(n.b, b)
}

// among narrows to the list's range, or to its texts.
func (k *known) among(n *node, want bool) *known {
	switch n.a.kind {
	case Text:
		return k.textIs(n.a, n.texts, want)
	case Decimal:
		if !want {
			return k
		}
		if met := k.dspan(n.a).meet(dspan{n.decimals[0], n.decimals[len(n.decimals)-1]}); !met.empty() {
			return k.limitDecimal(n.a, met)
		}
		return nil
	}
	now := k.span(n.a)
	if !want {
		for low := now.low; slices.Contains(n.ints, now.low); low = now.low {
			if low == math.MaxInt64 {
				return nil
			}
			now.low++
		}
		for !now.empty() && slices.Contains(n.ints, now.high) && now.high > math.MinInt64 {
			now.high--
		}
		if now.empty() {
			return nil
		}
		return k.limit(n.a, now)
	}
	met := span{1, 0}
	for _, i := range n.ints {
		if i >= now.low && i <= now.high {
			met = met.join(span{i, i})
		}
	}
	if met.empty() {
		return nil
	}
	return k.limit(n.a, met)
}

// span is what a whole number can be.
func (k *known) span(n *node) span {
	switch n.op {
	case constant:
		return span{n.int, n.int}
	case variable, required:
		return k.ints[n.place]
	case choose:
		return k.span(n.b).join(k.span(n.c))
	case size:
		return span{0, math.MaxInt64}
	case negate:
		return span{0, 0}.combine(subtract, k.span(n.a))
	default:
		return k.span(n.a).combine(n.op, k.span(n.b))
	}
}
