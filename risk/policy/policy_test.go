package policy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/document"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

// The policy that ships has every section, and without its comments is in canonical form.
func TestDefault(t *testing.T) {
	d := policy.Default().Document()
	requireStable(t, d)
	var lines []string
	for line := range strings.Lines(policy.DefaultDocument()) {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "#") {
			lines = append(lines, line)
		}
	}
	require.Equal(t, string(policy.Format(d)), strings.Join(lines, ""))
	for key := range strings.FieldsSeq("features admission scorecard limits grades declined decisions behaviour monitoring") {
		require.Contains(t, lines, key+":\n")
	}
}

// Everyday use passes: what a demonstration, a load test and a family do on ordinary accounts is approved, without a review.
func TestDefaultLetsOrdinaryUsePass(t *testing.T) {
	p := policy.Default()
	for about, change := range map[string]func(n *[feature.Numbers]int64){
		"a first order of most of a limit": func(n *[feature.Numbers]int64) {
			n[feature.OrderAmount], n[feature.AccountAgeDays], n[feature.AccountStatements] = n[feature.AccountLimit]/10*8, 0, 0
			n[feature.CountOf(feature.OfAccount, feature.Month)], n[feature.SumOf(feature.OfAccount, feature.Month)] = 0, 0
		},
		"a thousand orders a minute for one phone, under a limit for them": func(n *[feature.Numbers]int64) {
			n[feature.AccountAgeDays], n[feature.PhoneKnown], n[feature.CarrierKnown], n[feature.AccountLimit] = 0, 1, 1, 1e12
			for w := range feature.Window(feature.Windows) {
				for _, g := range []feature.Group{feature.OfAccount, feature.OfPhone, feature.OfCarrier} {
					n[feature.CountOf(g, w)], n[feature.SumOf(g, w)] = 10_000, 1e8
				}
				n[feature.CountOf(feature.OfPhones, w)] = 1
			}
		},
		"the same for a thousand phones": func(n *[feature.Numbers]int64) {
			n[feature.AccountAgeDays], n[feature.AccountLimit] = 0, 1e12
			for w := range feature.Window(feature.Windows) {
				n[feature.CountOf(feature.OfAccount, w)], n[feature.SumOf(feature.OfAccount, w)] = 10_000, 1e8
				n[feature.CountOf(feature.OfCarrier, w)], n[feature.CountOf(feature.OfPhones, w)] = 10_000, 1_000
			}
		},
		"a family": func(n *[feature.Numbers]int64) {
			for w := range feature.Window(feature.Windows) {
				n[feature.CountOf(feature.OfPhones, w)], n[feature.SumOf(feature.OfAccount, w)] = 5, n[feature.AccountLimit]/2
			}
		},
		"the rest of a limit": func(n *[feature.Numbers]int64) {
			n[feature.AccountUtilisation], n[feature.LineUtilisation], n[feature.AccountUtilisationBefore] = 99, 99, 60
		},
		"no limit at all": func(n *[feature.Numbers]int64) {
			n[feature.AccountUtilisation], n[feature.AccountUtilisationBefore], n[feature.AccountAvailable] = 100, 100, 0
		},
	} {
		s := ordinary()
		change(&s.Numbers)
		v := p.Decide(s)
		require.Equal(t, ledger.ActionApprove, v.Action, "%s: %s", about, v.Reasons)
		require.Empty(t, p.Watch(s), about)
	}
}

// What the comments of the default policy speak of is declined.
func TestDefaultStopsFraud(t *testing.T) {
	s := ordinary()
	n := &s.Numbers
	n[feature.AccountAgeDays], n[feature.AccountStatements] = 2, 0
	n[feature.CountOf(feature.OfPhones, feature.Day)], n[feature.SumOf(feature.OfAccount, feature.Day)] = 12, n[feature.AccountLimit]/10*9
	require.Equal(t, "NEW_ACCOUNT_DRAINED", policy.Default().Decide(s).Reasons)
	n[feature.CountOf(feature.OfPhones, feature.TenMinutes)], n[feature.SumOf(feature.OfAccount, feature.TenMinutes)] = 9, n[feature.AccountLimit]/10*9
	n[feature.OrderHour], n[feature.CountOf(feature.OfPhones, feature.Hour)], n[feature.SumOf(feature.OfAccount, feature.Hour)] = 3, 9, n[feature.AccountLimit]
	v := policy.Default().Decide(s)
	require.Equal(t, ledger.ActionDecline, v.Action)
	require.Equal(t, "NEW_ACCOUNT_DRAINED,BURST_FOR_STRANGERS,DRAINED_AT_NIGHT", v.Reasons)
}

// No sum of any limits that there may be leaves a decision rule of the default policy without a value.
func TestDefaultAlwaysHasAValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := ordinary()
		for n := range feature.Numbers {
			switch n.Info().Kind {
			case feature.Amount:
				s.Numbers[n] = rapid.Int64Range(-1e18, 1e18).Draw(t, n.String())
			case feature.Count:
				s.Numbers[n] = rapid.Int64Range(0, 1e9).Draw(t, n.String())
			default:
				s.Numbers[n] = rapid.Int64Range(0, 1).Draw(t, n.String())
			}
		}
		require.NotContains(t, policy.Default().Decide(s).Reasons, policy.RuleError)
	})
}

func TestRandomPoliciesSurviveTheRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, other := draw(t), draw(t)
		requireStable(t, want)
		changes := policy.Compare(want, other)
		require.Equal(t, len(changes) == 0, string(policy.Format(want)) == string(policy.Format(other)))
	})
}

func TestCompare(t *testing.T) {
	old, err := policy.Parse([]byte(policy.DefaultDocument()))
	require.NoError(t, err)
	p, err := policy.Parse([]byte(policy.DefaultDocument()))
	require.NoError(t, err)
	require.Nil(t, policy.Compare(old.Document(), p.Document()))
	d := p.Document()
	d.Version = "next"
	d.Admission[0].RetryAfterDays = 365
	d.Scorecard.Characteristics[0].Bins[1].Points = 17
	d.Scorecard.Characteristics[1].Missing = nil
	d.Grades[0].Terms = "cheap-1"
	d.Grades[3].Lines[0] = 0
	d.Decisions[0], d.Decisions[1] = d.Decisions[1], d.Decisions[0]
	d.Decisions = d.Decisions[:19]
	d.Monitoring.Accounts[3].Actions = nil
	d.Behaviour.Bands[3].Lower = 75
	require.Equal(t, []document.Change{
		{Path: "version", Old: "default-1", New: "next"},
		{Path: "admission[under_age].retry_after_days", Old: "never", New: "365"},
		{Path: "scorecard.characteristics[tenure_months].bins[below 12].points", Old: "15", New: "17"},
		{Path: "scorecard.characteristics[postpaid_arrears_months].missing", Old: "{points: 30}"},
		{Path: "grades[A].terms", New: "cheap-1"},
		{Path: "grades[D].lines.topup", Old: "40 %", New: "0 %"},
		{Path: "decisions[full_and_late]", Old: "name: full_and_late, when: account.utilisation >= 95 && account.late_statements >= 1, action: review, reason: FULL_AND_LATE"},
		{Path: "decisions", Old: "in the order " + order(old.Document(), 19), New: "in the order " + order(d, 19)},
		{Path: "behaviour.bands[poor].lower_to", Old: "80 %", New: "75 %"},
		{Path: "monitoring.accounts[debits_keep_failing].actions", Old: "[lower_limit to 50 %]"},
	}, policy.Compare(old.Document(), d))
}

func order(d *policy.Document, n int) string {
	var names []string
	for _, r := range d.Decisions[:n] {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

func TestDocumentsAreBounded(t *testing.T) {
	text := []byte(policy.DefaultDocument())
	text = append(text, strings.Repeat("#", policy.MaxSize-len(text))...)
	_, err := policy.Parse(text)
	require.NoError(t, err)
	_, err = policy.Compile(string(text) + "#")
	require.ErrorContains(t, err, "the policy has 1 fault:\n  1:1: the document has 131073 bytes, more than 131072")
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := policy.Parse([]byte(policy.DefaultDocument())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	for b.Loop() {
		policy.Format(policy.Default().Document())
	}
}
