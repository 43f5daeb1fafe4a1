package server

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestWatchGoesOnAfterAnyEvent cuts the feed of several shards after every event and goes on from its cursor: nothing is
// told twice and nothing is left out.
func TestWatchGoesOnAfterAnyEvent(t *testing.T) {
	b := serveBook(t, Config{Shards: fourShards})
	for shard := range fourShards {
		a := b.accountIn(shard, 1e6)
		for range 5 {
			b.held(a, 10)
		}
	}
	type place struct {
		shard    int32
		sequence uint64
	}
	all := map[place]bool{}
	for _, e := range b.events(&holdfastv1.WatchEventsRequest{}) {
		require.False(t, all[place{e.GetShard(), e.GetSequence()}])
		all[place{e.GetShard(), e.GetSequence()}] = true
	}
	seen, cursor := map[place]bool{}, ""
	for range all {
		ctx := b.as("watcher")
		stream, err := b.WatchEvents(ctx, &holdfastv1.WatchEventsRequest{Cursor: cursor})
		require.NoError(t, err)
		m, err := stream.Recv()
		require.NoError(t, err)
		e := m.GetEvent()
		at := place{e.GetShard(), e.GetSequence()}
		require.False(t, seen[at], "told twice: %+v", at)
		seen[at], cursor = true, e.GetCursor()
		if len(seen)%7 == 0 {
			b.restart()
		}
	}
	require.Equal(t, all, seen)
	require.Empty(t, b.events(&holdfastv1.WatchEventsRequest{Cursor: cursor}))
}

// TestWatchFollows tells what happens after the watch began, and ends it when the server goes down.
func TestWatchFollows(t *testing.T) {
	b := serveBook(t, Config{Shards: 2})
	a := b.accountIn(1, 1e6)
	stream, err := b.WatchEvents(t.Context(), &holdfastv1.WatchEventsRequest{AccountId: a.GetAccountId(), Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_AUTHORIZED}})
	require.NoError(t, err)
	for range 10 {
		h := b.held(a, 7)
		m, err := stream.Recv()
		require.NoError(t, err)
		require.Equal(t, h.GetAuthorizationId(), m.GetEvent().GetAuthorizationId())
		var sum int64
		for _, p := range m.GetEvent().GetPostings() {
			sum += p.GetAmount()
		}
		require.Zero(t, sum)
		require.Len(t, m.GetEvent().GetPostings(), 2)
	}
	down := make(chan error, 1)
	go func() { down <- b.server.Shutdown() }()
	_, err = stream.Recv()
	requireReason(t, err, codes.Unavailable, "DRAINING")
	require.NoError(t, <-down)
}

// TestForeignCursorIsRefused takes no cursor that the service has not made for this book.
func TestForeignCursorIsRefused(t *testing.T) {
	b := serveBook(t, Config{Shards: 2})
	b.account(1)
	for _, cursor := range []string{"x", "!!", (cursor{1}).String(), (cursor{1, 2, 3}).String(), (cursor{1 << 60, 0}).String()} {
		stream, err := b.WatchEvents(t.Context(), &holdfastv1.WatchEventsRequest{Cursor: cursor, UntilNow: true})
		require.NoError(t, err)
		_, err = stream.Recv()
		requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	}
}
