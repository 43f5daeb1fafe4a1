package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// TestFees refunds in any parts: however an order is captured and refunded, what it was charged depends only on what is left
// captured and on how many captures there were.
func TestFees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fee := &ledger.CarrierFee{
			Share: terms.Rate(rapid.Int64Range(0, 1_000_000).Draw(t, "share")),
			Fixed: money.Amount(rapid.Int64Range(0, 100).Draw(t, "fixed")),
		}
		var left, charged, parts money.Amount
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			if left > 0 && rapid.Bool().Draw(t, "refund") {
				amount := money.Amount(rapid.Int64Range(1, int64(left)).Draw(t, "refunded"))
				given := fee.Refunded(left, amount, charged)
				require.LessOrEqual(t, given, money.Amount(0), "a refund charges nothing")
				charged, left = charged+given, left-amount
			} else {
				amount := money.Amount(rapid.Int64Range(1, 1_000_000_007).Draw(t, "captured"))
				charged, left, parts = charged+fee.Captured(left, amount), left+amount, parts+1
			}
			require.Equal(t, left.Share(int64(fee.Share))+parts*fee.Fixed, charged)
		}
		for left > 0 {
			amount := money.Amount(rapid.Int64Range(1, int64(left)).Draw(t, "the rest"))
			charged, left = charged+fee.Refunded(left, amount, charged), left-amount
		}
		require.Equal(t, parts*fee.Fixed, charged, "all of the share is given back")
	})
}

// TestRefundOfUncharged is an order from before there were fees: nothing is given back that was not charged.
func TestRefundOfUncharged(t *testing.T) {
	fee := &ledger.CarrierFee{Share: 10_000, Fixed: 5}
	require.Equal(t, money.Amount(0), fee.Refunded(1000, 400, 0))
	require.Equal(t, money.Amount(-3), fee.Refunded(1000, 400, 3))
	require.Equal(t, money.Amount(-4), fee.Refunded(1000, 400, 15))
	var none *ledger.CarrierFee
	require.Equal(t, money.Amount(0), none.Captured(0, 1000))
	require.Equal(t, money.Amount(0), none.Refunded(1000, 400, 0))
}

// TestBusinessDay is on which business day instants are.
func TestBusinessDay(t *testing.T) {
	for _, c := range []struct {
		cutOff   time.Duration
		zone     string
		at, want string
	}{
		{23 * time.Hour, "Asia/Shanghai", "2026-03-04T14:59:59.999999999Z", "2026-03-04"},
		{23 * time.Hour, "Asia/Shanghai", "2026-03-04T15:00:00Z", "2026-03-05"},
		{23 * time.Hour, "Asia/Shanghai", "2026-02-28T15:00:00Z", "2026-03-01"},
		{0, "Asia/Shanghai", "2026-03-04T15:59:59Z", "2026-03-04"},
		{0, "Asia/Shanghai", "2026-03-04T16:00:00Z", "2026-03-05"},
		{17*time.Hour + 30*time.Minute, "America/New_York", "2026-03-06T22:29:59Z", "2026-03-06"}, // winter
		{17*time.Hour + 30*time.Minute, "America/New_York", "2026-03-06T22:30:00Z", "2026-03-07"},
		{17*time.Hour + 30*time.Minute, "America/New_York", "2026-03-09T21:29:59Z", "2026-03-09"}, // summer
		{17*time.Hour + 30*time.Minute, "America/New_York", "2026-03-09T21:30:00Z", "2026-03-10"},
		{0, "America/New_York", "2026-03-08T04:59:59Z", "2026-03-07"}, // the day on which summer begins
		{0, "America/New_York", "2026-03-08T05:00:00Z", "2026-03-08"},
		{0, "America/New_York", "2026-03-09T03:59:59Z", "2026-03-08"},
		{0, "America/New_York", "2026-03-09T04:00:00Z", "2026-03-09"},
	} {
		z, err := calendar.LoadZone(c.zone)
		require.NoError(t, err)
		at, err := time.Parse(time.RFC3339Nano, c.at)
		require.NoError(t, err)
		s := ledger.SettlementTerms{Cycle: ledger.Daily, CutOff: c.cutOff, Zone: c.zone}
		day := s.DayAt(calendar.InstantOf(at), z)
		require.Equal(t, c.want, day.String(), "%s with %v in %s", c.at, c.cutOff, c.zone)
		require.Greater(t, s.EndOf(day, z), calendar.InstantOf(at))
		require.LessOrEqual(t, s.EndOf(day-1, z), calendar.InstantOf(at))
	}
}
