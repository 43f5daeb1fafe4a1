package rate

import (
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

func TestInterval(t *testing.T) {
	for _, tc := range []struct {
		from, to           string
		months, days, year int
	}{
		{"2026-01-05", "2026-01-05", 0, 0, 365},
		{"2026-01-05", "2026-02-16", 1, 11, 365},
		{"2026-01-05", "2026-01-19", 0, 14, 365},
		{"2026-01-05", "2026-02-04", 0, 30, 365},
		{"2012-01-12", "2012-02-15", 1, 3, 365},
		{"2012-01-12", "2012-03-15", 2, 3, 365}, // the days are counted in January, before the leap day
		{"2012-10-10", "2012-10-15", 0, 5, 366},
		{"2012-02-20", "2012-02-28", 0, 8, 365},
		{"2012-02-20", "2012-02-29", 0, 9, 366},
		{"2013-02-20", "2013-02-28", 0, 8, 366}, // a year ago to the day, the leap day was still to come
		{"2013-02-20", "2013-03-01", 0, 9, 365},
		{"2026-01-31", "2026-02-27", 0, 27, 365},
		{"2026-01-31", "2026-02-28", 1, 0, 365},
		{"2026-01-31", "2026-03-01", 1, 1, 365},
		{"2026-01-31", "2026-03-30", 1, 28, 365},
		{"2026-01-31", "2026-03-31", 2, 0, 365},
		{"2026-01-30", "2026-03-31", 2, 1, 365},
		{"2024-01-30", "2024-02-29", 1, 0, 365},
		{"2024-02-29", "2025-02-28", 12, 0, 365},
		{"2026-02-28", "2026-03-28", 1, 0, 365},
		{"2025-12-28", "2027-01-27", 12, 30, 365},
	} {
		from, err := calendar.ParseDate(tc.from)
		require.NoError(t, err)
		to, err := calendar.ParseDate(tc.to)
		require.NoError(t, err)
		months, days, year := interval(from, to)
		if days == 0 {
			year = tc.year // of no importance
		}
		require.Equal(t, []int{tc.months, tc.days, tc.year}, []int{months, days, year}, "%s to %s", tc.from, tc.to)
	}
}

// A later date is never nearer.
func TestIntervalsGrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := calendar.Date(rapid.IntRange(0, 40000).Draw(t, "from"))
		to := from.AddDays(rapid.IntRange(0, 5000).Draw(t, "days"))
		m1, d1, _ := interval(from, to)
		m2, d2, _ := interval(from, to.AddDays(1))
		require.True(t, m2 > m1 || m2 == m1 && d2 >= d1, "%s to %s: %d months %d days, a day later %d and %d", from, to, m1, d1, m2, d2)
		require.Less(t, d1, 31)
		require.GreaterOrEqual(t, d1, 0)
	})
}

// exp has all digits but the last few.
func TestExp(t *testing.T) {
	for x, want := range map[string]string{
		"0":  "1",
		"1":  "2.71828182845904523536028747135266249775724709369995957496697",
		"-1": "0.367879441171442321595523770161460867445811131031767834507837",
	} {
		got := exp(decimal(t, x))
		off := abs(sub(got, decimal(t, want)))
		require.Negative(t, off.Cmp(decimal(t, "1e-54")), "exp(%s) is %s", x, got)
	}
	rapid.Check(t, func(t *rapid.T) {
		x := mul(decimal(t, "1e-9"), decimal(t, rapid.StringMatching(`-?[0-9]{1,10}`).Draw(t, "x")))
		off := abs(sub(mul(exp(x), exp(neg(x))), one))
		require.Negative(t, off.Cmp(decimal(t, "1e-54")))
	})
}

func decimal(t require.TestingT, s string) *apd.Decimal {
	d, _, err := apd.NewFromString(s)
	require.NoError(t, err)
	return d
}
