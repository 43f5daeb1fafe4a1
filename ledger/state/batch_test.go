package state_test

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// TestBatchOfManyLines pages through a batch of 50,000 lines in the file, of which no more than a page is ever in memory; a
// line that must be there and is not is damage.
func TestBatchOfManyLines(t *testing.T) {
	const many, page = 50_000, 500
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, state.Options{})
	day, err := calendar.ParseDate("2026-02-16")
	require.NoError(t, err)
	id := ledger.BatchID{Carrier: "cmcc", Currency: "CNY", Month: day.Month()}
	line := func(n uint32) ledger.BatchLine {
		return ledger.BatchLine{
			N: n, Payer: ledger.Payer{Carrier: "cmcc", Phone: "phone"}, Account: ledger.NewAccountID(1, uint64(n)), Item: 1 + n%7, Opens: day - 42,
			Day: day, Until: day + 48, Amount: 100, Outcome: ledger.OutcomeRefused, Reason: "not now",
		}
	}
	for n := uint32(1); n <= many; n++ {
		l := line(n)
		s.book.PutBatchLine(id, &l)
	}
	other := line(1)
	s.book.PutBatchLine(ledger.BatchID{Carrier: "cmcc", Currency: "CNY", Month: id.Month + 1}, &other)
	s.book.Shard().Batches = []ledger.Batch{{BatchID: id, Lines: many}}
	s.book.Shard().Sequence = 1
	require.Equal(t, line(7), *s.book.BatchLine(id, 7), "in memory")
	s.flush()
	require.NoError(t, s.state.Close())

	s = open(t, path, state.Options{})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, next := heap(), uint64(0), uint32(1)
	for more := true; more; {
		out := s.apply(&ledger.ListBatchLines{Batch: id, After: next - 1, Limit: page})
		require.LessOrEqual(t, len(out.BatchLines), page)
		for i := range out.BatchLines {
			require.Equal(t, line(next), out.BatchLines[i])
			next++
		}
		if more = out.More; next%5_000 == 1 {
			most = max(most, heap())
		}
	}
	require.EqualValues(t, many+1, next)
	require.Less(t, int64(most)-int64(before), int64(4<<20), "what is kept of 50,000 lines is a page of them")
	require.Empty(t, s.apply(&ledger.ListBatchLines{Batch: ledger.BatchID{Carrier: "cmcc", Currency: "UGX", Month: id.Month}, Limit: page}).BatchLines)

	require.Nil(t, s.book.BatchLine(id, many+1))
	var corrupt *state.CorruptError
	require.ErrorAs(t, s.book.Err(), &corrupt, "whoever asks has its number from the shard")
	require.NoError(t, s.state.Close())
}
