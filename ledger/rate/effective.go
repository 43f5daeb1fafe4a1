package rate

import (
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/apd/v3"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// DatedFlow is an amount on a civil date.
type DatedFlow struct {
	Amount money.Amount  // minor units; above zero to the consumer, below zero from the consumer
	Date   calendar.Date // of the first of them the credit is drawn; all within 100 years
}

// Effective is the effective annual rate of flows by their civil dates, the APR of the European Union, in percent, rounded
// half-up to two places: the yearly rate i at which the flows, each divided by (1 + i)^years, sum to zero.
//
// The equation is that of Directive 2008/48/EC, Annex I, Part I, unchanged in Directive (EU) 2023/2225, Annex III. How many
// years an interval is, follows remark (c) of the latter, which is also in Directive 2014/17/EU, Annex I:
//
//   - An interval is whole months, and days for what is left. Months are counted back from the flow towards the first
//     flow; the days are between the first flow and where that ends, the first day out and the last day in, weekends and
//     holidays counted.
//   - A month is a twelfth of a year, leap year or not. Years are twelve months.
//   - A day is a part of the year that ends with the last of the days: of its 366 days when there is a 29 February in
//     it, of 365 otherwise.
//
// The remark leaves two things open. It allows weeks in the place of months: Holdfast bills in months, so months it always
// is, and 14 days are 14/365. And it does not say what a month is from the 31st: a flow on the last day of a month that
// lacks the first flow's day is a whole number of months after it, so that 28 February is a month after 31 January.
//
// All fees must be in the flows. Their order is of no importance. Errors: ErrNoRate, *SeveralError, or what is wrong with
// which flow.
func Effective(flows []DatedFlow) (Percent, error) {
	rate, err := effective(flows)
	if err != nil {
		return 0, err
	}
	return percentOf(rate), nil
}

// effective is the rate to 20 places.
func effective(flows []DatedFlow) (*apd.Decimal, error) {
	if len(flows) == 0 {
		return nil, ErrNoRate
	}
	if i := slices.IndexFunc(flows, func(f DatedFlow) bool { return f.Date == calendar.None }); i >= 0 {
		return nil, fmt.Errorf("flow %d has no date", i)
	}
	first := slices.MinFunc(flows, func(a, b DatedFlow) int { return int(a.Date) - int(b.Date) }).Date
	list := make([]flow, len(flows))
	for i, f := range flows {
		if f.Date.Month()-first.Month() > longest*12 {
			return nil, fmt.Errorf("flow %d: %s is more than %d years after %s", i, f.Date, longest, first)
		}
		months, days, year := interval(first, f.Date)
		list[i] = flow{apd.New(int64(f.Amount), 0), moment{months, quo(apd.New(int64(days), 0), apd.New(int64(year), 0))}}
	}
	return newSum(list, quo(one, apd.New(12, 0))).only(1)
}

// interval is the time from one date to a later one, as Effective counts it: whole months, and days of a year of so many.
func interval(from, to calendar.Date) (months, days, year int) {
	months = int(to.Month() - from.Month())
	if dayOf(from) > dayOf(to) && to.AddDays(1).Month() > to.Month() {
		return months, 0, 365 // from's day is not in this month, whose last day stands for it
	}
	back := monthsBefore(to, months)
	if back < from {
		months--
		back = monthsBefore(to, months)
	}
	return months, int(back - from), yearEnding(back)
}

// monthsBefore is the same day of an earlier month, or that month's last.
func monthsBefore(d calendar.Date, months int) calendar.Date {
	year, month, day := civil(d)
	first := time.Date(year, month-time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	return calendar.Date(first.Unix()/86400) + calendar.Date(min(day, first.AddDate(0, 1, -1).Day())-1)
}

// yearEnding is how many days are in the year that ends with a date.
func yearEnding(d calendar.Date) int {
	year, month, day := civil(d)
	if month < time.February || month == time.February && day < 29 {
		year--
	}
	if time.Date(year, time.February, 29, 0, 0, 0, 0, time.UTC).Month() == time.February {
		return 366
	}
	return 365
}

func dayOf(d calendar.Date) int {
	_, _, day := civil(d)
	return day
}

func civil(d calendar.Date) (int, time.Month, int) {
	return time.Unix(int64(d)*86400, 0).UTC().Date()
}

// YearFlow is a decimal amount, some years after the first.
type YearFlow struct {
	Amount *apd.Decimal // above zero to the consumer, below zero from the consumer; up to 30 digits before the point and after
	Years  *apd.Decimal // 0 to 100; up to 30 digits after the point
}

// EffectiveByYears is Effective for flows whose intervals were made into years before, in percent, to 20 places.
func EffectiveByYears(flows []YearFlow) (*apd.Decimal, error) {
	list := make([]flow, len(flows))
	for i, f := range flows {
		if err := checkAmount(f.Amount); err != nil {
			return nil, fmt.Errorf("flow %d: %w", i, err)
		}
		if err := checkDecimal("years", f.Years); err != nil {
			return nil, fmt.Errorf("flow %d: %w", i, err)
		}
		if f.Years.Negative && !f.Years.IsZero() || f.Years.Cmp(apd.New(longest, 0)) > 0 {
			return nil, fmt.Errorf("flow %d: years are %s, not within 0 and %d", i, f.Years, longest)
		}
		whole, rest := new(apd.Decimal), new(apd.Decimal)
		f.Years.Modf(whole, rest)
		list[i] = flow{f.Amount, moment{int(must(whole.Int64())), rest}}
	}
	return newSum(list, one).only(1)
}
