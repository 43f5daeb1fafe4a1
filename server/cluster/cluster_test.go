package cluster

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

// slack is what a takeover may take beyond the lease: etcd looks for leases that are over twice a second.
const slack = time.Second

func TestNodesShareTheShards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a", "b", "c")
	w.settles("a", "b", "c")
	for id, m := range w.nodes {
		require.NotEmpty(t, m.holder.led(), id)
		require.True(t, m.Live())
		require.NoError(t, m.Err())
	}

	// Nothing goes on happening: nobody writes anything but leases that are renewed.
	last := w.lastWrite()
	time.Sleep(1500 * time.Millisecond)
	require.Equal(t, last, w.lastWrite())
}

func TestLeavingIsGraceful(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a", "b", "c")
	w.settles("a", "b", "c")
	led := len(w.nodes["b"].holder.led())
	w.gaps()
	require.NoError(t, w.nodes["b"].Leave(t.Context()))
	<-w.nodes["b"].Done()
	require.NoError(t, w.nodes["b"].Err())
	require.False(t, w.nodes["b"].Live())
	require.Empty(t, w.nodes["b"].holder.led())
	w.settles("a", "c")
	gaps := w.gaps()
	require.Len(t, gaps, led, "what was not b's did not move")
	t.Logf("%d shards moved; median pause %v, longest %v", led, gaps[len(gaps)/2], gaps[len(gaps)-1])
}

func TestAJoinMovesItsShareOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a", "b")
	w.settles("a", "b")
	before := w.nodes["a"].View()
	w.gaps()
	w.join("c")
	w.settles("a", "b", "c")
	moved := 0
	for shard := range w.shards {
		old, _ := before.Owner(shard)
		now, _ := w.nodes["a"].View().Owner(shard)
		if old != now {
			moved++
			require.Equal(t, "c", now.Node)
			require.Equal(t, old.Epoch+1, now.Epoch)
		}
	}
	require.Len(t, w.gaps(), moved)
	require.NotZero(t, moved)
}

func TestAKilledNodesShardsAreTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a", "b", "c")
	w.settles("a", "b", "c")
	pings := w.pings()
	require.NoError(t, w.nodes["b"].client.Close()) // nothing that it does reaches anybody any more
	took := w.awaits("b's shards are not taken", func() bool {
		led := 0
		for _, id := range []string{"a", "c"} {
			led += len(w.nodes[id].holder.led())
		}
		return led == w.shards
	})
	w.takenInTime(took, pings)
	w.awaits("b does not notice", func() bool { return len(w.nodes["b"].holder.led()) == 0 && !w.nodes["b"].Live() })
}

// A node that the network cuts off stops by itself, when others may have taken its shards, and comes back.
func TestANodeThatIsCutOff(t *testing.T) {
	for name, off := range map[string]func(*etcdtest.Proxy){"cut": (*etcdtest.Proxy).Cut, "silent": (*etcdtest.Proxy).Silence} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.proxied = true
			w.join("a", "b", "c")
			w.settles("a", "b", "c")
			mine := w.nodes["b"].holder.led()
			pings := w.pings()
			w.nodes["b"].network(off)
			took := w.awaits("b's shards are not taken", func() bool {
				return len(w.nodes["a"].holder.led())+len(w.nodes["c"].holder.led()) == w.shards
			})
			w.takenInTime(took, pings)
			for _, shard := range mine {
				require.False(t, w.nodes["b"].holder.appends(shard))
			}
			w.awaits("b goes on", func() bool { return len(w.nodes["b"].holder.led()) == 0 })
			w.nodes["b"].network((*etcdtest.Proxy).Pass)
			t.Logf("back after %v", w.settles("a", "b", "c"))
			require.Equal(t, mine, w.nodes["b"].holder.led())
		})
	}
}

// Whichever member of etcd it is that answers nothing any more, to a node that may be speaking with it: that is no reason to
// lose the lease, and what changes is heard of within a lease or so.
func TestAMemberThatSwallowsEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("many leases long")
	}
	for i := range members.Endpoints() {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.proxied = true
			w.join("a", "b")
			w.settles("a", "b")
			leads := w.nodes["a"].holder.led()
			before := w.nodes["a"].View().Nodes()
			for _, m := range w.nodes {
				m.proxies[i].Silence()
			}
			for begun := time.Now(); time.Since(begun) < 2*lease; time.Sleep(time.Millisecond) {
				require.True(t, w.nodes["a"].Live())
				require.True(t, w.nodes["b"].Live())
			}
			require.Equal(t, leads, w.nodes["a"].holder.led())
			require.NoError(t, w.registry().Drain(t.Context(), "a"))
			t.Logf("drained within %v", w.settles("a", "b"))
			require.Empty(t, w.nodes["a"].holder.led())
			for j, n := range w.nodes["a"].View().Nodes() {
				require.Equal(t, before[j].lease, n.lease, "%s lost its lease meanwhile", n.ID)
			}
			for _, m := range w.nodes {
				m.proxies[i].Pass()
			}
		})
	}
}

func TestPinsMoveAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a", "b", "c")
	w.settles("a", "b", "c")
	r, ctx := w.registry(), t.Context()
	w.gaps()
	pings := w.pings()
	for shard := range 6 {
		require.NoError(t, r.Pin(ctx, shard, "a"))
		w.settles("a", "b", "c")
		require.Contains(t, w.nodes["a"].holder.led(), shard)
		require.Equal(t, "a", w.nodes["b"].View().Pin(shard))
	}
	gaps := w.gaps()
	require.NotEmpty(t, gaps)
	t.Logf("%d moves; median pause %v, longest %v", len(gaps), gaps[len(gaps)/2], gaps[len(gaps)-1])
	median, _ := pings()
	require.Less(t, gaps[len(gaps)/2], 50*time.Millisecond+10*median)
	for shard := range 6 {
		require.NoError(t, r.Unpin(ctx, shard))
	}
	w.settles("a", "b", "c")

	require.ErrorIs(t, r.Pin(ctx, 0, "nobody"), ErrNoNode)
	require.ErrorContains(t, r.Pin(ctx, shards, "a"), "there is no shard 24; there are 24, from 0")
	require.ErrorContains(t, r.Pin(ctx, -1, "a"), "there is no shard -1")
	require.ErrorContains(t, r.Pin(ctx, 0, "a/b"), "node id")
}

func TestDraining(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a", "b")
	w.settles("a", "b")
	r, ctx := w.registry(), t.Context()
	require.NoError(t, r.Drain(ctx, "a"))
	w.settles("a", "b")
	require.Empty(t, w.nodes["a"].holder.led())
	require.True(t, w.nodes["b"].View().Drained("a"))

	// The last one keeps what it has: there is nobody to give it to.
	require.NoError(t, r.Drain(ctx, "b"))
	w.settles("a", "b")
	require.NoError(t, r.Undrain(ctx, "a"))
	w.settles("a", "b")
	require.Empty(t, w.nodes["b"].holder.led())
	require.NoError(t, r.Undrain(ctx, "b"))
	w.settles("a", "b")
	require.NotEmpty(t, w.nodes["b"].holder.led())
	require.ErrorIs(t, r.Drain(ctx, "nobody"), ErrNoNode)
}

func TestOnlyTheWarmTake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a", "b")
	w.settles("a", "b")
	for shard := range w.shards {
		w.nodes["a"].SetWarm(shard, false)
	}
	// A node that leads is caught up, whatever it says: so a keeps what it has. But it is not given anything.
	w.settles("a", "b")
	require.NoError(t, w.registry().Drain(t.Context(), "a"))
	w.settles("a", "b")
	require.NoError(t, w.registry().Undrain(t.Context(), "a"))
	w.settles("a", "b")
	require.Empty(t, w.nodes["a"].holder.led())
	require.NoError(t, w.nodes["b"].Leave(t.Context()))
	time.Sleep(200 * time.Millisecond)
	require.Empty(t, w.nodes["a"].holder.led(), "nobody may lead")
	for shard := range w.shards {
		w.nodes["a"].SetAble(shard, true)
	}
	w.settles("a")
}

func TestWhoCannotLeadLetsOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a", "b")
	w.settles("a", "b")
	bad := w.nodes["a"].holder.led()[0]
	w.nodes["a"].holder.mu.Lock()
	w.nodes["a"].holder.fails[bad] = errors.New("the disk is on fire")
	epoch := w.nodes["a"].holder.leads[bad]
	delete(w.nodes["a"].holder.leads, bad) // it was fenced, say
	w.nodes["a"].holder.mu.Unlock()
	w.nodes["a"].Lost(bad, epoch)
	w.awaits("b does not take the shard", func() bool { return w.nodes["b"].holder.appends(bad) })
	w.settles("a", "b")
	n, _ := w.nodes["b"].View().Node("a")
	require.Equal(t, []int{bad}, n.Unfit)
}

func TestASessionThatIsLostIsBegunAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a", "b")
	w.settles("a", "b")
	h := w.nodes["a"].holder
	shard := h.led()[0]
	for range 3 {
		h.mu.Lock()
		epoch := h.leads[shard]
		delete(h.leads, shard)
		h.mu.Unlock()
		w.nodes["a"].Lost(shard, epoch)
		w.nodes["a"].Lost(shard, epoch) // told twice
		w.awaits("it is not led again", func() bool { return h.appends(shard) || w.nodes["b"].holder.appends(shard) })
		w.settles("a", "b")
		if !h.appends(shard) {
			break // it has failed so often that b was asked
		}
	}
}

func TestSlowReleasesAreCutShort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure = func(cfg *Config) { cfg.ReleaseWithin = 100 * time.Millisecond }
	w.join("a", "b")
	w.settles("a", "b")
	w.nodes["a"].holder.mu.Lock()
	w.nodes["a"].holder.finish = time.Hour
	w.nodes["a"].holder.mu.Unlock()
	require.NoError(t, w.registry().Drain(t.Context(), "a"))
	w.settles("a", "b")
	require.Empty(t, w.nodes["a"].holder.led())
}

func TestNodesMustAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a")
	for want, change := range map[string]func(*Config){
		"cluster: this node does not fit: cluster: /TestNodesMustAgree has 24 shards, and this node is told to have 8": func(cfg *Config) { cfg.Shards = 8 },
		"/TestNodesMustAgree reckons its days in Asia/Shanghai, and this node in Europe/Berlin":                        func(cfg *Config) { cfg.Zone = "Europe/Berlin" },
		"want 1 to 4096 shards, have 0":                            func(cfg *Config) { cfg.Shards = 0 },
		"have \"b/c\"":                                             func(cfg *Config) { cfg.ID = "b/c" },
		"a node needs an address":                                  func(cfg *Config) { cfg.Address = "" },
		"want a prefix like /holdfast/NAME, have \"holdfast\"":     func(cfg *Config) { cfg.Prefix = "holdfast" },
		"want a lease of at least a second, and no negative times": func(cfg *Config) { cfg.Lease = time.Millisecond },
		"a node needs a client of etcd and a holder":               func(cfg *Config) { cfg.Client = nil },
	} {
		m := w.prepare("b")
		cfg := w.config("b", m.client, m.holder)
		change(&cfg)
		_, err := Join(t.Context(), cfg)
		require.ErrorContains(t, err, want)
	}
	m := w.prepare("b")
	cfg := w.config("b", m.client, m.holder)
	cfg.Zone = "UTC"
	_, err := Join(t.Context(), cfg)
	require.ErrorIs(t, err, ErrMeta)
}

func TestIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a")
	w.settles("a")
	old := w.nodes["a"]

	// Somebody else under that name, somewhere else, while a lives.
	m := w.prepare("a")
	cfg := w.config("a", m.client, m.holder)
	cfg.Address = "elsewhere.example:1"
	_, err := Join(t.Context(), cfg)
	require.ErrorIs(t, err, ErrIDTaken)
	require.ErrorContains(t, err, "a at a.example:1, started ")
	require.True(t, old.Live())

	// The same node, started anew before its lease is over: it does not wait, and what is left of the old process gives up.
	w.join("a")
	select {
	case <-old.Done():
	case <-time.After(within):
		t.Fatal("the old process goes on")
	}
	require.ErrorIs(t, old.Err(), ErrReplaced)
	require.ErrorIs(t, old.Leave(t.Context()), ErrReplaced)
	require.Empty(t, old.holder.led())
	w.settles("a")
}

func TestReplicasAndForgetting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shards = 150 // more than etcd deletes in one transaction
	w.join("a", "b")
	r, ctx := w.registry(), t.Context()
	for shard := range w.shards {
		require.NoError(t, w.nodes["a"].ReportReplica(ctx, shard, 7))
		require.NoError(t, w.nodes["b"].ReportReplica(ctx, shard, uint64(shard)))
	}
	replicas, err := r.Replicas(ctx, 12)
	require.NoError(t, err)
	require.Len(t, replicas, 2)
	require.Equal(t, "a", replicas[0].Node)
	require.Equal(t, uint64(7), replicas[0].Sequence)
	require.Equal(t, "b", replicas[1].Node)
	require.Equal(t, uint64(12), replicas[1].Sequence)
	require.WithinDuration(t, time.Now(), replicas[1].At, time.Minute)

	require.NoError(t, r.Pin(ctx, 3, "b"))
	require.NoError(t, r.Drain(ctx, "b"))
	require.ErrorIs(t, r.Forget(ctx, "b"), ErrLive)
	require.NoError(t, w.nodes["b"].Leave(ctx))
	replicas, err = r.Replicas(ctx, 12)
	require.NoError(t, err)
	require.Len(t, replicas, 2, "a node that left still has its copy")

	require.NoError(t, r.Forget(ctx, "b"))
	for shard := range w.shards {
		replicas, err = r.Replicas(ctx, shard)
		require.NoError(t, err)
		require.Len(t, replicas, 1)
		require.Equal(t, "a", replicas[0].Node)
	}
	v, err := r.Read(ctx)
	require.NoError(t, err)
	require.Empty(t, v.Pin(3))
	require.False(t, v.Drained("b"))

	none, err := Open(members.Client(), w.prefix+"/nothing/")
	require.NoError(t, err)
	_, err = none.Read(ctx)
	require.ErrorIs(t, err, ErrNoCluster)
	require.ErrorIs(t, none.Pin(ctx, 0, "a"), ErrNoCluster)
}

func TestHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.proxied = true
	w.join("a")
	var health []Member
	w.awaits("a member does not answer in time", func() bool {
		health = w.nodes["a"].Health(t.Context())
		return !slices.ContainsFunc(health, func(m Member) bool { return m.Err != nil })
	})
	require.Len(t, health, 3)
	leaders := 0
	for _, m := range health {
		require.NoError(t, m.Err)
		require.NotZero(t, m.Term)
		require.NotZero(t, m.SizeBytes)
		require.NotZero(t, m.QuotaBytes)
		require.Empty(t, m.Alarms)
		if m.Leader {
			leaders++
		}
	}
	require.Equal(t, 1, leaders)
	w.nodes["a"].proxies[1].Cut()
	w.awaits("a member does not answer in time", func() bool {
		health = w.nodes["a"].Health(t.Context())
		require.Error(t, health[1].Err)
		return health[0].Err == nil && health[2].Err == nil
	})
}

// A node that missed changes which etcd has forgotten since reads everything anew.
func TestChangesThatWereCompacted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.proxied = true
	w.configure = func(cfg *Config) { cfg.Lease = 30 * time.Second }
	w.join("a", "b")
	w.settles("a", "b")
	w.nodes["a"].network((*etcdtest.Proxy).Cut)
	require.NoError(t, w.registry().Pin(t.Context(), 0, "b"))
	require.NoError(t, w.registry().Unpin(t.Context(), 0))
	require.NoError(t, w.registry().Drain(t.Context(), "b"))
	resp, err := members.Client().Get(t.Context(), "none")
	require.NoError(t, err)
	_, err = members.Client().Compact(t.Context(), resp.Header.Revision)
	require.NoError(t, err)
	w.nodes["a"].network((*etcdtest.Proxy).Pass)
	w.settles("a", "b")
	require.Empty(t, w.nodes["b"].holder.led())
}

func TestTheLeaderOfEtcdIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("members of its own, and an election")
	}
	t.Parallel()
	w := newWorld(t)
	var err error
	w.etcd, err = etcdtest.Start(t.TempDir(), 3, etcdtest.Member{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.etcd.Stop() })
	w.configure = func(cfg *Config) { cfg.Lease = 3 * time.Second }
	w.join("a", "b", "c")
	w.settles("a", "b", "c")
	leader, err := w.etcd.Leader()
	require.NoError(t, err)
	require.NoError(t, w.etcd.Kill(leader))
	begun := time.Now()
	require.NoError(t, w.etcd.Ready())
	t.Logf("etcd works again after %v", time.Since(begun))
	w.settles("a", "b", "c")
	require.NoError(t, w.nodes["c"].Leave(t.Context()))
	w.settles("a", "b")
	require.NoError(t, w.etcd.Restart(leader, nil))
	require.NoError(t, w.etcd.Ready())
	w.join("c")
	w.settles("a", "b", "c")
}

func TestLeavingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.proxied = true
	w.join("a")
	w.settles("a")
	w.nodes["a"].network((*etcdtest.Proxy).Silence)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begun := time.Now()
	require.NoError(t, w.nodes["a"].Leave(ctx))
	require.Less(t, time.Since(begun), within)
	require.Empty(t, w.nodes["a"].holder.led())
}

// What is deleted by hand is put right.
func TestKeysThatAreDeletedByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a", "b")
	w.settles("a", "b")
	shard := w.nodes["a"].holder.led()[0]
	_, err := members.Client().Delete(t.Context(), w.nodes["a"].keys.owner(shard))
	require.NoError(t, err)
	w.settles("a", "b")
	o, _ := w.nodes["a"].View().Owner(shard)
	require.Equal(t, uint64(2), o.Epoch)

	old := w.nodes["a"].View()
	_, err = members.Client().Delete(t.Context(), w.nodes["a"].keys.node("a"))
	require.NoError(t, err)
	w.awaits("a does not come back", func() bool { return w.nodes["a"].View().Revision > old.Revision+1 && w.nodes["a"].Live() })
	w.settles("a", "b")

	// And what nobody can read stands in nobody's way.
	_, err = members.Client().Put(t.Context(), w.nodes["a"].keys.node("c"), "{")
	require.NoError(t, err)
	_, err = members.Client().Put(t.Context(), w.nodes["a"].keys.pin(shard), "who?")
	require.NoError(t, err)
	w.settles("a", "b")
	w.join("d")
	w.settles("a", "b", "d")
}

// What a node said of itself and is carried out once more, after it has said something else, changes nothing. And what somebody
// else wrote in its place it puts right when it has something to say.
func TestWhatIsSaidTwiceIsLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shards = 2
	w.join("a")
	w.settles("a")
	a, key := w.nodes["a"], w.nodes["a"].keys.node("a")
	read := func() (value string, lease clientv3.LeaseID, revision int64) {
		resp, err := members.Client().Get(t.Context(), key)
		require.NoError(t, err)
		require.Len(t, resp.Kvs, 1)
		return string(resp.Kvs[0].Value), clientv3.LeaseID(resp.Kvs[0].Lease), resp.Kvs[0].ModRevision
	}
	said, lease, written := read()
	says := func(shards ...int) {
		t.Helper()
		w.awaits("a does not say so", func() bool { n, _ := a.View().Node("a"); return slices.Equal(n.Able, shards) })
	}
	a.SetAble(1, true)
	says(1)
	after, _, _ := read()
	for _, at := range []int64{written, written - 1} {
		_, err := members.Client().Do(t.Context(), rewriting(key, []byte(said), lease, at))
		require.NoError(t, err)
		now, _, _ := read()
		require.Equal(t, after, now)
	}
	_, err := members.Client().Put(t.Context(), key, said, clientv3.WithLease(lease))
	require.NoError(t, err)
	says()
	a.SetAble(0, true)
	says(0, 1)
	require.True(t, a.Live())
}

func TestJoiningEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.proxied = true
	m := w.prepare("a")
	m.network((*etcdtest.Proxy).Silence)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := Join(ctx, w.config("a", m.client, m.holder))
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestAwaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join("a")
	c := w.nodes["a"]
	owned := func(v *View) bool { o, _ := v.Owner(0); return o.Leads() }
	v, err := c.Await(t.Context(), owned)
	require.NoError(t, err)
	require.True(t, owned(v))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = c.Await(ctx, func(v *View) bool { return len(v.Nodes()) == 2 })
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
