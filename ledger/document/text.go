package document

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Rate is a share in millionths: 500 is 0.05 %. Of what time it is, a day, a month or a year, its field says.
type Rate int64

// Rates.
const (
	Percent    Rate = 10_000 // 1 %
	BasisPoint Rate = 100    // 0.01 %
	rateDigits      = 4      // of a percentage after the point, at most
)

// String is the rate as a percentage, with the digits that it needs: 0.05 %, 24 %.
func (r Rate) String() string {
	if r < 0 {
		return "-" + (-r).String()
	}
	text := decimal(int64(r), rateDigits)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".") + " %"
}

// ParseRate reads a percentage such as 0.05 % or 24%, with up to four digits after the point.
func ParseRate(s string) (Rate, error) {
	digits, ok := strings.CutSuffix(s, "%")
	v, good := parseDecimal(strings.TrimSuffix(digits, " "), rateDigits, int64(1000*Percent))
	if !ok || !good {
		return 0, fmt.Errorf("want a percentage such as 0.05 %%, have %q", Clip(s))
	}
	return Rate(v), nil
}

// decimal writes v, of which 10^digits are one, with all its digits.
func decimal(v int64, digits int) string {
	text := strconv.FormatInt(v, 10)
	if digits == 0 {
		return text
	}
	if missing := digits + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	return text[:len(text)-digits] + "." + text[len(text)-digits:]
}

// parseDecimal reads a number without a sign and with at most so many digits after the point, as a multiple of 10^-digits.
func parseDecimal(s string, digits int, most int64) (int64, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" || point && fraction == "" || len(fraction) > digits || len(whole) > 1 && whole[0] == '0' || len(whole) > 18 {
		return 0, false
	}
	v := int64(0)
	for _, c := range []byte(whole + fraction + strings.Repeat("0", digits-len(fraction))) {
		if c < '0' || c > '9' || v > most/10 {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, v <= most
}

// WriteNumber writes a whole number.
func WriteNumber(n int) string { return strconv.Itoa(n) }

// parseNumber reads a whole number as WriteNumber writes it: digits, no sign, no zero in front.
func parseNumber(s string) (int, bool) {
	v, ok := parseDecimal(s, 0, 1e9)
	return int(v), ok
}

// units of durations, the largest first.
var units = []struct {
	name string
	d    time.Duration
}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}

// WriteDuration writes whole seconds in the largest unit that needs no fraction: 30 minutes, 1 day.
func WriteDuration(d time.Duration) string {
	for _, u := range units {
		if d != 0 && d%u.d == 0 {
			return Plural(int64(d/u.d), u.name)
		}
	}
	return "0 seconds"
}

// Plural is a number with its unit: 1 day, 2 days.
func Plural(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.FormatInt(n, 10) + " " + unit + "s"
}

// ParseDuration reads a number and a unit: 1 second, 30 minutes, 24 hours, 7 days.
func ParseDuration(s string) (time.Duration, bool) {
	digits, unit, _ := strings.Cut(s, " ")
	n, ok := parseNumber(digits)
	for _, u := range units {
		if unit == u.name || unit == u.name+"s" {
			return time.Duration(n) * u.d, ok && n <= 1e9/int(u.d/time.Second)
		}
	}
	return 0, false
}

// NameOf is the name of the v-th of a closed set, counted from 1.
func NameOf[T ~uint8](names []string, v T) string {
	if v < 1 || int(v) > len(names) {
		return "none"
	}
	return names[v-1]
}

// Named is which of a closed set has a name, counted from 1.
func Named[T ~uint8](names []string, name string) (T, bool) {
	at := slices.Index(names, name)
	return T(at + 1), at >= 0
}

// Clip is a text as far as a message has room for it.
func Clip(s string) string {
	const most = 40
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return s
}

// Coin is a currency with the digits of its amounts after the point.
type Coin struct {
	Currency money.Currency
	Digits   int
}

// Write is an amount as documents have it: 0.01 CNY.
func (c Coin) Write(a money.Amount) string {
	if a < 0 {
		return "-" + c.Write(-a)
	}
	return decimal(int64(a), c.Digits) + " " + string(c.Currency)
}

// Parse reads an amount as Write has it.
func (c Coin) Parse(s string) (money.Amount, bool) {
	digits, ok := strings.CutSuffix(s, " "+string(c.Currency))
	v, good := parseDecimal(digits, c.Digits, int64(money.Max))
	return money.Amount(v), ok && good
}
