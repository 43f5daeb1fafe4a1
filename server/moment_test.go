package server

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/archive"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// A backup has of each shard what all of them had at one moment, also when the node that it is asked of has followed one of
// them further than another: it waits for its copies. Here the claims to orders come late and the orders do not.
func TestBackupWaitsForCopies(t *testing.T) {
	var late []*etcdtest.Proxy
	var endpoints []string
	for _, endpoint := range etcdMembers(t).Endpoints() {
		p, err := etcdtest.NewProxy(endpoint)
		require.NoError(t, err)
		defer p.Close()
		late, endpoints = append(late, p), append(endpoints, p.Endpoint())
	}
	ns := serveNodes(t, 2, 2, func(c *Config) {
		if c.Cluster.Node == "b" {
			c.Cluster.Journals = []JournalsIn{{First: 1, Last: 1, Endpoints: endpoints}}
		}
	})
	a, b := ns.list[0], ns.list[1]
	for shard := range int32(2) {
		_, err := holdfastv1.NewClusterServiceClient(a.conn).MoveShard(t.Context(), &holdfastv1.MoveShardRequest{Shard: shard, NodeId: "a"})
		require.NoError(t, err)
	}
	account := a.accountIn(0, 1e9)
	ns.alike()

	for _, p := range late {
		p.Silence()
	}
	resp, err := a.Authorize(t.Context(), orderOf(account, "r-late", a.orderAt(1), 10))
	require.NoError(t, err)
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, resp.GetDecision())
	last := make([]uint64, 2)
	for shard := range last {
		last[shard], err = a.server.router.writers[shard].Durable()
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return b.server.node.copies[0].End().Next > last[0] }, patience, 5*time.Millisecond)
	require.LessOrEqual(t, b.server.node.copies[1].End().Next, last[1], "the claim is not to be there yet, or this shows nothing")
	resume := time.AfterFunc(500*time.Millisecond, func() {
		for _, p := range late {
			p.Pass()
		}
	})
	defer resume.Stop()

	stream, err := holdfastv1.NewAdminServiceClient(b.conn).Backup(t.Context(), &holdfastv1.BackupRequest{})
	require.NoError(t, err)
	var book bytes.Buffer
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		book.Write(m.GetChunk())
	}
	end, err := archive.Read(&book, func(archive.Header) error { return nil }, func(int, journal.Batch) error { return nil })
	require.NoError(t, err)
	for shard, want := range last {
		require.GreaterOrEqual(t, end.Shards[shard].Sequence, want, "shard %d", shard)
	}
}
