package calendar_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

func date(t require.TestingT, s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	require.NoError(t, err)
	return d
}

func cycle(t require.TestingT, day int) calendar.Cycle {
	c, err := calendar.NewCycle(day, calendar.DefaultDeferralDays)
	require.NoError(t, err)
	return c
}

func window(t require.TestingT, opens, closes, due string) calendar.Window {
	return calendar.Window{Opens: date(t, opens), Closes: date(t, closes), Due: date(t, due)}
}

// From the first day of 1970 to the last of 2100.
var firstDay, lastDay = calendar.Date(0), calendar.Date(131*365 + 32 - 1)

func TestLastDay(t *testing.T) { require.Equal(t, "2100-12-31", lastDay.String()) }

// TestWindows has the table of the design.
func TestWindows(t *testing.T) {
	for _, c := range []struct {
		opens, closes, due string
		day, toPay         int
	}{
		{"2026-01-05", "2026-02-04", "2026-02-16", 5, 11},
		{"2026-02-05", "2026-03-04", "2026-03-19", 5, 14},
		{"2028-02-05", "2028-03-04", "2028-03-18", 5, 13},
		{"2026-12-28", "2027-01-27", "2027-02-08", 28, 11},
	} {
		want, cycle := window(t, c.opens, c.closes, c.due), cycle(t, c.day)
		for d := want.Opens; d <= want.Closes; d++ {
			require.Equal(t, want, cycle.WindowOf(d), "%s", d)
			require.True(t, want.Contains(d))
		}
		require.False(t, want.Contains(want.Opens-1))
		require.False(t, want.Contains(want.Closes+1))
		require.Equal(t, c.toPay, want.DaysToPay(), c.opens)
		require.Equal(t, c.opens, want.ID().String())
		require.Equal(t, 42, want.DaysDeferred(want.Opens))
		require.Equal(t, c.toPay+1, want.DaysDeferred(want.Closes))
		require.Equal(t, 42-c.toPay, want.Days())
	}
}

// TestWindowsTile walks through all windows: no day is in none, none is in two.
func TestWindowsTile(t *testing.T) {
	least, most := 99, 0
	for day := 1; day <= 28; day++ {
		c := cycle(t, day)
		w := c.WindowOf(firstDay)
		require.LessOrEqual(t, w.Opens, firstDay)
		for w.Opens <= lastDay {
			next := c.Next(w)
			ok := next.Opens == w.Closes+1 && c.Previous(next) == w && c.WindowOf(w.Opens) == w && c.WindowOf(w.Closes) == w &&
				w.Due-w.Opens == 42 && w.Due > w.Closes
			require.True(t, ok && dayOfMonth(w.Opens) == day, "%d: %s to %s, due %s", day, w.Opens, w.Closes, w.Due)
			least, most = min(least, w.DaysToPay()), max(most, w.DaysToPay())
			w = next
		}
	}
	require.Equal(t, 11, least)
	require.Equal(t, 14, most)
}

func TestWindowOfAnyDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.IntRange(1, 28).Draw(t, "statement day")
		deferral := rapid.IntRange(calendar.MinDeferralDays, calendar.MaxDeferralDays).Draw(t, "deferral")
		d := calendar.Date(rapid.Int32Range(int32(firstDay), int32(lastDay)).Draw(t, "day"))
		c, err := calendar.NewCycle(day, deferral)
		require.NoError(t, err)
		w := c.WindowOf(d)

		// The same by looking at the wall, a day at a time.
		opens, closes := d, d
		for dayOfMonth(opens) != day {
			opens--
		}
		for dayOfMonth(closes+1) != day {
			closes++
		}
		require.Equal(t, calendar.Window{Opens: opens, Closes: closes, Due: opens.AddDays(deferral)}, w)

		require.True(t, w.Contains(d))
		require.LessOrEqual(t, w.DaysDeferred(d), deferral)
		require.GreaterOrEqual(t, w.DaysDeferred(d), deferral-30) // 12, if it is 42
		require.GreaterOrEqual(t, w.DaysToPay(), deferral-31)
		require.LessOrEqual(t, w.DaysToPay(), deferral-28)
	})
}

func dayOfMonth(d calendar.Date) int {
	n, err := strconv.Atoi(d.String()[8:])
	if err != nil {
		panic(err)
	}
	return n
}

// TestChangeOfTheStatementDay: each line is the open window, the one that follows it after a change, and the one after.
func TestChangeOfTheStatementDay(t *testing.T) {
	for _, c := range []struct {
		from, to int
		open     string
		then     [2]calendar.Window
	}{
		{5, 20, "2026-01-05", [2]calendar.Window{window(t, "2026-02-05", "2026-02-19", "2026-03-19"), window(t, "2026-02-20", "2026-03-19", "2026-04-03")}},
		{20, 5, "2026-01-20", [2]calendar.Window{window(t, "2026-02-20", "2026-03-04", "2026-04-03"), window(t, "2026-03-05", "2026-04-04", "2026-04-16")}},
		{5, 6, "2026-01-05", [2]calendar.Window{window(t, "2026-02-05", "2026-02-05", "2026-03-19"), window(t, "2026-02-06", "2026-03-05", "2026-03-20")}},
		{6, 5, "2026-01-06", [2]calendar.Window{window(t, "2026-02-06", "2026-03-04", "2026-03-20"), window(t, "2026-03-05", "2026-04-04", "2026-04-16")}},
		{1, 28, "2028-01-01", [2]calendar.Window{window(t, "2028-02-01", "2028-02-27", "2028-03-14"), window(t, "2028-02-28", "2028-03-27", "2028-04-10")}},
		{28, 1, "2026-11-28", [2]calendar.Window{window(t, "2026-12-28", "2026-12-31", "2027-02-08"), window(t, "2027-01-01", "2027-01-31", "2027-02-12")}},
		{5, 5, "2026-01-05", [2]calendar.Window{window(t, "2026-02-05", "2026-03-04", "2026-03-19"), window(t, "2026-03-05", "2026-04-04", "2026-04-16")}},
	} {
		was, is := cycle(t, c.from), cycle(t, c.to)
		open := was.WindowOf(date(t, c.open))
		between := is.Next(open)
		require.Equal(t, c.then, [2]calendar.Window{between, is.Next(between)}, "%d to %d", c.from, c.to)
		require.Equal(t, open, was.Previous(between))
		require.Equal(t, between.Closes, is.Previous(is.Next(between)).Closes)
	}
}

// TestEveryChangeOfTheStatementDay has all pairs of days, in all months of a common year, a leap year and those around.
func TestEveryChangeOfTheStatementDay(t *testing.T) {
	from, to := date(t, "2026-01-01"), date(t, "2029-03-01")
	for was := 1; was <= 28; was++ {
		for is := 1; is <= 28; is++ {
			before, after := cycle(t, was), cycle(t, is)
			for open := before.WindowOf(from); open.Opens < to; open = before.Next(open) {
				w := after.Next(open)
				ok := w.Opens == open.Closes+1 && w.Due-w.Opens == 42 && w.Due > open.Due && w.Days() >= 1 && w.DaysToPay() >= 11
				if is == was {
					ok = ok && w == before.Next(open)
				} else {
					ok = ok && w.Days() <= 30 && w.DaysToPay() >= 12
				}
				next := after.Next(w)
				ok = ok && dayOfMonth(next.Opens) == is && next == after.WindowOf(next.Opens) && next.Due > w.Due
				require.True(t, ok, "%d to %d: %v, %v, %v", was, is, open, w, next)
			}
		}
	}
}

// TestManyChanges: however often the day changes, and however many windows are between the changes.
func TestManyChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cycle(t, rapid.IntRange(1, 28).Draw(t, "day"))
		w := c.WindowOf(calendar.Date(rapid.Int32Range(int32(firstDay), int32(lastDay)).Draw(t, "date")))
		for range rapid.IntRange(1, 50).Draw(t, "windows") {
			if rapid.IntRange(0, 2).Draw(t, "change") == 0 {
				c = cycle(t, rapid.IntRange(1, 28).Draw(t, "day"))
			}
			next := c.Next(w)
			require.Equal(t, w.Closes+1, next.Opens)
			require.Greater(t, next.Due, w.Due)
			require.GreaterOrEqual(t, next.Days(), 1)
			require.LessOrEqual(t, next.Days(), 31)
			require.Equal(t, 42, next.DaysDeferred(next.Opens))
			require.GreaterOrEqual(t, next.DaysDeferred(next.Closes), 12)
			require.GreaterOrEqual(t, next.DaysToPay(), 11)
			require.LessOrEqual(t, next.DaysToPay(), 41)
			w = next
		}
	})
}

func TestClosing(t *testing.T) {
	c := cycle(t, 5)
	open := c.WindowOf(date(t, "2026-01-20"))
	ids := func(c calendar.Cycle, through string) (ids []string) {
		for w := range c.Closing(open, date(t, through)) {
			ids = append(ids, w.ID().String())
		}
		return ids
	}
	require.Empty(t, ids(c, "1970-01-01"))
	require.Empty(t, ids(c, "2026-02-03"))
	require.Equal(t, []string{"2026-01-05"}, ids(c, "2026-02-04"), "a window closes with its last day")
	require.Equal(t, []string{"2026-01-05"}, ids(c, "2026-03-03"))
	require.Equal(t, []string{"2026-01-05", "2026-02-05", "2026-03-05"}, ids(c, "2026-04-04"))
	require.Equal(t, []string{"2026-01-05", "2026-02-05", "2026-02-20"}, ids(cycle(t, 20), "2026-04-04"), "the open window is as it was before the change")
	for w := range c.Closing(open, lastDay) {
		require.Equal(t, open, w)
		break
	}
	require.Empty(t, slices.Collect(c.Closing(open, calendar.None)))
}

func TestCatchingUpInSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := cycle(t, rapid.IntRange(1, 28).Draw(t, "day"))
		open := c.WindowOf(calendar.Date(rapid.Int32Range(int32(firstDay), int32(lastDay)).Draw(t, "date")))
		mid := open.Opens.AddDays(rapid.IntRange(0, 400).Draw(t, "first"))
		end := mid.AddDays(rapid.IntRange(0, 400).Draw(t, "then"))
		atOnce := slices.Collect(c.Closing(open, end))

		steps := slices.Collect(c.Closing(open, mid))
		still := open
		if len(steps) > 0 {
			still = c.Next(steps[len(steps)-1])
		}
		require.Equal(t, atOnce, append(steps, slices.Collect(c.Closing(still, end))...))
		for i, w := range atOnce {
			require.LessOrEqual(t, w.Closes, end)
			if i > 0 {
				require.Equal(t, atOnce[i-1].Closes+1, w.Opens)
			}
		}
		if len(atOnce) > 0 {
			require.Greater(t, c.Next(atOnce[len(atOnce)-1]).Closes, end)
		}
	})
}

func TestNoSuchCycles(t *testing.T) {
	for _, day := range []int{-1, 0, 29, 31, 256 + 5} {
		_, err := calendar.NewStatementDay(day)
		require.Error(t, err)
		_, err = calendar.NewCycle(day, 42)
		require.ErrorContains(t, err, "statement day")
	}
	for _, deferral := range []int{-42, 0, 31, calendar.MinDeferralDays - 1, calendar.MaxDeferralDays + 1} {
		_, err := calendar.NewCycle(5, deferral)
		require.ErrorContains(t, err, "deferral")
	}
	require.Panics(t, func() { calendar.Cycle{}.WindowOf(0) })
	require.Panics(t, func() { calendar.Cycle{Day: 29, DeferralDays: 42}.Opening(0) })
}

// TestWindowsInZones: from the first instant of a window to the last, its instants and no others are on its days. The
// windows are those around changes of the clocks and the ends of years.
func TestWindowsInZones(t *testing.T) {
	for _, name := range zones {
		z := zone(t, name)
		for _, day := range []int{1, 5, 25, 28} {
			c := cycle(t, day)
			w := c.WindowOf(date(t, "2025-12-31"))
			for range 14 {
				first, over := z.Start(w.Opens), z.Start(w.Closes+1)
				require.Equal(t, w, c.WindowOf(z.DateAt(first)), name)
				require.Equal(t, w, c.WindowOf(z.DateAt(over-1)), name)
				require.Equal(t, c.Previous(w), c.WindowOf(z.DateAt(first-1)), name)
				w = c.Next(w)
				require.Equal(t, w, c.WindowOf(z.DateAt(over)), name)
			}
		}
	}
}

// TestDatesAroundClockChanges has the hours that count, written out.
func TestDatesAroundClockChanges(t *testing.T) {
	for _, c := range []struct{ zone, at, date string }{
		{"Europe/London", "2026-03-28T23:59:59Z", "2026-03-28"}, // clocks go forward at 01:00 on the 29th
		{"Europe/London", "2026-03-29T00:00:00Z", "2026-03-29"},
		{"Europe/London", "2026-03-29T22:59:59Z", "2026-03-29"}, // a day of 23 hours
		{"Europe/London", "2026-03-29T23:00:00Z", "2026-03-30"},
		{"Europe/London", "2026-10-24T22:59:59Z", "2026-10-24"},
		{"Europe/London", "2026-10-24T23:00:00Z", "2026-10-25"}, // and one of 25
		{"Europe/London", "2026-10-25T23:59:59Z", "2026-10-25"},
		{"Europe/London", "2026-10-26T00:00:00Z", "2026-10-26"},
		{"Europe/London", "2026-12-31T23:59:59Z", "2026-12-31"},
		{"Europe/London", "2027-01-01T00:00:00Z", "2027-01-01"},
		{"Europe/London", "1970-12-31T23:00:00Z", "1971-01-01"}, // British Standard Time, an hour ahead all year
		{"Asia/Shanghai", "2026-12-31T15:59:59Z", "2026-12-31"},
		{"Asia/Shanghai", "2026-12-31T16:00:00Z", "2027-01-01"},
		{"America/New_York", "2027-01-01T04:59:59Z", "2026-12-31"},
		{"America/New_York", "2027-01-01T05:00:00Z", "2027-01-01"},
		{"America/New_York", "2028-02-29T04:59:59Z", "2028-02-28"},
		{"America/New_York", "2028-02-29T05:00:00Z", "2028-02-29"},
		{"America/New_York", "2028-03-01T05:00:00Z", "2028-03-01"},
		{"Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31"}, // there was no 30th
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		require.NoError(t, err)
		require.Equal(t, c.date, zone(t, c.zone).DateAt(calendar.InstantOf(at)).String(), "%s at %s", c.zone, c.at)
	}
}
