package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/ledger/journal/etcd"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

// ErrClusterElsewhere says that a cluster is there already, and has not the book of the data directory.
var ErrClusterElsewhere = errors.New("the cluster has another book, or has gone on from this one")

// Migrate makes a cluster of a data directory on which no server runs: every shard's journal in etcd begins after the last
// entry that the directory has, so that a node that is started on the directory goes on there, and has in its copy what
// others need. Nothing in the directory changes. It may be repeated until all is done; a cluster with another book it leaves
// alone. Tell is told where each shard goes on.
func Migrate(ctx context.Context, dir string, c ClusterConfig, logger *slog.Logger, tell func(shard int, head journal.Head)) (err error) {
	data, err := ReadDataDir(dir)
	if err != nil {
		return err
	}
	heads, err := data.heads(ctx)
	if err != nil {
		return err
	}
	if c, err = c.withDefaults(""); err != nil {
		return err
	}
	n, err := openNode(ctx, c, &router{}, NewMetrics(), logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	if err := n.found(ctx, data.Meta, heads); err != nil {
		return err
	}
	for shard, head := range heads {
		e, err := n.journalsOf(ctx, shard)
		if err != nil {
			return err
		}
		err = e.Begin(ctx, logName(shard), "migrate of "+ownerName(c.Node), head)
		if errors.Is(err, etcd.ErrBegun) {
			return fmt.Errorf("shard %d: %w: %w", shard, ErrClusterElsewhere, err)
		}
		if err != nil {
			return fmt.Errorf("shard %d: %w", shard, err)
		}
		tell(shard, head)
	}
	return nil
}

// heads are where the journals of a data directory end. Each is opened as a server would, so that what a crash left behind is
// settled, and so that no server can be running on it.
func (d *DataDir) heads(ctx context.Context) (heads []journal.Head, err error) {
	for shard := range d.Meta.Shards {
		j, err := bolt.Open(d.JournalDir(shard), bolt.Options{})
		if err != nil {
			return nil, fmt.Errorf("shard %d: %w", shard, err)
		}
		defer j.Close()
		head, err := j.Acquire(ctx, "migrate")
		if err != nil {
			return nil, fmt.Errorf("shard %d: %w", shard, err)
		}
		heads = append(heads, head)
	}
	return heads, nil
}

// found has the cluster agree on what the data directory is, or says in what it differs. The journals are looked at before
// anything is written, so that a cluster which is another one is not given half of this book.
func (n *node) found(ctx context.Context, m Meta, heads []journal.Head) error {
	for shard, head := range heads {
		e, err := n.journalsOf(ctx, shard)
		if err != nil {
			return err
		}
		log, err := e.Open(logName(shard))
		if err != nil {
			return err
		}
		first, next, err := log.Bounds(ctx)
		if err = errors.Join(err, log.Close()); err != nil {
			return fmt.Errorf("shard %d: %w", shard, err)
		}
		if next > 1 && next != head.Next {
			return fmt.Errorf("shard %d: %w: its journal has entries from %d, the last is %d, and the data directory's last is %d",
				shard, ErrClusterElsewhere, first, next-1, head.Next-1)
		}
	}
	registry, err := cluster.Open(n.client, n.config.registry())
	if err != nil {
		return err
	}
	if err := registry.Found(ctx, m.Shards, m.Zone); err != nil {
		return err
	}
	return n.agree(ctx, m.Shards)
}
