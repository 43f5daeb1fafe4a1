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
	Policy    ledger.Policy   // risk policy in force while none has been activated; nil for none
	Policies  ledger.Policies // makes risk policies of the documents that were put; nil: none is asked
	Zone      calendar.Zone
	Clock     func() calendar.Instant // what time it is; the writer never goes backwards even if it does
	Owner     string                  // name in the journal, for people
	MaxQueue  int                     // calls that may wait; default 16,384
	Sweep     time.Duration           // how often due accounts are looked for; default 1 s, negative for never
	Logger    *slog.Logger

	// OnLost is told when the shard no longer decides although nobody asked it to stop: its journal was acquired by
	// another, or the outcome of an append is unknown. Only of a writer that Stand opened, which stands by from then on.
	OnLost func(error)

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
	// ErrStandby says that the shard only follows its journal: another node decides for it. Nothing was done.
	ErrStandby = errors.New("writer: standing by")
	// ErrClosed says that the writer has been closed. Nothing was done.
	ErrClosed = errors.New("writer: closed")
)

// Writer is the one writer of a shard, or stands by to become it. Its methods are safe for concurrent use.
type Writer struct {
	config  Config
	alone   bool                    // nobody else may decide: it starts again by itself
	session atomic.Pointer[session] // nil unless it decides
	standby atomic.Pointer[standby] // nil unless it stands by
	fault   atomic.Pointer[error]   // why it neither decides nor stands by
	turns   chan *turn
	stop    context.CancelFunc
	stopped chan struct{}
	closing atomic.Bool
	once    sync.Once
	err     error // of Close
}

// Open starts the writer: it returns when the state has been brought up to the journal's head and commands are
// accepted. Progress, if not nil, is told how far the replay is.
func Open(ctx context.Context, c Config, progress func(done, total uint64)) (*Writer, error) {
	w := newWriter(c)
	w.alone = true
	s, err := afresh(w, func() (*session, error) { return newSession(ctx, w.config, progress) })
	if err != nil {
		return nil, err
	}
	w.goOn(s)
	return w, nil
}

// Stand starts the writer as a standby: it returns when the state has been brought up to the end of the journal as it was.
// From then on it follows, answers what Peek asks, and decides once Lead has been called.
func Stand(ctx context.Context, c Config, progress func(done, total uint64)) (*Writer, error) {
	w := newWriter(c)
	s, err := afresh(w, func() (*standby, error) { return openStandby(ctx, w.config, progress) })
	if err != nil {
		return nil, err
	}
	w.goOn(s)
	return w, nil
}

func newWriter(c Config) *Writer {
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
	return &Writer{config: c, turns: make(chan *turn), stopped: make(chan struct{})}
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
	switch {
	case p.group.err != nil:
		return nil, p.group.err
	case p.call.err != nil:
		return nil, p.call.err
	}
	return &p.call.outcome, nil
}

// Peek answers a command that reads, by what this node knows, which AsOf says: all there is if it decides, and otherwise
// what it has followed. ErrStandby says that it takes the one who decides to answer.
func (w *Writer) Peek(ctx context.Context, c ledger.Command) (*ledger.Outcome, AsOf, error) {
	if s := w.standby.Load(); s != nil && !w.closing.Load() {
		asOf := *s.at.Load()
		p := Pending{call: &call{command: c}}
		if s.queued.Load() >= int64(w.config.MaxQueue) {
			return nil, asOf, ErrBusy
		}
		var err error
		if p.group, err = s.join(p.call); err != nil {
			return nil, asOf, err
		}
		out, err := p.Wait(ctx)
		return out, asOf, err
	}
	out, err := w.Submit(ctx, c)
	at, _ := w.Durable()
	return out, AsOf{at, w.config.Clock()}, err
}

func (w *Writer) live() (*session, error) {
	s := w.session.Load()
	switch {
	case w.closing.Load():
		return nil, ErrClosed
	case s == nil && w.standby.Load() != nil:
		return nil, ErrStandby
	case s == nil:
		if err := w.fault.Load(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrStarting, *err)
		}
		return nil, ErrStarting
	}
	return s, s.over()
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

// Ready says why neither commands are accepted nor another's followed; nil when one of them is.
func (w *Writer) Ready() error {
	s, err := w.live()
	if errors.Is(err, ErrStandby) {
		return nil
	}
	if err == nil && s.full.Load() {
		err = ErrFull
	}
	return err
}

// Flush brings everything decided or followed so far into the state file.
func (w *Writer) Flush(ctx context.Context) error {
	if s := w.standby.Load(); s != nil {
		return s.state.Flush(ctx, s.pipeline(), false)
	}
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
	Leads    bool   // it decides
	StandsBy bool   // it follows another process, which decides
	Durable  uint64 // sequence of the last durable entry, or of the last that was followed
	Hash     journal.Hash
	Epoch    uint64 // 0 of a standby
	Queued   int
	Commands uint64
	Batches  uint64
	Points   ledger.Points // outstanding, held ones included; 0 of a standby
	State    state.Stats
}

// Stats are the figures now; zero while starting.
func (w *Writer) Stats() Stats {
	s := w.session.Load()
	if by := w.standby.Load(); s == nil && by != nil {
		return Stats{Shard: w.config.Shard, StandsBy: true, Durable: by.at.Load().Sequence, Queued: int(by.queued.Load()), State: by.state.Stats()}
	}
	if s == nil {
		return Stats{Shard: w.config.Shard}
	}
	head := s.head.Load()
	return Stats{
		Shard: w.config.Shard, Leads: true, Durable: s.durable.Load(), Hash: head.Hash, Epoch: head.Epoch, Queued: int(s.queued.Load()),
		Commands: s.commands.Load(), Batches: s.batches.Load(), Points: ledger.Points(s.points.Load()), State: s.state.Stats(),
	}
}

// Journal is the shard's journal, for those who read it.
func (w *Writer) Journal() journal.Journal { return w.config.Journal }

// Durable is the sequence of the last durable entry, as far as it is known here. While the shard is starting nobody knows.
func (w *Writer) Durable() (uint64, error) {
	if s := w.standby.Load(); s != nil {
		return s.at.Load().Sequence, nil
	}
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

// Follows says whether it stands by, and what it has followed.
func (w *Writer) Follows() (AsOf, bool) {
	if s := w.standby.Load(); s != nil {
		return *s.at.Load(), true
	}
	return AsOf{}, false
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
	if s := w.standby.Load(); s != nil {
		return s.state.Snapshot()
	}
	s, err := w.live()
	if err != nil {
		return nil, err
	}
	return s.state.Snapshot()
}
