package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// strike is one fault as it is made.
type strike struct {
	t         *clusterTorture
	about     string         // whom it hit, for people
	node      *tortureNode   // whom prepare has chosen
	shards    []int          // those whose callers may have to wait
	displaced map[int]uint64 // shards that must get another owner, and the epoch of the one before
	lasts     time.Duration  // at least, from its beginning
	deposed   *tortureNode   // an owner that may not know yet that it is none any more; nil for none
	probes    []*call
	act       func() error // does it, and may take its time over it
	heal      func() error // nil when there is nothing to heal
}

// faultKind is a way to harm the cluster, or to have an operator work on it.
type faultKind struct {
	name    string
	prepare func(ctx context.Context, s *strike) error
	choose  func(ctx context.Context, s *strike, before *holdfastv1.GetTopologyResponse) error
}

func nothingToPrepare(context.Context, *strike) error { return nil }

// faultKinds are all kinds, the worst first: a run of few rounds has those.
var faultKinds = []faultKind{
	{"owner killed", nothingToPrepare, killOwner},
	{"owner stopped", nothingToPrepare, stopOwner},
	{"owner cut off", nothingToPrepare, func(ctx context.Context, s *strike, v *holdfastv1.GetTopologyResponse) error {
		return cutOwner(ctx, s, v, cut)
	}},
	{"etcd leader killed", nothingToPrepare, func(ctx context.Context, s *strike, _ *holdfastv1.GetTopologyResponse) error {
		return killMember(ctx, s, true)
	}},
	{"node restarted", nothingToPrepare, restartOwner},
	{"shard moved", nothingToPrepare, moveShard},
	{"owner's etcd silent", nothingToPrepare, func(ctx context.Context, s *strike, v *holdfastv1.GetTopologyResponse) error {
		return cutOwner(ctx, s, v, swallowing)
	}},
	{"standby killed", drainOne, killStandby},
	{"etcd follower killed", nothingToPrepare, func(ctx context.Context, s *strike, _ *holdfastv1.GetTopologyResponse) error {
		return killMember(ctx, s, false)
	}},
	{"node drained", nothingToPrepare, drainOwner},
	{"all restarted", nothingToPrepare, restartAll},
}

// kindsOf are the kinds of these names; all when none is named.
func kindsOf(names []string) (kinds []faultKind, err error) {
	for _, name := range names {
		i := slices.IndexFunc(faultKinds, func(k faultKind) bool { return k.name == name })
		if i < 0 {
			var all []string
			for _, k := range faultKinds {
				all = append(all, k.name)
			}
			return nil, fmt.Errorf("--only: there is no fault %q; there are: %s", name, strings.Join(all, ", "))
		}
		kinds = append(kinds, faultKinds[i])
	}
	if len(names) == 0 {
		return faultKinds, nil
	}
	return kinds, nil
}

// schedule is which fault each round has: all kinds in an order of the seed's, and again. Fewer rounds than there are kinds
// have the first ones.
func schedule(random *rand.Rand, rounds int, of []faultKind) (kinds []faultKind) {
	for len(kinds) < rounds {
		turn := slices.Clone(of[:min(len(of), rounds)])
		random.Shuffle(len(turn), func(i, j int) { turn[i], turn[j] = turn[j], turn[i] })
		kinds = append(kinds, turn[:min(len(turn), rounds-len(kinds))]...)
	}
	return kinds
}

// owner chooses the owner of some shard: the node, and all shards that it decides for.
func (s *strike) owner(before *holdfastv1.GetTopologyResponse) (*tortureNode, error) {
	shard := s.t.random.IntN(s.t.Shards)
	id := before.GetShards()[shard].GetNodeId()
	n := s.t.nodeOf(id)
	if n == nil {
		return nil, fmt.Errorf("shard %d has no owner to strike", shard)
	}
	s.displaced = map[int]uint64{}
	for _, o := range before.GetShards() {
		if o.GetNodeId() == id {
			s.shards = append(s.shards, int(o.GetShard()))
			s.displaced[int(o.GetShard())] = o.GetEpoch()
		}
	}
	s.about = fmt.Sprintf("node %s, shards %s", id, listed(s.shards))
	return n, nil
}

func listed(list []int) string {
	return strings.Trim(fmt.Sprint(list), "[]")
}

func (t *clusterTorture) nodeOf(id string) *tortureNode {
	for _, n := range t.nodes {
		if n.id == id {
			return n
		}
	}
	return nil
}

func (s *strike) all() {
	s.shards = nil
	for shard := range s.t.Shards {
		s.shards = append(s.shards, shard)
	}
}

// later is a moment that a fault may last beyond what it must.
func (s *strike) later(most time.Duration) time.Duration {
	return time.Duration(s.t.random.Int64N(int64(most)))
}

func killOwner(ctx context.Context, s *strike, before *holdfastv1.GetTopologyResponse) error {
	n, err := s.owner(before)
	if err != nil {
		return err
	}
	s.act = func() error { n.process.kill(); return nil }
	s.lasts, s.heal = s.later(2*time.Second), func() error { return n.start(ctx) }
	return nil
}

// stopOwner stops the owner for longer than its lease. When it goes on it believes for a moment that it is the owner yet.
func stopOwner(_ context.Context, s *strike, before *holdfastv1.GetTopologyResponse) error {
	n, err := s.owner(before)
	if err != nil {
		return err
	}
	s.deposed = n
	s.lasts = s.t.Lease + 2*time.Second
	s.act = func() error { return n.process.cmd.Process.Signal(syscall.SIGSTOP) }
	s.heal = func() error { return n.process.cmd.Process.Signal(syscall.SIGCONT) }
	return nil
}

func cutOwner(_ context.Context, s *strike, before *holdfastv1.GetTopologyResponse, how wireState) error {
	n, err := s.owner(before)
	if err != nil {
		return err
	}
	s.deposed = n
	s.act = func() error { n.turn(how); return nil }
	s.lasts = s.t.Lease + time.Second + s.later(2*time.Second)
	s.heal = func() error { n.turn(whole); return nil }
	return nil
}

func killMember(ctx context.Context, s *strike, leader bool) error {
	leads, err := s.t.etcdLeader(ctx)
	if err != nil {
		return err
	}
	i := leads
	if !leader {
		i = (leads + 1 + s.t.random.IntN(clusterMembers-1)) % clusterMembers
	}
	s.all()
	s.about = fmt.Sprintf("member %d of etcd", i)
	s.act = func() error { s.t.members.list[i].kill(); return nil }
	s.lasts = 2*time.Second + s.later(2*time.Second)
	s.heal = func() (err error) {
		s.t.members.list[i], err = s.t.members.launch(i)
		return err
	}
	return nil
}

func restartOwner(ctx context.Context, s *strike, before *holdfastv1.GetTopologyResponse) error {
	n, err := s.owner(before)
	if err != nil {
		return err
	}
	s.act = func() error { return errors.Join(n.process.stop(), n.start(ctx)) }
	return nil
}

// drainOne has a node that decides for nothing.
func drainOne(ctx context.Context, s *strike) error {
	s.node = s.t.nodes[s.t.random.IntN(len(s.t.nodes))]
	return s.t.drain(ctx, s.node.id)
}

func killStandby(ctx context.Context, s *strike, _ *holdfastv1.GetTopologyResponse) error {
	s.all()
	s.about = "node " + s.node.id
	s.act = func() error { s.node.process.kill(); return nil }
	s.lasts = s.later(2 * time.Second)
	s.heal = func() error { return errors.Join(s.node.start(ctx), s.t.undrain(ctx, s.node.id)) }
	return nil
}

func moveShard(ctx context.Context, s *strike, before *holdfastv1.GetTopologyResponse) error {
	shard := s.t.random.IntN(s.t.Shards)
	from := before.GetShards()[shard]
	to := s.t.nodes[s.t.random.IntN(len(s.t.nodes))]
	for to.id == from.GetNodeId() {
		to = s.t.nodes[s.t.random.IntN(len(s.t.nodes))]
	}
	s.shards, s.displaced = []int{shard}, map[int]uint64{shard: from.GetEpoch()}
	s.about = fmt.Sprintf("shard %d from %s to %s", shard, from.GetNodeId(), to.id)
	s.act = func() error { return s.t.move(ctx, shard, to.id) }
	s.heal = func() error { return s.t.move(ctx, shard, "") }
	return nil
}

func drainOwner(ctx context.Context, s *strike, before *holdfastv1.GetTopologyResponse) error {
	n, err := s.owner(before)
	if err != nil {
		return err
	}
	s.act = func() error { return s.t.drain(ctx, n.id) }
	s.heal = func() error { return s.t.undrain(ctx, n.id) }
	return nil
}

// restartAll restarts one node after the other, as one does for a new version.
func restartAll(ctx context.Context, s *strike, _ *holdfastv1.GetTopologyResponse) error {
	s.all()
	s.about = "one node after the other"
	s.act = func() error {
		for _, n := range s.t.nodes {
			if err := errors.Join(n.process.stop(), n.start(ctx)); err != nil {
				return err
			}
			if err := s.t.healthy(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	return nil
}

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
