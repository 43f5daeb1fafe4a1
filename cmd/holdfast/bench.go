package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// BenchCmd measures Authorize against an empty echo over the same transport.
//
// A machine's speed drifts by a third within an hour, so a figure of its own says little. Echo and holdfast take turns
// within seconds, and what counts is their ratio.
type BenchCmd struct {
	Accounts    int           `default:"1000000" placeholder:"N" help:"Accounts to choose from (${default})."`
	Skew        float64       `placeholder:"S" help:"Choose accounts by Zipf's law with this exponent, above 1, instead of uniformly."`
	Concurrency []int         `placeholder:"N" help:"Measure unary calls, this many at once."`
	Stream      bool          `help:"Measure AuthorizeStream."`
	Streams     int           `default:"4" placeholder:"N" help:"Streams to open (${default})."`
	Window      int           `default:"256" placeholder:"N" help:"Requests under way on each stream (${default})."`
	Rate        float64       `placeholder:"R" help:"Open loop: send R requests a second, and count latency from when each was due."`
	Duration    time.Duration `default:"5s" placeholder:"D" help:"How long one measurement takes (${default})."`
	WarmUp      time.Duration `default:"1s" placeholder:"D" help:"How long to load before each measurement without counting (${default})."`
	Rounds      int           `default:"3" placeholder:"N" help:"Measurements of each, echo and holdfast in turn; their medians are reported (${default})."`
	Connections int           `default:"1" placeholder:"N" help:"HTTP/2 connections to spread the calls over, as many for the echo (${default})."`
	Data        string        `placeholder:"DIR" help:"Keep the book here and use the accounts that it has. Without it one is made in the present directory, and removed."`
	Shards      int           `placeholder:"N" help:"Shards of the server (its own default)."`
	Cache       size          `placeholder:"BYTES" help:"Cache of the server, such as 768MiB (its own default)."`
	Policy      string        `placeholder:"FILE" help:"Risk policy of the server: default (which is the default), none, or a document."`
	Hold        time.Duration `placeholder:"D" help:"Lifetime of the holds (chosen so that no account gets too many)."`
	Expire      int           `placeholder:"N" help:"Measure Authorize while N holds end together, instead of the usual."`
	Close       int           `placeholder:"N" help:"Measure Authorize while the windows of N accounts close, instead of the usual."`
	Restart     bool          `help:"Measure how long the server takes to answer again after a SIGKILL, instead of the usual."`
	Tail        int           `placeholder:"N" help:"With --restart: kill the server N entries after its last flush, rather than wherever it is."`
	Profile     string        `placeholder:"DIR" help:"Write processor profiles of the server and of the load generator."`
	BenchClusterFlags
	Target string `placeholder:"HOST:PORT" help:"Measure a running server instead of starting one; there is no echo then. It gets accounts named bench-..."`
	JSON   bool   `name:"json" help:"Print an array of results; what is for people goes to standard error."`
}

// Help teaches the command.
func (*BenchCmd) Help() string {
	return `It opens accounts; starts the server, and an empty echo server with the same gRPC options, as processes of their
own; then lets both answer in turn and prints both and their ratio. Every figure is with durable commits, request
ids and orders of their own. What is not asked for by a flag is measured as: unary calls with 64 and with 256 under
way, and four streams.

The load generator runs on the same machine and takes its share of the processor, for the echo as for holdfast. The
disk under the present directory (or --data) is what is measured: a RAM disk commits nothing.

Accounts are opened before the server starts, by its own writer but without gRPC: 50,000 a second and more, ten
million in a few minutes. They are all in the state file then, and nothing is in memory: give a large book a long
--warm-up. With --target they are opened by calls, which takes ten times as long.

Where the system is Linux it also tells what the server had in memory after the last round: resident, and at most so
far; of the former, pages of its own (anonymous) and pages of files, which are the mapped state file and journal and
which the system takes back when it needs them.

Examples:

  holdfast bench                               what is usual, a million accounts
  holdfast bench --accounts 10000 --rounds 1   a quick look
  holdfast bench --concurrency 1,16,64         closed loop, unary
  holdfast bench --stream --streams 8 --window 128
  holdfast bench --rate 5000 --duration 30s    open loop: queueing counts
  holdfast bench --data bench.d                open the accounts only once, find them from then on
  holdfast bench --json > bench.json

  holdfast bench --profile prof --concurrency 64
  go tool pprof -top prof/unary-c64.server.pprof

With --expire it measures, once and without the echo, what holds that end together do to others. It places N holds that
all end within a second, waits until the index of deadlines is in the state file, so that the sweep can find them, and
measures unary calls (64 at once, or --concurrency) for --duration before the holds end, and then until the server's
figures say that all have expired. A hundred thousand take a minute and a half, a million some six minutes.

  holdfast bench --expire 1000000 --duration 30s
  holdfast bench --accounts 200000 --expire 100000

With --close it measures, once and without the echo, what a month's end does to others: on a virtual clock, N accounts
have bought something in the window that is open, and the clock moves to when all of them close. The sweep closes them
in the background, and so does whoever asks something of an account first. The book is made anew.

  holdfast bench --close 1000000 --duration 15s

With --restart it kills the server after a load (four streams, or unary calls with --concurrency), starts it again, and
tells, once, how many entries it had to replay, how long it took from exec until its health was SERVING and until the
first Authorize was answered, and its memory then and once it was quiet. For --tail the state files are copied before
the load and put back before the start, as if the last flush had been so long ago. With --duration 0 there is no load:
what is measured is the start on --data as it is. The directory must have been made by bench; it gets one more order,
and the server is killed afterwards, so that the next start finds it the same.

  holdfast bench --restart
  holdfast bench --restart --tail 5000000
  holdfast bench --restart --duration 0 --data bench.d

With --cluster it measures a cluster on this machine: three etcd members, which sync what they write, and nodes of
holdfast, all in processes of their own, beside an embedded server. Embedded and cluster take turns as echo and
holdfast do: one node with 1, 4 and 16 shards; three nodes with 4, where each call goes to its owner, or all go to one
node. Then, under 500 calls a second on one shard, that shard is moved, and its owner killed, and what counts is the
longest time without an answer. Last, a node with an empty directory joins. Accounts are opened by calls: a million
take ten minutes for each cluster.

  go run ./cmd/holdfast bench --cluster --accounts 100000
  holdfast bench --cluster --accounts 100000 --parts move,kill --devcluster ./devcluster

It exits with 1 if any call failed or was declined unexpectedly, or if not all holds expired.`
}

// Validate refuses what cannot be measured.
func (c *BenchCmd) Validate() error {
	switch {
	case c.Accounts < 1 || c.Accounts > 1e8:
		return errors.New("--accounts must be 1 to 100000000")
	case c.Skew != 0 && c.Skew <= 1:
		return errors.New("--skew must be above 1")
	case c.Streams < 1 || c.Window < 1 || c.Window > 1<<16 || c.Connections < 1 || c.Rounds < 1:
		return errors.New("--streams, --window, --connections and --rounds must be at least 1")
	case c.Duration < 100*time.Millisecond && !c.asIs() || c.WarmUp < 0:
		return errors.New("--duration must be at least 100ms")
	case c.Rate < 0:
		return errors.New("--rate must be above 0")
	case slices.ContainsFunc(c.Concurrency, func(n int) bool { return n < 1 || n > 1e5 }):
		return errors.New("--concurrency must be 1 to 100000")
	case c.Target != "" && (c.Data != "" || c.Shards != 0 || c.Cache != 0 || c.Policy != "" || c.Profile != ""):
		return errors.New("--data, --shards, --cache, --policy and --profile are for a server that bench starts, not for --target")
	}
	return errors.Join(c.validateApart(), c.validateCluster())
}

// validateApart refuses what --expire and --restart cannot do.
func (c *BenchCmd) validateApart() error {
	switch most := expireHoldsMax(); {
	case c.Expire < 0 || c.Tail < 0 || c.Close < 0:
		return errors.New("--expire, --close and --tail must be above 0")
	case c.Close > c.Accounts:
		return fmt.Errorf("--close %d needs --accounts %d", c.Close, c.Close)
	case c.Close > 0 && (c.Expire > 0 || c.Restart || c.Target != "" || c.Data != ""):
		return errors.New("--close is measured by itself, on a book of its own: not with --expire, --restart, --target or --data")
	case c.Expire > c.Accounts*most:
		return fmt.Errorf("--expire %d needs --accounts %d: at most %d holds of an account end together", c.Expire, (c.Expire-1)/most+1, most)
	case !c.compares() && !c.Cluster && (c.Rate > 0 || c.Stream || len(c.Concurrency) > 1):
		return errors.New("--expire, --close and --restart have a load of their own: not --rate, --stream or more than one --concurrency")
	case (c.Expire > 0 || c.Restart) && c.Profile != "":
		return errors.New("--profile is not for --expire and --restart")
	case c.Restart && c.Target != "":
		return errors.New("--restart is for a server that bench starts, not for --target")
	case c.Tail > 0 && !c.Restart:
		return errors.New("--tail is for --restart")
	case c.asIs() && (c.Data == "" || c.Expire > 0 || c.Tail > 0):
		return errors.New("--duration 0 starts the server on --data as it is, without --expire or --tail")
	}
	return nil
}

// compares says whether the usual is measured, which has an echo beside it.
func (c *BenchCmd) compares() bool { return c.Expire == 0 && c.Close == 0 && !c.Restart && !c.Cluster }

// cases are what to measure.
func (c *BenchCmd) cases() []benchCase {
	var cases []benchCase
	unary := c.Concurrency
	if len(unary) == 0 && !c.Stream {
		unary = []int{64, 256}
	}
	for _, n := range unary {
		cases = append(cases, benchCase{name: fmt.Sprintf("unary c=%d", n), file: fmt.Sprintf("unary-c%d", n), concurrency: n})
	}
	if c.Stream || len(c.Concurrency) == 0 {
		cases = append(cases, c.streamCase())
	}
	return cases
}

func (c *BenchCmd) streamCase() benchCase {
	return benchCase{
		name:        fmt.Sprintf("stream %dx%d", c.Streams, c.Window),
		file:        fmt.Sprintf("stream-%dx%d", c.Streams, c.Window),
		concurrency: c.Streams * c.Window, streams: c.Streams,
	}
}

// Run measures.
func (c *BenchCmd) Run(ctx context.Context) (err error) {
	out := io.Writer(os.Stdout)
	if c.JSON {
		out = os.Stderr
	}
	bench := &bench{BenchCmd: c, out: out}
	defer func() { err = errors.Join(err, bench.close()) }()
	if err := bench.prepare(ctx); err != nil {
		return err
	}
	findings, err := bench.run(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		objects := []any{}
		for _, f := range findings {
			objects = append(objects, f.objects()...)
		}
		if err := writeBenchJSON(os.Stdout, objects); err != nil {
			return err
		}
	}
	var failed []error
	for _, f := range findings {
		failed = append(failed, f.failure())
	}
	return errors.Join(failed...)
}

// A finding is what was measured: rows for --json, and what went wrong.
type finding interface {
	objects() []any
	failure() error
}

// run measures, and prints for people.
func (b *bench) run(ctx context.Context) (findings []finding, err error) {
	report := benchReport{out: b.out, echo: b.echo != nil}
	if b.compares() {
		return b.compare(ctx, &report)
	}
	if b.Cluster {
		return b.cluster(ctx, &report)
	}
	if b.Expire > 0 {
		e, err := b.expire(ctx)
		if err != nil {
			return nil, err
		}
		report.expiry(b.BenchCmd, e)
		findings = append(findings, e)
	}
	if b.Close > 0 {
		k, err := b.closeWindows(ctx)
		if err != nil {
			return nil, err
		}
		report.closing(b.BenchCmd, k)
		findings = append(findings, k)
	}
	if b.Restart {
		r, err := b.restart(ctx)
		if err != nil {
			return nil, err
		}
		report.restart(r)
		findings = append(findings, r)
	}
	return findings, nil
}

// compare measures the cases, each beside the echo.
func (b *bench) compare(ctx context.Context, report *benchReport) (findings []finding, err error) {
	var results []*benchResult
	report.head(b.BenchCmd)
	for _, bc := range b.cases() {
		result, err := b.measure(ctx, bc)
		if err != nil {
			return nil, err
		}
		report.result(result)
		results, findings = append(results, result), append(findings, result)
	}
	report.foot(results)
	return findings, nil
}
