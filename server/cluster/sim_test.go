package cluster

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// sim is a cluster in which everything that could happen at once happens one after the other, in an order that a seed says:
// every transaction of etcd, every view that reaches a node, late or much later, and every call of a holder. The nodes
// decide with the same holdings as real ones.
type sim struct {
	t      *testing.T
	seed   uint64
	dice   *rand.Rand
	now    time.Time
	shards int
	book   *book
	views  []*View // all that there have been
	leases int64
	epochs []uint64
	moves  []int // how often a holder began to lead, by shard
	nodes  []*simNode
	calm   bool // nothing goes wrong
}

// simNode is a process. It is gone when it has no session and does not come back.
type simNode struct {
	id      string
	record  Node
	lease   int64
	expired bool // the lease is over, and the node does not know
	frozen  bool
	gone    bool
	seen    int // of the sim's views
	hs      *holdings
	jobs    []*job
	leads   map[int]uint64
	wake    time.Time
	looked  int // at which view it last decided
	dirty   bool
}

type job struct {
	action
	stage int
	epoch uint64
}

func newSim(t *testing.T, seed uint64, shards int) *sim {
	s := &sim{
		t: t, seed: seed, dice: rand.New(rand.NewPCG(seed, 0)), now: time.Unix(1000, 0), shards: shards,
		book: newBook(keys{prefix: "/s/"}, Meta{Format: format, Shards: shards}), epochs: make([]uint64, shards), moves: make([]int, shards),
	}
	s.views = []*View{s.book.view(1)}
	return s
}

func (s *sim) last() *View { return s.views[len(s.views)-1] }

// write is a change of etcd, at a revision of its own. A nil value deletes.
func (s *sim) write(lease int64, value any, names ...string) int64 {
	revision := s.last().Revision + 1
	for _, name := range names {
		r := record{key: []byte("/s/" + name), lease: lease, created: revision}
		switch v := value.(type) {
		case nil:
		case string:
			r.value = []byte(v)
		case Owner:
			if kind, shard := s.book.keys.split(r.key); kind == "owners" {
				n, _ := strconv.Atoi(shard)
				if old, there := s.book.owners[n]; there {
					r.created = old.created
				}
			}
			r.value, _ = json.Marshal(v)
		default:
			r.value, _ = json.Marshal(v)
		}
		if _, err := s.book.put(r); err != nil {
			s.t.Fatal(err)
		}
	}
	s.views = append(s.views, s.book.view(revision))
	return revision
}

func (s *sim) join(id string) *simNode {
	n := &simNode{id: id, leads: map[int]uint64{}}
	n.record = Node{ID: id, Warm: all(s.shards)}
	s.nodes = append(s.nodes, n)
	s.register(n)
	return n
}

func (s *sim) register(n *simNode) {
	s.leases++
	n.lease, n.expired = s.leases, false
	n.record.Unfit, n.dirty = nil, false
	revision := s.write(n.lease, n.record, "nodes/"+n.id)
	n.hs = newHoldings(n.id, n.lease, revision, s.shards, settle, exactly)
}

// describe writes what the node says of itself, if it is registered still.
func (s *sim) describe(n *simNode) {
	n.dirty = false
	if !n.expired {
		s.write(n.lease, n.record, "nodes/"+n.id)
	}
}

// expire is the end of a lease: all its keys go at once.
func (s *sim) expire(n *simNode) {
	if n.expired {
		return
	}
	n.expired = true
	names := []string{"nodes/" + n.id}
	for shard, o := range s.book.owners {
		if o.lease == n.lease {
			names = append(names, "owners/"+strconv.Itoa(shard))
		}
	}
	s.write(0, nil, names...)
}

// look is a view that reaches a node, and what it decides.
func (s *sim) look(n *simNode, view int) {
	n.seen = max(n.seen, view)
	v := s.views[n.seen]
	if me, _ := v.Node(n.id); v.Revision >= n.hs.floor && me.lease != n.lease {
		s.restart(n)
		return
	}
	actions, wake := n.hs.decide(v, s.now)
	n.wake, n.looked = wake, n.seen
	for _, a := range actions {
		n.jobs = append(n.jobs, &job{action: a})
	}
	if n.hs.leaving && n.hs.empty() {
		s.expire(n)
		n.gone = true
		return
	}
	shards, until := n.hs.unfit(s.now)
	if !slices.Equal(shards, n.record.Unfit) {
		n.record.Unfit = shards
		n.dirty = true
	}
	if !until.IsZero() && (n.wake.IsZero() || until.Before(n.wake)) {
		n.wake = until
	}
}

// restart is what a node does that finds its lease gone: it gives up all it leads, lets its workers end, and registers again.
func (s *sim) restart(n *simNode) {
	s.expire(n)
	clear(n.leads)
	n.jobs = nil
	s.register(n)
}

// work is one step of a worker, as in the conductor.
func (s *sim) work(n *simNode, j *job) {
	key := "owners/" + strconv.Itoa(j.shard)
	owner, owned := s.book.owners[j.shard]
	mine := owned && owner.lease == n.lease && !n.expired
	end := func() { n.jobs = slices.DeleteFunc(n.jobs, func(o *job) bool { return o == j }) }
	unclaim := func() int64 {
		if mine {
			return s.write(0, nil, key)
		}
		return 0
	}
	stage := j.stage
	j.stage++
	switch {
	case j.take && stage == 0:
		switch {
		case n.expired:
			n.hs.failed(j.shard, 0, s.now)
			end()
		case !owned:
			s.write(n.lease, Owner{Node: n.id}, key)
		case !mine:
			n.hs.beaten(j.shard, s.last().Revision)
			end()
		}
	case j.take && stage == 1:
		if !s.calm && s.dice.IntN(4) == 0 {
			n.hs.failed(j.shard, unclaim(), s.now)
			end()
			return
		}
		if _, twice := n.leads[j.shard]; twice {
			s.fail("%s is told to lead %d, which it leads", n.id, j.shard)
		}
		s.epochs[j.shard]++
		s.moves[j.shard]++
		n.leads[j.shard], j.epoch = s.epochs[j.shard], s.epochs[j.shard]
	case j.take && stage == 2:
		if mine {
			n.hs.took(j.shard, j.epoch, s.write(n.lease, Owner{Node: n.id, Epoch: j.epoch}, key), s.now)
		} else {
			delete(n.leads, j.shard)
			n.hs.failed(j.shard, 0, s.now)
		}
		end()
	case stage == 0:
		delete(n.leads, j.shard)
	default:
		n.hs.gave(j.shard, unclaim(), s.now)
		end()
	}
}

func (s *sim) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("seed %d: %s", s.seed, fmt.Sprintf(format, args...))
}

// check is what holds at all times: a node whose lease lives has the key of everything that it leads, so that no two such
// nodes lead the same.
func (s *sim) check() {
	for _, n := range s.nodes {
		if n.gone || n.expired {
			continue
		}
		for shard, epoch := range n.leads {
			if o, ok := s.book.owners[shard]; !ok || o.lease != n.lease {
				s.fail("%s leads %d in epoch %d, and the key is %+v", n.id, shard, epoch, o)
			}
		}
	}
}

// disturb is something that happens to the cluster.
func (s *sim) disturb() {
	n := s.nodes[s.dice.IntN(len(s.nodes))]
	shard := s.dice.IntN(s.shards)
	switch s.dice.IntN(13) {
	case 0:
		if len(s.nodes) < 7 {
			s.join(string(rune('a' + len(s.nodes))))
		}
	case 1: // killed
		n.gone = true
		n.jobs = nil
	case 2: // stopped, or cut off
		n.frozen = !n.frozen
	case 3:
		n.frozen = false
	case 4, 5: // only of one that does not renew it
		if n.gone || n.frozen {
			s.expire(n)
		}
	case 6:
		s.write(0, n.id, "pins/"+strconv.Itoa(shard))
	case 7:
		s.write(0, nil, "pins/"+strconv.Itoa(shard))
	case 8:
		s.write(0, "now", "drains/"+n.id)
	case 9:
		s.write(0, nil, "drains/"+n.id)
	case 10:
		n.record.Warm = with(n.record.Warm, shard, s.dice.IntN(2) == 0)
		n.dirty = true
	case 11: // the holder's session ends by itself
		if epoch, ok := n.leads[shard]; ok && !n.gone && !n.frozen {
			n.hs.lost(shard, epoch)
			n.looked = -1
		}
	case 12: // a claim that was sent twice arrives once more
		if _, owned := s.book.owners[shard]; !owned && !n.gone && !n.expired {
			s.write(n.lease, Owner{Node: n.id}, "owners/"+strconv.Itoa(shard))
		}
	}
}

// fenced is the news, for a node, that somebody else has acquired the journals of shards that it leads. That happens when a
// node that was out of the cluster without knowing it goes on where it was: acquiring.
func (s *sim) fenced(n *simNode) (news bool) {
	for shard, epoch := range n.leads {
		if epoch < s.epochs[shard] && n.hs.shards[shard].ended < epoch {
			n.hs.lost(shard, epoch)
			n.looked, news = -1, true
		}
	}
	return news
}

// step is one thing that one node does.
func (s *sim) step() {
	n := s.nodes[s.dice.IntN(len(s.nodes))]
	switch {
	case n.gone || n.frozen:
	case n.dirty && s.dice.IntN(3) == 0:
		s.describe(n)
	case s.dice.IntN(10) == 0:
		s.fenced(n)
	case len(n.jobs) > 0 && s.dice.IntN(3) > 0:
		s.work(n, n.jobs[s.dice.IntN(len(n.jobs))])
	default:
		s.look(n, n.seen+s.dice.IntN(len(s.views)-n.seen))
	}
	s.now = s.now.Add(time.Duration(s.dice.IntN(int(50 * time.Millisecond))))
	s.check()
}

// rest lets the cluster come to rest: nobody is disturbed, leases of the dead end, everybody sees everything, and time passes
// only to where a node says that it wants to look again.
func (s *sim) rest() {
	s.calm = true
	for _, n := range s.nodes {
		if n.frozen || n.gone {
			s.expire(n)
		}
		n.frozen = false
	}
	for range 100_000 {
		busy := false
		wake := time.Time{}
		for _, n := range s.nodes {
			if n.gone {
				continue
			}
			for len(n.jobs) > 0 {
				busy = true
				s.work(n, n.jobs[s.dice.IntN(len(n.jobs))])
				s.check()
				n.looked = -1
			}
			busy = s.fenced(n) || busy
			if n.dirty {
				busy = true
				s.describe(n)
			}
			if n.looked < len(s.views)-1 || !n.wake.IsZero() && !s.now.Before(n.wake) {
				busy = true
				s.look(n, len(s.views)-1)
			}
			if !n.wake.IsZero() && (wake.IsZero() || n.wake.Before(wake)) {
				wake = n.wake
			}
		}
		switch {
		case busy:
		case wake.IsZero():
			s.settled()
			s.calm = false
			return
		default:
			s.now = wake
		}
	}
	s.fail("the cluster does not come to rest")
}

// settled is what holds when the cluster is at rest: every shard that somebody may lead is led by who is preferred.
func (s *sim) settled() {
	v := s.last()
	for shard := range s.shards {
		preferred := v.Preferred(shard)
		owner, _ := v.Owner(shard)
		if owner.Node != preferred || preferred != "" && (!owner.Leads() || owner.Epoch != s.epochs[shard]) {
			s.fail("shard %d is led by %+v, and should be by %q", shard, owner, preferred)
		}
		for _, n := range s.nodes {
			if _, leads := n.leads[shard]; !n.gone && leads != (n.id == preferred) {
				s.fail("shard %d should be led by %q, and %s leads it: %v", shard, preferred, n.id, leads)
			}
		}
	}
}

// moved lets something happen to a cluster at rest, and checks that then only the shards move of which somebody else is
// preferred, and each once.
func (s *sim) moved(what string, happen func()) {
	before, moves := s.last(), slices.Clone(s.moves)
	happen()
	s.calm = true
	for range s.dice.IntN(200) { // the news of it arrives late, or very late
		s.step()
	}
	s.rest()
	for shard := range s.shards {
		want := 0
		if now := s.last().Preferred(shard); now != "" && now != before.Preferred(shard) {
			want = 1
		}
		if have := s.moves[shard] - moves[shard]; have != want {
			s.fail("%s: shard %d moved %d times, and should %d times", what, shard, have, want)
		}
	}
}

func TestAnyOrderOfEvents(t *testing.T) {
	seeds := 1500
	if testing.Short() {
		seeds = 200
	}
	for seed := range uint64(seeds) {
		shards := 1 + int(seed%9)
		if seed%20 == 0 {
			shards = 3 * movesMax
		}
		s := newSim(t, seed, shards)
		s.join("a")
		s.join("b")
		for range 3 {
			for range 150 {
				if s.dice.IntN(8) == 0 {
					s.disturb()
				}
				s.step()
			}
			s.rest()
		}
		s.moved("a join", func() { s.join("z") })
		s.moved("a leave", func() {
			z := s.nodes[len(s.nodes)-1]
			z.record.Leaving, z.dirty = true, true
		})
		s.moved("a kill", func() {
			n := s.nodes[s.dice.IntN(len(s.nodes))]
			n.gone = true
			s.expire(n)
		})
	}
}
