package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestSettlementOfAllNodes closes a settlement at a cluster whose nodes decide for different shards: asked of a node that does not
// decide for the carrier's home, with sales in every shard. Every node exports the same.
func TestSettlementOfAllNodes(t *testing.T) {
	ns := serveNodes(t, 2, fourShards, nil)
	first, other := ns.list[0], ns.list[1]
	for _, b := range ns.list {
		b.server.settler.close() // it would be first
	}
	home := first.server.router.settlementHome("cmcc")
	for shard := range int32(fourShards) {
		to := map[bool]string{true: "a", false: "b"}[int(shard) == home || shard == int32(home+1)%fourShards]
		_, err := holdfastv1.NewClusterServiceClient(first.conn).MoveShard(t.Context(), &holdfastv1.MoveShardRequest{Shard: shard, NodeId: to})
		require.NoError(t, err)
	}
	ns.settled()
	other.serial = 10_000
	first.putCarrier("cmcc", &holdfastv1.CarrierSettings{
		Name: "China Mobile", Settlement: &holdfastv1.CarrierSettlement{Cycle: holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, Zone: "UTC"},
		Fees: []*holdfastv1.CarrierFee{{Currency: "CNY", BasisPoints: 100}},
	})
	yesterday := time.Now().UTC().Add(-26 * time.Hour)
	var want int64
	for shard := range fourShards {
		for n, b := range ns.list {
			a, amount := b.accountIn(shard, 1e6), int64(1000*(shard+1)+n*100)
			want += amount
			o := orderOf(a, b.fresh("advise"+b.config.Cluster.Node), b.fresh("sold"+b.config.Cluster.Node), amount)
			_, err := b.Advise(t.Context(), &holdfastv1.AdviseRequest{
				RequestId: o.GetRequestId(), AccountId: o.GetAccountId(), Scene: o.GetScene(), OrderId: o.GetOrderId(), CarrierId: o.GetCarrierId(),
				PhoneToken: o.GetPhoneToken(), Currency: "CNY", Amount: amount, SaleTime: timestamppb.New(yesterday),
			})
			require.NoError(t, err)
		}
	}
	closing := &holdfastv1.CloseSettlementRequest{RequestId: "close", CarrierId: "cmcc", Currency: "CNY", ThroughDate: yesterday.Format(time.DateOnly)}
	closed, err := other.CloseSettlement(t.Context(), closing)
	require.NoError(t, err)
	again, err := first.CloseSettlement(t.Context(), closing)
	require.NoError(t, err)
	require.True(t, again.GetReplayed())
	require.True(t, proto.Equal(closed.GetSettlement(), again.GetSettlement()))
	s := closed.GetSettlement()
	require.Equal(t, want, s.GetSums().GetCapturedAmount())
	require.Equal(t, want-want/100, s.GetSums().GetNetAmount())
	for _, b := range ns.list {
		b.requireExport(s)
		_, lines := b.unsettledOf("cmcc")
		require.Zero(t, lines)
		require.Len(t, b.settlementsOf("cmcc"), 1)
	}
	require.Equal(t, string(first.file(s)), string(other.file(s)))
}
