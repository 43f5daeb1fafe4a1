package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Sort is a sort of documents: what is told of them when something is wrong.
type Sort struct {
	Subject string // of a sentence about faults: the terms have
	Begin   string // how to begin one: holdfast terms print writes one to begin with
	SizeMax int    // bytes
}

// Read reads the only document of the data by a schema. When that has been done, check finds what is wrong between fields.
// The error is *Faults, with everything that is wrong.
func (s Sort) Read(data []byte, schema []Field, check func(*Reader)) error {
	r := &Reader{data: data, at: map[string]*yaml.Node{}, keys: map[string]*yaml.Node{}}
	if root := r.document(data, s); root != nil {
		r.mapping("", root, root, schema)
		check(r)
	}
	if len(r.faults) == 0 {
		return nil
	}
	faults := &Faults{s.Subject, r.faults}
	faults.sort()
	return faults
}

// Reader reads one document and collects its faults.
type Reader struct {
	data   []byte
	faults []Fault
	at     map[string]*yaml.Node // values by path, of fields that are there
	keys   map[string]*yaml.Node // their keys
}

// fault is a fault of the field at a path, shown at a node.
func (r *Reader) fault(path string, n *yaml.Node, format string, args ...any) {
	r.faults = append(r.faults, Fault{Line: n.Line, Column: n.Column, Path: path, Detail: fmt.Sprintf(format, args...)})
}

// Fault is a fault of a field, shown where it is, or where what should have it is.
func (r *Reader) Fault(path, format string, args ...any) {
	shown := &yaml.Node{Line: 1, Column: 1}
	for at := path; at != ""; at = at[:max(strings.LastIndexAny(at, ".["), 0)] {
		if n := r.at[at]; n != nil {
			shown = n
			break
		}
	}
	r.fault(path, shown, format, args...)
}

// Value is the value of a field; ok is false when it is not there.
func (r *Reader) Value(path string) (v Value, ok bool) {
	n := r.at[path]
	return Value{r, path, n}, n != nil
}

// Has says whether a field is there, good or not.
func (r *Reader) Has(path string) bool { return r.at[path] != nil }

// FaultIn is a fault at a place in the text of a field, line and column being counted from 1.
func (r *Reader) FaultIn(path string, line, column int, format string, args ...any) {
	if n := r.at[path]; n != nil {
		r.fault(path, r.placeIn(n, line, column), format, args...)
		return
	}
	r.Fault(path, format, args...)
}

// Good says whether fields are there and have no fault.
func (r *Reader) Good(paths ...string) bool {
	for _, path := range paths {
		if r.at[path] == nil {
			return false
		}
		for _, f := range r.faults {
			if rest, ok := strings.CutPrefix(f.Path, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
				return false
			}
		}
	}
	return true
}

// yamlLine is how the YAML package says where.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// document is the only document of the data, or nil after a fault.
func (r *Reader) document(data []byte, s Sort) *yaml.Node {
	refuse := func(line, column int, detail string) *yaml.Node {
		r.fault("", &yaml.Node{Line: line, Column: column}, "%s", detail)
		return nil
	}
	if len(data) > s.SizeMax {
		return refuse(1, 1, fmt.Sprintf("the document has %d bytes, more than %d", len(data), s.SizeMax))
	}
	if line, column, ok := badText(data); ok {
		return refuse(line, column, "the document is not UTF-8 text")
	}
	var first, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(&first)
	if errors.Is(err, io.EOF) || err == nil && (len(first.Content) == 0 || first.Content[0].ShortTag() == "!!null") {
		return refuse(1, 1, "the document is empty; "+s.Begin)
	}
	if err == nil {
		if err = decoder.Decode(&second); errors.Is(err, io.EOF) {
			return first.Content[0]
		}
		if err == nil {
			return refuse(second.Line, second.Column, "a second document begins here: want one")
		}
	}
	text, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if found := yamlLine.FindStringSubmatch(text); found != nil {
		line, _ = strconv.Atoi(found[1])
		text = text[len(found[0]):]
	}
	return refuse(max(line, 1), 1, "this is not YAML: "+text)
}

// badText finds the first byte that is not UTF-8.
func badText(data []byte) (line, column int, bad bool) {
	line, column = 1, 1
	for len(data) > 0 {
		c, size := utf8.DecodeRune(data)
		switch {
		case c == utf8.RuneError && size == 1:
			return line, column, true
		case c == '\n':
			line, column = line+1, 1
		default:
			column++
		}
		data = data[size:]
	}
	return 0, 0, false
}

// placeIn is where something in the text of a scalar is. Where YAML has folded or escaped the text that cannot be told, and
// it is where the scalar begins.
func (r *Reader) placeIn(n *yaml.Node, line, column int) *yaml.Node {
	lines := strings.Split(string(r.data), "\n")
	raw := func(line int) string {
		if line < 1 || line > len(lines) {
			return ""
		}
		return lines[line-1]
	}
	if n.Style&yaml.LiteralStyle != 0 {
		below := raw(n.Line + line)
		return &yaml.Node{Line: n.Line + line, Column: len(below) - len(strings.TrimLeft(below, " ")) + column}
	}
	if line == 1 {
		if at := folded(n, raw, column); at != nil {
			return at
		}
	}
	return n
}

// folded is where a character of a text is whose line breaks, if it has any, YAML has made blanks; nil when the text is not
// what the lines have.
func folded(n *yaml.Node, raw func(int) string, column int) *yaml.Node {
	line, begin := n.Line, n.Column
	switch {
	case n.Style&yaml.FoldedStyle != 0:
		line, begin = line+1, 1
	case quotedStyle(n):
		begin++
	}
	want := []rune(n.Value)
	for passed := 0; passed < len(want); line++ {
		runes := []rune(raw(line))
		for begin <= len(runes) && runes[begin-1] == ' ' {
			begin++
		}
		if begin > len(runes) {
			return nil // an empty line, which stands for a line break
		}
		here := 0
		for here < len(runes)-begin+1 && passed+here < len(want) && runes[begin-1+here] == want[passed+here] {
			here++
		}
		switch {
		case passed+here < len(want) && (here == 0 || want[passed+here] != ' '):
			return nil
		case column <= passed+here+1:
			return &yaml.Node{Line: line, Column: begin + column - passed - 1}
		}
		passed, begin = passed+here+1, 1 // with the blank that the line break has become
	}
	return nil
}

// mapping reads the fields of a mapping; what is missing is shown at a node.
func (r *Reader) mapping(path string, n, shown *yaml.Node, fields []Field) {
	if n.Kind != yaml.MappingNode || n.Style&yaml.TaggedStyle != 0 || n.Anchor != "" {
		r.fault(path, n, "want the fields %s, have %s", keysOf(fields), kindOf(n))
		return
	}
	values := r.pairs(path, n, fields)
	for i := range fields {
		f := &fields[i]
		at := join(path, f.Key)
		found, there := values[f.Key]
		if there {
			r.at[at] = found
		}
		switch belonging := f.belongs(); {
		case there && belonging == Foreign:
			r.fault(at, r.keys[at], "does not belong here: %s", f.About)
		case there:
			if f.There != nil {
				f.There()
			}
			r.field(at, found, f)
		case belonging == Belongs && f.Absent != nil:
			f.Absent()
		case belonging == Belongs && f.Empty == nil:
			r.fault(at, shown, "is missing: want %s", f.form())
		}
	}
}

// form is what may be written.
func (f *Field) form() string {
	switch {
	case f.Leaf != nil:
		return f.Leaf.Form
	case f.Items != nil:
		return fmt.Sprintf("a list of %ss", f.Items.What)
	default:
		return "the fields " + keysOf(f.Fields)
	}
}

// pairs are the values of a mapping by their keys. Keys that are no fields, and those that are there twice, are faults.
func (r *Reader) pairs(path string, n *yaml.Node, fields []Field) map[string]*yaml.Node {
	values, lines := map[string]*yaml.Node{}, map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		known := slices.ContainsFunc(fields, func(f Field) bool { return f.Key == key.Value })
		at := join(path, Clip(key.Value))
		switch {
		case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0:
			r.fault(path, key, "want the name of a field, have %s", kindOf(key))
		case !known:
			r.fault(at, key, "there is no such field; want %s", keysOf(fields))
		case values[key.Value] != nil:
			r.fault(at, key, "is there already, on line %d", lines[key.Value])
		default:
			values[key.Value], lines[key.Value] = v, key.Line
			r.keys[at] = key
		}
	}
	return values
}

func (r *Reader) field(path string, n *yaml.Node, f *Field) {
	switch {
	case f.Leaf != nil:
		f.Leaf.Read(Value{r, path, n})
	case f.Items != nil:
		r.items(path, n, f.Items)
	default:
		r.mapping(path, n, r.keys[path], f.Fields)
	}
}

func (r *Reader) items(path string, n *yaml.Node, it *Items) {
	v := Value{r, path, n}
	list, ok := v.List(fmt.Sprintf("a list of %ss", it.What), it.Most)
	if ok && len(list) < it.Least {
		v.Fault("want at least %s", Plural(int64(it.Least), it.What))
	}
	for _, item := range list {
		r.mapping(item.path, item.node, item.node, it.Add())
	}
}

func keysOf(fields []Field) string {
	keys := make([]string, len(fields))
	for i := range fields {
		keys[i] = fields[i].Key
	}
	return strings.Join(keys, ", ")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
