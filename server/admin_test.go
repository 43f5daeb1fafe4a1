package server

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestDownShardIsNotTakenForEmpty has one shard of two not be there: a backup, a check and a feed of the book are
// refused, rather than made without it.
func TestDownShardIsNotTakenForEmpty(t *testing.T) {
	b := serveBook(t, Config{Shards: 2})
	b.accountIn(0, 1)
	b.accountIn(1, 1)
	events := b.events(&holdfastv1.WatchEventsRequest{})
	require.NoError(t, b.server.router.writers[1].Close())

	backup, err := b.Backup(t.Context(), &holdfastv1.BackupRequest{})
	require.NoError(t, err)
	_, err = backup.Recv()
	requireReason(t, err, codes.Unavailable, "DRAINING")
	watch, err := b.WatchEvents(t.Context(), &holdfastv1.WatchEventsRequest{Cursor: events[len(events)-1].GetCursor(), UntilNow: true})
	require.NoError(t, err)
	_, err = watch.Recv()
	requireReason(t, err, codes.Unavailable, "DRAINING")
	verify, err := b.Verify(t.Context(), &holdfastv1.VerifyRequest{})
	require.NoError(t, err)
	for err == nil {
		_, err = verify.Recv()
	}
	requireReason(t, err, codes.Unavailable, "DRAINING")
}

// TestSuspensionStopsNewOrdersOnly suspends everything: orders are declined, and what is open can be finished, also
// after a restart.
func TestSuspensionStopsNewOrdersOnly(t *testing.T) {
	b := serveBook(t, Config{Shards: 2})
	a := b.accountIn(1, 1000)
	hold := b.held(a, 100)
	suspended, err := b.Suspend(t.Context(), &holdfastv1.SuspendRequest{RequestId: "stop", Reason: "incident", Scope: &holdfastv1.SuspendRequest_All{All: true}})
	require.NoError(t, err)
	require.Len(t, suspended.GetSuspensions(), 1)
	b.restart()
	resp, err := b.Authorize(t.Context(), orderOf(a, "r", "o", 10))
	require.NoError(t, err)
	require.Equal(t, []holdfastv1.DeclineReason{holdfastv1.DeclineReason_DECLINE_REASON_SCENE_SUSPENDED}, resp.GetReasons())
	_, err = b.Capture(t.Context(), &holdfastv1.CaptureRequest{RequestId: "c", AuthorizationId: hold.GetAuthorizationId(), Currency: "CNY"})
	require.NoError(t, err)
	again, err := b.Suspend(t.Context(), &holdfastv1.SuspendRequest{RequestId: "stop", Reason: "incident", Scope: &holdfastv1.SuspendRequest_All{All: true}})
	require.NoError(t, err)
	require.True(t, again.GetReplayed())
	resumed, err := b.Resume(t.Context(), &holdfastv1.ResumeRequest{RequestId: "go", Reason: "over", Scope: &holdfastv1.ResumeRequest_All{All: true}})
	require.NoError(t, err)
	require.Empty(t, resumed.GetSuspensions())
	b.held(a, 10)
	b.sound()
}
