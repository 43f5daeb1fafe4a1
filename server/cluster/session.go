package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

var (
	// ErrIDTaken says that another live process is registered under the node's id.
	ErrIDTaken = errors.New("cluster: another node has this id")
	// ErrReplaced says that another process has registered under the node's id since, so that this one is out of the cluster.
	ErrReplaced = errors.New("cluster: another process has taken this node's id")

	errExpired = errors.New("cluster: the lease ended")
	errErased  = errors.New("cluster: the registration was deleted")
)

// session is one registration: a lease, and the node's key under it. When the lease ends the session is over, and with it
// the ownership of everything that was claimed in it. The cluster makes another one and begins anew.
type session struct {
	lease      clientv3.LeaseID
	registered int64 // revision
	ctx        context.Context
	end        context.CancelCauseFunc
	tasks      sync.WaitGroup // that keep it alive and its record up to date
}

// openWithin bounds each step of a registration: who waits for longer had better begin anew, with another lease.
const openWithin = 5 * time.Second

// open makes a lease and registers the node under it. ctx bounds that, and not the session, which lives as long as life.
func (c *Cluster) open(ctx, life context.Context) (*session, error) {
	asking, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	granted := time.Now()
	// Of several that are granted all but one end by themselves, and nothing with them.
	lease, err := insist(asking, usual, func(ctx context.Context) (*clientv3.LeaseGrantResponse, error) {
		return c.client.Grant(ctx, int64((c.cfg.Lease+time.Second-1)/time.Second))
	})
	if err != nil {
		return nil, fmt.Errorf("cluster: getting a lease: %w", err)
	}
	s := &session{lease: lease.ID}
	s.ctx, s.end = context.WithCancelCause(life)
	s.tasks.Go(func() { s.end(c.keepAlive(s, granted, time.Duration(lease.TTL)*time.Second)) })
	s.registered, err = c.register(ctx, s)
	if err != nil {
		s.end(err)
		c.close(s)
		return nil, err
	}
	s.tasks.Go(func() { s.end(c.describe(s)) })
	return s, nil
}

// close ends a session and, if etcd can be reached, its lease.
func (c *Cluster) close(s *session) {
	s.end(errExpired)
	s.tasks.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := c.revoke(ctx, s.lease); err != nil {
		c.cfg.Logger.Warn("a lease is left to end by itself", "error", err)
	}
}

// keepAlive renews the lease until it ends, and says why it ended. A process that was stopped finds by its own clock that the
// time is over.
func (c *Cluster) keepAlive(s *session, renewed time.Time, ttl time.Duration) error {
	for pause(s.ctx, time.Until(renewed.Add(ttl/3))) {
		ctx, cancel := context.WithDeadlineCause(s.ctx, renewed.Add(ttl), errExpired)
		// Twenty tries in a lease: if one member of three swallows its share, whichever that is, others have a dozen left.
		last, err := insist(ctx, pace{ttl / 20, ttl / 20}, func(ctx context.Context) (renewal, error) { return c.renew(ctx, s.lease) })
		cancel()
		switch {
		case err == nil:
			renewed, ttl = last.asked, last.ttl
		case s.ctx.Err() != nil:
			return context.Cause(s.ctx)
		default:
			return errExpired
		}
	}
	return context.Cause(s.ctx)
}

// renewal is for how long the lease goes on, at the least from when it was asked for.
type renewal struct {
	asked time.Time
	ttl   time.Duration
}

// renew renews a lease once. The client's own KeepAliveOnce tries again without a rest while no member can be reached.
func (c *Cluster) renew(ctx context.Context, lease clientv3.LeaseID) (renewal, error) {
	asked := time.Now()
	stream, err := pb.NewLeaseClient(c.client.ActiveConnection()).LeaseKeepAlive(clientv3.WithRequireLeader(ctx))
	if err != nil {
		return renewal{}, err
	}
	if err := stream.Send(&pb.LeaseKeepAliveRequest{ID: int64(lease)}); err != nil {
		return renewal{}, err
	}
	resp, err := stream.Recv()
	if err != nil {
		return renewal{}, err
	}
	if resp.TTL <= 0 {
		return renewal{}, rpctypes.ErrLeaseNotFound
	}
	return renewal{asked, time.Duration(resp.TTL) * time.Second}, nil
}

// register puts the node's key under the lease. What is found in its place decides what happens:
//   - an earlier registration of this process: it is ended;
//   - another process at the same address: that one is gone, or else this one could not listen there, so its registration is
//     ended, and a node that is started anew does not wait for its own lease;
//   - another process, though this one was registered before: this one has been replaced;
//   - another process somewhere else: if it lives on for two leases, the id is taken.
func (c *Cluster) register(ctx context.Context, s *session) (revision int64, err error) {
	key := c.keys.node(c.cfg.ID)
	self := c.self.get()
	var patience time.Time
	for {
		value, err := json.Marshal(self)
		if err != nil {
			return 0, err
		}
		calling, cancel := context.WithTimeout(ctx, openWithin)
		resp, err := insist(calling, usual, func(ctx context.Context) (*clientv3.TxnResponse, error) {
			return c.client.Txn(ctx).If(absent(key)).
				Then(clientv3.OpPut(key, string(value), clientv3.WithLease(s.lease))).Else(clientv3.OpGet(key)).Commit()
		})
		cancel()
		if err != nil {
			return 0, fmt.Errorf("cluster: registering: %w", err)
		}
		if resp.Succeeded {
			return resp.Header.Revision, nil
		}
		kv := resp.Responses[0].GetResponseRange().Kvs[0]
		var other Node
		if err := json.Unmarshal(kv.Value, &other); err != nil {
			return 0, fmt.Errorf("cluster: %s does not read as what it should be: %w", key, err)
		}
		switch {
		case clientv3.LeaseID(kv.Lease) == s.lease:
			return kv.CreateRevision, nil
		case other.Process == self.Process, !c.joined && other.Address == self.Address:
			err = c.evict(ctx, clientv3.LeaseID(kv.Lease))
		case c.joined:
			return 0, fmt.Errorf("%w: %s at %s", ErrReplaced, c.cfg.ID, other.Address)
		case patience.IsZero():
			patience = time.Now().Add(2 * c.cfg.Lease)
		case time.Now().After(patience):
			return 0, fmt.Errorf("%w: %s at %s, started %s", ErrIDTaken, c.cfg.ID, other.Address, other.Started.Format(time.RFC3339))
		}
		if err != nil {
			return 0, err
		}
		if !patience.IsZero() && !pause(ctx, 100*time.Millisecond) {
			return 0, ctx.Err()
		}
	}
}

// evict ends another registration, and so everything that it owned.
func (c *Cluster) evict(ctx context.Context, lease clientv3.LeaseID) error {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	if err := c.revoke(ctx, lease); err != nil {
		return fmt.Errorf("cluster: ending an earlier registration: %w", err)
	}
	return nil
}

// revoke ends a lease, unless it has ended.
func (c *Cluster) revoke(ctx context.Context, lease clientv3.LeaseID) error {
	_, err := insist(ctx, usual, func(ctx context.Context) (*clientv3.LeaseRevokeResponse, error) { return c.client.Revoke(ctx, lease) })
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return nil
	}
	return err
}

// describe writes the node's record whenever it changes. Changes that come together are written together.
func (c *Cluster) describe(s *session) error {
	written := s.registered
	for {
		select {
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case <-c.self.changed:
		}
		value, err := json.Marshal(c.self.get())
		if err != nil {
			return err
		}
		if written, err = c.rewrite(s, value, written); err != nil {
			return err
		}
	}
}

// rewrite writes the node's record, which was last written at a revision, and answers with the revision at which it is now.
func (c *Cluster) rewrite(s *session, value []byte, written int64) (int64, error) {
	for {
		resp, err := c.persist(s, rewriting(c.keys.node(c.cfg.ID), value, s.lease, written))
		if err != nil {
			return 0, context.Cause(s.ctx)
		}
		if resp.Succeeded {
			return resp.Header.Revision, nil
		}
		found := resp.Responses[0].GetResponseRange().Kvs
		if len(found) == 0 || clientv3.LeaseID(found[0].Lease) != s.lease {
			return 0, errErased
		}
		written = found[0].ModRevision
		if bytes.Equal(found[0].Value, value) {
			return written, nil // by an earlier try, whose answer was not waited for
		}
	}
}

// rewriting is the transaction for that. One that arrives once more, after others, changes nothing.
func rewriting(key string, value []byte, lease clientv3.LeaseID, written int64) clientv3.Op {
	return clientv3.OpTxn([]clientv3.Cmp{under(key, lease), clientv3.Compare(clientv3.ModRevision(key), "=", written)},
		[]clientv3.Op{clientv3.OpPut(key, string(value), clientv3.WithLease(lease))}, []clientv3.Op{clientv3.OpGet(key)})
}

// under is the condition that a key is there, and is this session's.
func under(key string, lease clientv3.LeaseID) clientv3.Cmp {
	return clientv3.Compare(clientv3.LeaseValue(key), "=", int64(lease))
}

// persist carries out a transaction again and again until it is known to have been carried out, or the session ends. So
// the transaction must be one that can be.
func (c *Cluster) persist(s *session, txn clientv3.Op) (*clientv3.TxnResponse, error) {
	resp, err := insist(s.ctx, usual, func(ctx context.Context) (clientv3.OpResponse, error) { return c.client.Do(ctx, txn) })
	if err == nil {
		return resp.Txn(), nil
	}
	if errors.Is(err, rpctypes.ErrLeaseNotFound) {
		s.end(errExpired)
	}
	return nil, err
}

// self is what the node says of itself. Safe for concurrent use.
type self struct {
	mu      sync.Mutex
	node    Node
	changed chan struct{} // holds one signal
}

// get is a copy; its sets are never changed in place.
func (s *self) get() Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.node
}

func (s *self) update(change func(*Node)) {
	s.mu.Lock()
	change(&s.node)
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default: // whoever takes the signal that is there already sees this change, too
	}
}
