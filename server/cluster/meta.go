package cluster

import "fmt"

// MaxShards bounds the number of shards of a cluster, as a data directory bounds it.
const MaxShards = 4096

// format is the version of everything below the prefix. Fields may be added to it; another number means that an older
// program would misread what it finds.
const format = 1

// Meta is what all nodes of a cluster must agree on. The first node writes it; it never changes.
type Meta struct {
	Format int    `json:"format"`
	Shards int    `json:"shards"`
	Zone   string `json:"zone"` // in which civil days begin
}

// agree says in which respect a node that wants to join does not fit, or nil.
func (m Meta) agree(prefix string, joining Meta) error {
	switch {
	case m.Format != joining.Format:
		return fmt.Errorf("cluster: %s is kept in format %d, and this program knows format %d", prefix, m.Format, joining.Format)
	case m.Shards != joining.Shards:
		return fmt.Errorf("cluster: %s has %d shards, and this node is told to have %d", prefix, m.Shards, joining.Shards)
	case m.Zone != joining.Zone:
		return fmt.Errorf("cluster: %s reckons its days in %s, and this node in %s", prefix, m.Zone, joining.Zone)
	}
	return nil
}
