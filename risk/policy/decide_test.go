package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

var _ ledger.Policies = policy.Compile

// rules makes a policy of decision rules, a line each: name | when | action | reason | cap.
func rules(t testing.TB, lines string) *policy.Policy {
	var b strings.Builder
	b.WriteString("version: v1\ncurrency: CNY\nminor_digits: 2\ndecisions:\n")
	for line := range strings.Lines(lines) {
		parts := strings.Split(strings.TrimSpace(line), " | ")
		fmt.Fprintf(&b, "  - name: %s\n    when: '%s'\n    action: %s\n", parts[0], parts[1], parts[2])
		if len(parts) > 3 {
			fmt.Fprintf(&b, "    reason: %s\n", parts[3])
		}
		if len(parts) > 4 {
			fmt.Fprintf(&b, "    cap: %s\n", parts[4])
		}
	}
	p, err := policy.Parse([]byte(b.String()))
	require.NoError(t, err)
	return p
}

func TestDecide(t *testing.T) {
	p := rules(t, `trusted | account.age_days > 1000 && order.amount < 5000 | approve
		odd | order.amount > 1000 | review | ODD
		tenth | account.statements == 0 | cap | NEW | account.limit / 10
		yuan | order.hour < 6 | cap | NIGHT | 30.00 CNY
		odd_too | order.amount > 2000 | review | ODD
		late | account.days_past_due > 5 | decline | LATE
		known | phone.known | approve
		after | order.carrier == "x" | decline | CARRIER
		ratio | order.amount / account.limit > 100 | review | RATIO`)
	for _, c := range []struct {
		about string
		set   func(n *[feature.Numbers]int64, t *[feature.Texts]string)
		want  ledger.Verdict
	}{
		{"nothing holds", func(*[feature.Numbers]int64, *[feature.Texts]string) {}, ledger.Verdict{Action: ledger.ActionApprove}},
		{"approve ends it", func(n *[feature.Numbers]int64, _ *[feature.Texts]string) {
			n[feature.AccountAgeDays], n[feature.OrderAmount] = 1001, 4000
		}, ledger.Verdict{Action: ledger.ActionApprove, Rules: 1}},
		{"one reason once", func(n *[feature.Numbers]int64, _ *[feature.Texts]string) { n[feature.OrderAmount] = 3000 },
			ledger.Verdict{Action: ledger.ActionReview, Rules: 1<<1 | 1<<4, Reasons: "ODD", Inputs: "order.amount=3000"}},
		{"the smallest cap", func(n *[feature.Numbers]int64, _ *[feature.Texts]string) {
			n[feature.OrderHour], n[feature.AccountStatements], n[feature.AccountLimit] = 3, 0, 40_000
		}, ledger.Verdict{Action: ledger.ActionCap, Cap: 3000, Rules: 1<<2 | 1<<3, Reasons: "NEW,NIGHT",
			Inputs: "order.hour=3 account.limit=40000 account.statements=0"}},
		{"a cap in a currency is for orders in it", func(n *[feature.Numbers]int64, t *[feature.Texts]string) {
			n[feature.OrderHour], t[feature.OrderCurrency] = 3, "UGX"
		}, ledger.Verdict{Action: ledger.ActionApprove}},
		{"what approves ends what comes after", func(n *[feature.Numbers]int64, t *[feature.Texts]string) {
			n[feature.PhoneKnown], n[feature.OrderAmount], t[feature.OrderCarrier] = 1, 1500, "x"
		}, ledger.Verdict{Action: ledger.ActionReview, Rules: 1<<1 | 1<<6, Reasons: "ODD", Inputs: "order.amount=1500 phone.known=1"}},
		{"the strictest, with the cap", func(n *[feature.Numbers]int64, t *[feature.Texts]string) {
			n[feature.AccountDaysPastDue], n[feature.AccountStatements] = 6, 0
		}, ledger.Verdict{Action: ledger.ActionDecline, Cap: 1000, Rules: 1<<2 | 1<<5, Reasons: "NEW,LATE",
			Inputs: "account.limit=10000 account.days_past_due=6 account.statements=0"}},
		{"what has no value declines", func(n *[feature.Numbers]int64, _ *[feature.Texts]string) { n[feature.AccountLimit] = 0 },
			ledger.Verdict{Action: ledger.ActionDecline, Rules: 1 << 8, Reasons: "RULE_ERROR", Inputs: "order.amount=100 account.limit=0"}},
	} {
		s := &feature.Set{}
		s.Numbers[feature.OrderAmount], s.Numbers[feature.OrderHour], s.Numbers[feature.AccountLimit], s.Numbers[feature.AccountStatements] = 100, 12, 10_000, 1
		s.Texts[feature.OrderCurrency] = "CNY"
		c.set(&s.Numbers, &s.Texts)
		c.want.Policy = "v1"
		require.Equal(t, c.want, p.Decide(s), c.about)
	}
}

// A cap that overflows declines, and one that comes to less than nothing approves nothing.
func TestCapsFailClosed(t *testing.T) {
	p := rules(t, "far | order.amount > 5 | cap | FAR | account.limit * account.limit\nbelow | order.amount > 50 | cap | BELOW | account.available")
	s := &feature.Set{}
	s.Numbers[feature.OrderAmount], s.Numbers[feature.AccountLimit] = 10, int64(money.Max)
	v := p.Decide(s)
	require.Equal(t, ledger.ActionDecline, v.Action)
	require.Equal(t, policy.RuleError, v.Reasons)
	s.Numbers[feature.OrderAmount], s.Numbers[feature.AccountLimit], s.Numbers[feature.AccountAvailable] = 60, 100, -40
	require.Equal(t, ledger.Verdict{Policy: "v1", Action: ledger.ActionCap, Rules: 3, Reasons: "FAR,BELOW",
		Inputs: "order.amount=60 account.limit=100 account.available=-40"}, p.Decide(s))
}

// ordinary is an account that is in good order, and an order that no rule of the default policy is about.
func ordinary() *feature.Set {
	s := &feature.Set{}
	for n, v := range map[feature.Number]int64{
		feature.OrderAmount: 10_000, feature.OrderHour: 12, feature.OrderWeekday: 3, feature.AccountAgeDays: 400, feature.AccountLimit: 170_000,
		feature.AccountAvailable: 120_000, feature.AccountPosted: 50_000, feature.AccountUtilisation: 29, feature.AccountStatements: 12,
		feature.LineLimit: 50_000, feature.LineAvailable: 40_000, feature.LineUtilisation: 20, feature.AccountBehaviourScore: 640,
		feature.CountOf(feature.OfAccount, feature.Month): 6, feature.SumOf(feature.OfAccount, feature.Month): 60_000,
	} {
		s.Numbers[n] = v
	}
	s.Texts = [feature.Texts]string{feature.OrderScene: "TOPUP", feature.OrderCarrier: "cmcc", feature.OrderPhone: "phone-1", feature.OrderCurrency: "CNY"}
	return s
}

// Deciding costs no memory where nothing beyond approve holds.
func TestDecideAllocatesNothing(t *testing.T) {
	p, s := policy.Default(), ordinary()
	require.Len(t, p.Document().Decisions, 20)
	require.Equal(t, ledger.Verdict{Policy: "default-1", Action: ledger.ActionApprove}, p.Decide(s), "no rule holds, so all were asked")
	require.Zero(t, testing.AllocsPerRun(100, func() { p.Decide(s) }))
}

func BenchmarkDecide(b *testing.B) {
	p := policy.Default()
	b.Run("none of 20 rules", func(b *testing.B) {
		s := ordinary()
		b.ReportAllocs()
		for b.Loop() {
			p.Decide(s)
		}
	})
	b.Run("approved by the first", func(b *testing.B) {
		s := ordinary()
		s.Numbers[feature.PhoneKnown], s.Numbers[feature.CarrierKnown], s.Numbers[feature.OrderAmount] = 1, 1, 5000
		b.ReportAllocs()
		for b.Loop() {
			p.Decide(s)
		}
	})
	b.Run("three hold", func(b *testing.B) {
		s := ordinary()
		s.Numbers[feature.AccountFailedCollections], s.Numbers[feature.AccountLateStatements], s.Numbers[feature.AccountUtilisation] = 5, 3, 96
		b.ReportAllocs()
		for b.Loop() {
			p.Decide(s)
		}
	})
}

// How long the slowest of a hundred takes, one order at a time, over sets that are all different.
func BenchmarkDecideTail(b *testing.B) {
	p := policy.Default()
	sets := make([]*feature.Set, 512)
	for i := range sets {
		sets[i] = ordinary()
		n := &sets[i].Numbers
		n[feature.OrderAmount], n[feature.OrderHour] = int64(1000*(i+1)), int64(i%24)
		n[feature.PhoneKnown], n[feature.AccountAgeDays] = int64(i%2), int64(i%90)
		n[feature.AccountLateStatements], n[feature.CountOf(feature.OfPhones, feature.Day)] = int64(i%64/60), int64(i%25)
	}
	took := make([]time.Duration, 0, 1<<20)
	for i := 0; b.Loop(); i++ {
		begun := time.Now()
		p.Decide(sets[i%len(sets)])
		if took = append(took, time.Since(begun)); len(took) == cap(took) {
			took = took[:0]
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
	b.ReportMetric(float64(took[len(took)*999/1000]), "p99.9-ns")
}

func BenchmarkWatch(b *testing.B) {
	p, s := policy.Default(), ordinary()
	b.ReportAllocs()
	for b.Loop() {
		p.Watch(s)
	}
}
