package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// MaxAllowed bounds the lists of allowed carriers and phones of a line.
const MaxAllowed = 32

// Controls limit what a line may be spent on. Zero or empty means no limit.
type Controls struct {
	PerOrder      money.Amount
	DailyAmount   money.Amount
	DailyCount    int32
	MonthlyAmount money.Amount
	MonthlyCount  int32
	Carriers      []CarrierID
	Phones        []PhoneToken
	MaxHolds      int32
}

func (c Controls) clone() Controls {
	c.Carriers, c.Phones = slices.Clone(c.Carriers), slices.Clone(c.Phones)
	return c
}

// Use is what counts against a line's controls: authorized and not released, on the last day and in the last month
// on which anything was.
type Use struct {
	Day           calendar.Date
	DailyAmount   money.Amount
	DailyCount    int32
	Month         calendar.Month
	MonthlyAmount money.Amount
	MonthlyCount  int32
}

// At is the use as it stands on a day: a new day, or month, begins at nothing.
func (u Use) At(today calendar.Date) Use {
	if u.Day != today {
		u.Day, u.DailyAmount, u.DailyCount = today, 0, 0
		if month := today.Month(); u.Month != month {
			u.Month, u.MonthlyAmount, u.MonthlyCount = month, 0, 0
		}
	}
	return u
}

// add counts an amount, and orders, on a day.
func (u *Use) add(today calendar.Date, amount money.Amount, orders int32) {
	*u = u.At(today)
	u.DailyAmount += amount
	u.DailyCount += orders
	u.MonthlyAmount += amount
	u.MonthlyCount += orders
}

// release gives back what was authorized on a day and did not come to be, where that day and its month still count.
func (u *Use) release(authorized calendar.Date, amount money.Amount, orders int32) {
	if u.Day == authorized {
		u.DailyAmount -= min(amount, u.DailyAmount)
		u.DailyCount -= min(orders, u.DailyCount)
	}
	if u.Month == authorized.Month() {
		u.MonthlyAmount -= min(amount, u.MonthlyAmount)
		u.MonthlyCount -= min(orders, u.MonthlyCount)
	}
}
