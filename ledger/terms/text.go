package terms

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Rate is a share in millionths: 500 is 0.05 %. Of what time it is, a day, a month or a year, its field says.
type Rate = document.Rate

// ParseRate reads a percentage such as 0.05 % or 24%, with up to four digits after the point.
func ParseRate(s string) (Rate, error) { return document.ParseRate(s) }

const (
	percent    = document.Percent
	basisPoint = document.BasisPoint
)

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
func (t *Terms) Money(a money.Amount) string { return t.coin().Write(a) }

func (t *Terms) coin() document.Coin {
	return document.Coin{Currency: t.Currency, Digits: t.MinorDigits}
}
