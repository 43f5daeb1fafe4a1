package state_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// TestItemsAndStatements finds them wherever they are: in memory, in the file, and in a file that was opened again. What
// is not there is nil, and no fault.
func TestItemsAndStatements(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, state.Options{})
	id, other := s.account(), s.account()
	dates := []calendar.Date{-400, -1, 0, 20_000} // in their order, those before 1970 too
	for n := range uint32(3) {
		s.book.PutItem(id, &ledger.Item{N: n + 1, Kind: ledger.RepaymentPosted, Amount: money.Amount(100 + n), Note: "why"})
	}
	for n, opens := range dates {
		s.book.PutStatement(id, &ledger.Statement{N: uint32(n + 1), Window: calendar.Window{Opens: opens, Closes: opens + 29, Due: opens + 42}})
	}
	look := func(s *shard) {
		t.Helper()
		for n := range uint32(3) {
			i := s.book.Item(id, n+1)
			require.Equal(t, &ledger.Item{N: n + 1, Kind: ledger.RepaymentPosted, Amount: money.Amount(100 + n), Note: "why"}, i)
			require.Same(t, i, s.book.Item(id, n+1), "asked twice in a row")
		}
		for n, opens := range dates {
			v := s.book.Statement(id, opens)
			require.Equal(t, &ledger.Statement{N: uint32(n + 1), Window: calendar.Window{Opens: opens, Closes: opens + 29, Due: opens + 42}}, v)
			require.Same(t, v, s.book.Statement(id, opens), "asked twice in a row")
		}
		require.Nil(t, s.book.Item(id, 0), "none has this number")
		require.Nil(t, s.book.Statement(id, 1))
		require.Nil(t, s.book.Statement(other, 0))
		require.NoError(t, s.book.Err())
	}
	look(s)
	s.flush()
	look(s)
	require.Nil(t, s.book.Item(other, 1))
	var corrupt *state.CorruptError
	require.ErrorAs(t, s.book.Err(), &corrupt, "an item that is asked for is there, or the file is damaged")
	require.NoError(t, s.state.Close())

	again := open(t, path, state.Options{})
	look(again)
	snapshot, err := again.state.Snapshot()
	require.NoError(t, err)
	var accounts []ledger.AccountID
	require.NoError(t, snapshot.Accounts(func(a *ledger.Account, h *state.History) error {
		accounts = append(accounts, a.ID)
		if a.ID != id {
			require.Empty(t, h.Items)
			require.Empty(t, h.Statements)
			return nil
		}
		require.Len(t, h.Items, 3)
		require.Len(t, h.Statements, len(dates))
		for n, v := range h.Statements {
			require.Equal(t, dates[n], v.Opens)
		}
		return nil
	}))
	require.Equal(t, []ledger.AccountID{id, other}, accounts)
	require.NoError(t, snapshot.Close())
	require.NoError(t, again.state.Close())
}

// TestItemsThatArePutAgain completes an item that was handed out, in place and as a copy.
func TestItemsThatArePutAgain(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
	id := s.account()
	s.book.PutItem(id, &ledger.Item{N: 1, Amount: 100})
	kept := s.book.Item(id, 1)
	kept.Outcome = ledger.Failed
	s.book.PutItem(id, kept)
	require.Equal(t, ledger.Failed, s.book.Item(id, 1).Outcome)
	done := *s.book.Item(id, 1)
	done.Outcome = ledger.Undone
	s.book.PutItem(id, &done)
	require.Equal(t, ledger.Undone, s.book.Item(id, 1).Outcome)
	s.book.PutItem(id, &ledger.Item{N: 2})
	require.NotSame(t, kept, s.book.Item(id, 2), "what was handed out before may be kept")
	require.Equal(t, ledger.Failed, kept.Outcome)
	require.NoError(t, s.state.Close())
}

// TestCompareHistory holds items and statements to those of a fold. They may be missing or old as long as their account
// is older than the fold's.
func TestCompareHistory(t *testing.T) {
	type rows struct {
		account uint64 // its sequence
		item    money.Amount
		closing money.Amount
	}
	build := func(shardSequence uint64, v rows) (*state.State, *state.Snapshot) {
		s := open(t, filepath.Join(t.TempDir(), "state.db"), state.Options{})
		id := ledger.NewAccountID(1, 1)
		s.book.PutAccount(&ledger.Account{ID: id, Sequence: v.account, Status: ledger.AccountActive})
		if v.item != 0 {
			s.book.PutItem(id, &ledger.Item{N: 1, Amount: v.item})
		}
		if v.closing != 0 {
			s.book.PutStatement(id, &ledger.Statement{N: 1, Closing: v.closing})
		}
		s.book.Settle()
		s.book.Shard().Sequence = shardSequence
		s.flush()
		snapshot, err := s.state.Snapshot()
		require.NoError(t, err)
		return s.state, snapshot
	}
	fold, folded := build(10, rows{10, 7, 7})
	for name, c := range map[string]struct {
		flushed uint64
		have    rows
		differ  []string
	}{
		"the same":                         {10, rows{10, 7, 7}, nil},
		"older, and the account too":       {8, rows{8, 5, 5}, nil},
		"missing, and the account older":   {8, rows{8, 0, 0}, nil},
		"there before the account":         {8, rows{8, 7, 7}, nil},
		"older than the account":           {10, rows{10, 5, 5}, []string{"items", "statements"}},
		"missing where the account is not": {10, rows{10, 0, 7}, []string{"items"}},
	} {
		st, have := build(c.flushed, c.have)
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
