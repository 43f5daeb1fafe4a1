package table

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// Limits bound a file. The zero value of each is its default.
type Limits struct {
	Bytes      int64 // of the file
	Rows       int
	Columns    int
	Categories int // of one column; more of them are no categories but names
	Field      int // bytes of a field
}

// DefaultLimits are for files that one machine trains on within minutes.
var DefaultLimits = Limits{Bytes: 1 << 30, Rows: 5_000_000, Columns: 2_000, Categories: 1_000, Field: 4_096}

func (l Limits) orDefaults() Limits {
	l.Bytes = cmp.Or(l.Bytes, DefaultLimits.Bytes)
	l.Rows = cmp.Or(l.Rows, DefaultLimits.Rows)
	l.Columns = cmp.Or(l.Columns, DefaultLimits.Columns)
	l.Categories = cmp.Or(l.Categories, DefaultLimits.Categories)
	l.Field = cmp.Or(l.Field, DefaultLimits.Field)
	return l
}

// Want is a column to be read.
type Want struct {
	Column  string
	Kind    scorecard.Kind // KindFlag is read as a category
	Missing []string       // texts that mean that a value is missing
	Names   bool           // categories are names, of which there may be as many as rows
	IfThere bool           // the file may do without: then the table has no such column
}

// Table is what was read.
type Table struct {
	Rows    int
	Lines   []int    // of each row, from 1, the header being on the first
	Columns []Column // as they were wanted
}

// Column is one column of a table.
type Column struct {
	Name    string
	Kind    scorecard.Kind
	Numbers []float64 // NaN where the value is missing
	Codes   []int32   // of categories: indices of Names, -1 where the value is missing
	Names   []string
}

// Column is the column of a name, or nil.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Value is that of a row.
func (c *Column) Value(row int) scorecard.Value {
	if c.Kind == scorecard.KindNumber {
		return scorecard.Number(c.Numbers[row])
	}
	if code := c.Codes[row]; code >= 0 {
		return scorecard.Category(c.Names[code])
	}
	return scorecard.Missing
}

// Missing says whether the value of a row is missing.
func (c *Column) Missing(row int) bool {
	if c.Kind == scorecard.KindNumber {
		return math.IsNaN(c.Numbers[row])
	}
	return c.Codes[row] < 0
}

// Select is the table of some of the rows.
func (t *Table) Select(rows []int) *Table {
	s := &Table{Rows: len(rows), Lines: pick(t.Lines, rows), Columns: slices.Clone(t.Columns)}
	for i := range s.Columns {
		c := &s.Columns[i]
		c.Numbers, c.Codes = pick(c.Numbers, rows), pick(c.Codes, rows)
	}
	return s
}

func pick[T any](list []T, rows []int) []T {
	if list == nil {
		return nil
	}
	picked := make([]T, len(rows))
	for i, row := range rows {
		picked[i] = list[row]
	}
	return picked
}

// Fault is what is wrong with a file, somewhere.
type Fault struct {
	Line   int    // from 1; 0 when it is the file
	Column string // by the header's name, or its number, from 1; "" when it is the line
	Text   string
}

func (f Fault) String() string {
	switch {
	case f.Line == 0:
		return f.Text
	case f.Column == "":
		return fmt.Sprintf("line %d: %s", f.Line, f.Text)
	default:
		return fmt.Sprintf("line %d, column %s: %s", f.Line, f.Column, f.Text)
	}
}

// FaultsMost is how many faults are told. A file that is wrong is often wrong on every line.
const FaultsMost = 20

// Faults are what is wrong with a file.
type Faults struct {
	List []Fault
	More bool // there may be more
}

func (f *Faults) Error() string {
	lines := make([]string, len(f.List), len(f.List)+1)
	for i := range f.List {
		lines[i] = f.List[i].String()
	}
	if f.More {
		lines = append(lines, "and perhaps more")
	}
	return strings.Join(lines, "\n")
}
