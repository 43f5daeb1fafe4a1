package vectors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Case is a published case.
type Case struct {
	ID     string // unique in its file
	Method string
	Source string // who published it, if the file says so
	fields *object
}

// Read reads a file of cases. What is inside of a case is looked at by Check, except that it has an id and a method.
func Read(r io.Reader) ([]Case, error) {
	var file struct {
		Vectors []map[string]json.RawMessage `json:"vectors"`
	}
	decoder := json.NewDecoder(r)
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf(`want {"vectors": [...]}: %w`, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New(`want {"vectors": [...]} and nothing after it`)
	}
	if len(file.Vectors) == 0 {
		return nil, errors.New(`want {"vectors": [...]}: there is no case in it`)
	}
	cases := make([]Case, len(file.Vectors))
	known := map[string]bool{}
	for i, fields := range file.Vectors {
		o := &object{fields: fields, fault: new(error)}
		c := Case{ID: o.text("id"), Method: o.text("method"), fields: o}
		if *o.fault != nil {
			return nil, fmt.Errorf("case %d of the file: %w", i+1, *o.fault)
		}
		if known[c.ID] {
			return nil, fmt.Errorf("case %d of the file: id: there are two of %s", i+1, c.ID)
		}
		known[c.ID] = true
		if o.has("source") {
			c.Source = o.text("source")
		}
		cases[i] = c
	}
	return cases, nil
}

// object reads the fields of a JSON object. The first fault is kept, and shared with the objects inside; what is read after
// it is of no use.
type object struct {
	path   string // before the names of its fields
	fields map[string]json.RawMessage
	fault  *error
}

func (o *object) fail(name, format string, args ...any) {
	if *o.fault == nil {
		*o.fault = fmt.Errorf("%s%s: %s", o.path, name, fmt.Sprintf(format, args...))
	}
}

// has is whether a field is there and not null.
func (o *object) has(name string) bool {
	raw, ok := o.fields[name]
	return ok && !isNull(raw)
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }

func (o *object) text(name string) (s string) {
	if !o.has(name) {
		o.fail(name, "is missing")
	} else if json.Unmarshal(o.fields[name], &s) != nil || s == "" {
		o.fail(name, "want a text, have %s", short(o.fields[name]))
	}
	return s
}

// number is a decimal of no more digits than package rate takes.
func (o *object) number(name string) *apd.Decimal {
	if !o.has(name) {
		o.fail(name, "is missing")
		return new(apd.Decimal)
	}
	d, err := parseNumber(o.fields[name])
	if err != nil {
		o.fail(name, "%v", err)
	}
	return d
}

// parseNumber reads a number, or one in quotes, without making a float of it.
func parseNumber(raw json.RawMessage) (*apd.Decimal, error) {
	text := string(bytes.TrimSpace(raw))
	if s, err := strconv.Unquote(text); err == nil {
		text = s
	}
	return parseDecimal(text)
}

func parseDecimal(text string) (*apd.Decimal, error) {
	d, _, err := apd.NewFromString(text)
	switch {
	case err != nil || d.Form != apd.Finite:
		return new(apd.Decimal), fmt.Errorf("want a number, have %s", short([]byte(text)))
	case d.IsZero():
		return new(apd.Decimal), nil
	case d.Exponent < -30 || d.NumDigits()+int64(d.Exponent) > 30:
		return new(apd.Decimal), fmt.Errorf("%s has more than 30 digits before the point or after", short([]byte(text)))
	}
	return d, nil
}

// within is a number from low to high.
func (o *object) within(name string, low, high int64) *apd.Decimal {
	d := o.number(name)
	if d.Cmp(apd.New(low, 0)) < 0 || d.Cmp(apd.New(high, 0)) > 0 {
		o.fail(name, "%s is not within %d and %d", d.Text('f'), low, high)
	}
	return d
}

// count is a whole number from low to high.
func (o *object) count(name string, low, high int64) int {
	d := o.within(name, low, high)
	n, err := d.Int64()
	if err != nil {
		o.fail(name, "want a whole number, have %s", d.Text('f'))
	}
	return int(n)
}

// object is the object in a field.
func (o *object) object(name string) *object {
	inner := &object{path: o.path + name + ".", fault: o.fault}
	if !o.has(name) {
		o.fail(name, "is missing")
	} else if json.Unmarshal(o.fields[name], &inner.fields) != nil {
		o.fail(name, "want an object, have %s", short(o.fields[name]))
	}
	return inner
}

// objects are the objects of a list.
func (o *object) objects(name string) (list []*object) {
	for i, raw := range o.list(name) {
		inner := &object{path: fmt.Sprintf("%s%s[%d].", o.path, name, i), fault: o.fault}
		if json.Unmarshal(raw, &inner.fields) != nil || isNull(raw) {
			o.fail(fmt.Sprintf("%s[%d]", name, i), "want an object, have %s", short(raw))
		}
		list = append(list, inner)
	}
	return list
}

// numbers are the numbers of a list.
func (o *object) numbers(name string) (list []*apd.Decimal) {
	for i, raw := range o.list(name) {
		d, err := parseNumber(raw)
		if err != nil {
			o.fail(fmt.Sprintf("%s[%d]", name, i), "%v", err)
		}
		list = append(list, d)
	}
	return list
}

// maxLength bounds a list: a case of a hundred years of weeks has room.
const maxLength = 10000

func (o *object) list(name string) (list []json.RawMessage) {
	switch {
	case !o.has(name):
		o.fail(name, "is missing")
	case json.Unmarshal(o.fields[name], &list) != nil:
		o.fail(name, "want a list, have %s", short(o.fields[name]))
	case len(list) > maxLength:
		o.fail(name, "a list of %d is longer than %d", len(list), maxLength)
		return nil
	}
	return list
}

// short is JSON as it is shown in a message.
func short(raw []byte) string {
	s := strings.Join(strings.Fields(string(raw)), " ")
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}
