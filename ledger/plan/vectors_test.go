package plan_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// vector is a published case. Amounts are in major units of a hundred minor ones.
type vector struct {
	ID     string
	Method string
	Inputs struct {
		Principal json.Number
		Annual    json.Number `json:"annual_pct"`
		N         int
		Amount    json.Number
		Parts     int
		Fee       json.Number `json:"fee_pct_per_month"`
		Rate      string
		Nper      int
		PV        json.Number
	}
	Rows []struct {
		Principal, Interest, Due, Balance json.Number
	} `json:"expected_rows"`
	Totals   struct{ Principal, Interest, Due json.Number } `json:"expected_totals"`
	Expected []json.Number
	Payment  json.Number `json:"expected_payment"`
	APR      float64     `json:"expected_apr_pct"`
}

// scaled is a decimal, or a/b, times a factor, which must come out whole.
func scaled(t *testing.T, s string, factor int64) int64 {
	t.Helper()
	whole := big.NewRat(1, 1)
	for i, part := range strings.Split(s, "/") {
		r, ok := new(big.Rat).SetString(part)
		require.True(t, ok, s)
		if i > 0 {
			r.Inv(r)
		}
		whole.Mul(whole, r)
	}
	whole.Mul(whole, big.NewRat(factor, 1))
	require.True(t, whole.IsInt(), "%s times %d", s, factor)
	return whole.Num().Int64()
}

func minor(t *testing.T, s json.Number) money.Amount {
	t.Helper()
	return money.Amount(scaled(t, s.String(), 100))
}

// TestPublishedSchedules compares with the cases of other people, to the minor unit.
func TestPublishedSchedules(t *testing.T) {
	const path = "../../../shared/vectors/apr.json"
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here", path)
	}
	require.NoError(t, err)
	var file struct{ Vectors []vector }
	require.NoError(t, json.Unmarshal(text, &file))
	count := map[string]int{}
	for _, v := range file.Vectors {
		check := map[string]func(*testing.T, vector){"schedule": checkSchedule, "split": checkSplit, "pmt": checkPayment, "flat_fee": checkFlatFee}[v.Method]
		if check == nil {
			continue // what a rate comes to is another package's
		}
		count[v.Method]++
		t.Run(v.ID, func(t *testing.T) { check(t, v) })
	}
	for _, method := range []string{"schedule", "split", "pmt", "flat_fee"} {
		require.Positive(t, count[method], method)
	}
}

func checkSchedule(t *testing.T, v vector) {
	lent := minor(t, v.Inputs.Principal)
	s, err := plan.Annuity(lent, v.Inputs.N, plan.AnnualRate(scaled(t, v.Inputs.Annual.String(), 10_000)))
	require.NoError(t, err)
	require.Len(t, s, len(v.Rows))
	left := lent
	for n, row := range v.Rows {
		left -= s[n].Principal
		require.Equal(t, plan.Installment{Number: n + 1, Principal: minor(t, row.Principal), Interest: minor(t, row.Interest)}, s[n])
		require.Equal(t, minor(t, row.Due), s[n].Due())
		require.Equal(t, minor(t, row.Balance), left)
	}
	require.Equal(t, plan.Installment{Principal: minor(t, v.Totals.Principal), Interest: minor(t, v.Totals.Interest)}, s.Total())
	require.Equal(t, minor(t, v.Totals.Due), s.Total().Due())
}

func checkSplit(t *testing.T, v vector) {
	got, err := plan.Split(minor(t, v.Inputs.Amount), v.Inputs.Parts)
	require.NoError(t, err)
	var want []money.Amount
	for _, part := range v.Expected {
		want = append(want, minor(t, part))
	}
	require.Equal(t, want, got)
}

// checkPayment is exact to the minor unit; the published figure has more places, of which none is a half.
func checkPayment(t *testing.T, v vector) {
	monthly := v.Inputs.Rate
	if !strings.HasSuffix(monthly, "/12") {
		monthly += "/1"
	}
	got, err := plan.LevelPayment(minor(t, v.Inputs.PV), v.Inputs.Nper, plan.AnnualRate(scaled(t, monthly, 12_000_000)))
	require.NoError(t, err)
	want, ok := new(big.Rat).SetString(v.Payment.String())
	require.True(t, ok)
	want.Mul(want, big.NewRat(100, 1))
	require.Equal(t, nearest(want.Num(), want.Denom()), got)
}

// checkFlatFee discounts the installments at the published nominal rate: they are worth what was lent.
func checkFlatFee(t *testing.T, v vector) {
	lent := minor(t, v.Inputs.Principal)
	s, err := plan.FlatFee(lent, v.Inputs.N, plan.MonthlyRate(scaled(t, v.Inputs.Fee.String(), 10_000)))
	require.NoError(t, err)
	worth := 0.0
	for _, i := range s {
		worth += float64(i.Due()) / math.Pow(1+v.APR/1200, float64(i.Number))
	}
	require.InDelta(t, float64(lent), worth, float64(lent)*0.00001)
}
