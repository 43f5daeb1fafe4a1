package server

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
)

// TestSequenceAt finds the first entry that is not before an instant, and says so when what was before it may have been trimmed.
func TestSequenceAt(t *testing.T) {
	ctx := t.Context()
	j := mem.NewLog().Open()
	head, err := j.Acquire(ctx, "test")
	require.NoError(t, err)
	times := []int64{10, 10, 20, 30, 30, 30, 40}
	for _, at := range times { // a batch each, so that any may be trimmed
		var b journal.Builder
		b.Reset(head.Next, head.Hash, nil)
		b.Add(at, func(buf []byte) []byte { return append(buf, 'x') })
		head, err = j.Append(ctx, head, b.Batch())
		require.NoError(t, err)
	}
	last := uint64(len(times))
	for at, want := range map[calendar.Instant]uint64{0: 1, 10: 1, 11: 3, 20: 3, 25: 4, 30: 4, 31: 7, 40: 7, 41: 8} {
		got, err := sequenceAt(ctx, j, last, at)
		require.NoError(t, err)
		require.Equal(t, want, got, "at %d", at)
	}
	require.NoError(t, j.Trim(ctx, 4))
	for at, want := range map[calendar.Instant]uint64{31: 7, 40: 7, 41: 8} {
		got, err := sequenceAt(ctx, j, last, at)
		require.NoError(t, err)
		require.Equal(t, want, got, "at %d", at)
	}
	for _, at := range []calendar.Instant{0, 20, 30} {
		_, err := sequenceAt(ctx, j, last, at)
		require.ErrorIs(t, err, journal.ErrTrimmed, "at %d", at)
	}
	got, err := sequenceAt(ctx, j, 0, 10)
	require.NoError(t, err)
	require.Equal(t, uint64(1), got, "there is nothing")
}

// TestLateAdvice: a sale that was advised long after its business day is of that day all the same, and is found by its order.
func TestLateAdvice(t *testing.T) {
	b := openTill(t, "2026-01-20", 2)
	records := []*holdfastv1.CarrierRecord{b.sold(100)}
	b.on("2026-02-05")
	for range 2 {
		o := orderOf(b.a, b.fresh("r"), b.fresh("late"), 500)
		_, err := b.Advise(as(t.Context(), "gateway"), &holdfastv1.AdviseRequest{
			RequestId: o.GetRequestId(), AccountId: o.GetAccountId(), Scene: o.GetScene(), OrderId: o.GetOrderId(), CarrierId: "cmcc", PhoneToken: "p",
			Currency: "CNY", Amount: 500, SaleTime: timestamppb.New(noon(t, "2026-01-20")),
		})
		require.NoError(t, err)
		records = append(records, &holdfastv1.CarrierRecord{OrderId: o.GetOrderId(), Kind: holdfastv1.RecordKind_RECORD_KIND_SALE, Amount: 500, Fee: 5})
	}
	records[2].Amount = 450
	breaks, summary, err := b.reconcile(t.Context(), b.header("2026-01-20"), records...)
	require.NoError(t, err)
	require.Equal(t, map[string]string{records[2].GetOrderId(): "AMOUNT 50;"}, told(breaks))
	require.Equal(t, []int64{3, 1_100, 2}, []int64{summary.GetOurs().GetCount(), summary.GetOurs().GetAmount(), summary.GetMatchedCount()})
}
