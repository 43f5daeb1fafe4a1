package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/server"
)

// The load under which shards are moved and owners killed: enough that a gap shows to a few milliseconds, and little
// enough that the machine is not what it measures.
const (
	pulseRate    = 500
	pulseWorkers = 64
	pulseRest    = time.Second            // before each
	pulseAfter   = 500 * time.Millisecond // after each, in which the gap must have ended
)

// pulse is a steady load on the accounts of one shard by way of one node. It sends again what is not answered, as the SDK
// does, and notes when there were answers.
type pulse struct {
	mu      sync.Mutex
	answers []time.Time // guarded by mu
	failure error       // guarded by mu; the first
	stop    func()
}

// startPulse starts it.
func (run *benchCluster) startPulse(ctx context.Context, shard int, by *benchNode) (*pulse, error) {
	book, err := run.of(shard)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	p := &pulse{stop: func() { cancel(); workers.Wait() }}
	const every = time.Second * pulseWorkers / pulseRate
	began := time.Now()
	for w := range pulseWorkers {
		o, cc := run.orders(book), by.conns[w%len(by.conns)]
		workers.Go(func() {
			// What was due during a gap is not made up for.
			for at := began.Add(every * time.Duration(w) / pulseWorkers); sleepUntil(ctx, at) == nil; at = at.Add(every * (1 + max(0, time.Since(at))/every)) {
				p.note(send(ctx, cc, o.next(time.Now())))
			}
		})
	}
	return p, nil
}

// send sends a request until it is answered.
func send(ctx context.Context, cc *grpc.ClientConn, req *holdfastv1.AuthorizeRequest) error {
	for {
		once, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := holdfastv1.NewAuthorizationServiceClient(cc).Authorize(once, req)
		cancel()
		switch code := status.Code(err); {
		case ctx.Err() != nil:
			return ctx.Err()
		case code != codes.Unavailable && code != codes.DeadlineExceeded:
			return err
		}
		if err := sleepUntil(ctx, time.Now().Add(2*time.Millisecond)); err != nil {
			return err
		}
	}
}

func (p *pulse) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		p.answers = append(p.answers, time.Now())
	case p.failure == nil && !errors.Is(err, context.Canceled):
		p.failure = err
	}
}

// gap is the longest time without an answer since the last one before an instant, until now.
func (p *pulse) gap(from time.Time) (longest time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, _ := slices.BinarySearchFunc(p.answers, from, time.Time.Compare)
	last := from
	if first > 0 {
		last = p.answers[first-1]
	}
	for _, at := range p.answers[first:] {
		longest, last = max(longest, at.Sub(last)), at
	}
	return max(longest, time.Since(last)), p.failure
}

// answered says whether there were answers for some time since an instant.
func (p *pulse) answered(since time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.answers) > 0 && p.answers[len(p.answers)-1].After(since)
}

// gaps are times without an answer.
type gaps struct {
	what   string
	file   string
	target time.Duration
	each   []time.Duration
	quiet  []time.Duration // as long without anything happening
	took   []time.Duration // until MoveShard had answered; nil for kills
}

// moves has a shard moved to and fro between two nodes, under calls that come by way of a third.
func (c *clusterBench) moves(ctx context.Context, run *benchCluster) (finding, error) {
	g := &gaps{what: "graceful move", file: "move", target: 200 * time.Millisecond}
	p, err := run.startPulse(ctx, 0, run.nodes[2])
	if err != nil {
		return nil, err
	}
	defer p.stop()
	for i := range c.Moves {
		if err := g.rest(ctx, p); err != nil {
			return nil, err
		}
		from := time.Now()
		if err := run.move(ctx, 0, run.nodes[(i+1)%2]); err != nil {
			return nil, err
		}
		g.took = append(g.took, time.Since(from))
		if err := sleepUntil(ctx, time.Now().Add(pulseAfter)); err != nil {
			return nil, err
		}
		gap, err := p.gap(from)
		if err != nil {
			return nil, err
		}
		g.each = append(g.each, gap)
	}
	return g, run.move(ctx, 0, run.nodes[0])
}

// rest lets the load go on for a while, and notes the longest gap of that.
func (g *gaps) rest(ctx context.Context, p *pulse) error {
	from := time.Now()
	if err := sleepUntil(ctx, from.Add(pulseRest)); err != nil {
		return err
	}
	gap, err := p.gap(from)
	g.quiet = append(g.quiet, gap)
	return err
}

// kills ends the owner of a shard at once, under calls that come by way of another node, and starts it again.
func (c *clusterBench) kills(ctx context.Context, run *benchCluster) (finding, error) {
	g := &gaps{what: "kill -9 of the owner", file: "kill", target: benchLease + time.Second}
	p, err := run.startPulse(ctx, 0, run.nodes[2])
	if err != nil {
		return nil, err
	}
	defer p.stop()
	owner := run.nodes[0]
	show := newProgress("killing")
	defer show.end()
	for i := range c.Kills {
		show.update(int64(i), int64(c.Kills))
		if err := g.rest(ctx, p); err != nil {
			return nil, err
		}
		from := time.Now()
		owner.kill()
		gone := time.Now()
		if err := owner.hangUp(); err != nil {
			return nil, err
		}
		err := run.until(ctx, "another node decides", func(s *holdfastv1.GetClusterStatusResponse) bool {
			o := s.GetShards()[0].GetOwner()
			return o.GetEpoch() > 0 && o.GetNodeId() != owner.id && p.answered(gone.Add(pulseAfter))
		})
		if err != nil {
			return nil, err
		}
		gap, err := p.gap(from)
		if err != nil {
			return nil, err
		}
		g.each = append(g.each, gap)
		if err := run.launch(ctx, owner, 2); err != nil {
			return nil, err
		}
		if err := run.settled(ctx); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// joining is how a new replica caught up.
type joining struct {
	entries, fromPeer uint64
	journal, state    int64 // bytes
	took              time.Duration
}

// join adds a node with an empty directory.
func (c *clusterBench) join(ctx context.Context, run *benchCluster) (finding, error) {
	if err := run.grow(ctx, uint64(c.Join)); err != nil {
		return nil, err
	}
	before, err := run.status(ctx)
	if err != nil {
		return nil, err
	}
	j := &joining{entries: entriesOf(before)}
	for _, shard := range before.GetShards() {
		j.fromPeer += shard.GetFirstSequence() - 1
	}
	begun := time.Now()
	n, err := run.add(ctx, 2)
	if err != nil {
		return nil, err
	}
	err = run.until(ctx, "the new node has caught up", func(s *holdfastv1.GetClusterStatusResponse) bool {
		for _, at := range s.GetNodes() {
			if at.GetNodeId() == n.id {
				return len(at.GetWarmShards()) == run.shards
			}
		}
		return false
	})
	j.took = time.Since(begun)
	return j, errors.Join(err, j.weigh(ctx, run, n))
}

// weigh finds out how many bytes the entries are, going by what the owners have appended, and how large the states. The
// journal's files tell less: some of them are made before they are used.
func (j *joining) weigh(ctx context.Context, run *benchCluster, n *benchNode) error {
	var entries, bytes uint64
	for _, owner := range run.nodes[:len(run.nodes)-1] {
		figures, err := metricsOf(ctx, owner.process)
		if err != nil {
			return err
		}
		entries += figures["holdfast_journal_entries_total"]
		bytes += figures["holdfast_journal_bytes_total"]
	}
	j.journal = int64(float64(bytes) / float64(max(1, entries)) * float64(j.entries))
	data, err := server.ReadDataDir(n.dir)
	if err != nil {
		return err
	}
	for shard := range run.shards {
		info, err := os.Stat(data.StatePath(shard))
		if err != nil {
			return err
		}
		j.state += info.Size()
	}
	return nil
}

// grow loads the cluster until its journals have so many entries, and waits until etcd has let go of what it may.
func (run *benchCluster) grow(ctx context.Context, entries uint64) error {
	show := newProgress("filling the journals")
	defer show.end()
	for {
		s, err := run.status(ctx)
		if err != nil {
			return err
		}
		have := entriesOf(s)
		if have >= entries {
			break
		}
		show.update(int64(have), int64(entries))
		window := span{from: time.Now(), to: time.Now().Add(2 * time.Second)}
		leg := newBenchLeg(run.bench.load(ctx, benchCase{concurrency: 256}, run.nodes[0].conns, run.calls(route{direct: true}), window), window, processorTime{})
		if leg.failure != nil {
			return fmt.Errorf("filling the journals: %w", leg.failure)
		}
	}
	return run.until(ctx, "the logs have been trimmed", func(s *holdfastv1.GetClusterStatusResponse) bool {
		for _, shard := range s.GetShards() {
			if shard.GetLastSequence() > 20_000 && shard.GetFirstSequence() == 1 {
				return false
			}
		}
		return true
	})
}
