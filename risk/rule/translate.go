package rule

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// translator makes nodes of an expression that CEL has checked, and finds what is not for rules.
type translator struct {
	env    *Env
	ast    *ast.AST
	faults Faults
}

// nothing stands for what has a fault.
var nothing = &node{op: constant, kind: Flag}

func (t *translator) fault(e ast.Expr, format string, args ...any) *node {
	at := t.where(e)
	t.faults = append(t.faults, Fault{at.line, at.column, fmt.Sprintf(format, args...)})
	return nothing
}

func (t *translator) where(e ast.Expr) place {
	at := t.ast.SourceInfo().GetStartLocation(e.ID())
	return place{max(at.Line(), 1), max(at.Column()+1, 1)}
}

func (t *translator) node(e ast.Expr) *node {
	switch e.Kind() {
	case ast.LiteralKind:
		return t.literal(e)
	case ast.IdentKind:
		return t.ident(e)
	case ast.CallKind:
		return t.call(e)
	case ast.ListKind:
		return t.fault(e, "a list stands only behind in")
	case ast.MapKind, ast.StructKind:
		return t.fault(e, "braces make maps, which rules do not have")
	case ast.SelectKind:
		return t.fault(e, "there is no field %s of that", e.AsSelect().FieldName())
	default:
		return t.fault(e, "rules have no loops")
	}
}

func (t *translator) literal(e ast.Expr) *node {
	n := &node{op: constant, where: t.where(e)}
	switch v := e.AsLiteral().(type) {
	case types.Int:
		n.kind, n.int = Whole, int64(v)
	case types.Double:
		n.kind, n.dbl = Decimal, float64(v)
	case types.Bool:
		n.kind = Flag
		if v {
			n.int = 1
		}
	case types.String:
		n.kind, n.text = Text, string(v)
	default:
		return t.fault(e, "want whole numbers, decimals, texts in quotes, true or false")
	}
	return n
}

func (t *translator) ident(e ast.Expr) *node {
	name := e.AsIdent()
	if len(name) > 0 && name[0] == '.' {
		name = name[1:]
	}
	i, ok := t.env.index[name]
	if !ok {
		return t.fault(e, "%s is the name of a type, not a variable", name)
	}
	v := &t.env.variables[i]
	n := &node{op: variable, kind: v.Kind, place: t.env.places[i], at: i, where: t.where(e)}
	if v.MayMiss {
		n.op, n.presence = required, t.env.presence[i]
	}
	return n
}

// calls are the functions of CEL that rules have, with what they become.
var calls = map[string]op{
	operators.LogicalNot: not, operators.LogicalAnd: and, operators.LogicalOr: or, operators.Conditional: choose,
	operators.Equals: equal, operators.NotEquals: equal, operators.In: among,
	operators.Less: less, operators.Greater: less, operators.LessEquals: less, operators.GreaterEquals: less,
	operators.Add: add, operators.Subtract: subtract, operators.Multiply: multiply, operators.Divide: divide, operators.Modulo: modulo,
	operators.Negate:     negate,
	overloads.StartsWith: prefix, overloads.EndsWith: suffix, overloads.Contains: within, overloads.Size: size,
	overloads.TypeConvertDouble: decimal,
}

func (t *translator) call(e ast.Expr) *node {
	c := e.AsCall()
	o, ok := calls[c.FunctionName()]
	if !ok {
		return t.fault(e, "%s is not for rules", operatorOf(c.FunctionName()))
	}
	args := c.Args()
	if c.IsMemberFunction() {
		args = slices.Concat([]ast.Expr{c.Target()}, args)
	}
	if o == among {
		return t.among(e, args[0], args[1])
	}
	n := &node{op: o, where: t.where(e)}
	before := len(t.faults)
	for i, kid := range []**node{&n.a, &n.b, &n.c} {
		if i < len(args) {
			*kid = t.node(args[i])
		}
	}
	if len(t.faults) > before {
		return nothing
	}
	return t.finish(e, n, c.FunctionName())
}

// finish gives a node its kind, refuses what CEL has and rules do not, and reckons what is constant.
func (t *translator) finish(e ast.Expr, n *node, function string) *node {
	switch n.op {
	case not, and, or, prefix, suffix, within:
		n.kind = Flag
	case choose:
		n.kind = n.b.kind
	case equal, less:
		n.kind = Flag
		if !t.comparable(e, n) {
			return nothing
		}
	case size:
		n.kind = Whole
		if n.a.kind != Text {
			return t.fault(e, "size is for texts")
		}
	case decimal:
		n.kind = Decimal
		if n.a.kind != Whole {
			return t.fault(e, "double is for whole numbers")
		}
	default:
		n.kind = n.a.kind
		if n.kind == Text {
			return t.fault(e, "texts are not put together in rules")
		}
	}
	negated := n.turn(function)
	if n = t.fold(e, n); negated {
		n = t.fold(e, &node{op: not, kind: Flag, a: n, where: n.where})
	}
	return n
}

// turn makes the comparisons that there are no nodes for: a > b is b < a, a >= b is b <= a, and a <= b is not b < a, unless
// something may be no number. What must still be negated is said.
func (n *node) turn(function string) (negated bool) {
	switch function {
	case operators.Greater, operators.GreaterEquals:
		n.a, n.b = n.b, n.a
	}
	switch function {
	case operators.LessEquals, operators.GreaterEquals:
		if n.a.kind == Decimal || n.b.kind == Decimal {
			n.op = atMost
			return false
		}
		n.a, n.b = n.b, n.a
		return true
	}
	return function == operators.NotEquals
}

// comparable says whether the sides of a comparison are of the same kind, or a decimal and a whole number that is written out.
func (t *translator) comparable(e ast.Expr, n *node) bool {
	a, b := n.a, n.b
	switch {
	case n.op == less && a.kind == Flag:
		t.fault(e, "flags have no order: want == or !=")
	case a.kind == b.kind:
		return t.possible(e, a, b) && t.possible(e, b, a)
	case a.kind == Decimal && b.kind == Whole && b.op == constant, a.kind == Whole && a.op == constant && b.kind == Decimal:
		return true
	default:
		t.fault(e, "%s is compared with %s: amounts and counts are whole, without a point, and double(x) makes a decimal of one",
			max(a.kind, b.kind), min(a.kind, b.kind))
	}
	return false
}

// possible says that a constant is one of the texts that a variable can be, if those are known: others are mistyped.
func (t *translator) possible(e ast.Expr, v, c *node) bool {
	if v.op != variable && v.op != required || v.kind != Text || t.env.variables[v.at].Texts == nil {
		return true
	}
	if known := t.env.variables[v.at].Texts; c.op == constant && !slices.Contains(known, c.text) {
		t.fault(e, "%s is never %q: it is one of %s", t.env.variables[v.at].Name, c.text, strings.Join(known, ", "))
		return false
	}
	return true
}

// fold reckons a node whose parts are all constants.
func (t *translator) fold(e ast.Expr, n *node) *node {
	for _, kid := range []*node{n.a, n.b, n.c} {
		if kid != nil && kid.op != constant {
			return n
		}
	}
	folded := &node{op: constant, kind: n.kind, where: n.where}
	var ok bool
	switch n.kind {
	case Flag:
		v := n.flag(&Input{})
		folded.int, ok = int64(v), v != unknown
	case Whole:
		folded.int, ok = n.whole(&Input{})
	case Decimal:
		folded.dbl, ok = n.dec(&Input{})
	default:
		folded.text, ok = n.str(&Input{})
	}
	if !ok {
		return t.fault(e, "this has no value: it divides by zero, or is too large for a whole number")
	}
	return folded
}

// among is in, with a list that is written out.
func (t *translator) among(e, left, right ast.Expr) *node {
	before := len(t.faults)
	n := &node{op: among, kind: Flag, a: t.node(left), where: t.where(e)}
	if right.Kind() != ast.ListKind {
		return t.fault(right, "want a list of constants behind in, such as [1, 2]")
	}
	elements := right.AsList().Elements()
	if len(elements) == 0 {
		return t.fault(right, "the list is empty: nothing is in it")
	}
	if len(t.faults) > before {
		return nothing
	}
	if n.a.kind == Flag {
		return t.fault(e, "a flag is in no list")
	}
	for _, element := range elements {
		item := t.node(element)
		switch {
		case item == nothing:
		case item.op != constant:
			t.fault(element, "want a list of constants behind in")
		case item.kind != n.a.kind:
			t.fault(element, "this is %s, and what is looked for is %s", item.kind, n.a.kind)
		case !t.possible(element, n.a, item):
		default:
			n.ints, n.decimals, n.texts = append(n.ints, item.int), append(n.decimals, item.dbl), append(n.texts, item.text)
		}
	}
	if len(t.faults) > before {
		return nothing
	}
	return t.fold(e, t.list(n))
}

// list keeps of the elements what is of the kind that is looked for, ascending and each once.
func (t *translator) list(n *node) *node {
	ints, decimals, texts := n.ints, n.decimals, n.texts
	n.ints, n.decimals, n.texts = nil, nil, nil
	switch n.a.kind {
	case Whole:
		slices.Sort(ints)
		n.ints = slices.Compact(ints)
	case Decimal:
		slices.Sort(decimals)
		n.decimals = slices.Compact(decimals)
	default:
		slices.Sort(texts)
		n.texts = slices.Compact(texts)
	}
	return n
}
