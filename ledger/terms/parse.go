package terms

import (
	"bytes"
	"cmp"
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

// MaxSize is how many bytes a document may have.
const MaxSize = 64 << 10

// Parse reads a document. The error is *Faults, with everything that is wrong with it.
func Parse(data []byte) (*Terms, error) { return parse(data, false) }

// Reread is Parse for a document that Parse has accepted before. It takes for granted that the offers are within the annual
// cap, which takes nearly all of Parse's time to reckon.
func Reread(data []byte) (*Terms, error) { return parse(data, true) }

func parse(data []byte, accepted bool) (*Terms, error) {
	r := &reader{at: map[string]*yaml.Node{}, keys: map[string]*yaml.Node{}}
	t := &Terms{}
	if root := r.document(data); root != nil {
		r.mapping("", root, root, schema(t))
		(&rules{r, t, accepted}).check()
	}
	if len(r.faults) > 0 {
		faults := &Faults{r.faults}
		faults.sort()
		return nil, faults
	}
	slices.SortFunc(t.Installments.Offers, func(a, b Offer) int {
		return cmp.Or(cmp.Compare(a.Months, b.Months), cmp.Compare(a.Method, b.Method))
	})
	return t, nil
}

// reader reads one document and collects its faults.
type reader struct {
	faults []Fault
	at     map[string]*yaml.Node // values by path, of fields that are there
	keys   map[string]*yaml.Node // their keys
}

// fault is a fault of the field at a path, shown at a node.
func (r *reader) fault(path string, n *yaml.Node, format string, args ...any) {
	r.faults = append(r.faults, Fault{Line: n.Line, Column: n.Column, Path: path, Detail: fmt.Sprintf(format, args...)})
}

// good says whether fields are there and have no fault.
func (r *reader) good(paths ...string) bool {
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

// forget makes a field one that is not good, without a fault of its own.
func (r *reader) forget(path string) { delete(r.at, path) }

// yamlLine is how the YAML package says where.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// document is the only document of the data, or nil after a fault.
func (r *reader) document(data []byte) *yaml.Node {
	refuse := func(line, column int, detail string) *yaml.Node {
		r.fault("", &yaml.Node{Line: line, Column: column}, "%s", detail)
		return nil
	}
	if len(data) > MaxSize {
		return refuse(1, 1, fmt.Sprintf("the document has %d bytes, more than %d", len(data), MaxSize))
	}
	if line, column, ok := badText(data); ok {
		return refuse(line, column, "the document is not UTF-8 text")
	}
	var first, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(&first)
	if errors.Is(err, io.EOF) || err == nil && (len(first.Content) == 0 || first.Content[0].ShortTag() == "!!null") {
		return refuse(1, 1, "the document is empty; holdfast terms print writes one to begin with")
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

// mapping reads the fields of a mapping; what is missing is shown at a node.
func (r *reader) mapping(path string, n, shown *yaml.Node, fields []field) {
	if n.Kind != yaml.MappingNode || n.Style&yaml.TaggedStyle != 0 || n.Anchor != "" {
		r.fault(path, n, "want the fields %s, have %s", keysOf(fields), kindOf(n))
		return
	}
	values := r.pairs(path, n, fields)
	for i := range fields {
		f := &fields[i]
		at := join(path, f.key)
		found, there := values[f.key]
		if there {
			r.at[at] = found
		}
		switch belonging := f.belongs(); {
		case there && belonging == doesNot:
			r.fault(at, r.keys[at], "does not belong here: %s", f.about)
		case there:
			r.field(at, found, f)
		case belonging == belongs && f.absent != nil:
			f.absent()
		case belonging == belongs && f.leaf != nil:
			r.fault(at, shown, "is missing: want %s", f.leaf.form)
		case belonging == belongs && f.items != nil:
			r.fault(at, shown, "is missing: want a list of %ss", f.items.what)
		case belonging == belongs:
			r.fault(at, shown, "is missing: want the fields %s", keysOf(f.fields))
		}
	}
}

// pairs are the values of a mapping by their keys. Keys that are no fields, and those that are there twice, are faults.
func (r *reader) pairs(path string, n *yaml.Node, fields []field) map[string]*yaml.Node {
	values, lines := map[string]*yaml.Node{}, map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := n.Content[i], n.Content[i+1]
		known := slices.ContainsFunc(fields, func(f field) bool { return f.key == key.Value })
		at := join(path, clip(key.Value))
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

func (r *reader) field(path string, n *yaml.Node, f *field) {
	switch {
	case f.leaf != nil:
		f.leaf.read(value{r, path, n})
	case f.items != nil:
		r.items(path, n, f.items)
	default:
		r.mapping(path, n, r.keys[path], f.fields)
	}
}

func (r *reader) items(path string, n *yaml.Node, it *items) {
	v := value{r, path, n}
	list, ok := v.list(fmt.Sprintf("a list of %ss", it.what), it.most)
	if ok && len(list) < it.least {
		v.fault("want at least %s", plural(int64(it.least), it.what))
	}
	for _, item := range list {
		r.at[item.path] = item.node
		r.mapping(item.path, item.node, item.node, it.add())
	}
}

func keysOf(fields []field) string {
	keys := make([]string, len(fields))
	for i := range fields {
		keys[i] = fields[i].key
	}
	return strings.Join(keys, ", ")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
