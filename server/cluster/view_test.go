package cluster

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// made is a view with nodes that are warm for every shard unless they say otherwise.
func made(shards int, nodes ...Node) *View {
	b := newBook(keys{prefix: "/t/"}, Meta{Format: format, Shards: shards})
	for i, n := range nodes {
		if n.lease == 0 {
			n.lease = int64(i + 1)
		}
		if n.Warm == nil && n.Able == nil {
			n.Warm = all(shards)
		}
		b.nodes[n.ID] = n
	}
	return b.view(1)
}

func all(shards int) []int {
	list := make([]int, shards)
	for i := range list {
		list[i] = i
	}
	return list
}

func TestScoreIsPartOfTheFormat(t *testing.T) {
	require.Equal(t, uint64(0xffe876037f2d8f9e), score("", 0))
	require.Equal(t, uint64(0xaa363e025543c791), score("node-a", 0))
	require.Equal(t, uint64(0x49990528496e0689), score("node-a", 4095))
}

func TestShardsAreSpreadEvenly(t *testing.T) {
	for nodes := 2; nodes <= 9; nodes++ {
		var list []Node
		for i := range nodes {
			list = append(list, Node{ID: fmt.Sprintf("holdfast-%d.example.internal", i)})
		}
		v := made(MaxShards, list...)
		count := map[string]int{}
		for shard := range MaxShards {
			count[v.Preferred(shard)]++
		}
		fair := float64(MaxShards) / float64(nodes)
		for id, n := range count {
			require.InDelta(t, fair, float64(n), 0.15*fair, "%s of %d nodes", id, nodes)
		}
		require.Len(t, count, nodes)
	}
}

func TestJoiningAndLeavingMoveOnlyTheirShare(t *testing.T) {
	a, b, c, d := Node{ID: "a"}, Node{ID: "b"}, Node{ID: "c"}, Node{ID: "d"}
	three, four := made(MaxShards, a, b, c), made(MaxShards, a, b, c, d)
	moved := 0
	for shard := range MaxShards {
		before, after := three.Preferred(shard), four.Preferred(shard)
		if before != after {
			moved++
			require.Equal(t, "d", after, "shard %d moves between two that were there before", shard)
		}
	}
	require.InDelta(t, MaxShards/4, moved, 0.15*MaxShards/4)
}

func TestWhoIsPreferred(t *testing.T) {
	const shard, other = 1, 0
	require.Greater(t, score("c", shard), score("b", shard))
	require.Greater(t, score("b", shard), score("a", shard))
	warm, able := []int{shard}, []int{shard}
	for _, test := range []struct {
		name   string
		nodes  []Node
		pin    string
		drains []string
		owner  string // leads
		want   string
	}{
		{name: "the highest score", nodes: []Node{{ID: "a", Warm: warm}, {ID: "b", Warm: warm}, {ID: "c", Warm: warm}}, want: "c"},
		{name: "nobody is there", want: ""},
		{name: "nobody may lead", nodes: []Node{{ID: "a", Warm: []int{other}}}, want: ""},
		{name: "warm before able", nodes: []Node{{ID: "a", Warm: warm}, {ID: "c", Able: able}}, want: "a"},
		{name: "able if nobody is warm", nodes: []Node{{ID: "a", Warm: []int{other}}, {ID: "b", Able: able}, {ID: "c", Able: able}}, want: "c"},
		{name: "a pin outranks the score", nodes: []Node{{ID: "a", Warm: warm}, {ID: "c", Warm: warm}}, pin: "a", want: "a"},
		{name: "a pin to one that is not warm", nodes: []Node{{ID: "a", Able: able}, {ID: "c", Warm: warm}}, pin: "a", want: "c"},
		{name: "a pin to one that is drained", nodes: []Node{{ID: "a", Warm: warm}, {ID: "c", Warm: warm}}, pin: "a", drains: []string{"a"}, want: "c"},
		{name: "a pin to one that is gone", nodes: []Node{{ID: "b", Warm: warm}, {ID: "c", Warm: warm}}, pin: "a", want: "c"},
		{name: "a drained one steps back", nodes: []Node{{ID: "a", Warm: warm}, {ID: "c", Warm: warm}}, drains: []string{"c"}, want: "a"},
		{name: "but not for one that is behind", nodes: []Node{{ID: "a", Able: able}, {ID: "c", Warm: warm}}, drains: []string{"c"}, want: "c"},
		{name: "a drained one is better than none", nodes: []Node{{ID: "c", Warm: warm}}, drains: []string{"c"}, want: "c"},
		{name: "one that leaves is not", nodes: []Node{{ID: "c", Warm: warm, Leaving: true}}, want: ""},
		{name: "one that fails comes last", nodes: []Node{{ID: "a", Able: able}, {ID: "c", Warm: warm, Unfit: []int{shard}}}, drains: []string{"a"}, want: "a"},
		{name: "but it comes", nodes: []Node{{ID: "c", Warm: warm, Unfit: []int{shard}}}, want: "c"},
		{name: "who leads is warm", nodes: []Node{{ID: "a", Warm: []int{other}}, {ID: "c", Able: able}}, owner: "a", want: "a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := made(2, test.nodes...)
			v.pins[shard], v.drains = test.pin, test.drains
			if owner, ok := v.Node(test.owner); ok {
				v.owners[shard] = Owner{Node: owner.ID, Epoch: 1, lease: owner.lease, created: 1}
			}
			require.Equal(t, test.want, v.Preferred(shard))
			v.pins[shard] = ""
			unpinned := v.Preferred(shard)
			for _, id := range []string{"a", "b", "c"} {
				v.pins[shard] = id
				if v.Ready(shard, id) {
					require.Equal(t, id, v.Preferred(shard))
				} else {
					require.Equal(t, unpinned, v.Preferred(shard))
				}
			}
		})
	}
}

// What is better comes first, whoever is looked at first.
func TestRankOutranksScore(t *testing.T) {
	shard := slices.IndexFunc(all(64), func(shard int) bool { return score("a", shard) > score("c", shard) })
	require.Equal(t, "c", made(64, Node{ID: "a", Able: []int{shard}}, Node{ID: "c"}).Preferred(shard))
	require.Equal(t, "a", made(64, Node{ID: "a"}, Node{ID: "c"}).Preferred(shard))
}
