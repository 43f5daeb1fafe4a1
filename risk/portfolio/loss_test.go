package portfolio_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// buckets are a short ladder.
func buckets() []portfolio.BucketInfo {
	return []portfolio.BucketInfo{{Bucket: portfolio.NothingOwed}, {Bucket: portfolio.Current}, {Bucket: "M1", FromDay: 1}, {Bucket: portfolio.ChargedOff, FromDay: 31}}
}

func roll(from, to portfolio.Bucket, n int64) portfolio.Roll {
	return portfolio.Roll{Month: 24_000, Currency: "CNY", From: from, To: to, Accounts: n}
}

// TestDefault is by hand: of those past due half are charged off within the month and half are current again, of those current a
// tenth is past due. Let d be the chance from M1 and c that from current after n months: c' = 0.9 c + 0.1 d, d' = 0.5 + 0.5 c.
func TestDefault(t *testing.T) {
	p := &portfolio.Portfolio{Buckets: buckets(), Rolls: []portfolio.Roll{
		roll(portfolio.Current, portfolio.Current, 90), roll(portfolio.Current, "M1", 10),
		roll("M1", portfolio.Current, 4), roll("M1", portfolio.ChargedOff, 4),
	}}
	pd, known := p.Matrix("CNY", 0, 0).Default()
	c, d := 0.0, 0.0
	for range portfolio.HorizonMonths {
		c, d = 0.9*c+0.1*d, 0.5+0.5*c
	}
	require.InDelta(t, 1e6*c, float64(pd[1]), 0.6)
	require.InDelta(t, 1e6*d, float64(pd[2]), 0.6)
	require.Equal(t, portfolio.Whole, pd[3])
	require.Equal(t, []bool{false, true, true, true}, known)
	require.Zero(t, pd[0])
	_, known = p.Matrix("USD", 0, 0).Default()
	require.Equal(t, []bool{false, false, false, true}, known)
}

func TestLosses(t *testing.T) {
	p := &portfolio.Portfolio{Buckets: buckets(), Rolls: []portfolio.Roll{
		roll(portfolio.Current, portfolio.Current, 1), roll("M1", portfolio.Current, 3), roll("M1", portfolio.ChargedOff, 1),
	}, Standing: []portfolio.Standing{
		{Currency: "CNY", Grade: "A", Bucket: portfolio.Current, Held: 100, Principal: 850, Charges: 50},
		{Currency: "CNY", Grade: "A", Bucket: "M1", Principal: 400},
		{Currency: "CNY", Grade: "A", Bucket: portfolio.ChargedOff, Principal: 7},
		{Currency: "CNY", Grade: "B", Bucket: portfolio.NothingOwed, Held: 30},
	}}
	// A quarter of those past due was charged off, and nobody fell behind: 400 x 25 % x 60 %.
	require.Equal(t, []portfolio.Loss{
		{Currency: "CNY", Grade: "A", Exposed: 1400, Default: 71_429, Expected: 60},
		{Currency: "CNY", Grade: "B", Exposed: 30, Unknown: 30},
	}, p.Losses(600_000, nil))
	// The grades' own probabilities are for those who are not past due: 1000 x 2 % x 60 % more, and 30 x 10 % x 60 %.
	require.Equal(t, []portfolio.Loss{
		{Currency: "CNY", Grade: "A", Exposed: 1400, Default: 85_714, Expected: 72},
		{Currency: "CNY", Grade: "B", Exposed: 30, Default: 100_000, Expected: 2},
	}, p.Losses(600_000, map[string]portfolio.Millionths{"A": 20_000, "B": 100_000}))
}
