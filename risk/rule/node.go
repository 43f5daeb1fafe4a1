package rule

import (
	"slices"
	"strconv"
	"strings"
)

// op is what a node does.
type op uint8

const (
	constant op = iota
	variable    // the value at a place
	required    // the same, of one that may be missing
	not
	and
	or
	choose // a ? b : c
	equal
	less
	atMost // a <= b, of decimals: where one is no number, neither it nor b < a holds
	among  // a is in the list of constants
	prefix
	suffix
	within // a contains b
	add
	subtract
	multiply
	divide
	modulo
	negate
	size
	decimal // a whole number as a decimal
)

// node is one step of an expression, with a kind that is known. Comparisons are equal, less and, of decimals, atMost, of a and b that
// are of the same kind, or a decimal and a whole number; the others are made of these with not and by turning them round.
// It is read only, once it is built.
type node struct {
	op       op
	kind     Kind
	place    int // of a variable
	presence int // of a required one, the place of its presence
	at       int // of a variable, in the Env
	a, b, c  *node

	int  int64 // of a constant; a flag is 0 or 1
	dbl  float64
	text string

	ints     []int64 // of a list, ascending
	decimals []float64
	texts    []string

	where place // in the text, for faults
}

// place is where something is in a text.
type place struct{ line, column int }

// String is a form in which two nodes that mean the same by the same words are the same.
func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

var opWords = [...]string{not: "!", and: "&&", or: "||", choose: "?", equal: "==", less: "<", atMost: "<=", among: "in", prefix: "prefix", suffix: "suffix",
	within: "within", add: "+", subtract: "-", multiply: "*", divide: "/", modulo: "%", negate: "neg", size: "size", decimal: "double"}

func (n *node) write(b *strings.Builder) {
	switch n.op {
	case constant:
		b.WriteString(n.literal())
		return
	case variable, required:
		b.WriteByte("?ndft"[n.kind])
		b.WriteString(strconv.Itoa(n.place))
		return
	}
	parts := []string{}
	for _, kid := range []*node{n.a, n.b, n.c} {
		if kid != nil {
			parts = append(parts, kid.String())
		}
	}
	switch n.op {
	case and, or, equal, add, multiply: // the order means nothing
		slices.Sort(parts)
	case among:
		for _, i := range n.ints {
			parts = append(parts, strconv.FormatInt(i, 10))
		}
		for _, d := range n.decimals {
			parts = append(parts, strconv.FormatFloat(d, 'g', -1, 64))
		}
		for _, t := range n.texts {
			parts = append(parts, strconv.Quote(t))
		}
	}
	b.WriteString("(" + opWords[n.op] + " " + strings.Join(parts, " ") + ")")
}

func (n *node) literal() string {
	switch n.kind {
	case Whole:
		return strconv.FormatInt(n.int, 10)
	case Flag:
		return strconv.FormatBool(n.int != 0)
	case Decimal:
		return strconv.FormatFloat(n.dbl, 'g', -1, 64) + "d"
	default:
		return strconv.Quote(n.text)
	}
}

// walk visits a node and all below it.
func (n *node) walk(visit func(*node)) {
	if n == nil {
		return
	}
	visit(n)
	n.a.walk(visit)
	n.b.walk(visit)
	n.c.walk(visit)
}
