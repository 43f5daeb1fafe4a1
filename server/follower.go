package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// projection is what is made of a journal beside its writer: a fold of the entries.
type projection interface {
	Add(e *ledger.Entry) error
	Sequence() uint64 // of the last entry that was added
	Bytes() int64     // of memory, more or less
	Write(w io.Writer) error
}

// How often a follower reads on, and writes a checkpoint if there is enough that a restart would have to read again.
const (
	followEvery       = time.Second
	checkpointEvery   = 10 * time.Minute
	checkpointEntries = 100_000
	followMovesEvery  = 16_384 // entries after which those who wait are told, while there is much to read
)

// follower reads the journal of a shard in the background and keeps a projection of it. Nothing waits for it but whoever asks. It
// reads what is durable once a second, or when it is asked, so that it does not run beside every append.
type follower[P projection] struct {
	what    string // for messages, as "the portfolio"
	shard   uint16
	path    string // of the checkpoint
	logger  *slog.Logger
	journal journal.Journal
	poke    chan struct{} // has room for one: read on now

	fresh func() P                   // of no entries
	read  func(io.Reader) (P, error) // of a checkpoint
	added func(p P, sequence uint64) // is called after each entry, with mu held; nil when nobody wants to know

	mu      sync.Mutex // over what follows
	fold    P
	began   bool          // there is a fold
	from    uint64        // the entry after which the journal had to be read
	moved   chan struct{} // closed, and another one made, when the fold has moved on, or has failed
	failed  error
	written uint64    // the entry that the checkpoint has
	wrote   time.Time // when
}

// followers are those of all shards, and run together.
type followers[P projection] struct {
	list []*follower[P]
	grew func(by int64) // of the memory that all of them take
	stop context.CancelFunc
	done sync.WaitGroup
}

// remembered sums the memory that projections take, and tells of it.
type remembered struct {
	bytes atomic.Int64
	tells func(sum int64) // may be nil
}

func (r *remembered) grew(by int64) {
	if sum := r.bytes.Add(by); r.tells != nil && by != 0 {
		r.tells(sum)
	}
}

func (fs *followers[P]) start() {
	var ctx context.Context
	ctx, fs.stop = context.WithCancel(context.Background()) //nolint:gosec // close calls it
	for _, f := range fs.list {
		fs.done.Go(func() { f.run(ctx, fs.grew) })
	}
}

// closeWithin bounds how long a fold may take to absorb what was durable when the server went down.
const closeWithin = 2 * time.Second

// close ends all, each with a checkpoint of all that is durable. The journals must still be open.
func (fs *followers[P]) close() {
	if fs.stop == nil {
		return
	}
	fs.stop()
	fs.done.Wait()
	for _, f := range fs.list {
		if f.began && !errors.Is(f.failed, errFold) {
			ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
			_ = f.catchUp(ctx) // what it does not come to is read at the next start
			cancel()
			f.checkpoint(context.Background(), 1)
		}
	}
}

// run reads the journal on and on, until the context ends or there is an entry that cannot be folded.
func (f *follower[P]) run(ctx context.Context, grew func(by int64)) {
	fold := f.begin(ctx)
	f.mu.Lock()
	f.fold, f.began, f.from, f.written, f.wrote = fold, true, fold.Sequence(), fold.Sequence(), time.Now()
	f.mu.Unlock()
	f.tell()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for said, bytes := "", int64(0); ; {
		err := f.catchUp(ctx)
		grew(fold.Bytes() - bytes)
		bytes = fold.Bytes()
		if err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			f.logger.Error(f.what+" cannot go on; nothing else depends on it", "error", err)
		}
		f.mu.Lock()
		f.failed = err
		f.mu.Unlock()
		f.tell()
		if errors.Is(err, errFold) || errors.Is(err, journal.ErrClosed) {
			return // what the journal says will not change; a disk may be read again
		}
		if time.Since(f.wrote) >= checkpointEvery {
			f.checkpoint(ctx, checkpointEntries)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-f.poke:
		}
	}
}

// tell wakes everybody who waits for the fold to move on.
func (f *follower[P]) tell() {
	f.mu.Lock()
	close(f.moved)
	f.moved = make(chan struct{})
	f.mu.Unlock()
}

// catchUp absorbs what is durable.
func (f *follower[P]) catchUp(ctx context.Context) error {
	from := f.fold.Sequence()
	return replayInto(ctx, f.journal, from, func(e *ledger.Entry) (bool, error) {
		f.mu.Lock()
		err := f.fold.Add(e)
		if f.added != nil && err == nil {
			f.added(f.fold, e.Sequence)
		}
		f.mu.Unlock()
		if (e.Sequence-from)%followMovesEvery == 0 {
			f.tell()
		}
		return true, err
	})
}

// replayInto passes on the entries after a sequence, decoded, until take answers false.
func replayInto(ctx context.Context, j journal.Journal, after uint64, take func(*ledger.Entry) (bool, error)) error {
	for e, err := range j.Replay(ctx, after+1) {
		if err != nil {
			return err
		}
		var entry ledger.Entry
		if err := record.DecodeEntry(slices.Clone(e.Payload), &entry); err != nil {
			return fmt.Errorf("%w: entry %d: %w", errFold, e.Sequence, err)
		}
		entry.Sequence, entry.Time = e.Sequence, calendar.Instant(e.Time)
		more, err := take(&entry)
		if err != nil {
			return fmt.Errorf("%w: %w", errFold, err)
		}
		if !more {
			return nil
		}
	}
	return nil
}

var (
	errFold   = errors.New("an entry cannot be folded")
	errNoFold = errors.New("the reading of the journal has failed")
)

// since waits until the fold has an entry, and hands it over as of that or a later one. It is nobody's beyond the call of take.
func (f *follower[P]) since(ctx context.Context, sequence uint64, take func(P)) error {
	for {
		f.mu.Lock()
		moved := f.moved
		switch {
		case f.failed != nil:
			err := f.failed
			f.mu.Unlock()
			return fmt.Errorf("%w: %w", errNoFold, err)
		case f.began && f.fold.Sequence() >= sequence:
			take(f.fold)
			f.mu.Unlock()
			return nil
		}
		f.mu.Unlock()
		f.hurry()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}

func (f *follower[P]) hurry() {
	select {
	case f.poke <- struct{}{}:
	default:
	}
}
