package policy_test

import (
	"errors"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// applicant is somebody whom the default policy gives 620 points: 300, and 45 for two years and more, 30 without postpaid bills,
// 30 for five top-ups, 30 every twelve days, 15 for 60.00 a month, 90 without lateness, 60 for little use elsewhere, 20 for
// three inquiries.
func applicant() policy.Inputs {
	return policy.Inputs{
		"age_years": scorecard.Number(30), "identity_verified": scorecard.Flag(true), "student": scorecard.Flag(false),
		"second_repayment_source": scorecard.Flag(false), "deny_listed": scorecard.Flag(false), "monthly_income": scorecard.Number(600_000),
		"plan_type": scorecard.Category("prepaid"), "tenure_months": scorecard.Number(30), "topups_90d": scorecard.Number(5),
		"topup_interval_days": scorecard.Number(12), "average_monthly_spend": scorecard.Number(6_000), "bureau_delinquencies_24m": scorecard.Number(0),
		"bureau_utilisation_percent": scorecard.Number(12.5), "bureau_inquiries_6m": scorecard.Number(3),
	}
}

func with(changes policy.Inputs) policy.Inputs {
	in := applicant()
	maps.Copy(in, changes)
	return in
}

func assess(t require.TestingT, in policy.Inputs) *policy.Assessment {
	a, err := policy.Default().Assess(in)
	require.NoError(t, err)
	return a
}

// By hand: grade B from 600. A fifteenth of 6,000.00 a month is 900.00; two and a half times 60.00 is 150.00, which is less.
func TestAssess(t *testing.T) {
	a := assess(t, applicant())
	require.Equal(t, 620, a.Score)
	require.InDelta(t, 1/(1+50*math.Sqrt2), a.PD, 1e-9, "half of 40 points above 600")
	require.True(t, a.Approved && a.Scored)
	require.Equal(t, "B", a.Grade)
	require.EqualValues(t, 15_000, a.Limit)
	require.Equal(t, [ledger.Scenes]money.Amount{5_000, 15_000, 5_000}, a.Lines, "half is 75.00 and three fifths 90.00, rounded down to 50.00")
	require.Equal(t, "", a.Terms)
	require.Equal(t, []policy.Reason{
		{"LATE_PHONE_BILLS", "Months with a late phone bill: not known"}, {"MANY_INQUIRIES", "Inquiries by other lenders"}, {"SHORT_TENURE", "Months with the phone number"},
		{"LOW_SPEND", "Spent a month"},
	}, a.Reasons)
	require.Equal(t, a, assess(t, applicant()))
	require.NotEqual(t, a.Hash, assess(t, with(policy.Inputs{"age_years": scorecard.Number(31)})).Hash)
	require.Equal(t, []policy.Source{policy.Application, policy.History, policy.Bureau, policy.Telecom}, policy.Default().Sources(applicant()))

	rich := assess(t, with(policy.Inputs{"average_monthly_spend": scorecard.Number(1e9), "monthly_income": scorecard.Number(1e12)}))
	require.EqualValues(t, 300_000, rich.Limit, "the ceiling of B")
	unknown := assess(t, with(policy.Inputs{"average_monthly_spend": scorecard.Missing, "monthly_income": scorecard.Missing}))
	require.EqualValues(t, 15_000, unknown.Limit, "the floor of B, when nothing bounds the limit")
	spend := assess(t, with(policy.Inputs{"average_monthly_spend": scorecard.Missing}))
	require.EqualValues(t, 90_000, spend.Limit, "a share of what is missing does not bound it")

	poor := assess(t, with(policy.Inputs{"bureau_delinquencies_24m": scorecard.Number(2), "tenure_months": scorecard.Number(4)}))
	require.False(t, poor.Approved)
	require.True(t, poor.Scored)
	require.Equal(t, 485, poor.Score)
	require.Equal(t, policy.Reason{Code: "SCORE_TOO_LOW", Text: "We cannot offer you credit now. The reasons are below."}, poor.Reasons[0])
	require.Equal(t, "LATE_WITH_OTHERS", poor.Reasons[1].Code)
	require.Equal(t, 90, poor.RetryAfterDays)
	require.Zero(t, poor.Limit)
}

func TestAdmission(t *testing.T) {
	for _, c := range []struct {
		in      policy.Inputs
		reasons []string
		retry   int
	}{
		{policy.Inputs{"age_years": scorecard.Number(17)}, []string{"UNDER_AGE"}, policy.Never},
		{policy.Inputs{"age_years": scorecard.Number(17), "deny_listed": scorecard.Flag(true)}, []string{"UNDER_AGE", "DENY_LISTED"}, policy.Never},
		{policy.Inputs{"deny_listed": scorecard.Flag(true), "tenure_months": scorecard.Number(2)}, []string{"DENY_LISTED", "TENURE_TOO_SHORT"}, 180},
		{policy.Inputs{"student": scorecard.Flag(true)}, []string{"STUDENT_WITHOUT_SECOND_SOURCE"}, 0},
		{policy.Inputs{"student": scorecard.Flag(true), "second_repayment_source": scorecard.Flag(true)}, nil, 0},
		{policy.Inputs{"monthly_debt_service": scorecard.Number(300_001)}, []string{"OVER_INDEBTED"}, 90},
		{policy.Inputs{"monthly_debt_service": scorecard.Number(300_000)}, nil, 0},
		{policy.Inputs{"monthly_debt_service": scorecard.Number(300_001), "monthly_income": scorecard.Missing}, nil, 0},
		{policy.Inputs{"postpaid_arrears_months": scorecard.Number(3)}, []string{"TELECOM_ARREARS"}, 180},
	} {
		a := assess(t, with(c.in))
		if c.reasons == nil {
			require.True(t, a.Scored)
			continue
		}
		var codes []string
		for _, r := range a.Reasons {
			codes = append(codes, r.Code)
			require.NotEmpty(t, r.Text)
		}
		require.Equal(t, c.reasons, codes)
		require.Equal(t, c.retry, a.RetryAfterDays)
		require.False(t, a.Approved || a.Scored)
	}
}

func TestInputs(t *testing.T) {
	_, err := policy.Default().Assess(with(policy.Inputs{
		"age_years": scorecard.Number(30.5), "identity_verified": scorecard.Category("yes"), "plan_type": scorecard.Category("free"),
		"tenure_months": scorecard.Missing, "topups_90d": scorecard.Number(-1), "bureau_inquiries_6m": scorecard.Category("3"), "shoe_size": scorecard.Number(42),
	}))
	var faults *policy.InputError
	require.True(t, errors.As(err, &faults))
	require.Equal(t, []policy.InputFault{
		{"age_years", "is 30.5: want a whole number"},
		{"bureau_inquiries_6m", `is "3": want a number`},
		{"identity_verified", `is "yes": want true or false`},
		{"plan_type", `is "free": want one of prepaid, postpaid`},
		{"shoe_size", "is no feature of the policy"},
		{"tenure_months", "is missing, and required"},
		{"topups_90d", "is -1: want 0 to 1000000000000000"},
	}, faults.Faults)
	_, err = rules(t, "x | order.amount > 5 | approve").Assess(nil)
	require.ErrorIs(t, err, policy.ErrNoScorecard)
}

// Whatever the applicant and whatever the grades: no limit is above its ceiling or below its floor, no line above its limit,
// nothing is approved below the last grade, and the price is the version of terms that the grade names.
func TestLimitsKeepTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		p, err := policy.Parse(policy.Format(d))
		require.NoError(t, err, "%s", policy.Format(d))
		for range 10 {
			a, err := p.Assess(drawInputs(t))
			require.NoError(t, err)
			require.Equal(t, d.Version, a.Policy)
			if !a.Approved {
				require.NotEmpty(t, a.Reasons)
				require.True(t, !a.Scored || a.Score < d.Grades[len(d.Grades)-1].FromScore)
				require.Zero(t, a.Limit)
				continue
			}
			at := 0
			for d.Grades[at].FromScore > a.Score {
				at++
			}
			g := &d.Grades[at]
			require.Equal(t, g.Name, a.Grade)
			require.Equal(t, g.Terms, a.Terms)
			require.LessOrEqual(t, a.Limit, g.Ceiling)
			require.GreaterOrEqual(t, a.Limit, g.Floor)
			require.Zero(t, a.Limit%g.Step)
			for i, line := range a.Lines {
				require.LessOrEqual(t, line, a.Limit)
				require.Equal(t, g.Lines[i] == 0, line == 0)
			}
		}
	})
}

// A better value of a feature whose points only rise never gives a lower score, limit or grade.
func TestMoreIsNotWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := with(policy.Inputs{"tenure_months": scorecard.Number(float64(rapid.IntRange(3, 300).Draw(t, "tenure")))})
		name := rapid.SampledFrom([]string{"tenure_months", "average_monthly_spend", "topups_90d", "monthly_income"}).Draw(t, "feature")
		x, _ := in[name].Number()
		more := maps.Clone(in)
		more[name] = scorecard.Number(x + float64(rapid.IntRange(0, 250).Draw(t, "more")))
		a, b := assess(t, in), assess(t, more)
		require.GreaterOrEqual(t, b.Score, a.Score)
		require.GreaterOrEqual(t, b.Limit, a.Limit)
	})
}

func TestBehaviourAndWatch(t *testing.T) {
	var m ledger.Monitor = policy.Default()
	require.True(t, m.Watches())
	s := ordinary()
	score, scored := m.Behaviour(s)
	require.True(t, scored)
	require.EqualValues(t, 340+110+80+50+40+40, score)
	require.Equal(t, "good", policy.Default().Band(score).Name)
	require.Nil(t, m.Watch(s))
	require.Zero(t, testing.AllocsPerRun(100, func() { m.Watch(s) }))

	n := &s.Numbers
	n[feature.AccountWorstDaysPastDue], n[feature.AccountLateStatements], n[feature.AccountFailedCollections] = 40, 5, 5
	score, _ = m.Behaviour(s)
	require.EqualValues(t, 340+50+40, score)
	n[feature.AccountBehaviourScore], n[feature.AccountBehaviourScoreBefore] = int64(score), 660
	require.Equal(t, []ledger.Warning{
		{Rule: "debits_keep_failing", Severity: ledger.Caution, Reason: "COLLECTIONS_FAIL", Inputs: "account.failed_collections=5", Cooldown: 90 * 24 * time.Hour, LowerLimit: 50},
		{Rule: "score_fell", Severity: ledger.Info, Reason: "SCORE_FELL", Inputs: "account.behaviour_score=430 account.behaviour_score_before=660", Cooldown: 35 * 24 * time.Hour},
		{Rule: "behaviour_poor", Severity: ledger.Caution, Reason: "BEHAVIOUR_IS_POOR", Inputs: "account.behaviour_score=430 account.behaviour_score_before=660",
			Cooldown: 35 * 24 * time.Hour, LowerLimit: 80},
	}, m.Watch(s))
	n[feature.AccountBehaviourScoreBefore] = 440
	require.Len(t, m.Watch(s), 1, "it was in the band before")
}

func TestWatchPortfolio(t *testing.T) {
	acts := strings.Replace(policy.DefaultDocument(), "reason: CARRIER_RETURNS\n", "reason: CARRIER_RETURNS\n      actions: [suspend_carrier]\n", 1)
	p, err := policy.Parse([]byte(acts))
	require.NoError(t, err)
	require.Empty(t, p.WatchPortfolio(nil))
	w := p.WatchPortfolio(map[string]float64{"accounts": 900, "psi_max": 0.31, "carrier_returned_percent": 30})
	require.Len(t, w, 2)
	require.Equal(t, "POPULATION_MOVED", w[0].Reason)
	require.Equal(t, "psi_max=0.31", w[0].Inputs)
	require.Equal(t, []policy.Act{{Deed: policy.SuspendCarrier}}, w[1].Actions)
	names := map[string]bool{}
	for _, f := range policy.Figures() {
		require.False(t, names[f.Name])
		names[f.Name] = true
		require.NotEmpty(t, f.Doc)
	}
}
