package server

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd"
)

const (
	// momentWithin is how long several etcd clusters are asked for a moment at which all of them stand as they do.
	momentWithin = time.Second
	// copiesWithin is how long this node's copies may take to have what is durable.
	copiesWithin = 20 * time.Second
)

// moment is the last durable sequence of every shard, all as of one moment, once this node's copies have them. The copies
// by themselves would not do: each is behind by another little, and an order could be there without the claim to its id,
// which is in another shard and was durable before the order was decided.
//
// The journals in one etcd cluster are seen at one of its revisions. Several etcd clusters have no revision in common: they
// are read again until nothing has moved in between, and where something always does, those orders that were decided within
// the last reading, some milliseconds, may be without their claims.
func (n *node) moment(ctx context.Context) (at []uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, copiesWithin)
	defer cancel()
	for begun := time.Now(); ; {
		before := at
		if at, err = n.durable(ctx); err != nil {
			return nil, failed(codes.Unavailable, "REGISTRY_UNREACHABLE", err.Error(), retryIn(time.Second))
		}
		if len(n.etcds) == 1 || slices.Equal(at, before) || time.Since(begun) > momentWithin {
			break
		}
	}
	for shard, last := range at {
		if err := n.copies[shard].Await(ctx, last+1); err != nil {
			return nil, failed(codes.Unavailable, "BEHIND", fmt.Sprintf(
				"this node's copy of shard %d does not have what is durable: %v; ask another node", shard, err), retryIn(time.Second))
		}
	}
	return at, nil
}

// durable is the last durable sequence of every shard, of one moment for those whose journals are in the same etcd cluster.
func (n *node) durable(ctx context.Context) ([]uint64, error) {
	shards, names := map[*etcd.Cluster][]int{}, map[*etcd.Cluster][]string{}
	for shard := range n.copies {
		e, err := n.journalsOf(ctx, shard)
		if err != nil {
			return nil, err
		}
		shards[e], names[e] = append(shards[e], shard), append(names[e], logName(shard))
	}
	at := make([]uint64, len(n.copies))
	for e, mine := range shards {
		next, err := e.Ends(ctx, names[e])
		if err != nil {
			return nil, err
		}
		for i, shard := range mine {
			at[shard] = next[i] - 1
		}
	}
	return at, nil
}
