package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestClockLetsHoldsExpire advances a virtual clock past the holds' expiry: they are counted, told as events, and their
// amounts are free again. What is captured after that is late.
func TestClockLetsHoldsExpire(t *testing.T) {
	start := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	b := serveBook(t, Config{Shards: 2, Clock: VirtualClock(start)})
	accounts := []*holdfastv1.Account{b.accountIn(0, 1000), b.accountIn(1, 1000)}
	var holds []*holdfastv1.Authorization
	for i := range 10 {
		holds = append(holds, b.held(accounts[i%2], 100))
	}
	advance := func(d time.Duration) int64 {
		resp, err := b.AdvanceClock(t.Context(), &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Duration{Duration: durationpb.New(d)}})
		require.NoError(t, err)
		return resp.GetExpiredHolds()
	}
	require.Zero(t, advance(30*time.Minute-time.Nanosecond), "a hold lasts until its expiry")
	require.EqualValues(t, 10, advance(time.Nanosecond), "and not at it")
	require.Len(t, b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_EXPIRED}}), 10)
	for _, a := range accounts {
		got, err := b.GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()})
		require.NoError(t, err)
		require.EqualValues(t, 1000, got.GetAccount().GetAvailable())
	}
	late, err := b.Capture(t.Context(), &holdfastv1.CaptureRequest{RequestId: "late", AuthorizationId: holds[0].GetAuthorizationId(), Currency: "CNY"})
	require.NoError(t, err)
	require.True(t, late.GetLate())
	b.sound()
}

// TestClockLeavesWhatIsDueToTheSweep moves the clock past what is due and does not wait for it: whoever asks finds that it has
// happened, and of whom nobody asks the sweep lets it happen.
func TestClockLeavesWhatIsDueToTheSweep(t *testing.T) {
	b := serveBook(t, Config{Clock: VirtualClock(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC))})
	advance := func(d time.Duration, inBackground bool) *holdfastv1.AdvanceClockResponse {
		resp, err := b.AdvanceClock(t.Context(), &holdfastv1.AdvanceClockRequest{
			To: &holdfastv1.AdvanceClockRequest_Duration{Duration: durationpb.New(d)}, InBackground: inBackground,
		})
		require.NoError(t, err)
		return resp
	}
	shard := func() *holdfastv1.ShardStats {
		stats, err := b.GetStats(t.Context(), &holdfastv1.GetStatsRequest{})
		require.NoError(t, err)
		return stats.GetShards()[0]
	}
	asked, bought := b.account(1000), b.account(1000)
	for range 5 {
		b.held(asked, 100)
		b.held(bought, 100)
	}
	b.charged(bought, 100, nil)
	advance(time.Minute, false) // the index of deadlines is in the state file
	require.EqualValues(t, 10, shard().GetOpenHolds())

	resp := advance(5*24*time.Hour, true) // holds end, and the window closes on the fifth
	require.Zero(t, resp.GetExpiredHolds())
	got, err := b.GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: asked.GetAccountId()})
	require.NoError(t, err)
	require.EqualValues(t, 1000, got.GetAccount().GetAvailable(), "whether the sweep has been there or not")
	require.Eventually(t, func() bool { return shard().GetOpenHolds() == 0 && shard().GetStatements() == 1 }, patience, 10*time.Millisecond)
	b.sound()
}

// TestClockNeverRunsBackwards starts again with a clock that is behind the journal.
func TestClockNeverRunsBackwards(t *testing.T) {
	start := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	b := serveBook(t, Config{Clock: VirtualClock(start)})
	b.account(1000)
	_, err := b.AdvanceClock(t.Context(), &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Duration{Duration: durationpb.New(48 * time.Hour)}})
	require.NoError(t, err)
	b.config.Clock = VirtualClock(start)
	b.restart()
	stats, err := b.GetStats(t.Context(), &holdfastv1.GetStatsRequest{})
	require.NoError(t, err)
	require.Equal(t, start.Add(48*time.Hour), stats.GetTime().AsTime())
	require.True(t, b.account(1000).GetCreateTime().AsTime().Equal(start.Add(48*time.Hour)))
	b.sound()
}
