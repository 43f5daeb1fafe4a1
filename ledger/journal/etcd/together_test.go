package etcd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Many logs append at once, one of them by two owners. Some of it goes together, and every log has what was acknowledged and
// nothing else.
func TestAppendsGoTogether(t *testing.T) {
	t.Parallel()
	c := connect(t, nil)
	var alone, joined atomic.Int64
	send := c.together.send
	c.together.send = func(ctx context.Context, t txn) (*clientv3.TxnResponse, error) {
		if t.log != "" {
			alone.Add(1)
		} else {
			joined.Add(int64(len(t.then)))
		}
		return send(ctx, t)
	}
	const logs, appends = 40, 10
	var owners sync.WaitGroup
	for i := range logs {
		j := open(t, c, fmt.Sprintf("log-%d", i))
		head := acquire(t, j)
		owners.Go(func() {
			for k := range appends {
				next, err := j.Append(background, head, batchOf(head, fmt.Sprint(k)))
				if err != nil {
					t.Error(err)
					return
				}
				head = next
			}
		})
	}
	old := open(t, c, "contended")
	was := acquire(t, old)
	now := open(t, c, "contended")
	is := acquire(t, now)
	owners.Go(func() {
		_, err := old.Append(background, was, batchOf(was, "old"))
		if !errors.Is(err, journal.ErrFenced) {
			t.Error(err)
		}
	})
	owners.Go(func() {
		if _, err := now.Append(background, is, batchOf(is, "new")); err != nil {
			t.Error(err)
		}
	})
	owners.Wait()
	require.Equal(t, int64(logs*appends+2), alone.Load()+joined.Load(), "each was sent once")
	require.Positive(t, joined.Load(), "none went together")
	for i := range logs {
		got, err := payloads(open(t, c, fmt.Sprintf("log-%d", i)), 1)
		require.NoError(t, err)
		require.Equal(t, []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, got)
	}
	got, err := payloads(now, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"new"}, got)
}

// What goes together is bounded in number and bytes, and has no log twice; a batch of any size goes.
func TestWhatGoesTogether(t *testing.T) {
	t.Parallel()
	g := &together{}
	wait := func(log string, bytes int) {
		g.waiting = append(g.waiting, &joined{txn: txn{log: log, bytes: bytes}})
	}
	var sizes []int
	for i := range togetherLogs + 3 {
		wait(fmt.Sprint(i), 10)
	}
	wait("0", 10)
	wait("0", 10)
	wait("1", togetherBytes)
	wait("2", 1)
	wait("3", togetherBytes-1)
	wait("4", 1)
	for these := g.next(); len(these) > 0; these = g.next() {
		sizes = append(sizes, len(these))
		g.waiting = g.waiting[len(these):]
	}
	require.Equal(t, []int{togetherLogs, 4, 1, 1, 2, 1}, sizes)
}

// One whose patience ends while others go first is told so, and what it waited with can be fenced.
func TestGivenUpWhileItWaits(t *testing.T) {
	t.Parallel()
	c := connect(t, nil)
	j, other := open(t, c, "log"), open(t, c, "other")
	head, otherHead := acquire(t, j), acquire(t, other)
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release) // before the cluster is closed, whatever happens
	send := c.together.send
	c.together.send = func(ctx context.Context, t txn) (*clientv3.TxnResponse, error) { <-hold; return send(ctx, t) }
	ctx, cancel := context.WithTimeout(background, time.Minute)
	given := make(chan error, 2)
	waits := func(n int) func() bool {
		return func() bool {
			c.together.mu.Lock()
			defer c.together.mu.Unlock()
			return c.together.sending && len(c.together.waiting) == n
		}
	}
	commit := func(j *Journal, b journal.Batch) {
		_, err := c.together.commit(ctx, j.mine.appending(j.keys, b), c.workers.Go)
		given <- err
	}
	go commit(other, batchOf(otherHead, "other"))
	soon(t, waits(0)) // so that what comes then waits
	first := batchOf(head, "first")
	go commit(j, first)
	soon(t, waits(1))
	cancel()
	for range 2 {
		require.ErrorIs(t, <-given, context.Canceled)
	}
	v, _ := j.resolve(background, first, context.Canceled)
	require.Equal(t, unwritten, v, "what still waits can never succeed")
	release()
	head, err := j.Append(background, head, batchOf(head, "second"))
	require.NoError(t, err)
	require.Equal(t, uint64(2), head.Next)
	got, err := payloads(j, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"second"}, got)
}

// When a request is not answered, what waits behind it waits no longer than the one who sent it.
func TestNobodyWaitsBehindTheLost(t *testing.T) {
	t.Parallel()
	c := connect(t, func(c *Config) { c.Timeout = 20 * time.Second })
	j, other := open(t, c, "log"), open(t, c, "other")
	head, otherHead := acquire(t, j), acquire(t, other)
	var lost atomic.Bool
	send := c.together.send
	c.together.send = func(ctx context.Context, t txn) (*clientv3.TxnResponse, error) {
		if lost.CompareAndSwap(false, true) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return send(ctx, t)
	}
	done := make(chan error, 1)
	go func() { _, err := j.Append(background, head, batchOf(head, "lost")); done <- err }()
	soon(t, lost.Load)
	begun := time.Now()
	_, err := other.Append(background, otherHead, batchOf(otherHead, "behind"))
	require.NoError(t, err)
	require.NoError(t, <-done, "sent again")
	require.Less(t, time.Since(begun), c.config.Timeout)
}
