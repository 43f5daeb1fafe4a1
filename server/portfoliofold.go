package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/record"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// portfolios follows the journal of every shard in the background, a fold each. Nothing waits for it but whoever asks for a
// portfolio. It reads what is durable once a second, or when it is asked, so that it does not run beside every append.
type portfolios struct {
	folds []*portfolioFold
	past  chan struct{} // has room for one: whoever folds the journal for an earlier entry has memory of its own
	tells func(int64)   // how much memory all folds take; may be nil
	bytes atomic.Int64
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// How often a fold reads on, and writes a checkpoint if there is enough that a restart would have to read again.
const (
	portfolioEvery      = time.Second
	checkpointEvery     = 10 * time.Minute
	checkpointEntries   = 100_000
	portfolioMovesEvery = 16_384 // entries after which those who wait are told, while there is much to read
)

// portfolioFold is the portfolio of one shard.
type portfolioFold struct {
	shard   uint16
	path    string // of the checkpoint
	made    *terms.Terms
	zone    calendar.Zone
	logger  *slog.Logger
	journal journal.Journal
	poke    chan struct{} // has room for one: read on now

	mu      sync.Mutex // over what follows
	fold    *portfolio.Fold
	moved   chan struct{} // closed, and another one made, when the fold has moved on, or has failed
	wants   []want
	failed  error
	last    *portfolio.Portfolio // the last that was asked for
	lastAt  time.Time
	began   uint64    // the entry after which the journal had to be read
	written uint64    // the entry that the checkpoint has
	wrote   time.Time // when
}

// want is somebody who waits for the portfolio as of an entry to come.
type want struct {
	sequence uint64
	have     chan *portfolio.Portfolio // has room for one
}

func newPortfolios(s *Server) *portfolios {
	p := &portfolios{past: make(chan struct{}, 1), tells: s.config.Remember}
	for i, w := range s.router.writers {
		p.folds = append(p.folds, &portfolioFold{
			shard: uint16(i), path: s.data.PortfolioPath(i), made: s.config.Terms, zone: s.zone, journal: w.Journal(),
			logger: s.config.Logger.With("shard", i), poke: make(chan struct{}, 1), moved: make(chan struct{}),
		})
	}
	return p
}

func (p *portfolios) start() {
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	for _, f := range p.folds {
		p.done.Go(func() { f.run(ctx, p.grew) })
	}
}

// grew says that the memory of the folds has changed.
func (p *portfolios) grew(by int64) {
	if sum := p.bytes.Add(by); p.tells != nil && by != 0 {
		p.tells(sum)
	}
}

// closeWithin bounds how long a fold may take to absorb what was durable when the server went down.
const closeWithin = 2 * time.Second

// close ends all folds, each with a checkpoint of all that is durable. The journals must still be open.
func (p *portfolios) close() {
	if p.stop == nil {
		return
	}
	p.stop()
	p.done.Wait()
	for _, f := range p.folds {
		if f.fold != nil && !errors.Is(f.failed, errFold) {
			ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
			_ = f.catchUp(ctx) // what it does not come to is read at the next start
			cancel()
			f.checkpoint(context.Background(), 1)
		}
	}
}

// run reads the journal on and on, until the context ends or there is an entry that cannot be folded.
func (f *portfolioFold) run(ctx context.Context, grew func(by int64)) {
	fold := f.begin(ctx)
	f.mu.Lock()
	f.fold, f.began, f.written, f.wrote = fold, fold.Mark().Sequence, fold.Mark().Sequence, time.Now()
	f.mu.Unlock()
	f.tell()
	tick := time.NewTicker(portfolioEvery)
	defer tick.Stop()
	for said, bytes := "", int64(0); ; {
		err := f.catchUp(ctx)
		grew(fold.Bytes() - bytes)
		bytes = fold.Bytes()
		if err != nil && ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			f.logger.Error("the portfolio cannot go on; nothing else depends on it", "error", err)
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
func (f *portfolioFold) tell() {
	f.mu.Lock()
	close(f.moved)
	f.moved = make(chan struct{})
	f.mu.Unlock()
}

// catchUp absorbs what is durable.
func (f *portfolioFold) catchUp(ctx context.Context) error {
	from := f.fold.Mark().Sequence
	return replayInto(ctx, f.journal, from, func(e *ledger.Entry) (bool, error) {
		f.mu.Lock()
		err := f.fold.Add(e)
		if len(f.wants) > 0 && err == nil {
			f.satisfy(e.Sequence)
		}
		f.mu.Unlock()
		if (e.Sequence-from)%portfolioMovesEvery == 0 {
			f.tell()
		}
		return true, err
	})
}

// satisfy hands the portfolio to those who want it as of the entry that was just absorbed. f.mu is held.
func (f *portfolioFold) satisfy(sequence uint64) {
	f.wants = slices.DeleteFunc(f.wants, func(w want) bool {
		if w.sequence == sequence {
			w.have <- f.portfolio()
		}
		return w.sequence <= sequence
	})
}

// portfolio is the portfolio now, made anew when the fold has moved on since the last one. f.mu is held. Nobody changes it.
func (f *portfolioFold) portfolio() *portfolio.Portfolio {
	if f.last == nil || f.last.Marks[0] != f.fold.Mark() {
		f.last, f.lastAt = f.fold.Portfolio(), time.Now()
	}
	return f.last
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
	errFold          = errors.New("an entry cannot be folded")
	errNoPortfolio   = errors.New("the portfolio has failed")
	errPortfolioBusy = errors.New("another call reads the journal for an earlier entry")
)

// since waits until the fold has an entry, and answers with the portfolio as of that or a later one.
func (f *portfolioFold) since(ctx context.Context, sequence uint64) (*portfolio.Portfolio, error) {
	for {
		f.mu.Lock()
		moved := f.moved
		switch {
		case f.failed != nil:
			err := f.failed
			f.mu.Unlock()
			return nil, fmt.Errorf("%w: %w", errNoPortfolio, err)
		case f.fold != nil && f.fold.Mark().Sequence >= sequence:
			p := f.portfolio()
			f.mu.Unlock()
			return p, nil
		}
		f.mu.Unlock()
		f.hurry()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-moved:
		}
	}
}

func (f *portfolioFold) hurry() {
	select {
	case f.poke <- struct{}{}:
	default:
	}
}

// recent is the last portfolio that anybody asked for, if it is not older than that, or else a new one; nil while the fold has
// not begun.
func (f *portfolioFold) recent(age time.Duration) *portfolio.Portfolio {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fold == nil || f.failed != nil {
		return nil
	}
	if f.last != nil && time.Since(f.lastAt) < age {
		return f.last
	}
	return f.portfolio()
}

// asOf is the portfolio as of an entry: of the fold, if it is there or still to come there, or else of the journal.
func (p *portfolios) asOf(ctx context.Context, shard int, sequence uint64) (*portfolio.Portfolio, error) {
	f := p.folds[shard]
	if _, err := f.since(ctx, 0); err != nil { // it may just have begun
		return nil, err
	}
	f.mu.Lock()
	switch at := f.fold.Mark().Sequence; {
	case at == sequence:
		have := f.portfolio()
		f.mu.Unlock()
		return have, nil
	case at > sequence:
		f.mu.Unlock()
		return p.earlier(ctx, f, sequence)
	}
	w := want{sequence, make(chan *portfolio.Portfolio, 1)}
	f.wants = append(f.wants, w)
	f.mu.Unlock()
	defer f.forget(w)
	for {
		f.hurry()
		f.mu.Lock()
		moved, failed := f.moved, f.failed
		f.mu.Unlock()
		if failed != nil {
			return nil, fmt.Errorf("%w: %w", errNoPortfolio, failed)
		}
		select {
		case have := <-w.have:
			return have, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-moved:
			select { // the fold reads on every second; there is no need to be faster
			case have := <-w.have:
				return have, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(portfolioEvery / 10):
			}
		}
	}
}

func (f *portfolioFold) forget(w want) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wants = slices.DeleteFunc(f.wants, func(o want) bool { return o.have == w.have })
}

// earlier folds the journal up to an entry that the fold is past: from the checkpoint, if that is not past it.
func (p *portfolios) earlier(ctx context.Context, f *portfolioFold, sequence uint64) (*portfolio.Portfolio, error) {
	select {
	case p.past <- struct{}{}:
		defer func() { <-p.past }()
	default:
		return nil, errPortfolioBusy
	}
	fold, err := f.read(ctx)
	if err != nil || fold.Mark().Sequence > sequence {
		fold = portfolio.New(f.shard, f.made, f.zone)
	}
	if fold.Mark().Sequence == sequence {
		return fold.Portfolio(), nil
	}
	err = replayInto(ctx, f.journal, fold.Mark().Sequence, func(e *ledger.Entry) (bool, error) {
		return e.Sequence < sequence, fold.Add(e)
	})
	if err != nil {
		return nil, err
	}
	return fold.Portfolio(), nil
}
