package client

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// fleet is the servers of a deployment and what the client knows of them. One that is no cluster is a single node, and
// then nothing here costs a call more than an atomic read.
//
// What it knows is a view, which calls read and nobody changes. It is learned by asking for the topology: before the
// first call, or beside it; when a call fails in a way that another node may cure, before it is tried again; when an
// answer tells that it came from another node than the view says, in the background; and every refreshEvery, because
// answers on streams tell nothing. However many calls want it, one asking runs at a time, and seldom.
type fleet struct {
	opts   *options
	budget *budget
	seeds  []*node
	view   atomic.Pointer[view]
	turn   atomic.Uint32

	ctx     context.Context // done at close
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	nodes  map[string]*node // all, by address; seeds as well
	asking chan struct{}    // closed when the asking that runs is over; nil when none runs
	asked  time.Time        // when the last one began
	kept   bool             // whether keep runs
	closed bool
}

const (
	// askRest is the least time from one asking to the next.
	askRest = 50 * time.Millisecond
	// aroundRest is that while calls go around an owner which is down, or of which nothing is known.
	aroundRest = 500 * time.Millisecond
	// askNext is how long one node is waited for before another is asked as well.
	askNext = 100 * time.Millisecond
	// askTimeout bounds an asking.
	askTimeout = 2 * time.Second
	// askWait is how long a call that failed waits for an asking. It is tried again then with what is known.
	askWait = 250 * time.Millisecond
	// askOld is how many nodes may tell what is known already before an asking for news ends.
	askOld = 3
	// nodesMax bounds the nodes that there are connections to. Calls for others are sent on by these.
	nodesMax = 128
)

func newFleet(targets []string, o *options, b *budget) (*fleet, error) {
	f := &fleet{opts: o, budget: b, nodes: map[string]*node{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	for _, target := range targets {
		if f.nodes[target] != nil {
			continue
		}
		n, err := newNode(target, true, o, b)
		if err != nil {
			_ = f.close()
			return nil, fmt.Errorf("client: %s: %w", target, err)
		}
		f.nodes[target] = n
		f.seeds = append(f.seeds, n)
	}
	f.view.Store(&view{known: o.unrouted, all: f.seeds})
	return f, nil
}

// close ends everything. Afterwards no goroutine of the fleet runs.
func (f *fleet) close() error {
	f.mu.Lock()
	f.closed = true
	var all []*node
	for _, n := range f.nodes {
		all = append(all, n)
	}
	f.mu.Unlock()
	f.cancel()
	f.running.Wait()
	return closeAll(all)
}

// begin is called before a call's first attempt. With one address the call need not wait until the topology is known,
// because any node answers it; with several it does, so that it is not given to one that is down.
func (f *fleet) begin(ctx context.Context, deadline time.Time) {
	if f.view.Load().known {
		return
	}
	if len(f.seeds) == 1 {
		f.refresh(askRest)
	} else {
		f.await(ctx, deadline, askTimeout)
	}
}

// await has the topology asked for and waits for it, but not longer than it may.
func (f *fleet) await(ctx context.Context, deadline time.Time, most time.Duration) {
	if !deadline.IsZero() {
		most = min(most, deadline.Sub(f.opts.now()))
	}
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-f.refresh(askRest):
	case <-ctx.Done():
	case <-t.C:
	}
}

// refresh has the topology asked for, unless that is under way, or began less than rest ago. The channel is closed when it
// is over.
func (f *fleet) refresh(rest time.Duration) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asking != nil {
		return f.asking
	}
	over := make(chan struct{})
	if now := f.opts.now(); !f.closed && !f.opts.unrouted && now.Sub(f.asked) >= rest {
		f.asking, f.asked = over, now
		f.running.Go(func() {
			defer close(over)
			f.ask()
			f.mu.Lock()
			f.asking = nil
			f.mu.Unlock()
		})
	} else {
		close(over)
	}
	return over
}

// reply is what came of asking a node for the topology.
type reply struct {
	from *node
	resp *holdfastv1.GetTopologyResponse
	err  error
}

// ask asks one node after the other, the next as soon as one fails or is slow, until one tells something new.
func (f *fleet) ask() {
	ctx, cancel := context.WithTimeout(f.ctx, askTimeout)
	defer cancel()
	nodes := f.candidates()
	answers := make(chan reply, len(nodes))
	slow := time.NewTicker(askNext)
	defer slow.Stop()
	for old, waiting := 0, 0; len(nodes) > 0 || waiting > 0; {
		if len(nodes) > 0 {
			n := nodes[0]
			nodes, waiting = nodes[1:], waiting+1
			f.running.Go(func() { answers <- f.askNode(ctx, n) })
		}
		select {
		case t := <-answers:
			waiting--
			if f.learn(t) {
				return
			}
			if t.err == nil {
				old++
			}
			if old >= askOld {
				return
			}
		case <-slow.C:
		case <-ctx.Done():
			return
		}
	}
}

func (f *fleet) askNode(ctx context.Context, n *node) reply {
	resp := new(holdfastv1.GetTopologyResponse)
	err := n.conns.Invoke(ctx, holdfastv1.ClusterService_GetTopology_FullMethodName, new(holdfastv1.GetTopologyRequest), resp,
		grpc.StaticMethod())
	return reply{n, resp, err}
}

// candidates are the nodes in the order in which they are asked: those that are up, the seeds, the others.
func (f *fleet) candidates() []*node {
	v := f.view.Load()
	turn := int(f.turn.Add(1) % uint32(len(v.all)))
	var up, others []*node
	seen := map[*node]bool{}
	for _, list := range [][]*node{v.all[turn:], v.all[:turn], f.seeds} {
		for _, n := range list {
			switch {
			case seen[n]:
			case n.down(f.opts.now):
				others = append(others, n)
			default:
				up = append(up, n)
			}
			seen[n] = true
		}
	}
	return append(up, others...)
}

// learn takes in what a node told, and tells whether it was news. An older topology than the one that is known is none.
func (f *fleet) learn(t reply) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.view.Load()
	switch {
	case f.closed:
		return true
	case t.err != nil && unanswered(status.Code(t.err)):
		return false
	case t.err != nil || alone(t.resp):
		// It has all shards itself, or is of a version that knows no clusters, or does not tell this caller.
		if old.clustered() || old.known && !old.all[0].down(f.opts.now) {
			return false
		}
		f.view.Store(&view{known: true, all: []*node{t.from}})
		return true
	case old.clustered() && t.resp.GetRevision() <= old.revision:
		return false
	}
	f.view.Store(f.viewOf(t.resp))
	if !f.kept {
		f.kept = true
		f.running.Go(f.keep)
	}
	return true
}

// unanswered tells whether code says that nobody considered the question.
func unanswered(code codes.Code) bool {
	return retryable(code) || code == codes.DeadlineExceeded || code == codes.Canceled
}

// alone tells whether a topology is that of a server that is no cluster's node.
func alone(t *holdfastv1.GetTopologyResponse) bool {
	return len(t.GetShards()) == 0 || len(t.GetNodes()) == 1 && t.GetNodes()[0].GetAddress() == ""
}

// viewOf makes a view of a topology, and connections to nodes that it is the first to name. The lock is held.
func (f *fleet) viewOf(t *holdfastv1.GetTopologyResponse) *view {
	v := &view{
		known: true, revision: t.GetRevision(),
		owners: make([]*node, len(t.GetShards())), warm: make([][]*node, len(t.GetShards())),
	}
	byID := map[string]*node{}
	named := map[*node]bool{}
	var leaving []*node
	for _, one := range t.GetNodes() {
		n := f.reach(one.GetAddress())
		if n == nil {
			continue
		}
		byID[one.GetNodeId()], named[n] = n, true
		if one.GetLeaving() {
			leaving = append(leaving, n)
			continue
		}
		v.all = append(v.all, n)
		for _, shard := range one.GetWarmShards() {
			if 0 <= shard && int(shard) < len(v.warm) {
				v.warm[shard] = append(v.warm[shard], n)
			}
		}
	}
	for _, s := range t.GetShards() {
		if shard := s.GetShard(); 0 <= shard && int(shard) < len(v.owners) {
			v.owners[shard] = byID[s.GetNodeId()]
		}
	}
	if len(v.all) == 0 {
		v.all = append(leaving, f.seeds...)
	}
	f.miss(named)
	return v
}

// reach is the node at an address, or nil if there can be none. The lock is held.
func (f *fleet) reach(address string) *node {
	if n := f.nodes[address]; n != nil {
		return n
	}
	// A server must not be able to have the caller's token sent in the clear.
	if address == "" || len(f.nodes) >= nodesMax || !f.opts.mayReach(address) {
		return nil
	}
	n, err := newNode(address, false, f.opts, f.budget)
	if err != nil {
		return nil // no address of grpc-go: the others send its calls on
	}
	f.nodes[address] = n
	return n
}

// miss notes since when nodes are not named. The lock is held.
func (f *fleet) miss(named map[*node]bool) {
	for _, n := range f.nodes {
		if named[n] {
			n.absent = time.Time{}
		} else if n.absent.IsZero() {
			n.absent = f.opts.now()
		}
	}
}

// keep learns of what no answer tells, and closes the connections to nodes that have been gone for a while.
func (f *fleet) keep() {
	for {
		wait := time.Duration((0.75 + 0.5*f.opts.random()) * float64(f.opts.refreshEvery))
		if sleep(f.ctx, wait) != nil {
			return
		}
		<-f.refresh(askRest)
		f.sweep()
	}
}

// sweep closes the connections to nodes that the topology has not named for a while, in which calls that were under way
// have come to their end. No view has such a node but as a seed.
func (f *fleet) sweep() {
	f.mu.Lock()
	var gone []*node
	for address, n := range f.nodes {
		if !n.seed && !n.absent.IsZero() && f.opts.now().Sub(n.absent) >= f.opts.linger {
			gone = append(gone, n)
			delete(f.nodes, address)
		}
	}
	f.mu.Unlock()
	for _, n := range gone {
		n.leave()
	}
}

// seed is the first of the seeds that is up, or the first.
func (f *fleet) seed() *node {
	for _, n := range f.seeds {
		if !n.down(f.opts.now) {
			return n
		}
	}
	return f.seeds[0]
}
