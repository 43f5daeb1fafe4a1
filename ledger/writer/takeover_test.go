package writer_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/writer"
)

// stand opens a standby of the shard with a state file of its own.
func (s *shard) stand(path string, lost func(error)) *writer.Writer {
	s.t.Helper()
	w, err := writer.Stand(s.t.Context(), writer.Config{
		Shard: shardNumber, Journal: s.open(), StatePath: path, State: s.options, Terms: product(), Zone: calendar.UTC,
		Clock: func() calendar.Instant { return calendar.Instant(s.clock.Load()) }, Owner: path, Sweep: -1,
		Logger: slog.New(slog.DiscardHandler), OnLost: lost,
	}, nil)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = w.Close() })
	return w
}

// follows waits until a standby has all that the one who decides has made durable. It may think that it decides itself.
func (s *shard) follows(by *writer.Writer) {
	s.t.Helper()
	require.NoError(s.t, by.Release(s.t.Context()))
	require.Eventually(s.t, func() bool {
		at, standing := by.Follows()
		return standing && at.Sequence == s.w.Stats().Durable
	}, 10*time.Second, time.Millisecond)
}

// seesAll holds what a standby answers to the model. What time has done to an account and nobody has recorded is not for a
// standby to answer.
func (s *shard) seesAll(by *writer.Writer) {
	s.t.Helper()
	for n := uint64(1); ; n++ {
		get := &ledger.GetAccount{Account: ledger.NewAccountID(shardNumber, n)}
		out, at, err := by.Peek(s.t.Context(), get)
		require.NoError(s.t, err)
		require.Equal(s.t, s.w.Stats().Durable, at.Sequence)
		p := s.model.Predict(s.work.Now, get)
		require.NoError(s.t, p.Compare(*out))
		if out.Fault != nil {
			return
		}
		owed := &ledger.GetBilling{Account: get.Account}
		if out, _, err = by.Peek(s.t.Context(), owed); errors.Is(err, writer.ErrStandby) {
			continue // something is due on it
		}
		require.NoError(s.t, err)
		require.Nil(s.t, out.Fault)
	}
}

// Three nodes have the same shard. Which of them decides changes again and again: handed over, taken from one that goes
// on, and after appends whose outcome nobody knows. Each answer is the model's, whoever gives it.
func TestTakeovers(t *testing.T) {
	n := 12
	if testing.Short() {
		n = 3
	}
	for _, seed := range seeds(n) {
		t.Run(named(seed), func(t *testing.T) {
			t.Parallel()
			log, open := memory()
			s := newShard(t, seed, 40, open, state.Options{CacheBytes: 64 << 20, Interval: 30 * time.Millisecond})
			require.NoError(t, s.w.Close())
			dir := t.TempDir()
			var lost atomic.Int64
			var nodes []*writer.Writer
			for _, name := range []string{"a", "b", "c"} {
				nodes = append(nodes, s.stand(filepath.Join(dir, name), func(error) { lost.Add(1) }))
			}
			s.w = nodes[0]
			_, err := s.w.Submit(t.Context(), &ledger.GetShard{})
			require.ErrorIs(t, err, writer.ErrStandby)
			epoch, err := s.w.Lead(t.Context())
			require.NoError(t, err)
			takes := 0
			for i := range 1_500 {
				s.step()
				if s.random.IntN(60) != 0 {
					continue
				}
				next := nodes[s.random.IntN(len(nodes))]
				switch s.random.IntN(3) {
				case 0: // handed over
					require.NoError(t, s.w.Release(t.Context()))
				case 1: // taken, and the one before finds out by itself
				case 2: // after an append whose outcome is unknown
					log.Script(mem.Fault{Kind: []mem.Kind{mem.FailBefore, mem.FailAfter, mem.Torn}[s.random.IntN(3)]})
					s.step()
				}
				again, err := next.Lead(t.Context())
				require.NoError(t, err, "step %d", i)
				require.GreaterOrEqual(t, again, epoch)
				epoch, s.w = again, next
				takes++
			}
			for _, by := range nodes {
				if by != s.w {
					s.follows(by)
					s.seesAll(by)
				}
			}
			s.check(s.w)
			s.onceEach(s.w)
			for _, by := range nodes {
				require.NoError(t, by.Flush(t.Context()))
				s.audit(by)
			}
			require.Positive(t, takes)
			for _, w := range nodes {
				require.NoError(t, w.Close())
			}
		})
	}
}

// Callers go on while the shard moves from node to node: every one is answered, once it asks the node that decides, and
// what was carried out was so once.
func TestMovesUnderLoad(t *testing.T) {
	_, open := memory()
	s := newShard(t, 1, 1, open, state.Options{CacheBytes: 64 << 20})
	account := ledger.NewAccountID(shardNumber, 1)
	out, err := s.w.Submit(t.Context(), openAccount(1))
	require.NoError(t, err)
	require.Equal(t, account, out.Account.ID)
	require.NoError(t, s.w.Close())
	dir := t.TempDir()
	nodes := []*writer.Writer{s.stand(filepath.Join(dir, "a"), nil), s.stand(filepath.Join(dir, "b"), nil)}
	var at atomic.Int64
	_, err = nodes[0].Lead(t.Context())
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	var told atomic.Int64
	for c := range 8 {
		callers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				command := authorize(account, c*1_000_000+i)
				for {
					_, err := nodes[at.Load()].Submit(t.Context(), command)
					if err == nil {
						told.Add(1)
						break
					}
					if !errors.Is(err, writer.ErrStandby) && !errors.Is(err, writer.ErrStopped) && !errors.Is(err, writer.ErrStarting) {
						t.Errorf("submit: %v", err)
						return
					}
					time.Sleep(100 * time.Microsecond)
				}
			}
		})
	}
	longest := time.Duration(0)
	for i := range 40 {
		from, to := i%2, 1-i%2
		begun := time.Now()
		if i%4 < 2 {
			require.NoError(t, nodes[from].Release(t.Context()))
		}
		_, err := nodes[to].Lead(t.Context())
		require.NoError(t, err)
		at.Store(int64(to))
		longest = max(longest, time.Since(begun))
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	callers.Wait()
	s.w = nodes[at.Load()]
	s.onceEach(s.w)
	shard, err := s.w.Submit(t.Context(), &ledger.GetShard{})
	require.NoError(t, err)
	require.GreaterOrEqual(t, int64(shard.Shard.Sequence), told.Load())
	s.follows(nodes[1-at.Load()])
	for _, w := range nodes {
		require.NoError(t, w.Flush(t.Context()))
		s.audit(w)
		require.NoError(t, w.Close())
	}
	t.Logf("%d answers, 40 moves, the longest in %s", told.Load(), longest)
}

// A writer that nobody else could stand in for is not released.
func TestAloneIsNotReleased(t *testing.T) {
	w := open(t, t.TempDir())
	require.Error(t, w.Release(t.Context()))
	_, err := w.Lead(t.Context())
	require.NoError(t, err)
	submit(t, w, openAccount(1))
	require.NoError(t, w.Close())
	require.ErrorIs(t, w.Release(t.Context()), writer.ErrClosed)
}

// One who was fenced and does not know it yet answers nothing, reads neither: what it knows may be out of date.
func TestFencedOwnerAnswersNoReads(t *testing.T) {
	_, open := memory()
	s := newShard(t, 1, 1, open, state.Options{CacheBytes: 64 << 20})
	require.NoError(t, s.w.Close())
	dir := t.TempDir()
	lost := make(chan error, 1)
	old := s.stand(filepath.Join(dir, "old"), func(err error) { lost <- err })
	owner := s.stand(filepath.Join(dir, "owner"), nil)
	_, err := old.Lead(t.Context())
	require.NoError(t, err)
	_, err = old.Submit(t.Context(), openAccount(1))
	require.NoError(t, err)
	_, err = owner.Lead(t.Context())
	require.NoError(t, err)
	_, err = owner.Submit(t.Context(), openAccount(2))
	require.NoError(t, err)

	_, err = old.Submit(t.Context(), &ledger.GetShard{})
	require.ErrorIs(t, err, writer.ErrStopped)
	require.ErrorIs(t, <-lost, journal.ErrFenced)
	out, err := owner.Submit(t.Context(), &ledger.GetShard{})
	require.NoError(t, err)
	require.Equal(t, uint64(2), out.Shard.Accounts)
}
