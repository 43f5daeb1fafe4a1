package server

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/risk/policy"
)

// policyText is the policy that ships, with another version and a rule of its own before the others.
func policyText(version, rule string) string {
	text := strings.Replace(policy.DefaultDocument(), "version: default-1", "version: "+version, 1)
	return strings.Replace(text, "\ndecisions:\n", "\ndecisions:\n  - "+strings.ReplaceAll(rule, "; ", "\n    ")+"\n", 1)
}

// TestRiskPolicies puts policies, activates them, and sees what becomes of orders.
func TestRiskPolicies(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	ctx := t.Context()
	a := b.account(1e6)
	order := func(amount int64) *holdfastv1.AuthorizeResponse {
		resp, err := b.Authorize(ctx, orderOf(a, b.fresh("r"), b.fresh("o"), amount))
		require.NoError(t, err)
		return resp
	}
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, order(5_001).GetDecision())

	put, err := b.PutPolicy(ctx, &holdfastv1.PutPolicyRequest{RequestId: "put-1", Document: policyText("small", "name: small; when: order.amount > 5000; action: decline; reason: TOO_LARGE")})
	require.NoError(t, err)
	require.Equal(t, "small", put.GetPolicy().GetVersion())
	require.Equal(t, LocalCaller, put.GetPolicy().GetCaller())
	_, err = b.PutPolicy(ctx, &holdfastv1.PutPolicyRequest{RequestId: "put-2", Document: policyText("capped", "name: capped; when: order.amount > 4000; action: cap; reason: TOO_MUCH; cap: 40.00 CNY")})
	require.NoError(t, err)
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, order(5_001).GetDecision(), "what was put decides nothing")

	_, err = b.ActivatePolicy(ctx, &holdfastv1.ActivatePolicyRequest{RequestId: "act-1", Version: "small"})
	require.NoError(t, err)
	later := timestamppb.New(b.config.Clock.Now().Time().Add(36e11))
	act, err := b.ActivatePolicy(ctx, &holdfastv1.ActivatePolicyRequest{RequestId: "act-2", Version: "capped", FromTime: later})
	require.NoError(t, err)
	require.Len(t, act.GetActivations(), 2)
	_, err = b.ActivatePolicy(ctx, &holdfastv1.ActivatePolicyRequest{RequestId: "act-3", Version: "default-1", Shadow: true})
	require.NoError(t, err)

	declined := order(5_001)
	require.Equal(t, []holdfastv1.DeclineReason{holdfastv1.DeclineReason_DECLINE_REASON_RISK_POLICY}, declined.GetReasons())
	require.Equal(t, "TOO_LARGE", strings.Join(declined.GetAuthorization().GetRiskReasons(), ","))
	require.Equal(t, holdfastv1.RiskAction_RISK_ACTION_DECLINE, declined.GetAuthorization().GetRiskAction())
	require.Equal(t, "small", declined.GetAuthorization().GetRiskPolicyVersion())
	approved := order(5_000)
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, approved.GetDecision())
	require.Zero(t, approved.GetAuthorization().GetRiskAction())
	events := b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_DECLINED}})
	require.Len(t, events, 1)
	require.Equal(t, []string{"TOO_LARGE"}, events[0].GetRiskReasons())

	// A restart has the same in force, and the same request the same answer.
	b.restart()
	list, err := b.ListPolicies(ctx, &holdfastv1.ListPoliciesRequest{})
	require.NoError(t, err)
	require.Equal(t, "small default-1", list.GetActiveVersion()+" "+list.GetShadowVersion())
	require.Len(t, list.GetPolicies(), 3)
	require.Empty(t, list.GetPolicies()[1].GetDocument())
	again, err := b.PutPolicy(ctx, &holdfastv1.PutPolicyRequest{RequestId: "put-1", Document: policyText("small", "name: small; when: order.amount > 5000; action: decline; reason: TOO_LARGE")})
	require.NoError(t, err)
	require.True(t, again.GetReplayed())
	require.Equal(t, holdfastv1.Decision_DECISION_DECLINED, order(5_001).GetDecision())

	b.config.Clock.AdvanceTo(b.config.Clock.Now() + 36e11)
	capped := orderOf(a, b.fresh("r"), b.fresh("o"), 5_001)
	capped.AcceptPartial = true
	resp, err := b.Authorize(ctx, capped)
	require.NoError(t, err)
	require.EqualValues(t, 4_000, resp.GetAuthorization().GetAuthorizedAmount())
	require.Equal(t, holdfastv1.RiskAction_RISK_ACTION_CAP, resp.GetAuthorization().GetRiskAction())

	// What is to be looked at is among the reviews, one at a time.
	_, err = b.PutPolicy(ctx, &holdfastv1.PutPolicyRequest{RequestId: "put-3", Document: policyText("watchful", "name: odd; when: order.amount == 777; action: review; reason: ODD_AMOUNT")})
	require.NoError(t, err)
	_, err = b.ActivatePolicy(ctx, &holdfastv1.ActivatePolicyRequest{RequestId: "act-4", Version: "watchful"})
	require.NoError(t, err)
	odd := order(777)
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, odd.GetDecision())
	require.Equal(t, holdfastv1.RiskAction_RISK_ACTION_REVIEW, odd.GetAuthorization().GetRiskAction())
	require.Equal(t, holdfastv1.RiskAction_RISK_ACTION_REVIEW, order(777).GetAuthorization().GetRiskAction())
	var reviews []*holdfastv1.Review
	for page := ""; ; {
		resp, err := b.ListReviews(ctx, &holdfastv1.ListReviewsRequest{Pending: true, PageToken: page})
		require.NoError(t, err)
		reviews = append(reviews, resp.GetReviews()...)
		if page = resp.GetNextPageToken(); page == "" {
			break
		}
	}
	require.Len(t, reviews, 1)
	require.Equal(t, odd.GetAuthorization().GetAuthorizationId(), reviews[0].GetAuthorizationId())
	require.Equal(t, "watchful: ODD_AMOUNT", reviews[0].GetStatement())
	require.Empty(t, reviews[0].GetCaller())
	_, err = b.ResolveReview(ctx, &holdfastv1.ResolveReviewRequest{
		RequestId: "res-1", ReviewId: reviews[0].GetReviewId(), Outcome: holdfastv1.ReviewOutcome_REVIEW_OUTCOME_UPHELD, Note: "a customer of long",
	})
	require.NoError(t, err)
	why, err := b.ExplainDecision(ctx, &holdfastv1.ExplainDecisionRequest{AuthorizationId: odd.GetAuthorization().GetAuthorizationId()})
	require.NoError(t, err)
	require.Equal(t, "watchful", why.GetOrder().GetPolicyVersion())

	got, err := b.GetPolicy(ctx, &holdfastv1.GetPolicyRequest{Version: "default-1"})
	require.NoError(t, err)
	require.Equal(t, policy.DefaultDocument(), got.GetPolicy().GetDocument())
	_, err = b.GetPolicy(ctx, &holdfastv1.GetPolicyRequest{Version: "nine"})
	requireReason(t, err, codes.NotFound, "POLICY_NOT_FOUND")
	_, err = b.ActivatePolicy(ctx, &holdfastv1.ActivatePolicyRequest{RequestId: "act-9", Version: "nine"})
	requireReason(t, err, codes.NotFound, "POLICY_NOT_FOUND")
	_, err = b.PutPolicy(ctx, &holdfastv1.PutPolicyRequest{RequestId: "put-9", Document: policyText("small", "name: x; when: order.amount > 1; action: review; reason: ANY")})
	requireReason(t, err, codes.AlreadyExists, "POLICY_EXISTS")
	_, err = b.PutPolicy(ctx, &holdfastv1.PutPolicyRequest{RequestId: "put-9", Document: policyText("bad", "name: x; when: order.amuont > 1; action: review; reason: ANY")})
	requireReason(t, err, codes.InvalidArgument, "INVALID_POLICY")
	require.Equal(t, []string{"document.decisions[0].when"}, fieldsOf(err))
	b.sound()
}
