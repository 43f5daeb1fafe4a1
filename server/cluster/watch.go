package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
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
	asking, stop := context.WithTimeout(ctx, openWithin)
	defer stop()
	now, err := insist(asking, usual, c.read)
	if err != nil {
		return err
	}
	for _, err := range now.bad {
		c.cfg.Logger.Error("a key of the cluster is ignored", "error", err)
	}
	c.publish(now.view())
	s, err := c.stream(asking, ctx, now.revision+1)
	if err != nil {
		return err
	}
	defer s.end()

	silence := time.AfterFunc(c.cfg.Lease, func() { cancel(errSilent) })
	defer silence.Stop()
	ask := time.NewTicker(c.cfg.Lease / 3)
	defer ask.Stop()
	for {
		select {
		case resp, ok := <-s.changes:
			if !ok {
				return errors.Join(context.Cause(ctx), errors.New("cluster: the stream of changes ended"))
			}
			if err := resp.Err(); err != nil {
				return err
			}
			silence.Reset(c.cfg.Lease)
			c.fold(now.book, resp.Events)
		case <-ask.C:
			// A connection that swallows everything looks like a cluster in which nothing happens. So it is asked.
			if err := s.watcher.RequestProgress(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// stream is a stream of changes that a member has begun.
type stream struct {
	watcher clientv3.Watcher // of this stream alone, so that to begin anew is to choose a connection anew
	changes clientv3.WatchChan
	end     func()
}

// stream begins a stream of the changes from a revision on, which lives as long as life. A member that does not answer costs
// little time: others are asked as well, and the first whose stream has begun is kept.
func (c *Cluster) stream(ctx, life context.Context, from int64) (*stream, error) {
	var first atomic.Pointer[stream]
	_, err := insist(ctx, usual, func(ctx context.Context) (*stream, error) {
		living, cancel := context.WithCancel(life)
		s := &stream{watcher: clientv3.NewWatcher(c.client)}
		s.end = func() {
			cancel()
			_ = s.watcher.Close() // that it ends is all that is asked of it
		}
		live := context.AfterFunc(ctx, cancel)
		s.changes = s.watcher.Watch(living, c.keys.prefix, clientv3.WithPrefix(), clientv3.WithRev(from)) // waits for an answer
		if !live() || !first.CompareAndSwap(nil, s) {
			s.end()
			return nil, errSilent
		}
		return s, nil
	})
	if s := first.Load(); s != nil {
		return s, nil // begun, even if ctx ended at the same time
	}
	return nil, err
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
