package rate_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/apd/v3"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/rate"
)

// flat are the flows of a plan with a monthly fee of the original principal; the last installment absorbs the rest.
func flat(principal, fee money.Amount, months int) []rate.Flow {
	flows := []rate.Flow{{Amount: principal}}
	part := principal / money.Amount(months)
	for k := 1; k < months; k++ {
		flows = append(flows, rate.Flow{Amount: -part - fee, Month: k})
	}
	return append(flows, rate.Flow{Amount: -(principal - part*money.Amount(months-1)) - fee, Month: months})
}

func TestPercentIsWrittenWithTwoPlaces(t *testing.T) {
	for p, want := range map[rate.Percent]string{
		2428: "24.28", 0: "0.00", 5: "0.05", -5: "-0.05", -955: "-9.55", 100: "1.00", 32443625: "324436.25",
		-1 << 63: "-92233720368547758.08",
	} {
		require.Equal(t, want, p.String())
	}
}

func TestNominalOfFlatFees(t *testing.T) {
	for _, tc := range []struct {
		principal, fee money.Amount
		months         int
		want           string
	}{
		{1200000, 9600, 3, "14.34"},
		{1200000, 14400, 6, "24.28"},
		{1200000, 14400, 12, "25.60"},
		{1200000, 6000, 12, "10.90"},
		{1200000, 12000, 24, "21.57"},
		{10000, 0, 6, "0.00"},
	} {
		got, err := rate.Nominal(flat(tc.principal, tc.fee, tc.months))
		require.NoError(t, err)
		require.Equal(t, tc.want, got.String(), "%d over %d with %d", tc.principal, tc.months, tc.fee)
	}
}

// A rate that is a tie by construction is a tie, however it was computed: 12 x 0.08375 % is 1.005 %.
func TestTiesAreRoundedUp(t *testing.T) {
	for want, owed := range map[string]money.Amount{"1.01": 100083750, "1.00": 100083749, "-1.01": 99916250, "-1.00": 99916251} {
		got, err := rate.Nominal([]rate.Flow{{Amount: 100000000}, {Amount: -owed, Month: 1}})
		require.NoError(t, err)
		require.Equal(t, want, got.String())
	}
}

func TestFlowsWithoutOneRate(t *testing.T) {
	for name, flows := range map[string][]rate.Flow{
		"none":                 nil,
		"nothing":              {{Amount: 0}, {Amount: 0, Month: 1}},
		"only to the consumer": {{Amount: 1}, {Amount: 2, Month: 1}, {Amount: 3, Month: 2}},
		"all at once":          {{Amount: 100}, {Amount: -110}},
		"they cancel":          {{Amount: 100}, {Amount: -100}},
		"beyond reach":         {{Amount: 1}, {Amount: -1e15, Month: 1}},
		"two changes and none": {{Amount: 100}, {Amount: -100, Month: 1}, {Amount: 100, Month: 2}},
	} {
		_, err := rate.Nominal(flows)
		require.ErrorIs(t, err, rate.ErrNoRate, name)
	}
	for _, flows := range [][]rate.Flow{
		{{Amount: 100}, {Amount: -110, Month: -1}},
		{{Amount: 100}, {Amount: -110, Month: 1201}},
	} {
		_, err := rate.Nominal(flows)
		require.ErrorContains(t, err, "flow 1: period")
	}
}

// Rates that were multiplied into a polynomial are all found: (1 + i)^n has the zeros 1.1 and 1.2, or so.
func TestSeveralRatesAreAllTold(t *testing.T) {
	_, err := rate.Nominal([]rate.Flow{{Amount: 100}, {Amount: -230, Month: 1}, {Amount: 132, Month: 2}})
	several := (*rate.SeveralError)(nil)
	require.ErrorAs(t, err, &several)
	require.EqualError(t, err, "no single rate: the flows balance at each of 2 rates: 120.00 %, 240.00 %")

	// Three, one of them below zero: (x - 0.9)(x - 1.1)(x - 1.5).
	_, err = rate.Nominal([]rate.Flow{{Amount: 1000}, {Amount: -3500, Month: 1}, {Amount: 3990, Month: 2}, {Amount: -1485, Month: 3}})
	require.EqualError(t, err, "no single rate: the flows balance at each of 3 rates: -120.00 %, 120.00 %, 600.00 %")

	// One that is there twice is one rate.
	got, err := rate.Nominal([]rate.Flow{{Amount: 100}, {Amount: -220, Month: 1}, {Amount: 121, Month: 2}})
	require.NoError(t, err)
	require.Equal(t, "120.00", got.String())
}

// Flows are made of the rates at which they are to balance, some of them twice or more: all are found, and no other.
func TestAllRatesAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		growths := rapid.SliceOfN(rapid.Int64Range(50, 300), 1, 5).Draw(t, "growths in hundredths")
		amounts := []*apd.Decimal{apd.New(1, 0)}
		c := apd.BaseContext.WithPrecision(100)
		ed := apd.MakeErrDecimal(c)
		for _, g := range growths { // times (x - g)
			next := append(slices.Clone(amounts), new(apd.Decimal))
			for k, a := range amounts {
				product := new(apd.Decimal)
				ed.Mul(product, a, apd.New(g, -2))
				next[k+1] = ed.Sub(new(apd.Decimal), next[k+1], product)
			}
			amounts = next
		}
		require.NoError(t, ed.Err())
		var flows []rate.PeriodFlow
		for k, a := range amounts {
			flows = append(flows, rate.PeriodFlow{Amount: a, Period: k})
		}
		slices.Sort(growths)
		var want, have []string
		for _, g := range slices.Compact(growths) {
			want = append(want, apd.New(g-100, 0).Text('f'))
		}
		got, err := rate.Periodic(flows)
		several := (*rate.SeveralError)(nil)
		rates := []*apd.Decimal{got}
		if errors.As(err, &several) {
			rates, err = several.Rates, nil
		}
		require.NoError(t, err)
		for _, r := range rates {
			rounded := new(apd.Decimal)
			_, err := c.Quantize(rounded, r, -8)
			require.NoError(t, err)
			reduced, _ := rounded.Reduce(rounded)
			have = append(have, reduced.Text('f'))
		}
		require.Equal(t, want, have)
	})
}

// Credit that is repaid and drawn again has changes of sign, and one rate all the same.
func TestRevolvingCreditHasOneRate(t *testing.T) {
	var flows []rate.Flow
	for year := range 12 {
		flows = append(flows, rate.Flow{Amount: 100000, Month: 12 * year}, rate.Flow{Amount: -106000, Month: 12*year + 6})
	}
	got, err := rate.Nominal(flows)
	require.NoError(t, err)
	require.Equal(t, "11.71", got.String()) // 12 x (1.06^(1/6) - 1)

	for year := range 13 {
		flows = append(flows, rate.Flow{Amount: 1, Month: 300 + 2*year}, rate.Flow{Amount: -2, Month: 301 + 2*year})
	}
	_, err = rate.Nominal(flows)
	require.ErrorContains(t, err, "24 are the most")
}

func date(t *testing.T, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	require.NoError(t, err)
	return d
}

// The example of Directive 98/7/EC in years of today's directive: 1 January 1994 to 1 July 1995 is a year and a half.
func TestEffectiveByDates(t *testing.T) {
	got, err := rate.Effective([]rate.DatedFlow{{100000, date(t, "1994-01-01")}, {-120000, date(t, "1995-07-01")}})
	require.NoError(t, err)
	require.Equal(t, "12.92", got.String())

	// Example 2.1 of the European Commission's examples (Soto, 2015): drawn on the 12th, 240 installments on the 15th.
	flows := []rate.DatedFlow{{20000000, date(t, "2012-01-12")}, {-400000, date(t, "2012-01-12")}}
	for k := 1; k <= 240; k++ {
		d, err := calendar.DateOf(2012+k/12, time.Month(k%12+1), 15)
		require.NoError(t, err)
		flows = append(flows, rate.DatedFlow{Amount: -143357, Date: d})
	}
	got, err = rate.Effective(flows)
	require.NoError(t, err)
	require.Equal(t, "6.43", got.String())

	// One purchase of a window, paid at its due date with a fee of 0.50: 1.005^(1/(1/12 + 11/365)) - 1.
	got, err = rate.Effective([]rate.DatedFlow{{10000, date(t, "2026-01-05")}, {-10050, date(t, "2026-02-16")}})
	require.NoError(t, err)
	require.Equal(t, "4.49", got.String())
}

func TestEffectiveRefuses(t *testing.T) {
	_, err := rate.Effective(nil)
	require.ErrorIs(t, err, rate.ErrNoRate)
	_, err = rate.Effective([]rate.DatedFlow{{100, date(t, "2026-01-05")}, {-100, calendar.None}})
	require.EqualError(t, err, "flow 1 has no date")
	_, err = rate.Effective([]rate.DatedFlow{{100, date(t, "2026-01-05")}, {-100, date(t, "2126-02-01")}})
	require.EqualError(t, err, "flow 1: 2126-02-01 is more than 100 years after 2026-01-05")
}

// Installments on the day of the month on which credit was drawn are twelfths of a year, in leap years too.
func TestEffectiveOfEqualMonthsIsTheCompoundedNominal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fee := rapid.Int64Range(0, 50000).Draw(t, "fee")
		months := rapid.IntRange(1, 36).Draw(t, "months")
		from := rapid.IntRange(0, 3000).Draw(t, "from")
		start := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, from)
		nominal := flat(1000000, money.Amount(fee), months)
		var dated []rate.DatedFlow
		var periods []rate.PeriodFlow
		for _, f := range nominal {
			d := start.AddDate(0, f.Month, 0)
			if d.Day() != start.Day() {
				d = d.AddDate(0, 0, -d.Day()) // the month's last
			}
			dated = append(dated, rate.DatedFlow{Amount: f.Amount, Date: calendar.Date(d.Unix() / 86400)})
			periods = append(periods, rate.PeriodFlow{Amount: apd.New(int64(f.Amount), 0), Period: f.Month})
		}
		got, err := rate.Effective(dated)
		require.NoError(t, err)
		monthly, err := rate.Periodic(periods)
		require.NoError(t, err)
		require.Equal(t, compounded(t, monthly), got.String())
	})
}

// compounded is (1 + monthly)^12 - 1, rounded.
func compounded(t require.TestingT, monthly *apd.Decimal) string {
	c := apd.BaseContext.WithPrecision(60)
	c.Rounding = apd.RoundHalfUp
	x := new(apd.Decimal)
	_, err := c.Quo(x, monthly, apd.New(100, 0))
	require.NoError(t, err)
	_, err = c.Add(x, x, apd.New(1, 0))
	require.NoError(t, err)
	_, err = c.Pow(x, x, apd.New(12, 0))
	require.NoError(t, err)
	_, err = c.Sub(x, x, apd.New(1, 0))
	require.NoError(t, err)
	_, err = c.Mul(x, x, apd.New(100, 0))
	require.NoError(t, err)
	_, err = c.Quantize(x, x, -16)
	require.NoError(t, err)
	_, err = c.Quantize(x, x, -2)
	require.NoError(t, err)
	return x.Text('f')
}

// What is charged by a known rate is found to cost that rate: interest by it on the principal outstanding, whatever is
// repaid when.
func TestAKnownRateIsFoundAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		months := rapid.IntRange(1, 60).Draw(t, "months")
		// Monthly rate in millionths; the nominal rate has five places of a percent.
		millionths := rapid.Int64Range(-20000, 80000).Draw(t, "millionths")
		c := apd.BaseContext.WithPrecision(200)
		growth := apd.New(1000000+millionths, -6)
		c.Rounding = apd.RoundDown // so that never more is paid than is owed
		owed := apd.New(rapid.Int64Range(1, 1e15).Draw(t, "principal"), 0)
		flows := []rate.PeriodFlow{{Amount: new(apd.Decimal).Set(owed)}}
		for k := 1; k <= months; k++ {
			_, err := c.Mul(owed, owed, growth)
			require.NoError(t, err)
			pays := new(apd.Decimal).Set(owed)
			if k < months {
				_, err := c.Mul(pays, owed, apd.New(rapid.Int64Range(0, 999).Draw(t, "part"), -3))
				require.NoError(t, err)
				_, err = c.Quantize(pays, pays, -2)
				require.NoError(t, err)
			} else {
				// What is left is not a short decimal: leave 30 places.
				_, err = c.Quantize(pays, pays, -30)
				require.NoError(t, err)
			}
			_, err = c.Sub(owed, owed, pays)
			require.NoError(t, err)
			flows = append(flows, rate.PeriodFlow{Amount: new(apd.Decimal).Neg(pays), Period: k})
		}
		got, err := rate.Periodic(flows)
		require.NoError(t, err)
		want := apd.New(millionths, -4)
		difference := new(apd.Decimal)
		_, err = c.Sub(difference, got, want)
		require.NoError(t, err)
		require.LessOrEqual(t, difference.Abs(difference).Cmp(apd.New(1, -18)), 0, "have %s, want %s", got, want)
	})
}

func TestARateRisesWithTheFee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		principal := money.Amount(rapid.Int64Range(1000, 1e12).Draw(t, "principal"))
		months := rapid.IntRange(1, 24).Draw(t, "months")
		less := money.Amount(rapid.Int64Range(0, int64(principal)/20).Draw(t, "fee"))
		more := less + money.Amount(rapid.Int64Range(0, int64(principal)/20).Draw(t, "more"))
		low, err := rate.Nominal(flat(principal, less, months))
		require.NoError(t, err)
		high, err := rate.Nominal(flat(principal, more, months))
		require.NoError(t, err)
		require.LessOrEqual(t, low, high)
		require.GreaterOrEqual(t, low, rate.Percent(0))
	})
}

// Neither the unit of the amounts, nor who looks at them, nor their order, nor what happens at once in parts, changes a
// rate.
func TestWhatDoesNotChangeARate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		flows := flat(money.Amount(rapid.Int64Range(1000, 1e9).Draw(t, "principal")), money.Amount(rapid.Int64Range(0, 1e6).Draw(t, "fee")),
			rapid.IntRange(1, 24).Draw(t, "months"))
		want, err := rate.Nominal(flows)
		require.NoError(t, err)
		times := money.Amount(rapid.SampledFrom([]int64{-1, -100, 3, 100, 1000000}).Draw(t, "times"))
		var other []rate.Flow
		for _, f := range flows {
			other = append(other, rate.Flow{Amount: f.Amount*times - 7, Month: f.Month}, rate.Flow{Amount: 7, Month: f.Month})
		}
		slices.Reverse(other)
		got, err := rate.Nominal(other)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

// Whatever flows there are, there is an answer: a rate at which they balance, or a reason why there is none.
func FuzzPeriodic(f *testing.F) {
	f.Add([]byte{100, 0, 156, 1})
	f.Add([]byte{100, 0, 26, 1, 132, 2})
	f.Add([]byte{1, 0, 2, 1, 3, 2})
	f.Add([]byte{127, 0, 129, 255, 127, 254, 129, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var flows []rate.PeriodFlow
		for i := 0; i+1 < len(b) && i < 40; i += 2 {
			amount := apd.New(int64(int8(b[i])), int32(i%5)) // odd sizes
			flows = append(flows, rate.PeriodFlow{Amount: amount, Period: int(b[i+1]) * (1 + i%4)})
		}
		percent, err := rate.Periodic(flows)
		several := (*rate.SeveralError)(nil)
		switch {
		case err == nil:
			balances(t, flows, percent)
		case errors.As(err, &several):
			require.Greater(t, len(several.Rates), 1)
			require.True(t, slices.IsSortedFunc(several.Rates, func(a, b *apd.Decimal) int { return a.Cmp(b) }))
		default:
			require.ErrorIs(t, err, rate.ErrNoRate)
		}
	})
}

// balances holds a rate to the flows: they change sign within 10^-15 of it, relative, or touch zero there.
func balances(t *testing.T, flows []rate.PeriodFlow, percent *apd.Decimal) {
	c := apd.BaseContext.WithPrecision(80)
	at := func(nudge *apd.Decimal) (value, size *apd.Decimal) {
		growth, value, size := new(apd.Decimal), new(apd.Decimal), new(apd.Decimal)
		ed := apd.MakeErrDecimal(c)
		ed.Quo(growth, percent, apd.New(100, 0))
		ed.Add(growth, growth, apd.New(1, 0))
		ed.Mul(growth, growth, nudge)
		for _, f := range flows {
			term := new(apd.Decimal)
			ed.Pow(term, growth, apd.New(int64(-f.Period), 0))
			ed.Mul(term, term, f.Amount)
			ed.Add(value, value, term)
			ed.Add(size, size, new(apd.Decimal).Abs(term))
		}
		require.NoError(t, ed.Err())
		return value, size
	}
	here, size := at(apd.New(1, 0))
	tiny := new(apd.Decimal)
	_, err := c.Mul(tiny, size, apd.New(1, -6))
	require.NoError(t, err)
	if new(apd.Decimal).Abs(here).Cmp(tiny) <= 0 {
		return
	}
	below, _ := at(apd.New(999999999, -9))
	above, _ := at(apd.New(1000000001, -9))
	require.Negative(t, below.Sign()*above.Sign(), "at %s the flows %v are %s", percent, flows, here)
}

func ExampleNominal() {
	// 1,200.00 in six installments with a fee of 1.2 % of the original principal each.
	flows := []rate.Flow{{Amount: 120000}}
	for k := 1; k <= 6; k++ {
		flows = append(flows, rate.Flow{Amount: -20000 - 1440, Month: k})
	}
	percent, err := rate.Nominal(flows)
	fmt.Println(percent, err)
	// Output: 24.28 <nil>
}
