package terms

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is a line of a document: one key of a mapping. It has a leaf, fields or items.
type field struct {
	key    string
	about  string // what it means, in sentences, for people who have no manual
	leaf   *leaf
	fields []field
	items  *items

	// when says whether the field belongs to its mapping, which another field of it may decide; nil where it always does.
	when func() belonging

	// absent sets what a document means that leaves the field out, because it may be older than the field; nil where it must be there.
	absent func()
}

// belonging is whether a field belongs.
type belonging uint8

const (
	belongs belonging = iota
	doesNot
	unclear // the field that decides has a fault
)

func (f *field) belongs() belonging {
	if f.when == nil {
		return belongs
	}
	return f.when()
}

// leaf is a value: read puts it into the terms that it is bound to, and write has it in canonical form.
type leaf struct {
	form  string // what may be written, after "want"
	read  func(value)
	write func() string
}

// items is a sequence of mappings, bound to a slice of the terms.
type items struct {
	what  string // one of them
	most  int
	least int
	size  func() int
	add   func() []field // appends a zero item; its fields are good until the next one is appended
	at    func(i int) []field
	blank func() []field     // of an item that is in no terms, to tell of them
	name  func(i int) string // tells it from the others
	words func(i int) string // all of it, in words
}

func itemsOf[T any](s *[]T, what string, least, most int, fields func(*T) []field, name, words func(T) string) *items {
	return &items{
		what: what, least: least, most: most,
		size:  func() int { return len(*s) },
		add:   func() []field { *s = append(*s, *new(T)); return fields(&(*s)[len(*s)-1]) },
		at:    func(i int) []field { return fields(&(*s)[i]) },
		blank: func() []field { return fields(new(T)) },
		name:  func(i int) string { return name((*s)[i]) },
		words: func(i int) string { return words((*s)[i]) },
	}
}

// value is a node of a document that a field's value is read from.
type value struct {
	r    *reader
	path string
	node *yaml.Node
}

func (v value) fault(format string, args ...any) {
	v.r.fault(v.path, v.node, format, args...)
}

// want is the fault of a value that is not of its form.
func (v value) want(form string) { v.fault("want %s, have %s", form, kindOf(v.node)) }

// text is what is written, of a scalar that is not empty.
func (v value) text(form string) (string, bool) {
	n := v.node
	if n.Kind != yaml.ScalarNode || n.Style&yaml.TaggedStyle != 0 || n.ShortTag() == "!!null" || n.Anchor != "" {
		v.want(form)
		return "", false
	}
	return n.Value, true
}

// digits is a whole number that is not in quotes.
func (v value) digits(form string, least, most int) (int, bool) {
	text, ok := v.text(form)
	if !ok {
		return 0, false
	}
	n, ok := parseNumber(text)
	if !ok || n < least || n > most || v.node.ShortTag() != "!!int" {
		v.want(form)
		return 0, false
	}
	return n, true
}

// list is the values of a sequence, of which there may be so many.
func (v value) list(form string, most int) ([]value, bool) {
	n := v.node
	if n.Kind != yaml.SequenceNode || n.Style&yaml.TaggedStyle != 0 || n.Anchor != "" {
		v.want(form)
		return nil, false
	}
	if len(n.Content) > most {
		v.fault("want at most %d of them, have %d", most, len(n.Content))
		return nil, false
	}
	list := make([]value, len(n.Content))
	for i, item := range n.Content {
		list[i] = value{v.r, fmt.Sprintf("%s[%d]", v.path, i), item}
	}
	return list, true
}

// kindOf says what a node is, to somebody who wrote something else than was wanted.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Anchor != "":
		return "an anchor, which terms do not have: write every value out"
	case n.Kind == yaml.AliasNode:
		return "an alias, which terms do not have: write every value out"
	case n.Style&yaml.TaggedStyle != 0:
		return fmt.Sprintf("the tag %s, which terms do not have", clip(n.Tag))
	case n.Kind == yaml.MappingNode:
		return "fields"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "nothing"
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return fmt.Sprintf("the text %q", clip(n.Value))
	}
	return clip(strings.TrimSpace(n.Value))
}
