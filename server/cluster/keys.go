package cluster

import (
	"fmt"
	"strconv"
	"strings"
)

// keys are the names of everything that a cluster keeps in etcd, below its prefix:
//
//	meta                      what all nodes must agree on
//	nodes/<id>                a node, under its lease
//	owners/<shard>            who owns the shard, under that node's lease
//	pins/<shard>              the node that an operator wants to own the shard
//	journals                  in which etcd clusters the shards' journals are
//	drains/<id>               a node that an operator wants to own nothing
//	replicas/<shard>/<id>     up to where a node's own copy of the shard is durable
//
// Shards have no leading zeros: nothing depends on the order of the keys.
type keys struct{ prefix string }

// newKeys takes a prefix with or without a slash at its end.
func newKeys(prefix string) (keys, error) {
	trimmed := strings.TrimSuffix(prefix, "/")
	if !strings.HasPrefix(trimmed, "/") || trimmed == "/" {
		return keys{}, fmt.Errorf("cluster: want a prefix like /holdfast/NAME, have %q", prefix)
	}
	return keys{prefix: trimmed + "/"}, nil
}

func (k keys) meta() string                        { return k.prefix + "meta" }
func (k keys) journals() string                    { return k.prefix + "journals" }
func (k keys) node(id string) string               { return k.prefix + "nodes/" + id }
func (k keys) owner(shard int) string              { return k.prefix + "owners/" + strconv.Itoa(shard) }
func (k keys) pins() string                        { return k.prefix + "pins/" }
func (k keys) pin(shard int) string                { return k.pins() + strconv.Itoa(shard) }
func (k keys) drain(id string) string              { return k.prefix + "drains/" + id }
func (k keys) replicas() string                    { return k.prefix + "replicas/" }
func (k keys) shard(shard int) string              { return k.replicas() + strconv.Itoa(shard) + "/" }
func (k keys) replica(shard int, id string) string { return k.shard(shard) + id }

// split cuts a key into its kind and what follows it: "nodes" and "a", "replicas" and "3/a", "meta" and nothing.
func (k keys) split(key []byte) (kind, rest string) {
	kind, rest, _ = strings.Cut(strings.TrimPrefix(string(key), k.prefix), "/")
	return kind, rest
}

// shardOf reads the number of a shard as keys have it, and refuses every other way of writing it.
func shardOf(text string, shards int) (int, bool) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n >= shards || strconv.Itoa(n) != text {
		return 0, false
	}
	return n, true
}

// checkID says what is wrong with a node's id. It becomes part of keys, so it has no slash.
func checkID(id string) error {
	valid := len(id) >= 1 && len(id) <= 64
	for _, c := range []byte(id) {
		valid = valid && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-')
	}
	if !valid {
		return fmt.Errorf("cluster: want a node id of 1 to 64 characters of A-Z a-z 0-9 . _ -, have %q", id)
	}
	return nil
}
