package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/risk/backtest"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

// TestApplicationsAreJudgedAgainByTheirEntries: the default policy offers 150.00 to the applicant of its own tests, nothing to a
// minor, and cannot judge somebody of whom it does not know what it needs.
func TestApplicationsAreJudgedAgainByTheirEntries(t *testing.T) {
	judge := judgeAgain(policy.Default())
	applicant := func(change ledger.Input) *ledger.ApplicationDecided {
		a := &ledger.ApplicationDecided{Kind: ledger.NewLine, Currency: "CNY"}
		for _, i := range []ledger.Input{
			{Name: "age_years", Value: "30"}, {Name: "identity_verified", Value: "true"}, {Name: "student", Value: "false"},
			{Name: "second_repayment_source", Value: "false"}, {Name: "deny_listed", Value: "false"}, {Name: "monthly_income", Value: "600000"},
			{Name: "plan_type", Value: "prepaid"}, {Name: "tenure_months", Value: "30"}, {Name: "topups_90d", Value: "5"},
			{Name: "topup_interval_days", Value: "12"}, {Name: "average_monthly_spend", Value: "6000"}, {Name: "bureau_delinquencies_24m", Value: "0"},
			{Name: "bureau_utilisation_percent", Value: "12.5"}, {Name: "bureau_inquiries_6m", Value: "3"}, {Name: "of_an_older_policy", Value: "x"},
		} {
			if i.Name == change.Name {
				i = change
			}
			a.Inputs = append(a.Inputs, i)
		}
		return a
	}
	said, ok := judge(applicant(ledger.Input{}))
	require.True(t, ok)
	require.Equal(t, backtest.Judged{Offered: true, Limit: 15_000}, said)
	said, ok = judge(applicant(ledger.Input{Name: "age_years", Value: "17"}))
	require.True(t, ok)
	require.Equal(t, backtest.Judged{}, said)
	for _, wrong := range []ledger.Input{
		{Name: "age_years", Missing: true}, {Name: "age_years", Value: "old"}, {Name: "plan_type", Value: "none of them"},
	} {
		_, ok = judge(applicant(wrong))
		require.False(t, ok, "%+v", wrong)
	}
}

// TestGradesHaveTheProbabilitiesOfTheirScores: at 600 points the default policy's odds are 50 to 1, and double every 40 points.
func TestGradesHaveTheProbabilitiesOfTheirScores(t *testing.T) {
	require.Empty(t, gradeDefaults(nil))
	have := gradeDefaults(policy.Default())
	for _, g := range policy.Default().Document().Grades {
		odds := 50 * math.Pow(2, float64(g.FromScore-600)/40)
		require.InDelta(t, 1e6/(1+odds), float64(have[g.Name]), 0.51, g.Name)
	}
	require.Len(t, have, len(policy.Default().Document().Grades))
}
