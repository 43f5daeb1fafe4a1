package etcd

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

var (
	background = context.Background()
	quiet      = slog.New(slog.DiscardHandler)
)

// members is the cluster that most tests share; each has a prefix of its own on it. Tests that hurt members start
// their own.
var members *etcdtest.Cluster

func TestMain(m *testing.M) {
	etcdtest.Reexec()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	flag.Parse()
	// The tests wait for the disks of members more than they compute.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "etcd-journal")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	if members, err = etcdtest.Start(dir, 3, etcdtest.Member{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := members.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	return m.Run()
}

// connect connects to the shared cluster, for this test only.
func connect(t testing.TB, change func(*Config)) *Cluster {
	t.Helper()
	return connectTo(t, members.Endpoints(), change)
}

var prefixes sync.Map // of prefixes, by the runs of tests that have them

// prefixOf is what a test's keys begin with, this time: -count makes it run again.
func prefixOf(t testing.TB) string {
	prefix, _ := prefixes.LoadOrStore(t, "/"+t.Name()+"/"+rand.Text()+"/")
	return prefix.(string)
}

func connectTo(t testing.TB, endpoints []string, change func(*Config)) *Cluster {
	t.Helper()
	config := Config{Endpoints: endpoints, Prefix: prefixOf(t), Logger: quiet}
	if change != nil {
		change(&config)
	}
	c, err := Connect(background, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func open(t testing.TB, c *Cluster, name string) *Journal {
	t.Helper()
	j, err := c.Open(name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	return j
}

func acquire(t testing.TB, j *Journal) journal.Head {
	t.Helper()
	head, err := j.Acquire(background, "tester")
	require.NoError(t, err)
	return head
}

// batchOf makes a batch at head. The time of an entry is its sequence.
func batchOf(head journal.Head, payloads ...string) journal.Batch {
	var b journal.Builder
	b.Reset(head.Next, head.Hash, nil)
	for i, p := range payloads {
		b.Add(int64(head.Next)+int64(i), func(buf []byte) []byte { return append(buf, p...) })
	}
	return b.Batch()
}

// payloads reads a log from a sequence to its end.
func payloads(j journal.Journal, from uint64) (list []string, err error) {
	for e, err := range j.Replay(background, from) {
		if err != nil {
			return list, err
		}
		list = append(list, string(e.Payload))
	}
	return list, nil
}
