package writer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// standby is a shard that follows its journal: it folds what the owner appends, answers reads from it, and can be made the
// owner at any time with hardly anything left to fold. The book is owned by the goroutine that folds.
type standby struct {
	*rows
	*queue
	inbox *inbox
	at    atomic.Pointer[AsOf] // what has been folded

	failed   chan struct{} // closed at the first fault, or when it is halted
	failure  error         // set before failed is closed
	failing  sync.Once
	ctx      context.Context // done when it is over
	cancel   context.CancelFunc
	workers  sync.WaitGroup // the feeder and the one that folds
	helpers  sync.WaitGroup // flusher
	accounts atomic.Uint64  // opened
}

// AsOf says what an answer knows: everything up to an entry, and nothing after it.
type AsOf struct {
	Sequence uint64
	Time     calendar.Instant // of that entry
}

// errHalted ends a standby whose rows go on elsewhere.
var errHalted = errors.New("halted")

// newStandby brings rows up to the end of the journal as it is now.
func newStandby(ctx context.Context, r *rows, progress func(done, total uint64)) (*standby, error) {
	if err := r.replay(ctx, toEnd, progress); err != nil {
		return nil, fmt.Errorf("replay journal: %w", err)
	}
	s := &standby{rows: r, queue: newQueue(), inbox: newInbox(), failed: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.note()
	return s, nil
}

func (s *standby) start() {
	s.state.Live()
	from := s.book.Shard().Sequence + 1
	s.workers.Go(func() { s.feed(from) })
	s.workers.Go(s.fold)
	s.helpers.Go((&keeper{rows: s.rows, ctx: s.ctx, pipeline: s.pipeline(), fail: s.fail}).run)
}

// note says how far the rows are.
func (s *standby) note() {
	shard := s.book.Shard()
	s.at.Store(&AsOf{shard.Sequence, shard.Time})
	s.accounts.Store(shard.Accounts)
}

// feed reads the journal from an entry on, for as long as there is one.
func (s *standby) feed(from uint64) {
	for e, err := range s.config.Journal.Follow(s.ctx, from) {
		if err == nil {
			err = s.inbox.put(s.ctx, &e)
		}
		if err != nil {
			if s.ctx.Err() == nil {
				s.fail(fmt.Errorf("follow journal: %w", err))
			}
			return
		}
	}
}

// fold is the goroutine that owns the book: it folds what comes in, and answers reads in between.
func (s *standby) fold() {
	for {
		ready := s.inbox.ready
		if s.state.Overdue() {
			ready = nil // until the flusher, which asks this goroutine for its checkpoint, has caught up
		}
		select {
		case <-s.failed:
			return
		case <-ready:
			if err := s.foldIn(); err != nil {
				s.fail(err)
				return
			}
		case <-s.arrived:
			if g := s.take(); g != nil {
				s.look(g)
			}
		}
	}
}

// foldIn folds what has come in.
func (s *standby) foldIn() error {
	in := s.inbox.take()
	defer s.inbox.give(in)
	if err := s.absorb(in.entries); err != nil {
		return err
	}
	s.note()
	return nil
}

// absorb folds entries that follow what the rows have.
func (s *standby) absorb(entries []ledger.Entry) (err error) {
	sequence := s.book.Shard().Sequence
	defer misfit(s.book, &sequence, &err)
	for i := range entries {
		e := &entries[i]
		if sequence++; e.Sequence != sequence {
			return &journal.CorruptError{Sequence: sequence, Detail: fmt.Sprintf("followed by entry %d", e.Sequence)}
		}
		s.ledger.Fold(e)
		s.book.Settle()
		if err := s.book.Err(); err != nil {
			return err
		}
	}
	s.book.Forget() // it shares memory with the entries
	return nil
}

// look answers reads.
func (s *standby) look(g *group) {
	now := s.stamp()
	for _, c := range g.calls {
		if c.inside != nil {
			c.inside()
			continue
		}
		if c.err = s.peek(now, c); s.book.Err() != nil {
			s.fail(s.book.Err())
			break
		}
	}
	s.answer(g, s.book.Err())
}

func (s *standby) peek(now calendar.Instant, c *call) (err error) {
	sequence := s.book.Shard().Sequence
	defer misfit(s.book, &sequence, &err)
	var ok bool
	if c.outcome, ok = s.ledger.Peek(now, c.command); !ok {
		return ErrStandby
	}
	return s.book.Err()
}

func (s *standby) pipeline() state.Pipeline {
	return state.Pipeline{
		Checkpoint: func() (shard *ledger.Shard, err error) {
			g, err := s.join(&call{inside: func() { shard = s.book.Shard().Clone() }})
			if err != nil {
				return nil, err
			}
			select {
			case <-g.done:
				return shard, g.err
			case <-s.failed:
				return nil, fmt.Errorf("%w: %w", ErrStopped, s.failure)
			}
		},
		Barrier: func() error { return nil }, // all that is followed is durable
	}
}

// fail ends the standby. The first cause counts.
func (s *standby) fail(err error) {
	s.failing.Do(func() {
		s.failure = err
		close(s.failed)
	})
}

// end stops everything but leaves the rows as they are.
func (s *standby) end(why error) {
	s.fail(why)
	s.cancel()
	s.refuse(ErrStarting)
	s.helpers.Wait()
	s.workers.Wait()
}

// inbox is the entries that have been read and wait for being folded: one goroutine puts, one takes.
type inbox struct {
	mu      sync.Mutex
	waiting *stretch
	ready   chan struct{} // capacity 1: something is waiting
	room    chan struct{} // capacity 1: what was waiting has been taken
	spare   *stretch
}

func newInbox() *inbox {
	return &inbox{waiting: new(stretch), spare: new(stretch), ready: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// put adds an entry. It blocks while a whole stretch is waiting.
func (in *inbox) put(ctx context.Context, e *journal.Entry) error {
	for {
		in.mu.Lock()
		full := in.waiting == nil || in.waiting.full()
		if !full {
			_, err := in.waiting.add(e)
			in.mu.Unlock()
			select {
			case in.ready <- struct{}{}:
			default:
			}
			if err != nil {
				return fmt.Errorf("entry %d: %w", e.Sequence, err)
			}
			return nil
		}
		in.mu.Unlock()
		select {
		case <-in.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take answers with what is waiting, which must be given back.
func (in *inbox) take() *stretch {
	in.mu.Lock()
	defer in.mu.Unlock()
	taken := in.waiting
	in.waiting, in.spare = in.spare, nil
	select {
	case in.room <- struct{}{}:
	default:
	}
	return taken
}

// give gives back what was taken.
func (in *inbox) give(s *stretch) {
	in.mu.Lock()
	defer in.mu.Unlock()
	s.reset()
	if in.waiting == nil {
		in.waiting = s
	} else {
		in.spare = s
	}
	select {
	case in.room <- struct{}{}:
	default:
	}
}
