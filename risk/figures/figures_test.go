package figures

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

func day(t *testing.T, s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	require.NoError(t, err)
	return d
}

// book is a portfolio small enough to reckon by hand.
func book(t *testing.T) *portfolio.Portfolio {
	today := day(t, "2026-03-10")
	month := today.Month() - 1
	return &portfolio.Portfolio{
		Day: today,
		Buckets: []portfolio.BucketInfo{
			{Bucket: portfolio.NothingOwed}, {Bucket: portfolio.Current}, {Bucket: "M1", FromDay: 1}, {Bucket: "M2", FromDay: 31}, {Bucket: "M3", FromDay: 61},
			{Bucket: portfolio.ChargedOff, FromDay: 181},
		},
		Standing: []portfolio.Standing{
			{Currency: "CNY", Bucket: portfolio.Current, Accounts: 8, Closed: 1, Limit: 800, Held: 40, Principal: 160},
			{Currency: "CNY", Bucket: "M1", Accounts: 1, Limit: 100, Principal: 60, Overdue: 60},
			{Currency: "CNY", Bucket: "M2", Accounts: 1, Limit: 100, Principal: 130, Charges: 10, Overdue: 100},
			{Currency: "UGX", Bucket: portfolio.Current, Accounts: 5, Limit: 5e6},
		},
		Rolls: []portfolio.Roll{
			{Month: month, Currency: "CNY", From: portfolio.Current, To: portfolio.Current, Accounts: 90},
			{Month: month, Currency: "CNY", From: portfolio.Current, To: "M1", Accounts: 10},
			{Month: month, Currency: "CNY", From: "M1", To: "M2", Accounts: 3},
			{Month: month, Currency: "CNY", From: "M1", To: portfolio.Current, Accounts: 1},
			{Month: month, Currency: "CNY", From: "M2", To: portfolio.ChargedOff, Accounts: 2},
			{Month: month - 1, Currency: "CNY", From: portfolio.Current, To: "M1", Accounts: 900},
		},
		Firsts: []portfolio.FirstDue{
			{Month: month - 1, Currency: "CNY", Accounts: 50, Matured: 50, Defaulted: 2},
			{Month: month, Currency: "CNY", Accounts: 50, Matured: 20, Defaulted: 20},
		},
		Recents: []portfolio.Recent{
			{Day: today - 20, Currency: "CNY", Applications: 40, Offered: 10},
			{Day: today - 7, Currency: "CNY", Applications: 6, Offered: 3},
			{Day: today - 1, Currency: "CNY", Applications: 4, Offered: 3},
			{Day: today - 1, Currency: "CNY", Carrier: "a", Orders: 80, Declined: 20, ByRisk: 8, Captures: 60, Captured: 700, Returns: 1},
			{Day: today - 1, Currency: "CNY", Carrier: "b", Orders: 20, Captures: 20, Captured: 100, Returns: 20},
			{Day: today, Currency: "CNY", Carrier: "a", Orders: 100, Captures: 60, Captured: 200, Returns: 5},
			{Day: today - 29, Currency: "CNY", Carrier: "b", Captures: 200, Captured: 1_000},
			{Day: today - 30, Currency: "CNY", Carrier: "b", Captures: 200, Captured: 9_000},
		},
	}
}

func TestFiguresByHand(t *testing.T) {
	f, worst := Of(book(t), "CNY", 750_000, nil, "")
	for name, want := range map[string]float64{
		"accounts": 9, "exposure": 1040, "receivables": 360, "utilisation_percent": 40, "applications_7d": 10, "approval_rate_percent": 60,
		"approval_rate_before_percent": 25, "order_decline_rate_percent": 20, "risk_decline_rate_percent": 8, "first_payment_default_percent": 4,
		"roll_m0_m1_percent": 10, "roll_m1_m2_percent": 75, "roll_m2_m3_percent": 0, "past_due_percent": 100 * 160.0 / 360,
		"past_due_30_percent": 100 * 100.0 / 360, "charged_off_percent": 100 * 2.0 / 106, "carrier_share_percent": 55, "carrier_returned_percent": 5,
	} {
		require.InDelta(t, want, f[name], 1e-9, name)
	}
	require.Equal(t, "a", string(worst), "b has too few captures for a rate")
}

// Every figure that the policy declares is told, and no other.
func TestFiguresAreThoseOfThePolicy(t *testing.T) {
	p := policy.Default()
	f, _ := Of(book(t), "CNY", 750_000, p.Document().Scorecard, p.Version())
	var declared []string
	for _, figure := range policy.Figures() {
		declared = append(declared, figure.Name)
		require.Contains(t, f, figure.Name)
	}
	for name := range f {
		require.Contains(t, declared, name)
	}
	empty, worst := Of(&portfolio.Portfolio{}, "CNY", 750_000, p.Document().Scorecard, p.Version())
	require.Empty(t, worst)
	for name, x := range empty {
		require.Zero(t, x, name)
	}
}

// Two bins of which the training part had 80 and 20 %, and the applicants 50 and 50 %: (0.5-0.8) ln(0.5/0.8) + (0.5-0.2) ln(0.5/0.2).
func TestStabilityByHand(t *testing.T) {
	below, much, little := 10.0, 0.8, 0.2
	card := &scorecard.Scorecard{Characteristics: []scorecard.Characteristic{{
		Label: "Income", Bins: []scorecard.Bin{
			{Below: &below, Rest: scorecard.Rest{Points: 5, Share: &much}}, {Rest: scorecard.Rest{Points: 20, Share: &little}},
		},
	}}}
	p := book(t)
	p.Scored = []portfolio.Scored{
		{Month: p.Day.Month(), Policy: "v", Characteristic: "Income", Points: 5, Applications: 60},
		{Month: p.Day.Month() - 1, Policy: "v", Characteristic: "Income", Points: 20, Applications: 60},
		{Month: p.Day.Month() - 2, Policy: "v", Characteristic: "Income", Points: 20, Applications: 900},
		{Month: p.Day.Month(), Policy: "w", Characteristic: "Income", Points: 20, Applications: 900},
	}
	require.InDelta(t, -0.3*math.Log(0.625)+0.3*math.Log(2.5), Stability(p, card, "v"), 1e-12)
	require.Zero(t, Stability(p, card, "nobody"))
	for _, s := range Stabilities(p, card, "nobody") {
		require.Equal(t, Shifted{Characteristic: s.Characteristic}, s, "nobody applied")
	}
	require.Len(t, Stabilities(p, card, "v"), len(card.Characteristics))
}
