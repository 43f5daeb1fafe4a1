package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// watch keeps the view up to date until ctx ends. Whenever the stream of changes breaks, because the member at the other end
// went away, lost its leader, or has compacted what was to come next, everything is read again and the stream begun anew.
func (c *Cluster) watch(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; failures++ {
		before := c.view.Load()
		err := c.follow(ctx)
		if c.view.Load() != before {
			failures = 0
		}
		if ctx.Err() == nil {
			c.cfg.Logger.Warn("the cluster's changes are read anew", "error", err)
			pause(ctx, jitter(doubled(10*time.Millisecond, failures, time.Second)))
		}
	}
}

// errSilent says that the stream of changes told nothing for too long, not even that there was nothing to tell.
var errSilent = errors.New("cluster: the stream of changes is silent")

// follow reads everything and then what changes, and publishes a view for each change. It always ends with an error.
func (c *Cluster) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(clientv3.WithRequireLeader(ctx))
	defer cancel(nil)
	reading, stop := context.WithTimeout(ctx, callWithin)
	b, revision, bad, err := c.read(reading)
	stop()
	if err != nil {
		return err
	}
	for _, err := range bad {
		c.cfg.Logger.Error("a key of the cluster is ignored", "error", err)
	}
	c.publish(b.view(revision))

	watcher := clientv3.NewWatcher(c.client) // with a connection's stream of its own, so that to begin anew is to choose anew
	defer watcher.Close()
	silence := time.AfterFunc(c.cfg.Lease, func() { cancel(errSilent) }) // also of Watch, which waits for an answer
	defer silence.Stop()
	changes := watcher.Watch(ctx, c.keys.prefix, clientv3.WithPrefix(), clientv3.WithRev(revision+1))
	ask := time.NewTicker(c.cfg.Lease / 3)
	defer ask.Stop()
	for {
		select {
		case resp, ok := <-changes:
			if !ok {
				return errors.Join(context.Cause(ctx), errors.New("cluster: the stream of changes ended"))
			}
			if err := resp.Err(); err != nil {
				return err
			}
			silence.Reset(c.cfg.Lease)
			c.fold(b, resp.Events)
		case <-ask.C:
			// A connection that swallows everything looks like a cluster in which nothing happens. So it is asked.
			if err := watcher.RequestProgress(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// fold takes changes in, and publishes a view if they show in one. All changes of a revision arrive together.
func (c *Cluster) fold(b *book, events []*clientv3.Event) {
	shown := false
	for _, ev := range events {
		r := record{key: ev.Kv.Key, lease: ev.Kv.Lease, created: ev.Kv.CreateRevision}
		if ev.Type != clientv3.EventTypeDelete {
			r.value = ev.Kv.Value
		}
		shows, err := b.put(r)
		if err != nil {
			c.cfg.Logger.Error("a key of the cluster is ignored", "error", err)
		}
		shown = shown || shows
	}
	if shown {
		// Not the revision of the response, which may be ahead of what it carries.
		c.publish(b.view(events[len(events)-1].Kv.ModRevision))
	}
}

func (c *Cluster) publish(v *View) {
	if old := c.view.Swap(v); old != nil {
		close(old.replaced)
	}
}

// pause waits, and says whether ctx went on meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jitter is between half of d and d, so that nodes that failed together do not try together.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1)
}
