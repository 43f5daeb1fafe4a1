package etcd

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// follower reads a log step by step, when the test says so.
type follower struct {
	t    *testing.T
	next chan journal.Entry
	err  chan error
}

func follow(t *testing.T, j *Journal, from uint64) *follower {
	ctx, cancel := context.WithCancel(background)
	t.Cleanup(cancel)
	f := &follower{t: t, next: make(chan journal.Entry), err: make(chan error, 1)}
	go func() {
		for e, err := range j.Follow(ctx, from) {
			if err != nil {
				f.err <- err
				return
			}
			select {
			case f.next <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return f
}

// sees reads on to the sequence.
func (f *follower) sees(to uint64) {
	f.t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case e := <-f.next:
			if e.Sequence == to {
				return
			}
			require.Less(f.t, e.Sequence, to)
		case err := <-f.err:
			f.t.Fatal(err)
		case <-timeout:
			f.t.Fatalf("the follower does not get to %d", to)
		}
	}
}

func appendMany(t testing.TB, j *Journal, head journal.Head, batches int, payload string) journal.Head {
	t.Helper()
	var err error
	for range batches {
		head, err = j.Append(background, head, batchOf(head, payload, payload))
		require.NoError(t, err)
	}
	return head
}

// compactAll has etcd forget all revisions but the newest.
func compactAll(t testing.TB) {
	t.Helper()
	now, err := members.Client().Get(background, "now")
	require.NoError(t, err)
	_, err = members.Client().Compact(background, now.Header.Revision)
	if err != nil {
		require.ErrorContains(t, err, "compacted", "another test was quicker")
	}
}

// Compaction takes nothing from followers: not from those who are at the end, nor from one who is slow, nor from one
// whose connection was away meanwhile. And the memory that a slow one costs is bounded.
func TestFollowAcrossCompaction(t *testing.T) {
	t.Parallel()
	c, proxy := throughProxy(t, func(c *Config) { c.Timeout = time.Second })
	owner, reader := open(t, connect(t, nil), "log"), open(t, c, "log")
	head := appendMany(t, owner, acquire(t, owner), 10, "x")
	quick, slow := follow(t, reader, 1), follow(t, reader, 1)
	quick.sees(20)
	slow.sees(5)
	head = appendMany(t, owner, head, 30, strings.Repeat("y", 400_000))
	quick.sees(head.Next - 1)
	require.Eventually(t, func() bool { // the watch may be a little behind the pages that quick has read
		reader.tail.mu.Lock()
		defer reader.tail.mu.Unlock()
		return reader.tail.next == head.Next && reader.tail.bytes > 0 && reader.tail.bytes <= tailBytes
	}, 20*time.Second, time.Millisecond)
	compactAll(t)
	head = appendMany(t, owner, head, 10, "z")
	quick.sees(head.Next - 1)

	proxy.Cut()
	head = appendMany(t, owner, head, 10, "away")
	compactAll(t)
	head = appendMany(t, owner, head, 10, "away")
	proxy.Pass()
	quick.sees(head.Next - 1)
	head = appendMany(t, owner, head, 10, "back")
	quick.sees(head.Next - 1)
	slow.sees(head.Next - 1)
}

// A replay that began before a compaction goes on after it.
func TestReplayAcrossCompaction(t *testing.T) {
	t.Parallel()
	j := open(t, connect(t, nil), "log")
	head := appendMany(t, j, acquire(t, j), 200, "x")
	n := uint64(0)
	for e, err := range j.Replay(background, 1) {
		require.NoError(t, err)
		if n++; n%100 == 1 {
			head = appendMany(t, j, head, 1, "later")
			compactAll(t)
		}
		require.Equal(t, n, e.Sequence)
	}
	require.Equal(t, uint64(400), n)
}

// The watch ends with the last follower, and begins anew with the next.
func TestTheWatchEnds(t *testing.T) {
	t.Parallel()
	j := open(t, connect(t, nil), "log")
	head := appendMany(t, j, acquire(t, j), 1, "x")
	ctx, cancel := context.WithCancel(background)
	var ended []chan struct{}
	for range 5 {
		seen, end := make(chan struct{}), make(chan struct{})
		ended = append(ended, end)
		go func() {
			defer close(end)
			for e, err := range j.Follow(ctx, 1) {
				if err == nil && e.Sequence == 2 {
					close(seen)
				}
			}
		}()
		<-seen
	}
	watching := func() bool {
		j.tail.mu.Lock()
		defer j.tail.mu.Unlock()
		return j.tail.stop != nil
	}
	require.True(t, watching())
	cancel()
	for _, end := range ended {
		<-end
	}
	require.False(t, watching())
	f := follow(t, j, 1)
	f.sees(2)
	appendMany(t, j, head, 1, "x")
	f.sees(4)
	require.True(t, watching())
}

// Whoever appends has old revisions compacted, and those of the last round only.
func TestCompaction(t *testing.T) {
	t.Parallel()
	c := connect(t, func(c *Config) { c.CompactEvery = 50 * time.Millisecond })
	j := open(t, c, "log")
	head := acquire(t, j)
	early, err := c.client.Get(background, j.keys.head)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		head = appendMany(t, j, head, 1, "x")
		_, err := c.client.Get(background, j.keys.head, clientv3.WithRev(early.Header.Revision))
		return err != nil && strings.Contains(err.Error(), "compacted")
	}, 20*time.Second, 5*time.Millisecond)
	got, err := payloads(j, 1)
	require.NoError(t, err)
	require.Len(t, got, int(head.Next-1))
}

// Replay from any sequence of a log whose batches have all sizes, and more of them than a page has.
func TestReplayFromAnywhere(t *testing.T) {
	t.Parallel()
	j := open(t, connect(t, nil), "log")
	head := acquire(t, j)
	for i := range 150 {
		var list []string
		for k := range 1 + i*i%37 {
			list = append(list, fmt.Sprint(head.Next+uint64(k)))
		}
		var err error
		head, err = j.Append(background, head, batchOf(head, list...))
		require.NoError(t, err)
	}
	require.NoError(t, j.Trim(background, 300))
	v, err := j.view(background)
	require.NoError(t, err)
	for from := v.base.next; from <= head.Next; from += 1 + (from*7)%61 {
		got, err := payloads(j, from)
		require.NoError(t, err)
		require.Len(t, got, int(head.Next-from))
		if len(got) > 0 {
			require.Equal(t, fmt.Sprint(from), got[0])
		}
	}
}
