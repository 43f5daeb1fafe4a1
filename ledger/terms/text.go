package terms

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

const (
	percent    Rate = 10_000 // 1 %
	basisPoint Rate = 100    // 0.01 %
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
	v, good := parseDecimal(strings.TrimSuffix(digits, " "), rateDigits, int64(1000*percent))
	if !ok || !good {
		return 0, fmt.Errorf("want a percentage such as 0.05 %%, have %q", clip(s))
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

// writeNumber writes a whole number.
func writeNumber(n int) string { return strconv.Itoa(n) }

// parseNumber reads a whole number as writeNumber writes it: digits, no sign, no zero in front.
func parseNumber(s string) (int, bool) {
	v, ok := parseDecimal(s, 0, 1e9)
	return int(v), ok
}

// units of durations, the largest first.
var units = []struct {
	name string
	d    time.Duration
}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}

// writeDuration writes whole seconds in the largest unit that needs no fraction: 30 minutes, 1 day.
func writeDuration(d time.Duration) string {
	for _, u := range units {
		if d != 0 && d%u.d == 0 {
			return plural(int64(d/u.d), u.name)
		}
	}
	return "0 seconds"
}

func plural(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.FormatInt(n, 10) + " " + unit + "s"
}

// parseDuration reads a number and a unit: 1 second, 30 minutes, 24 hours, 7 days.
func parseDuration(s string) (time.Duration, bool) {
	digits, unit, _ := strings.Cut(s, " ")
	n, ok := parseNumber(digits)
	for _, u := range units {
		if unit == u.name || unit == u.name+"s" {
			return time.Duration(n) * u.d, ok && n <= 1e9/int(u.d/time.Second)
		}
	}
	return 0, false
}

// TimeOfDay is minutes after midnight, on the clock on the wall.
type TimeOfDay int

func (m TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

func parseTimeOfDay(s string) (TimeOfDay, bool) {
	h, m, ok := strings.Cut(s, ":")
	if !ok || len(h) != 2 || len(m) != 2 {
		return 0, false
	}
	hour, errHour := strconv.ParseUint(h, 10, 8)
	minute, errMinute := strconv.ParseUint(m, 10, 8)
	return TimeOfDay(hour*60 + minute), errHour == nil && errMinute == nil && hour < 24 && minute < 60
}

// Hours are a part of every day, over midnight where From is after Until. The zero Hours are none.
type Hours struct {
	From  TimeOfDay // inclusive
	Until TimeOfDay // exclusive
}

// Has says whether a time of day is one of the hours.
func (h Hours) Has(m TimeOfDay) bool {
	if h.From <= h.Until {
		return m >= h.From && m < h.Until
	}
	return m >= h.From || m < h.Until
}

func (h Hours) String() string {
	if h == (Hours{}) {
		return "none"
	}
	return h.From.String() + " to " + h.Until.String()
}

// Money is an amount in the terms' currency, as documents have it: 0.01 CNY.
func (t *Terms) Money(a money.Amount) string {
	if a < 0 {
		return "-" + t.Money(-a)
	}
	return decimal(int64(a), t.MinorDigits) + " " + string(t.Currency)
}

func (t *Terms) parseMoney(s string) (money.Amount, bool) {
	digits, ok := strings.CutSuffix(s, " "+string(t.Currency))
	v, good := parseDecimal(digits, t.MinorDigits, int64(money.Max))
	return money.Amount(v), ok && good
}

// nameOf is the name of the v-th of a closed set, counted from 1.
func nameOf[T ~uint8](names []string, v T) string {
	if v < 1 || int(v) > len(names) {
		return "none"
	}
	return names[v-1]
}

func named[T ~uint8](names []string, name string) (T, bool) {
	at := slices.Index(names, name)
	return T(at + 1), at >= 0
}

func clip(s string) string {
	const most = 40
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return s
}
