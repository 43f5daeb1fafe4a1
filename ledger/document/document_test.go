package document_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/document"
)

// menu is a document with everything that the terms do not need: items within items, fields that may be left out, texts.
type menu struct {
	Name   string
	Rule   string
	Dishes []dish
	Wine   *wine
}

type dish struct {
	Name  string
	Hot   bool
	Parts []part
}

type part struct {
	Name  string
	Grams int
}

type wine struct{ Year int }

func schema(m *menu) []document.Field {
	w := m.Wine
	if w == nil {
		w = &wine{}
	}
	return []document.Field{
		{Key: "name", Leaf: document.Words(&m.Name, 1, 20)},
		{Key: "rule", Leaf: document.Expression(&m.Rule, "a rule", 100), Empty: func() bool { return m.Rule == "" }},
		{Key: "dishes", Empty: func() bool { return len(m.Dishes) == 0 }, Items: document.ItemsOf(&m.Dishes, "dish", 1, 3, func(d *dish) []document.Field {
			return []document.Field{
				{Key: "name", Leaf: document.Words(&d.Name, 1, 20)},
				{Key: "hot", Leaf: document.Switch(&d.Hot), Empty: func() bool { return !d.Hot }},
				{Key: "parts", Items: document.ItemsOf(&d.Parts, "part", 0, 3, func(p *part) []document.Field {
					return []document.Field{
						{Key: "name", Leaf: document.Token(&p.Name)},
						{Key: "grams", Leaf: document.Number(&p.Grams, -5, 1000)},
					}
				}, func(p part) string { return p.Name }, nil)},
			}
		}, func(d dish) string { return d.Name }, nil).Written().InOrder()},
		{Key: "wine", Inline: true, There: func() { m.Wine = w }, Empty: func() bool { return m.Wine == nil },
			Fields: []document.Field{{Key: "year", Leaf: document.Number(&w.Year, 0, 3000)}}},
	}
}

func read(text string, check func(*document.Reader)) (*menu, error) {
	m := &menu{}
	if check == nil {
		check = func(*document.Reader) {}
	}
	return m, document.Sort{Subject: "the menu has", Begin: "ask the cook", SizeMax: 1000}.Read([]byte(text), schema(m), check)
}

func TestNestedItemsAndWhatIsLeftOut(t *testing.T) {
	const text = `name: "Lunch: today"
rule: a < b # not
dishes:
  - name: Soup
    hot: true
    parts:
      - {name: leek, grams: 200}
      - {name: salt, grams: -1}
  - name: Bread
    parts: []
wine: {year: 1999}
`
	m, err := read(text, nil)
	require.NoError(t, err)
	require.Equal(t, &menu{"Lunch: today", "a < b", []dish{{"Soup", true, []part{{"leek", 200}, {"salt", -1}}}, {"Bread", false, nil}}, &wine{1999}}, m)
	require.Equal(t, strings.Replace(text, " # not", "", 1), string(document.Format(schema(m))))

	m, err = read("name: x\n", nil)
	require.NoError(t, err)
	require.Equal(t, "name: x\n", string(document.Format(schema(m))))
}

func TestChanges(t *testing.T) {
	before := &menu{Name: "a", Dishes: []dish{{Name: "x"}, {Name: "y", Parts: []part{{"p", 1}}}, {Name: "z"}}}
	after := &menu{Name: "a", Rule: "r", Dishes: []dish{{Name: "z", Hot: true}, {Name: "y", Parts: []part{{"p", 2}, {"q", 1}}}}, Wine: &wine{7}}
	require.Equal(t, []document.Change{
		{Path: "rule", New: "r"},
		{Path: "dishes[x]", Old: "name: x, parts: []"},
		{Path: "dishes[y].parts[p].grams", Old: "1", New: "2"},
		{Path: "dishes[y].parts[q]", New: "name: q, grams: 1"},
		{Path: "dishes[z].hot", New: "true"},
		{Path: "dishes", Old: "in the order y, z", New: "in the order z, y"},
		{Path: "wine", New: "{year: 7}"},
	}, document.Compare(schema(before), schema(after)))
	require.Nil(t, document.Compare(schema(before), schema(before)))
}

// A fault in a text is where it is in the document, as far as that can be told.
func TestPlacesInTexts(t *testing.T) {
	for _, c := range []struct {
		text         string
		line, column int // in the text
		fault        string
	}{
		{"name: x\nrule: abc def\n", 1, 5, "2:11: rule: here"},
		{"name: x\nrule:   'abc def'\n", 1, 5, "2:14: rule: here"},
		{"name: x\nrule: |\n    abc\n    def\n", 2, 3, "4:7: rule: here"},
		{"name: é\nrule: \"éé c\"\n", 1, 4, "2:11: rule: here"},
		{"name: x\nrule: >-\n  abc\n  def\n", 1, 5, "4:3: rule: here"},
		{"name: x\nrule: \"a\\\"b c\"\n", 1, 5, "2:7: rule: here"}, // escaped: the same
		{"name: x\nrule: abc\n   def ghi\n", 1, 9, "3:8: rule: here"},
		{"name: x\nrule: >\n  abc\n\n  def\n", 1, 5, "2:7: rule: here"}, // with an empty line: where it begins
		{"name: x\n", 1, 5, "1:1: rule: here"},                          // not there at all
	} {
		_, err := read(c.text, func(r *document.Reader) { r.FaultIn("rule", c.line, c.column, "here") })
		var faults *document.Faults
		require.True(t, errors.As(err, &faults))
		require.Equal(t, c.fault, faults.List[0].String(), c.text)
		require.ErrorContains(t, err, "the menu has 1 fault:\n  ")
	}
}

func TestFaultsOfForms(t *testing.T) {
	_, err := read("name: [x]\nrule: ''\ndishes: []\nwine: 3\n", nil)
	require.EqualError(t, err, `the menu has 4 faults:
  1:7: name: want a text of 1 to 20 characters on one line, have a list
  2:7: rule: want a rule, have the text ""
  3:9: dishes: want at least 1 dish
  4:7: wine: want the fields year, have 3`)
	_, err = read("", nil)
	require.ErrorContains(t, err, "the document is empty; ask the cook")
}

// Whatever is printable is read as it was, from a line of its own and from between braces.
func TestScalars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`[ -~é]{1,12}`),
			rapid.SampledFrom([]string{"-", "- a", "?", "? a", "a: b", "a #b", "#", "&a", "*a", "!a", "|", ">", "%", "@", "`", "~", "null", "true", "1", "1.5", "0x1", "1e3", "<<", "=", "...", "---", "{", "]", ",", "'", `"`, `\`, " a", "a ", "2026-01-01", "."}),
		).Draw(t, "text")
		var block, flow struct{ K string }
		var list struct{ K []string }
		written := document.Scalar(text)
		require.NoError(t, yaml.Unmarshal([]byte("k: "+written+"\n"), &block))
		require.NoError(t, yaml.Unmarshal([]byte("{k: "+written+"}\n"), &flow))
		require.NoError(t, yaml.Unmarshal([]byte("k: ["+written+", x]\n"), &list))
		require.Equal(t, text, block.K)
		require.Equal(t, text, flow.K)
		require.Equal(t, []string{text, "x"}, list.K)
	})
}

func TestUnbroken(t *testing.T) {
	require.Equal(t, "a && b  c", document.Unbroken("  a &&\n   b  c \r\n\n"))
	require.Equal(t, "", document.Unbroken(" \n "))
}
