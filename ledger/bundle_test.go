package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// TestBundlesAreSettled has a carrier paid for two bundles, buy one back and take one back: each is a line of its settlement that
// names the order, and together they come to what is left to pay.
func TestBundlesAreSettled(t *testing.T) {
	z, err := calendar.LoadZone("Asia/Shanghai")
	require.NoError(t, err)
	core := sim.NewCore(0, terms.Default(), z)
	day, _ := calendar.DateOf(2026, time.January, 5)
	now := z.Start(day).Add(9 * time.Hour)
	n := 0
	var lines []ledger.SettlementLine
	do := func(c ledger.Command) ledger.Outcome {
		out, entries, err := core.Apply(now, c)
		require.NoError(t, err)
		require.Nil(t, out.Fault)
		for i := range entries {
			lines = ledger.LinesOf(lines, &entries[i])
		}
		return out
	}
	request := func() ledger.Request {
		n++
		return ledger.Request{Caller: "shop", ID: ledger.RequestID(rune('a' + n))}
	}
	do(&ledger.PutCarrier{Request: request(), ID: "cmcc", Version: 1, Shards: 1, Settings: ledger.CarrierSettings{
		Name: "cmcc", Settlement: ledger.SettlementTerms{Cycle: ledger.Daily, Zone: "Asia/Shanghai"},
		Fees: []ledger.CarrierFee{{Currency: "CNY", Share: 10_000, Fixed: 50}}, // 1 %, and 0.50
	}})
	do(&ledger.PutBundleOffer{Request: request(), ID: "package", Version: 1, Operator: true, Settings: ledger.BundleSettings{
		Carrier: "cmcc", Name: "a package", Currency: "CNY", Price: 70_000, DownPayment: 10_000, Termination: ledger.BuysBack, CoolingOff: 40,
		Plan: plan.Offer{Method: plan.MethodInterestFree, Months: 6, Fee: 6_000},
	}})
	a := do(&ledger.OpenAccount{Request: request(), Consumer: "c", Currency: "CNY", Limit: 1e6, Channel: ledger.ByHand, Lines: []ledger.LineOpening{{Scene: ledger.Bundle, Limit: 1e6}}})
	buy := func(order ledger.OrderID) ledger.AuthorizationID {
		return do(&ledger.Charge{Request: request(), Reference: ledger.CarrierReference("C-" + order), Purchase: ledger.Purchase{
			Account: a.Account.ID, Scene: ledger.Bundle, Order: order, Carrier: "cmcc", Phone: "p", Currency: "CNY", Bundle: "package"}}).ID
	}
	bought, back := buy("o-1"), buy("o-2")
	now = z.Start(day.AddDays(36)).Add(9 * time.Hour) // February 10: an installment of each is billed
	do(&ledger.CancelBundle{Request: request(), Authorization: bought, Reason: "over", Operator: true})
	do(&ledger.ReturnBundle{Request: request(), Authorization: back, Reason: "unopened", Operator: true})

	type line struct {
		kind        ledger.LineKind
		order       ledger.OrderID
		day         string
		amount, fee int64
	}
	var told []line
	var net int64
	for i := range lines {
		l := &lines[i]
		told = append(told, line{l.Kind, l.Order, l.Date.String(), int64(l.Amount), int64(l.Fee)})
		net += int64(l.Net())
		if l.Kind != ledger.LineSubsidy {
			require.Equal(t, "C-"+string(l.Order), l.Reference)
		}
	}
	require.Equal(t, []line{
		{ledger.LineCaptured, "o-1", "2026-01-05", 60_000, 650},
		{ledger.LineCaptured, "o-2", "2026-01-05", 60_000, 650},
		{ledger.LineSubsidy, "", "2026-02-10", -720, 0}, // 0.6 % of each, billed with the window that closed on February 5
		{ledger.LineBoughtBack, "o-1", "2026-02-10", -50_000, 0},
		{ledger.LineRefunded, "o-2", "2026-02-10", -60_000, -650}, // as if it had never been
		{ledger.LineSubsidy, "o-2", "2026-02-10", 360, 0},
	}, told)
	sums := core.Book.Shard().Payable("cmcc", "CNY").Unsettled()
	require.EqualValues(t, net, sums.Net())
	require.EqualValues(t, 60_000-650-50_000-360, net, "of one installment the carrier has all but its fee and the subsidy")
}
