package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

const (
	clusterMembers = 3
	healthyWithin  = time.Minute // after a fault has been healed; more is a fault of its own
	auditEvery     = 4           // rounds: it folds everything anew, on every node
)

// clusterTorture is a run against a cluster: members of etcd, nodes, and the load, which goes to any of the nodes. The
// connections of torture are one to each node, in their order.
type clusterTorture struct {
	torture
	members *members
	nodes   []*tortureNode
	routed  *client.Client // goes to the owners of the shards by itself
	clock   *ackClock
	rounds  []clusterRound
	book    journalBook
	payers  []*payer
}

// clusterRound is what happened in one round.
type clusterRound struct {
	tortureRound
	kind, about string
	silence     time.Duration // longest time without an acknowledged answer for an affected shard
	ownerless   time.Duration // until every affected shard had its next owner; 0 where owners stay
	healthy     time.Duration // until everything was as before
	reads       int           // answered while the fault was there, and compared
	probes      []*call       // by which a deposed owner was asked about what its successor acknowledged
	audited     bool
}

// runCluster tortures a cluster.
func (c *TortureCmd) runCluster(ctx context.Context) (err error) {
	t := &clusterTorture{torture: torture{TortureCmd: c, random: rand.New(rand.NewPCG(c.Seed, 0))}}
	if t.dir, err = newBookDir(c.Data, "torture-data"); err != nil {
		return err
	}
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return err
	}
	report := &clusterReport{out: os.Stdout, json: c.JSON}
	report.head(t)
	defer func() {
		t.remove()
		if c.Data == "" && t.wrong == 0 && (err == nil || ctx.Err() != nil) {
			err = errors.Join(err, os.RemoveAll(t.dir))
		} else if err != nil {
			err = fmt.Errorf("%w; books and logs of the nodes are kept in %s", err, t.dir)
		}
	}()
	if err := t.build(ctx); err != nil {
		return err
	}
	kinds, err := kindsOf(c.Only)
	if err != nil {
		return err
	}
	for n, kind := range schedule(t.random, c.Rounds, kinds) {
		r, err := t.clusterRound(ctx, n+1, kind)
		if err != nil && t.wrong == 0 {
			return err
		}
		t.rounds = append(t.rounds, r)
		t.totals.add(r.tortureRound)
		report.round(n+1, r)
		if t.wrong > 0 || err != nil {
			break
		}
	}
	if t.wrong == 0 {
		if err := t.end(ctx); err != nil {
			return err
		}
	}
	report.foot(t)
	if t.wrong > 0 {
		return fmt.Errorf("%d faults", t.wrong)
	}
	return nil
}

// build starts members and nodes, and opens the accounts.
func (t *clusterTorture) build(ctx context.Context) (err error) {
	if t.members, err = startMembers(ctx, t.Devcluster, t.dir, clusterMembers); err != nil {
		return err
	}
	for _, id := range []string{"a", "b", "c"} {
		n, err := t.newNode(id)
		if err != nil {
			return err
		}
		t.nodes, t.sdks = append(t.nodes, n), append(t.sdks, n.sdk)
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	t.routed, err = client.Dial(t.nodes[0].listen, client.WithSeeds(t.nodes[1].listen, t.nodes[2].listen), client.WithInsecure(),
		client.WithCaller("torture"), client.WithTimeout(10*time.Second), client.WithDialOptions(soon))
	if err != nil {
		return err
	}
	t.clock, t.book = newAckClock(t.Shards), newJournalBook(len(t.nodes), t.Shards)
	if err := t.healthy(ctx); err != nil {
		return err
	}
	return t.openAll(ctx)
}

// remove ends everything that was started.
func (t *clusterTorture) remove() {
	if t.routed != nil {
		_ = t.routed.Close() // nothing is under way any more
	}
	for _, n := range t.nodes {
		n.remove()
	}
	if t.members != nil {
		_ = t.members.stop() // what is left of them is removed, or kept, with the rest
	}
}

// openAll opens the accounts, each through one node or another.
func (t *clusterTorture) openAll(ctx context.Context) error {
	t.accounts = make([]*tortured, t.Accounts)
	return eachOf(ctx, t.accounts, func(i int) error {
		limit := int64(1_000_000_000)
		if i%4 == 0 {
			limit = 20_000
		}
		c := &call{sale: &sale{}, req: opening(fmt.Sprintf("torture-%d", i), fmt.Sprintf("open-%d", i), limit, tortureScenes...)}
		resp, err := c.settle(ctx, t.sdks[i%len(t.sdks)])
		if err != nil {
			return err
		}
		t.accounts[i] = &tortured{id: resp.(*holdfastv1.OpenAccountResponse).GetAccount().GetAccountId(), sales: map[*sale]struct{}{}}
		return nil
	})
}

func opening(consumer, request string, limit int64, scenes ...holdfastv1.Scene) *holdfastv1.OpenAccountRequest {
	req := &holdfastv1.OpenAccountRequest{RequestId: request, ConsumerToken: consumer, Currency: tortureCurrency, Limit: limit}
	for _, scene := range scenes {
		req.Lines = append(req.Lines, &holdfastv1.LineOpening{
			Scene: scene, Limit: limit, AgreementVersion: "torture", AcceptedAgreementVersion: "torture",
		})
	}
	return req
}

// shardWith is the shard of an account.
func shardWith(account string) int {
	shard, _ := ledger.ShardOf(account)
	return int(shard)
}

// clusterRound loads, makes a fault, waits until the cluster is whole again, and checks.
func (t *clusterTorture) clusterRound(ctx context.Context, n int, kind faultKind) (r clusterRound, err error) {
	r.kind = kind.name
	l := &clusterLoad{load: load{t: &t.torture, sdks: t.sdks}, c: t}
	loading, stop := context.WithCancel(ctx)
	defer stop()
	var load sync.WaitGroup
	load.Go(func() { l.run(loading, n) })
	began := time.Now()
	_ = sleepUntil(ctx, began.Add(time.Duration(500+t.random.IntN(1000))*time.Millisecond))
	if err = t.makeFault(ctx, kind, &r); err == nil {
		// Whoever waits longest is asked again last: all shards answer before the load ends.
		_ = sleepUntil(ctx, time.Now().Add(500*time.Millisecond))
	}
	r.loaded = time.Since(began)
	stop()
	load.Wait()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return r, err
	}
	for _, c := range r.probes {
		l.calls, l.sales = append(l.calls, c), append(l.sales, c.sale)
	}
	r.acknowledged, r.refusals, r.doubts, r.done, r.reads = len(l.calls)+len(l.opened)+len(l.paid), l.refusals, l.doubts, l.done, l.reads
	r.audited = n%auditEvery == 0 || n == t.Rounds
	return r, t.checkCluster(ctx, l, &r)
}

// makeFault makes one fault and measures what comes of it.
func (t *clusterTorture) makeFault(ctx context.Context, kind faultKind, r *clusterRound) error {
	s := &strike{t: t}
	if err := kind.prepare(ctx, s); err != nil {
		return fmt.Errorf("%s: %w", kind.name, err)
	}
	before, err := t.topology(ctx)
	if err != nil {
		return err
	}
	if err := kind.choose(ctx, s, before); err != nil {
		return fmt.Errorf("%s: %w", kind.name, err)
	}
	r.about = s.about
	struck := time.Now()
	t.clock.reset(struck)
	acted := make(chan error, 1)
	go func() { acted <- s.act() }()
	err = t.displaced(ctx, s, before)
	if len(s.displaced) > 0 {
		r.ownerless = time.Since(struck)
	}
	if err := errors.Join(err, <-acted); err != nil {
		return fmt.Errorf("%s: %w", kind.name, err)
	}
	_ = sleepUntil(ctx, struck.Add(s.lasts))
	told, err := t.probe(ctx, s)
	if err != nil {
		return err
	}
	if s.heal != nil {
		if err := s.heal(); err != nil {
			return fmt.Errorf("%s: healing: %w", kind.name, err)
		}
	}
	if err := t.healthy(ctx); err != nil {
		t.fault("%s, %s: %v", kind.name, s.about, err)
		return err
	}
	r.healthy = time.Since(struck)
	told()
	r.probes = s.probes
	if err := t.clock.heard(ctx, s.shards); err != nil {
		t.fault("%s, %s: %v", kind.name, s.about, err)
		return err
	}
	r.silence = t.clock.longest(s.shards)
	return nil
}

// end stops the nodes and has their directories checked by holdfast verify.
func (t *clusterTorture) end(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, n := range t.nodes {
		if err := n.process.stop(); err != nil {
			t.fault("SIGTERM at the end: %v", err)
		}
	}
	for _, n := range t.nodes {
		out, err := exec.CommandContext(ctx, self, "verify", "--data", t.dataOf(n.id)).CombinedOutput()
		if err != nil {
			t.fault("holdfast verify on node %s: %v\n%s", n.id, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// ackClock measures for each shard the longest time between two acknowledged answers.
type ackClock struct {
	mu     sync.Mutex
	last   []time.Time
	wait   []time.Duration // the longest since the reset
	closed []bool          // something has been acknowledged since heard began to wait
}

func newAckClock(shards int) *ackClock {
	return &ackClock{last: make([]time.Time, shards), wait: make([]time.Duration, shards), closed: make([]bool, shards)}
}

func (a *ackClock) reset(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.last {
		a.last[i], a.wait[i] = now, 0
	}
}

// ack notes an acknowledged answer.
func (a *ackClock) ack(shard int, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wait[shard], a.last[shard] = max(a.wait[shard], now.Sub(a.last[shard])), now
	a.closed[shard] = true
}

// heard waits until each of the shards has acknowledged something from now on, so that no wait is left open.
func (a *ackClock) heard(ctx context.Context, shards []int) error {
	a.mu.Lock()
	clear(a.closed)
	a.mu.Unlock()
	for until := time.Now().Add(healthyWithin); time.Now().Before(until); {
		a.mu.Lock()
		missing := slices.ContainsFunc(shards, func(shard int) bool { return !a.closed[shard] })
		a.mu.Unlock()
		if !missing {
			return nil
		}
		if err := sleepUntil(ctx, time.Now().Add(5*time.Millisecond)); err != nil {
			return err
		}
	}
	return fmt.Errorf("a shard acknowledges nothing for %v after the cluster was whole again", healthyWithin)
}

func (a *ackClock) longest(shards []int) (d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, shard := range shards {
		d = max(d, a.wait[shard])
	}
	return d
}
