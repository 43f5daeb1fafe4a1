package cluster

import (
	"slices"
	"time"
)

// Node is a process that is registered, as it describes itself.
type Node struct {
	ID      string    `json:"id"`
	Address string    `json:"address"` // where other nodes and clients reach its API
	Version string    `json:"version"`
	Started time.Time `json:"started"` // by its own clock; for people
	Process string    `json:"process"` // random, another one with each start

	Setup // what it was started with

	// Leaving says that the node is shutting down: it gives away everything and takes nothing.
	Leaving bool `json:"leaving,omitempty"`

	// Warm are the shards whose replicas are caught up, Able those that it may lead although they are not. Unfit are
	// those that it lately failed to lead. All are in ascending order.
	Warm  []int `json:"warm,omitempty"`
	Able  []int `json:"able,omitempty"`
	Unfit []int `json:"unfit,omitempty"`

	lease   int64 // under which it is registered
	created int64 // revision at which it registered
}

// Owner is who owns a shard, as the owner says.
type Owner struct {
	Node  string    `json:"node"`
	Epoch uint64    `json:"epoch"` // of the journal; 0 while the owner is still taking over
	Since time.Time `json:"since"` // by the owner's clock; for people

	lease   int64 // under which the key is
	created int64 // revision at which the key was created; 0 for a shard without owner
}

// Leads says whether the owner has begun to decide.
func (o Owner) Leads() bool { return o.Epoch > 0 }

// Replica is what a node says of its own copy of a shard.
type Replica struct {
	Node     string    `json:"node"`
	Sequence uint64    `json:"sequence"` // up to here it is durable in the node's own archive and state
	At       time.Time `json:"at"`       // by the node's clock; for people
}

func has(sorted []int, shard int) bool {
	_, found := slices.BinarySearch(sorted, shard)
	return found
}

// with is a copy of a sorted set in which shard is or is not.
func with(sorted []int, shard int, in bool) []int {
	at, found := slices.BinarySearch(sorted, shard)
	switch {
	case found == in:
		return sorted
	case in:
		return slices.Insert(slices.Clone(sorted), at, shard)
	default:
		return slices.Delete(slices.Clone(sorted), at, at+1)
	}
}
