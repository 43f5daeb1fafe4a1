package server

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestMandates pays a phone's bill by a mandate: once a month, up to its cap.
func TestMandates(t *testing.T) {
	b := billed(t, "2026-01-10", 2)
	ctx := t.Context()
	opened, err := b.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{
		RequestId: "open", ConsumerToken: "c-bills", Currency: "CNY", Limit: 50_000,
		Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_BILL, Limit: 50_000, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
	})
	require.NoError(t, err)
	account := opened.GetAccount().GetAccountId()
	set := &holdfastv1.SetMandateRequest{RequestId: "m1", AccountId: account, Currency: "CNY", CarrierId: "cmcc", PhoneToken: "ph-1", MonthlyCap: 10_000}
	mandate, err := b.SetMandate(ctx, set)
	require.NoError(t, err)
	require.Equal(t, "2026-01-10", mandate.GetAccount().GetMandates()[0].GetSince())

	pay := func(month string, amount int64) *holdfastv1.AuthorizeResponse {
		resp, err := b.Authorize(ctx, &holdfastv1.AuthorizeRequest{
			RequestId: b.fresh("r"), AccountId: account, Scene: holdfastv1.Scene_SCENE_BILL, OrderId: b.fresh("bill"), CarrierId: "cmcc", PhoneToken: "ph-1",
			Currency: "CNY", Amount: amount, BillReference: "bill-" + month, MandateId: mandate.GetMandateId(),
		})
		require.NoError(t, err)
		return resp
	}
	over := []holdfastv1.DeclineReason{holdfastv1.DeclineReason_DECLINE_REASON_MANDATE_LIMIT}
	require.Equal(t, over, pay("2026-01", 10_001).GetReasons())
	paid := pay("2026-01", 9_000).GetAuthorization()
	require.Equal(t, "bill-2026-01", paid.GetBillReference())
	require.Equal(t, mandate.GetMandateId(), paid.GetMandateId())
	require.Equal(t, over, pay("2026-01b", 10).GetReasons(), "one bill a month")
	twice := []holdfastv1.DeclineReason{holdfastv1.DeclineReason_DECLINE_REASON_MANDATE_LIMIT, holdfastv1.DeclineReason_DECLINE_REASON_BILL_ALREADY_PAID}
	require.Equal(t, twice, pay("2026-01", 10).GetReasons(), "and a bill once")
	_, err = b.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: "cap", AuthorizationId: paid.GetAuthorizationId(), Currency: "CNY", Final: true})
	require.NoError(t, err)

	b.on("2026-02-01")
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, pay("2026-02", 9_500).GetDecision())
	got, err := b.GetAccount(ctx, &holdfastv1.GetAccountRequest{AccountId: account})
	require.NoError(t, err)
	require.Equal(t, "2026-02", got.GetAccount().GetMandates()[0].GetLastMonth())
	require.NotEmpty(t, got.GetAccount().GetMandates()[0].GetLastAuthorizationId())

	b.on("2026-02-05")
	statement, err := b.GetStatement(ctx, &holdfastv1.GetStatementRequest{AccountId: account})
	require.NoError(t, err)
	require.Equal(t, "bill-2026-01", statement.GetCaptures()[0].GetBillReference())

	ended, err := b.EndMandate(ctx, &holdfastv1.EndMandateRequest{RequestId: "m2", MandateId: mandate.GetMandateId(), Reason: "asked"})
	require.NoError(t, err)
	require.Empty(t, ended.GetAccount().GetMandates())
	again, err := b.SetMandate(ctx, set)
	require.NoError(t, err)
	require.True(t, again.GetReplayed())
	require.Equal(t, mandate.GetMandateId(), again.GetMandateId())
	_, err = b.EndMandate(ctx, &holdfastv1.EndMandateRequest{RequestId: "m3", MandateId: mandate.GetMandateId(), Reason: "asked"})
	requireReason(t, err, codes.NotFound, "MANDATE_NOT_FOUND")

	_, err = b.Authorize(ctx, &holdfastv1.AuthorizeRequest{
		RequestId: "x", AccountId: account, Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: "x", CarrierId: "cmcc", PhoneToken: "ph-1", Currency: "CNY", Amount: 1,
		BillReference: "bad ref", MandateId: "mdt_1",
	})
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	require.ErrorContains(t, err, "bill_reference")
	require.ErrorContains(t, err, "mandate_id")
}
