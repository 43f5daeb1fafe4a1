package server

import (
	"context"
	"log/slog"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// What keeps a server from starting is said, and what had been opened by then is released: the same directory serves
// once the trouble is gone.
func TestServerThatCannotStartLetsGo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Ops: taken.Addr().String(), Logger: slog.New(slog.DiscardHandler)}
	_, err = New(context.Background(), c)
	require.ErrorContains(t, err, "address already in use")

	c.Listen, c.Ops = taken.Addr().String(), ""
	_, err = New(context.Background(), c)
	require.ErrorContains(t, err, "address already in use")

	other := c
	other.Shards = 4
	_, err = New(context.Background(), other)
	require.ErrorContains(t, err, "has 1 shards, not 4")

	require.NoError(t, taken.Close())
	s, err := New(context.Background(), c)
	require.NoError(t, err)
	require.NoError(t, s.Shutdown())
}
