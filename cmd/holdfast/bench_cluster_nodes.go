package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// benchLease is that of the nodes: what a take-over is measured against.
const benchLease = 3 * time.Second

// clusterPatience is how long what a cluster does by itself may take.
const clusterPatience = 60 * time.Second

// benchCluster is a cluster that runs.
type benchCluster struct {
	name   string // in etcd
	shards int
	nodes  []*benchNode
	book   accountBook
	bench  *clusterBench
}

// benchNode is one of its nodes.
type benchNode struct {
	id, dir string
	*process
	conns []*grpc.ClientConn
}

// startCluster starts the nodes and opens the accounts. What it answers with is to be stopped even after an error.
func (c *clusterBench) startCluster(ctx context.Context, l layout) (*benchCluster, error) {
	c.laid++
	run := &benchCluster{name: "bench" + strconv.Itoa(c.laid), shards: l.shards, bench: c}
	for range l.nodes {
		if _, err := run.add(ctx, min(2, l.nodes)); err != nil {
			return run, err
		}
		if err := run.settled(ctx); err != nil { // one after the other, so that each finds the cluster whole
			return run, err
		}
	}
	for shard := range l.shards {
		if err := run.move(ctx, shard, run.nodes[shard%l.nodes]); err != nil {
			return run, err
		}
	}
	var err error
	run.book, err = openBenchAccounts(ctx, run.nodes[0].conns, c.Accounts, io.Discard)
	return run, err
}

// add starts one more node, on a directory that is empty.
func (run *benchCluster) add(ctx context.Context, copies int) (*benchNode, error) {
	n := &benchNode{id: string(rune('a' + len(run.nodes)))}
	n.dir = filepath.Join(run.bench.dir, run.name+"-"+n.id)
	run.nodes = append(run.nodes, n)
	return n, run.launch(ctx, n, copies)
}

// launch starts a node and waits until it serves.
func (run *benchCluster) launch(ctx context.Context, n *benchNode, copies int) (err error) {
	args := []string{
		"serve", "--journal", "etcd", "--etcd", strings.Join(run.bench.members.endpoints(), ","), "--cluster", run.name, "--node", n.id,
		"--lease", benchLease.String(), "--copies", strconv.Itoa(copies), "--data", n.dir, "--shards", strconv.Itoa(run.shards),
		"--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0",
	}
	if run.bench.Policy != "" {
		args = append(args, "--policy", run.bench.Policy)
	}
	if run.bench.Cache > 0 {
		args = append(args, "--cache", fmt.Sprintf("%dB", run.bench.Cache))
	}
	if n.process, err = start(ctx, args...); err != nil {
		return err
	}
	n.conns, err = dialEach(n.Listen, run.bench.Connections)
	return err
}

// hangUp closes the connections to a node.
func (n *benchNode) hangUp() error {
	var errs []error
	for _, cc := range n.conns {
		errs = append(errs, cc.Close())
	}
	n.conns = nil
	return errors.Join(errs...)
}

// stop ends the nodes.
func (run *benchCluster) stop() error {
	var errs []error
	for _, n := range run.nodes {
		errs = append(errs, n.hangUp())
		if n.process != nil && !n.gone() {
			errs = append(errs, n.process.stop())
		}
	}
	return errors.Join(errs...)
}

// settled waits until every shard is decided for by the node that should, and every node has caught up with all of them.
func (run *benchCluster) settled(ctx context.Context) error {
	return run.until(ctx, "every shard has its owner and every node has caught up", func(s *holdfastv1.GetClusterStatusResponse) bool {
		for _, shard := range s.GetShards() {
			if o := shard.GetOwner(); o.GetEpoch() == 0 || o.GetNodeId() != shard.GetPreferredNodeId() {
				return false
			}
		}
		for _, n := range s.GetNodes() {
			if len(n.GetWarmShards()) < run.shards {
				return false
			}
		}
		return len(s.GetNodes()) == len(run.nodes)
	})
}

// until asks the first node that is there how the cluster is doing until it is as it should be.
func (run *benchCluster) until(ctx context.Context, what string, is func(*holdfastv1.GetClusterStatusResponse) bool) error {
	ctx, cancel := context.WithTimeout(ctx, clusterPatience)
	defer cancel()
	for {
		s, err := run.status(ctx)
		if err == nil && is(s) {
			return nil
		}
		if sleepUntil(ctx, time.Now().Add(20*time.Millisecond)) != nil {
			return fmt.Errorf("it is not so that %s: %v %w", what, s, err)
		}
	}
}

func (run *benchCluster) status(ctx context.Context) (s *holdfastv1.GetClusterStatusResponse, err error) {
	err = errors.New("no node is there")
	for _, n := range run.nodes {
		if n.conns != nil && !n.gone() {
			return holdfastv1.NewClusterServiceClient(n.conns[0]).GetClusterStatus(ctx, &holdfastv1.GetClusterStatusRequest{})
		}
	}
	return s, err
}

// move moves a shard, once the node is ready for it.
func (run *benchCluster) move(ctx context.Context, shard int, to *benchNode) error {
	ctx, cancel := context.WithTimeout(ctx, clusterPatience)
	defer cancel()
	for {
		_, err := holdfastv1.NewClusterServiceClient(to.conns[0]).MoveShard(ctx, &holdfastv1.MoveShardRequest{Shard: int32(shard), NodeId: to.id})
		if status.Code(err) != codes.FailedPrecondition {
			return err
		}
		if sleepUntil(ctx, time.Now().Add(20*time.Millisecond)) != nil {
			return err
		}
	}
}

// entries is how many the journals have.
func entriesOf(s *holdfastv1.GetClusterStatusResponse) (sum uint64) {
	for _, shard := range s.GetShards() {
		sum += shard.GetLastSequence()
	}
	return sum
}

// orders makes orders for the accounts of the cluster, or of one shard of it.
func (run *benchCluster) orders(book accountBook) *orders {
	b := *run.bench.bench
	b.accounts = book
	return b.newOrders()
}

// of is the accounts of one shard.
func (run *benchCluster) of(shard int) (accountBook, error) {
	var ids strings.Builder
	for i := range run.book.len() {
		id, err := ledger.ParseAccountID(run.book.id(i))
		if err != nil {
			return accountBook{}, err
		}
		if int(id.Shard()) == shard {
			ids.WriteString(run.book.id(i))
		}
	}
	if ids.Len() == 0 {
		return accountBook{}, fmt.Errorf("shard %d has no account: use more --accounts", shard)
	}
	return accountBook{ids.String()}, nil
}

// calls makes the callers that take a route. Shard k is decided for by node k modulo the nodes: startCluster saw to it.
func (run *benchCluster) calls(r route) benchCalls {
	return benchCalls{
		unary: func(t *tally) unaryCaller {
			c := &authorizeCaller{orders: run.orders(run.book), tally: t}
			if r.direct {
				return &directCaller{c, run.nodes}
			}
			return c
		},
	}
}

// directCaller goes to the owner of each account's shard.
type directCaller struct {
	*authorizeCaller
	nodes []*benchNode
}

func (d *directCaller) call(ctx context.Context, _ *grpc.ClientConn, now time.Time) error {
	d.next(now)
	id, err := ledger.ParseAccountID(d.req.GetAccountId())
	if err != nil {
		return err
	}
	n := d.nodes[int(id.Shard())%len(d.nodes)]
	return d.send(ctx, n.conns[int(id.Number())%len(n.conns)])
}

// clusterLeg is one measurement of a cluster.
type clusterLeg struct {
	benchLeg
	etcdCPU time.Duration // of all members, for each request
}

// clusterLeg loads the cluster for the warm-up and the duration.
func (c *clusterBench) clusterLeg(ctx context.Context, run *benchCluster, r route, bc benchCase, profile string) (leg clusterLeg, err error) {
	runtime.GC()
	from := time.Now().Add(c.WarmUp)
	window := span{from: from, to: from.Add(c.Duration)}
	var nodes []*process
	for _, n := range run.nodes {
		nodes = append(nodes, n.process)
	}
	used, etcd := watchUsage(ctx, window, nodes...), watchUsage(ctx, window, c.members.list...)
	var profiled <-chan error
	if profile != "" {
		profiled = writeProfiles(ctx, filepath.Join(c.Profile, profile), run.nodes[0].Ops, window)
	}
	leg.benchLeg = newBenchLeg(c.load(ctx, bc, run.nodes[0].conns, run.calls(r), window), window, <-used)
	if leg.answers > 0 {
		leg.etcdCPU = (<-etcd).server / time.Duration(leg.answers)
	}
	leg.memory = memoryOf(run.nodes[0].process)
	if profiled != nil {
		if err := <-profiled; err != nil {
			return leg, fmt.Errorf("profile: %w", err)
		}
	}
	for _, n := range run.nodes {
		if n.gone() {
			return leg, fmt.Errorf("node %s ended under load: %w", n.id, n.failure())
		}
	}
	return leg, ctx.Err()
}
