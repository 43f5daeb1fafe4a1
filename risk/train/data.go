package train

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
	"github.com/holdfast-credit/holdfast/risk/table"
)

// Data is a table as a spec sees it.
type Data struct {
	Bad      []bool
	Test     []bool         // which rows test; none do without a split
	Features []table.Column // of the spec, in its order
	Lines    []int          // of the file
	Groups   []table.Column // protected columns of the spec that the file has: to see how the score treats them, and never to make it
}

// Rows is how many there are.
func (d *Data) Rows() int { return len(d.Bad) }

// Wants are the columns that the spec reads.
func (s *Spec) Wants() []table.Want {
	wants := []table.Want{{Column: s.Label.Column, Kind: scorecard.KindCategory}}
	if s.Split != nil && s.Split.Column != s.Label.Column {
		wants = append(wants, table.Want{Column: s.Split.Column, Kind: scorecard.KindCategory, Names: true})
	}
	for i := range s.Features {
		f := &s.Features[i]
		if f.Is == "" && !slices.ContainsFunc(wants[1:], func(w table.Want) bool { return w.Column == f.Column && w.Kind == f.kind() && !w.Names }) {
			wants = append(wants, table.Want{Column: f.Column, Kind: f.kind(), Missing: s.Missing})
		}
	}
	for _, column := range s.Protected {
		wants = append(wants, table.Want{Column: column, Kind: scorecard.KindCategory, Missing: s.Missing, Names: true, IfThere: true})
	}
	return wants
}

// Data makes the data of a table that was read by Wants. The error is *table.Faults.
func (s *Spec) Data(t *table.Table) (*Data, error) {
	d := &Data{Bad: make([]bool, t.Rows), Test: make([]bool, t.Rows), Lines: t.Lines}
	var faults table.Faults
	s.outcomes(d, &t.Columns[0], &faults)
	if s.Split != nil {
		s.split(d, t.Column(s.Split.Column))
	}
	for i := range s.Features {
		f := &s.Features[i]
		var c table.Column
		if f.Is == "" {
			c = *columnOf(t, f)
			c.Name = f.Name
			check(f, &c, t.Lines, &faults)
		} else {
			c = table.Column{Name: f.Name, Kind: scorecard.KindNumber, Numbers: derive(f, d.numbers(f.Of))}
		}
		d.Features = append(d.Features, c)
	}
	if len(faults.List) > 0 {
		return nil, &faults
	}
	for _, name := range s.Protected {
		last := -1 // an input may be of the same column
		for i := range t.Columns {
			if t.Columns[i].Name == name {
				last = i
			}
		}
		if last >= 0 {
			d.Groups = append(d.Groups, group(&t.Columns[last]))
		}
	}
	return d, nil
}

// columnOf is that of a feature, which may share its column with the label or the split, or be read as two kinds.
func columnOf(t *table.Table, f *Feature) *table.Column {
	for i := range t.Columns[1:] {
		if c := &t.Columns[i+1]; c.Name == f.Column && c.Kind == f.kind() {
			return c
		}
	}
	panic("train: the table was not read as the spec wants it: there is no " + f.Column)
}

func (d *Data) numbers(names []string) (columns [][]float64) {
	for _, name := range names {
		i := slices.IndexFunc(d.Features, func(c table.Column) bool { return c.Name == name })
		columns = append(columns, d.Features[i].Numbers)
	}
	return columns
}

// outcomes reads the label.
func (s *Spec) outcomes(d *Data, label *table.Column, faults *table.Faults) {
	bad := make([]bool, len(label.Names))
	known := make([]bool, len(label.Names))
	for i, name := range label.Names {
		bad[i] = slices.Contains(s.Label.Bad, name)
		known[i] = bad[i] || slices.Contains(s.Label.Good, name)
	}
	for row, code := range label.Codes {
		d.Bad[row] = bad[code]
		if !known[code] {
			add(faults, table.Fault{Line: d.Lines[row], Column: label.Name, Text: fmt.Sprintf("%q is neither good nor bad", label.Names[code])})
		}
	}
}

func add(faults *table.Faults, f table.Fault) {
	if len(faults.List) == table.FaultsMost {
		faults.More = true
		return
	}
	faults.List = append(faults.List, f)
}

// split says which rows test.
func (s *Spec) split(d *Data, ids *table.Column) {
	for row, code := range ids.Codes {
		d.Test[row] = s.Split.tests(ids.Names[code])
	}
}

// tests says whether the row of an id does.
func (s *Split) tests(id string) bool {
	sum := sha256.Sum256([]byte(s.Prefix + id))
	return int(binary.BigEndian.Uint32(sum[:4])%10) >= s.TestFrom
}

// check holds a column to what the spec says of it.
func check(f *Feature, c *table.Column, lines []int, faults *table.Faults) {
	for row := range lines {
		if text := f.wrong(c, row); text != "" {
			add(faults, table.Fault{Line: lines[row], Column: f.Column, Text: text})
		}
	}
}

// wrong says what is wrong with a value, or "".
func (f *Feature) wrong(c *table.Column, row int) string {
	v := c.Value(row)
	x, numeric := v.Number()
	switch {
	case v.IsMissing() && f.Missing == "required":
		return fmt.Sprintf("is missing, and %s is required", f.Name)
	case v.IsMissing():
	case f.Kind == "whole" && x != math.Trunc(x):
		return fmt.Sprintf("is %s, and %s is a whole number", v, f.Name)
	case numeric && f.Least != nil && x < *f.Least:
		return fmt.Sprintf("is %s, less than the %v that %s can be", v, *f.Least, f.Name)
	case numeric && f.Most != nil && x > *f.Most:
		return fmt.Sprintf("is %s, more than the %v that %s can be", v, *f.Most, f.Name)
	case f.Kind == "flag" && v != scorecard.Flag(true) && v != scorecard.Flag(false):
		return fmt.Sprintf("is %q: want true or false", v)
	}
	return ""
}

// Select is some of the rows.
func (d *Data) Select(rows []int) *Data {
	t := table.Table{Columns: slices.Concat(d.Features, d.Groups), Lines: d.Lines}
	s := t.Select(rows)
	features, groups := s.Columns[:len(d.Features)], s.Columns[len(d.Features):]
	some := &Data{Bad: make([]bool, len(rows)), Test: make([]bool, len(rows)), Features: features, Groups: groups, Lines: s.Lines}
	for i, row := range rows {
		some.Bad[i], some.Test[i] = d.Bad[row], d.Test[row]
	}
	return some
}

// Training are the rows that train, and Testing those that test.
func (d *Data) Training() *Data { return d.Select(d.which(false)) }

// Testing are the rows that test.
func (d *Data) Testing() *Data { return d.Select(d.which(true)) }

func (d *Data) which(test bool) (rows []int) {
	for row := range d.Test {
		if d.Test[row] == test {
			rows = append(rows, row)
		}
	}
	return rows
}

// Values are the features of a row, as a scorecard reads them.
func (d *Data) Values(row int, into map[string]scorecard.Value) map[string]scorecard.Value {
	if into == nil {
		into = make(map[string]scorecard.Value, len(d.Features))
	}
	for i := range d.Features {
		into[d.Features[i].Name] = d.Features[i].Value(row)
	}
	return into
}
