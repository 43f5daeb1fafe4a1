package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// strict is a policy that does one thing to orders above an amount. Its document is its version, its action and the amount.
type strict struct {
	version string
	action  ledger.Action
	above   money.Amount
	asked   *[]feature.Set
}

func (p strict) Version() string { return p.version }

func (p strict) Decide(set *feature.Set) ledger.Verdict {
	if p.asked != nil {
		*p.asked = append(*p.asked, *set)
	}
	if money.Amount(set.Numbers[feature.OrderAmount]) <= p.above {
		return ledger.Verdict{Action: ledger.ActionApprove}
	}
	v := ledger.Verdict{Action: p.action, Rules: 1 << 3, Reasons: "TOO_MUCH", Inputs: "order.amount=x"}
	if p.action == ledger.ActionCap {
		v.Cap = p.above
	}
	return v
}

func compileStrict(document string) (ledger.Policy, error) {
	words := strings.Fields(document)
	p := strict{version: words[0], above: 50}
	switch words[1] {
	case "decline":
		p.action = ledger.ActionDecline
	case "cap":
		p.action = ledger.ActionCap
	case "review":
		p.action = ledger.ActionReview
	default:
		return nil, errors.New("no such action")
	}
	return p, nil
}

// guarded is a stage whose ledger has a policy from the beginning, and what it was asked.
func guarded(t *testing.T, p strict) (*stage, *[]feature.Set) {
	s := newStage(t)
	p.asked = new([]feature.Set)
	s.core.Ledger.UsePolicies(p, compileStrict)
	return s, p.asked
}

func (s *stage) authorize(order string, amount money.Amount, partial bool) ledger.Outcome {
	return s.do(&ledger.Authorize{Request: s.next(), Purchase: ledger.Purchase{
		Account: s.id, Scene: ledger.TopUp, Order: ledger.OrderID(order), Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: amount, Partial: partial,
	}})
}

func (s *stage) activate(version string, from calendar.Instant, shadow bool) {
	s.do(&ledger.ActivatePolicy{Request: s.next(), Version: version, From: from, Shadow: shadow})
}

func TestWhatAPolicyDoes(t *testing.T) {
	for _, c := range []struct {
		action   ledger.Action
		partial  bool
		approved money.Amount
	}{
		{ledger.ActionDecline, false, 0}, {ledger.ActionDecline, true, 0},
		{ledger.ActionCap, false, 0}, {ledger.ActionCap, true, 50},
		{ledger.ActionReview, false, 80}, {ledger.ActionReview, true, 80},
	} {
		s, asked := guarded(t, strict{version: "made", action: c.action, above: 50})
		small := s.authorize("small", 50, false)
		require.Equal(t, ledger.Approve, small.Decision)
		require.Equal(t, ledger.Verdict{Policy: "made", Action: ledger.ActionApprove, Hash: (*asked)[1].Hash()}, small.Authorization.Verdict)
		out := s.authorize("large", 80, c.partial)
		require.Equal(t, c.approved, out.Authorization.Authorized, "%s, partial %t", c.action, c.partial)
		require.Equal(t, c.approved == 0, out.Reasons.Has(ledger.RiskPolicy))
		v := out.Authorization.Verdict
		require.Equal(t, "made", v.Policy)
		require.Equal(t, c.action, v.Action)
		require.Equal(t, "TOO_MUCH", v.Reasons)
		require.EqualValues(t, 1<<3, v.Rules)
		last := (*asked)[len(*asked)-1]
		require.Equal(t, last.Hash(), v.Hash)
		require.EqualValues(t, 1, last.Numbers[feature.CountOf(feature.OfAccount, feature.TenMinutes)])
		require.EqualValues(t, 50, last.Numbers[feature.SumOf(feature.OfCarrier, feature.Month)])
		require.EqualValues(t, 5, last.Numbers[feature.AccountUtilisation])
		require.Equal(t, "TOPUP", last.Texts[feature.OrderScene])
	}
}

// An increment is judged as what the order would be with it.
func TestAPolicyIsAskedAboutTheWholeOrder(t *testing.T) {
	s, _ := guarded(t, strict{version: "made", action: ledger.ActionDecline, above: 50})
	out := s.authorize("o", 30, false)
	more := s.do(&ledger.Increment{Request: s.next(), Authorization: out.ID, Currency: "CNY", Amount: 20})
	require.Equal(t, ledger.Approve, more.Decision)
	more = s.do(&ledger.Increment{Request: s.next(), Authorization: out.ID, Currency: "CNY", Amount: 1})
	require.Equal(t, only(ledger.RiskPolicy), more.Reasons)
}

// A version decides from the instant on that it was activated from, and the one before until then.
func TestActivation(t *testing.T) {
	s, _ := guarded(t, strict{version: "made", action: ledger.ActionReview, above: 50})
	put := func(version, what string) {
		s.do(&ledger.PutPolicy{Request: s.next(), Version: version, Document: version + " " + what})
	}
	put("v1", "decline")
	put("v1", "decline") // the same document again is no fault
	fault := s.core.Ledger.Apply(s.now, &ledger.PutPolicy{Request: s.next(), Version: "v1", Document: "v1 cap"}, nil).Fault
	require.Equal(t, "POLICY_EXISTS", fault.Reason)
	fault = s.core.Ledger.Apply(s.now, &ledger.PutPolicy{Request: s.next(), Version: "made", Document: "made cap"}, nil).Fault
	require.Equal(t, "POLICY_EXISTS", fault.Reason)
	fault = s.core.Ledger.Apply(s.now, &ledger.ActivatePolicy{Request: s.next(), Version: "v9"}, nil).Fault
	require.Equal(t, "POLICY_NOT_FOUND", fault.Reason)
	fault = s.core.Ledger.Apply(s.now, &ledger.ActivatePolicy{Request: s.next()}, nil).Fault
	require.Equal(t, "POLICY_NOT_FOUND", fault.Reason, "only the shadow can be ended")
	put("v2", "cap")

	decides := func(order string) (policy, shadow string) {
		out := s.do(&ledger.GetPolicies{}).Policies
		v := s.authorize(order, 80, false).Authorization.Verdict
		require.Equal(t, out.InForce, v.Policy)
		return v.Policy, out.Shadow
	}
	policy, _ := decides("a")
	require.Equal(t, "made", policy)
	later := s.now.Add(time.Hour)
	s.activate("v1", 0, false)
	s.activate("v2", later, false)
	s.activate("v2", 0, true)
	policy, shadow := decides("b")
	require.Equal(t, "v1 v2", policy+" "+shadow)
	s.now = later - 1
	policy, _ = decides("c")
	require.Equal(t, "v1", policy)
	s.now = later
	policy, _ = decides("d")
	require.Equal(t, "v2", policy)
	s.activate("", 0, true)
	s.activate("made", 0, false)
	policy, shadow = decides("e")
	require.Equal(t, "made ", policy+" "+shadow)
	require.Len(t, s.do(&ledger.GetPolicies{}).Policies.Activations, 2, "what has been succeeded is not kept")
	require.NoError(t, s.core.Check(s.now))
}

// What the shadow says is in the entry and has no effect. Whatever is activated later, entries fold the same: a replay asks
// no policy.
func TestAReplayAsksNoPolicy(t *testing.T) {
	s, _ := guarded(t, strict{version: "made", action: ledger.ActionReview, above: 50})
	s.do(&ledger.PutPolicy{Request: s.next(), Version: "v1", Document: "v1 decline"})
	s.activate("v1", 0, true)
	_, entries, err := s.core.Apply(s.now, &ledger.Authorize{Request: s.next(), Purchase: ledger.Purchase{
		Account: s.id, Scene: ledger.TopUp, Order: "o", Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 80}})
	require.NoError(t, err)
	f := entries[0].Fact.(*ledger.OrderDecided)
	require.Equal(t, ledger.OrderAuthorized, f.Kind)
	require.Equal(t, ledger.ActionReview, f.Verdict.Action)
	require.Equal(t, ledger.Verdict{Policy: "v1", Action: ledger.ActionDecline, Rules: 1 << 3, Reasons: "TOO_MUCH", Inputs: "order.amount=x"}, f.Shadow)
	s.activate("v1", 0, false)
	require.Equal(t, ledger.Decline, s.authorize("o2", 80, false).Decision)

	book := sim.NewBook(0)
	l := ledger.New(book, terms.Default(), calendar.UTC)
	l.UsePolicies(nil, func(string) (ledger.Policy, error) { t.Fatal("a policy is asked for"); return nil, nil })
	for _, r := range s.core.Journal() {
		e, err := r.Entry()
		require.NoError(t, err)
		if f, ok := e.Fact.(*ledger.OrderDecided); ok {
			require.Equal(t, f.Verdict.Hash, l.FeaturesBefore(&e, book.Account(f.Account), f).Hash(), "the inputs can be made again")
		}
		l.Fold(&e)
	}
	require.Equal(t, s.core.Book.Account(s.id), book.Account(s.id))
}
