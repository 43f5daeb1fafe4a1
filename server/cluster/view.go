package cluster

import (
	"slices"
	"strings"
)

// View is the cluster as it was at one revision of etcd. It never changes, and may be kept and read by anybody.
type View struct {
	Revision int64 // of the last change in it
	Meta     Meta

	nodes    []Node // by id
	owners   []Owner
	pins     []string
	drains   []string // by id
	replaced chan struct{}
}

// Replaced is closed when there is a newer view. A view and its channel belong together, so that nobody who waits can
// miss a change that came between looking and waiting.
func (v *View) Replaced() <-chan struct{} { return v.replaced }

// Nodes are the nodes that are registered, by id. They are not to be changed.
func (v *View) Nodes() []Node { return v.nodes }

// Node finds a registered node.
func (v *View) Node(id string) (Node, bool) {
	at, found := slices.BinarySearchFunc(v.nodes, id, func(n Node, id string) int { return strings.Compare(n.ID, id) })
	if !found {
		return Node{}, false
	}
	return v.nodes[at], true
}

// Owner is who owns a shard, if anybody does.
func (v *View) Owner(shard int) (Owner, bool) {
	if shard < 0 || shard >= len(v.owners) || v.owners[shard].created == 0 {
		return Owner{}, false
	}
	return v.owners[shard], true
}

// Pin is the node that an operator wants to own the shard, or "".
func (v *View) Pin(shard int) string {
	if shard < 0 || shard >= len(v.pins) {
		return ""
	}
	return v.pins[shard]
}

// Drained says whether an operator wants the node to own nothing.
func (v *View) Drained(id string) bool {
	_, found := slices.BinarySearch(v.drains, id)
	return found
}

// The ranks of a node for a shard, from the best. A node that is drained comes before one that would have to catch up
// first: draining is to cost nothing. One that failed to lead comes last, but it comes: it may be the only one.
const (
	ready = iota
	readyDrained
	able
	ableDrained
	unfit
	never
)

func (v *View) rank(n *Node, shard int) int {
	// Who leads the shard is caught up, whatever its replica was said to be before.
	owner := &v.owners[shard]
	warm := has(n.Warm, shard) || owner.created != 0 && owner.lease == n.lease && owner.Leads()
	drained := v.Drained(n.ID)
	switch {
	case n.Leaving || !warm && !has(n.Able, shard):
		return never
	case has(n.Unfit, shard):
		return unfit
	case warm && !drained:
		return ready
	case warm:
		return readyDrained
	case !drained:
		return able
	default:
		return ableDrained
	}
}

// Ready says whether a shard that is pinned to the node would move there: it is registered, has caught up, and neither leaves
// nor is drained.
func (v *View) Ready(shard int, id string) bool {
	n, ok := v.Node(id)
	return ok && shard >= 0 && shard < len(v.owners) && v.rank(&n, shard) == ready
}

// Preferred is the node that should own the shard, or "" if none may. It is the node that the shard is pinned to, if that
// is ready for it, and otherwise the one with the highest score among those of the best rank.
func (v *View) Preferred(shard int) string {
	best, bestRank, bestScore := "", never, uint64(0)
	for i := range v.nodes {
		n := &v.nodes[i]
		rank := v.rank(n, shard)
		if rank == ready && v.pins[shard] == n.ID {
			return n.ID
		}
		if rank == never || rank > bestRank {
			continue
		}
		// Nodes are in order, so that of equal scores the first id wins, everywhere.
		if s := score(n.ID, shard); rank < bestRank || s > bestScore {
			best, bestRank, bestScore = n.ID, rank, s
		}
	}
	return best
}
