package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// recordMap says how a carrier's CSV file of records is to be read. It is the YAML file as it is written; check has read what
// is written as words.
type recordMap struct {
	Columns struct {
		Order     string `yaml:"order"`     // of this and the next at least one
		Reference string `yaml:"reference"` //
		Kind      string `yaml:"kind"`      // optional, as all below but amount
		Status    string `yaml:"status"`
		Amount    string `yaml:"amount"`
		Fee       string `yaml:"fee"`
		Time      string `yaml:"time"`
		Currency  string `yaml:"currency"` // rows in another currency are left out
		Carrier   string `yaml:"carrier"`  // rows of another carrier are left out
		Date      string `yaml:"date"`     // rows of another business date are left out
	} `yaml:"columns"`
	Separator string `yaml:"separator"`  // comma if left out
	SkipLines int    `yaml:"skip_lines"` // before the line with the names of the columns

	Only map[string][]string `yaml:"only"` // rows that have anything else in these columns are left out

	Kinds       map[string]string `yaml:"kinds"`
	LeftOut     []string          `yaml:"left_out"`
	Statuses    map[string]string `yaml:"statuses"`
	MinorDigits int               `yaml:"minor_digits"`
	Time        struct {
		Formats []string `yaml:"formats"`
		Zone    string   `yaml:"zone"`
	} `yaml:"time"`
	Missing []string `yaml:"missing"`

	// What check makes of it.
	zone      *time.Location
	separator rune
	kinds     map[string]holdfastv1.RecordKind
	statuses  map[string]holdfastv1.RecordStatus
}

// loadRecordMap reads a map from a file, or a shipped one by its name.
func loadRecordMap(name string) (*recordMap, error) {
	text, err := readShipped(name, "maps/records", "map")
	if err != nil {
		return nil, err
	}
	m, err := parseRecordMap(text)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	return m, nil
}

func parseRecordMap(text []byte) (*recordMap, error) {
	m := &recordMap{}
	if err := decodeMap(text, m); err != nil {
		return nil, err
	}
	return m, m.check()
}

var (
	recordKinds = map[string]holdfastv1.RecordKind{
		"sale": holdfastv1.RecordKind_RECORD_KIND_SALE, "refund": holdfastv1.RecordKind_RECORD_KIND_REFUND, "reversal": holdfastv1.RecordKind_RECORD_KIND_REVERSAL,
	}
	recordStatuses = map[string]holdfastv1.RecordStatus{
		"delivered": holdfastv1.RecordStatus_RECORD_STATUS_DELIVERED, "failed": holdfastv1.RecordStatus_RECORD_STATUS_FAILED,
		"pending": holdfastv1.RecordStatus_RECORD_STATUS_PENDING,
	}
)

// check finds what is wrong with a map before any row is read, and all of it.
func (m *recordMap) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if m.Columns.Amount == "" {
		wrong("columns.amount is required")
	}
	if m.Columns.Order == "" && m.Columns.Reference == "" {
		wrong("columns.order or columns.reference is required")
	}
	if m.MinorDigits < 0 || m.MinorDigits > 6 {
		wrong("minor_digits: want 0 to 6, have %d", m.MinorDigits)
	}
	if m.SkipLines < 0 || m.SkipLines > 1_000 {
		wrong("skip_lines: want 0 to 1000, have %d", m.SkipLines)
	}
	m.separator = ','
	if m.Separator != "" {
		r, size := utf8.DecodeRuneInString(m.Separator)
		if m.separator = r; size != len(m.Separator) || slices.Contains([]rune{'"', '\r', '\n', utf8.RuneError}, r) {
			wrong("separator: want one character, have %q", m.Separator)
		}
	}
	if m.Columns.Time != "" {
		var err error
		if m.zone, err = time.LoadLocation(m.Time.Zone); err != nil || m.Time.Zone == "" {
			wrong("time.zone: want a zone such as Asia/Shanghai, have %q", m.Time.Zone)
		}
		if len(m.Time.Formats) == 0 {
			wrong("time.formats is required")
		}
	}
	m.kinds, errs = words(m.Columns.Kind, "kind", m.Kinds, recordKinds, "sale, refund or reversal", errs)
	m.statuses, errs = words(m.Columns.Status, "status", m.Statuses, recordStatuses, "delivered, failed or pending", errs)
	if len(m.LeftOut) > 0 && m.Columns.Kind == "" {
		wrong("left_out is of columns.kind, and there is none")
	}
	return errors.Join(errs...)
}

// words reads what the words of a column mean.
func words[T any](column, key string, have map[string]string, known map[string]T, want string, errs []error) (map[string]T, []error) {
	meaning := map[string]T{}
	for word, means := range have {
		v, ok := known[means]
		if !ok {
			errs = append(errs, fmt.Errorf("%s %q: want %s, have %q", key, word, want, means))
		}
		meaning[word] = v
	}
	switch {
	case column == "" && len(have) > 0:
		errs = append(errs, fmt.Errorf("there are words of %s, and columns.%s is missing", key, key))
	case column != "" && len(have) == 0:
		errs = append(errs, fmt.Errorf("columns.%s wants to be told what its words mean", key))
	}
	return meaning, errs
}
