package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// recordFile is a carrier's file, read by a map.
type recordFile struct {
	path     string
	m        *recordMap
	carrier  string
	currency string
	date     string
}

// mostFaults is how many bad rows are told of.
const mostFaults = 20

// check reads all of the file and answers with how many records it has; with all that is wrong with it, up to a limit.
func (f *recordFile) check(show func(done int64)) (n int64, err error) {
	var faults []error
	for _, err := range f.records() {
		var bad *badRecord
		switch {
		case err == nil:
			n++
			show(n)
			continue
		case !errors.As(err, &bad):
			return n, err
		}
		if faults = append(faults, err); len(faults) == mostFaults {
			faults = append(faults, errors.New("and so on"))
			break
		}
	}
	return n, errors.Join(faults...)
}

// badRecord is a row that cannot be read. What comes behind it may be.
type badRecord struct {
	path   string
	line   int
	column string
	err    error
}

func (b *badRecord) Error() string {
	return fmt.Sprintf("%s line %d: %s: %v", b.path, b.line, b.column, b.err)
}

func (b *badRecord) Unwrap() error { return b.err }

// records yields the file's records, and an error for each row that is none.
func (f *recordFile) records() iter.Seq2[*holdfastv1.CarrierRecord, error] {
	return func(yield func(*holdfastv1.CarrierRecord, error) bool) {
		file, err := os.Open(f.path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer file.Close()
		f.read(file, yield)
	}
}

// read yields what a reader has.
func (f *recordFile) read(from io.Reader, yield func(*holdfastv1.CarrierRecord, error) bool) {
	b := bufio.NewReaderSize(from, 1<<20)
	if mark, _ := b.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = b.Discard(3)
	}
	for range f.m.SkipLines {
		if _, err := b.ReadString('\n'); err != nil {
			yield(nil, fmt.Errorf("%s: it ends before the names of its columns", f.path))
			return
		}
	}
	rows := csv.NewReader(b)
	rows.Comma, rows.ReuseRecord, rows.FieldsPerRecord = f.m.separator, true, -1
	names, err := rows.Read()
	if err != nil {
		yield(nil, fmt.Errorf("%s: the names of its columns: %w", f.path, err))
		return
	}
	at, err := f.columns(names)
	if err != nil {
		yield(nil, fmt.Errorf("%s: %w", f.path, err))
		return
	}
	for {
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", f.path, err))
			return
		}
		line, _ := rows.FieldPos(0)
		r, column, err := f.record(&row{fields, at, f.m.Missing})
		if err != nil {
			err = &badRecord{f.path, line + f.m.SkipLines, column, err}
		} else if r == nil {
			continue
		}
		if !yield(r, err) {
			return
		}
	}
}

// columns finds the places of the columns that the map speaks of.
func (f *recordFile) columns(names []string) (map[string]int, error) {
	at := map[string]int{}
	c := &f.m.Columns
	wanted := []string{c.Order, c.Reference, c.Kind, c.Status, c.Amount, c.Fee, c.Time, c.Currency, c.Carrier, c.Date}
	for name := range f.m.Only {
		wanted = append(wanted, name)
	}
	for _, name := range wanted {
		if name == "" {
			continue
		}
		n := slices.IndexFunc(names, func(have string) bool { return strings.TrimSpace(have) == name })
		if n < 0 {
			return nil, fmt.Errorf("there is no column %q; there are %s", name, strings.Join(names, ", "))
		}
		at[name] = n
	}
	return at, nil
}

// row is a row of the file.
type row struct {
	fields  []string
	at      map[string]int
	missing []string
}

// get is a field; empty when it says nothing, or when there is no such column.
func (r *row) get(column string) string {
	n, ok := r.at[column]
	if !ok || n >= len(r.fields) {
		return ""
	}
	v := strings.TrimSpace(r.fields[n])
	if slices.Contains(r.missing, v) {
		return ""
	}
	return v
}

// record reads a row; nil for one that is to be left out. Of one that cannot be read it names the column.
func (f *recordFile) record(row *row) (r *holdfastv1.CarrierRecord, column string, err error) {
	c := &f.m.Columns
	if f.leftOut(row) {
		return nil, "", nil
	}
	r = &holdfastv1.CarrierRecord{
		OrderId: strings.Clone(row.get(c.Order)), CarrierReference: strings.Clone(row.get(c.Reference)), Kind: holdfastv1.RecordKind_RECORD_KIND_SALE,
		Status: holdfastv1.RecordStatus_RECORD_STATUS_DELIVERED,
	}
	if c.Kind != "" {
		word := row.get(c.Kind)
		if slices.Contains(f.m.LeftOut, word) {
			return nil, "", nil
		}
		var known bool
		if r.Kind, known = f.m.kinds[word]; !known {
			return nil, c.Kind, fmt.Errorf("the map does not say what %q means", word)
		}
	}
	if c.Status != "" {
		var known bool
		if word := row.get(c.Status); word != "" || len(f.m.statuses) > 0 {
			if r.Status, known = f.m.statuses[word]; !known {
				return nil, c.Status, fmt.Errorf("the map does not say what %q means", word)
			}
		}
	}
	if r.OrderId == "" && r.CarrierReference == "" {
		return nil, strings.Trim(c.Order+" "+c.Reference, " "), errors.New("there is neither an order nor a reference")
	}
	var negative bool
	if r.Amount, negative, err = signed(row.get(c.Amount), f.m.MinorDigits); err != nil {
		return nil, c.Amount, err
	}
	switch {
	case negative && c.Kind == "":
		r.Kind = holdfastv1.RecordKind_RECORD_KIND_REFUND
	case negative && r.Kind == holdfastv1.RecordKind_RECORD_KIND_SALE:
		return nil, c.Amount, errors.New("a sale below zero")
	}
	if v := row.get(c.Fee); v != "" {
		if r.Fee, _, err = signed(v, f.m.MinorDigits); err != nil {
			return nil, c.Fee, err
		}
	}
	if v := row.get(c.Time); v != "" {
		if r.Time, err = f.m.parseTime(v); err != nil {
			return nil, c.Time, err
		}
	}
	return r, "", nil
}

// leftOut says whether a row is of something else.
func (f *recordFile) leftOut(row *row) bool {
	for column, values := range f.m.Only {
		if !slices.Contains(values, row.get(column)) {
			return true
		}
	}
	c := &f.m.Columns
	for _, of := range []struct{ column, want string }{{c.Carrier, f.carrier}, {c.Currency, f.currency}, {c.Date, f.date}} {
		if v := row.get(of.column); v != "" && v != of.want {
			return true
		}
	}
	return false
}

// signed reads an amount with a sign, and perhaps with commas. The sign is not part of it: what a record is of says that.
func signed(text string, digits int) (v int64, negative bool, err error) {
	text, negative = strings.CutPrefix(strings.ReplaceAll(text, ",", ""), "-")
	v, err = parseAmount(strings.TrimPrefix(text, "+"), digits)
	return v, negative && v != 0, err
}

func (m *recordMap) parseTime(text string) (*timestamppb.Timestamp, error) {
	for _, format := range m.Time.Formats {
		if t, err := time.ParseInLocation(format, text, m.zone); err == nil {
			return timestamppb.New(t), nil
		}
	}
	return nil, fmt.Errorf("%q is no time as the map has it", text)
}
