package server

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// TestBillingFieldsAreNamed sends what is malformed: the error names each field at fault.
func TestBillingFieldsAreNamed(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	a := b.account(1_000)
	other := b.account(1_000)
	ctx, id := t.Context(), a.GetAccountId()
	otherID, err := ledger.ParseAccountID(other.GetAccountId())
	require.NoError(t, err)
	for _, c := range []struct {
		name   string
		fields string
		call   func() error
	}{
		{"GetBilling", "account_id", func() error { _, err := b.GetBilling(ctx, &holdfastv1.GetBillingRequest{}); return err }},
		{"GetStatement", "account_id,opening_date", func() error {
			_, err := b.GetStatement(ctx, &holdfastv1.GetStatementRequest{AccountId: "acc", OpeningDate: "2026-02-30"})
			return err
		}},
		{"ListStatements", "page_size,page_token", func() error {
			_, err := b.ListStatements(ctx, &holdfastv1.ListStatementsRequest{AccountId: id, PageSize: -1, PageToken: "x"})
			return err
		}},
		{"ListItems", "page_token", func() error {
			_, err := b.ListItems(ctx, &holdfastv1.ListItemsRequest{AccountId: id, PageToken: ledger.ItemID{Account: otherID, N: 1}.String()})
			return err
		}},
		{"GetPayoff", "date", func() error {
			_, err := b.GetPayoff(ctx, &holdfastv1.GetPayoffRequest{AccountId: id, Date: "tomorrow"})
			return err
		}},
		{"Quote", "scene,currency,amount,plan.method,plan.months", func() error {
			_, err := b.Quote(ctx, &holdfastv1.QuoteRequest{AccountId: id, Plan: &holdfastv1.PlanChoice{Months: 61}})
			return err
		}},
		{"PostRepayment", "request_id,account_id,currency,amount,value_date,reference", func() error {
			_, err := b.PostRepayment(ctx, &holdfastv1.PostRepaymentRequest{ValueDate: "x", Reference: strings.Repeat("x", 201)})
			return err
		}},
		{"ReverseRepayment", "repayment_id,request_id,reason", func() error {
			_, err := b.ReverseRepayment(ctx, &holdfastv1.ReverseRepaymentRequest{RepaymentId: id})
			return err
		}},
		{"RefundCreditBalance", "request_id,currency,amount", func() error {
			_, err := b.RefundCreditBalance(ctx, &holdfastv1.RefundCreditBalanceRequest{AccountId: id, Currency: "yuan", Amount: -1})
			return err
		}},
		{"ReportCollection", "collection_id,request_id,outcome", func() error {
			_, err := b.ReportCollection(ctx, &holdfastv1.ReportCollectionRequest{})
			return err
		}},
		{"ReportCollection, failed", "collection_id,request_id,reason,value_date,reference", func() error {
			_, err := b.ReportCollection(ctx, &holdfastv1.ReportCollectionRequest{Outcome: 2, ValueDate: "2026-01-01", Reference: "x"})
			return err
		}},
		{"ReportCollection, succeeded", "collection_id,request_id,value_date,reason", func() error {
			_, err := b.ReportCollection(ctx, &holdfastv1.ReportCollectionRequest{Outcome: 1, ValueDate: "x", Reason: "x"})
			return err
		}},
		{"WaiveCharges", "part,request_id,opening_date,reason", func() error {
			_, err := b.WaiveCharges(ctx, &holdfastv1.WaiveChargesRequest{AccountId: id, Currency: "CNY", Part: holdfastv1.AmountPart_AMOUNT_PART_PRINCIPAL})
			return err
		}},
		{"PausePenalty", "request_id,from,to,reason", func() error {
			_, err := b.PausePenalty(ctx, &holdfastv1.PausePenaltyRequest{AccountId: id})
			return err
		}},
		{"ReageDebt", "request_id,reason,windows", func() error {
			_, err := b.ReageDebt(ctx, &holdfastv1.ReageDebtRequest{AccountId: id, Windows: 25})
			return err
		}},
		{"PlanStatement", "request_id,opening_date,plan", func() error {
			_, err := b.PlanStatement(ctx, &holdfastv1.PlanStatementRequest{AccountId: id})
			return err
		}},
		{"PayOffPlan", "plan_id", func() error {
			_, err := b.PayOffPlan(ctx, &holdfastv1.PayOffPlanRequest{RequestId: "r", AccountId: id, PlanId: ledger.PlanID{Account: otherID, N: 1}.String()})
			return err
		}},
		{"AcceptTerms", "request_id,terms_version", func() error {
			_, err := b.AcceptTerms(ctx, &holdfastv1.AcceptTermsRequest{AccountId: id})
			return err
		}},
		{"SetStatementDay", "statement_day", func() error {
			_, err := b.SetStatementDay(ctx, &holdfastv1.SetStatementDayRequest{RequestId: "r", AccountId: id, StatementDay: 29})
			return err
		}},
		{"SetCollectionChannel", "collection_channel", func() error {
			_, err := b.SetCollectionChannel(ctx, &holdfastv1.SetCollectionChannelRequest{RequestId: "r", AccountId: id})
			return err
		}},
		{"StreamCollections", "cursor,channel", func() error {
			stream, err := b.StreamCollections(ctx, &holdfastv1.StreamCollectionsRequest{Cursor: "x", Channel: 9})
			require.NoError(t, err)
			_, err = stream.Recv()
			return err
		}},
		{"OpenAccount", "request_id,consumer_token,currency,terms_version,statement_day,collection_channel", func() error {
			_, err := b.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{TermsVersion: "a b", StatementDay: -1, CollectionChannel: 4})
			return err
		}},
		{"PutTerms", "request_id,document", func() error { _, err := b.PutTerms(ctx, &holdfastv1.PutTermsRequest{}); return err }},
		{"GetTerms", "version", func() error { _, err := b.GetTerms(ctx, &holdfastv1.GetTermsRequest{}); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.call()
			requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
			require.Equal(t, c.fields, strings.Join(fieldsOf(err), ","))
		})
	}
}

// fieldsOf are the fields that an error names, in its order.
func fieldsOf(err error) (fields []string) {
	for _, detail := range status.Convert(err).Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		}
	}
	return fields
}

// TestBillingReasons provokes what can be wrong with a request that is well formed.
func TestBillingReasons(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	ctx := t.Context()
	a := b.account(100_000)
	id := a.GetAccountId()
	b.charged(a, 30_000, nil)
	b.on("2026-02-20") // four days past due
	number, err := ledger.ParseAccountID(id)
	require.NoError(t, err)
	_, err = b.PutTerms(ctx, &holdfastv1.PutTermsRequest{RequestId: "put", Document: strings.ReplaceAll(termsText(t, "default-1", "shillings"), "CNY", "KES")})
	require.NoError(t, err)
	none := ledger.ItemID{Account: number, N: 99}.String()
	issued := b.billing(a).GetPendingCollections()[0].GetCollectionId()
	pay := func(valueDate string) error {
		_, err := b.PostRepayment(ctx, &holdfastv1.PostRepaymentRequest{RequestId: b.fresh("pay"), AccountId: id, Currency: "CNY", Amount: 1, ValueDate: valueDate})
		return err
	}
	waive := func(window string, amount int64) error {
		_, err := b.WaiveCharges(ctx, &holdfastv1.WaiveChargesRequest{
			RequestId: b.fresh("wai"), AccountId: id, Currency: "CNY", OpeningDate: window, Part: holdfastv1.AmountPart_AMOUNT_PART_PENALTY, Amount: amount, Reason: "x",
		})
		return err
	}
	pause := func(from, to string) error {
		_, err := b.PausePenalty(ctx, &holdfastv1.PausePenaltyRequest{RequestId: b.fresh("pau"), AccountId: id, From: from, To: to, Reason: "x"})
		return err
	}
	accept := func(version string) error {
		_, err := b.AcceptTerms(ctx, &holdfastv1.AcceptTermsRequest{RequestId: b.fresh("acc"), AccountId: id, TermsVersion: version})
		return err
	}
	refund := func(amount int64) error {
		_, err := b.RefundCreditBalance(ctx, &holdfastv1.RefundCreditBalanceRequest{RequestId: b.fresh("out"), AccountId: id, Currency: "CNY", Amount: amount})
		return err
	}
	for _, c := range []struct {
		reason  string
		code    codes.Code
		provoke func() error
	}{
		{"STATEMENT_NOT_FOUND", codes.NotFound, func() error {
			_, err := b.GetStatement(ctx, &holdfastv1.GetStatementRequest{AccountId: id, OpeningDate: "2026-01-06"})
			return err
		}},
		{"DAY_OUT_OF_RANGE", codes.InvalidArgument, func() error {
			_, err := b.GetPayoff(ctx, &holdfastv1.GetPayoffRequest{AccountId: id, Date: "2026-02-19"})
			return err
		}},
		{"CURRENCY_MISMATCH", codes.InvalidArgument, func() error {
			_, err := b.Quote(ctx, &holdfastv1.QuoteRequest{AccountId: id, Scene: 1, Currency: "USD", Amount: 1})
			return err
		}},
		{"ACCOUNT_NOT_FOUND", codes.NotFound, func() error {
			_, err := b.GetBilling(ctx, &holdfastv1.GetBillingRequest{AccountId: "acc_00000000000zz"})
			return err
		}},
		{"VALUE_DATE_IN_FUTURE", codes.InvalidArgument, func() error { return pay("2026-02-21") }},
		{"VALUE_DATE_TOO_EARLY", codes.InvalidArgument, func() error { return pay("2026-01-30") }},
		{"ITEM_NOT_FOUND", codes.NotFound, func() error {
			_, err := b.ReverseRepayment(ctx, &holdfastv1.ReverseRepaymentRequest{RequestId: "rev", RepaymentId: none, Reason: "x"})
			return err
		}},
		{"ITEM_NOT_FOUND", codes.NotFound, func() error { // a collection is no repayment
			_, err := b.ReverseRepayment(ctx, &holdfastv1.ReverseRepaymentRequest{RequestId: "rev", RepaymentId: issued, Reason: "x"})
			return err
		}},
		{"ITEM_NOT_FOUND", codes.NotFound, func() error {
			_, err := b.ReportCollection(ctx, &holdfastv1.ReportCollectionRequest{RequestId: "rep", CollectionId: none, Outcome: 1})
			return err
		}},
		{"NO_CREDIT_BALANCE", codes.FailedPrecondition, func() error { return refund(0) }},
		{"NOTHING_OWED", codes.FailedPrecondition, func() error { return waive("2025-01-05", 1) }},
		{"WAIVES_TOO_MUCH", codes.InvalidArgument, func() error { return waive("2026-01-05", 61) }},
		{"DAY_PASSED", codes.InvalidArgument, func() error { return pause("2026-02-19", "2026-03-01") }},
		{"DAYS_OUT_OF_ORDER", codes.InvalidArgument, func() error { return pause("2026-03-02", "2026-03-01") }},
		{"TERMS_NOT_FOUND", codes.NotFound, func() error { return accept("nobodys") }},
		{"TERMS_CURRENCY_MISMATCH", codes.FailedPrecondition, func() error { return accept("shillings") }},
		{"PLAN_NOT_FOUND", codes.NotFound, func() error {
			_, err := b.PayOffPlan(ctx, &holdfastv1.PayOffPlanRequest{RequestId: "off", AccountId: id})
			return err
		}},
		{"DUE_DATE_PASSED", codes.FailedPrecondition, func() error {
			_, err := b.PlanStatement(ctx, &holdfastv1.PlanStatementRequest{RequestId: "pln", AccountId: id, OpeningDate: "2026-01-05", Plan: flat3})
			return err
		}},
		{"NOTHING_OVERDUE", codes.FailedPrecondition, func() error {
			require.NoError(t, pay(""))
			b.repaid(a, 50_000)
			_, err := b.ReageDebt(ctx, &holdfastv1.ReageDebtRequest{RequestId: "age", AccountId: id, Windows: 2, Reason: "x"})
			return err
		}},
		{"EXCEEDS_CREDIT_BALANCE", codes.InvalidArgument, func() error { return refund(1e9) }},
	} {
		t.Run(c.reason, func(t *testing.T) { requireReason(t, c.provoke(), c.code, c.reason) })
	}
	b.sound()
}
