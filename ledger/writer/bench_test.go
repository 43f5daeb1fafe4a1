package writer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
)

// BenchmarkSpread authorizes on accounts that have few holds, as most have: what one call costs from Submit to outcome.
func BenchmarkSpread(b *testing.B) {
	const callers, accounts = 256, 200_000
	w := open(b, b.TempDir())
	ids := make([]ledger.AccountID, accounts)
	each(callers, accounts, func(i int) { ids[i] = submit(b, w, openAccount(i)).Account.ID })
	b.ReportAllocs()
	b.ResetTimer()
	each(callers, b.N, func(i int) {
		out, err := w.Submit(context.Background(), authorize(ids[i%accounts], i))
		if err != nil || out.Fault != nil {
			b.Error(fmt.Sprint(err, out))
		}
	})
	b.StopTimer()
	require.NoError(b, w.Close())
}

// each calls f with 0 to n-1 from a number of goroutines.
func each(callers, n int, f func(i int)) {
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := c; i < n; i += callers {
				f(i)
			}
		})
	}
	wg.Wait()
}

// BenchmarkReplay opens a book whose state file is gone: what one entry of a tail costs at a restart.
func BenchmarkReplay(b *testing.B) {
	const callers, accounts, entries = 256, 20_000, 200_000
	dir := b.TempDir()
	w := open(b, dir)
	ids := make([]ledger.AccountID, accounts)
	each(callers, accounts, func(i int) { ids[i] = submit(b, w, openAccount(i)).Account.ID })
	each(callers, entries-accounts, func(i int) { submit(b, w, authorize(ids[i%accounts], i)) })
	require.NoError(b, w.Close())
	for b.Loop() {
		b.StopTimer()
		require.NoError(b, os.Remove(filepath.Join(dir, "state.db")))
		b.StartTimer()
		w = open(b, dir)
		b.StopTimer()
		require.NoError(b, w.Close())
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
}
