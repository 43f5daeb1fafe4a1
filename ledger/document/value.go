package document

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Value is a node of a document that a field's value is read from.
type Value struct {
	r    *Reader
	path string
	node *yaml.Node
}

// Fault is a fault of the value.
func (v Value) Fault(format string, args ...any) {
	v.r.fault(v.path, v.node, format, args...)
}

// Want is the fault of a value that is not of its form.
func (v Value) Want(form string) { v.Fault("want %s, have %s", form, v.Kind()) }

// FaultAt is a fault at a place in the value's text, line and column being counted from 1.
func (v Value) FaultAt(line, column int, format string, args ...any) {
	v.r.fault(v.path, v.r.placeIn(v.node, line, column), format, args...)
}

// Good says whether fields of the document are there and have no fault.
func (v Value) Good(paths ...string) bool { return v.r.Good(paths...) }

// Forget makes the field one that is not good, without a fault of its own.
func (v Value) Forget() { delete(v.r.at, v.path) }

// Text is what is written, of a scalar that is not empty.
func (v Value) Text(form string) (string, bool) {
	n := v.node
	if n.Kind != yaml.ScalarNode || n.Style&yaml.TaggedStyle != 0 || n.ShortTag() == "!!null" || n.Anchor != "" {
		v.Want(form)
		return "", false
	}
	return n.Value, true
}

// IsText says whether YAML takes a scalar for a text, and not for a number, a date or a flag.
func (v Value) IsText() bool { return v.node.ShortTag() == "!!str" }

// IsQuoted says whether a scalar is in quotes, or in a block.
func (v Value) IsQuoted() bool { return quotedStyle(v.node) }

// IsNumber says whether YAML takes a scalar for a number, with or without a fraction.
func (v Value) IsNumber() bool {
	tag := v.node.ShortTag()
	return (tag == "!!int" || tag == "!!float") && !quotedStyle(v.node)
}

// IsList says whether there is a list.
func (v Value) IsList() bool { return v.node.Kind == yaml.SequenceNode }

// Digits is a whole number that is not in quotes.
func (v Value) Digits(form string, least, most int) (int, bool) {
	text, ok := v.Text(form)
	if !ok {
		return 0, false
	}
	positive, negative := strings.CutPrefix(text, "-")
	n, ok := parseNumber(positive)
	if negative {
		ok, n = ok && n > 0, -n
	}
	if !ok || n < least || n > most || v.node.ShortTag() != "!!int" {
		v.Want(form)
		return 0, false
	}
	return n, true
}

// List is the values of a sequence, of which there may be so many.
func (v Value) List(form string, most int) ([]Value, bool) {
	n := v.node
	if n.Kind != yaml.SequenceNode || n.Style&yaml.TaggedStyle != 0 || n.Anchor != "" {
		v.Want(form)
		return nil, false
	}
	if len(n.Content) > most {
		v.Fault("want at most %d of them, have %d", most, len(n.Content))
		return nil, false
	}
	list := make([]Value, len(n.Content))
	for i, item := range n.Content {
		list[i] = Value{v.r, fmt.Sprintf("%s[%d]", v.path, i), item}
		v.r.at[list[i].path] = item
	}
	return list, true
}

// Kind says what the value is, to somebody who wrote something else than was wanted.
func (v Value) Kind() string { return kindOf(v.node) }

func kindOf(n *yaml.Node) string {
	switch {
	case n.Anchor != "":
		return "an anchor: write every value out"
	case n.Kind == yaml.AliasNode:
		return "an alias: write every value out"
	case n.Style&yaml.TaggedStyle != 0:
		return fmt.Sprintf("the tag %s: write the value alone", Clip(n.Tag))
	case n.Kind == yaml.MappingNode:
		return "fields"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "nothing"
	case quotedStyle(n):
		return fmt.Sprintf("the text %q", Clip(n.Value))
	}
	return Clip(strings.TrimSpace(n.Value))
}

func quotedStyle(n *yaml.Node) bool {
	return n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}
