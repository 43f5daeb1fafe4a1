package rule

import (
	"math"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

// truth is what a condition comes to.
type truth uint8

const (
	no truth = iota
	yes
	unknown // it has no value
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// flag reads a condition. As in CEL, a side of && or || without a value does no harm when the other one decides.
func (n *node) flag(in *Input) truth {
	switch n.op {
	case constant:
		return truth(n.int)
	case variable:
		return truth(in.Ints[n.place])
	case required:
		if in.Ints[n.presence] == 0 {
			return unknown
		}
		return truth(in.Ints[n.place])
	case not:
		if t := n.a.flag(in); t != unknown {
			return 1 - t
		}
		return unknown
	case and:
		return n.decide(in, no)
	case or:
		return n.decide(in, yes)
	case choose:
		switch n.a.flag(in) {
		case yes:
			return n.b.flag(in)
		case no:
			return n.c.flag(in)
		}
		return unknown
	case equal, less, atMost:
		return n.compare(in)
	case among:
		return n.among(in)
	default:
		return n.texted(in)
	}
}

// decide is && when no decides, and || when yes does.
func (n *node) decide(in *Input, deciding truth) truth {
	a := n.a.flag(in)
	if a == deciding {
		return a
	}
	b := n.b.flag(in)
	if b == deciding || a != unknown {
		return b
	}
	return a
}

func (n *node) compare(in *Input) truth {
	switch {
	case n.a.kind == Whole && n.b.kind == Whole:
		a, ok := n.a.whole(in)
		b, okB := n.b.whole(in)
		if !ok || !okB {
			return unknown
		}
		return truthOf(n.op == equal && a == b || n.op == less && a < b)
	case n.a.kind == Text:
		a, ok := n.a.str(in)
		b, okB := n.b.str(in)
		if !ok || !okB {
			return unknown
		}
		return truthOf(n.op == equal && a == b || n.op == less && a < b)
	case n.a.kind == Flag:
		a, b := n.a.flag(in), n.b.flag(in)
		if a == unknown || b == unknown {
			return unknown
		}
		return truthOf(a == b)
	}
	return n.compareDecimals(in)
}

// compareDecimals has a decimal on one side at least. What is no number is equal to nothing, and neither
// below nor above anything.
func (n *node) compareDecimals(in *Input) truth {
	a, b := number{}, number{}
	if !a.read(n.a, in) || !b.read(n.b, in) {
		return unknown
	}
	if a.isNaN() || b.isNaN() {
		return no
	}
	c := a.compare(b)
	return truthOf(n.op != less && c == 0 || n.op != equal && c < 0)
}

// number is a decimal or a whole number.
type number struct {
	whole   bool
	int     int64
	decimal float64
}

func (v *number) read(n *node, in *Input) (ok bool) {
	if v.whole = n.kind == Whole; v.whole {
		v.int, ok = n.whole(in)
	} else {
		v.decimal, ok = n.dec(in)
	}
	return ok
}

func (v number) isNaN() bool { return !v.whole && math.IsNaN(v.decimal) }

// compare is CEL's: a decimal within the range of whole numbers is compared with one as decimals are.
func (v number) compare(w number) int {
	switch {
	case !v.whole && w.whole:
		return compareDecimalWhole(v.decimal, w.int)
	case v.whole && !w.whole:
		return -compareDecimalWhole(w.decimal, v.int)
	case v.decimal < w.decimal:
		return -1
	case v.decimal > w.decimal:
		return 1
	}
	return 0
}

func compareDecimalWhole(d float64, i int64) int {
	switch w := float64(i); {
	case d < math.MinInt64 || d <= math.MaxInt64 && d < w:
		return -1
	case d > math.MaxInt64 || d > w:
		return 1
	}
	return 0
}

func (n *node) among(in *Input) truth {
	switch n.a.kind {
	case Whole:
		if v, ok := n.a.whole(in); ok {
			return truthOf(slices.Contains(n.ints, v))
		}
	case Decimal:
		if v, ok := n.a.dec(in); ok {
			return truthOf(slices.Contains(n.decimals, v))
		}
	default:
		if v, ok := n.a.str(in); ok {
			return truthOf(slices.Contains(n.texts, v))
		}
	}
	return unknown
}

func (n *node) texted(in *Input) truth {
	a, ok := n.a.str(in)
	b, okB := n.b.str(in)
	switch {
	case !ok || !okB:
		return unknown
	case n.op == prefix:
		return truthOf(strings.HasPrefix(a, b))
	case n.op == suffix:
		return truthOf(strings.HasSuffix(a, b))
	default:
		return truthOf(strings.Contains(a, b))
	}
}

// whole reads a whole number; it has none when a sum overflows, a divisor is zero, or something is missing.
func (n *node) whole(in *Input) (int64, bool) {
	switch n.op {
	case constant:
		return n.int, true
	case variable:
		return in.Ints[n.place], true
	case required:
		return in.Ints[n.place], in.Ints[n.presence] != 0
	case choose:
		switch n.a.flag(in) {
		case yes:
			return n.b.whole(in)
		case no:
			return n.c.whole(in)
		}
		return 0, false
	case size:
		text, ok := n.a.str(in)
		return int64(utf8.RuneCountInString(text)), ok
	case negate:
		a, ok := n.a.whole(in)
		return -a, ok && a != math.MinInt64
	}
	a, ok := n.a.whole(in)
	b, okB := n.b.whole(in)
	if !ok || !okB {
		return 0, false
	}
	return reckon(n.op, a, b)
}

// reckon is exact, or says that it is not.
func reckon(o op, a, b int64) (int64, bool) {
	switch o {
	case add:
		sum := a + b
		return sum, (sum > a) == (b > 0)
	case subtract:
		difference := a - b
		return difference, (difference < a) == (b > 0)
	case multiply:
		return product(a, b)
	}
	if b == 0 || a == math.MinInt64 && b == -1 {
		return 0, false
	}
	if o == divide {
		return a / b, true
	}
	return a % b, true
}

func product(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if (a < 0) == (b < 0) {
		return int64(lo), hi == 0 && lo <= math.MaxInt64
	}
	return -int64(lo), hi == 0 && lo <= 1<<63
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// dec reads a decimal. Decimals do not overflow: they have infinities.
func (n *node) dec(in *Input) (float64, bool) {
	switch n.op {
	case constant:
		return n.dbl, true
	case variable:
		return in.Decimals[n.place], true
	case required:
		return in.Decimals[n.place], in.Ints[n.presence] != 0
	case choose:
		switch n.a.flag(in) {
		case yes:
			return n.b.dec(in)
		case no:
			return n.c.dec(in)
		}
		return 0, false
	case decimal:
		v, ok := n.a.whole(in)
		return float64(v), ok
	case negate:
		v, ok := n.a.dec(in)
		return -v, ok
	}
	a, ok := n.a.dec(in)
	b, okB := n.b.dec(in)
	if !ok || !okB {
		return 0, false
	}
	switch n.op {
	case add:
		return a + b, true
	case subtract:
		return a - b, true
	case multiply:
		return a * b, true
	default:
		return a / b, true
	}
}

// str reads a text.
func (n *node) str(in *Input) (string, bool) {
	switch n.op {
	case constant:
		return n.text, true
	case variable:
		return in.Texts[n.place], true
	case required:
		return in.Texts[n.place], in.Ints[n.presence] != 0
	}
	switch n.a.flag(in) { // choose
	case yes:
		return n.b.str(in)
	case no:
		return n.c.str(in)
	}
	return "", false
}
