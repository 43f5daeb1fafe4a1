package state_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// TestReconciliations finds reconciliations and their breaks wherever they are: in memory, in the file, and in a file that was
// opened again. One that must be there and is not is damage.
func TestReconciliations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, state.Options{})
	row := func(id ledger.CarrierID, n uint32) *ledger.Reconciliation {
		r := &ledger.Reconciliation{Carrier: id, N: n, Sequence: 5, Caller: "olga", Currency: "CNY", Date: 20_000, Fees: true, Run: 2, Began: 4, Ended: 5,
			Failed: "cut off", Read: 4, Breaks: 2, Open: 1, Adjusted: -7}
		r.Tally.Ours = reconcile.Sums{Count: 3, Amount: 300, Fee: 3}
		*r.Tally.Of(reconcile.LateReversal) = reconcile.BreakSums{Count: 1, Diff: 100, FeeDiff: 1}
		return r
	}
	kept := func(id ledger.CarrierID, n, of uint32) *ledger.KeptBreak {
		b := &ledger.KeptBreak{Carrier: id, Reconciliation: of, N: n, Sequence: 4, Break: reconcile.Break{Kind: reconcile.MissingHere, Diff: -100}}
		b.Theirs = reconcile.Item{Order: "o", Reference: "r", Kind: reconcile.Sale, Status: reconcile.Delivered, Date: 20_000, Amount: 100, Count: 2}
		b.Resolution = ledger.Resolution{How: ledger.Adjust, Adjusted: -7, Operator: "olga", Reason: "why", Resolved: 6}
		return b
	}
	ids := []ledger.CarrierID{"c", "cc"} // the keys of one do not run into those of the other
	for _, id := range ids {
		for n := uint32(1); n <= 2; n++ {
			s.book.PutBreak(kept(id, 1, n))
			s.book.PutBreak(kept(id, 2, n))
			s.book.PutReconciliation(row(id, n))
		}
		s.book.Shard().Reconciled = append(s.book.Shard().Reconciled, ledger.ReconciledCarrier{Carrier: id, Last: 3})
	}
	s.book.Shard().Sequence = 5
	look := func(s *shard) {
		t.Helper()
		for _, id := range ids {
			require.Equal(t, uint32(3), s.book.Shard().LastReconciliation(id))
			for n := uint32(1); n <= 2; n++ {
				require.Equal(t, row(id, n), s.book.Reconciliation(id, n))
				require.Equal(t, kept(id, 2, n), s.book.KeptBreak(ledger.BreakID{Carrier: id, Reconciliation: n, N: 2}))
				require.Nil(t, s.book.KeptBreak(ledger.BreakID{Carrier: id, Reconciliation: n, N: 3}))
			}
			require.Nil(t, s.book.Reconciliation(id, 3), "the newest may not have been put yet")
			require.Nil(t, s.book.Reconciliation(id, 0))
		}
		require.NoError(t, s.book.Err())
	}
	look(s)
	s.flush()
	look(s)
	require.NoError(t, s.state.Close())
	again := open(t, path, state.Options{})
	look(again)
	again.book.Shard().Reconciled[0].Last = 4
	require.Nil(t, again.book.Reconciliation("c", 3))
	var corrupt *state.CorruptError
	require.ErrorAs(t, again.book.Err(), &corrupt)
	require.NoError(t, again.state.Close())
}

// TestCompareReconciliations holds rows to those of a fold, each by the entry that it absorbed last.
func TestCompareReconciliations(t *testing.T) {
	build := func(flushed, row, kept uint64) (*state.State, *state.Snapshot) {
		s := open(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
		if kept != 0 {
			s.book.PutBreak(&ledger.KeptBreak{Carrier: "c", Reconciliation: 1, N: 1, Sequence: kept, Break: reconcile.Break{Kind: reconcile.Amount}})
		}
		if row != 0 {
			s.book.PutReconciliation(&ledger.Reconciliation{Carrier: "c", N: 1, Sequence: row})
		}
		s.book.Shard().Sequence = flushed
		s.flush()
		snapshot, err := s.state.Snapshot()
		require.NoError(t, err)
		return s.state, snapshot
	}
	fold, folded := build(10, 10, 9)
	for name, c := range map[string]struct {
		flushed, row, kept uint64
		differ             []string
	}{
		"the same":                         {10, 10, 9, nil},
		"there before the reconciliation":  {8, 6, 9, nil},
		"missing, and changed since":       {8, 0, 0, nil},
		"older than what has been flushed": {10, 9, 8, []string{"reconciliations", "breaks"}},
		"missing, and flushed":             {10, 10, 0, []string{"breaks"}},
	} {
		st, have := build(c.flushed, c.row, c.kept)
		var differ []string
		_, err := have.Compare(folded, 0, func(d state.Difference) bool { differ = append(differ, d.Bucket); return true })
		require.NoError(t, err)
		require.Equal(t, c.differ, differ, name)
		require.NoError(t, have.Close())
		require.NoError(t, st.Close())
	}
	require.NoError(t, folded.Close())
	require.NoError(t, fold.Close())
}
