package cluster

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// book is what the keys below the prefix say, as a view is made of it. It belongs to the goroutine that watches.
type book struct {
	keys   keys
	meta   Meta
	nodes  map[string]Node
	owners map[int]Owner
	pins   map[int]string
	drains map[string]bool
}

// A record is a key with its value, or without one if the key is gone.
type record struct {
	key     []byte
	value   []byte // nil if the key is gone
	lease   int64
	created int64 // revision
}

func newBook(k keys, meta Meta) *book {
	return &book{
		keys: k, meta: meta, nodes: map[string]Node{}, owners: map[int]Owner{}, pins: map[int]string{}, drains: map[string]bool{},
	}
}

// put takes a record in and says whether a view shows it. A record that cannot be read counts as none, so that one bad key
// does not blind the cluster; the error is for the log.
func (b *book) put(r record) (shown bool, err error) {
	kind, rest := b.keys.split(r.key)
	shard, isShard := shardOf(rest, b.meta.Shards)
	switch {
	case kind == "nodes":
		delete(b.nodes, rest)
		var n Node
		if err = decode(r, &n); err == nil && r.value != nil {
			n.ID, n.lease, n.created = rest, r.lease, r.created
			slices.Sort(n.Warm) // they are looked up by halving, and who wrote them is another program
			slices.Sort(n.Able)
			slices.Sort(n.Unfit)
			b.nodes[rest] = n
		}
	case kind == "owners" && isShard:
		delete(b.owners, shard)
		var o Owner
		if err = decode(r, &o); r.value != nil { // unreadable or not, somebody owns the shard
			o.lease, o.created = r.lease, r.created
			b.owners[shard] = o
		}
	case kind == "pins" && isShard:
		delete(b.pins, shard)
		if r.value != nil {
			b.pins[shard] = string(r.value)
		}
	case kind == "drains":
		delete(b.drains, rest)
		if r.value != nil {
			b.drains[rest] = true
		}
	default:
		return false, nil
	}
	return true, err
}

func decode(r record, into any) error {
	if r.value == nil {
		return nil
	}
	if err := json.Unmarshal(r.value, into); err != nil {
		return fmt.Errorf("cluster: %s does not read as what it should be: %w", r.key, err)
	}
	return nil
}

// view is a snapshot at a revision.
func (b *book) view(revision int64) *View {
	v := &View{
		Revision: revision, Meta: b.meta, replaced: make(chan struct{}),
		owners: make([]Owner, b.meta.Shards), pins: make([]string, b.meta.Shards),
	}
	for _, id := range slices.Sorted(maps.Keys(b.nodes)) {
		v.nodes = append(v.nodes, b.nodes[id])
	}
	for shard, o := range b.owners {
		v.owners[shard] = o
	}
	for shard, id := range b.pins {
		v.pins[shard] = id
	}
	v.drains = slices.Sorted(maps.Keys(b.drains))
	return v
}
