package ledger_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// TestLotsAreBounded grants points for more days than an account has lots: those that are nearest to each other expire together, with
// the later of them, and none is lost.
func TestLotsAreBounded(t *testing.T) {
	core := sim.NewCore(0, terms.Default(), calendar.UTC)
	now := calendar.InstantOf(time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC))
	apply := func(c ledger.Command) ledger.Outcome {
		out, _, err := core.Apply(now, c)
		require.NoError(t, err)
		require.Nil(t, out.Fault)
		return out
	}
	id := apply(&ledger.OpenAccount{Request: ledger.Request{Caller: "c", ID: "open"}, Consumer: "c", Currency: "CNY", Limit: 1000}).Account.ID
	today := calendar.UTC.DateAt(now)
	grant := func(n int) ledger.Wallet {
		return apply(&ledger.GrantPoints{
			Request: ledger.Request{Caller: "c", ID: ledger.RequestID(fmt.Sprint("g", n))}, Account: id, Points: 10, LastDay: today.AddDays(2 * n),
		}).Account.Points()
	}
	for n := range ledger.MostLots {
		require.Len(t, grant(n).Lots, n+1)
	}
	w := grant(1_000)
	require.Len(t, w.Lots, ledger.MostLots)
	require.Equal(t, ledger.Lot{Expires: today.AddDays(2), Points: 20}, w.Lots[0], "the first two are as near to each other as any")
	w = apply(&ledger.GrantPoints{Request: ledger.Request{Caller: "c", ID: "near"}, Account: id, Points: 1, LastDay: today.AddDays(1_999)}).Account.Points()
	require.Len(t, w.Lots, ledger.MostLots)
	require.Equal(t, ledger.Lot{Expires: today.AddDays(2_000), Points: 11}, w.Lots[ledger.MostLots-1])
	require.EqualValues(t, 10*(ledger.MostLots+1)+1, w.Balance())
}
