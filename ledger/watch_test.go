package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/feature"
)

// watchful is a policy that approves everything, scores by the late statements and warns as it is told.
type watchful struct {
	strict
	warn func(*feature.Set) []ledger.Warning
}

func (watchful) Decide(*feature.Set) ledger.Verdict {
	return ledger.Verdict{Action: ledger.ActionApprove}
}

func (watchful) Behaviour(set *feature.Set) (int32, bool) {
	return 600 - 50*int32(set.Numbers[feature.AccountLateStatements]), true
}

func (watchful) Watches() bool { return true }

func (p watchful) Watch(set *feature.Set) []ledger.Warning { return p.warn(set) }

// A rule that warns makes an alert, does what it says, and is quiet about the account for a time.
func TestWarnings(t *testing.T) {
	s := newStage(t)
	burst := func(set *feature.Set) []ledger.Warning {
		if set.Numbers[feature.CountOf(feature.OfAccount, feature.Hour)] < 3 {
			return nil
		}
		return []ledger.Warning{{
			Rule: "burst", Severity: ledger.Critical, Reason: "BURST", Cooldown: time.Hour, LowerLimit: 50, CloseLine: ledger.TopUp, Freeze: true,
			Inputs: "velocity.account.count_1h=3",
		}, {Rule: "quiet", Severity: ledger.Info, LowerLimit: 1}} // no reason code: nothing is done
	}
	s.core.Ledger.UsePolicies(watchful{strict{version: "w"}, burst}, compileStrict)
	facts := func(order string) (facts []ledger.Fact) {
		_, entries, err := s.core.Apply(s.now, &ledger.Authorize{Request: s.next(), Purchase: ledger.Purchase{
			Account: s.id, Scene: ledger.TopUp, Order: ledger.OrderID(order), Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 200}})
		require.NoError(t, err)
		for _, e := range entries {
			facts = append(facts, e.Fact)
		}
		return facts
	}
	require.Len(t, facts("1"), 1)
	require.Len(t, facts("2"), 1)
	made := facts("3")
	require.Len(t, made, 6)
	require.Equal(t, ledger.OrderAuthorized, made[0].(*ledger.OrderDecided).Kind, "the order that made it warn has been decided")
	require.Equal(t, &ledger.AlertRaised{
		Account: s.id, Rule: "burst", Severity: ledger.Critical, Reason: "BURST", Inputs: "velocity.account.count_1h=3", Policy: "w", Currency: "CNY",
		Limit: 600, LimitBefore: 1000, Froze: true, ClosedLine: ledger.TopUp,
	}, made[1])
	require.EqualValues(t, 600, made[2].(*ledger.LimitsSet).Limit, "never below what is in use")
	require.Equal(t, "BURST", made[3].(*ledger.LineEnded).Reason)
	require.Equal(t, "BURST", made[4].(*ledger.StatusSet).Reason)
	require.Equal(t, "quiet", made[5].(*ledger.AlertRaised).Rule)
	require.Zero(t, made[5].(*ledger.AlertRaised).Limit)

	a := s.core.Book.Account(s.id)
	require.Equal(t, ledger.AccountFrozen, a.Status)
	require.Equal(t, ledger.LineClosed, a.Line(ledger.TopUp).Status)
	s.now = s.now.Add(10 * time.Minute)
	require.Len(t, facts("4"), 2, "the order is declined, and only the rule without a cooldown warns again")
	require.NoError(t, s.core.Check(s.now))
}

// A window that closes has the account's behaviour score, made of what was known before.
func TestBehaviourScores(t *testing.T) {
	s := newStage(t)
	var seen []int64
	s.core.Ledger.UsePolicies(watchful{strict{version: "w"}, func(set *feature.Set) []ledger.Warning {
		if set.Numbers[feature.AccountFirstPaymentMissed] == 1 {
			seen = append(seen, set.Numbers[feature.AccountBehaviourScore])
			return []ledger.Warning{{Rule: "first", Severity: ledger.Caution, Cooldown: 10_000 * time.Hour}}
		}
		return nil
	}}, compileStrict)
	for month := range 4 {
		s.do(&ledger.Charge{Request: s.next(), Purchase: ledger.Purchase{
			Account: s.id, Scene: ledger.TopUp, Order: ledger.OrderID(time.Duration(month).String()), Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 10}})
		s.now = s.now.Add(31 * 24 * time.Hour)
		s.do(&ledger.Tick{Accounts: []ledger.AccountID{s.id}})
	}
	c := s.core.Book.Account(s.id).Conduct
	require.True(t, c.FirstMissed)
	require.NotZero(t, c.Late)
	require.Less(t, c.Score, int32(600))
	require.LessOrEqual(t, c.Score, c.ScoreBefore)
	require.NotZero(t, c.Worst)
	require.NotEmpty(t, seen)
	require.Len(t, c.Warnings, 1)
	require.NoError(t, s.core.Check(s.now))
}
