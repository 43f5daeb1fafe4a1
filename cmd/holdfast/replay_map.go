package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// orderMap says how a CSV file of orders is to be read. It is the YAML file as it is written; check has read what is
// written as text.
type orderMap struct {
	Columns struct {
		Order    string `yaml:"order"`
		Consumer string `yaml:"consumer"`
		Phone    string `yaml:"phone"` // optional
		Time     string `yaml:"time"`
		Amount   string `yaml:"amount"`
		Category string `yaml:"category"`
		Carrier  string `yaml:"carrier"`
		Currency string `yaml:"currency"` // optional
		PaidOn   string `yaml:"paid_on"`  // optional, as those below
		Paid     string `yaml:"paid"`
		Due      string `yaml:"due"`
	} `yaml:"columns"`
	Currency    string `yaml:"currency"`
	MinorDigits int    `yaml:"minor_digits"`
	Time        struct {
		Formats []string `yaml:"formats"`
		Zone    string   `yaml:"zone"`
	} `yaml:"time"`
	Missing        []string          `yaml:"missing"`
	RepeatedOrders string            `yaml:"repeated_orders"`
	PhoneIs        string            `yaml:"phone_is"`
	Scenes         map[string]string `yaml:"scenes"`
	LeftOut        []string          `yaml:"left_out"`
	Carriers       map[string]string `yaml:"carriers"`
	Outcomes       []outcomeRule     `yaml:"outcomes"`
	Account        struct {
		Limit     string            `yaml:"limit"`
		Lines     map[string]string `yaml:"lines"`
		Agreement string            `yaml:"agreement"`
	} `yaml:"account"`
	HoldLifetime time.Duration     `yaml:"hold_lifetime"` // 0 for the terms' own
	Repayment    repayment         `yaml:"repayment"`     // when consumers pay
	Defaulted    map[string]string `yaml:"defaulted"`     // values of rows that the file calls defaulted
	Terms        string            `yaml:"terms"`         // file of terms to put, or the name of one that ships; empty for the server's

	// What check makes of it.
	zone         *time.Location
	scenes       map[string]holdfastv1.Scene // by category
	accountLimit int64
	lineLimits   map[holdfastv1.Scene]int64
	terms        *terms.Terms // nil for the server's
}

// repayment says when consumers pay.
type repayment string

const (
	repaidAsRecorded repayment = "as_recorded" // on the days that the file has
	repaidWhenDue    repayment = "when_due"    // everything that is billed, on its due date
	repaidNever      repayment = "never"
)

// outcomeRule says what becomes of an approved order whose row has these values.
type outcomeRule struct {
	When  map[string]string `yaml:"when"`
	Then  outcome           `yaml:"then"`
	After time.Duration     `yaml:"after"`
}

// outcome is what becomes of a hold.
type outcome string

const (
	outcomeCapture outcome = "capture"
	outcomeVoid    outcome = "void"
	outcomeExpire  outcome = "expire"
)

// readOrderMap reads the text of a map from a file, or of a shipped one by its name.
func readOrderMap(name string) ([]byte, error) { return readShipped(name, "maps", "map") }

// loadOrderMap reads a map.
func loadOrderMap(name string) (*orderMap, error) {
	text, err := readOrderMap(name)
	if err != nil {
		return nil, err
	}
	m, err := parseOrderMap(text)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	return m, nil
}

func parseOrderMap(text []byte) (*orderMap, error) {
	m := &orderMap{}
	if err := decodeMap(text, m); err != nil {
		return nil, err
	}
	return m, m.check()
}

// check finds what is wrong with a map before any row is read, and all of it.
func (m *orderMap) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, c := range []struct{ key, column string }{
		{"order", m.Columns.Order}, {"consumer", m.Columns.Consumer}, {"time", m.Columns.Time},
		{"amount", m.Columns.Amount}, {"category", m.Columns.Category}, {"carrier", m.Columns.Carrier},
	} {
		if c.column == "" {
			wrong("columns.%s is required", c.key)
		}
	}
	if len(m.Currency) != 3 {
		wrong("currency: want an ISO 4217 code, have %q", m.Currency)
	}
	if m.MinorDigits < 0 || m.MinorDigits > 6 {
		wrong("minor_digits: want 0 to 6, have %d", m.MinorDigits)
	}
	if len(m.Time.Formats) == 0 {
		wrong("time.formats is required")
	}
	var err error
	if m.zone, err = time.LoadLocation(m.Time.Zone); err != nil || m.Time.Zone == "" {
		wrong("time.zone: want a zone such as Africa/Kampala, have %q", m.Time.Zone)
	}
	if !slices.Contains([]string{"", "first", "error"}, m.RepeatedOrders) {
		wrong("repeated_orders: want first or error, have %q", m.RepeatedOrders)
	}
	if !slices.Contains([]string{"", "number", "id"}, m.PhoneIs) {
		wrong("phone_is: want number or id, have %q", m.PhoneIs)
	}
	if m.HoldLifetime < 0 || m.HoldLifetime%time.Second != 0 {
		wrong("hold_lifetime: want whole seconds, have %v", m.HoldLifetime)
	}
	return errors.Join(append(errs, m.checkScenes(), m.checkOutcomes(), m.checkRepayment(), m.checkTerms())...)
}

// checkRepayment also says when consumers pay if the map does not: on the days of the file, or else when it is due.
func (m *orderMap) checkRepayment() error {
	if m.Repayment == "" {
		if m.Repayment = repaidWhenDue; m.Columns.PaidOn != "" {
			m.Repayment = repaidAsRecorded
		}
	}
	switch {
	case !slices.Contains([]repayment{repaidAsRecorded, repaidWhenDue, repaidNever}, m.Repayment):
		return fmt.Errorf("repayment: want as_recorded, when_due or never, have %q", m.Repayment)
	case m.Repayment == repaidAsRecorded && m.Columns.PaidOn == "":
		return errors.New("repayment: as_recorded wants columns.paid_on")
	case m.Columns.Paid != "" && m.Columns.PaidOn == "":
		return errors.New("columns.paid wants columns.paid_on")
	}
	return nil
}

// checkTerms reads the terms that the map names.
func (m *orderMap) checkTerms() error {
	if m.Terms == "" {
		return nil
	}
	text, err := readShipped(m.Terms, "maps/terms", "terms")
	if err != nil {
		return fmt.Errorf("terms: %w", err)
	}
	if m.terms, err = terms.Parse(text); err != nil {
		return fmt.Errorf("terms: %s: %w", m.Terms, err)
	}
	if string(m.terms.Currency) != m.Currency || m.terms.MinorDigits != m.MinorDigits {
		return fmt.Errorf("terms: %s are in %s with %d digits after the point", m.Terms, m.terms.Currency, m.terms.MinorDigits)
	}
	return nil
}

func (m *orderMap) checkScenes() error {
	var errs []error
	m.scenes = map[string]holdfastv1.Scene{}
	m.lineLimits = map[holdfastv1.Scene]int64{}
	for line, limit := range m.Account.Lines {
		scene, err := parseScene(line)
		if err == nil {
			m.lineLimits[scene], err = parseAmount(limit, m.MinorDigits)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("account.lines.%s: %w", line, err))
		}
	}
	for category, name := range m.Scenes {
		scene, err := parseScene(name)
		if err != nil {
			errs = append(errs, fmt.Errorf("scenes.%s: %w", category, err))
			continue
		}
		if _, has := m.lineLimits[scene]; !has {
			errs = append(errs, fmt.Errorf("scenes.%s: account.lines has no %s", category, name))
		}
		m.scenes[category] = scene
	}
	if len(m.Scenes) == 0 {
		errs = append(errs, errors.New("scenes is required"))
	}
	var err error
	if m.accountLimit, err = parseAmount(m.Account.Limit, m.MinorDigits); err != nil {
		errs = append(errs, fmt.Errorf("account.limit: %w", err))
	}
	if m.Account.Agreement == "" {
		errs = append(errs, errors.New("account.agreement is required"))
	}
	return errors.Join(errs...)
}

func (m *orderMap) checkOutcomes() error {
	var errs []error
	if n := len(m.Outcomes); n == 0 || len(m.Outcomes[n-1].When) > 0 {
		errs = append(errs, errors.New("outcomes: the last one must have no when, so that every order has one"))
	}
	for i, rule := range m.Outcomes {
		if !slices.Contains([]outcome{outcomeCapture, outcomeVoid, outcomeExpire}, rule.Then) {
			errs = append(errs, fmt.Errorf("outcomes[%d].then: want capture, void or expire, have %q", i, rule.Then))
		}
		if rule.After < 0 {
			errs = append(errs, fmt.Errorf("outcomes[%d].after: want a time after the order, have %v", i, rule.After))
		}
	}
	return errors.Join(errs...)
}

// named are the columns that the map speaks of, each once.
func (m *orderMap) named() []string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	c := m.Columns
	for _, name := range []string{c.Order, c.Consumer, c.Phone, c.Time, c.Amount, c.Category, c.Carrier, c.Currency, c.PaidOn, c.Paid, c.Due} {
		add(name)
	}
	for name := range m.Defaulted {
		add(name)
	}
	for _, rule := range m.Outcomes {
		for name := range rule.When {
			add(name)
		}
	}
	return names
}

func parseScene(name string) (holdfastv1.Scene, error) {
	if v, ok := holdfastv1.Scene_value["SCENE_"+name]; ok && v > 0 {
		return holdfastv1.Scene(v), nil
	}
	return 0, fmt.Errorf("want TOPUP, BILL or BUNDLE, have %q", name)
}

// parseAmount reads a decimal number of whole units as minor units, of which there are 10^digits in one. It takes an
// exponent, because R writes 100000 as 1e+05.
func parseAmount(text string, digits int) (int64, error) {
	refuse := func(why string) (int64, error) { return 0, fmt.Errorf("%q is %s", text, why) }
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(text), "e")
	shift := digits // of the decimal point, to the right
	if scientific {
		e, err := strconv.Atoi(exponent)
		if err != nil || e < -18 || e > 18 {
			return refuse("no amount")
		}
		shift += e
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole == "" {
		return refuse("no amount")
	}
	// number, read without a point, is fraction digits too large; so many zeros more, or digits that must be zeros less.
	number := whole + fraction
	if shift -= len(fraction); shift >= 0 {
		number += strings.Repeat("0", shift)
	} else {
		cut := max(0, len(number)+shift)
		if strings.Trim(number[cut:], "0") != "" {
			return refuse(fmt.Sprintf("no amount of a currency with %d digits after the point", digits))
		}
		number = number[:cut]
	}
	var v int64
	for _, c := range []byte(number) {
		if c < '0' || c > '9' {
			return refuse("no amount")
		}
		if v > (math.MaxInt64-9)/10 {
			return refuse("too large")
		}
		v = v*10 + int64(c-'0')
	}
	return v, nil
}

// writeAmount is the inverse of parseAmount, with commas.
func writeAmount(v int64, digits int) string {
	unit := int64(1)
	for range digits {
		unit *= 10
	}
	if digits == 0 {
		return thousands(v)
	}
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	return fmt.Sprintf("%s%s.%0*d", sign, thousands(v/unit), digits, v%unit)
}
