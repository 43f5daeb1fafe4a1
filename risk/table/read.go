package table

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// Read reads a CSV whose first line is a header. The error is *Faults, or what the reader said.
func Read(r io.Reader, want []Want, limits Limits) (*Table, error) {
	limits = limits.orDefaults()
	counted := &counter{r: r, left: limits.Bytes}
	f := &file{limits: limits, want: want, csv: csv.NewReader(counted), table: &Table{}}
	f.csv.FieldsPerRecord = -1 // told with words of our own
	f.csv.ReuseRecord = true
	err := f.read()
	switch {
	case counted.over:
		return nil, &Faults{List: []Fault{{Text: fmt.Sprintf("the file has more than %d bytes", limits.Bytes)}}}
	case err != nil:
		return nil, err
	case len(f.faults.List) > 0:
		return nil, &f.faults
	}
	return f.table, nil
}

// counter ends a file that is too large.
type counter struct {
	r    io.Reader
	left int64
	over bool
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		c.over = true
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// file is a CSV while it is read.
type file struct {
	limits Limits
	want   []Want
	csv    *csv.Reader
	table  *Table
	faults Faults

	header []string
	at     []int              // the fields of the wanted columns
	codes  []map[string]int32 // of each wanted category
}

// errEnough ends the reading when so much is wrong that more would not help.
var errEnough = errors.New("enough")

func (f *file) fault(line int, column, format string, args ...any) error {
	f.faults.List = append(f.faults.List, Fault{line, column, fmt.Sprintf(format, args...)})
	if len(f.faults.List) < FaultsMost {
		return nil
	}
	f.faults.More = true
	return errEnough
}

// stop adds a fault after which nothing more is read.
func (f *file) stop(line int, column, format string, args ...any) error {
	_ = f.fault(line, column, format, args...)
	f.faults.More = true
	return errEnough
}

func (f *file) read() error {
	err := f.head()
	if len(f.faults.List) > 0 {
		return nil // a wrong header makes the rest wrong
	}
	for err == nil {
		err = f.row()
	}
	if !errors.Is(err, errEnough) && !errors.Is(err, io.EOF) {
		return f.broken(err)
	}
	if f.table.Rows == 0 && len(f.faults.List) == 0 {
		_ = f.fault(0, "", "the file has a header and no rows")
	}
	return nil
}

// broken is a line that is no CSV, or a reader that failed.
func (f *file) broken(err error) error {
	var parse *csv.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	_ = f.stop(parse.Line, "", "is no CSV at byte %d: %v", parse.Column, parse.Err)
	return nil
}

func (f *file) head() error {
	record, err := f.csv.Read()
	if errors.Is(err, io.EOF) {
		return f.fault(0, "", "the file is empty")
	}
	if err != nil {
		return err
	}
	if len(record) > f.limits.Columns {
		return f.fault(1, "", "there are %d columns, more than %d", len(record), f.limits.Columns)
	}
	f.header = slices.Clone(record)
	f.header[0] = strings.TrimPrefix(f.header[0], "\ufeff") // as spreadsheets write it
	seen := map[string]int{}
	for i, name := range f.header {
		number := strconv.Itoa(i + 1)
		switch before, twice := seen[name]; {
		case name == "":
			err = f.fault(1, number, "has no name")
		case !utf8.ValidString(name):
			err = f.fault(1, number, "is not UTF-8 text")
		case twice:
			err = f.fault(1, number, "is named %q, and so is column %d", name, before)
		default:
			seen[name] = i + 1
		}
		if err != nil {
			return err
		}
	}
	return f.find(seen)
}

// find finds the wanted columns.
func (f *file) find(seen map[string]int) error {
	f.want = slices.DeleteFunc(slices.Clone(f.want), func(w Want) bool { return w.IfThere && seen[w.Column] == 0 })
	for _, w := range f.want {
		number, there := seen[w.Column]
		if !there {
			if err := f.fault(1, "", "there is no column %q; there are %s", w.Column, clipped(f.header)); err != nil {
				return err
			}
		}
		f.at = append(f.at, number-1)
		f.codes = append(f.codes, map[string]int32{})
		f.table.Columns = append(f.table.Columns, Column{Name: w.Column, Kind: w.Kind})
	}
	return nil
}

// clipped names some columns.
func clipped(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func (f *file) row() error {
	record, err := f.csv.Read()
	if err != nil {
		return err
	}
	line, _ := f.csv.FieldPos(0)
	if len(record) != len(f.header) {
		return f.fault(line, "", "has %d fields, and the header has %d", len(record), len(f.header))
	}
	if f.table.Rows == f.limits.Rows {
		return f.stop(line, "", "there are more than %d rows", f.limits.Rows)
	}
	f.table.Rows++
	f.table.Lines = append(f.table.Lines, line)
	for i := range f.want {
		if err := f.field(line, i, strings.TrimSpace(record[f.at[i]])); err != nil {
			return err
		}
	}
	return nil
}

// field takes one value into its column.
func (f *file) field(line, i int, text string) error {
	w, c := &f.want[i], &f.table.Columns[i]
	missing := slices.Contains(w.Missing, text)
	switch {
	case len(text) > f.limits.Field:
		return f.fault(line, w.Column, "has %d bytes, more than %d", len(text), f.limits.Field)
	case !utf8.ValidString(text):
		return f.fault(line, w.Column, "is not UTF-8 text")
	case w.Kind == scorecard.KindNumber && missing:
		c.Numbers = append(c.Numbers, math.NaN())
	case w.Kind == scorecard.KindNumber:
		x, err := number(text)
		if err != nil {
			return f.fault(line, w.Column, "%v", err)
		}
		c.Numbers = append(c.Numbers, x)
	case missing:
		c.Codes = append(c.Codes, -1)
	default:
		code, known := f.codes[i][text]
		if !known {
			if len(c.Names) == f.limits.Categories && !w.Names {
				return f.stop(line, w.Column, "has more than %d categories: is it a name, or a number?", f.limits.Categories)
			}
			code = int32(len(c.Names))
			f.codes[i][text] = code
			c.Names = append(c.Names, text)
		}
		c.Codes = append(c.Codes, code)
	}
	return nil
}

// number reads a decimal number. What a program may have written instead of one, such as NaN, has to be said to be missing.
func number(text string) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) || strings.ContainsAny(text, "xX_") {
		if len(text) > 40 {
			text = text[:40] + "..."
		}
		return 0, fmt.Errorf("%q is no number", text)
	}
	return x, nil
}
