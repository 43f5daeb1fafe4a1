package writer_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/ledger/writer"
)

// open starts a writer over the embedded engine in a directory.
func open(t testing.TB, dir string) *writer.Writer {
	t.Helper()
	j, err := bolt.Open(filepath.Join(dir, "journal"), bolt.Options{})
	require.NoError(t, err)
	w, err := writer.Open(t.Context(), writer.Config{
		Journal: j, StatePath: filepath.Join(dir, "state.db"), Terms: terms.Default(), Zone: calendar.UTC,
		Clock: func() calendar.Instant { return calendar.InstantOf(time.Now()) }, Owner: "test",
	}, nil)
	require.NoError(t, err)
	return w
}

func submit(t testing.TB, w *writer.Writer, c ledger.Command) *ledger.Outcome {
	t.Helper()
	out, err := w.Submit(t.Context(), c)
	require.NoError(t, err)
	return out
}

func openAccount(i int) *ledger.OpenAccount {
	return &ledger.OpenAccount{
		Request: ledger.Request{Caller: "c", ID: ledger.RequestID(fmt.Sprintf("open-%d", i))}, Consumer: ledger.ConsumerToken(fmt.Sprintf("c-%d", i)),
		Currency: "CNY", Limit: 1e12, Lines: []ledger.LineOpening{{Scene: ledger.TopUp, Limit: 1e12, Agreement: "1", Accepted: "1"}},
	}
}

func authorize(id ledger.AccountID, i int) *ledger.Authorize {
	key := fmt.Sprintf("r-%08d", i)
	return &ledger.Authorize{
		Request:  ledger.Request{Caller: "c", ID: ledger.RequestID(key)},
		Purchase: ledger.Purchase{Account: id, Scene: ledger.TopUp, Order: ledger.OrderID(key), Carrier: "cmcc", Phone: "p-1", Currency: "CNY", Amount: 100},
	}
}

func TestOutcomesSurviveRestart(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	account := submit(t, w, openAccount(1)).Account
	require.NotNil(t, account)
	first := submit(t, w, authorize(account.ID, 1))
	require.Nil(t, first.Fault)
	require.Equal(t, ledger.Approve, first.Decision)
	require.NoError(t, w.Close())

	w = open(t, dir)
	again := submit(t, w, authorize(account.ID, 1))
	require.True(t, again.Replayed)
	require.Equal(t, first.Authorization, again.Authorization)
	require.Equal(t, first.Headroom, again.Headroom)
	require.NoError(t, w.Close())
}

func BenchmarkAuthorize(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			w := open(b, b.TempDir())
			var ids []ledger.AccountID
			for i := range 1000 {
				ids = append(ids, submit(b, w, openAccount(i)).Account.ID)
			}
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for c := range callers {
				wg.Go(func() {
					for i := c; i < b.N; i += callers {
						out, err := w.Submit(context.Background(), authorize(ids[i%len(ids)], i))
						if err != nil || out.Fault != nil {
							b.Error(err, out)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			require.NoError(b, w.Close())
		})
	}
}
