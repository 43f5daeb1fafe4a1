package document

import (
	"fmt"
	"strings"
)

// width is how long a line of comments may be.
const width = 100

// Format is the canonical form of what a schema is bound to: every field in the order of the schema.
func Format(schema []Field) []byte {
	p := &printer{}
	p.fields("", schema)
	return []byte(p.b.String())
}

// Explain is the canonical form with comments: before each field, what it means and what may be written.
func Explain(schema []Field) []byte {
	p := &printer{explain: true}
	p.fields("", schema)
	return []byte(p.b.String())
}

type printer struct {
	explain bool
	b       strings.Builder
}

func (p *printer) fields(indent string, fields []Field) {
	for i := range fields {
		f := &fields[i]
		if !f.written() {
			continue
		}
		if p.explain {
			if i > 0 {
				p.b.WriteString("\n")
			}
			p.comment(indent, "", f.About)
			if f.Leaf != nil {
				p.comment(indent, "", "Write "+f.Leaf.Form+".")
			}
		}
		switch {
		case f.Leaf != nil:
			fmt.Fprintf(&p.b, "%s%s: %s\n", indent, f.Key, f.Leaf.Write())
		case f.Items != nil:
			p.items(indent, f)
		case f.Inline:
			fmt.Fprintf(&p.b, "%s%s: {%s}\n", indent, f.Key, inline(f.Fields))
		default:
			fmt.Fprintf(&p.b, "%s%s:\n", indent, f.Key)
			p.fields(indent+"  ", f.Fields)
		}
	}
}

// items are a line each, or a block each.
func (p *printer) items(indent string, f *Field) {
	if p.explain {
		each := f.Items.Blank()
		for i := range each {
			p.comment(indent, each[i].Key+": ", each[i].About+" Write "+each[i].form()+".")
		}
	}
	if f.Items.Size() == 0 {
		fmt.Fprintf(&p.b, "%s%s: []\n", indent, f.Key)
		return
	}
	fmt.Fprintf(&p.b, "%s%s:\n", indent, f.Key)
	for i := range f.Items.Size() {
		if !f.Items.Block {
			fmt.Fprintf(&p.b, "%s  - {%s}\n", indent, inline(f.Items.At(i)))
			continue
		}
		block := &printer{}
		block.fields(indent+"    ", f.Items.At(i))
		p.b.WriteString(indent + "  - " + strings.TrimPrefix(block.b.String(), indent+"    "))
	}
}

// inline is fields as they are between braces.
func inline(fields []Field) string {
	var words []string
	for i := range fields {
		if f := &fields[i]; f.written() {
			words = append(words, f.Key+": "+f.inline())
		}
	}
	return strings.Join(words, ", ")
}

func (f *Field) inline() string {
	switch {
	case f.Leaf != nil:
		return f.Leaf.Write()
	case f.Items == nil:
		return "{" + inline(f.Fields) + "}"
	}
	list := make([]string, f.Items.Size())
	for i := range list {
		list[i] = "{" + inline(f.Items.At(i)) + "}"
	}
	return Flow(list)
}

// comment writes a text in lines; all but the first are indented below its label, if it has one.
func (p *printer) comment(indent, label, text string) {
	line := indent + "# " + label
	if label != "" {
		line = indent + "#   " + label
	}
	begun := false
	for word := range strings.FieldsSeq(strings.ReplaceAll(text, " %", "\u00a0%")) {
		word = strings.ReplaceAll(word, "\u00a0", " ")
		if begun && len(line)+1+len(word) > width {
			p.b.WriteString(line + "\n")
			line, begun = indent+"# ", false
			if label != "" {
				line = indent + "#     "
			}
		}
		if begun {
			line += " "
		}
		line, begun = line+word, true
	}
	p.b.WriteString(line + "\n")
}
