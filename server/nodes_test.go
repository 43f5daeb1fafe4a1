package server

import (
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

// members is the etcd of the tests of nodes, started by the first of them. Each test has a cluster's name of its own.
var members struct {
	dir  string
	once sync.Once
	etcd *etcdtest.Cluster
	err  error
}

func TestMain(m *testing.M) {
	etcdtest.Reexec()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if members.dir, err = os.MkdirTemp("", "members"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(members.dir)
	code := m.Run()
	if members.etcd != nil {
		_ = members.etcd.Stop()
	}
	return code
}

func etcdMembers(t testing.TB) *etcdtest.Cluster {
	t.Helper()
	members.once.Do(func() {
		members.etcd, members.err = etcdtest.Start(members.dir, 3, etcdtest.Member{})
	})
	require.NoError(t, members.err)
	return members.etcd
}

// nodes are the servers of a cluster, each reached through its own book.
type nodes struct {
	t    testing.TB
	list []*book
}

// serveNodes starts nodes a, b, c ... and waits until every shard has an owner and every node has caught up.
func serveNodes(t testing.TB, n, shards int, change func(*Config)) *nodes {
	t.Helper()
	ns := &nodes{t: t}
	for i := range n {
		ns.add(string(rune('a'+i)), shards, change)
	}
	ns.settled()
	return ns
}

func (ns *nodes) add(id string, shards int, change func(*Config)) *book {
	ns.t.Helper()
	c := Config{
		Data: filepath.Join(ns.t.TempDir(), id), Shards: shards, Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler), Drain: 5 * time.Second,
		Cluster: &ClusterConfig{Endpoints: etcdMembers(ns.t).Endpoints(), Name: clusterName(ns.t), Node: id, Lease: 2 * time.Second},
	}
	if change != nil {
		change(&c)
	}
	b := &book{t: ns.t, config: c}
	b.start()
	ns.list = append(ns.list, b)
	ns.t.Cleanup(func() {
		_ = b.conn.Close()
		_ = b.server.Shutdown()
	})
	return b
}

var names sync.Map // of clusters, by the runs of tests that have them

// clusterName is a test's own, this time: -count makes it run again, on the same members.
func clusterName(t testing.TB) string {
	name, _ := names.LoadOrStore(t, filepath.Base(t.Name())+"-"+rand.Text()[:8])
	return name.(string)
}

// settled waits until all nodes know of each other, have caught up, and every shard is led by the node that all prefer.
func (ns *nodes) settled() {
	ns.t.Helper()
	require.Eventually(ns.t, func() bool {
		for _, b := range ns.list {
			v := b.server.node.view()
			if len(v.Nodes()) != len(ns.list) {
				return false
			}
			for shard := range b.server.router.writers {
				owner, ok := v.Owner(shard)
				if !ok || !owner.Leads() || owner.Node != v.Preferred(shard) {
					return false
				}
				for _, n := range v.Nodes() {
					if !v.Ready(shard, n.ID) {
						return false
					}
				}
			}
		}
		return true
	}, 30*time.Second, 10*time.Millisecond)
}

// owner is the node that leads a shard, and others those that do not.
func (ns *nodes) owner(shard int) (owner *book, others []*book) {
	ns.t.Helper()
	o, _ := ns.list[0].server.node.view().Owner(shard)
	for _, b := range ns.list {
		if b.config.Cluster.Node == o.Node {
			owner = b
		} else {
			others = append(others, b)
		}
	}
	require.NotNil(ns.t, owner)
	return owner, others
}

// alike says that all nodes have the same book, and that it is sound.
func (ns *nodes) alike() {
	ns.t.Helper()
	for shard := range ns.list[0].server.router.writers {
		require.Eventually(ns.t, func() bool {
			first, err := ns.list[0].server.router.writers[shard].Durable()
			if err != nil {
				return false
			}
			for _, b := range ns.list {
				at, err := b.server.router.writers[shard].Durable()
				if err != nil || at != first || b.server.node.copies[shard].End().Next != first+1 ||
					b.server.node.copies[shard].End().Hash != ns.list[0].server.node.copies[shard].End().Hash {
					return false
				}
			}
			return true
		}, 10*time.Second, 10*time.Millisecond, "shard %d", shard)
	}
	for _, b := range ns.list {
		b.sound()
	}
}

// accounts is how many there are in all shards.
func (ns *nodes) accounts() (n int) {
	for _, w := range ns.list[0].server.router.writers {
		out, err := look(ns.t.Context(), w, &ledger.GetShard{})
		require.NoError(ns.t, err)
		n += int(out.Shard.Accounts)
	}
	return n
}
