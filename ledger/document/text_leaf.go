package document

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Words is a text for people, on one line, of so many characters. It stands on a line of its own, never between braces.
func Words(p *string, least, most int) *Leaf {
	form := fmt.Sprintf("a text of %d to %d characters on one line", least, most)
	return &Leaf{Form: form, Write: func() string { return inBlock(*p) }, Read: func(v Value) {
		text, ok := v.Text(form)
		if !ok {
			return
		}
		text = strings.Join(strings.Fields(text), " ")
		if n := utf8.RuneCountInString(text); n < least || n > most || !printable(text) {
			v.Want(form)
			return
		}
		*p = text
	}}
}

// Pattern is a text that check accepts, which form describes.
func Pattern(p *string, form string, check func(string) bool) *Leaf {
	return &Leaf{Form: form, Write: func() string { return Scalar(*p) }, Read: func(v Value) {
		text, ok := v.Text(form)
		switch {
		case !ok:
		case !check(text) || !printable(text):
			v.Want(form)
		case !v.IsText() && !v.IsQuoted():
			v.Fault("want %s, have %s, which YAML takes for something else: put it in quotes", form, v.Kind())
		default:
			*p = text
		}
	}}
}

// Expression is a text that programs read. Line breaks are kept, for the places of what is wrong in it, until Unbroken.
func Expression(p *string, form string, most int) *Leaf {
	return &Leaf{Form: form, Write: func() string { return inBlock(*p) }, Read: func(v Value) {
		text, ok := v.Text(form)
		switch {
		case !ok:
		case utf8.RuneCountInString(text) > most:
			v.Fault("has more than %d characters", most)
		case strings.TrimSpace(text) == "" || !printable(Unbroken(text)):
			v.Want(form)
		default:
			*p = text
		}
	}}
}

// Unbroken is a text on one line: a line break, with the blanks around it, becomes one blank.
func Unbroken(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	kept := lines[:0]
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, " ")
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Scalar is a text as YAML, in quotes where it would be taken for something else without: on a line of its own, or between
// braces.
func Scalar(text string) string {
	if plainIn("k: ", text, "") && plainIn("{k: ", text, "}") && plainIn("{k: [", text, "]}") {
		return text
	}
	return strconv.Quote(text) // whose escapes are those of YAML
}

// inBlock is Scalar for a line of its own.
func inBlock(text string) string {
	if plainIn("k: ", text, "") {
		return text
	}
	return strconv.Quote(text)
}

// ordinary are words between which are blanks: most texts.
var ordinary = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*( [A-Za-z0-9_]+)*$`)

// plainIn says whether YAML reads a text as it is, in its place.
func plainIn(before, text, after string) bool {
	if ordinary.MatchString(text) && (&yaml.Node{Kind: yaml.ScalarNode, Value: text}).ShortTag() == "!!str" {
		return true
	}
	var d yaml.Node
	if err := yaml.Unmarshal([]byte(before+text+after+"\n"), &d); err != nil || len(d.Content) != 1 || len(d.Content[0].Content) != 2 {
		return false
	}
	n := d.Content[0].Content[1]
	if n.Kind == yaml.SequenceNode && len(n.Content) == 1 && strings.HasSuffix(before, "[") {
		n = n.Content[0]
	}
	return n.Kind == yaml.ScalarNode && n.Style == 0 && n.ShortTag() == "!!str" && n.Anchor == "" && n.Value == text
}

// Texts are texts of a list, each of so many characters at most, and each once.
func Texts(p *[]string, least, most, length int) *Leaf {
	each := fmt.Sprintf("a text of 1 to %d characters", length)
	form := fmt.Sprintf("a list of %d to %d texts", least, most)
	write := func() string {
		words := make([]string, len(*p))
		for i, text := range *p {
			words[i] = Scalar(text)
		}
		return Flow(words)
	}
	return &Leaf{Form: form, Write: write, Read: func(v Value) {
		list, ok := v.List(form, most)
		if ok && len(list) < least {
			v.Want(form)
		}
		for _, item := range list {
			text, ok := item.Text(each)
			switch n := utf8.RuneCountInString(text); {
			case !ok:
			case n < 1 || n > length || !printable(text):
				item.Want(each)
			case !item.IsText() && !item.IsQuoted():
				item.Fault("want %s, have %s, which YAML takes for something else: put it in quotes", each, item.Kind())
			case slices.Contains(*p, text):
				item.Fault("%s is there already", item.Kind())
			default:
				*p = append(*p, text)
			}
		}
	}}
}

// Switch is true or false.
func Switch(p *bool) *Leaf {
	const form = "true or false"
	return &Leaf{Form: form, Write: func() string { return strconv.FormatBool(*p) }, Read: func(v Value) {
		text, ok := v.Text(form)
		switch {
		case !ok:
		case text != "true" && text != "false" || v.IsQuoted():
			v.Want(form)
		default:
			*p = text == "true"
		}
	}}
}
