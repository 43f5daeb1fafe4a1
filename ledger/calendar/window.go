package calendar

import (
	"fmt"
	"iter"
	"time"
)

// DefaultDeferralDays is how many days after its opening a window is due, unless the terms say otherwise.
const DefaultDeferralDays = 42

// The deferrals that a cycle may have. The least leaves a week to pay after the longest window, which has 31 days; the
// most only catches slips.
const (
	MinDeferralDays = 31 + 7
	MaxDeferralDays = 120
)

// StatementDay is the day of the month on which windows open: 1 to 28, a day that every month has.
type StatementDay uint8

// NewStatementDay accepts 1 to 28.
func NewStatementDay(day int) (StatementDay, error) {
	if day < 1 || day > 28 {
		return 0, fmt.Errorf("want a statement day within 1 and 28, have %d", day)
	}
	return StatementDay(day), nil
}

// WindowID names a window of an account: it is the window's opening date, YYYY-MM-DD on a statement. An account's windows
// do not overlap, so no two of them have the same.
type WindowID Date

func (id WindowID) String() string { return Date(id).String() }

// Window is a billing window: it takes what is captured from the day on which it opens through the day with which it
// closes, becomes a statement when that day is over, and is to be paid by the end of the due date.
type Window struct {
	Opens  Date
	Closes Date // the last day, which is still in it
	Due    Date
}

// ID names the window among its account's.
func (w Window) ID() WindowID { return WindowID(w.Opens) }

// Contains is whether a capture on the day is in the window.
func (w Window) Contains(d Date) bool { return d >= w.Opens && d <= w.Closes }

// Days is how many days the window takes captures.
func (w Window) Days() int { return int(w.Closes-w.Opens) + 1 }

// DaysToPay is the days from the close to the due date. A window closes at the end of its last day, so they are counted
// from the day after it, on which the statement is there: 11 to 14 for a window of a whole month that is due after 42.
func (w Window) DaysToPay() int { return int(w.Due-w.Closes) - 1 }

// DaysDeferred is the days from a capture on the day, which is in the window, to the due date. For the first day of the
// window they are the cycle's deferral, for the last one more than DaysToPay.
func (w Window) DaysDeferred(d Date) int { return int(w.Due - d) }

// Cycle is the rule by which windows follow each other: one opens on each statement day and is due a number of days
// later. Windows may be due after the next one has opened, and two or more may be closed and unpaid.
//
// A change of the rule takes effect at the next opening. There is nothing to it but to ask the new cycle for the Next of
// the open window, and for all that follow:
//
//   - The window that is open keeps its last day and its due date, which the consumer has been told.
//   - The next one opens on the day after it, as it would have, and runs to the day before the first new statement day.
//     It is the only one of its kind: shorter than a month, and never stretched into the month after.
//   - It is due as long after its opening as any other. So its first day is deferred as long as ever, its other days less,
//     and what it has to be paid in is longer for its being short.
//
// Why this is enough: each month has each statement day, so the first one after any date is at most 31 days away. No
// window is therefore longer than 31 days, whatever the changes and however many; none closes after its due date; and
// no capture is deferred longer than the cycle says. A stretched window would take up to 58 days, its last ones after
// its own due date. The price is a window that may be as short as a day, with a due date a day before the next.
//
// As long as the deferral stays the same, windows are due in the order in which they open. After it was made shorter, the
// first windows may be due before the last of those from before.
type Cycle struct {
	Day          StatementDay
	DeferralDays int // from a window's opening date to its due date
}

// NewCycle accepts a statement day of 1 to 28 and a deferral of MinDeferralDays to MaxDeferralDays.
func NewCycle(day, deferralDays int) (Cycle, error) {
	d, err := NewStatementDay(day)
	if err != nil {
		return Cycle{}, err
	}
	if deferralDays < MinDeferralDays || deferralDays > MaxDeferralDays {
		return Cycle{}, fmt.Errorf("want a deferral within %d and %d days, have %d", MinDeferralDays, MaxDeferralDays, deferralDays)
	}
	return Cycle{Day: d, DeferralDays: deferralDays}, nil
}

// WindowOf is the window that the day is in, if the statement day has never changed. An account whose day changed knows
// the window that is open, and goes on from there with Next.
func (c Cycle) WindowOf(d Date) Window {
	year, month, day := d.civil()
	if day < c.day() {
		month--
	}
	return c.Opening(dayOf(year, month, c.day()))
}

// Opening is the window that opens on the day, which need not be a statement day: through the day before the next
// statement day.
func (c Cycle) Opening(d Date) Window {
	year, month, day := d.civil()
	if day >= c.day() {
		month++
	}
	return Window{Opens: d, Closes: dayOf(year, month, c.day()) - 1, Due: d.AddDays(c.DeferralDays)}
}

// Next is the window that opens when w has closed.
func (c Cycle) Next(w Window) Window { return c.Opening(w.Closes + 1) }

// Previous is the window before w, as this cycle would have had it: it ends on the day before w opens. The one before a
// window that opened on another cycle's day is to be asked of that cycle.
func (c Cycle) Previous(w Window) Window {
	p := c.WindowOf(w.Opens - 1)
	p.Closes = w.Opens - 1
	return p
}

// Closing are the windows whose last day is not after the given one, in order: first the open window, as it is, and
// then those that follow it in the cycle. A service that was down catches up with what is in Closing(open, yesterday).
func (c Cycle) Closing(open Window, through Date) iter.Seq[Window] {
	return func(yield func(Window) bool) {
		for w := open; w.Closes <= through; w = c.Next(w) {
			if !yield(w) {
				return
			}
		}
	}
}

// day is the statement day. A cycle without one was not made by NewCycle.
func (c Cycle) day() int {
	if c.Day < 1 || c.Day > 28 {
		panic(fmt.Sprintf("calendar: a cycle has statement day %d", c.Day))
	}
	return int(c.Day)
}

func (d Date) civil() (year int, month time.Month, day int) {
	return time.Unix(int64(d)*86400, 0).UTC().Date()
}

// dayOf is the date of a day that its month has. The month may be one before January or after December.
func dayOf(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}
