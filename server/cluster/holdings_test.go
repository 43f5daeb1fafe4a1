package cluster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const settle = time.Second

// exactly is no jitter.
func exactly(d time.Duration) time.Duration { return d }

// One node, a, with one shard: what it is doing, what it sees, and what it is to do.
func TestWhatANodeDoes(t *testing.T) {
	const mine, other = 1, 2 // leases
	now := time.Unix(1000, 0)
	a, b := Node{ID: "a", lease: mine}, Node{ID: "b", lease: other}
	coldB := Node{ID: "b", lease: other, Warm: []int{}, Able: []int{}}
	takes, gives := []action{{take: true}}, []action{{}}
	// Of a and b, b scores higher for shard 0.
	require.Greater(t, score("b", 0), score("a", 0))

	for _, test := range []struct {
		name   string
		hold   hold
		nodes  []Node
		owner  int64 // lease; 0 for none
		pin    string
		drains []string
		want   []action
		wake   time.Time
	}{
		{name: "free and preferred: takes", nodes: []Node{a}, want: takes},
		{name: "free, another is preferred: waits", nodes: []Node{a, b}},
		{name: "free, the other is behind: takes", nodes: []Node{a, coldB}, want: takes},
		{name: "free, but the view is old: waits", nodes: []Node{a}, hold: hold{seen: 6}},
		{name: "free, but it rests: waits", nodes: []Node{a}, hold: hold{rest: now.Add(1)}, wake: now.Add(1)},
		{name: "free and rested: takes", nodes: []Node{a}, hold: hold{rest: now}, want: takes},
		{name: "free and it leaves: waits", nodes: []Node{{ID: "a", lease: mine, Leaving: true}}},
		{name: "another has it: waits", nodes: []Node{a, coldB}, owner: other},
		{name: "an old lease of its own has it: waits", nodes: []Node{a}, owner: 77},
		{name: "taking: waits", nodes: []Node{a}, hold: hold{phase: taking}},
		{name: "taking what another has by now: waits", nodes: []Node{a, b}, owner: other, hold: hold{phase: taking}},
		{name: "releasing: waits", nodes: []Node{a}, hold: hold{phase: releasing}, owner: mine},

		{name: "leads and preferred: goes on", nodes: []Node{a}, owner: mine, hold: hold{phase: leading, epoch: 3}},
		{name: "leads, nobody is preferred: goes on", owner: mine, hold: hold{phase: leading, epoch: 3}, nodes: []Node{{ID: "a", lease: mine + 9, Warm: []int{}, Able: []int{}}}},
		{name: "leads, another came: lets it settle", nodes: []Node{a, b}, owner: mine, hold: hold{phase: leading, epoch: 3}, wake: now.Add(settle)},
		{name: "leads, another is settling", nodes: []Node{a, b}, owner: mine,
			hold: hold{phase: leading, epoch: 3, rival: "b", rivalSince: now.Add(-settle + 1)}, wake: now.Add(1)},
		{name: "leads, another has settled: gives", nodes: []Node{a, b}, owner: mine,
			hold: hold{phase: leading, epoch: 3, rival: "b", rivalSince: now.Add(-settle)}, want: gives},
		{name: "leads, one settled and a better one came: lets that settle", nodes: []Node{a, b}, owner: mine,
			hold: hold{phase: leading, epoch: 3, rival: "c", rivalSince: now.Add(-settle)}, wake: now.Add(settle)},
		{name: "leads, pinned elsewhere: gives at once", nodes: []Node{a, b}, owner: mine, pin: "b", hold: hold{phase: leading, epoch: 3}, want: gives},
		{name: "leads, pinned here: goes on", nodes: []Node{a, b}, owner: mine, pin: "a", hold: hold{phase: leading, epoch: 3}},
		{name: "leads, drained: gives at once", nodes: []Node{a, b}, owner: mine, drains: []string{"a"}, hold: hold{phase: leading, epoch: 3}, want: gives},
		{name: "leads, drained, nobody else: goes on", nodes: []Node{a, coldB}, owner: mine, drains: []string{"a"}, hold: hold{phase: leading, epoch: 3}},
		{name: "leads and leaves: gives", nodes: []Node{{ID: "a", lease: mine, Leaving: true}}, owner: mine, hold: hold{phase: leading, epoch: 3}, want: gives},
		{name: "leads, the key is gone: gives", nodes: []Node{a}, hold: hold{phase: leading, epoch: 3}, want: gives},
		{name: "leads, another has the key: gives", nodes: []Node{a, b}, owner: other, hold: hold{phase: leading, epoch: 3}, want: gives},
		{name: "leads, the view is older than the key: goes on", nodes: []Node{a}, hold: hold{phase: leading, epoch: 3, seen: 6}},
		{name: "leads no more: gives", nodes: []Node{a}, owner: mine, hold: hold{phase: leading, epoch: 3, ended: 3}, want: gives},
		{name: "led no more before that: goes on", nodes: []Node{a}, owner: mine, hold: hold{phase: leading, epoch: 3, ended: 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := made(1, test.nodes...)
			v.Revision = 5
			v.pins[0], v.drains = test.pin, test.drains
			if test.owner != 0 {
				v.owners[0] = Owner{Epoch: test.hold.epoch, lease: test.owner, created: 4}
			}
			hs := newHoldings("a", mine, 5, 1, settle, exactly)
			hs.shards[0] = test.hold
			actions, wake := hs.decide(v, now)
			require.Equal(t, test.want, actions)
			require.Equal(t, test.wake, wake)

			hs = newHoldings("a", mine, 6, 1, settle, exactly)
			hs.shards[0] = test.hold
			actions, _ = hs.decide(v, now)
			require.Empty(t, actions, "the view does not show the registration yet")
		})
	}
}

func TestSettlingBeginsAnew(t *testing.T) {
	both, alone := made(1, Node{ID: "a", lease: 1}, Node{ID: "b", lease: 2}), made(1, Node{ID: "a", lease: 1})
	hs := newHoldings("a", 1, 1, 1, settle, exactly)
	hs.took(0, 1, 1, time.Time{})
	both.owners[0] = Owner{Epoch: 1, lease: 1, created: 1}
	alone.owners[0] = both.owners[0]
	now := time.Unix(1000, 0)
	for range 10 {
		_, wake := hs.decide(both, now)
		require.Equal(t, now.Add(settle), wake)
		now = now.Add(settle - 1)
		_, wake = hs.decide(alone, now)
		require.Zero(t, wake)
	}
	hs.decide(both, now)
	actions, _ := hs.decide(both, now.Add(settle))
	require.Equal(t, []action{{}}, actions)
}

func TestMovesAreBounded(t *testing.T) {
	const shards = 3 * movesMax
	v := made(shards, Node{ID: "a", lease: 1, Leaving: true}, Node{ID: "b", lease: 2})
	hs := newHoldings("a", 1, 1, shards, settle, exactly)
	for shard := range shards {
		hs.took(shard, 1, 1, time.Time{})
		v.owners[shard] = Owner{Epoch: 1, lease: 1, created: 1}
	}
	now := time.Unix(1000, 0)
	for round := range 3 {
		actions, _ := hs.decide(v, now)
		require.Len(t, actions, movesMax)
		again, _ := hs.decide(v, now)
		require.Empty(t, again, "while those are under way")
		for _, a := range actions {
			v.owners[a.shard] = Owner{}
			hs.gave(a.shard, 1, now)
		}
		again, wake := hs.decide(v, now)
		require.Empty(t, again, "while the next owner takes them over")
		if round < 2 {
			require.Equal(t, now.Add(moveWithin), wake)
		}
		require.Equal(t, round == 2, hs.empty())
		if round == 0 {
			now = now.Add(moveWithin) // nobody waits for them any longer
			continue
		}
		for _, a := range actions {
			v.owners[a.shard] = Owner{Node: "b", Epoch: 2, lease: 2, created: 1}
		}
	}

	// If nobody takes what is given up, the next is not kept back for it.
	alone := made(shards, Node{ID: "a", lease: 1, Leaving: true})
	for shard := range shards {
		hs.took(shard, 3, 1, now)
		alone.owners[shard] = Owner{Epoch: 3, lease: 1, created: 1}
	}
	for range 3 {
		actions, _ := hs.decide(alone, now)
		require.Len(t, actions, movesMax)
		for _, a := range actions {
			alone.owners[a.shard] = Owner{}
			hs.gave(a.shard, 1, now)
		}
	}
	require.True(t, hs.empty())

	// What another has by now is given up at once, however much it is.
	for shard := range shards {
		hs.took(shard, 1, 1, now)
		v.owners[shard] = Owner{Epoch: 2, lease: 2, created: 1}
	}
	actions, _ := hs.decide(v, now)
	require.Len(t, actions, shards)
}

func TestTakeoversAreBounded(t *testing.T) {
	const shards = takesMax + 5
	v := made(shards, Node{ID: "a", lease: 1})
	hs := newHoldings("a", 1, 1, shards, settle, exactly)
	now := time.Unix(1000, 0)
	actions, _ := hs.decide(v, now)
	require.Len(t, actions, takesMax)
	hs.took(actions[0].shard, 1, 2, now)
	hs.failed(actions[1].shard, 0, now)
	actions, wake := hs.decide(v, now)
	require.Len(t, actions, 2)
	require.Equal(t, now.Add(restFirst), wake, "what is only waiting for its turn needs no time")
}

func TestFailuresAreTriedAgainLaterAndLater(t *testing.T) {
	now := time.Unix(1000, 0)
	hs := newHoldings("a", 1, 1, 1, settle, exactly)
	var rests []time.Duration
	for range 9 {
		hs.failed(0, 0, now)
		rests = append(rests, hs.shards[0].rest.Sub(now))
	}
	ms := time.Millisecond
	require.Equal(t, []time.Duration{50 * ms, 100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, restMost, restMost}, rests)
}

func TestWhoFailsOftenAsksOthers(t *testing.T) {
	now := time.Unix(1000, 0)
	hs := newHoldings("a", 1, 1, 2, settle, exactly)
	for range unfitAfter - 1 {
		hs.failed(1, 0, now)
	}
	shards, until := hs.unfit(now)
	require.Empty(t, shards)
	require.Zero(t, until)
	hs.failed(1, 0, now)
	shards, until = hs.unfit(now)
	require.Equal(t, []int{1}, shards)
	require.Equal(t, now.Add(unfitFirst), until)
	shards, _ = hs.unfit(until)
	require.Empty(t, shards)
	for range 20 {
		hs.failed(1, 0, now)
	}
	_, until = hs.unfit(now)
	require.Equal(t, now.Add(unfitMost), until)
}

func TestASessionThatEndedByItself(t *testing.T) {
	now := time.Unix(1000, 0)
	v := made(1, Node{ID: "a", lease: 1})
	hs := newHoldings("a", 1, 1, 1, settle, exactly)
	lead := func(epoch uint64, at time.Time) {
		hs.took(0, epoch, 1, at)
		v.owners[0] = Owner{Epoch: epoch, lease: 1, created: 1}
	}
	end := func(epoch uint64, at time.Time) {
		hs.lost(0, epoch)
		actions, _ := hs.decide(v, at)
		require.Equal(t, []action{{}}, actions)
		v.owners[0] = Owner{}
		hs.gave(0, 1, at)
	}
	lead(1, now)
	end(1, now)
	require.Equal(t, 1, hs.shards[0].failures)
	_, wake := hs.decide(v, now)
	require.Equal(t, now.Add(restFirst), wake)

	// The news may come before the conductor knows that it leads.
	hs.shards[0].phase = taking
	hs.lost(0, 2)
	lead(2, now)
	end(2, now)
	require.Equal(t, 2, hs.shards[0].failures)

	// Old news means nothing, nor does nonsense.
	lead(3, now)
	for _, epoch := range []uint64{0, 1, 2} {
		hs.lost(0, epoch)
	}
	hs.lost(-1, 3)
	hs.lost(1, 3)
	actions, _ := hs.decide(v, now)
	require.Empty(t, actions)

	// After a while of leading, what failed before is history.
	end(3, now.Add(forgiven))
	require.Equal(t, 1, hs.shards[0].failures)
}
