package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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
