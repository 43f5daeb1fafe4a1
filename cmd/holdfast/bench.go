package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
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
	Cache       string        `placeholder:"BYTES" help:"Cache of the server, such as 768MiB (its own default)."`
	Hold        time.Duration `placeholder:"D" help:"Lifetime of the holds (chosen so that no account gets too many)."`
	Profile     string        `placeholder:"DIR" help:"Write processor profiles of the server and of the load generator."`
	Target      string        `placeholder:"HOST:PORT" help:"Measure a running server instead of starting one; there is no echo then. It gets accounts named bench-..."`
	JSON        bool          `name:"json" help:"Print an array of results; what is for people goes to standard error."`
}

// Help teaches the command.
func (*BenchCmd) Help() string {
	return `It starts the server, and an empty echo server with the same gRPC options, as processes of their own; opens
accounts; then lets both answer in turn and prints both and their ratio. Every figure is with durable commits, request
ids and orders of their own. What is not asked for by a flag is measured as: unary calls with 64 and with 256 under
way, and four streams.

The load generator runs on the same machine and takes its share of the processor, for the echo as for holdfast. The
disk under the present directory (or --data) is what is measured: a RAM disk commits nothing.

Where the system is Linux it also tells what the server had in memory after the last round: resident, and at most so
far; of the former, pages of its own (anonymous) and pages of files, which are the mapped state file and journal and
which the system takes back when it needs them.

Examples:

  holdfast bench                               what is usual, a million accounts
  holdfast bench --accounts 10000 --rounds 1   a quick look
  holdfast bench --concurrency 1,16,64         closed loop, unary
  holdfast bench --stream --streams 8 --window 128
  holdfast bench --rate 5000 --duration 30s    open loop: queueing counts
  holdfast bench --data bench.d                open the accounts only once
  holdfast bench --json > bench.json

  holdfast bench --profile prof --concurrency 64
  go tool pprof -top prof/unary-c64.server.pprof

It exits with 1 if any call failed or was declined unexpectedly.`
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
	case c.Duration < 100*time.Millisecond || c.WarmUp < 0:
		return errors.New("--duration must be at least 100ms")
	case c.Rate < 0:
		return errors.New("--rate must be above 0")
	case slices.ContainsFunc(c.Concurrency, func(n int) bool { return n < 1 || n > 1e5 }):
		return errors.New("--concurrency must be 1 to 100000")
	case c.Target != "" && (c.Data != "" || c.Shards != 0 || c.Cache != "" || c.Profile != ""):
		return errors.New("--data, --shards, --cache and --profile are for a server that bench starts, not for --target")
	}
	return nil
}

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
		cases = append(cases, benchCase{
			name:        fmt.Sprintf("stream %dx%d", c.Streams, c.Window),
			file:        fmt.Sprintf("stream-%dx%d", c.Streams, c.Window),
			concurrency: c.Streams * c.Window, streams: c.Streams,
		})
	}
	return cases
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
	var results []benchResult
	report := benchReport{out: out, echo: bench.echo != nil}
	report.head(c)
	for _, bc := range c.cases() {
		result, err := bench.measure(ctx, bc)
		if err != nil {
			return err
		}
		report.result(result)
		results = append(results, result)
	}
	report.foot(results)
	if c.JSON {
		objects := make([]any, 0, len(results))
		for _, r := range results {
			objects = append(objects, r.object())
		}
		if err := writeBenchJSON(os.Stdout, objects); err != nil {
			return err
		}
	}
	var failed []error
	for _, r := range results {
		failed = append(failed, r.failure())
	}
	return errors.Join(failed...)
}

// bench is a run: the processes, the connections and the accounts.
type bench struct {
	*BenchCmd
	out io.Writer

	server, echoServer *process // nil with --target
	holdfast, echo     []*grpc.ClientConn
	accounts           accountBook
	temporary          string // directory to remove
}

// A benchCase is one kind of load.
type benchCase struct {
	name, file  string
	concurrency int // requests under way in all
	streams     int // 0 for unary calls
}

// prepare starts the servers, connects and opens the accounts.
func (b *bench) prepare(ctx context.Context) error {
	target := b.Target
	if target == "" {
		if err := b.startServers(ctx); err != nil {
			return err
		}
		target = b.server.Listen
		var err error
		if b.echo, err = dialEach(b.echoServer.Listen, b.Connections); err != nil {
			return err
		}
	}
	var err error
	if b.holdfast, err = dialEach(target, b.Connections); err != nil {
		return err
	}
	b.accounts, err = openBenchAccounts(ctx, b.holdfast, b.Accounts, b.out)
	return err
}

func (b *bench) startServers(ctx context.Context) (err error) {
	dir := b.Data
	if dir == "" {
		if dir, err = os.MkdirTemp(".", "bench-data-"); err != nil {
			return err
		}
		b.temporary = dir
	}
	if b.Profile != "" {
		if err := os.MkdirAll(b.Profile, 0o750); err != nil {
			return err
		}
	}
	args := []string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"}
	if b.Shards > 0 {
		args = append(args, "--shards", strconv.Itoa(b.Shards))
	}
	if b.Cache != "" {
		args = append(args, "--cache", b.Cache)
	}
	if b.server, err = start(ctx, args...); err != nil {
		return err
	}
	b.echoServer, err = start(ctx, "echo")
	return err
}

// dialEach makes the connections; echo and holdfast get the same.
func dialEach(target string, n int) ([]*grpc.ClientConn, error) {
	var all []*grpc.ClientConn
	for range n {
		cc, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry())
		if err != nil {
			return nil, err
		}
		all = append(all, cc)
	}
	return all, nil
}

// close ends what was started, and removes what was made.
func (b *bench) close() error {
	var errs []error
	for _, cc := range slices.Concat(b.holdfast, b.echo) {
		errs = append(errs, cc.Close())
	}
	for _, p := range []*process{b.server, b.echoServer} {
		if p != nil {
			errs = append(errs, p.stop())
		}
	}
	if b.temporary != "" {
		errs = append(errs, os.RemoveAll(b.temporary))
	}
	return errors.Join(errs...)
}

// measure runs the rounds of one case.
func (b *bench) measure(ctx context.Context, bc benchCase) (benchResult, error) {
	result := benchResult{benchCase: bc}
	show := newProgress(bc.name)
	defer show.end()
	show.next = time.Time{}
	for round := range b.Rounds {
		show.say(fmt.Sprintf("round %d of %d", round+1, b.Rounds))
		if b.echo != nil {
			b.settle(ctx)
			leg, err := b.leg(ctx, bc, b.echo, b.echoServer, b.echoCalls(), "")
			if err != nil {
				return result, fmt.Errorf("%s, echo: %w", bc.name, err)
			}
			result.echo = append(result.echo, leg)
		}
		profile := ""
		if round == b.Rounds-1 {
			profile = b.Profile
		}
		leg, err := b.leg(ctx, bc, b.holdfast, b.server, b.holdfastCalls(), profile)
		if err != nil {
			return result, fmt.Errorf("%s: %w", bc.name, err)
		}
		result.holdfast = append(result.holdfast, leg)
	}
	return result, nil
}

// settle waits until the server is through with what the load before left behind, so that its flushes do not take the
// processor from the echo and flatter the ratio. It gives up after ten seconds.
func (b *bench) settle(ctx context.Context) {
	const look = 250 * time.Millisecond
	last, ok := b.server.cpu()
	for range 40 {
		if !ok || sleepUntil(ctx, time.Now().Add(look)) != nil {
			return
		}
		now, _ := b.server.cpu()
		if now-last <= look/20 {
			return
		}
		last = now
	}
}

// leg loads one side for the warm-up and the duration.
func (b *bench) leg(
	ctx context.Context, bc benchCase, conns []*grpc.ClientConn, server *process, calls benchCalls, profile string,
) (benchLeg, error) {
	runtime.GC() // the generator's garbage of the leg before is not this one's
	from := time.Now().Add(b.WarmUp)
	window := span{from: from, to: from.Add(b.Duration)}
	usage := watchUsage(ctx, window, server)
	var profiled <-chan error
	if profile != "" {
		profiled = writeProfiles(ctx, filepath.Join(profile, bc.file), server.Ops, window)
	}
	tallies := b.load(ctx, bc, conns, calls, window)
	leg := newBenchLeg(tallies, window, <-usage)
	leg.memory = memoryOf(server)
	if profiled != nil {
		if err := <-profiled; err != nil {
			return leg, fmt.Errorf("profile: %w", err)
		}
	}
	if server != nil && server.gone() {
		return leg, fmt.Errorf("the server ended under load: %w", server.failure())
	}
	return leg, ctx.Err()
}

// holdLifetime keeps accounts clear of the most holds that one may have: the fewer accounts there are, the sooner
// their holds must end. Nil leaves it to the server's terms, which expire nothing while a usual run lasts.
func (b *bench) holdLifetime() *durationpb.Duration {
	switch {
	case b.Hold > 0:
		return durationpb.New(b.Hold)
	case b.Accounts >= 500_000:
		return nil
	}
	return durationpb.New(max(1, time.Duration(b.Accounts/5000)) * time.Second)
}

// benchAmount is what every order is worth: little, so that no limit is met.
const (
	benchAmount   = 1
	benchLimit    = 1_000_000_000
	benchCurrency = "CNY"
	benchScene    = holdfastv1.Scene_SCENE_TOPUP
)
