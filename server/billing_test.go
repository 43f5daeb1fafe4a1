package server

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// noon is an instant of a day, YYYY-MM-DD, in the zone of books.
func noon(t testing.TB, day string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation(DefaultZone)
	require.NoError(t, err)
	at, err := time.ParseInLocation(time.DateTime, day+" 12:00:00", zone)
	require.NoError(t, err)
	return at
}

// billed is a book whose virtual clock begins at noon of a day.
func billed(t testing.TB, day string, shards int) *book {
	return serveBook(t, Config{Clock: VirtualClock(noon(t, day)), Shards: shards})
}

// on moves the clock to noon of a day.
func (b *book) on(day string) {
	b.t.Helper()
	_, err := b.AdvanceClock(b.t.Context(), &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(noon(b.t, day))}})
	require.NoError(b.t, err)
}

// charged charges an amount of a new order, which must be approved.
func (b *book) charged(a *holdfastv1.Account, amount int64, plan *holdfastv1.PlanChoice) *holdfastv1.ChargeResponse {
	b.t.Helper()
	o := orderOf(a, b.fresh("r"), b.fresh("order"), amount)
	resp, err := b.Charge(b.t.Context(), &holdfastv1.ChargeRequest{
		RequestId: o.GetRequestId(), AccountId: o.GetAccountId(), Scene: o.GetScene(), OrderId: o.GetOrderId(), CarrierId: o.GetCarrierId(),
		PhoneToken: o.GetPhoneToken(), Currency: o.GetCurrency(), Amount: amount, Plan: plan,
	})
	require.NoError(b.t, err)
	require.Equal(b.t, holdfastv1.Decision_DECISION_APPROVED, resp.GetDecision(), "%v", resp.GetReasons())
	return resp
}

func (b *book) billing(a *holdfastv1.Account) *holdfastv1.Billing {
	b.t.Helper()
	resp, err := b.GetBilling(b.t.Context(), &holdfastv1.GetBillingRequest{AccountId: a.GetAccountId()})
	require.NoError(b.t, err)
	return resp.GetBilling()
}

// repaid posts a payment of today.
func (b *book) repaid(a *holdfastv1.Account, amount int64) *holdfastv1.PostRepaymentResponse {
	b.t.Helper()
	resp, err := b.PostRepayment(b.t.Context(), &holdfastv1.PostRepaymentRequest{RequestId: b.fresh("pay"), AccountId: a.GetAccountId(), Currency: "CNY", Amount: amount})
	require.NoError(b.t, err)
	return resp
}

// collections are all collections of the book until now, after a cursor.
func (b *book) collections(r *holdfastv1.StreamCollectionsRequest) (list []*holdfastv1.StreamCollectionsResponse) {
	b.t.Helper()
	r.UntilNow = true
	stream, err := b.StreamCollections(b.t.Context(), r)
	require.NoError(b.t, err)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(b.t, err)
		list = append(list, m)
	}
}

var flat3 = &holdfastv1.PlanChoice{Method: holdfastv1.PlanMethod_PLAN_METHOD_FLAT_FEE, Months: 3}

// TestALifeOfDebt follows one account from its first order to the last payment, over a connection.
func TestALifeOfDebt(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	ctx := t.Context()
	a := b.account(100_000)
	require.EqualValues(t, 5, a.GetStatementDay())
	require.Equal(t, "default-1", a.GetTermsVersion())
	require.Equal(t, holdfastv1.CollectionChannel_COLLECTION_CHANNEL_DIRECT_DEBIT, a.GetCollectionChannel())
	require.Nil(t, b.billing(a).GetOpenWindow(), "nothing has happened yet")

	order := b.held(a, 12_000)
	captured, err := b.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: "cap", AuthorizationId: order.GetAuthorizationId(), Currency: "CNY", Final: true})
	require.NoError(t, err)
	open := b.billing(a).GetOpenWindow()
	require.Equal(t, "2026-01-05 2026-02-04 2026-02-16", open.GetOpeningDate()+" "+open.GetClosingDate()+" "+open.GetDueDate())
	require.EqualValues(t, 12_000, open.GetOwed().GetTotal())
	require.EqualValues(t, 12_000, open.GetChanges().GetPurchases())

	b.on("2026-02-05")
	got, err := b.GetStatement(ctx, &holdfastv1.GetStatementRequest{AccountId: a.GetAccountId(), OpeningDate: "2026-01-05"})
	require.NoError(t, err)
	s := got.GetStatement()
	require.EqualValues(t, 12_000, s.GetTotalDue())
	require.EqualValues(t, 12_000, s.GetMinimumDue())
	require.EqualValues(t, 1, s.GetNumber())
	require.Equal(t, "2026-02-16", s.GetDueDate())
	require.Equal(t, "18.25", s.GetPenaltyAnnualRate())
	require.Equal(t, "0.00", s.GetInterestAnnualRate())
	require.Len(t, got.GetCaptures(), 1)
	require.Equal(t, captured.GetCaptureId(), got.GetCaptures()[0].GetCaptureId())
	require.Equal(t, order.GetOrderId(), got.GetCaptures()[0].GetOrderId())
	require.EqualValues(t, 12_000, got.GetDebt().GetOwed().GetTotal())
	newest, err := b.GetBilling(ctx, &holdfastv1.GetBillingRequest{AccountId: a.GetAccountId()})
	require.NoError(t, err)
	require.EqualExportedValues(t, s, newest.GetLatestStatement())

	// A part is paid; the rest is collected on the due date, fails, and is collected again.
	paid := b.repaid(a, 2_000)
	require.EqualValues(t, 10_000, paid.GetBilling().GetBilledAmount())
	require.Equal(t, holdfastv1.ItemKind_ITEM_KIND_REPAYMENT_POSTED, paid.GetItem().GetKind())
	require.Equal(t, paid.GetRepaymentId(), paid.GetItem().GetItemId())
	require.Empty(t, b.collections(&holdfastv1.StreamCollectionsRequest{}))
	b.on("2026-02-16")
	issued := b.collections(&holdfastv1.StreamCollectionsRequest{})
	require.Len(t, issued, 1)
	first := issued[0].GetCollection()
	require.EqualValues(t, 10_000, first.GetAmount())
	require.EqualValues(t, 1, first.GetAttempt())
	require.Equal(t, []string{"2026-01-05", "2026-02-16", a.GetAccountId()}, []string{first.GetOpeningDate(), first.GetDay(), first.GetAccountId()})
	require.Equal(t, first.GetCollectionId(), b.billing(a).GetPendingCollections()[0].GetCollectionId())
	failure := &holdfastv1.ReportCollectionRequest{
		RequestId: "rep-1", CollectionId: first.GetCollectionId(), Outcome: holdfastv1.CollectionOutcome_COLLECTION_OUTCOME_FAILED, Reason: "no funds",
	}
	reported, err := b.ReportCollection(ctx, failure)
	require.NoError(t, err)
	require.Empty(t, reported.GetBilling().GetPendingCollections())
	again, err := b.ReportCollection(ctx, failure)
	require.NoError(t, err)
	require.True(t, again.GetReplayed())
	require.Equal(t, reported.GetItem().GetItemId(), again.GetItem().GetItemId())
	failure.RequestId, failure.Outcome, failure.Reason = "rep-2", holdfastv1.CollectionOutcome_COLLECTION_OUTCOME_SUCCEEDED, ""
	_, err = b.ReportCollection(ctx, failure)
	requireReason(t, err, codes.FailedPrecondition, "COLLECTION_REPORTED")

	b.on("2026-02-17")
	late := b.billing(a)
	require.EqualValues(t, 1, late.GetDaysPastDue())
	require.Equal(t, "M1", late.GetBucket())
	require.EqualValues(t, 5, late.GetDebts()[0].GetOwed().GetPenalty(), "10,000 for a day at 0.05 %%")
	require.EqualValues(t, 10_005, late.GetOverdueAmount())
	require.True(t, late.GetAuthorizationsStopped())
	refused, err := b.Authorize(ctx, orderOf(a, b.fresh("r"), b.fresh("o"), 1))
	require.NoError(t, err)
	require.Equal(t, []holdfastv1.DeclineReason{holdfastv1.DeclineReason_DECLINE_REASON_ACCOUNT_DELINQUENT}, refused.GetReasons())
	payoff, err := b.GetPayoff(ctx, &holdfastv1.GetPayoffRequest{AccountId: a.GetAccountId(), Date: "2026-02-18"})
	require.NoError(t, err)
	require.EqualValues(t, 10_010, payoff.GetPayoff().GetTotal())

	retried := b.collections(&holdfastv1.StreamCollectionsRequest{Cursor: issued[0].GetCursor()})
	require.Len(t, retried, 1)
	second := retried[0].GetCollection()
	require.EqualValues(t, 2, second.GetAttempt())
	success := &holdfastv1.ReportCollectionRequest{
		RequestId: "rep-3", CollectionId: second.GetCollectionId(), Outcome: holdfastv1.CollectionOutcome_COLLECTION_OUTCOME_SUCCEEDED,
		ValueDate: "2026-02-16", Reference: "bank-1",
	}
	reported, err = b.ReportCollection(ctx, success)
	require.NoError(t, err)
	require.Empty(t, reported.GetBilling().GetDebts())
	require.EqualValues(t, 5, reported.GetBilling().GetCreditBalance(), "by its value date no penalty had accrued")
	require.Equal(t, second.GetCollectionId(), reported.GetItem().GetAboutItemId())
	require.Zero(t, reported.GetBilling().GetDaysPastDue())
	require.Empty(t, b.collections(&holdfastv1.StreamCollectionsRequest{Channel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_CARRIER}))

	// Since then the statement has items against it, and is what it was.
	got, err = b.GetStatement(ctx, &holdfastv1.GetStatementRequest{AccountId: a.GetAccountId(), OpeningDate: "2026-01-05"})
	require.NoError(t, err)
	require.EqualExportedValues(t, s, got.GetStatement())
	require.Nil(t, got.GetDebt())
	require.Empty(t, got.GetItems())
	var kinds []string
	for _, i := range got.GetLaterItems() {
		kinds = append(kinds, strings.TrimPrefix(i.GetKind().String(), "ITEM_KIND_")+" "+strings.TrimPrefix(i.GetOutcome().String(), "ITEM_OUTCOME_"))
	}
	require.Equal(t, []string{
		"REPAYMENT_POSTED SUCCEEDED", "COLLECTION_ISSUED FAILED", "COLLECTION_FAILED SUCCEEDED", "COLLECTION_ISSUED SUCCEEDED", "REPAYMENT_POSTED SUCCEEDED",
	}, kinds)

	// The credit pays a purchase; a plan begins; the payment bounces.
	bought := b.charged(a, 10_000, flat3)
	require.Equal(t, "0.8", bought.GetAuthorization().GetPlan().GetMonthlyFeePercent())
	now := b.billing(a)
	require.Zero(t, now.GetCreditBalance())
	require.Len(t, now.GetPlans(), 1)
	plan := now.GetPlans()[0]
	require.EqualValues(t, 9_995, plan.GetPrincipal())
	require.Len(t, plan.GetInstallments(), 3)
	require.Equal(t, "2026-03-19", plan.GetInstallments()[0].GetDueDate())
	require.Equal(t, bought.GetAuthorization().GetAuthorizationId(), plan.GetAuthorizationId())
	require.NotEmpty(t, plan.GetNominalAnnualRate())
	bounced, err := b.ReverseRepayment(ctx, &holdfastv1.ReverseRepaymentRequest{RequestId: "rev", RepaymentId: reported.GetItem().GetItemId(), Reason: "returned"})
	require.NoError(t, err)
	require.EqualValues(t, 10_000, bounced.GetBilling().GetDebts()[0].GetOwed().GetPrincipal())
	_, err = b.ReverseRepayment(ctx, &holdfastv1.ReverseRepaymentRequest{RequestId: "rev-2", RepaymentId: reported.GetItem().GetItemId(), Reason: "returned"})
	requireReason(t, err, codes.FailedPrecondition, "REPAYMENT_REVERSED")
	restored := bounced.GetBilling().GetDebts()[0]
	require.EqualValues(t, 5, restored.GetOwed().GetPenalty(), "for the day since the value date")
	require.EqualValues(t, 5, bounced.GetBilling().GetOpenWindow().GetOwed().GetTotal(), "what it had put to the credit balance is spent")
	waived, err := b.WaiveCharges(ctx, &holdfastv1.WaiveChargesRequest{
		RequestId: "waive", AccountId: a.GetAccountId(), Currency: "CNY", OpeningDate: restored.GetOpeningDate(), Part: holdfastv1.AmountPart_AMOUNT_PART_PENALTY, Reason: "bank's fault",
	})
	require.NoError(t, err)
	require.Zero(t, waived.GetBilling().GetDebts()[0].GetOwed().GetPenalty())
	off, err := b.PayOffPlan(ctx, &holdfastv1.PayOffPlanRequest{RequestId: "off", AccountId: a.GetAccountId(), PlanId: plan.GetPlanId()})
	require.NoError(t, err)
	require.Equal(t, plan.GetPlanId(), off.GetItem().GetPlanId())
	require.Empty(t, off.GetBilling().GetPlans())
	require.EqualValues(t, 20_000, off.GetBilling().GetBalance())
	require.EqualValues(t, -100, b.repaid(a, 20_000+100).GetBilling().GetBalance())
	out, err := b.RefundCreditBalance(ctx, &holdfastv1.RefundCreditBalanceRequest{RequestId: "out", AccountId: a.GetAccountId(), Currency: "CNY"})
	require.NoError(t, err)
	require.EqualValues(t, 100, out.GetItem().GetAmount())
	require.Zero(t, out.GetBilling().GetBalance())
	b.sound()
	b.restart()
	b.sound()
	require.Zero(t, b.billing(a).GetBalance())
}

// TestHardship spreads a debt, pauses penalty, and converts a statement.
func TestHardship(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	ctx := t.Context()
	a := b.account(100_000)
	b.charged(a, 30_000, nil)
	b.on("2026-02-06")
	planned, err := b.PlanStatement(ctx, &holdfastv1.PlanStatementRequest{RequestId: "plan", AccountId: a.GetAccountId(), OpeningDate: "2026-01-05", Plan: flat3})
	require.NoError(t, err)
	require.Empty(t, planned.GetBilling().GetDebts())
	require.EqualValues(t, 30_000, planned.GetBilling().GetUnbilledPrincipal())
	require.Equal(t, "2026-01-05", planned.GetBilling().GetPlans()[0].GetOpeningDate())
	require.Equal(t, planned.GetItem().GetPlanId(), planned.GetBilling().GetPlans()[0].GetPlanId())

	b.on("2026-03-06")
	got, err := b.GetStatement(ctx, &holdfastv1.GetStatementRequest{AccountId: a.GetAccountId()})
	require.NoError(t, err)
	require.Len(t, got.GetInstallments(), 1)
	line := got.GetInstallments()[0]
	require.EqualValues(t, []int64{1, 3, 10_000, 240, 20_000}, []int64{int64(line.GetNumber()), int64(line.GetOf()), line.GetPrincipal(), line.GetFee(), line.GetOutstandingPrincipal()})
	plan := b.billing(a).GetPlans()[0]
	require.Equal(t, plan.GetNominalAnnualRate(), line.GetNominalAnnualRate())
	require.Equal(t, "14.34", line.GetNominalAnnualRate(), "0.8 %% a month over 3, as holdfast apr has it")
	require.Equal(t, []bool{true, false, false}, []bool{plan.GetInstallments()[0].GetBilled(), plan.GetInstallments()[1].GetBilled(), plan.GetInstallments()[2].GetBilled()})
	require.Equal(t, []string{"2026-03-19", "2026-04-16", "2026-05-17"}, []string{
		plan.GetInstallments()[0].GetDueDate(), plan.GetInstallments()[1].GetDueDate(), plan.GetInstallments()[2].GetDueDate(),
	})
	all, err := b.ListStatements(ctx, &holdfastv1.ListStatementsRequest{AccountId: a.GetAccountId(), PageSize: 1})
	require.NoError(t, err)
	require.Len(t, all.GetStatements(), 1)
	require.Equal(t, "2026-02-05", all.GetStatements()[0].GetOpeningDate())
	more, err := b.ListStatements(ctx, &holdfastv1.ListStatementsRequest{AccountId: a.GetAccountId(), PageSize: 1, PageToken: all.GetNextPageToken()})
	require.NoError(t, err)
	require.Equal(t, "2026-01-05", more.GetStatements()[0].GetOpeningDate())
	require.Empty(t, more.GetNextPageToken())

	b.on("2026-04-01") // 13 days past due
	paused, err := b.PausePenalty(ctx, &holdfastv1.PausePenaltyRequest{RequestId: "pause", AccountId: a.GetAccountId(), From: "2026-04-02", To: "2026-04-30", Reason: "hardship"})
	require.NoError(t, err)
	require.Len(t, paused.GetBilling().GetPenaltyPauses(), 1)
	penalty := b.billing(a).GetDebts()[0].GetOwed().GetPenalty()
	require.EqualValues(t, 65, penalty, "10,000 for 13 days")
	b.on("2026-04-04")
	require.Equal(t, penalty, b.billing(a).GetDebts()[0].GetOwed().GetPenalty())
	reaged, err := b.ReageDebt(ctx, &holdfastv1.ReageDebtRequest{RequestId: "age", AccountId: a.GetAccountId(), Windows: 4, Reason: "hardship"})
	require.NoError(t, err)
	require.Zero(t, reaged.GetBilling().GetOverdueAmount())
	require.Zero(t, reaged.GetBilling().GetDaysPastDue())
	require.Len(t, reaged.GetBilling().GetPlans(), 2)
	items, err := b.ListItems(ctx, &holdfastv1.ListItemsRequest{AccountId: a.GetAccountId(), PageSize: 2})
	require.NoError(t, err)
	require.Len(t, items.GetItems(), 2)
	require.Equal(t, reaged.GetItem().GetItemId(), items.GetItems()[0].GetItemId())
	rest, err := b.ListItems(ctx, &holdfastv1.ListItemsRequest{AccountId: a.GetAccountId(), PageToken: items.GetNextPageToken()})
	require.NoError(t, err)
	require.NotEmpty(t, rest.GetItems())
	require.Empty(t, rest.GetNextPageToken())
	b.sound()
}

// TestSettingsOfAnAccount opens an account with settings, and changes them.
func TestSettingsOfAnAccount(t *testing.T) {
	b := billed(t, "2026-01-10", 1)
	ctx := t.Context()
	resp, err := b.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{
		RequestId: "open", ConsumerToken: "c", Currency: "CNY", Limit: 1_000, TermsVersion: "default-1", StatementDay: 20,
		CollectionChannel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_MANUAL,
		Lines:             []*holdfastv1.LineOpening{{Scene: 1, Limit: 1_000, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
	})
	require.NoError(t, err)
	a := resp.GetAccount()
	require.EqualValues(t, 20, a.GetStatementDay())
	require.Equal(t, holdfastv1.CollectionChannel_COLLECTION_CHANNEL_MANUAL, a.GetCollectionChannel())
	b.charged(a, 100, nil)
	require.Equal(t, "2025-12-20", b.billing(a).GetOpenWindow().GetOpeningDate())

	set, err := b.SetStatementDay(ctx, &holdfastv1.SetStatementDayRequest{RequestId: "day", AccountId: a.GetAccountId(), StatementDay: 3})
	require.NoError(t, err)
	require.EqualValues(t, 20, set.GetBilling().GetStatementDay())
	require.EqualValues(t, 3, set.GetBilling().GetNextStatementDay())
	require.Equal(t, "2026-01-20", set.GetBilling().GetNextStatementDayFrom())
	quote, err := b.Quote(ctx, &holdfastv1.QuoteRequest{AccountId: a.GetAccountId(), Scene: 1, Currency: "CNY", Amount: 10_000, Plan: flat3})
	require.NoError(t, err)
	days := make([]string, 0, 3)
	for _, i := range quote.GetInstallments() {
		days = append(days, i.GetDueDate())
	}
	require.Equal(t, []string{"2026-01-31", "2026-03-03", "2026-03-17"}, days, "42 days after 20 December, 20 January and 3 February")
	b.on("2026-01-20")
	require.EqualValues(t, 3, b.billing(a).GetStatementDay())
	require.Equal(t, "2026-02-02", b.billing(a).GetOpenWindow().GetClosingDate())
	b.putCarrier("cmcc", &holdfastv1.CarrierSettings{Name: "C", Collects: true})
	b.onBillOf(a, "cmcc")
	require.Equal(t, holdfastv1.CollectionChannel_COLLECTION_CHANNEL_CARRIER, b.billing(a).GetCollectionChannel())
	b.on("2026-01-31")
	issued := b.collections(&holdfastv1.StreamCollectionsRequest{Channel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_CARRIER})
	require.Len(t, issued, 1)
	require.Equal(t, holdfastv1.CollectionChannel_COLLECTION_CHANNEL_CARRIER, issued[0].GetCollection().GetChannel())
	b.sound()
}

// TestQuote has the figures of the design: what an order costs a year, by equal months and by its due dates.
func TestQuote(t *testing.T) {
	b := billed(t, "2026-01-20", 1)
	a := b.account(1_000_000)
	quote := func(amount int64, plan *holdfastv1.PlanChoice) *holdfastv1.QuoteResponse {
		t.Helper()
		q, err := b.Quote(t.Context(), &holdfastv1.QuoteRequest{AccountId: a.GetAccountId(), Scene: 1, Currency: "CNY", Amount: amount, Plan: plan})
		require.NoError(t, err)
		return q
	}
	whole := quote(10_000, nil)
	require.Equal(t, "2026-02-16", whole.GetDueDate())
	require.EqualValues(t, 27, whole.GetDaysDeferred())
	require.EqualValues(t, 10_000, whole.GetTotalAmount())
	require.Equal(t, "0.00 0.00", whole.GetNominalAnnualRate()+" "+whole.GetEffectiveAnnualRate())
	require.Empty(t, whole.GetInstallments())
	require.Nil(t, whole.GetOffer())

	flat := quote(10_000, flat3)
	require.Equal(t, "14.34", flat.GetNominalAnnualRate())
	require.Equal(t, "16.01", flat.GetEffectiveAnnualRate(), "as holdfast apr --captured 2026-01-20 --statement-day 5 has it")
	require.EqualValues(t, 10_240, flat.GetTotalAmount())
	require.EqualValues(t, []int64{3_333, 80, 3_413}, []int64{flat.GetInstallments()[0].GetPrincipal(), flat.GetInstallments()[0].GetFee(), flat.GetInstallments()[0].GetAmount()})
	require.EqualValues(t, 3_334, flat.GetInstallments()[2].GetPrincipal())

	annuity := quote(120_000, &holdfastv1.PlanChoice{Method: holdfastv1.PlanMethod_PLAN_METHOD_ANNUITY, Months: 12})
	require.Equal(t, "15.00", annuity.GetNominalAnnualRate())
	require.Equal(t, "15", annuity.GetOffer().GetAnnualInterestPercent())
	require.EqualValues(t, 10_831, annuity.GetInstallments()[0].GetAmount())
	free := quote(10_000, &holdfastv1.PlanChoice{Method: holdfastv1.PlanMethod_PLAN_METHOD_INTEREST_FREE, Months: 3})
	require.Equal(t, "0.00", free.GetNominalAnnualRate())
	require.EqualValues(t, 60, free.GetInstallments()[0].GetSubsidy())
	require.EqualValues(t, 10_000, free.GetTotalAmount())

	_, err := b.Quote(t.Context(), &holdfastv1.QuoteRequest{AccountId: a.GetAccountId(), Scene: 1, Currency: "CNY", Amount: 10, Plan: flat3})
	requireReason(t, err, codes.FailedPrecondition, "PLAN_NOT_OFFERED")
	declined, err := b.Check(t.Context(), &holdfastv1.CheckRequest{
		AccountId: a.GetAccountId(), Scene: 1, CarrierId: "cmcc", PhoneToken: "p", Currency: "CNY", Amount: 10, Plan: flat3,
	})
	require.NoError(t, err)
	require.Equal(t, []holdfastv1.DeclineReason{holdfastv1.DeclineReason_DECLINE_REASON_PLAN_NOT_OFFERED}, declined.GetReasons())
}

// TestStatementsTellRates: a statement tells what its charges cost a year whatever has become of the plan since: refunded, a
// statement day later, billed to the end.
func TestStatementsTellRates(t *testing.T) {
	b := billed(t, "2026-01-20", 1)
	ctx := t.Context()
	a := b.account(1_000_000)
	o := b.charged(a, 10_000, flat3)
	rates := func(window string) (all []string) {
		t.Helper()
		got, err := b.GetStatement(ctx, &holdfastv1.GetStatementRequest{AccountId: a.GetAccountId(), OpeningDate: window})
		require.NoError(t, err)
		for _, i := range got.GetInstallments() {
			all = append(all, i.GetNominalAnnualRate(), i.GetEffectiveAnnualRate())
		}
		for _, x := range got.GetAccruals() {
			all = append(all, x.GetInterestAnnualRate(), x.GetPenaltyAnnualRate())
		}
		return all
	}
	b.on("2026-02-06")
	require.Equal(t, []string{"14.34", "16.01"}, rates("2026-01-05"), "as quoted")
	_, err := b.Refund(ctx, &holdfastv1.RefundRequest{RequestId: "back", AuthorizationId: o.GetAuthorization().GetAuthorizationId(), Currency: "CNY", Amount: 1_000})
	require.NoError(t, err)
	_, err = b.SetStatementDay(ctx, &holdfastv1.SetStatementDayRequest{RequestId: "day", AccountId: a.GetAccountId(), StatementDay: 20})
	require.NoError(t, err)
	b.on("2026-08-01")
	require.Equal(t, []string{"14.34", "16.01"}, rates("2026-01-05"), "what is written stays")
	require.Equal(t, []string{"14.34", "16.01", "0.00", "18.25"}, rates("2026-02-05"))
	now, err := b.GetBilling(ctx, &holdfastv1.GetBillingRequest{AccountId: a.GetAccountId()})
	require.NoError(t, err)
	require.Empty(t, now.GetBilling().GetPlans(), "the plan is gone")
}

// TestStatementIsPaged reads a statement in pages of every size, which have the same lines as one page of all.
func TestStatementIsPaged(t *testing.T) {
	b := billed(t, "2026-01-20", 1)
	ctx := t.Context()
	a := b.account(1_000_000)
	for range 4 {
		b.charged(a, 10_000, flat3)
		b.charged(a, 500, nil)
	}
	held, err := b.Authorize(ctx, orderOf(a, "parts", "parts", 900))
	require.NoError(t, err)
	for range 3 {
		_, err := b.Capture(ctx, &holdfastv1.CaptureRequest{
			RequestId: b.fresh("c"), AuthorizationId: held.GetAuthorization().GetAuthorizationId(), Currency: "CNY", Amount: 300,
		})
		require.NoError(t, err)
	}
	b.repaid(a, 700)
	b.on("2026-02-05")
	b.charged(a, 600, nil) // is not of it
	b.repaid(a, 200)
	b.on("2026-02-16")
	read := func(size int32) (lines []string, pages int) {
		q := &holdfastv1.GetStatementRequest{AccountId: a.GetAccountId(), OpeningDate: "2026-01-05", PageSize: size}
		for {
			page, err := b.GetStatement(ctx, q)
			require.NoError(t, err)
			n := len(lines)
			for _, c := range page.GetCaptures() {
				lines = append(lines, c.GetCaptureId())
			}
			for _, i := range page.GetItems() {
				lines = append(lines, i.GetItemId())
			}
			for _, i := range page.GetLaterItems() {
				lines = append(lines, "later "+i.GetItemId())
			}
			require.True(t, size == 0 || len(lines)-n <= int(size))
			require.Equal(t, pages == 0, len(page.GetInstallments()) == 4, "charges are on the first page, and there only")
			require.NotNil(t, page.GetStatement())
			pages++
			if q.PageToken = page.GetNextPageToken(); q.GetPageToken() == "" {
				return lines, pages
			}
		}
	}
	all, pages := read(0)
	require.Equal(t, 1, pages)
	require.Len(t, all, 11+4+1+2, "captures, plans, a repayment; later a repayment and a collection")
	for size := int32(1); size <= int32(len(all)); size++ {
		lines, pages := read(size)
		require.Equal(t, all, lines)
		require.Equal(t, (len(all)+int(size)-1)/int(size), pages)
	}
	for _, token := range []string{"x", "1.2", "1.-2.3", "1.2.3 ", "01.2.3"} {
		_, err := b.GetStatement(ctx, &holdfastv1.GetStatementRequest{AccountId: a.GetAccountId(), PageToken: token})
		requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	}
}

// TestBillingEvents tells what happens to what is owed as events, whose postings sum to zero.
func TestBillingEvents(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	a := b.account(100_000)
	b.charged(a, 30_000, nil)
	b.on("2026-02-16")
	c := b.collections(&holdfastv1.StreamCollectionsRequest{})[0].GetCollection()
	_, err := b.ReportCollection(t.Context(), &holdfastv1.ReportCollectionRequest{RequestId: "rep", CollectionId: c.GetCollectionId(), Outcome: 1})
	require.NoError(t, err)
	paid := b.repaid(a, 500)
	_, err = b.ReverseRepayment(t.Context(), &holdfastv1.ReverseRepaymentRequest{RequestId: "rev", RepaymentId: paid.GetRepaymentId(), Reason: "returned"})
	require.NoError(t, err)
	var told []string
	for _, e := range b.events(&holdfastv1.WatchEventsRequest{AccountId: a.GetAccountId()}) {
		var sum int64
		for _, p := range e.GetPostings() {
			sum += p.GetAmount()
		}
		require.Zero(t, sum, "%v", e)
		told = append(told, strings.TrimPrefix(e.GetType().String(), "EVENT_TYPE_"))
		switch e.GetType() {
		case holdfastv1.EventType_EVENT_TYPE_COLLECTION_SUCCEEDED:
			require.Equal(t, c.GetCollectionId(), e.GetAboutItemId())
			require.Equal(t, "cash", e.GetPostings()[1].GetBook())
		case holdfastv1.EventType_EVENT_TYPE_STATEMENT_CLOSED:
			require.Equal(t, "2026-01-05", e.GetOpeningDate())
			require.EqualValues(t, 30_000, e.GetAmount())
		}
	}
	require.Equal(t, []string{
		"ACCOUNT_OPENED", "CAPTURED", "STATEMENT_CLOSED", "COLLECTION_ISSUED", "COLLECTION_SUCCEEDED", "REPAYMENT_POSTED", "REPAYMENT_REVERSED",
	}, told)
}
