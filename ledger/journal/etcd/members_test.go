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

// startMembers starts a cluster that only this test has.
func startMembers(t testing.TB, n int, template etcdtest.Member) *etcdtest.Cluster {
	t.Helper()
	m, err := etcdtest.Start(t.TempDir(), n, template)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Stop()) })
	return m
}

// load appends without end, follows the log meanwhile, and knows what has been acknowledged.
type load struct {
	journal  *Journal
	cancel   context.CancelFunc
	acked    chan string   // as appends are acknowledged
	followed chan string   // as the follower sees them
	failed   chan error    // of either
	enough   chan struct{} // closed to end the appends
	ended    chan struct{} // closed when they have
}

func startLoad(t *testing.T, j, follower *Journal) *load {
	ctx, cancel := context.WithCancel(background)
	l := &load{
		journal: j, cancel: cancel, acked: make(chan string, 1<<20), followed: make(chan string, 1<<20),
		failed: make(chan error, 2), enough: make(chan struct{}), ended: make(chan struct{}),
	}
	head := acquire(t, j)
	seen := follower.Follow(ctx, head.Next)
	go func() {
		for e, err := range seen {
			if err != nil {
				if ctx.Err() == nil {
					l.failed <- err
				}
				return
			}
			l.followed <- string(e.Payload)
		}
	}()
	go func() {
		defer close(l.ended)
		for n := head.Next; ; n += 2 {
			select {
			case <-l.enough:
				return
			default:
			}
			batch := batchOf(head, fmt.Sprint(n), fmt.Sprint(n+1))
			next, err := j.Append(background, head, batch)
			if err != nil {
				l.failed <- err
				return
			}
			head = next
			l.acked <- fmt.Sprint(n)
			l.acked <- fmt.Sprint(n + 1)
		}
	}()
	return l
}

// goOn waits until n more entries have been acknowledged.
func (l *load) goOn(t *testing.T, n int) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for want := len(l.acked) + n; len(l.acked) < want; {
		select {
		case err := <-l.failed:
			t.Fatal(err)
		case <-timeout:
			t.Fatal("appends do not go on")
		case <-time.After(time.Millisecond):
		}
	}
}

// stop ends the load and checks that what was acknowledged, and nothing else, is in the log once, and was followed.
func (l *load) stop(t *testing.T, from uint64) {
	t.Helper()
	close(l.enough)
	<-l.ended
	got, err := payloads(l.journal, from)
	require.NoError(t, err)
	for _, payload := range got {
		require.Equal(t, payload, <-l.acked)
		select {
		case err := <-l.failed:
			t.Fatal(err)
		case <-time.After(20 * time.Second):
			t.Fatal("the follower does not get there")
		case followed := <-l.followed:
			require.Equal(t, payload, followed)
		}
	}
	require.Empty(t, l.acked)
	require.Empty(t, l.followed)
	l.cancel()
}

// What happens to members while appends go on. None fails, none is lost and none doubled.
func TestMembersFail(t *testing.T) {
	t.Parallel()
	m := startMembers(t, 3, etcdtest.Member{})
	c := connectTo(t, m.Endpoints(), func(c *Config) { c.Timeout = time.Second })
	j, follower := open(t, c, "log"), open(t, connectTo(t, m.Endpoints(), nil), "log")
	from := uint64(1)
	leader := func() int {
		i, err := m.Leader()
		require.NoError(t, err)
		return i
	}
	for _, test := range []struct {
		name string
		slow bool
		do   func(t *testing.T, l *load)
	}{
		{"TheLeaderIsKilled", false, func(t *testing.T, l *load) {
			rounds := 2
			if testing.Short() {
				rounds = 1
			}
			for range rounds {
				i := leader()
				require.NoError(t, m.Kill(i))
				l.goOn(t, 100)
				require.NoError(t, m.Restart(i, nil))
				require.NoError(t, m.Ready())
				l.goOn(t, 100)
			}
		}},
		{"TheLeaderHangs", true, func(t *testing.T, l *load) {
			i := leader()
			require.NoError(t, m.Pause(i))
			l.goOn(t, 10)
			require.NoError(t, m.Resume(i))
			l.goOn(t, 100)
		}},
		{"LeadershipIsHandedOver", true, func(t *testing.T, l *load) {
			for range 3 {
				i := leader()
				status, err := m.Client().Status(background, m.Endpoints()[(i+1)%3])
				require.NoError(t, err)
				at, err := clientv3.New(clientv3.Config{Endpoints: m.Endpoints()[i : i+1]})
				require.NoError(t, err)
				_, err = at.MoveLeader(background, status.Header.MemberId)
				require.NoError(t, err)
				require.NoError(t, at.Close())
				l.goOn(t, 100)
			}
		}},
		{"AllAreKilled", false, func(t *testing.T, l *load) {
			for i := range 3 {
				require.NoError(t, m.Kill(i))
			}
			for i := range 3 {
				require.NoError(t, m.Restart(i, nil))
			}
			l.goOn(t, 100)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && test.slow {
				t.Skip("waits for timeouts")
			}
			l := startLoad(t, j, follower)
			l.goOn(t, 100)
			test.do(t, l)
			l.stop(t, from)
			from = j.mine.head.next
		})
	}
}

// A quota that is used up is ErrFull, and nothing is written. Trim works all the same, and once an operator has done the
// rest, the same append goes on.
func TestTheQuotaIsUsedUp(t *testing.T) {
	t.Parallel()
	m := startMembers(t, 3, etcdtest.Member{QuotaBackendBytes: 8 << 20})
	c := connectTo(t, m.Endpoints(), nil)
	j := open(t, c, "log")
	head := acquire(t, j)
	large := strings.Repeat("x", 500_000)
	for round := range 2 {
		first := head.Next
		var err error
		for err == nil {
			head, err = j.Append(background, head, batchOf(head, large))
		}
		require.ErrorIs(t, err, journal.ErrFull)
		for range 3 {
			_, err = j.Append(background, head, batchOf(head, large))
			require.ErrorIs(t, err, journal.ErrFull)
			got, err := payloads(j, first)
			require.NoError(t, err)
			require.Len(t, got, int(head.Next-first), "nothing was written")
		}
		_, err = open(t, c, "log").Acquire(background, "other")
		require.ErrorIs(t, err, journal.ErrFull)
		follower := open(t, c, "log").Follow(background, head.Next-1)

		require.NoError(t, j.Trim(background, head.Next-2))
		_, err = payloads(j, 1)
		require.ErrorIs(t, err, journal.ErrTrimmed)
		_, err = payloads(j, head.Next-3)
		require.ErrorIs(t, err, journal.ErrTrimmed)
		got, err := payloads(j, head.Next-2)
		require.NoError(t, err)
		require.Len(t, got, 2)
		_, err = j.Append(background, head, batchOf(head, large))
		require.ErrorIs(t, err, journal.ErrFull)
		if round == 1 {
			require.NoError(t, j.Trim(background, head.Next), "trimmed again, and to the end")
			_, err = payloads(j, head.Next-1)
			require.ErrorIs(t, err, journal.ErrTrimmed)
			got, err = payloads(j, head.Next)
			require.NoError(t, err)
			require.Empty(t, got)
		}

		makeSpace(t, m)
		v, err := j.view(background)
		require.NoError(t, err)
		require.False(t, v.whole)
		before := head
		head, err = j.Append(background, head, batchOf(head, "room"))
		require.NoError(t, err)
		require.Equal(t, before.Next+1, head.Next)
		require.NoError(t, j.Trim(background, 1))
		v, err = j.view(background)
		require.NoError(t, err)
		require.True(t, v.whole, "the next Trim has put the base")
		require.Equal(t, v.base, v.stored)
		if round == 0 {
			for e, err := range follower {
				require.NoError(t, err)
				if e.Sequence == head.Next-1 {
					require.Equal(t, "room", string(e.Payload))
					break
				}
			}
		}
	}
}

// makeSpace is what an operator does: compact, defragment, disarm.
func makeSpace(t *testing.T, m *etcdtest.Cluster) {
	t.Helper()
	now, err := m.Client().Get(background, "now")
	require.NoError(t, err)
	_, err = m.Client().Compact(background, now.Header.Revision, clientv3.WithCompactPhysical())
	require.NoError(t, err)
	for _, endpoint := range m.Endpoints() {
		_, err = m.Client().Defragment(background, endpoint)
		require.NoError(t, err)
	}
	_, err = m.Client().AlarmDisarm(background, &clientv3.AlarmMember{})
	require.NoError(t, err)
}

// Members whose limits are too small for the largest batch are not connected to, and the error says what to change.
func TestLimitsAreTooSmall(t *testing.T) {
	t.Parallel()
	for flag, template := range map[string]etcdtest.Member{
		"--max-request-bytes=1572864": {MaxRequestBytes: 1 << 20},
		"--max-txn-ops=128":           {MaxTxnOps: 2},
	} {
		m := startMembers(t, 1, template)
		_, err := Connect(background, Config{Endpoints: m.Endpoints(), Logger: quiet})
		require.ErrorContains(t, err, flag)
	}
}
