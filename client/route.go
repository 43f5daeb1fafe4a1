package client

import "strings"

// ShardOf is the shard of an account, and of everything whose id begins with its account's, and whether the id has one.
// The three characters after the underscore are a number in Crockford's base 32, and a quarter of it is the shard.
func ShardOf(id string) (shard int, ok bool) {
	at := strings.IndexByte(id, '_') + 1
	if at == 0 || len(id) < at+3 {
		return 0, false
	}
	a, b, c := digits[id[at]], digits[id[at+1]], digits[id[at+2]]
	if a|b|c >= noDigit {
		return 0, false
	}
	return (int(a)<<10 | int(b)<<5 | int(c)) >> 2, true
}

// noDigit is above every digit, and stays so when digits are put to it.
const noDigit = 0x80

// digits are the values of Crockford's digits, lower case as the server writes them.
var digits = func() (values [256]byte) {
	for i := range values {
		values[i] = noDigit
	}
	for i, c := range []byte("0123456789abcdefghjkmnpqrstvwxyz") {
		values[c] = byte(i)
	}
	return values
}()

// view is what calls are routed by: a topology with the nodes themselves in place of their names. It never changes; a
// newer one takes its place.
type view struct {
	// known says that a server has told, if only that it is alone or does not know of clusters.
	known    bool
	revision int64
	owners   []*node   // by shard; nil while nobody decides, or nobody that can be reached. Empty without a cluster.
	warm     [][]*node // by shard: the nodes that have caught up, which answer local reads
	all      []*node   // for what belongs to no shard; never empty
}

// clustered tells whether there is a choice.
func (v *view) clustered() bool { return len(v.owners) > 0 }

// owner is the node that decides for what an id belongs to, or nil.
func (v *view) owner(key string) *node {
	if shard, ok := ShardOf(key); ok && shard < len(v.owners) {
		return v.owners[shard]
	}
	return nil
}

// route chooses the node for one attempt of a call on what key names, "" for what belongs to no shard. It is the owner
// unless that one failed or is to be avoided, and then another, which sends the call on to whom it takes for the owner.
// A local read goes to any node that has caught up.
func (f *fleet) route(key string, avoid *node, local bool) *node {
	v := f.view.Load()
	if !v.clustered() {
		return f.anyOf(v.all, avoid)
	}
	shard, ok := ShardOf(key)
	if !ok || shard >= len(v.owners) {
		return f.anyOf(v.all, avoid)
	}
	if local && len(v.warm[shard]) > 0 {
		if n := f.anyOf(v.warm[shard], avoid); n != avoid && !n.down(f.opts.now) {
			return n
		}
	}
	if n := v.owners[shard]; n != nil && n != avoid && !n.down(f.opts.now) {
		return n
	}
	f.refresh(aroundRest) // the node that sends the call on may know more, and on a stream its answer does not say so
	return f.anyOf(v.all, avoid)
}

// anyOf is a node whose turn it is: one that is up and not to be avoided, else one that is not to be avoided, else any.
func (f *fleet) anyOf(nodes []*node, avoid *node) *node {
	if len(nodes) == 1 {
		return nodes[0]
	}
	turn := int(f.turn.Add(1) % uint32(len(nodes)))
	second := nodes[turn]
	for i := range nodes {
		n := nodes[(turn+i)%len(nodes)]
		switch {
		case n == avoid:
		case !n.down(f.opts.now):
			return n
		case second == avoid:
			second = n
		}
	}
	return second
}
