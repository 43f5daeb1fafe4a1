package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Holder is the server, as far as the conductor needs it. Its methods are called for different shards at a time, and never
// for one shard by two goroutines.
type Holder interface {
	// Lead acquires the shard's journal, finishes the tail, and begins to decide. It answers with the journal's epoch.
	// If it fails, or ctx ends, nothing is decided. ctx is about taking over, not about the time after it.
	Lead(ctx context.Context, shard int) (epoch uint64, err error)

	// Release finishes what is queued and stops deciding. When it returns, with an error or without, nothing more will be
	// appended; when ctx ends, what is still queued is given up. A shard that is not led is released by doing nothing.
	Release(ctx context.Context, shard int) error
}

// ended is a session of the holder's that ended by itself.
type ended struct {
	shard int
	epoch uint64
}

// result tells the conductor what a worker did.
type result func(hs *holdings, now time.Time)

// stopWithin is how long the holder has for what is queued once the lease is gone: it can hardly be answered any more.
const stopWithin = time.Second

// conduct has the holder lead what it should, until the session ends or the node leaves; then the holder leads nothing. It
// answers with whether the node has left.
//
// One goroutine decides, and a worker does each thing that it decides on; nothing else changes who leads what.
func (c *Cluster) conduct(s *session) (left bool) {
	hs := newHoldings(c.cfg.ID, int64(s.lease), s.registered, c.cfg.Shards, c.cfg.Settle, jitter)
	results := make(chan result)
	running := 0
	work := func(do func() result) {
		running++
		go func() { results <- do() }()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for s.ctx.Err() == nil {
		v, now := c.View(), time.Now()
		if v.Revision >= s.registered {
			if n, _ := v.Node(c.cfg.ID); n.lease != int64(s.lease) {
				s.end(errErased) // or it expired, and the news of it came first
				break
			}
		}
		actions, wake := hs.decide(v, now)
		for _, a := range actions {
			if a.take {
				work(func() result { return c.take(s, a.shard) })
			} else {
				work(func() result { return c.give(s, a.shard) })
			}
		}
		if hs.leaving && hs.empty() {
			return true
		}
		timer.Reset(c.nextLook(hs, now, wake))
		select {
		case <-s.ctx.Done():
		case <-v.Replaced():
		case <-timer.C:
		case <-c.wake:
		case r := <-results:
			running--
			r(hs, time.Now())
		}
		for _, e := range c.takeEnded() {
			hs.lost(e.shard, e.epoch)
		}
	}
	c.cfg.Logger.Warn("the node is out of the cluster", "node", c.cfg.ID, "reason", context.Cause(s.ctx), "led", len(hs.led()))
	for {
		for _, shard := range hs.led() {
			hs.shards[shard].phase = releasing
			work(func() result { return c.give(s, shard) })
		}
		if running == 0 {
			return false
		}
		r := <-results
		running--
		r(hs, time.Now())
	}
}

// nextLook is how long nothing happens by time alone. It also tells the others what this node is not fit for.
func (c *Cluster) nextLook(hs *holdings, now, wake time.Time) time.Duration {
	shards, until := hs.unfit(now)
	if !slices.Equal(shards, c.self.get().Unfit) {
		c.self.update(func(n *Node) { n.Unfit = shards })
	}
	next := time.Hour
	for _, at := range []time.Time{wake, until} {
		if !at.IsZero() {
			next = min(next, max(0, at.Sub(now)))
		}
	}
	return next
}

// take creates the owner's key, has the holder lead, and writes the epoch into the key.
func (c *Cluster) take(s *session, shard int) result {
	log := c.cfg.Logger.With("shard", shard)
	won, at, err := c.claim(s, shard)
	if err != nil {
		return func(hs *holdings, now time.Time) { hs.failed(shard, 0, now) }
	}
	if !won {
		return func(hs *holdings, _ time.Time) { hs.beaten(shard, at) }
	}
	begun := time.Now()
	leading, cancel := context.WithTimeout(s.ctx, c.cfg.LeadWithin)
	epoch, err := c.cfg.Holder.Lead(leading, shard)
	cancel()
	if err == nil && epoch == 0 {
		err = errors.New("cluster: the holder leads in no epoch")
	}
	if err == nil {
		var revision int64
		if revision, err = c.announce(s, shard, epoch, at); err == nil {
			log.Info("leads", "epoch", epoch, "took", time.Since(begun))
			return func(hs *holdings, now time.Time) { hs.took(shard, epoch, revision, now) }
		}
		c.release(s, shard)
	}
	log.Warn("could not lead", "error", err)
	gone := c.unclaim(s, shard)
	return func(hs *holdings, now time.Time) { hs.failed(shard, gone, now) }
}

// give has the holder stop, and deletes the owner's key, so that whoever is to be next begins at once.
func (c *Cluster) give(s *session, shard int) result {
	c.release(s, shard)
	gone := c.unclaim(s, shard)
	return func(hs *holdings, now time.Time) { hs.gave(shard, gone, now) }
}

// release has the holder stop. It has its time, but little of it once the session is over.
func (c *Cluster) release(s *session, shard int) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), c.cfg.ReleaseWithin)
	defer cancel()
	defer context.AfterFunc(s.ctx, func() { time.AfterFunc(stopWithin, cancel) })()
	begun := time.Now()
	if err := c.cfg.Holder.Release(ctx, shard); err != nil {
		c.cfg.Logger.Warn("released without finishing", "shard", shard, "error", err, "took", time.Since(begun))
		return
	}
	c.cfg.Logger.Info("released", "shard", shard, "took", time.Since(begun))
}

// claim creates the owner's key, and answers with the revision at which it did. If somebody else has the key, it is the one
// that says so.
func (c *Cluster) claim(s *session, shard int) (won bool, at int64, err error) {
	key := c.keys.owner(shard)
	value, err := json.Marshal(Owner{Node: c.cfg.ID, Since: time.Now().UTC()})
	if err != nil {
		return false, 0, err
	}
	resp, err := c.persist(s, clientv3.OpTxn([]clientv3.Cmp{absent(key)},
		[]clientv3.Op{clientv3.OpPut(key, string(value), clientv3.WithLease(s.lease))}, []clientv3.Op{clientv3.OpGet(key)}))
	switch {
	case err != nil:
		return false, 0, err
	case resp.Succeeded:
		return true, resp.Header.Revision, nil
	}
	kv := resp.Responses[0].GetResponseRange().Kvs[0]
	if kv.Lease == int64(s.lease) {
		return true, kv.CreateRevision, nil // by an earlier try
	}
	return false, kv.ModRevision, nil
}

// announce writes the epoch into the owner's key, if it is the one that was claimed at a revision still.
func (c *Cluster) announce(s *session, shard int, epoch uint64, claimed int64) (revision int64, err error) {
	key := c.keys.owner(shard)
	value, err := json.Marshal(Owner{Node: c.cfg.ID, Epoch: epoch, Since: time.Now().UTC()})
	if err != nil {
		return 0, err
	}
	resp, err := c.persist(s, clientv3.OpTxn([]clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(key), "=", claimed)},
		[]clientv3.Op{clientv3.OpPut(key, string(value), clientv3.WithLease(s.lease))}, nil))
	switch {
	case err != nil:
		return 0, err
	case !resp.Succeeded:
		return 0, errors.New("cluster: the owner's key was deleted meanwhile")
	default:
		return resp.Header.Revision, nil
	}
}

// unclaim deletes the owner's key, if it is this session's still, and answers with the revision at which it did (0 if it did
// not). When the session is over the key goes with it.
func (c *Cluster) unclaim(s *session, shard int) (revision int64) {
	key := c.keys.owner(shard)
	resp, err := c.persist(s, clientv3.OpTxn([]clientv3.Cmp{under(key, s.lease)}, []clientv3.Op{clientv3.OpDelete(key)}, nil))
	if err != nil || !resp.Succeeded {
		return 0
	}
	return resp.Header.Revision
}
