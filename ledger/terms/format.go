package terms

import (
	"fmt"
	"strings"
)

// width is how long a line of comments may be.
const width = 100

// Format is the canonical form of terms: every field in the order of the schema, a line each. Parse reads it as the same
// terms.
func Format(t *Terms) []byte {
	p := &printer{}
	p.fields("", schema(t))
	return []byte(p.b.String())
}

// Explain is the canonical form with comments: before each field, what it means and what may be written.
func Explain(t *Terms) []byte {
	p := &printer{explain: true}
	p.fields("", schema(t))
	return []byte(p.b.String())
}

type printer struct {
	explain bool
	b       strings.Builder
}

func (p *printer) fields(indent string, fields []field) {
	for i := range fields {
		f := &fields[i]
		if f.belongs() != belongs {
			continue
		}
		if p.explain {
			if i > 0 {
				p.b.WriteString("\n")
			}
			p.comment(indent, "", f.about)
			if f.leaf != nil {
				p.comment(indent, "", "Write "+f.leaf.form+".")
			}
		}
		switch {
		case f.leaf != nil:
			fmt.Fprintf(&p.b, "%s%s: %s\n", indent, f.key, f.leaf.write())
		case f.items != nil:
			p.items(indent, f)
		default:
			fmt.Fprintf(&p.b, "%s%s:\n", indent, f.key)
			p.fields(indent+"  ", f.fields)
		}
	}
}

// items are a line each.
func (p *printer) items(indent string, f *field) {
	if p.explain {
		each := f.items.blank()
		for i := range each {
			p.comment(indent, each[i].key+": ", each[i].about+" Write "+each[i].leaf.form+".")
		}
	}
	if f.items.size() == 0 {
		fmt.Fprintf(&p.b, "%s%s: []\n", indent, f.key)
		return
	}
	fmt.Fprintf(&p.b, "%s%s:\n", indent, f.key)
	for i := range f.items.size() {
		var words []string
		each := f.items.at(i)
		for k := range each {
			if each[k].belongs() == belongs {
				words = append(words, each[k].key+": "+each[k].leaf.write())
			}
		}
		fmt.Fprintf(&p.b, "%s  - {%s}\n", indent, strings.Join(words, ", "))
	}
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
