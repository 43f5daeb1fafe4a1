package state_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// shard is a state with a ledger on it, and a flusher that is at work while the ledger decides, as in a writer.
type shard struct {
	t      testing.TB
	state  *state.State
	book   *state.Book
	ledger *ledger.Ledger
	now    calendar.Instant
	serial int
	inside chan func() // run between two commands
}

func open(t testing.TB, path string, o state.Options) *shard {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	st, row, err := state.Open(path, 1, o)
	require.NoError(t, err)
	s := &shard{t: t, state: st, book: st.Book(row), now: calendar.InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), inside: make(chan func())}
	s.ledger = ledger.New(s.book, terms.Default(), calendar.UTC)
	return s
}

func (s *shard) apply(c ledger.Command) ledger.Outcome {
	s.t.Helper()
	select {
	case f := <-s.inside:
		f()
	default:
	}
	out := s.ledger.Apply(s.now, c, func(*ledger.Entry) {})
	s.book.Settle()
	require.NoError(s.t, s.book.Err())
	return out
}

// pipeline runs what a flush cycle asks for between two commands.
func (s *shard) pipeline() state.Pipeline {
	return state.Pipeline{
		Checkpoint: func() (*ledger.Shard, error) {
			row := make(chan *ledger.Shard)
			s.inside <- func() { row <- s.book.Shard().Clone() }
			return <-row, nil
		},
		Barrier: func() error { return nil },
	}
}

// flush is a cycle with nothing going on.
func (s *shard) flush() {
	s.t.Helper()
	require.NoError(s.t, s.state.Flush(context.Background(), state.Pipeline{
		Checkpoint: func() (*ledger.Shard, error) { return s.book.Shard().Clone(), nil },
		Barrier:    func() error { return nil },
	}, false))
}

func (s *shard) request() ledger.Request {
	s.serial++
	return ledger.Request{Caller: "c", ID: ledger.RequestID(fmt.Sprintf("r-%d", s.serial))}
}

func (s *shard) account() ledger.AccountID {
	r := s.request()
	out := s.apply(&ledger.OpenAccount{
		Request: r, Consumer: ledger.ConsumerToken("consumer-" + r.ID), Currency: "CNY", Limit: 1e15,
		Lines: []ledger.LineOpening{{Scene: ledger.TopUp, Limit: 1e15, Agreement: "1", Accepted: "1"}},
	})
	require.Nil(s.t, out.Fault)
	return out.Account.ID
}

func (s *shard) charge(id ledger.AccountID, amount money.Amount) ledger.Outcome {
	r := s.request()
	return s.apply(&ledger.Charge{Request: r, Purchase: ledger.Purchase{
		Account: id, Scene: ledger.TopUp, Order: ledger.OrderID(r.ID), Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: amount,
	}})
}

// TestLargerThanMemory works on far more than fits the cache, with a flusher beside it and callers that prefetch, and
// holds every answer to a plain sum: a row that was evicted too early, or read from the file when memory had a newer one,
// would show at once.
func TestLargerThanMemory(t *testing.T) {
	const accounts, charges, cache = 1_500, 12_000, 256 << 10
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, state.Options{CacheBytes: cache, ChunkRows: 300})
	s.state.Live() // the file's pages are let go of again and again
	posted := map[ledger.AccountID]money.Amount{}
	var ids []ledger.AccountID
	for range accounts {
		ids = append(ids, s.account())
		if s.state.Pressed() {
			s.flush()
		}
	}
	s.flush()

	ctx, stop := context.WithCancel(t.Context())
	var beside sync.WaitGroup
	var cycles atomic.Int64
	beside.Go(func() {
		for ctx.Err() == nil {
			if s.state.Flush(context.WithoutCancel(ctx), s.pipeline(), false) == nil {
				cycles.Add(1)
			}
		}
	})
	for c := range 3 {
		beside.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 6))
			for ctx.Err() == nil {
				s.state.Prefetch(ids[r.IntN(accounts)])
			}
		})
	}
	r := rand.New(rand.NewPCG(9, 6))
	for n := range charges {
		id := ids[r.IntN(accounts)]
		if r.IntN(2) == 0 {
			id = ids[r.IntN(20)] // a few hot ones, changed while they are being written
		}
		amount := money.Amount(1 + r.IntN(100))
		out := s.charge(id, amount)
		require.Equal(t, ledger.Approve, out.Decision)
		posted[id] += amount
		require.Equal(t, posted[id], out.Headroom.Posted, "charge %d met a row that was out of date", n)
		for s.state.Overdue() {
			(<-s.inside)()
		}
		require.Less(t, s.state.Stats().CacheBytes, int64(4*cache))
	}
	done := make(chan struct{})
	go func() { stop(); beside.Wait(); close(done) }()
	for over := false; !over; {
		select {
		case f := <-s.inside:
			f()
		case <-done:
			over = true
		}
	}
	require.Greater(t, cycles.Load(), int64(5))
	s.flush()
	last := s.serial
	require.NoError(t, s.state.Close())

	again := open(t, path, state.Options{CacheBytes: cache})
	for id, sum := range posted {
		out := again.apply(&ledger.GetAccount{Account: id})
		require.Equal(t, sum, out.Account.Posted())
	}
	for n := 1; n <= last; n += 7 {
		require.NotNil(t, again.book.Receipt(ledger.Request{Caller: "c", ID: ledger.RequestID(fmt.Sprintf("r-%d", n))}), "receipt %d", n)
	}
	require.Less(t, again.state.Stats().CacheBytes, int64(4*cache))
	require.NoError(t, again.state.Close())
}

// TestReceiptsAreKeptAndThenPurged deletes exactly the receipts that have outlived their keeping, a stretch at a time.
func TestReceiptsAreKeptAndThenPurged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, state.Options{})
	id := s.account()
	var old, young []ledger.Request
	for i := range 40 {
		list := &old
		if i%2 == 1 {
			list = &young
		}
		s.now = s.now.Add(time.Duration(1+i%2) * 24 * time.Hour)
		s.charge(id, 1)
		*list = append(*list, ledger.Request{Caller: "c", ID: ledger.RequestID(fmt.Sprintf("r-%d", s.serial))})
	}
	s.flush()
	require.Equal(t, s.now, s.state.FlushedTime())
	before := s.now.Add(-20 * 24 * time.Hour)
	times := map[ledger.Request]calendar.Instant{}
	for _, r := range append(old, young...) {
		times[r] = s.book.Receipt(r).Time
	}
	total, after := 0, []byte(nil)
	for stretch := 0; ; stretch++ {
		next, purged, err := s.state.PurgeReceipts(after, int64(before), 7)
		require.NoError(t, err)
		if total += purged; next == nil {
			require.Greater(t, stretch, 3)
			break
		}
		after = next
	}
	require.NoError(t, s.state.Close())
	gone := 0
	again := open(t, path, state.Options{})
	for r, at := range times {
		if kept := again.book.Receipt(r) != nil; kept != (at >= before) {
			t.Errorf("request %v of %v: kept is %v", r, at.Time(), kept)
		} else if !kept {
			gone++
		}
	}
	require.NotZero(t, gone)
	require.LessOrEqual(t, gone, total)
	require.NoError(t, again.state.Close())
}

// TestDueGoesOnWhereItStopped walks the index of deadlines in stretches: each account that is due once, the earliest first,
// without those that have changed since they were flushed, however many these are.
func TestDueGoesOnWhereItStopped(t *testing.T) {
	const accounts = 60
	s := open(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
	var due []ledger.AccountID // in order of their deadlines, the last opened first
	var holds []ledger.AuthorizationID
	for i := range accounts {
		id, r := s.account(), s.request()
		out := s.apply(&ledger.Authorize{Request: r, Lifetime: time.Duration(accounts-i) * time.Minute, Purchase: ledger.Purchase{
			Account: id, Scene: ledger.TopUp, Order: ledger.OrderID(r.ID), Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 1,
		}})
		require.Equal(t, ledger.Approve, out.Decision)
		due, holds = append([]ledger.AccountID{id}, due...), append(holds, out.ID)
	}
	s.flush()
	at := s.now.Add(40 * time.Minute)
	walk := func() (found []ledger.AccountID) {
		for after, more := []byte(nil), true; more; more = after != nil {
			some, next, err := s.state.Due(after, int64(at), 7)
			require.NoError(t, err)
			require.LessOrEqual(t, len(some), 7)
			found, after = append(found, some...), next
		}
		return found
	}
	require.Equal(t, due[:40], walk())

	out := s.apply(&ledger.Void{Request: s.request(), Authorization: holds[accounts-1]})
	require.Nil(t, out.Fault)
	require.Equal(t, due[1:40], walk(), "the first has nothing to wait for any more, and the file does not know it yet")
	for i := range 10 {
		require.Nil(t, s.apply(&ledger.Void{Request: s.request(), Authorization: holds[accounts-2-i]}).Fault)
	}
	some, next, err := s.state.Due(nil, int64(at), 7)
	require.NoError(t, err)
	require.Empty(t, some)
	require.NotNil(t, next, "a look is bounded also where nothing is due any more")
	require.Equal(t, due[11:40], walk())
	require.NoError(t, s.state.Close())
}

// TestAccountsAreReadAhead opens a book: its accounts come into memory without being asked for, up to half of the cache.
func TestAccountsAreReadAhead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, state.Options{})
	for range 400 {
		s.account()
	}
	s.flush()
	full := s.state.Stats().CacheBytes
	require.NoError(t, s.state.Close())

	again := open(t, path, state.Options{})
	require.Eventually(t, func() bool { return again.state.Stats().CacheBytes == full }, 10*time.Second, time.Millisecond)
	require.NoError(t, again.state.Close())
}
