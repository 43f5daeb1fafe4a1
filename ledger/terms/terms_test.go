package terms_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

func date(t *testing.T, s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	require.NoError(t, err)
	return d
}

func TestRates(t *testing.T) {
	for text, want := range map[string]terms.Rate{
		"0 %": 0, "0.05 %": 500, "24 %": 240_000, "100 %": 1_000_000, "0.0001 %": 1, "18.25 %": 182_500, "1000 %": 10_000_000,
	} {
		r, err := terms.ParseRate(text)
		require.NoError(t, err)
		require.Equal(t, want, r)
		require.Equal(t, text, r.String())
	}
	for _, text := range []string{"", "%", "5", " %", "-1 %", "+1 %", ".5 %", "5. %", "05 %", "1,5 %", "0.00001 %", "1e2 %", "1  %", "1000.1 %", "1 % a day", "１ %"} {
		_, err := terms.ParseRate(text)
		require.Error(t, err, text)
	}
	require.Equal(t, "-0.05 %", terms.Rate(-500).String())
}

// The rule of rest days around a week of holidays that begins on a Thursday, with weekends before and after.
func TestDueDatesOnDaysOfRest(t *testing.T) {
	w := terms.Window{DueOnRestDay: terms.Stays, RestWeekdays: []terms.Weekday{6, 7}}
	for d := date(t, "2026-10-01"); d <= date(t, "2026-10-07"); d++ {
		w.RestDates = append(w.RestDates, d)
	}
	for _, c := range []struct{ due, before, after string }{
		{"2026-09-30", "2026-09-30", "2026-09-30"}, // Wednesday
		{"2026-10-01", "2026-09-30", "2026-10-08"},
		{"2026-10-04", "2026-09-30", "2026-10-08"},
		{"2026-10-09", "2026-10-09", "2026-10-09"},
		{"2026-10-10", "2026-10-09", "2026-10-12"}, // Saturday
		{"1970-01-03", "1970-01-02", "1970-01-05"},
	} {
		due := date(t, c.due)
		w.DueOnRestDay = terms.Stays
		require.Equal(t, due, w.Due(due))
		w.DueOnRestDay = terms.DayBefore
		require.Equal(t, c.before, w.Due(due).String())
		w.DueOnRestDay = terms.DayAfter
		require.Equal(t, c.after, w.Due(due).String())
	}
	require.Equal(t, "thursday", terms.WeekdayOf(0).String())
	require.Equal(t, "wednesday", terms.WeekdayOf(-1).String())
	require.Equal(t, "sunday", terms.WeekdayOf(-4-70).String())
}

func TestQuietHours(t *testing.T) {
	night := terms.Hours{From: 22 * 60, Until: 8 * 60}
	noon := terms.Hours{From: 12 * 60, Until: 13 * 60}
	for m := range terms.TimeOfDay(24 * 60) {
		require.Equal(t, m >= 22*60 || m < 8*60, night.Has(m), m)
		require.Equal(t, m >= 12*60 && m < 13*60, noon.Has(m), m)
		require.False(t, terms.Hours{}.Has(m))
	}
}

func TestWhatIsFoundInTerms(t *testing.T) {
	d := terms.Default()
	for day, want := range map[int]string{0: "", 1: "M1", 30: "M1", 31: "M2", 180: "M6", 181: ""} {
		b, ok := d.Bucket(day)
		require.Equal(t, want != "", ok)
		require.Equal(t, want, b.Name, day)
	}
	o, ok := d.Offer(plan.MethodAnnuity, 24)
	require.True(t, ok)
	require.Equal(t, plan.AnnualRate(150_000), o.Interest)
	_, ok = d.Offer(plan.MethodFlatFee, 24)
	require.False(t, ok)
	require.Equal(t, "-12.05 CNY", d.Money(-1205))
}

// The example of the design: 1,200.00 over 12 months at 15 %.
func TestAnExampleHasItsNominalRate(t *testing.T) {
	o, ok := terms.Default().Offer(plan.MethodAnnuity, 12)
	require.True(t, ok)
	e, err := o.Example(120_000)
	require.NoError(t, err)
	require.Equal(t, "15.00", e.Nominal.String())
	require.EqualValues(t, 10831, e.Schedule[0].Due())
	require.True(t, terms.Default().Capped(e))
}
