package etcd

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// wrote notes that the revision is of this process's making.
func (c *Cluster) wrote(revision int64) {
	for {
		known := c.written.Load()
		if revision <= known || c.written.CompareAndSwap(known, revision) {
			return
		}
	}
}

// keepCompacting asks etcd to forget old revisions: each append leaves one of the head key behind, and what Trim
// deletes is there until then. It asks for the revision that was the newest one round ago, and only if this process
// has written since: an owner keeps its own cluster tidy, a standby asks nothing. Several that ask do no harm.
func (c *Cluster) keepCompacting() {
	tick := time.NewTicker(c.config.CompactEvery)
	defer tick.Stop()
	for old := int64(0); ; {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
		}
		now := c.written.Load()
		if now == old {
			continue
		}
		if old > 0 {
			c.compact(old)
		}
		old = now
	}
}

func (c *Cluster) compact(revision int64) {
	err := c.call(c.ctx, func(ctx context.Context) error {
		_, err := c.client.Compact(ctx, revision)
		return err
	})
	if err != nil && !errors.Is(err, rpctypes.ErrCompacted) && c.ctx.Err() == nil {
		c.config.Logger.Warn("etcd was not compacted; it keeps growing until it is", "revision", revision, "error", err)
	}
}
