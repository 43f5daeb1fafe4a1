package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// portfolios are the portfolios of all shards.
type portfolios struct {
	followers[*portfolio.Fold]
	folds []*portfolioFold
	past  chan struct{} // has room for one: whoever folds the journal for an earlier entry has memory of its own
}

// portfolioFold is the portfolio of one shard.
type portfolioFold struct {
	*follower[*portfolio.Fold]
	made *terms.Terms
	zone calendar.Zone

	// With the follower's mu held.
	wants  []want
	last   *portfolio.Portfolio // the last that was asked for
	lastAt time.Time
}

// want is somebody who waits for the portfolio as of an entry to come.
type want struct {
	sequence uint64
	have     chan *portfolio.Portfolio // has room for one
}

func newPortfolios(s *Server, grew func(by int64)) *portfolios {
	p := &portfolios{past: make(chan struct{}, 1)}
	p.grew = grew
	for i, w := range s.router.writers {
		f := &portfolioFold{made: s.config.Terms, zone: s.zone}
		f.follower = &follower[*portfolio.Fold]{
			what: "the portfolio", shard: uint16(i), path: s.data.PortfolioPath(i), journal: w.Journal(),
			logger: s.config.Logger.With("shard", i), poke: make(chan struct{}, 1), moved: make(chan struct{}),
			fresh: f.none, added: f.satisfy,
			read: func(r io.Reader) (*portfolio.Fold, error) { return portfolio.Read(r, f.shard, f.made, f.zone) },
		}
		p.folds, p.list = append(p.folds, f), append(p.list, f.follower)
	}
	return p
}

func (f *portfolioFold) none() *portfolio.Fold { return portfolio.New(f.shard, f.made, f.zone) }

// satisfy hands the portfolio to those who want it as of the entry that was just absorbed. f.mu is held.
func (f *portfolioFold) satisfy(_ *portfolio.Fold, sequence uint64) {
	if len(f.wants) == 0 {
		return
	}
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

var errPortfolioBusy = errors.New("another call reads the journal for an earlier entry")

// since waits until the fold has an entry, and answers with the portfolio as of that or a later one.
func (f *portfolioFold) since(ctx context.Context, sequence uint64) (p *portfolio.Portfolio, err error) {
	err = f.follower.since(ctx, sequence, func(*portfolio.Fold) { p = f.portfolio() })
	return p, err
}

// recent is the last portfolio that anybody asked for, if it is not older than that, or else a new one; nil while the fold has
// not begun.
func (f *portfolioFold) recent(age time.Duration) *portfolio.Portfolio {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.began || f.failed != nil {
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
			return nil, fmt.Errorf("%w: %w", errNoFold, failed)
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
			case <-time.After(followEvery / 10):
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
	fold, err := f.open(ctx)
	if err != nil || fold.Mark().Sequence > sequence {
		fold = f.none()
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
