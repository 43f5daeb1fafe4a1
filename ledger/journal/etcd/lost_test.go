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
	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

// throughProxy connects to one member of the shared cluster, through a proxy.
func throughProxy(t *testing.T, change func(*Config)) (*Cluster, *etcdtest.Proxy) {
	t.Helper()
	p, err := etcdtest.NewProxy(members.Endpoints()[0])
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return connectTo(t, []string{p.Endpoint()}, change), p
}

// soon waits for what should come at once.
func soon(t *testing.T, what func() bool) {
	t.Helper()
	require.Eventually(t, what, 20*time.Second, time.Millisecond)
}

// long makes a request that is larger than anything else that a client says.
var long = strings.Repeat("long ", 1000)

// The request arrives and takes effect, its answer does not. The append is acknowledged, and is there once.
func TestTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	c, proxy := throughProxy(t, nil)
	j := open(t, c, "log")
	head := acquire(t, j)
	witness := open(t, connect(t, nil), "log")
	for i := range 5 {
		proxy.LoseAnswers()
		mended := make(chan error, 1)
		go func(want int) { // cut the line once the append is there
			for {
				got, err := payloads(witness, 1)
				if err != nil || len(got) == want {
					mended <- err
					break
				}
			}
			proxy.Pass()
		}(i + 1)
		next, err := j.Append(background, head, batchOf(head, fmt.Sprint(i)))
		require.NoError(t, err)
		require.NoError(t, <-mended)
		require.Equal(t, head.Next+1, next.Next)
		head = next
	}
	got, err := payloads(witness, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"0", "1", "2", "3", "4"}, got)
}

// The request is held up on its way. It is given up, made sure that it can take no effect, and sent again; then it
// arrives.
func TestTheRequestIsLate(t *testing.T) {
	t.Parallel()
	c, proxy := throughProxy(t, nil)
	j := open(t, c, "log")
	head := acquire(t, j)
	var want []string
	for i := range 5 {
		want = append(want, fmt.Sprint(i, long))
		proxy.Hold()
		go func() {
			for proxy.Held() < len(long) {
				time.Sleep(time.Millisecond)
			}
			proxy.Forsake()
		}()
		tries := j.mine.tries
		next, err := j.Append(background, head, batchOf(head, want[i]))
		require.NoError(t, err)
		require.Equal(t, tries+1, j.mine.tries, "the held request was fenced")
		head = next
		proxy.Deliver()
		got, err := payloads(j, 1)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// What was sent before resolve says that it is not written cannot be written after.
func TestWhatIsSettledStaysSo(t *testing.T) {
	t.Parallel()
	j := open(t, connect(t, nil), "log")
	head := acquire(t, j)
	batch := batchOf(head, "late")
	late := j.mine.appending(j.keys, batch)
	v, _ := j.resolve(background, batch, context.DeadlineExceeded)
	require.Equal(t, unwritten, v)
	resp, err := j.commit(background, late)
	require.NoError(t, err)
	require.False(t, resp.Succeeded)
	require.Equal(t, pending, j.mine.judge(resp, batch), "the head is still as it was fenced")

	// The answer to the fence is lost as well: it is found to be there.
	fence := j.mine.fencing(j.keys, batch)
	resp, err = j.commit(background, fence)
	require.NoError(t, err)
	require.True(t, resp.Succeeded)
	v, _ = j.resolve(background, batch, context.DeadlineExceeded)
	require.Equal(t, unwritten, v)

	// An append that has happened is found to have.
	resp, err = j.commit(background, j.mine.appending(j.keys, batch))
	require.NoError(t, err)
	require.True(t, resp.Succeeded)
	v, _ = j.resolve(background, batch, context.DeadlineExceeded)
	require.Equal(t, written, v)
	got, err := payloads(j, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"late"}, got)
}

// A lost append is judged rightly when others have taken over meanwhile, once or twice, and appended or not.
func TestALostAppendAndATakeover(t *testing.T) {
	t.Parallel()
	c := connect(t, nil)
	for i, test := range []struct {
		written bool // the lost append had happened
		owners  int  // who took over since
		appends bool // the last of them appended
		same    bool // the very same batch
		want    verdict
	}{
		{written: true, owners: 1, want: written},
		{written: true, owners: 1, appends: true, want: written},
		{written: false, owners: 1, want: fenced},
		{written: false, owners: 1, appends: true, want: fenced},
		{written: false, owners: 1, appends: true, same: true, want: unknown},
		{written: false, owners: 2, want: fenced},
		{written: false, owners: 2, appends: true, want: fenced},
		{written: true, owners: 2, want: unknown},
	} {
		name := fmt.Sprint("log", i)
		j, other := open(t, c, name), open(t, c, name)
		head := acquire(t, j)
		batch := batchOf(head, "lost")
		if test.written {
			_, err := j.commit(background, j.mine.appending(j.keys, batch))
			require.NoError(t, err)
		}
		var taken journal.Head
		for range test.owners {
			taken = acquire(t, other)
		}
		if test.appends {
			payload := "other"
			if test.same {
				payload = "lost"
			}
			_, err := other.Append(background, taken, batchOf(taken, payload))
			require.NoError(t, err)
		}
		v, _ := j.resolve(background, batch, context.DeadlineExceeded)
		require.Equal(t, test.want, v, "%+v", test)
	}
}

// An owner whose append is held up on its way is taken over from. When the append arrives it does nothing.
func TestAStaleOwnersAppendArrives(t *testing.T) {
	t.Parallel()
	c, proxy := throughProxy(t, nil)
	j, other := open(t, c, "log"), open(t, connect(t, nil), "log")
	head := acquire(t, j)
	proxy.Hold()
	done := make(chan error, 1)
	go func() {
		_, err := j.Append(background, head, batchOf(head, long))
		done <- err
	}()
	soon(t, func() bool { return proxy.Held() >= len(long) })
	taken, err := other.Acquire(background, "other")
	require.NoError(t, err)
	require.Equal(t, uint64(1), taken.Next)
	proxy.Deliver()
	require.ErrorIs(t, <-done, journal.ErrFenced)
	_, err = j.Append(background, head, batchOf(head, "stale"))
	require.ErrorIs(t, err, journal.ErrFenced)
	_, err = other.Append(background, taken, batchOf(taken, "other"))
	require.NoError(t, err)
	got, err := payloads(other, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"other"}, got)
}

// An owner that is cut off answers ErrUnknown when its patience ends, and goes on so; then it acquires again.
func TestCutOff(t *testing.T) {
	t.Parallel()
	c, proxy := throughProxy(t, nil)
	j := open(t, c, "log")
	head := acquire(t, j)
	c.config.Timeout, c.config.Patience = 200*time.Millisecond, 600*time.Millisecond
	for _, bad := range []func(){proxy.Cut, proxy.Silence} {
		bad()
		_, err := j.Append(background, head, batchOf(head, "never"))
		require.ErrorIs(t, err, journal.ErrUnknown)
		_, err = j.Append(background, head, batchOf(head, "never"))
		require.ErrorIs(t, err, journal.ErrUnknown)
		_, err = j.Acquire(background, "again")
		require.Error(t, err)
		_, err = payloads(j, 1)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		proxy.Cut() // or what is in the silent line arrives when it is not any more
		proxy.Pass()
		soon(t, func() bool { head, err = j.Acquire(background, "again"); return err == nil })
		require.Equal(t, uint64(1), head.Next)
	}
	_, err := j.Append(background, head, batchOf(head, "one"))
	require.NoError(t, err)
}

// The end of ctx ends the search for what has happened, but does not take back what was sent.
func TestAppendWithAContextThatEnds(t *testing.T) {
	t.Parallel()
	c, proxy := throughProxy(t, nil)
	j := open(t, c, "log")
	head := acquire(t, j)
	ctx, cancel := context.WithCancel(background)
	cancel()
	_, err := j.Append(ctx, head, batchOf(head, "never"))
	require.ErrorIs(t, err, context.Canceled)
	head, err = j.Append(background, head, batchOf(head, "one"))
	require.NoError(t, err, "nothing had been written")

	c.config.Timeout = 200 * time.Millisecond
	proxy.Cut()
	ctx, cancel = context.WithTimeout(background, 300*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err = j.Append(ctx, head, batchOf(head, "two"))
	require.ErrorIs(t, err, journal.ErrUnknown)
	require.Less(t, time.Since(begun), c.config.Patience, "nothing else ended it")
}

// Whoever tampers with the keys is found out.
func TestTampering(t *testing.T) {
	t.Parallel()
	c := connect(t, nil)
	for what, tamper := range map[string]func(*Journal, *clientv3.Client) error{
		"a batch is deleted": func(j *Journal, c *clientv3.Client) error {
			_, err := c.Delete(background, j.keys.batch(3))
			return err
		},
		"the first batch is deleted": func(j *Journal, c *clientv3.Client) error {
			_, err := c.Delete(background, j.keys.batch(1))
			return err
		},
		"the last batch is deleted": func(j *Journal, c *clientv3.Client) error {
			_, err := c.Delete(background, j.keys.batch(5))
			return err
		},
		"the last batch is another": func(j *Journal, c *clientv3.Client) error {
			kvs, err := c.Get(background, j.keys.batch(5))
			if err != nil {
				return err
			}
			b, err := journal.Open(kvs.Kvs[0].Value)
			if err != nil {
				return err
			}
			_, err = c.Put(background, j.keys.batch(5), string(batchOf(journal.Head{Next: 5, Hash: b.Prev()}, "x", "y").Bytes))
			return err
		},
		"the head is another": func(j *Journal, c *clientv3.Client) error {
			_, err := c.Put(background, j.keys.head, "1 7 00 0")
			return err
		},
		"the base is another": func(j *Journal, c *clientv3.Client) error {
			_, err := c.Put(background, j.keys.base, encodeBase(place{next: 99}))
			return err
		},
		"there is no base": func(j *Journal, c *clientv3.Client) error {
			_, err := c.Delete(background, j.keys.base)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			j := open(t, c, strings.ReplaceAll(what, " ", "-"))
			head := acquire(t, j)
			var err error
			for range 3 {
				head, err = j.Append(background, head, batchOf(head, "one", "two"))
				require.NoError(t, err)
			}
			require.NoError(t, tamper(j, c.client))
			_, err = payloads(j, 1)
			var corrupt *journal.CorruptError
			require.ErrorAs(t, err, &corrupt)
		})
	}
}
