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
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// session is a shard between an Acquire and the first fault, or until it stands by again. The book is owned by the decider.
type session struct {
	*rows
	*queue

	built chan *work    // decider to appender, one at a time
	free  chan struct{} // appender to decider: it is free
	// filled is the appender's word to the decider that the journal has no room; capacity 1.
	filled chan struct{}

	head     atomic.Pointer[journal.Head]
	durable  atomic.Uint64
	accounts atomic.Uint64 // opened
	points   atomic.Int64  // outstanding
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

// work is a batch on its way to the journal, with those who wait for it. A batch of no entries is not appended.
type work struct {
	batch  journal.Batch
	groups []*group
}

// newSession acquires the journal, and opens the state and brings it up to the head.
func newSession(ctx context.Context, c Config, progress func(done, total uint64)) (*session, error) {
	head, err := c.Journal.Acquire(ctx, c.Owner)
	if err != nil {
		return nil, fmt.Errorf("acquire journal: %w", err)
	}
	r, err := openRows(c)
	if err != nil {
		return nil, err
	}
	s, err := sessionOver(ctx, r, head, progress)
	if err != nil {
		r.state.Close()
		return nil, err
	}
	return s, nil
}

// sessionOver brings rows up to the head of a journal that has been acquired.
func sessionOver(ctx context.Context, r *rows, head journal.Head, progress func(done, total uint64)) (*session, error) {
	if at := r.book.Shard().Sequence; at >= head.Next {
		return nil, &journal.CorruptError{Sequence: head.Next, Detail: fmt.Sprintf(
			"the journal ends before sequence %d, which the state has: entries are missing", at)}
	}
	if err := r.replay(ctx, head.Next-1, progress); err != nil {
		return nil, fmt.Errorf("replay journal: %w", err)
	}
	s := &session{
		rows: r, queue: newQueue(), built: make(chan *work), free: make(chan struct{}, 1), filled: make(chan struct{}, 1),
		failed: make(chan struct{}),
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
	s.helpers.Go(s.keeper().run)
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

// join adds a call to the group that is open now, unless there is no room for it.
func (s *session) join(c *call) (*group, error) {
	if c.inside == nil {
		switch {
		case s.full.Load():
			return nil, ErrFull
		case s.queued.Load() >= int64(s.config.MaxQueue) || s.state.Overdue():
			return nil, ErrBusy
		}
	}
	return s.queue.join(c)
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

func (s *session) keeper() *keeper {
	return &keeper{rows: s.rows, ctx: s.ctx, pipeline: s.pipeline(), fail: s.fail}
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

// over says why nothing is to be asked of a session any more; nil while it goes on. Nothing was done for who is told so: that
// the outcome is unknown is for those who had asked before.
func (s *session) over() error {
	select {
	case <-s.failed:
	default:
		return nil
	}
	if errors.Is(s.failure, ErrStandby) || errors.Is(s.failure, ErrClosed) {
		return s.failure
	}
	return fmt.Errorf("%w: %w", ErrStarting, s.failure)
}

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

// drain takes no more calls, and returns when those that it had taken are durable: nothing more will be appended. When ctx
// ends before, or the session fails, that cannot be said.
func (s *session) drain(ctx context.Context, ended error) error {
	g, err := s.last(&call{inside: func() {}}, ended)
	if err != nil {
		return err
	}
	select {
	case <-g.done:
		return g.err
	case <-s.failed:
		return fmt.Errorf("%w: %w", ErrStopped, s.failure)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// handOn ends a session that has been drained and gives its rows to whoever goes on with them.
func (s *session) handOn() *rows {
	s.cancelHelpers()
	s.fail(ErrStandby)
	s.refuse(ErrStandby)
	s.workers.Wait()
	return s.rows
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
