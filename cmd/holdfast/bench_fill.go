package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/ledger/writer"
	"github.com/holdfast-credit/holdfast/server"
)

// filler opens accounts in a data directory that no server has yet, with the writers that a server would have and the
// commands that it would make of OpenAccount. What it leaves out is gRPC, which costs ten times what deciding does.
type filler struct {
	writers []*writer.Writer

	// What the garbage collector was allowed before.
	percent int
	limit   int64
}

// The bounds of what a filler has under way and asks for at once.
const (
	fillWindow = 8_192
	fillPage   = 4_000
	fillCache  = 768 << 20 // as much as the server's default
	// fillChunk makes few large transactions of the state file: nobody waits for it meanwhile, so a sync less is time won.
	fillChunk = 100_000
)

func newFiller(ctx context.Context, dir string, shards int, cache int64, clock func() calendar.Instant) (f *filler, err error) {
	data, err := server.OpenDataDir(dir, server.Meta{Shards: shards})
	if err != nil {
		return nil, err
	}
	zone, err := calendar.LoadZone(data.Meta.Zone)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	f = &filler{percent: debug.SetGCPercent(200), limit: debug.SetMemoryLimit(2*cache + 512<<20)}
	for shard := range data.Meta.Shards {
		w, err := openFillWriter(ctx, data, shard, writer.Config{
			Shard: uint16(shard), StatePath: data.StatePath(shard),
			State: state.Options{CacheBytes: cache / int64(data.Meta.Shards), ChunkRows: fillChunk},
			Terms: terms.Default(), Zone: zone, Clock: clock, Owner: fmt.Sprintf("bench/%d", os.Getpid()),
			Sweep: -1, Logger: log,
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("shard %d: %w", shard, err), f.close())
		}
		f.writers = append(f.writers, w)
	}
	return f, nil
}

func openFillWriter(ctx context.Context, data *server.DataDir, shard int, c writer.Config) (*writer.Writer, error) {
	j, err := bolt.Open(data.JournalDir(shard), bolt.Options{Logger: c.Logger})
	if err != nil {
		return nil, err
	}
	c.Journal = j
	w, err := writer.Open(ctx, c, newCounting("replaying", shard))
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return w, nil
}

// close brings everything into the state files, releases the directory, and gives the memory back: the load generator
// must not sit on what the server's files could be cached in.
func (f *filler) close() error {
	var errs []error
	for _, w := range f.writers {
		errs = append(errs, w.Close())
	}
	f.writers = nil
	debug.SetGCPercent(f.percent)
	debug.SetMemoryLimit(f.limit)
	debug.FreeOSMemory()
	return errors.Join(errs...)
}

// fillAccounts makes sure that the book has n accounts of bench, and collects their ids. When it returns all of them are
// in the state file.
func fillAccounts(ctx context.Context, f *filler, n int, out io.Writer) (book accountBook, err error) {
	var ids strings.Builder // so that hundreds of megabytes of them are not copied
	ids.Grow(n * accountIDLen)
	found, err := f.list(ctx, n, &ids)
	if err != nil {
		return book, fmt.Errorf("listing accounts: %w", err)
	}
	if missing := n - ids.Len()/accountIDLen; missing > 0 {
		err = f.open(ctx, found, missing, &ids, out)
	} else {
		_, _ = fmt.Fprintf(out, "%s accounts found in the book.\n", thousands(int64(n)))
	}
	if err == nil {
		err = f.flush(ctx)
	}
	return accountBook{ids.String()}, err
}

// list finds which of the n accounts of bench the book has already, and adds their ids.
func (f *filler) list(ctx context.Context, n int, ids *strings.Builder) (found []bool, err error) {
	show := newProgress("looking for accounts")
	defer show.end()
	found = make([]bool, n)
	for _, w := range f.writers {
		err := eachPage(ctx, w, func(page []*ledger.Account) (more bool) {
			for _, a := range page {
				if number := benchNumber(string(a.Consumer), n); number >= 0 && !found[number] {
					found[number] = true
					ids.WriteString(a.ID.String())
				}
			}
			show.update(int64(ids.Len()/accountIDLen), int64(n))
			return ids.Len() < n*accountIDLen
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// eachPage lists the accounts of a shard for as long as more are wanted. Accounts are numbered without gaps, so a page
// is asked for, and read from the file here, while the one before it is decided.
func eachPage(ctx context.Context, w *writer.Writer, take func([]*ledger.Account) bool) error {
	shard, err := w.Submit(ctx, &ledger.GetShard{})
	if err != nil {
		return err
	}
	var ahead, page writer.Pending
	for after := uint64(0); after < shard.Shard.Accounts+fillPage; after += fillPage {
		page, ahead = ahead, writer.Pending{}
		if after < shard.Shard.Accounts {
			if ahead, err = w.Start(&ledger.ListAccounts{After: after, Limit: fillPage}); err != nil {
				return err
			}
		}
		if after == 0 {
			continue
		}
		out, err := page.Wait(ctx)
		if err != nil {
			return err
		}
		if !take(out.Accounts) {
			return nil
		}
	}
	return nil
}

// open opens the accounts that were not found, in the order of their numbers, and adds their ids.
func (f *filler) open(ctx context.Context, found []bool, missing int, ids *strings.Builder, out io.Writer) error {
	show := newProgress("opening accounts")
	maker := newIDMaker()
	defer f.flushAlong(ctx)()
	pending := make([]writer.Pending, fillWindow)
	started, done := 0, 0
	finish := func() error {
		outcome, err := pending[done%fillWindow].Wait(ctx)
		if err != nil {
			return err
		}
		if outcome.Fault != nil {
			return errors.New(outcome.Fault.Message)
		}
		ids.WriteString(outcome.Account.ID.String())
		done++
		show.update(int64(done), int64(missing))
		return nil
	}
	for number, has := range found {
		if has {
			continue
		}
		if started-done == fillWindow {
			if err := finish(); err != nil {
				return fmt.Errorf("opening accounts: %w", err)
			}
		}
		p, err := f.start(ctx, number, maker)
		if err != nil {
			return fmt.Errorf("opening accounts: %w", err)
		}
		pending[started%fillWindow] = p
		started++
	}
	for done < started {
		if err := finish(); err != nil {
			return fmt.Errorf("opening accounts: %w", err)
		}
	}
	sayOpened(out, missing, len(found)-missing, show.end())
	return nil
}

// start starts the opening of an account, as soon as its shard takes it.
func (f *filler) start(ctx context.Context, number int, maker *idMaker) (writer.Pending, error) {
	_, request := maker.next(time.Now())
	command := openingCommand(request, number)
	w := f.writers[shardOf(string(command.Consumer), len(f.writers))]
	for {
		p, err := w.Start(command)
		if !errors.Is(err, writer.ErrBusy) {
			return p, err
		}
		if err := sleepUntil(ctx, time.Now().Add(5*time.Millisecond)); err != nil {
			return p, err
		}
	}
}

// flushAlong flushes one cycle after the other until stop is called. The writer's own flusher rests nine tenths of the
// time, so as not to be in anybody's way, and would be at it for half a minute after a million accounts.
func (f *filler) flushAlong(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var flushers sync.WaitGroup
	for _, w := range f.writers {
		flushers.Go(func() {
			for ctx.Err() == nil {
				_ = w.Flush(ctx)                                          // what goes wrong here goes wrong in flush as well
				_ = sleepUntil(ctx, time.Now().Add(100*time.Millisecond)) // ended by stop
			}
		})
	}
	return func() { cancel(); flushers.Wait() }
}

// flush waits until everything is in the state files; closing a writer would wait for a while only.
func (f *filler) flush(ctx context.Context) error {
	show := newProgress("writing the state files")
	defer show.end()
	errs := make([]error, len(f.writers))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i, w := range f.writers {
			errs[i] = w.Flush(ctx)
		}
	}()
	watch(done, func() {
		var rows int64
		for _, w := range f.writers {
			rows += w.Stats().State.DirtyRows
		}
		show.say(thousands(rows) + " rows left")
	})
	return errors.Join(errs...)
}

// openingCommand is what the server makes of openingRequest. A test holds them to each other.
func openingCommand(request string, number int) *ledger.OpenAccount {
	return &ledger.OpenAccount{
		Request:  ledger.Request{Caller: server.LocalCaller, ID: ledger.RequestID(request)},
		Consumer: ledger.ConsumerToken(benchToken + strconv.Itoa(number)),
		Currency: benchCurrency,
		Limit:    benchLimit,
		Lines: []ledger.LineOpening{{
			Scene: ledger.Scene(benchScene), Limit: benchLimit, Agreement: benchAgreement, Accepted: benchAgreement,
		}},
	}
}

// openingRequest asks a server to open an account.
func openingRequest(request string, number int) *holdfastv1.OpenAccountRequest {
	return &holdfastv1.OpenAccountRequest{
		RequestId:     request,
		ConsumerToken: benchToken + strconv.Itoa(number),
		Currency:      benchCurrency,
		Limit:         benchLimit,
		Lines: []*holdfastv1.LineOpening{{
			Scene: benchScene, Limit: benchLimit, AgreementVersion: benchAgreement, AcceptedAgreementVersion: benchAgreement,
		}},
	}
}

// shardOf is the shard that the server looks for a consumer's account in. A test holds it to the server's own.
func shardOf(consumer string, shards int) int {
	if shards == 1 {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write(append([]byte(consumer), 0)) // never fails
	return int(h.Sum64() % uint64(shards))
}

// sayOpened tells people how many accounts were opened beside those that were there.
func sayOpened(out io.Writer, opened, found int, spent time.Duration) {
	rate := int64(math.Round(float64(opened) / spent.Seconds()))
	_, _ = fmt.Fprintf(out, "%s accounts opened in %v (%s/s)", thousands(int64(opened)), spent.Round(time.Millisecond), thousands(rate))
	if found > 0 {
		_, _ = fmt.Fprintf(out, " beside %s found", thousands(int64(found)))
	}
	_, _ = fmt.Fprintln(out, ".")
}
