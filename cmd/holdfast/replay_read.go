package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// order is one row as the map reads it.
type order struct {
	line     int // of the file
	id       string
	consumer string // token
	phone    string // token
	carrier  string
	scene    holdfastv1.Scene
	amount   int64 // minor units
	at       time.Time
	outcome  outcome
	after    time.Duration // after which the outcome is told; not for expire

	payments  []payment // as the file has them, by time
	due       time.Time // as the file has it; zero when it has none
	defaulted bool      // as the file has it
}

// payment is what was paid of an order.
type payment struct {
	at     time.Time
	amount int64 // 0 when the file does not say: what is left of the order
}

// orderFile is what was read of a file.
type orderFile struct {
	orders   []order        // by time
	rows     int            // without the header
	repeated int            // rows of an order that an earlier row had
	leftOut  map[string]int // by category
	bad      []error        // rows that were skipped, when lenient
}

// badRow is what is wrong with a row.
type badRow struct {
	file   string
	line   int
	column string
	why    string
}

// Error is where and what, as editors like it.
func (e *badRow) Error() string {
	return fmt.Sprintf("%s:%d: column %s: %s", e.file, e.line, e.column, e.why)
}

// badRowsMax is how many bad rows are told before reading stops.
const badRowsMax = 20

// orderReader reads a file by a map.
type orderReader struct {
	*orderMap
	key     client.TokenKey
	file    string         // name for errors
	csv     *csv.Reader    // nil between files
	columns map[string]int // place of each column the map names
}

// read reads all rows. Unless lenient, bad rows are errors; at most badRowsMax are told.
func (r *orderReader) read(path string, lenient bool) (*orderFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was read
	r.file = filepath.Base(path)
	return r.readFrom(f, lenient)
}

func (r *orderReader) readFrom(in io.Reader, lenient bool) (*orderFile, error) {
	r.csv = csv.NewReader(in)
	r.csv.ReuseRecord = true
	if err := r.readHeader(); err != nil {
		return nil, err
	}
	read := &orderFile{leftOut: map[string]int{}}
	seen := map[string]int{} // place of each order
	for {
		row, err := r.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		read.rows++
		var o order
		if err == nil {
			if category := row[r.columns[r.Columns.Category]]; slices.Contains(r.LeftOut, category) {
				read.leftOut[category]++
				continue
			}
			o, err = r.order(row)
		} else if errors.Is(err, csv.ErrFieldCount) {
			err = fmt.Errorf("%s:%d: has %d fields, the header has %d", r.file, r.line(), len(row), r.csv.FieldsPerRecord)
		} else {
			return nil, fmt.Errorf("%s: %w", r.file, err) // not CSV from here on
		}
		if first, again := seen[o.id]; again && err == nil {
			if r.RepeatedOrders == "first" {
				read.repeated++
				read.orders[first].payments = append(read.orders[first].payments, o.payments...)
				continue
			}
			err = r.bad(r.Columns.Order, fmt.Sprintf("order %s is on line %d already", o.id, read.orders[first].line))
		}
		if err != nil {
			read.bad = append(read.bad, err)
			if !lenient && len(read.bad) == badRowsMax {
				break
			}
			continue
		}
		seen[o.id] = len(read.orders)
		read.orders = append(read.orders, o)
	}
	if len(read.bad) > 0 && !lenient {
		return nil, fmt.Errorf("%w\n%s; --lenient skips them", errors.Join(read.bad...), badCount(len(read.bad)))
	}
	if len(read.orders) == 0 {
		return nil, fmt.Errorf("%s has no orders", r.file)
	}
	slices.SortStableFunc(read.orders, func(a, b order) int { return a.at.Compare(b.at) })
	for i := range read.orders {
		slices.SortStableFunc(read.orders[i].payments, func(a, b payment) int { return a.at.Compare(b.at) })
	}
	return read, nil
}

func badCount(n int) string {
	switch {
	case n == 1:
		return "one bad row"
	case n == badRowsMax:
		return fmt.Sprintf("%d bad rows, and perhaps more", n)
	}
	return fmt.Sprintf("%d bad rows", n)
}

func (r *orderReader) readHeader() error {
	header, err := r.csv.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s is empty", r.file)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r.file, err)
	}
	header = slices.Clone(header)
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // as spreadsheets begin their files
	r.columns = map[string]int{}
	var missing []string
	for _, name := range r.named() {
		i := slices.Index(header, name)
		if i < 0 {
			missing = append(missing, name)
		}
		r.columns[name] = i
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s has no column %s, which the map names; it has: %s",
			r.file, strings.Join(missing, ", "), strings.Join(header, ", "))
	}
	return nil
}

// line is where the row begins that was read last.
func (r *orderReader) line() int {
	line, _ := r.csv.FieldPos(0)
	return line
}

func (r *orderReader) bad(column, why string) error {
	line, _ := r.csv.FieldPos(r.columns[column])
	return &badRow{r.file, line, column, why}
}

// field is a column's text, and whether it says anything.
func (r *orderReader) field(row []string, column string) (string, bool) {
	text := strings.TrimSpace(row[r.columns[column]])
	return text, text != "" && !slices.Contains(r.Missing, text)
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)

// order reads a row.
func (r *orderReader) order(row []string) (order, error) {
	o := order{line: r.line()}
	c := r.Columns
	text := map[string]string{}
	for _, column := range []string{c.Order, c.Consumer, c.Time, c.Amount, c.Category, c.Carrier} {
		value, ok := r.field(row, column)
		if !ok {
			return o, r.bad(column, "is missing")
		}
		text[column] = value
	}
	if o.id = text[c.Order]; !idForm.MatchString(o.id) {
		return o, r.bad(c.Order, fmt.Sprintf("%q is no id: want 1 to 64 characters of A-Z a-z 0-9 . _ : -", o.id))
	}
	o.carrier = text[c.Carrier]
	if renamed, ok := r.Carriers[o.carrier]; ok {
		o.carrier = renamed
	}
	if !idForm.MatchString(o.carrier) {
		return o, r.bad(c.Carrier, fmt.Sprintf("%q is no id; the map's carriers can rename it", o.carrier))
	}
	var known bool
	if o.scene, known = r.scenes[text[c.Category]]; !known {
		return o, r.bad(c.Category, fmt.Sprintf("the map says nothing of %q: name it in scenes or in left_out", text[c.Category]))
	}
	if c.Currency != "" {
		if code, _ := r.field(row, c.Currency); code != r.Currency {
			return o, r.bad(c.Currency, fmt.Sprintf("%q is not the map's %s", code, r.Currency))
		}
	}
	var err error
	if o.amount, err = parseAmount(text[c.Amount], r.MinorDigits); err != nil {
		return o, r.bad(c.Amount, err.Error())
	}
	if o.amount == 0 {
		return o, r.bad(c.Amount, "is zero")
	}
	if o.at, err = r.time(text[c.Time]); err != nil {
		return o, r.bad(c.Time, err.Error())
	}
	if o.consumer, err = r.key.Consumer(text[c.Consumer]); err != nil {
		return o, r.bad(c.Consumer, err.Error())
	}
	if o.phone, err = r.phone(row, text[c.Consumer]); err != nil {
		return o, r.bad(c.Phone, err.Error())
	}
	if err = r.repaid(&o, row); err != nil {
		return o, err
	}
	r.settle(&o, row)
	return o, nil
}

// repaid reads what the row says of repayment, if the map names columns for it.
func (r *orderReader) repaid(o *order, row []string) (err error) {
	c := r.Columns
	if c.Due != "" {
		if text, ok := r.field(row, c.Due); ok {
			if o.due, err = r.time(text); err != nil {
				return r.bad(c.Due, err.Error())
			}
		}
	}
	o.defaulted = len(r.Defaulted) > 0 && r.fits(r.Defaulted, row)
	if c.PaidOn == "" {
		return nil
	}
	text, ok := r.field(row, c.PaidOn)
	if !ok {
		return nil
	}
	var p payment
	if p.at, err = r.time(text); err != nil {
		return r.bad(c.PaidOn, err.Error())
	}
	if c.Paid != "" {
		if text, ok = r.field(row, c.Paid); !ok {
			return r.bad(c.Paid, "is missing")
		}
		if p.amount, err = parseAmount(text, r.MinorDigits); err != nil {
			return r.bad(c.Paid, err.Error())
		}
		if p.amount == 0 {
			return r.bad(c.Paid, "is zero")
		}
	}
	o.payments = append(o.payments, p)
	return nil
}

// fits says whether a row has all these values.
func (r *orderReader) fits(when map[string]string, row []string) bool {
	for column, want := range when {
		if strings.TrimSpace(row[r.columns[column]]) != want {
			return false
		}
	}
	return true
}

func (r *orderReader) time(text string) (time.Time, error) {
	for _, format := range r.Time.Formats {
		if t, err := time.ParseInLocation(format, text, r.zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time of the map's formats: %s", text, strings.Join(r.Time.Formats, "  "))
}

// phone is the token of the row's phone. Without one the consumer's own phone is paid for.
func (r *orderReader) phone(row []string, consumer string) (string, error) {
	if r.Columns.Phone != "" {
		if text, ok := r.field(row, r.Columns.Phone); ok {
			if r.PhoneIs == "id" {
				return r.key.Consumer("phone " + text)
			}
			return r.key.Phone(text)
		}
	}
	return r.key.Consumer("phone of " + consumer)
}

// settle finds the rule that fits.
func (r *orderReader) settle(o *order, row []string) {
	for _, rule := range r.Outcomes {
		if r.fits(rule.When, row) {
			o.outcome, o.after = rule.Then, rule.After
			return
		}
	}
}
