package server

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/server/cluster"
)

const (
	// copiesLook is how often a node looks how its copies are doing.
	copiesLook = 500 * time.Millisecond
	// warmWithin is how many entries a copy may be behind so that the node may be given the shard: about what is folded
	// within the blink of an eye.
	warmWithin = 2_000
	// trimEvery is how often a shard's log is trimmed, and trimLeast how much there must be to trim.
	trimEvery = 5 * time.Second
	trimLeast = 1_000
)

// keepCopies tells the cluster how far this node's copies are, and trims the logs of the shards that it leads.
func (n *node) keepCopies(ctx context.Context) {
	reported := make([]uint64, len(n.copies))
	for shard := range reported {
		reported[shard] = math.MaxUint64 // nothing yet: an empty copy is reported as well
	}
	trimmed := time.Now()
	tick := time.NewTicker(copiesLook)
	defer tick.Stop()
	for {
		trim := time.Since(trimmed) >= trimEvery
		if trim {
			trimmed = time.Now()
		}
		for shard := range n.copies {
			n.lookAfter(ctx, shard, &reported[shard], trim)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// lookAfter looks after a shard's copy.
func (n *node) lookAfter(ctx context.Context, shard int, reported *uint64, trim bool) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	first, next, err := n.logs[shard].Bounds(ctx)
	if err != nil {
		return // etcd does not answer: what the others think of this node is the lease's matter
	}
	n.bounds[shard].saw(first, next)
	c, w := n.copies[shard], n.router.writers[shard]
	at, follows := w.Follows()
	leads, sound := w.Stats().Leads, c.Fault() == nil
	n.cluster.Load().SetWarm(shard, sound && (leads || follows && at.Sequence+1+warmWithin >= next))
	n.cluster.Load().SetAble(shard, sound && (leads || follows) && c.End().Next >= first)
	if have := c.End().Next - 1; have != *reported {
		if err := n.cluster.Load().ReportReplica(ctx, shard, have); err != nil {
			n.logger.Warn("copy cannot be reported", "shard", shard, "error", err)
			return
		}
		*reported = have
	}
	if trim && leads {
		n.trim(ctx, shard, first, next)
	}
}

// trim lets a shard's log forget what enough nodes have on disk.
func (n *node) trim(ctx context.Context, shard int, first, next uint64) {
	replicas, err := n.cluster.Load().Replicas(ctx, shard)
	if err != nil {
		return
	}
	before := trimPoint(replicas, n.cluster.Load().View(), n.config, next)
	if before < first+trimLeast {
		return
	}
	if err := n.copies[shard].Trim(ctx, before); err != nil && ctx.Err() == nil {
		n.logger.Warn("journal cannot be trimmed", "shard", shard, "before", before, "error", err)
	}
}

// trimPoint is the sequence before which a log may be trimmed, 0 when it may not: enough nodes have on disk what is before
// it, and every node that is there has it, or is so far behind that it is better brought up from another.
func trimPoint(replicas []cluster.Replica, v *cluster.View, c ClusterConfig, next uint64) uint64 {
	if len(replicas) < c.Copies {
		return 0
	}
	slices.SortFunc(replicas, func(a, b cluster.Replica) int { return cmp.Compare(b.Sequence, a.Sequence) })
	before := replicas[c.Copies-1].Sequence + 1
	const worthWaiting = 20 // tails
	for _, r := range replicas {
		if _, live := v.Node(r.Node); live && r.Sequence+1+worthWaiting*c.Tail >= next {
			before = min(before, r.Sequence+1)
		}
	}
	if next <= c.Tail {
		return 0
	}
	return min(before, next-c.Tail)
}
