package server

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestReconcileAtAnyNode has a carrier's records sent to each node: they are compared where the carrier's home is decided, once.
func TestReconcileAtAnyNode(t *testing.T) {
	ns := serveNodes(t, 2, 2, nil)
	b := &till{book: ns.list[0]}
	yesterday := time.Now().UTC().Add(-24 * time.Hour)
	b.putCarrier("cmcc", &holdfastv1.CarrierSettings{Name: "China Mobile", Settlement: &holdfastv1.CarrierSettlement{
		Cycle: holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, Zone: "UTC"}})
	var records []*holdfastv1.CarrierRecord
	for shard := range 2 {
		a := b.accountIn(shard, 1e6)
		for range 3 {
			o := orderOf(a, b.fresh("r"), b.fresh("o"), 100)
			_, err := b.Advise(t.Context(), &holdfastv1.AdviseRequest{
				RequestId: o.GetRequestId(), AccountId: o.GetAccountId(), Scene: o.GetScene(), OrderId: o.GetOrderId(), CarrierId: "cmcc",
				PhoneToken: "p", Currency: "CNY", Amount: 100, SaleTime: timestamppb.New(yesterday),
			})
			require.NoError(t, err)
			records = append(records, &holdfastv1.CarrierRecord{OrderId: o.GetOrderId(), Kind: holdfastv1.RecordKind_RECORD_KIND_SALE, Amount: 100})
		}
	}
	records = append(records, &holdfastv1.CarrierRecord{OrderId: "nowhere", Kind: holdfastv1.RecordKind_RECORD_KIND_SALE, Amount: 7})
	owner, others := ns.owner(b.server.router.homeOf("cmcc"))
	var first *holdfastv1.Reconciliation
	for i, at := range []*book{others[0], owner, others[0]} {
		n := &till{book: at}
		n.again()
		h := &holdfastv1.ReconcileHeader{RequestId: "rec", CarrierId: "cmcc", Currency: "CNY", BusinessDate: yesterday.Format(time.DateOnly)}
		breaks, summary, err := n.reconcile(t.Context(), h, records...)
		require.NoError(t, err)
		require.Equal(t, map[string]string{"nowhere": "MISSING_HERE -7;"}, told(breaks))
		require.Equal(t, int64(6), summary.GetMatchedCount())
		require.Equal(t, i > 0, summary.GetReplayed())
		if i == 0 {
			first = summary
		}
		require.Equal(t, first.GetReadTime().AsTime(), summary.GetReadTime().AsTime())
		got, err := n.GetReconciliation(t.Context(), &holdfastv1.GetReconciliationRequest{CarrierId: "cmcc", Number: 1})
		require.NoError(t, err)
		require.Equal(t, int32(1), got.GetReconciliation().GetOpenCount())
	}
	n := &till{book: others[0]}
	n.again()
	n.cutOff(yesterday.Format(time.DateOnly), records[0])
	_, err := n.ResolveBreak(t.Context(), &holdfastv1.ResolveBreakRequest{
		RequestId: "res", CarrierId: "cmcc", Number: 1, BreakNumber: 1, Resolution: holdfastv1.BreakResolution_BREAK_RESOLUTION_ACCEPT_OURS, Reason: "no sale of ours"})
	require.NoError(t, err)
	ns.alike()
}

// cutOff has a caller who is cut off before all records are sent: that is no end, although the call had been sent on.
func (b *till) cutOff(day string, record *holdfastv1.CarrierRecord) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	stream, err := b.Reconcile(ctx)
	require.NoError(b.t, err)
	require.NoError(b.t, stream.Send(&holdfastv1.ReconcileRequest{Part: &holdfastv1.ReconcileRequest_Header{
		Header: &holdfastv1.ReconcileHeader{RequestId: "cut", CarrierId: "cmcc", Currency: "CNY", BusinessDate: day}}}))
	require.NoError(b.t, stream.Send(&holdfastv1.ReconcileRequest{Part: &holdfastv1.ReconcileRequest_Records{
		Records: &holdfastv1.CarrierRecords{Records: []*holdfastv1.CarrierRecord{record}}}}))
	_, err = stream.Recv()
	require.NoError(b.t, err)
	cancel()
	require.Eventually(b.t, func() bool {
		got, err := b.GetReconciliation(b.t.Context(), &holdfastv1.GetReconciliationRequest{CarrierId: "cmcc", Number: 2})
		require.NoError(b.t, err)
		require.NotEqual(b.t, holdfastv1.ReconciliationState_RECONCILIATION_STATE_DONE, got.GetReconciliation().GetState())
		return got.GetReconciliation().GetState() == holdfastv1.ReconciliationState_RECONCILIATION_STATE_INTERRUPTED
	}, patience, 5*time.Millisecond)
}
