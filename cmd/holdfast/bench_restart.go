package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/server"
)

// restart is how long a server takes to answer again.
type restart struct {
	killed            bool  // by this run; otherwise the directory was taken as it was
	accounts          int64 // in the book
	tail              uint64
	serving, answered time.Duration // from exec to health SERVING, and to the answer to the first Authorize
	first, quiet      memory        // with that answer, and once the server had nothing left to do
}

// asIs says that nothing is to be loaded or killed: what is measured is the start on --data as it is.
func (c *BenchCmd) asIs() bool { return c.Restart && c.Duration == 0 }

// restart loads and kills the server, unless there is none, and starts it again.
func (b *bench) restart(ctx context.Context) (*restart, error) {
	r := &restart{killed: b.server != nil}
	if r.killed {
		if err := b.loadTail(ctx); err != nil {
			return nil, err
		}
		b.server.kill()
		if err := b.disconnect(); err != nil {
			return nil, err
		}
	}
	if err := b.restoreStates(); err != nil {
		return nil, err
	}
	flushed, err := b.flushed()
	if err != nil {
		return nil, err
	}
	if err := b.startTimed(ctx, r); err != nil {
		return nil, err
	}
	if err := b.lookAfter(ctx, r, flushed); err != nil {
		return nil, err
	}
	if !r.killed { // so that the directory is left with its tail, but for one more order, and can be measured again
		b.server.kill()
		b.server = nil
	}
	return r, nil
}

// startTimed starts the server and measures until it has answered.
func (b *bench) startTimed(ctx context.Context, r *restart) (err error) {
	show := newProgress("starting")
	defer show.end()
	begun := time.Now()
	if b.server, err = spawn(b.serverArgs()...); err != nil {
		return err
	}
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		err = b.server.ready(ctx)
	}()
	watch(ready, func() { show.say(time.Since(begun).Round(time.Second).String()) })
	if err != nil {
		return err
	}
	if b.holdfast, err = dialEach(b.server.Listen, b.Connections); err != nil {
		return err
	}
	if err := awaitServing(ctx, b.holdfast[0]); err != nil {
		return err
	}
	r.serving = time.Since(begun)
	answer, err := holdfastv1.NewAuthorizationServiceClient(b.holdfast[0]).Authorize(ctx, b.newOrders().next(time.Now()))
	if err != nil {
		return fmt.Errorf("the first Authorize: %w", err)
	}
	r.answered = time.Since(begun)
	r.first = memoryOf(b.server)
	return judge(newTally(), answer)
}

// awaitServing asks for the server's health until it serves.
func awaitServing(ctx context.Context, cc *grpc.ClientConn) error {
	health := grpc_health_v1.NewHealthClient(cc)
	for {
		resp, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.WaitForReady(true))
		if err != nil {
			return fmt.Errorf("health: %w", err)
		}
		if resp.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING {
			return nil
		}
		if err := sleepUntil(ctx, time.Now().Add(time.Millisecond)); err != nil {
			return err
		}
	}
}

// lookAfter finds out what the server did to answer: it replayed what its journal has beyond what the state file had,
// but for what it appended itself.
func (b *bench) lookAfter(ctx context.Context, r *restart, flushed uint64) error {
	figures, err := metricsOf(ctx, b.server)
	if err != nil {
		return err
	}
	stats, err := b.stats(ctx)
	if err != nil {
		return err
	}
	r.accounts = stats.accounts
	r.tail = figures["holdfast_journal_durable_sequence"] - figures["holdfast_journal_entries_total"] - flushed
	b.settle(ctx, 30*time.Second)
	r.quiet = memoryOf(b.server)
	return ctx.Err()
}

// metricsOf are a server's figures that have a label for each shard, summed.
func metricsOf(ctx context.Context, server *process) (map[string]uint64, error) {
	text, err := get(ctx, "http://"+server.Ops+"/metrics")
	if err != nil {
		return nil, err
	}
	sums := map[string]uint64{}
	for line := range strings.Lines(string(text)) {
		name, rest, labelled := strings.Cut(line, `{shard="`)
		_, value, _ := strings.Cut(rest, "} ")
		if v, err := strconv.ParseFloat(strings.TrimSpace(value), 64); labelled && err == nil {
			sums[name] += uint64(v)
		}
	}
	return sums, nil
}

// loadTail loads for as long as one measurement would, or until the journal is --tail entries ahead of the state files
// that were put aside.
func (b *bench) loadTail(ctx context.Context) error {
	bc := b.streamCase()
	if len(b.Concurrency) > 0 {
		bc = benchCase{concurrency: b.Concurrency[0]}
	}
	show := newProgress("loading")
	defer show.end()
	took := b.WarmUp + b.Duration
	if b.Tail > 0 {
		took = 500 * time.Millisecond
	}
	for {
		window := span{from: time.Now(), to: time.Now().Add(took)}
		leg := newBenchLeg(b.load(ctx, bc, b.holdfast, b.holdfastCalls(), window), window, processorTime{})
		now, err := b.stats(ctx)
		err = cmp.Or(ctx.Err(), leg.failure, err)
		if b.Tail > 0 && status.Code(err) == codes.ResourceExhausted { // the state file is far behind, and catches up
			if err = sleepUntil(ctx, time.Now().Add(time.Second)); err == nil {
				continue
			}
		}
		if err != nil || b.Tail == 0 {
			return err
		}
		done := now.entries - b.aside
		if done >= uint64(b.Tail) {
			return nil
		}
		show.update(int64(done), int64(b.Tail))
		left := time.Duration(float64(uint64(b.Tail)-done) / max(1, leg.rps) * float64(time.Second))
		took = min(max(left, 50*time.Millisecond), 2*time.Second)
	}
}

// flushed is up to which sequence the state files have everything, summed over the shards. Nobody may have them open.
func (b *bench) flushed() (sum uint64, err error) {
	err = b.eachState(func(path string) error {
		snapshot, err := state.OpenSnapshot(path)
		if err != nil || snapshot == nil { // nil: there is none, and the whole journal will be replayed
			return err
		}
		sum += snapshot.Flushed
		return snapshot.Close()
	})
	return sum, err
}

// eachState calls do with the path of each shard's state file.
func (b *bench) eachState(do func(path string) error) error {
	data, err := server.ReadDataDir(b.dir)
	if err != nil {
		return err
	}
	for shard := range data.Meta.Shards {
		if err := do(data.StatePath(shard)); err != nil {
			return err
		}
	}
	return nil
}

const asideSuffix = ".bench" // of a copy of a state file

// putStatesAside copies the state files, which have everything, before the server starts.
func (b *bench) putStatesAside() (err error) {
	if b.aside, err = b.flushed(); err != nil {
		return err
	}
	return b.eachState(func(path string) error { return copyFile(path, path+asideSuffix) })
}

// restoreStates puts the copies back if there are any, so that the server finds its state files as they were --tail
// entries ago.
func (b *bench) restoreStates() error {
	if b.Tail == 0 {
		return nil
	}
	return b.eachState(func(path string) error { return os.Rename(path+asideSuffix, path) })
}

// dropStates removes copies that were not put back.
func (b *bench) dropStates() error {
	if b.Tail == 0 || b.dir == "" {
		return nil
	}
	return b.eachState(func(path string) error {
		if err := os.Remove(path + asideSuffix); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	})
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// firstAccount is the book's first account, known without asking: ids are a shard's number and a count.
func firstAccount() accountBook { return accountBook{ledger.NewAccountID(0, 1).String()} }
