package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// An exposure limit is moved between shards that different nodes decide for: what one has and the other wants goes over the
// wire, both ways, is never there twice, and is not lost when one node takes over from the other.
func TestExposureMovesBetweenNodes(t *testing.T) {
	ns := serveNodes(t, 2, fourShards, nil)
	const limit = 80_000
	const far = 3
	first, other := ns.list[0], ns.list[1]
	for shard, to := range map[int32]string{0: "a", far: "b"} {
		_, err := holdfastv1.NewClusterServiceClient(first.conn).MoveShard(t.Context(), &holdfastv1.MoveShardRequest{Shard: shard, NodeId: to})
		require.NoError(t, err)
	}
	ns.settled()
	other.serial = 10_000
	settings := agreedWith("limited")
	settings.PrincipalsOnly, settings.Principals = false, nil
	settings.ExposureLimits = []*holdfastv1.CurrencyAmount{{Currency: "CNY", Amount: limit}}
	first.putCarrier("cmcc", settings)

	// held is what all nodes say is held, which must not be more than the limit.
	held := func() (sum int64) {
		for _, b := range ns.list {
			resp, err := b.GetCarrier(t.Context(), &holdfastv1.GetCarrierRequest{CarrierId: "cmcc"})
			require.NoError(t, err)
			e := resp.GetCarrier().GetExposures()[0]
			require.EqualValues(t, limit, e.GetLimit())
			require.LessOrEqual(t, e.GetHeldAmount()+e.GetUnpaidAmount(), int64(limit))
			sum = e.GetHeldAmount()
		}
		return sum
	}
	// sell makes orders of an account until four fifths of the limit are held, which is more than any shard was given: what is free
	// is shared evenly, so that the last orders would wait for ever.
	sell := func(b *book, a *holdfastv1.Account) (all []*holdfastv1.Authorization) {
		t.Helper()
		require.Eventually(t, func() bool {
			resp, err := b.Authorize(t.Context(), orderOf(a, b.fresh("sell-"+b.config.Cluster.Node), b.fresh("sell-"+b.config.Cluster.Node), limit/40))
			require.NoError(t, err)
			if resp.GetDecision() == holdfastv1.Decision_DECISION_APPROVED {
				all = append(all, resp.GetAuthorization())
			} else {
				_ = ns.mover().pass(t.Context()) // what has just moved, the next pass moves again
			}
			return len(all) == 32
		}, 30*time.Second, time.Millisecond)
		require.LessOrEqual(t, held(), int64(limit))
		return all
	}
	giveBack := func(b *book, all []*holdfastv1.Authorization) {
		t.Helper()
		for _, v := range all {
			_, err := b.Void(t.Context(), &holdfastv1.VoidRequest{RequestId: b.fresh("void-" + b.config.Cluster.Node), AuthorizationId: v.GetAuthorizationId()})
			require.NoError(t, err)
		}
	}

	giveBack(first, sell(first, first.accountIn(far, 1e9)))
	near := first.accountIn(0, 1e9)
	all := sell(first, near)
	moved := `holdfast_forwarded_total{code="OK",method="MoveExposure"}`
	require.NotEqual(t, "0", sample(t, scrape(t, first.server.metrics), moved), "nothing went over the wire")
	ns.alike()

	// The node that moves goes away: the other has what was moved, and goes on moving.
	require.NoError(t, first.server.Shutdown())
	ns.list = []*book{other}
	ns.settled()
	require.Equal(t, int64(32*limit/40), held())
	giveBack(other, all)
	sell(other, other.accountIn(far, 1e9))
	ns.alike()

	// No part of the limit came to be twice, or got lost.
	var sum int64
	require.Eventually(t, func() bool {
		shards, err := other.server.router.shards(t.Context())
		require.NoError(t, err)
		sum = 0
		for _, s := range shards {
			for _, v := range s.Slices {
				sum += int64(v.Amount)
			}
		}
		return sum == limit
	}, 10*time.Second, 20*time.Millisecond)
	require.NotEmpty(t, other.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_EXPOSURE_TAKEN}}))
}

// mover is what evens out exposure limits, at the node that decides for the first shard.
func (ns *nodes) mover() *rebalancer {
	owner, _ := ns.owner(0)
	return owner.server.exposure
}
