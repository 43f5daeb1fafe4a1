package state

import (
	"bufio"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger"
)

// TestTouchedPagesAreLetGoOf reads a file that is larger than half of the cache, row by row, and looks at how much of it the
// kernel has mapped: all of it as long as a replay lasts, and not once callers come.
func TestTouchedPagesAreLetGoOf(t *testing.T) {
	const rows, rowBytes = 2_000, 4_000 // a page each
	path := filepath.Join(t.TempDir(), "state.db")
	s, _, err := Open(path, 1, Options{CacheBytes: 64 * touchedBytes, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	key := func(n int) []byte { return accountKey(nil, ledger.NewAccountID(1, uint64(n))) }
	require.NoError(t, s.db.Update(func(tx *bolt.Tx) error {
		for n := range rows {
			if err := tx.Bucket(bucketEnded).Put(key(n), seal(key(n), make([]byte, rowBytes))); err != nil {
				return err
			}
		}
		return nil
	}))
	readAll := func() {
		for n := range rows {
			value, err := s.load(bucketEnded, key(n))
			require.NoError(t, err)
			require.Len(t, value, sumSize+rowBytes)
		}
	}
	readAll()
	require.Greater(t, mapped(t, path), int64(rows*rowBytes))
	s.Live()
	readAll()
	require.Less(t, mapped(t, path), int64(rows*rowBytes/2))
	require.NoError(t, s.Close())
}

// mapped is how many bytes of a file the process has resident.
func mapped(t *testing.T, path string) (bytes int64) {
	t.Helper()
	file, err := os.Open("/proc/self/smaps")
	require.NoError(t, err)
	defer file.Close()
	inside := false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		var kilobytes int64
		switch {
		case strings.Contains(line, "-") && strings.Contains(line, " r"):
			inside = strings.HasSuffix(line, path)
		case inside && strings.HasPrefix(line, "Rss:"):
			_, err := fmt.Sscanf(line, "Rss: %d kB", &kilobytes)
			require.NoError(t, err)
			bytes += kilobytes << 10
		}
	}
	return bytes
}
