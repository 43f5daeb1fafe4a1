package state

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger"
)

// TestOutdatedReadingIsNotKept has a flush cycle write a row, and memory let go of it, while a prefetch has read the row
// that was there before and not yet put it into memory: it must not.
func TestOutdatedReadingIsNotKept(t *testing.T) {
	s, _, err := Open(filepath.Join(t.TempDir(), "state.db"), 1, Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	s.loads.Wait() // nobody else reads
	id := ledger.NewAccountID(1, 7)
	key := accountKey(nil, id)
	write := func(row string) {
		require.NoError(t, s.db.Update(func(tx *bolt.Tx) error {
			return tx.Bucket(bucketAccounts).Put(key, seal(key, []byte(row)))
		}))
		s.generation.Add(1)
	}
	write("first")
	before := s.db.Stats().TxN

	_, page := s.accounts.make(id) // locked: the reader has to wait here with what it read
	read := make(chan string)
	go func() {
		value, err := s.loadAccount(id)
		require.NoError(t, err)
		read <- string(value[sumSize:])
	}()
	require.Eventually(t, func() bool { now := s.db.Stats(); return now.TxN > before && now.OpenTxN == 0 }, 10*time.Second, time.Millisecond)
	write("second")
	page.Unlock()

	require.Equal(t, "first", <-read)
	require.False(t, s.accounts.has(id), "memory has a row that the file does not")
	value, err := s.loadAccount(id)
	require.NoError(t, err)
	require.Equal(t, "second", string(value[sumSize:]))
	kept, ok := s.accounts.get(id)
	require.True(t, ok)
	require.Equal(t, "second", string(kept[sumSize:]))
	require.NoError(t, s.Close())
}
