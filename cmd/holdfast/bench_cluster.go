package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// BenchClusterFlags are what bench measures of a cluster.
type BenchClusterFlags struct {
	Cluster    bool     `help:"Measure a cluster on this machine, three members of etcd and all, beside an embedded server instead of an echo."`
	Devcluster string   `placeholder:"PATH" type:"existingfile" help:"With --cluster: the devcluster program, which has the etcd server (built when run within the repository)."`
	Parts      []string `placeholder:"PART,..." enum:"shards,nodes,move,kill,join" default:"shards,nodes,move,kill,join" help:"With --cluster: what to measure, of ${enum} (all)."`
	Moves      int      `default:"10" placeholder:"N" help:"With --cluster: how often a shard is moved (${default})."`
	Kills      int      `default:"5" placeholder:"N" help:"With --cluster: how often an owner is killed (${default})."`
	Join       int      `default:"500000" placeholder:"N" help:"With --cluster: entries that there are at least when a new replica joins (${default})."`
}

// validateCluster refuses what --cluster cannot do.
func (c *BenchCmd) validateCluster() error {
	switch {
	case !c.Cluster:
		return nil
	case c.Expire > 0 || c.Close > 0 || c.Restart || c.Target != "" || c.Data != "" || c.Shards != 0:
		return errors.New("--cluster makes books of its own: not with --expire, --close, --restart, --target, --data or --shards")
	case c.Stream || c.Rate > 0:
		return errors.New("--cluster has a load of its own: not --stream or --rate")
	case c.Moves < 1 || c.Kills < 1 || c.Join < 1:
		return errors.New("--moves, --kills and --join must be at least 1")
	}
	return nil
}

// clusterBench is a run beside the embedded server, which goes on all the time.
type clusterBench struct {
	*bench
	dir     string // of the nodes and of the members
	members *members
	laid    int // clusters so far
}

// A layout is a cluster to be measured.
type layout struct {
	nodes, shards int
	cases         []benchCase
	routes        []route
}

// A route is how calls get to the shards.
type route struct {
	name   string
	direct bool // each goes to the shard's owner; otherwise all go to one node
}

// layouts are what to load, in order.
func (c *BenchCmd) layouts() (all []layout) {
	cases := func(usual ...int) (cases []benchCase) {
		if len(c.Concurrency) > 0 {
			usual = c.Concurrency
		}
		for _, n := range usual {
			cases = append(cases, benchCase{name: fmt.Sprintf("c=%d", n), file: fmt.Sprintf("c%d", n), concurrency: n})
		}
		return cases
	}
	if slices.Contains(c.Parts, "shards") {
		all = append(all,
			layout{nodes: 1, shards: 1, cases: cases(1, 64, 256), routes: []route{{name: "1 node, 1 shard"}}},
			layout{nodes: 1, shards: 4, cases: cases(64, 256), routes: []route{{name: "1 node, 4 shards"}}},
			layout{nodes: 1, shards: 16, cases: cases(64, 256), routes: []route{{name: "1 node, 16 shards"}}})
	}
	three := layout{nodes: 3, shards: 4, cases: cases(64, 256)}
	if slices.Contains(c.Parts, "nodes") {
		three.routes = []route{{name: "3 nodes, 4 shards, to owners", direct: true}, {name: "3 nodes, 4 shards, to one"}}
	}
	return append(all, three)
}

// cluster measures a cluster beside the embedded server.
func (b *bench) cluster(ctx context.Context, report *benchReport) (findings []finding, err error) {
	c := &clusterBench{bench: b}
	if c.dir, err = os.MkdirTemp(".", "bench-cluster-"); err != nil {
		return nil, err
	}
	defer func() {
		if c.members != nil {
			err = errors.Join(err, c.members.stop())
		}
		err = errors.Join(err, os.RemoveAll(c.dir))
	}()
	if c.members, err = startMembers(ctx, b.Devcluster, c.dir, 3); err != nil {
		return nil, err
	}
	report.clusterHead(b.BenchCmd)
	for _, l := range b.layouts() {
		found, err := c.lay(ctx, l, report)
		if err != nil {
			return nil, fmt.Errorf("%d nodes, %d shards: %w", l.nodes, l.shards, err)
		}
		findings = append(findings, found...)
	}
	return findings, nil
}

// lay starts a cluster, measures it, and stops it.
func (c *clusterBench) lay(ctx context.Context, l layout, report *benchReport) (findings []finding, err error) {
	apart := l.nodes > 1 && slices.ContainsFunc(c.Parts, func(p string) bool { return p == "move" || p == "kill" || p == "join" })
	if len(l.routes) == 0 && !apart {
		return nil, nil
	}
	run, err := c.startCluster(ctx, l)
	defer func() { err = errors.Join(err, run.stop()) }()
	if err != nil {
		return nil, err
	}
	for _, r := range l.routes {
		for _, bc := range l.cases {
			result, err := c.compareCluster(ctx, run, r, bc)
			if err != nil {
				return nil, err
			}
			report.clusterResult(result)
			findings = append(findings, result)
		}
	}
	if !apart {
		return findings, nil
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context, *benchCluster) (finding, error)
	}{{"move", c.moves}, {"kill", c.kills}, {"join", c.join}} {
		if !slices.Contains(c.Parts, part.name) {
			continue
		}
		f, err := part.measure(ctx, run)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		report.printf("\n%s", f)
		findings = append(findings, f)
	}
	return findings, nil
}

// compareCluster measures a case, the embedded server and the cluster in turn.
func (c *clusterBench) compareCluster(ctx context.Context, run *benchCluster, r route, bc benchCase) (*clusterResult, error) {
	result := &clusterResult{route: r, benchCase: bc}
	show := newProgress(r.name + " " + bc.name)
	defer show.end()
	show.next = time.Time{}
	for round := range c.Rounds {
		show.say(fmt.Sprintf("round %d of %d", round+1, c.Rounds))
		c.settle(ctx, 5*time.Second)
		leg, err := c.leg(ctx, bc, c.holdfast, c.server, c.holdfastCalls(), "")
		if err != nil {
			return nil, fmt.Errorf("embedded: %w", err)
		}
		result.embedded = append(result.embedded, leg)
		c.settle(ctx, 5*time.Second)
		profile := ""
		if round == c.Rounds-1 && c.Profile != "" {
			profile = fmt.Sprintf("%dx%d-%s", len(run.nodes), run.shards, bc.file)
			if r.direct {
				profile += "-direct"
			}
		}
		of, err := c.clusterLeg(ctx, run, r, bc, profile)
		if err != nil {
			return nil, err
		}
		result.cluster = append(result.cluster, of)
	}
	return result, nil
}
