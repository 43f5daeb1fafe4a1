package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// operate has some node do what an operator asks, and asks again, elsewhere, while it does not answer.
func (t *clusterTorture) operate(ctx context.Context, what string, do func(ctx context.Context, c holdfastv1.ClusterServiceClient) error) (err error) {
	for i := range 6 {
		once, cancel := context.WithTimeout(ctx, 10*time.Second)
		err = do(once, holdfastv1.NewClusterServiceClient(t.nodes[i%len(t.nodes)].conn))
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
		_ = sleepUntil(ctx, time.Now().Add(200*time.Millisecond))
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (t *clusterTorture) drain(ctx context.Context, node string) error {
	return t.operate(ctx, "DrainNode", func(ctx context.Context, c holdfastv1.ClusterServiceClient) error {
		_, err := c.DrainNode(ctx, &holdfastv1.DrainNodeRequest{NodeId: node})
		return err
	})
}

func (t *clusterTorture) undrain(ctx context.Context, node string) error {
	return t.operate(ctx, "UndrainNode", func(ctx context.Context, c holdfastv1.ClusterServiceClient) error {
		_, err := c.UndrainNode(ctx, &holdfastv1.UndrainNodeRequest{NodeId: node})
		return err
	})
}

func (t *clusterTorture) move(ctx context.Context, shard int, node string) error {
	return t.operate(ctx, "MoveShard", func(ctx context.Context, c holdfastv1.ClusterServiceClient) error {
		_, err := c.MoveShard(ctx, &holdfastv1.MoveShardRequest{Shard: int32(shard), NodeId: node})
		return err
	})
}

// etcdLeader is the member that leads, by its number.
func (t *clusterTorture) etcdLeader(ctx context.Context) (leader int, err error) {
	err = t.operate(ctx, "GetClusterStatus", func(ctx context.Context, c holdfastv1.ClusterServiceClient) error {
		status, err := c.GetClusterStatus(ctx, &holdfastv1.GetClusterStatusRequest{})
		if err != nil {
			return err
		}
		for _, m := range status.GetMembers() {
			if m.GetLeader() {
				leader, err = t.memberAt(m.GetEndpoint())
				return err
			}
		}
		return errors.New("no member of etcd leads")
	})
	return leader, err
}

// memberAt is the member at the end of some node's wire.
func (t *clusterTorture) memberAt(endpoint string) (int, error) {
	for _, n := range t.nodes {
		for i, w := range n.wires {
			if strings.HasSuffix(endpoint, w.address()) {
				return i, nil
			}
		}
	}
	return 0, fmt.Errorf("no member of etcd is at %s", endpoint)
}

// topology is the newest that any node answers with.
func (t *clusterTorture) topology(ctx context.Context) (newest *holdfastv1.GetTopologyResponse, err error) {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, n := range t.nodes {
		all.Go(func() {
			v, err1 := holdfastv1.NewClusterServiceClient(n.conn).GetTopology(ctx, &holdfastv1.GetTopologyRequest{})
			mu.Lock()
			defer mu.Unlock()
			if err1 != nil {
				err = err1
			} else if newest == nil || v.GetRevision() > newest.GetRevision() {
				newest = v
			}
		})
	}
	all.Wait()
	if newest == nil {
		return nil, fmt.Errorf("no node tells the topology: %w", err)
	}
	return newest, nil
}

// displaced waits until every shard that has lost its owner has the next one.
func (t *clusterTorture) displaced(ctx context.Context, s *strike, before *holdfastv1.GetTopologyResponse) error {
	if len(s.displaced) == 0 {
		return nil
	}
	for until := time.Now().Add(healthyWithin); time.Now().Before(until); {
		v, err := t.topology(ctx)
		if err == nil && !slices.ContainsFunc(v.GetShards(), func(o *holdfastv1.ShardOwner) bool {
			epoch, ok := s.displaced[int(o.GetShard())]
			return ok && o.GetEpoch() <= epoch
		}) {
			return nil
		}
		if err := sleepUntil(ctx, time.Now().Add(10*time.Millisecond)); err != nil {
			return err
		}
	}
	return fmt.Errorf("shards %s have no other owner after %v; before it was %v", listed(s.shards), healthyWithin, before.GetShards())
}

// healthy waits until every node is there and warm for every shard, every shard has its owner, and every member of etcd
// answers.
func (t *clusterTorture) healthy(ctx context.Context) error {
	why := errors.New("not asked yet")
	for until := time.Now().Add(healthyWithin); time.Now().Before(until); {
		if why = t.unhealthy(ctx); why == nil {
			return nil
		}
		if err := sleepUntil(ctx, time.Now().Add(20*time.Millisecond)); err != nil {
			return err
		}
	}
	return fmt.Errorf("the cluster is not whole after %v: %w", healthyWithin, why)
}

// unhealthy says what is not as it should be, as every node sees it.
func (t *clusterTorture) unhealthy(ctx context.Context) error {
	for _, n := range t.nodes {
		if n.process.gone() {
			return fmt.Errorf("node %s ended by itself: %w", n.id, n.process.failure())
		}
		once, cancel := context.WithTimeout(ctx, 2*time.Second)
		v, err := holdfastv1.NewClusterServiceClient(n.conn).GetClusterStatus(once, &holdfastv1.GetClusterStatusRequest{})
		cancel()
		if err != nil {
			return fmt.Errorf("node %s: %w", n.id, err)
		}
		if len(v.GetNodes()) != len(t.nodes) {
			return fmt.Errorf("node %s sees %d nodes", n.id, len(v.GetNodes()))
		}
		for _, m := range v.GetNodes() {
			if len(m.GetWarmShards()) != t.Shards {
				return fmt.Errorf("node %s sees node %s warm for %v", n.id, m.GetNodeId(), m.GetWarmShards())
			}
		}
		for _, s := range v.GetShards() {
			if o := s.GetOwner(); o.GetEpoch() == 0 || o.GetNodeId() != s.GetPreferredNodeId() {
				return fmt.Errorf("node %s sees shard %d with %q, which should be with %q", n.id, o.GetShard(), o.GetNodeId(), s.GetPreferredNodeId())
			}
		}
		for _, m := range v.GetMembers() {
			if m.GetError() != "" {
				return fmt.Errorf("node %s reaches no member of etcd at %s: %s", n.id, m.GetEndpoint(), m.GetError())
			}
		}
	}
	return nil
}
