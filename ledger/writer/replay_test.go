package writer_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/audit"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
	"github.com/holdfast-credit/holdfast/ledger/record"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/ledger/writer"
)

// TestRebuiltFromTheJournal throws the state file of a long workload away. What is built anew answers like the first, and
// is what an audit, which folds one entry after the other, makes of the journal; also when memory is so small that it is
// flushed again and again on the way.
func TestRebuiltFromTheJournal(t *testing.T) {
	_, open := memory()
	s := newShard(t, 1, 60, open, state.Options{})
	steps := 6_000
	if testing.Short() {
		steps = 2_000
	}
	for range steps {
		s.step()
	}
	before, _ := s.submit(s.w, &ledger.GetShard{})
	require.NoError(t, s.w.Close())
	for _, o := range []state.Options{{}, {CacheBytes: 1 << 20}, {CacheBytes: 64 << 10, ChunkRows: 50}} {
		t.Run(fmt.Sprintf("cache=%d", o.CacheBytes), func(t *testing.T) {
			on := s.on(t)
			on.options = o
			w := on.start(filepath.Join(t.TempDir(), "state.db"))
			require.NoError(t, w.Flush(t.Context()))
			on.audit(w)
			if o.CacheBytes == 0 {
				on.check(w)
				after, _ := on.submit(w, &ledger.GetShard{})
				require.Equal(t, before.Shard, after.Shard)
			}
			require.NoError(t, w.Close())
		})
	}
}

// log is a journal in memory that is written entry by entry.
type log struct {
	t     testing.TB
	mem   *mem.Log
	j     journal.Journal
	head  journal.Head
	state state.Options // of the writers that are started
}

func newLog(t testing.TB) *log {
	l := &log{t: t, mem: mem.NewLog()}
	l.j = l.mem.Open()
	var err error
	l.head, err = l.j.Acquire(t.Context(), "test")
	require.NoError(t, err)
	return l
}

// add appends payloads of an instant in one batch.
func (l *log) add(at calendar.Instant, payloads ...[]byte) {
	l.t.Helper()
	for len(payloads) > 0 {
		n := min(len(payloads), 1_000)
		var b journal.Builder
		b.Reset(l.head.Next, l.head.Hash, nil)
		for _, p := range payloads[:n] {
			b.Add(int64(at), func(buf []byte) []byte { return append(buf, p...) })
		}
		var err error
		l.head, err = l.j.Append(l.t.Context(), l.head, b.Batch())
		require.NoError(l.t, err)
		payloads = payloads[n:]
	}
}

// start starts a writer over the journal and a fresh state file.
func (l *log) start(ctx context.Context, progress func(done, total uint64)) (*writer.Writer, error) {
	return writer.Open(ctx, writer.Config{
		Shard: shardNumber, Journal: l.mem.Open(), StatePath: filepath.Join(l.t.TempDir(), "state.db"), State: l.state,
		Terms: product(), Zone: calendar.UTC, Clock: func() calendar.Instant { return 0 }, Owner: "test", Sweep: -1, Logger: slog.New(slog.DiscardHandler),
	}, progress)
}

// faults is what an audit finds in what a writer has made of the journal.
func (l *log) faults(w *writer.Writer) []string {
	require.NoError(l.t, w.Flush(l.t.Context()))
	snapshot, err := w.Snapshot()
	require.NoError(l.t, err)
	defer snapshot.Close()
	report, err := audit.Check(l.t.Context(), audit.Shard{
		Number: shardNumber, Journal: l.mem.Open(), Upto: l.head.Next - 1, State: snapshot, Terms: product(), Zone: calendar.UTC, TempDir: l.t.TempDir(),
	})
	require.NoError(l.t, err)
	return report.Faults
}

func entry(r ledger.Request, f ledger.Fact) []byte {
	return record.AppendEntry(nil, &ledger.Entry{Request: r, Fact: f})
}

// opened are entries that open accounts.
func opened(n int) (payloads [][]byte) {
	for i := range n {
		payloads = append(payloads, entry(ledger.Request{Caller: "c", ID: ledger.RequestID(fmt.Sprintf("open-%d", i))}, &ledger.AccountOpened{
			Account: ledger.NewAccountID(shardNumber, uint64(i+1)), Consumer: ledger.ConsumerToken(fmt.Sprintf("c-%d", i)), Currency: "CNY", Limit: 1e9,
			Lines: []ledger.LineOpening{{Scene: ledger.TopUp, Limit: 1e9, Agreement: "1", Accepted: "1"}},
		}))
	}
	return payloads
}

// declined is an entry of an account.
func declined(account uint64, n int, r ledger.RequestID) []byte {
	return entry(ledger.Request{Caller: "c", ID: r}, &ledger.OrderDecided{
		HoldRef: ledger.HoldRef{
			Account: ledger.NewAccountID(shardNumber, account), N: uint32(n), Scene: ledger.TopUp, Carrier: "cmcc", Currency: "CNY",
			Order: ledger.OrderID(fmt.Sprintf("order-%d-%d", account, n)),
		},
		Kind: ledger.OrderDeclined, Requested: 1, Reasons: 1,
	})
}

var t0 = calendar.InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))

// TestReplayNamesTheFirstBadEntry replays journals with entries that are bad in one way or another, close to each other
// and of several accounts. The error is always that of the first, and nothing is left running.
func TestReplayNamesTheFirstBadEntry(t *testing.T) {
	const accounts = 2_000
	before := runtime.NumGoroutine()
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 1))
		payloads := opened(accounts)
		first := random.IntN(len(payloads))
		for i := range 8 {
			payloads[min(first+i*random.IntN(3), accounts-1)] = declined(accounts+uint64(i), 1, "r")
		}
		want := fmt.Sprintf("entry %d does not fit the state", first+1)
		l := newLog(t)
		switch seed % 4 {
		case 1:
			payloads[first] = []byte{0xff}
			want = fmt.Sprintf("entry %d: record: malformed entry", first+1)
		case 2:
			payloads = append(payloads[:first+1], []byte{0xff}) // the one before it is worse
		}
		l.add(t0, payloads...)
		if seed%4 == 3 {
			require.True(t, l.mem.Corrupt(uint64(len(payloads)), 900, 1)) // somewhere in the last batch
			bad := firstBad(t, l.mem.Open())
			if bad <= uint64(first+1) {
				want = fmt.Sprintf("corrupt at sequence %d", bad)
			}
		}
		_, err := l.start(t.Context(), nil)
		require.ErrorContains(t, err, want, "seed %d", seed)
	}
	noMoreThan(t, before)
}

// noMoreThan waits until there are no more goroutines than there were.
func noMoreThan(t *testing.T, before int) {
	t.Helper()
	for range 1_000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	require.Fail(t, "goroutines are left", "%s", stacks[:runtime.Stack(stacks, true)])
}

// firstBad is the first sequence of a journal that cannot be trusted.
func firstBad(t *testing.T, j journal.Journal) uint64 {
	for _, err := range j.Replay(t.Context(), 1) {
		if corrupt := (*journal.CorruptError)(nil); err != nil {
			require.ErrorAs(t, err, &corrupt)
			return corrupt.Sequence
		}
	}
	require.Fail(t, "nothing is corrupt")
	return 0
}

// TestReplayEndsWhenItIsCancelled cancels a start in the middle, and in the middle of a flush. It leaves nothing running.
func TestReplayEndsWhenItIsCancelled(t *testing.T) {
	l := newLog(t)
	l.state.CacheBytes = 1 << 20
	l.add(t0, opened(150_000)...)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	told := 0
	_, err := l.start(ctx, func(done, total uint64) {
		told++
		require.Less(t, done, total)
		cancel()
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, told)
	noMoreThan(t, before)
}

// TestRequestOfAnotherAccountLongAfter has one request id come again and again, each time when its receipt has outlived
// its keeping and for another account. The last receipt is the one that stays.
func TestRequestOfAnotherAccountLongAfter(t *testing.T) {
	const accounts = 8
	l := newLog(t)
	l.add(t0, opened(accounts)...)
	at, orders := t0, [accounts]int{}
	next := func(account int, r ledger.RequestID) []byte {
		orders[account]++
		return declined(uint64(account+1), orders[account], r)
	}
	for n := range 120 {
		var payloads [][]byte
		for i := range 1 + n%7 { // so that the folders are not in step
			payloads = append(payloads, next(i%accounts, ledger.RequestID(fmt.Sprintf("r-%d-%d", n, i))))
		}
		at = at.Add(product().Authorizations.RequestsKept)
		l.add(at, append(payloads, next(n%accounts, "again"))...)
	}
	w, err := l.start(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, l.faults(w))
	require.NoError(t, w.Close())
}

// TestRowsOutliveTheEntries has a suspension and a hold, and then so many entries that the memory of theirs is used again,
// all of them of the hold's account: it is never put down.
func TestRowsOutliveTheEntries(t *testing.T) {
	l := newLog(t)
	l.add(t0, opened(10_000)...)
	l.add(t0, entry(ledger.Request{Caller: "operator", ID: "s"}, &ledger.SuspensionSet{Scope: ledger.Scope{Carrier: "carrier-7"}, Reason: "incident 4711"}))
	hold := ledger.OrderDecided{
		HoldRef: ledger.HoldRef{Account: ledger.NewAccountID(shardNumber, 1), N: 1, Scene: ledger.TopUp, Carrier: "cmcc", Currency: "CNY", Order: "order"},
		Kind:    ledger.OrderAuthorized, Phone: "p-1", Requested: 1, Amount: 1, Expires: t0.Add(time.Hour),
	}
	l.add(t0, entry(ledger.Request{Caller: "c", ID: "hold"}, &hold))
	var payloads [][]byte
	for n := range 10_000 {
		payloads = append(payloads, declined(1, 2+n, ledger.RequestID(fmt.Sprintf("r-%d", n))))
	}
	l.add(t0, payloads...)
	w, err := l.start(t.Context(), nil)
	require.NoError(t, err)
	out := submit(t, w, &ledger.GetShard{})
	require.Equal(t, []ledger.Suspension{{Scope: ledger.Scope{Carrier: "carrier-7"}, Reason: "incident 4711", Since: t0, Caller: "operator"}}, out.Shard.Suspensions)
	require.Empty(t, l.faults(w))
	require.NoError(t, w.Close())
}

// TestTermsThatWerePutInTheTail has terms put, and accounts that accept them: whoever folds an account must know them.
func TestTermsThatWerePutInTheTail(t *testing.T) {
	const accounts = 50
	version := terms.Default()
	version.Version = "2026-02"
	l := newLog(t)
	l.add(t0, opened(accounts)...)
	payloads := [][]byte{entry(ledger.Request{Caller: "operator", ID: "put"}, &ledger.TermsPut{Document: string(terms.Format(version))})}
	for n := range accounts {
		payloads = append(payloads, entry(ledger.Request{Caller: "c", ID: ledger.RequestID(fmt.Sprintf("accept-%d", n))}, &ledger.Booked{
			Account: ledger.NewAccountID(shardNumber, uint64(n+1)), Currency: "CNY",
			Booking: ledger.Booking{Kind: ledger.TermsAccepted, Item: 1, After: ledger.Billing{Terms: 1, Items: 1}},
		}))
	}
	l.add(t0, payloads...)
	w, err := l.start(t.Context(), nil)
	require.NoError(t, err)
	for n := range accounts {
		out := submit(t, w, &ledger.GetBilling{Account: ledger.NewAccountID(shardNumber, uint64(n+1))})
		require.Equal(t, version.Version, out.Billing.Terms)
	}
	require.Empty(t, l.faults(w))
	require.NoError(t, w.Close())
}

// TestManyTermsAreReadQuickly starts with as many versions of terms as there may be, from the tail and then from the state:
// that takes a part of what it takes to check them, which was done when they were put. Allocations are counted, as
// a measure that does not depend on what else runs.
func TestManyTermsAreReadQuickly(t *testing.T) {
	version := terms.Default()
	document := terms.Format(version)
	checking := ledger.MaxTerms * testing.AllocsPerRun(1, func() { _, _ = terms.Parse(document) })
	l := newLog(t)
	for n := range ledger.MaxTerms {
		version.Version = fmt.Sprintf("version-%d", n+1)
		l.add(t0, entry(ledger.Request{Caller: "operator", ID: ledger.RequestID(version.Version)}, &ledger.TermsPut{Document: string(terms.Format(version))}))
	}
	for range 2 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w, err := l.start(t.Context(), nil)
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		require.Less(t, float64(after.Mallocs-before.Mallocs), checking/8)
		out := submit(t, w, &ledger.GetTerms{})
		require.Len(t, out.TermsPut, 1+ledger.MaxTerms)
		require.Equal(t, version, out.TermsPut[ledger.MaxTerms].Terms)
		require.NoError(t, w.Close())
	}
}
