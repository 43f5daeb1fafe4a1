package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// zones include those that skip or repeat midnight, and one that skipped a day.
var zones = []string{
	"UTC", "Asia/Shanghai", "Europe/London", "America/New_York", "Africa/Kampala", "Asia/Kathmandu", "Australia/Lord_Howe",
	"America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Africa/Cairo", "America/Santiago", "Pacific/Apia", "Atlantic/Azores", "Asia/Tehran",
}

func zone(t require.TestingT, name string) calendar.Zone {
	z, err := calendar.LoadZone(name)
	require.NoError(t, err)
	return z
}

func TestDates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := calendar.Date(rapid.Int32Range(0, 2_932_895).Draw(t, "days")) // up to 9999-12-30
		back, err := calendar.ParseDate(d.String())
		require.NoError(t, err)
		require.Equal(t, d, back)
		require.Equal(t, d.String()[:7], d.Month().String())
		require.Equal(t, d.String()[:7]+"-01", d.Month().First().String())
		if next := d.AddDays(1); next.Month() != d.Month() {
			require.Equal(t, d.Month()+1, next.Month())
			require.Equal(t, "01", next.String()[8:])
		}
	})
	require.Empty(t, calendar.None.String())
	require.Equal(t, "1970-01-01", calendar.Date(0).String())
	leap, err := calendar.DateOf(2028, time.February, 29)
	require.NoError(t, err)
	require.Equal(t, "2028-03-01", leap.AddDays(1).String())
	require.Equal(t, "2028-04-11", leap.AddDays(42).String())
}

func TestNoSuchDates(t *testing.T) {
	for _, s := range []string{"", "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-2", "20260102", "1969-12-31", "2026-01-02T00:00:00Z", " 2026-01-02", "99999-01-01", "10000-01-01"} {
		d, err := calendar.ParseDate(s)
		require.Error(t, err, s)
		if err == nil {
			require.Equal(t, calendar.None, d)
		}
	}
	_, err := calendar.DateOf(2026, time.April, 31)
	require.Error(t, err)
	_, err = calendar.DateOf(10_000, time.January, 1)
	require.Error(t, err)
	_, err = calendar.LoadZone("Nowhere/Land")
	require.Error(t, err)
}

// TestDateAt compares with the time package.
func TestDateAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(zones).Draw(t, "zone")
		at := calendar.Instant(rapid.Int64Range(-4e18, 9e18).Draw(t, "instant"))
		location, err := time.LoadLocation(name)
		require.NoError(t, err)
		require.Equal(t, at.Time().In(location).Format(time.DateOnly), zone(t, name).DateAt(at).String())
	})
	require.Equal(t, "1969-12-31", calendar.UTC.DateAt(-1).String())
	require.Equal(t, "1970-01-01", calendar.Zone{}.DateAt(0).String())
	require.Equal(t, "UTC", calendar.Zone{}.String())
	require.Equal(t, "UTC", calendar.UTC.String())
	require.Equal(t, "Asia/Shanghai", zone(t, "Asia/Shanghai").String())
	require.EqualValues(t, 0, calendar.Zone{}.Start(0))
}

// TestStart: a day begins at the first instant of which it is the date, whatever the clocks do around midnight.
func TestStart(t *testing.T) {
	for _, name := range zones {
		z := zone(t, name)
		day, err := calendar.DateOf(1985, time.January, 1)
		require.NoError(t, err)
		for ; day.String() < "2030"; day++ {
			start := z.Start(day)
			require.Less(t, z.DateAt(start-1), day, "%s %s", name, day)
			if name == "Pacific/Apia" && day.String() == "2011-12-30" {
				require.Equal(t, day+1, z.DateAt(start), "a day that was skipped begins with the next")
				continue
			}
			require.Equal(t, day, z.DateAt(start), "%s %s", name, day)
		}
	}
}

func TestInstants(t *testing.T) {
	at := time.Date(2026, 3, 29, 1, 2, 3, 4, time.UTC)
	i := calendar.InstantOf(at)
	require.Equal(t, at, i.Time())
	require.Equal(t, at.Add(time.Hour), i.Add(time.Hour).Time())
}
