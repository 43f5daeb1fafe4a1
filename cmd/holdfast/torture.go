package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TortureCmd kills a loaded server again and again, and checks what it promised.
type TortureCmd struct {
	Rounds      int    `placeholder:"N" help:"How often to load and kill (10, or 20 of a cluster)."`
	Seed        uint64 `placeholder:"N" help:"Of the load and the moments to kill; by default another each time. Timing is not part of it."`
	Workers     int    `placeholder:"N" help:"Calls under way at once (64)."`
	Connections int    `default:"8" placeholder:"N" help:"Connections; every second one carries AuthorizeStream (${default})."`
	Accounts    int    `default:"200" placeholder:"N" help:"Accounts to fight over (${default})."`
	Shards      int    `placeholder:"N" help:"Shards of the server (1), or of the cluster (4)."`
	Cache       string `placeholder:"BYTES" help:"Cache of the server; small to have it evict (its own default)."`
	Data        string `placeholder:"DIR" help:"Directory for the book; it must be new, and is kept. Without it one is made, and removed when no fault was found."`

	Cluster    bool          `help:"Torture a cluster of three nodes and three members of etcd instead."`
	Devcluster string        `type:"existingfile" placeholder:"PROGRAM" help:"The members of etcd are processes of this program, that of cmd/devcluster; without it, it is built, in the repository."`
	Lease      time.Duration `default:"3s" help:"Lease of the cluster's nodes (${default})."`
	Only       []string      `placeholder:"FAULT,..." help:"Of a cluster: only these kinds of faults, as the report calls them."`
	JSON       bool          `name:"json" help:"Of a cluster: print one JSON object at the end, and nothing else."`
}

// Help teaches the command.
func (*TortureCmd) Help() string {
	return `It starts the server and loads it over many connections with everything that a sale can be: authorizations whole and
partial, increments, extensions, captures, voids, refunds, charges, advices, reversals, also of orders that have not
arrived, and some requests twice at once. At a random moment it kills the server, with SIGKILL, with SIGTERM, or with
both, sometimes again while it starts; then it starts it once more and checks:

  - every request that was in doubt is sent again with its id, and is then carried out exactly once
  - every acknowledged authorization is there, as it was acknowledged
  - a sample of all acknowledged requests, sent again, is answered as the first time, and marked replayed
  - every amount is what plain arithmetic makes of the requests; what is held and posted on every account and line is
    the sum of its sales, and no account has an authorization that nobody asked for
  - the server's own check of journal, state and invariants finds nothing; at the end so does holdfast verify

Examples:

  holdfast torture                           ten rounds, about half a minute
  holdfast torture --rounds 50 --shards 4
  holdfast torture --accounts 5000 --cache 1MiB   rows are evicted and reread
  holdfast torture --seed 7                  load and moments as seed 7 has them
  holdfast torture --cluster                 twenty faults, about six minutes

With --cluster it starts three members of etcd and three nodes, each in a process of its own, and loads them through any
node. A request is sent again, with its id, until it is answered. Each round makes one fault: it kills, stops for longer
than its lease, or cuts off from etcd the owner of a shard; kills the member of etcd that leads or one that follows, or a
standby; or it restarts, drains or moves as an operator would. It measures how long a shard did not answer, waits until the
cluster is whole, and checks what is said above through every node, and that

  - an order that is looked up meanwhile, through any node, is as it was acknowledged last
  - every node's copy of every journal has each acknowledged request exactly once, and none that was refused
  - the copies are alike; every fourth round each node checks its whole book, and all have the same hash of their state

It exits with 1 if it found any fault, and then keeps the book.`
}

// Validate refuses what cannot be run.
func (c *TortureCmd) Validate() error {
	if c.Rounds < 0 || c.Workers < 0 || c.Connections < 1 || c.Accounts < 1 || c.Shards < 0 {
		return errors.New("--rounds, --workers, --connections, --accounts and --shards must be at least 1")
	}
	if !c.Cluster && (c.JSON || c.Devcluster != "" || len(c.Only) > 0) {
		return errors.New("--json, --only and --devcluster are for --cluster")
	}
	_, err := kindsOf(c.Only)
	return err
}

// withDefaults fills in what differs between a server and a cluster.
func (c *TortureCmd) withDefaults() {
	rounds, shards := 10, 1
	if c.Cluster {
		rounds, shards = 20, 4
	}
	c.Rounds, c.Shards, c.Workers = cmp.Or(c.Rounds, rounds), cmp.Or(c.Shards, shards), cmp.Or(c.Workers, 64)
	if c.Seed == 0 {
		c.Seed = rand.Uint64N(1e6) + 1
	}
}

// torture is a run.
type torture struct {
	*TortureCmd
	dir      string
	random   *rand.Rand // of the moments
	server   *process
	sdks     []*client.Client
	accounts []*tortured
	pool     []*sale // open sales, for later rounds; at most poolMax
	earlier  []*call // a sample of what was acknowledged in earlier rounds; at most earlierMax
	seen     int     // acknowledged in all, of which earlier is a sample
	totals   tortureRound

	mu     sync.Mutex
	faults []string // guarded by mu; at most tortureFaultsMax
	wrong  int      // how many there were; guarded by mu
}

const (
	poolMax          = 300
	earlierMax       = 2000
	tortureFaultsMax = 20
)

// fault notes that something is not as it must be.
func (t *torture) fault(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrong++
	if len(t.faults) < tortureFaultsMax {
		t.faults = append(t.faults, fmt.Sprintf(format, args...))
	}
}

// Run tortures.
func (c *TortureCmd) Run(ctx context.Context) (err error) {
	c.withDefaults()
	if c.Cluster {
		return c.runCluster(ctx)
	}
	t := &torture{TortureCmd: c, random: rand.New(rand.NewPCG(c.Seed, 0))}
	if t.dir, err = newBookDir(c.Data, "torture-data"); err != nil {
		return err
	}
	fmt.Printf("seed %d, %d workers, %d connections, %d accounts, %d shards, book in %s\n\n",
		c.Seed, c.Workers, c.Connections, c.Accounts, c.Shards, t.dir)
	defer func() {
		t.hangUp()
		if t.server != nil {
			t.server.kill()
		}
		if c.Data == "" && t.wrong == 0 && (err == nil || ctx.Err() != nil) {
			err = errors.Join(err, os.RemoveAll(t.dir))
		} else if err != nil {
			err = fmt.Errorf("%w; the book is kept in %s", err, t.dir)
		}
	}()
	if err := t.start(ctx); err != nil {
		return err
	}
	if err := t.openAccounts(ctx); err != nil {
		return err
	}
	report := tortureReport{out: os.Stdout}
	report.head()
	for n := 1; n <= c.Rounds && t.wrong == 0; n++ {
		round, err := t.round(ctx, n)
		if err != nil {
			return err
		}
		report.round(n, round)
		t.totals.add(round)
	}
	if t.wrong == 0 {
		if err := t.finish(ctx); err != nil {
			return err
		}
	}
	report.foot(t)
	if t.wrong > 0 {
		return fmt.Errorf("%d faults", t.wrong)
	}
	return nil
}

// arguments of the server.
func (t *torture) arguments() []string {
	args := []string{
		"serve", "--data", t.dir, "--listen", "127.0.0.1:0", "--ops", "", "--shards", strconv.Itoa(t.Shards), "--log-level", "warn",
	}
	if t.Cache != "" {
		args = append(args, "--cache", t.Cache)
	}
	return args
}

// start starts the server and connects.
func (t *torture) start(ctx context.Context) (err error) {
	if t.server, err = start(ctx, t.arguments()...); err != nil {
		return err
	}
	for i := range t.Connections {
		options := []client.Option{
			client.WithInsecure(), client.WithTimeout(10 * time.Second), client.WithCaller("torture"),
			client.WithRetry(client.RetryPolicy{MaxAttempts: 1}), // what becomes of an attempt is what is looked at
		}
		if i%2 == 1 {
			options = append(options, client.WithStreams(1))
		}
		sdk, err := client.Dial(t.server.Listen, options...)
		if err != nil {
			return err
		}
		t.sdks = append(t.sdks, sdk)
	}
	return nil
}

// hangUp closes the connections.
func (t *torture) hangUp() {
	for _, sdk := range t.sdks {
		_ = sdk.Close() // the server may be gone
	}
	t.sdks = nil
}

// openAccounts opens all accounts. Every fourth one has little credit, so that there are declines.
func (t *torture) openAccounts(ctx context.Context) error {
	sdk, err := client.Dial(t.server.Listen, client.WithInsecure(), client.WithCaller("torture"), client.WithTimeout(30*time.Second))
	if err != nil {
		return err
	}
	defer func() { _ = sdk.Close() }() // nothing is under way any more
	t.accounts = make([]*tortured, t.Accounts)
	return eachOf(ctx, t.accounts, func(i int) error {
		limit := int64(1_000_000_000)
		if i%4 == 0 {
			limit = 20_000
		}
		req := &holdfastv1.OpenAccountRequest{ConsumerToken: fmt.Sprintf("torture-%d", i), Currency: tortureCurrency, Limit: limit}
		for _, scene := range tortureScenes {
			req.Lines = append(req.Lines, &holdfastv1.LineOpening{
				Scene: scene, Limit: limit, AgreementVersion: "torture", AcceptedAgreementVersion: "torture",
			})
		}
		resp, err := sdk.OpenAccount(ctx, req)
		if err != nil {
			return err
		}
		t.accounts[i] = &tortured{id: resp.GetAccount().GetAccountId(), sales: map[*sale]struct{}{}}
		return nil
	})
}

// eachOf calls do for every index of a list, many at once, until one fails.
func eachOf[T any](ctx context.Context, list []T, do func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(64, len(list)) {
		workers.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range list {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// tortureRound is what happened in one round, or in all.
type tortureRound struct {
	way               string // how the server went
	loaded, restarted time.Duration
	acknowledged      int
	refusals, twins   int
	exhausted         int // asked again because the queue was full
	doubts, done      int // of requests in doubt, those that turned out to have been carried out
	starts            int // killed while starting
	fetched, replayed int // compared
	entries           uint64
}

func (r *tortureRound) add(o tortureRound) {
	r.acknowledged += o.acknowledged
	r.refusals += o.refusals
	r.twins += o.twins
	r.exhausted += o.exhausted
	r.doubts += o.doubts
	r.done += o.done
	r.starts += o.starts
	r.fetched += o.fetched
	r.replayed += o.replayed
	r.entries = o.entries
}

// round loads, kills, starts and checks.
func (t *torture) round(ctx context.Context, n int) (r tortureRound, err error) {
	l := &load{t: t, sdks: t.sdks}
	loading, stop := context.WithCancel(ctx)
	defer stop()
	loaded := make(chan struct{})
	began := time.Now()
	go func() { l.run(loading, n); close(loaded) }()
	_ = sleepUntil(ctx, began.Add(time.Duration(20+t.random.IntN(780))*time.Millisecond))
	if t.server.gone() {
		t.fault("the server ended by itself: %v", t.server.failure())
	}
	l.killed.Store(true)
	r.loaded = time.Since(began)
	gone := make(chan struct{})
	go func() {
		// A draining server answers as long as it is asked: let it see some calls while it drains, then go.
		_ = sleepUntil(ctx, time.Now().Add(100*time.Millisecond))
		stop()
		<-loaded
		t.hangUp()
		close(gone)
	}()
	r.way = t.end()
	<-gone
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	began = time.Now()
	if r.starts, err = t.killStarts(ctx); err != nil {
		return r, err
	}
	if err := t.start(ctx); err != nil {
		return r, err
	}
	r.restarted = time.Since(began)
	r.acknowledged, r.refusals, r.twins, r.exhausted = len(l.calls), l.refusals, l.twins, l.exhausted
	return r, t.check(ctx, l, &r)
}

// end ends the server in one of several ways, and tells which.
func (t *torture) end() string {
	n := t.random.IntN(100)
	pause := time.Duration(t.random.IntN(20)) * time.Millisecond
	switch {
	case n < 70:
		t.server.kill()
		return "SIGKILL"
	case n < 85:
		if err := t.server.stop(); err != nil {
			t.fault("SIGTERM: %v", err)
		}
		return "SIGTERM"
	}
	_ = t.server.cmd.Process.Signal(syscall.SIGTERM) // it is there, or that is a fault already
	time.Sleep(pause)
	t.server.kill()
	return "SIGTERM, SIGKILL"
}

// killStarts now and then starts the server only to kill it before it serves, or just after.
func (t *torture) killStarts(ctx context.Context) (kills int, err error) {
	if t.random.IntN(4) > 0 {
		return 0, nil
	}
	for range 1 + t.random.IntN(3) {
		p, err := spawn(t.arguments()...)
		if err != nil {
			return kills, err
		}
		_ = sleepUntil(ctx, time.Now().Add(time.Duration(t.random.IntN(120))*time.Millisecond))
		if p.gone() {
			return kills, fmt.Errorf("it ended while starting: %w", p.failure())
		}
		p.kill()
		kills++
	}
	return kills, nil
}

// finish looks at everything once more, ends the server and checks the files.
func (t *torture) finish(ctx context.Context) error {
	if err := t.checkAccounts(ctx, t.accounts, true); err != nil {
		return err
	}
	t.hangUp()
	if err := t.server.stop(); err != nil {
		t.fault("SIGTERM at the end: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, self, "verify", "--data", t.dir).CombinedOutput()
	if err != nil {
		t.fault("holdfast verify: %v\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
