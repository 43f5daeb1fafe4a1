package writer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// session is a shard between an Acquire and the first fault.
type session struct {
	config Config
	state  *state.State
	book   *state.Book    // owned by the decider
	ledger *ledger.Ledger // owned by the decider

	mu      sync.Mutex
	group   *group // that calls join now; guarded by mu
	ended   error  // why no more calls are taken; guarded by mu
	queued  atomic.Int64
	arrived chan struct{} // capacity 1: there may be calls

	built chan *work    // decider to appender, one at a time
	free  chan struct{} // appender to decider: it is free
	// filled is the appender's word to the decider that the journal has no room; capacity 1.
	filled chan struct{}

	head     atomic.Pointer[journal.Head]
	durable  atomic.Uint64
	accounts atomic.Uint64 // opened
	commands atomic.Uint64
	batches  atomic.Uint64
	full     atomic.Bool

	failed  chan struct{} // closed at the first fault
	failure error         // set before failed is closed
	failing sync.Once
	ctx     context.Context // done when the session is over
	cancel  context.CancelFunc
	workers sync.WaitGroup // decider and appender
	helpers sync.WaitGroup // flusher and sweeper
}

// call is one command on its way. It is owned by the submitter until it joins a group, by the decider until the group
// is done, and then by the submitter again.
type call struct {
	command ledger.Command
	inside  func() // instead of a command: to be run between two commands
	outcome ledger.Outcome
}

// group is the calls that were queued up together.
type group struct {
	calls []*call
	done  chan struct{}
	err   error // set before done is closed
}

func newGroup() *group { return &group{done: make(chan struct{}), calls: make([]*call, 0, 64)} }

// work is a batch on its way to the journal, with those who wait for it. A batch of no entries is not appended.
type work struct {
	batch  journal.Batch
	groups []*group
}

func newSession(ctx context.Context, c Config, progress func(done, total uint64)) (*session, error) {
	head, err := c.Journal.Acquire(ctx, c.Owner)
	if err != nil {
		return nil, fmt.Errorf("acquire journal: %w", err)
	}
	st, shard, err := state.Open(c.StatePath, c.Shard, c.State)
	if err != nil {
		return nil, err
	}
	if shard.Sequence >= head.Next {
		st.Close()
		return nil, &journal.CorruptError{Sequence: head.Next, Detail: fmt.Sprintf(
			"the journal ends before sequence %d, which the state has: entries are missing", shard.Sequence)}
	}
	s := &session{
		config: c, state: st, book: st.Book(shard), group: newGroup(), arrived: make(chan struct{}, 1),
		built: make(chan *work), free: make(chan struct{}, 1), filled: make(chan struct{}, 1), failed: make(chan struct{}),
	}
	s.ledger = ledger.New(s.book, c.Terms, c.Zone)
	if err := s.replay(ctx, head, progress); err != nil {
		st.Close()
		return nil, fmt.Errorf("replay journal: %w", err)
	}
	s.head.Store(&head)
	s.durable.Store(head.Next - 1)
	s.accounts.Store(s.book.Shard().Accounts)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

func (s *session) start() {
	s.state.Live()
	s.workers.Go(s.decide)
	s.workers.Go(s.append)
	s.helpers.Go(s.keepFlushing)
	if s.config.Sweep > 0 {
		s.helpers.Go(s.keepSweeping)
	}
}

// submit queues a call and waits for its group.
func (s *session) submit(ctx context.Context, c *call) (*ledger.Outcome, error) {
	g, err := s.join(c)
	if err != nil {
		return nil, err
	}
	return Pending{c, g}.Wait(ctx)
}

// join adds a call to the group that is open now.
func (s *session) join(c *call) (*group, error) {
	if c.inside == nil {
		switch {
		case s.full.Load():
			return nil, ErrFull
		case s.queued.Load() >= int64(s.config.MaxQueue) || s.state.Overdue():
			return nil, ErrBusy
		}
	}
	s.mu.Lock()
	if s.ended != nil {
		s.mu.Unlock()
		return nil, s.ended
	}
	g := s.group
	g.calls = append(g.calls, c)
	first := len(g.calls) == 1
	s.mu.Unlock()
	s.queued.Add(1)
	if first {
		select {
		case s.arrived <- struct{}{}:
		default:
		}
	}
	return g, nil
}

// take closes the group that is open now and opens another; nil when it is empty.
func (s *session) take() *group {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.group
	if len(g.calls) == 0 {
		return nil
	}
	s.group = newGroup()
	return g
}

// inside runs f on the decider's goroutine, between two commands, and answers when everything decided before is
// durable.
func (s *session) inside(f func()) error {
	g, err := s.join(&call{inside: f})
	if err != nil {
		return err
	}
	select {
	case <-g.done:
		return g.err
	case <-s.failed:
		return fmt.Errorf("%w: %w", ErrStopped, s.failure)
	}
}

func (s *session) pipeline() state.Pipeline {
	return state.Pipeline{
		Checkpoint: func() (shard *ledger.Shard, err error) {
			err = s.inside(func() { shard = s.book.Shard().Clone() })
			return shard, err
		},
		Barrier: func() error { return s.inside(func() {}) },
	}
}

// fail ends the session. The first cause counts.
func (s *session) fail(err error) {
	s.failing.Do(func() {
		s.failure = err
		close(s.failed)
	})
}

func (s *session) fault() error { return s.failure }

// abandon tears a failed session down: whoever waits is told, and memory is thrown away.
func (s *session) abandon() {
	s.refuse(fmt.Errorf("%w: %w", ErrStopped, s.failure))
	s.cancel()
	s.workers.Wait()
	s.helpers.Wait()
	if err := s.state.Close(); err != nil {
		s.config.Logger.Error("close state file", "error", err)
	}
}

// refuse takes no more calls and answers those that nobody has taken yet.
func (s *session) refuse(err error) {
	s.mu.Lock()
	s.ended = err
	g := s.group
	s.group = newGroup()
	s.mu.Unlock()
	s.answer(g, err)
}

// answer wakes a group's callers.
func (s *session) answer(g *group, err error) {
	s.queued.Add(-int64(len(g.calls)))
	g.err = err
	close(g.done)
}

// closeFlush bounds how long a shutdown writes the state file; what is left is replayed at the next start.
const closeFlush = 20 * time.Second

// close finishes what is queued, flushes and releases.
func (s *session) close() error {
	s.cancelHelpers()
	ctx, cancel := context.WithTimeout(context.Background(), closeFlush)
	defer cancel()
	err := s.inside(func() {}) // everything before is durable
	if err == nil {
		if err = s.state.Flush(ctx, s.pipeline(), false); errors.Is(err, context.DeadlineExceeded) {
			err = nil
		}
	}
	s.fail(ErrClosed)
	s.refuse(ErrClosed)
	s.workers.Wait()
	return errors.Join(err, s.state.Close())
}

func (s *session) cancelHelpers() {
	s.cancel()
	s.helpers.Wait()
}

// setAside renames a corrupt state file, so that it is built anew and can still be looked at.
func (w *Writer) setAside(corrupt *state.CorruptError) error {
	aside := corrupt.Path + ".corrupt"
	w.config.Logger.Error("state file is corrupt; building it anew from the journal", "file", corrupt.Path, "kept_as", aside, "detail", corrupt.Detail)
	if err := os.Rename(corrupt.Path, aside); err != nil {
		return fmt.Errorf("set corrupt state file aside: %w", err)
	}
	return nil
}

// stamp is the instant for what is decided now.
func (s *session) stamp() calendar.Instant {
	return max(s.config.Clock(), s.book.Shard().Time)
}
