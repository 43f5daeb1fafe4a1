package server

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// An offer that is put at one node is in shards that others decide for, and contracts are ended at any node.
func TestBundlesBetweenNodes(t *testing.T) {
	ns := serveNodes(t, 2, fourShards, nil)
	const far = 3
	first, other := ns.list[0], ns.list[1]
	for shard, to := range map[int32]string{0: "a", far: "b"} {
		_, err := holdfastv1.NewClusterServiceClient(first.conn).MoveShard(t.Context(), &holdfastv1.MoveShardRequest{Shard: shard, NodeId: to})
		require.NoError(t, err)
	}
	ns.settled()
	other.serial = 10_000
	put := other.putOffer("phone", phone(holdfastv1.BundleTermination_BUNDLE_TERMINATION_BUY_BACK))
	require.EqualValues(t, 1, put.GetVersion())
	for _, b := range ns.list {
		got, err := b.GetBundleOffer(t.Context(), &holdfastv1.GetBundleOfferRequest{BundleOfferId: "phone"})
		require.NoError(t, err)
		require.True(t, proto.Equal(put.GetSettings(), got.GetOffer().GetSettings()))
	}

	var a *holdfastv1.Account
	for a = first.bundled(1_000_000); shardOf(t, a) != far; a = first.bundled(1_000_000) {
	}
	held, err := first.Authorize(t.Context(), bundleOrder(first, a, "phone"))
	require.NoError(t, err)
	id := held.GetAuthorization().GetAuthorizationId()
	_, err = first.Capture(t.Context(), &holdfastv1.CaptureRequest{RequestId: "activate", AuthorizationId: id, Currency: "CNY"})
	require.NoError(t, err)
	cancelled, err := first.CancelBundle(t.Context(), &holdfastv1.CancelBundleRequest{RequestId: "cancel", AuthorizationId: id, Reason: "over"})
	require.NoError(t, err)
	require.EqualValues(t, 240_000, cancelled.GetBundle().GetBoughtBackAmount())
	require.True(t, proto.Equal(cancelled.GetBundle(), other.contract(id)))
	ns.alike()
}
