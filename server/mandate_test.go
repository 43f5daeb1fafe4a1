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

// TestDeclinedMandate tells of a bill that a mandate did not pay: by whom it is known, that it may come again, and what ends it all.
func TestDeclinedMandate(t *testing.T) {
	b := billed(t, "2026-01-10", 2)
	ctx := t.Context()
	opened, err := b.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{
		RequestId: "open", ConsumerToken: "c-bills", Currency: "CNY", Limit: 50_000,
		Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_BILL, Limit: 50_000, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
	})
	require.NoError(t, err)
	account := opened.GetAccount().GetAccountId()
	setCap := func(amount int64) string {
		resp, err := b.SetMandate(ctx, &holdfastv1.SetMandateRequest{RequestId: b.fresh("m"), AccountId: account, Currency: "CNY", CarrierId: "cmcc", PhoneToken: "ph-1", MonthlyCap: amount})
		require.NoError(t, err)
		return resp.GetMandateId()
	}
	mandate := setCap(1_000)
	quote := func(amount int64) *holdfastv1.QuoteResponse {
		resp, err := b.Quote(ctx, &holdfastv1.QuoteRequest{AccountId: account, Scene: holdfastv1.Scene_SCENE_BILL, Currency: "CNY", Amount: amount,
			CarrierId: "cmcc", PhoneToken: "ph-1", BillReference: "bill-1", MandateId: mandate})
		require.NoError(t, err)
		return resp
	}
	pay := func(amount int64) *holdfastv1.AuthorizeResponse {
		resp, err := b.Authorize(ctx, &holdfastv1.AuthorizeRequest{
			RequestId: b.fresh("r"), AccountId: account, Scene: holdfastv1.Scene_SCENE_BILL, OrderId: b.fresh("bill"), CarrierId: "cmcc", PhoneToken: "ph-1",
			Currency: "CNY", Amount: amount, BillReference: "bill-1", MandateId: mandate,
		})
		require.NoError(t, err)
		return resp
	}
	mandates := func() []*holdfastv1.Mandate {
		resp, err := b.ListMandates(ctx, &holdfastv1.ListMandatesRequest{AccountId: account})
		require.NoError(t, err)
		return resp.GetMandates()
	}
	require.Equal(t, []holdfastv1.DeclineReason{holdfastv1.DeclineReason_DECLINE_REASON_MANDATE_LIMIT}, quote(1_200).GetReasons())
	declined := pay(1_200).GetAuthorization()
	require.Equal(t, declined.GetAuthorizationId(), mandates()[0].GetDeclinedAuthorizationId())
	require.EqualValues(t, 1, mandates()[0].GetDeclinesInARow())
	told := b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_DECLINED}})
	require.Len(t, told, 1)
	require.Equal(t, mandate, told[0].GetMandateId(), "so the consumer can be told")
	require.Equal(t, "bill-1", told[0].GetBillReference())

	require.Equal(t, mandate, setCap(1_500))
	require.Empty(t, quote(1_200).GetReasons())
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, pay(1_200).GetDecision(), "the same bill in the same month, by another order")
	require.Empty(t, mandates()[0].GetDeclinedAuthorizationId())
	require.Len(t, quote(1_200).GetReasons(), 2, "and then it is paid")

	b.on("2026-02-10")
	require.Equal(t, holdfastv1.Decision_DECISION_DECLINED, pay(2_000).GetDecision())
	var bills []*holdfastv1.Authorization
	for token := ""; ; {
		page, err := b.ListAuthorizations(ctx, &holdfastv1.ListAuthorizationsRequest{AccountId: account, MandateId: mandate, PageSize: 1, PageToken: token})
		require.NoError(t, err)
		bills = append(bills, page.GetAuthorizations()...)
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	require.Len(t, bills, 3, "the history of a mandate is its bills")

	_, err = b.CloseLine(ctx, &holdfastv1.CloseLineRequest{RequestId: "cl", AccountId: account, Scene: holdfastv1.Scene_SCENE_BILL, Reason: "asked"})
	require.NoError(t, err)
	got, err := b.GetAccount(ctx, &holdfastv1.GetAccountRequest{AccountId: account})
	require.NoError(t, err)
	require.Empty(t, got.GetAccount().GetMandates())
	require.Equal(t, "2026-02-10", mandates()[0].GetEndDate())
	require.Equal(t, "line closed", mandates()[0].GetEndReason())
	ends := b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_MANDATE_ENDED}})
	require.Len(t, ends, 1)
	require.Equal(t, mandate, ends[0].GetMandateId())
	b.restart()
	require.Equal(t, "line closed", mandates()[0].GetEndReason())
	b.sound()
}
