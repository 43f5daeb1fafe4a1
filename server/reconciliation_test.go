package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// till is a book with a carrier that is paid day by day, and what the carrier would say of it.
type till struct {
	*book
	holdfastv1.ReconciliationServiceClient
	a *holdfastv1.Account
}

func openTill(t *testing.T, day string, shards int) *till {
	b := &till{book: billed(t, day, shards)}
	b.again()
	b.a = b.account(1e8)
	b.putCarrier("cmcc", &holdfastv1.CarrierSettings{
		Name: "China Mobile", Principals: []string{"gateway"},
		Settlement: &holdfastv1.CarrierSettlement{Cycle: holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, CutOff: "23:00", Zone: "Asia/Shanghai"},
		Fees:       []*holdfastv1.CarrierFee{{Currency: "CNY", BasisPoints: 100}},
	})
	return b
}

func (b *till) again() {
	b.ReconciliationServiceClient = holdfastv1.NewReconciliationServiceClient(b.conn)
}

// sold has an order held and captured, and is the carrier's record of it.
func (b *till) sold(amount int64) *holdfastv1.CarrierRecord {
	b.t.Helper()
	held := b.hold(amount)
	ref := b.fresh("CM")
	resp, err := b.Capture(as(b.t.Context(), "gateway"), &holdfastv1.CaptureRequest{
		RequestId: b.fresh("c"), AuthorizationId: held.GetAuthorizationId(), Currency: "CNY", CarrierReference: ref})
	require.NoError(b.t, err)
	return &holdfastv1.CarrierRecord{
		OrderId: held.GetOrderId(), CarrierReference: ref, Kind: holdfastv1.RecordKind_RECORD_KIND_SALE, Amount: amount, Fee: amount / 100,
		Time: resp.GetAuthorization().GetUpdateTime(),
	}
}

func (b *till) hold(amount int64) *holdfastv1.Authorization {
	b.t.Helper()
	resp, err := b.Authorize(as(b.t.Context(), "gateway"), orderOf(b.a, b.fresh("r"), b.fresh("o"), amount))
	require.NoError(b.t, err)
	require.Equal(b.t, holdfastv1.Decision_DECISION_APPROVED, resp.GetDecision())
	return resp.GetAuthorization()
}

func (b *till) refunded(r *holdfastv1.CarrierRecord, amount int64) *holdfastv1.CarrierRecord {
	b.t.Helper()
	found, err := b.LookupOrder(as(b.t.Context(), "gateway"), &holdfastv1.LookupOrderRequest{OrderId: r.GetOrderId()})
	require.NoError(b.t, err)
	_, err = b.Refund(as(b.t.Context(), "gateway"), &holdfastv1.RefundRequest{
		RequestId: b.fresh("f"), AuthorizationId: found.GetAuthorization().GetAuthorizationId(), Currency: "CNY", Amount: amount})
	require.NoError(b.t, err)
	return &holdfastv1.CarrierRecord{OrderId: r.GetOrderId(), Kind: holdfastv1.RecordKind_RECORD_KIND_REFUND, Amount: amount, Fee: amount / 100}
}

func (b *till) header(day string) *holdfastv1.ReconcileHeader {
	return &holdfastv1.ReconcileHeader{RequestId: b.fresh("rec"), CarrierId: "cmcc", Currency: "CNY", BusinessDate: day, HasFees: true}
}

// reconcile sends records and takes what is answered.
func (b *till) reconcile(ctx context.Context, h *holdfastv1.ReconcileHeader, records ...*holdfastv1.CarrierRecord) (
	breaks []*holdfastv1.ReconciliationBreak, summary *holdfastv1.Reconciliation, err error) {
	stream, err := b.Reconcile(ctx)
	require.NoError(b.t, err)
	_ = stream.Send(&holdfastv1.ReconcileRequest{Part: &holdfastv1.ReconcileRequest_Header{Header: h}})
	for len(records) > 0 {
		n := min(2, len(records))
		_ = stream.Send(&holdfastv1.ReconcileRequest{Part: &holdfastv1.ReconcileRequest_Records{Records: &holdfastv1.CarrierRecords{Records: records[:n]}}})
		records = records[n:]
	}
	_ = stream.CloseSend()
	for {
		m, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return breaks, summary, nil
		case err != nil:
			return breaks, summary, err
		}
		if b := m.GetBreak(); b != nil {
			breaks = append(breaks, b)
		}
		if s := m.GetSummary(); s != nil {
			summary = s
		}
	}
}

// payable is what is payable to the carrier of a business day, in whatever settlement it is.
func (b *till) payable(day string) (net money.Amount) {
	date, err := calendar.ParseDate(day)
	require.NoError(b.t, err)
	for _, w := range b.server.router.writers {
		last, err := w.Durable()
		require.NoError(b.t, err)
		for e, err := range w.Journal().Replay(b.t.Context(), 1) {
			require.NoError(b.t, err)
			if e.Sequence > last {
				break
			}
			var entry ledger.Entry
			require.NoError(b.t, decode(record.DecodeEntry, e.Payload, &e, &entry))
			for _, line := range ledger.LinesOf(nil, &entry) {
				if line.Carrier == "cmcc" && line.Date == date {
					net += line.Net()
				}
			}
		}
	}
	return net
}

func told(breaks []*holdfastv1.ReconciliationBreak) map[string]string {
	all := map[string]string{}
	for _, b := range breaks {
		order := b.GetTheirs().GetOrderId()
		if b.GetOurs() != nil {
			order = b.GetOurs().GetOrderId()
		}
		all[order] += fmt.Sprintf("%s %d;", b.GetKind().String()[len("BREAK_KIND_"):], b.GetDifference())
	}
	return all
}

// TestReconcileADay sells, and has a carrier's file that is wrong in each way: exactly that is found, kept, and resolved, and
// then what is payable of the day is what the carrier says.
func TestReconcileADay(t *testing.T) {
	for _, shards := range []int{1, 3} {
		t.Run(fmt.Sprint(shards), func(t *testing.T) { reconcileADay(t, shards) })
	}
}

func reconcileADay(t *testing.T, shards int) {
	b := openTill(t, "2026-01-09", shards)
	ctx := as(t.Context(), "gateway")
	longAgo := b.sold(7_000)
	b.on("2026-01-19")
	dayBefore, refundedBefore := b.sold(400), b.sold(900)
	early := b.refunded(refundedBefore, 300)
	b.on("2026-01-20")
	right, byReference, missingThere, wrongAmount, failed, twice, wrongFee := b.sold(1_000), b.sold(1_100), b.sold(1_200), b.sold(1_300), b.sold(1_400), b.sold(1_500), b.sold(1_600)
	back := b.refunded(right, 200)
	voided := b.hold(1_700)
	_, err := b.Void(ctx, &holdfastv1.VoidRequest{RequestId: b.fresh("v"), AuthorizationId: voided.GetAuthorizationId()})
	require.NoError(t, err)
	other := b.sold(5)
	var theirs []*holdfastv1.CarrierRecord
	for range 500 { // many that agree
		theirs = append(theirs, b.sold(10))
	}
	_, _, err = b.reconcile(ctx, b.header("2026-01-20"))
	requireReason(t, err, codes.FailedPrecondition, "BUSINESS_DATE_NOT_OVER")
	b.on("2026-01-21")

	byReference.OrderId = ""
	wrongAmount.Amount -= 50
	failed.Status = holdfastv1.RecordStatus_RECORD_STATUS_FAILED
	wrongFee.Fee++
	record := func(order string, kind holdfastv1.RecordKind, amount int64) *holdfastv1.CarrierRecord {
		return &holdfastv1.CarrierRecord{OrderId: order, Kind: kind, Amount: amount, Fee: amount / 100}
	}
	theirs = append(theirs, right, back, byReference, wrongAmount, failed, twice, twice, wrongFee, dayBefore, early, other,
		record("nowhere", holdfastv1.RecordKind_RECORD_KIND_SALE, 2_000),
		record(voided.GetOrderId(), holdfastv1.RecordKind_RECORD_KIND_SALE, 1_700),
		record(longAgo.GetOrderId(), holdfastv1.RecordKind_RECORD_KIND_REVERSAL, 7_000))
	h := b.header("2026-01-20")
	breaks, summary, err := b.reconcile(ctx, h, theirs...)
	require.NoError(t, err)
	want := map[string]string{
		"nowhere": "MISSING_HERE -2000;", missingThere.GetOrderId(): "MISSING_AT_CARRIER 1200;", wrongAmount.GetOrderId(): "AMOUNT 50;",
		failed.GetOrderId(): "STATUS 1400;", voided.GetOrderId(): "STATUS -1700;", twice.GetOrderId(): "DUPLICATE -1500;",
		dayBefore.GetOrderId(): "WRONG_DAY -400;", wrongFee.GetOrderId(): "FEE 0;", refundedBefore.GetOrderId(): "REFUND_CROSSING 300;",
		longAgo.GetOrderId(): "LATE_REVERSAL 7000;",
	}
	require.Equal(t, want, told(breaks))
	require.Equal(t, holdfastv1.ReconciliationState_RECONCILIATION_STATE_DONE, summary.GetState())
	sum := int64(0)
	for _, s := range summary.GetBreaks() {
		sum += s.GetDifference()
	}
	require.Equal(t, summary.GetOurs().GetAmount()-summary.GetTheirs().GetAmount(), sum)
	require.Equal(t, summary.GetOurs().GetAmount()-summary.GetOurs().GetFee(), int64(b.payable("2026-01-20")), "ours are the settlement's")

	kept, replayed, err := b.reconcile(ctx, h)
	require.NoError(t, err)
	require.True(t, replayed.GetReplayed())
	require.Equal(t, told(breaks), told(kept))
	b.restart()
	b.again()
	got, err := b.GetReconciliation(ctx, &holdfastv1.GetReconciliationRequest{CarrierId: "cmcc", Number: 1})
	require.NoError(t, err)
	summary.Replayed = false
	require.Equal(t, summary.String(), got.GetReconciliation().String())
	b.resolveAll(breaks, summary)
	b.sound()
}

// resolveAll accepts the carrier's word on everything.
func (b *till) resolveAll(breaks []*holdfastv1.ReconciliationBreak, summary *holdfastv1.Reconciliation) {
	t, ctx := b.t, as(b.t.Context(), "olga")
	before := b.payable("2026-01-19")
	for _, one := range breaks {
		r := &holdfastv1.ResolveBreakRequest{
			RequestId: b.fresh("res"), CarrierId: "cmcc", Number: 1, BreakNumber: one.GetBreakNumber(), Reason: "the carrier's receipt",
			Resolution: holdfastv1.BreakResolution_BREAK_RESOLUTION_ACCEPT_THEIRS,
		}
		resolved, err := b.ResolveBreak(ctx, r)
		require.NoError(t, err)
		require.Equal(t, "olga", resolved.GetBreak().GetOperator())
		again, err := b.ResolveBreak(ctx, r)
		require.NoError(t, err)
		require.True(t, again.GetReplayed())
		r.RequestId = b.fresh("res")
		_, err = b.ResolveBreak(ctx, r)
		requireReason(t, err, codes.FailedPrecondition, "BREAK_RESOLVED")
	}
	open, err := b.ListBreaks(ctx, &holdfastv1.ListBreaksRequest{CarrierId: "cmcc", Number: 1, OnlyOpen: true})
	require.NoError(t, err)
	require.Empty(t, open.GetBreaks())
	require.Equal(t, summary.GetTheirs().GetAmount()-summary.GetTheirs().GetFee(), int64(b.payable("2026-01-20")), "the day is as the carrier says")
	require.Equal(t, int64(before)-(400-4)+(300-3), int64(b.payable("2026-01-19")), "and what it has of the day before is not there twice")
	list, err := b.ListReconciliations(ctx, &holdfastv1.ListReconciliationsRequest{CarrierId: "cmcc"})
	require.NoError(t, err)
	require.Len(t, list.GetReconciliations(), 1)
	require.Zero(t, list.GetReconciliations()[0].GetOpenCount())
}

// TestWhoReconciles: a carrier's principal reconciles its own carrier, and no other.
func TestWhoReconciles(t *testing.T) {
	b := openTill(t, "2026-01-20", 1)
	b.putCarrier("ctcc", agreedWith("ctcc"))
	b.on("2026-01-22")
	h := b.header("2026-01-20")
	h.CarrierId = "ctcc"
	_, _, err := b.reconcile(as(t.Context(), "gateway"), h)
	requireReason(t, err, codes.PermissionDenied, "NOT_OF_CARRIER")
	_, err = b.ListReconciliations(as(t.Context(), "gateway"), &holdfastv1.ListReconciliationsRequest{CarrierId: "ctcc"})
	requireReason(t, err, codes.PermissionDenied, "NOT_OF_CARRIER")
	h = b.header("2026-01-20")
	_, clean, err := b.reconcile(as(t.Context(), "gateway"), h)
	require.NoError(t, err)
	require.Zero(t, clean.GetBreakCount())
	h.CarrierId, h.RequestId = "nobody", b.fresh("rec")
	_, _, err = b.reconcile(t.Context(), h)
	requireReason(t, err, codes.NotFound, "CARRIER_NOT_FOUND")
}

// TestReconciliationCutOff: a caller who is cut off sees that it has no result, and reconciles again under the same request.
func TestReconciliationCutOff(t *testing.T) {
	b := openTill(t, "2026-01-20", 1)
	one := b.sold(100)
	b.on("2026-01-21")
	h := b.header("2026-01-20")
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := b.Reconcile(ctx)
	require.NoError(t, err)
	require.NoError(t, stream.Send(&holdfastv1.ReconcileRequest{Part: &holdfastv1.ReconcileRequest_Header{Header: h}}))
	m, err := stream.Recv()
	require.NoError(t, err)
	require.Equal(t, int32(1), m.GetProgress().GetNumber())
	_, _, err = b.reconcile(t.Context(), h)
	requireReason(t, err, codes.FailedPrecondition, "RECONCILIATION_UNDER_WAY")
	cancel()
	require.Eventually(t, func() bool {
		got, err := b.GetReconciliation(t.Context(), &holdfastv1.GetReconciliationRequest{CarrierId: "cmcc", Number: 1})
		require.NoError(t, err)
		return got.GetReconciliation().GetState() == holdfastv1.ReconciliationState_RECONCILIATION_STATE_INTERRUPTED
	}, patience, 5*time.Millisecond)
	_, summary, err := b.reconcile(t.Context(), h, one)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 0}, []int64{int64(summary.GetNumber()), int64(summary.GetBreakCount())})
	require.Equal(t, holdfastv1.ReconciliationState_RECONCILIATION_STATE_DONE, summary.GetState())
	left, err := os.ReadDir(b.server.data.SortDir())
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestRecordsThatAreNone has a record refused by its place.
func TestRecordsThatAreNone(t *testing.T) {
	b := openTill(t, "2026-01-20", 1)
	b.on("2026-01-21")
	sale := holdfastv1.RecordKind_RECORD_KIND_SALE
	for name, r := range map[string]*holdfastv1.CarrierRecord{
		"no kind": {OrderId: "o"}, "no id": {Kind: sale}, "below zero": {OrderId: "o", Kind: sale, Amount: -1}, "a fee below zero": {OrderId: "o", Kind: sale, Fee: -1},
		"a status": {OrderId: "o", Kind: sale, Status: 9}, "a kind": {OrderId: "o", Kind: 9}, "control characters": {OrderId: "o\n", Kind: sale},
		"a time": {OrderId: "o", Kind: sale, Time: &timestamppb.Timestamp{Nanos: -1}},
	} {
		_, _, err := b.reconcile(t.Context(), b.header("2026-01-20"), &holdfastv1.CarrierRecord{OrderId: "x", Kind: sale}, r)
		requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
		require.ErrorContains(t, err, "record 2", name)
	}
	var many []*holdfastv1.CarrierRecord
	for range 1_001 {
		many = append(many, &holdfastv1.CarrierRecord{OrderId: "o", Kind: sale})
	}
	_, _, err := b.reconcile(t.Context(), b.header("2026-01-20"), many...)
	requireReason(t, err, codes.InvalidArgument, "TOO_MANY_RECORDS_OF_ONE")
}
