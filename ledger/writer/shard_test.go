package writer_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/audit"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
	"github.com/holdfast-credit/holdfast/ledger/record"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/ledger/writer"
)

// shard is a writer over a real state file and a journal that can be told to fail, a workload that drives it, and the
// model that predicts its answers.
type shard struct {
	t       *testing.T
	open    func() journal.Journal
	options state.Options
	path    string // of the state file
	clock   *atomic.Int64
	w       *writer.Writer

	work   *sim.Workload
	model  *sim.Model
	random *rand.Rand
	given  []sim.Answer // the first outcome of every write
}

const shardNumber = 3

func product() *terms.Terms {
	t := terms.Default()
	a := &t.Authorizations
	a.Tolerance, a.MostOpenHolds, a.MostParts = 25_000, 6, 6
	t.Delinquency.NoticeDays = nil // the model knows no notices, which would be items
	for i := range t.Installments.Offers {
		t.Installments.Offers[i].SmallestPrincipal = 100
	}
	return t
}

func newShard(t *testing.T, seed uint64, accounts int, open func() journal.Journal, o state.Options) *shard {
	start := calendar.InstantOf(time.Date(2026, 3, 27, 9, 0, 0, 0, time.UTC))
	s := &shard{
		clock: new(atomic.Int64), t: t, open: open, options: o, path: filepath.Join(t.TempDir(), "state.db"),
		work: sim.NewWorkload(start, sim.Options{
			Shard: shardNumber, Accounts: accounts, Hot: 3, Jumps: 0.01, Zone: calendar.UTC, Terms: product(), Callers: 2,
			Debts: true, Applications: true,
		}),
		model:  sim.NewModel(shardNumber, product(), calendar.UTC),
		random: rand.New(rand.NewPCG(seed, 2)),
	}
	s.w = s.start(s.path)
	return s
}

// on is the shard in a subtest.
func (s *shard) on(t *testing.T) *shard {
	c := *s
	c.t = t
	return &c
}

// start opens a writer over a state file and the shard's journal.
func (s *shard) start(path string) *writer.Writer {
	s.t.Helper()
	w, err := writer.Open(s.t.Context(), writer.Config{
		Shard: shardNumber, Journal: s.open(), StatePath: path, State: s.options, Terms: product(), Zone: calendar.UTC,
		Clock: func() calendar.Instant { return calendar.Instant(s.clock.Load()) }, Owner: "test", Sweep: -1,
		Logger: slog.New(slog.DiscardHandler),
	}, nil)
	require.NoError(s.t, err)
	return w
}

// step submits the workload's next command, again and again if the shard stops under it, and holds the answer to the
// model.
func (s *shard) step() {
	s.t.Helper()
	c := s.work.Next(s.random)
	s.clock.Store(int64(s.work.Now))
	out, stopped := s.submit(s.w, c)
	if out == nil {
		return
	}
	if r := sim.Request(c); r != nil && out.Replayed && stopped && !s.model.Predict(s.work.Now, c).Replayed {
		first := s.model.Observe(s.work.Now, c) // carried out, and nobody was told
		require.Empty(s.t, first.Fault)
		untold := *out
		untold.Replayed = false
		s.given = append(s.given, sim.Answer{Time: s.work.Now, Command: c, Outcome: untold})
	}
	p := s.model.Observe(s.work.Now, c)
	require.NoError(s.t, p.Compare(*out), "%T %+v", c, c)
	if sim.Request(c) != nil && out.Fault == nil && !out.Replayed {
		s.given = append(s.given, sim.Answer{Time: s.work.Now, Command: c, Outcome: *out})
	}
	s.work.Saw(*out)
}

// days lets days pass, so that windows close and fall due.
func (s *shard) days(n int) { s.work.Now = s.work.Now.Add(time.Duration(n) * 24 * time.Hour) }

// submit submits a command until it is answered, and tells whether the shard stopped under it. There is no answer if it
// did and the command is one that cannot be asked again: moving the clock has no identity.
func (s *shard) submit(w *writer.Writer, c ledger.Command) (out *ledger.Outcome, stopped bool) {
	s.t.Helper()
	var err error
	require.Eventually(s.t, func() (answered bool) {
		out, err = w.Submit(s.t.Context(), c)
		switch {
		case err == nil:
			return true
		case errors.Is(err, writer.ErrStopped), errors.Is(err, writer.ErrFull):
			stopped = true
			_, answered = c.(*ledger.AdvanceClock)
			return answered
		case errors.Is(err, writer.ErrStandby): // it lost the journal, and may have it again
			_, _ = w.Lead(s.t.Context())
		case !errors.Is(err, writer.ErrStarting):
			require.NoError(s.t, err)
		}
		return false
	}, 20*time.Second, time.Millisecond, "%T %+v", c, c)
	return out, stopped
}

// check says that a writer has everything that the shard was told and nothing else: every write asked again gets its
// first answer and makes no entry, every account is what the model says, and the state file is what the journal folds to.
func (s *shard) check(w *writer.Writer) {
	s.t.Helper()
	before := w.Stats().Durable
	s.asksAgain(w)
	require.NoError(s.t, w.Flush(s.t.Context()))
	require.Equal(s.t, before, w.Stats().Durable, "asking again made entries")
	s.audit(w)
}

// asksAgain is check without a look at the state file.
func (s *shard) asksAgain(w *writer.Writer) {
	s.t.Helper()
	latest := map[ledger.Request]calendar.Instant{}
	for _, a := range s.given {
		latest[*sim.Request(a.Command)] = a.Time
	}
	for _, a := range s.given {
		if r := sim.Request(a.Command); latest[*r] != a.Time || s.work.Now >= a.Time.Add(product().Authorizations.RequestsKept) {
			continue // outlived its keeping
		}
		out, _ := s.submit(w, a.Command)
		require.NoError(s.t, sim.SameAnswer(told(a.Outcome), told(*out)), "%T %+v", a.Command, a.Command)
	}
	for n := uint64(1); ; n++ {
		get := &ledger.GetAccount{Account: ledger.NewAccountID(shardNumber, n)}
		out, _ := s.submit(w, get)
		p := s.model.Predict(s.work.Now, get)
		require.NoError(s.t, p.Compare(*out))
		if out.Fault != nil {
			break
		}
		again := &ledger.GetAccount{Consumer: out.Account.Consumer}
		out, _ = s.submit(w, again)
		p = s.model.Predict(s.work.Now, again)
		require.NoError(s.t, p.Compare(*out))
	}
}

// told is an outcome without an account's sequence, which nobody is told and receipts do not keep.
func told(out ledger.Outcome) ledger.Outcome {
	if out.Account != nil {
		out.Account = out.Account.Clone()
		out.Account.Sequence = 0
	}
	return out
}

// audit holds the state file to the journal.
func (s *shard) audit(w *writer.Writer) {
	s.t.Helper()
	snapshot, err := w.Snapshot()
	require.NoError(s.t, err)
	defer snapshot.Close()
	require.Equal(s.t, w.Stats().Durable, snapshot.Flushed)
	require.Empty(s.t, s.faults(w.Journal(), w.Stats().Durable, snapshot))
}

// faults is what an audit of a journal and a state file finds.
func (s *shard) faults(j journal.Journal, upto uint64, snapshot *state.Snapshot) []string {
	s.t.Helper()
	report, err := audit.Check(s.t.Context(), audit.Shard{
		Number: shardNumber, Journal: j, Upto: upto, State: snapshot, Terms: product(), Zone: calendar.UTC, TempDir: s.t.TempDir(),
	})
	require.NoError(s.t, err)
	return report.Faults
}

// onceEach says that no request is in the journal twice within its keeping.
func (s *shard) onceEach(w *writer.Writer) {
	s.t.Helper()
	last := map[ledger.Request]int64{}
	for e, err := range w.Journal().Replay(s.t.Context(), 1) {
		require.NoError(s.t, err)
		var entry ledger.Entry
		require.NoError(s.t, record.DecodeEntry(append([]byte(nil), e.Payload...), &entry))
		if entry.Request.ID == "" {
			continue
		}
		if before, twice := last[entry.Request]; twice {
			require.GreaterOrEqual(s.t, e.Time, int64(calendar.Instant(before).Add(product().Authorizations.RequestsKept)), "request %v is in the journal twice", entry.Request)
		}
		last[entry.Request] = e.Time
	}
}

// owed says that something came of debts.
func (s *shard) owed(w *writer.Writer) {
	s.t.Helper()
	_, met := wrote(s.t, w.Journal())
	for _, kind := range []ledger.BookingKind{ledger.WindowClosed, ledger.RepaymentPosted} {
		require.NotZero(s.t, met[kind], "%v", met)
	}
}

// memory is a journal in memory, and how to open it.
func memory() (*mem.Log, func() journal.Journal) {
	log := mem.NewLog()
	return log, func() journal.Journal { return log.Open() }
}

func seeds(n int) (list []uint64) {
	for i := range n {
		list = append(list, uint64(i+1))
	}
	return list
}

func named(seed uint64) string { return fmt.Sprintf("seed=%d", seed) }
