package writer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Config is what a writer is made of.
type Config struct {
	Shard     uint16
	Journal   journal.Journal // closed by the writer's Close
	StatePath string
	State     state.Options
	Terms     *terms.Terms
	Zone      calendar.Zone
	Clock     func() calendar.Instant // what time it is; the writer never goes backwards even if it does
	Owner     string                  // name in the journal, for people
	MaxQueue  int                     // calls that may wait; default 16,384
	Sweep     time.Duration           // how often due accounts are looked for; default 1 s, negative for never
	Logger    *slog.Logger

	// OnAppend is told of every batch that became durable. It is called on the hot path.
	OnAppend func(entries, bytes int, took time.Duration)
}

// Errors of Submit. They say that no outcome can be given; a caller that gets ErrStopped or ErrFull cannot tell whether
// the command was carried out and should ask again with the same request id.
var (
	// ErrBusy says that the queue is full, or the state file far behind. Nothing was done.
	ErrBusy = errors.New("writer: busy")
	// ErrStarting says that the shard is starting, or starting again after a fault. Nothing was done.
	ErrStarting = errors.New("writer: starting")
	// ErrStopped says that the session ended while the call was under way.
	ErrStopped = errors.New("writer: stopped")
	// ErrFull says that the journal has no room.
	ErrFull = errors.New("writer: the journal has no room")
	// ErrClosed says that the writer has been closed. Nothing was done.
	ErrClosed = errors.New("writer: closed")
)

// Writer is the one writer of a shard. Its methods are safe for concurrent use.
type Writer struct {
	config  Config
	session atomic.Pointer[session] // nil while starting
	fault   atomic.Pointer[error]   // why the last session ended
	stop    context.CancelFunc
	stopped chan struct{}
	closing atomic.Bool
	once    sync.Once
	err     error // of Close
}

// Open starts the writer: it returns when the state has been brought up to the journal's head and commands are
// accepted. Progress, if not nil, is told how far the replay is.
func Open(ctx context.Context, c Config, progress func(done, total uint64)) (*Writer, error) {
	if c.MaxQueue == 0 {
		c.MaxQueue = 16_384
	}
	if c.Sweep == 0 {
		c.Sweep = time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.State.Logger = c.Logger
	w := &Writer{config: c, stopped: make(chan struct{})}
	s, err := w.begin(ctx, progress)
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.Background())
	w.stop = stop
	go w.run(run, s)
	return w, nil
}

// begin starts a session. A state file that is corrupt is set aside and built anew: the journal is the database.
func (w *Writer) begin(ctx context.Context, progress func(done, total uint64)) (*session, error) {
	s, err := newSession(ctx, w.config, progress)
	if corrupt := (*state.CorruptError)(nil); errors.As(err, &corrupt) {
		if err := w.setAside(corrupt); err != nil {
			return nil, err
		}
		s, err = newSession(ctx, w.config, progress)
	}
	if err != nil {
		return nil, err
	}
	s.start()
	w.session.Store(s)
	return s, nil
}

// run keeps a session going until the writer is closed.
func (w *Writer) run(ctx context.Context, s *session) {
	defer close(w.stopped)
	for {
		select {
		case <-s.failed:
		case <-ctx.Done():
			w.err = s.close()
			return
		}
		w.session.Store(nil)
		err := s.fault()
		w.fault.Store(&err)
		w.config.Logger.Error("shard stopped; starting again", "shard", w.config.Shard, "error", err)
		s.abandon()
		if corrupt := (*state.CorruptError)(nil); errors.As(err, &corrupt) {
			if err := w.setAside(corrupt); err != nil {
				w.config.Logger.Error("state file cannot be set aside", "error", err)
			}
		}
		if s = w.beginAgain(ctx); s == nil {
			return
		}
		w.config.Logger.Info("shard is back", "shard", w.config.Shard, "sequence", s.durable.Load())
	}
}

// beginAgain tries to start a session until it succeeds, or answers nil when the writer is closed.
func (w *Writer) beginAgain(ctx context.Context) *session {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		s, err := w.begin(ctx, nil)
		if err == nil {
			return s
		}
		if ctx.Err() != nil {
			return nil
		}
		w.fault.Store(&err)
		w.config.Logger.Error("shard cannot start; trying again", "shard", w.config.Shard, "error", err, "in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// Submit carries out a command and answers when its outcome is durable. It blocks until then, or until ctx is done:
// the command may then still be carried out. The outcome belongs to the caller.
func (w *Writer) Submit(ctx context.Context, c ledger.Command) (*ledger.Outcome, error) {
	p, err := w.Start(c)
	if err != nil {
		return nil, err
	}
	return p.Wait(ctx)
}

// Start queues a command without waiting for its outcome. Every Pending should be waited for.
func (w *Writer) Start(c ledger.Command) (Pending, error) {
	s, err := w.live()
	if err != nil {
		return Pending{}, err
	}
	if id := accountToLoad(c); id != 0 {
		s.state.Prefetch(id)
	} else if list, ok := c.(*ledger.ListAccounts); ok {
		s.state.PrefetchList(ledger.NewAccountID(w.config.Shard, list.After+1), list.Limit)
	}
	p := Pending{call: &call{command: c}}
	p.group, err = s.join(p.call)
	return p, err
}

// Pending is a command on its way.
type Pending struct {
	call  *call
	group *group
}

// Wait answers with the outcome when it is durable. It blocks until then, or until ctx is done: the command may then
// still be carried out. The outcome belongs to the caller.
func (p Pending) Wait(ctx context.Context) (*ledger.Outcome, error) {
	select {
	case <-p.group.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p.group.err != nil {
		return nil, p.group.err
	}
	return &p.call.outcome, nil
}

func (w *Writer) live() (*session, error) {
	s := w.session.Load()
	switch {
	case w.closing.Load():
		return nil, ErrClosed
	case s == nil:
		if err := w.fault.Load(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrStarting, *err)
		}
		return nil, ErrStarting
	}
	return s, nil
}

// accountToLoad is the account that a command will need, known before it is decided; 0 when there is none.
func accountToLoad(c ledger.Command) ledger.AccountID {
	switch c := c.(type) {
	case *ledger.Authorize:
		return c.Account
	case *ledger.CaptureHold:
		return c.Authorization.Account
	case *ledger.Charge:
		return c.Account
	case *ledger.Check:
		return c.Account
	case *ledger.Void:
		return c.Authorization.Account
	case *ledger.Reverse:
		return c.Account
	case *ledger.GetAccount:
		return c.Account
	case *ledger.GetAuthorization:
		return c.Authorization.Account
	}
	return 0
}

// Ready says why commands are not accepted; nil when they are.
func (w *Writer) Ready() error {
	s, err := w.live()
	if err == nil && s.full.Load() {
		err = ErrFull
	}
	return err
}

// Flush brings everything decided so far into the state file.
func (w *Writer) Flush(ctx context.Context) error {
	s, err := w.live()
	if err != nil {
		return err
	}
	return s.state.Flush(ctx, s.pipeline(), false)
}

// Sweep lets everything that is due by now happen, and answers with how many holds expired. It flushes first, because
// deadlines are looked for in the state file.
func (w *Writer) Sweep(ctx context.Context) (expired int, err error) {
	s, err := w.live()
	if err != nil {
		return 0, err
	}
	if err := s.state.Flush(ctx, s.pipeline(), false); err != nil {
		return 0, err
	}
	return s.sweep(ctx, w.config.Clock())
}

// Stats are figures about a shard, for people and metrics.
type Stats struct {
	Shard    uint16
	Durable  uint64 // sequence of the last durable entry
	Hash     journal.Hash
	Epoch    uint64
	Queued   int
	Commands uint64
	Batches  uint64
	State    state.Stats
}

// Stats are the figures now; zero while starting.
func (w *Writer) Stats() Stats {
	s := w.session.Load()
	if s == nil {
		return Stats{Shard: w.config.Shard}
	}
	head := s.head.Load()
	return Stats{
		Shard: w.config.Shard, Durable: s.durable.Load(), Hash: head.Hash, Epoch: head.Epoch, Queued: int(s.queued.Load()),
		Commands: s.commands.Load(), Batches: s.batches.Load(), State: s.state.Stats(),
	}
}

// Journal is the shard's journal, for those who read it.
func (w *Writer) Journal() journal.Journal { return w.config.Journal }

// Durable is the sequence of the last durable entry. While the shard is starting nobody knows it.
func (w *Writer) Durable() (uint64, error) {
	s, err := w.live()
	if err != nil {
		return 0, err
	}
	return s.durable.Load(), nil
}

// Opened says whether an account of this shard has been opened. It waits for nothing: an account of which somebody has
// been told is opened, and one whose opening is not yet durable may be.
func (w *Writer) Opened(id ledger.AccountID) (bool, error) {
	s, err := w.live()
	if err != nil {
		return false, err
	}
	return id.Shard() == w.config.Shard && id.Number() != 0 && id.Number() <= s.accounts.Load(), nil
}

// Close finishes what is queued, writes everything into the state file and closes state and journal. Calls made
// after it get ErrClosed.
func (w *Writer) Close() error {
	w.once.Do(func() {
		w.closing.Store(true)
		w.stop()
		<-w.stopped
		if err := w.config.Journal.Close(); w.err == nil {
			w.err = err
		}
	})
	return w.err
}

// Snapshot is the state file as it is now. It lags behind what has been decided; Flush first for a close look.
func (w *Writer) Snapshot() (*state.Snapshot, error) {
	s, err := w.live()
	if err != nil {
		return nil, err
	}
	return s.state.Snapshot()
}
