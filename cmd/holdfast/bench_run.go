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

	"github.com/holdfast-credit/holdfast/proto/codec"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// bench is a run: the processes, the connections and the accounts.
type bench struct {
	*BenchCmd
	out io.Writer

	server, echoServer *process // nil with --target
	holdfast, echo     []*grpc.ClientConn
	accounts           accountBook
	dir                string // of the server's book; empty with --target
	temporary          bool   // dir is to be removed

	lead   time.Duration // between placing holds and the load before they end; 0 for what it should take
	aside  uint64        // entries that the state files had that were put aside
	buying time.Duration // with --close: how long it took to buy something on each account
}

// A benchCase is one kind of load.
type benchCase struct {
	name, file  string
	concurrency int // requests under way in all
	streams     int // 0 for unary calls
}

// prepare opens the accounts, starts the servers and connects.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.Target != "" {
		if b.holdfast, err = dialEach(b.Target, b.Connections); err != nil {
			return err
		}
		b.accounts, err = openBenchAccounts(ctx, b.holdfast, b.Accounts, b.out)
		return err
	}
	if err := b.makeDirs(); err != nil {
		return err
	}
	if b.asIs() {
		b.accounts = firstAccount()
		return nil
	}
	if err := b.fill(ctx); err != nil {
		return err
	}
	if b.Tail > 0 {
		if err := b.putStatesAside(); err != nil {
			return err
		}
	}
	if b.server, err = start(ctx, b.serverArgs()...); err != nil {
		return err
	}
	if b.holdfast, err = dialEach(b.server.Listen, b.Connections); err != nil {
		return err
	}
	if !b.compares() {
		return nil
	}
	if b.echoServer, err = start(ctx, "echo"); err != nil {
		return err
	}
	b.echo, err = dialEach(b.echoServer.Listen, b.Connections)
	return err
}

// fill makes the book. When it returns nobody has the directory open.
func (b *bench) fill(ctx context.Context) error {
	f, err := newFiller(ctx, b.dir, b.Shards, b.cacheBytes(), b.clock())
	if err != nil {
		return err
	}
	b.accounts, err = fillAccounts(ctx, f, b.Accounts, b.out)
	if err == nil && b.Close > 0 {
		begun := time.Now()
		if err = f.buy(ctx, b.accounts, b.Close); err == nil {
			b.buying = time.Since(begun)
			err = f.flush(ctx)
		}
	}
	return errors.Join(err, f.close())
}

// makeDirs makes the directories for the book and for profiles.
func (b *bench) makeDirs() (err error) {
	if b.Profile != "" {
		if err := os.MkdirAll(b.Profile, 0o750); err != nil {
			return err
		}
	}
	if b.dir = b.Data; b.dir == "" {
		b.dir, err = os.MkdirTemp(".", "bench-data-")
		b.temporary = err == nil
	}
	return err
}

func (b *bench) serverArgs() []string {
	args := []string{"serve", "--data", b.dir, "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0"}
	if b.Shards > 0 {
		args = append(args, "--shards", strconv.Itoa(b.Shards))
	}
	if b.Policy != "" {
		args = append(args, "--policy", b.Policy)
	}
	if b.Close > 0 {
		args = append(args, "--virtual-clock", closeBegins.Format(time.RFC3339))
	}
	if b.Cache > 0 {
		args = append(args, "--cache", fmt.Sprintf("%dB", b.Cache))
	}
	return args
}

// cacheBytes is what the server's rows may take up in memory.
func (b *bench) cacheBytes() int64 {
	if b.Cache > 0 {
		return int64(b.Cache)
	}
	return fillCache
}

// dialEach makes the connections; echo and holdfast get the same.
func dialEach(target string, n int) ([]*grpc.ClientConn, error) {
	var all []*grpc.ClientConn
	for range n {
		cc, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry(),
			grpc.WithDefaultCallOptions(grpc.ForceCodecV2(codec.New())))
		if err != nil {
			return nil, err
		}
		all = append(all, cc)
	}
	return all, nil
}

// close ends what was started, and removes what was made.
func (b *bench) close() error {
	errs := []error{b.disconnect()}
	for _, p := range []*process{b.server, b.echoServer} {
		if p != nil {
			errs = append(errs, p.stop())
		}
	}
	errs = append(errs, b.dropStates())
	if b.temporary {
		errs = append(errs, os.RemoveAll(b.dir))
	}
	return errors.Join(errs...)
}

func (b *bench) disconnect() error {
	var errs []error
	for _, cc := range slices.Concat(b.holdfast, b.echo) {
		errs = append(errs, cc.Close())
	}
	b.holdfast, b.echo = nil, nil
	return errors.Join(errs...)
}

// measure runs the rounds of one case.
func (b *bench) measure(ctx context.Context, bc benchCase) (*benchResult, error) {
	result := &benchResult{benchCase: bc}
	show := newProgress(bc.name)
	defer show.end()
	show.next = time.Time{}
	for round := range b.Rounds {
		show.say(fmt.Sprintf("round %d of %d", round+1, b.Rounds))
		if b.echo != nil {
			b.settle(ctx, 10*time.Second)
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
// processor from the echo and flatter the ratio. It waits a bounded time.
func (b *bench) settle(ctx context.Context, atMost time.Duration) {
	const look = 250 * time.Millisecond
	last, ok := b.server.cpu()
	for range atMost / look {
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
	case b.Close > 0:
		return durationpb.New(closeHold)
	case b.Expire > 0:
		return durationpb.New(expireOthers)
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

// watch looks ten times a second until done is closed.
func watch(done <-chan struct{}, look func()) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			look()
		}
	}
}
