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
	"github.com/holdfast-credit/holdfast/ledger/writer"
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

// BenchmarkReplay opens a book whose state file is gone: what one entry of a tail costs at a restart. Holds that nobody
// captures pile up, and make every entry of their accounts dearer.
func BenchmarkReplay(b *testing.B) {
	b.Run("authorized", func(b *testing.B) {
		benchmarkReplay(b, func(w *writer.Writer, ids []ledger.AccountID, entries int) {
			each(256, entries, func(i int) { submit(b, w, authorize(ids[i%len(ids)], i)) })
		})
	})
	b.Run("captured", func(b *testing.B) {
		benchmarkReplay(b, func(w *writer.Writer, ids []ledger.AccountID, entries int) {
			each(256, entries/2, func(i int) {
				hold := submit(b, w, authorize(ids[i%len(ids)], i)).ID
				request := ledger.Request{Caller: "c", ID: ledger.RequestID(fmt.Sprintf("k-%08d", i))}
				submit(b, w, &ledger.CaptureHold{Request: request, Authorization: hold, Currency: "CNY", Final: true})
			})
		})
	})
}

func benchmarkReplay(b *testing.B, fill func(w *writer.Writer, ids []ledger.AccountID, entries int)) {
	const accounts, entries = 20_000, 200_000
	dir := b.TempDir()
	w := open(b, dir)
	ids := make([]ledger.AccountID, accounts)
	each(256, accounts, func(i int) { ids[i] = submit(b, w, openAccount(i)).Account.ID })
	fill(w, ids, entries-accounts)
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
