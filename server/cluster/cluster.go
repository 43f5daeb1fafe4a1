package cluster

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// ErrMeta says that a node does not fit into the cluster that it wants to join; what it wraps says why.
var ErrMeta = errors.New("cluster: this node does not fit")

// Config is what a node is told. Client, Prefix, ID, Address, Shards and Holder must be given.
type Config struct {
	Client  *clientv3.Client // stays the caller's, and must outlive the Cluster
	Prefix  string           // of all keys, such as /holdfast/NAME
	ID      string           // of the node, the same after each start
	Address string           // at which other nodes and clients reach its API
	Version string           // of the program, for people
	Setup   Setup            // what the node was started with, for the others to compare
	Shards  int              // of the cluster, fixed for ever
	Zone    string           // in which civil days begin, fixed for ever
	Holder  Holder
	Logger  *slog.Logger // slog.Default by default

	// Lease is how long a node that does not answer keeps its shards, in whole seconds; 3 s by default. etcd grants no less
	// than one and a half times its election timeout, 2 s unless told otherwise.
	Lease time.Duration
	// Settle is how long a node must have been preferred to an owner before a shard moves to it; 1 s by default.
	Settle time.Duration
	// LeadWithin bounds Holder.Lead, 1 min by default, and ReleaseWithin Holder.Release, 10 s by default.
	LeadWithin, ReleaseWithin time.Duration
}

func (cfg *Config) check() error {
	defaults := []struct {
		d     *time.Duration
		value time.Duration
	}{{&cfg.Lease, 3 * time.Second}, {&cfg.Settle, time.Second}, {&cfg.LeadWithin, time.Minute}, {&cfg.ReleaseWithin, 10 * time.Second}}
	for _, def := range defaults {
		if *def.d == 0 {
			*def.d = def.value
		}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	switch {
	case cfg.Client == nil || cfg.Holder == nil:
		return errors.New("cluster: a node needs a client of etcd and a holder")
	case cfg.Shards < 1 || cfg.Shards > MaxShards:
		return fmt.Errorf("cluster: want 1 to %d shards, have %d", MaxShards, cfg.Shards)
	case cfg.Address == "":
		return errors.New("cluster: a node needs an address at which the others reach it")
	case cfg.Lease < time.Second || cfg.Settle < 0 || cfg.LeadWithin < 0 || cfg.ReleaseWithin < 0:
		return errors.New("cluster: want a lease of at least a second, and no negative times")
	}
	return checkID(cfg.ID)
}

// Cluster is a node's part in a cluster: it is registered, knows the others, and has its holder lead what it should.
// Safe for concurrent use.
type Cluster struct {
	*Registry
	cfg    Config
	self   self
	view   atomic.Pointer[View]
	joined bool // owned by Join, then by run

	mu    sync.Mutex
	ended []ended       // sessions of the holder, for the conductor
	wake  chan struct{} // holds one signal: there are some

	live   atomic.Bool
	cancel context.CancelFunc
	done   chan struct{}
	err    error // owned by run until done is closed
}

// Join registers a node and begins to conduct its holder. ctx bounds the joining, which is tried until then; the node stays
// until Leave. It owns nothing before it says what it is warm for.
//
// ErrMeta says that it does not fit, ErrIDTaken that another live node has its id.
func Join(ctx context.Context, cfg Config) (*Cluster, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	registry, err := Open(cfg.Client, cfg.Prefix)
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.Background())
	c := &Cluster{
		Registry: registry, cfg: cfg, cancel: cancel, done: make(chan struct{}), wake: make(chan struct{}, 1),
		self: self{changed: make(chan struct{}, 1), node: Node{
			ID: cfg.ID, Address: cfg.Address, Version: cfg.Version, Setup: cfg.Setup, Started: time.Now().UTC(), Process: rand.Text(),
		}},
	}
	first, err := c.enter(ctx, life)
	if err != nil {
		cancel()
		return nil, err
	}
	c.joined = true
	go c.run(life, first)
	return c, nil
}

// enter agrees with the cluster, reads it, and registers, with patience for an etcd that does not answer yet.
func (c *Cluster) enter(ctx, life context.Context) (s *session, err error) {
	for failures := 0; ; failures++ {
		s, err = c.tryEnter(ctx, life)
		if err == nil || errors.Is(err, ErrMeta) || errors.Is(err, ErrIDTaken) {
			return s, err
		}
		if !pause(ctx, jitter(doubled(50*time.Millisecond, failures, time.Second))) {
			return nil, errors.Join(ctx.Err(), err)
		}
	}
}

func (c *Cluster) tryEnter(ctx, life context.Context) (*session, error) {
	if err := c.found(ctx, Meta{Format: format, Shards: c.cfg.Shards, Zone: c.cfg.Zone}); err != nil {
		return nil, err
	}
	reading, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	now, err := insist(reading, usual, c.read)
	if err != nil {
		return nil, err
	}
	c.publish(now.view())
	return c.open(ctx, life)
}

// run is the life of a node: one session after the other, until it leaves or is replaced.
func (c *Cluster) run(life context.Context, s *session) {
	defer close(c.done)
	watching, stop := context.WithCancel(life)
	var watcher sync.WaitGroup
	watcher.Go(func() { c.watch(watching) })
	defer watcher.Wait()
	defer stop()
	for {
		c.live.Store(true)
		left := c.conduct(s)
		c.live.Store(false)
		c.close(s)
		if left || life.Err() != nil {
			return
		}
		var err error
		if s, err = c.reopen(life); err != nil {
			if life.Err() != nil {
				return
			}
			c.err = err
			c.cfg.Logger.Error("the node does not come back into the cluster", "error", err)
			return
		}
		c.cfg.Logger.Info("the node is in the cluster again", "node", c.cfg.ID)
	}
}

// reopen registers again, for as long as it takes.
func (c *Cluster) reopen(life context.Context) (*session, error) {
	for failures := 0; ; failures++ {
		s, err := c.open(life, life)
		if err == nil || errors.Is(err, ErrReplaced) {
			return s, err
		}
		if !pause(life, jitter(doubled(50*time.Millisecond, failures, time.Second))) {
			return nil, context.Cause(life)
		}
	}
}

// View is the cluster as far as this node has heard. It is cheap: ask for it on each call.
func (c *Cluster) View() *View { return c.view.Load() }

// Await waits until a view is as it should be, and answers with it, or with the error of ctx.
func (c *Cluster) Await(ctx context.Context, ok func(*View) bool) (*View, error) {
	for {
		v := c.View()
		if ok(v) {
			return v, nil
		}
		select {
		case <-v.Replaced():
		case <-ctx.Done():
			return v, ctx.Err()
		}
	}
}

// Live says whether the node is registered, as far as it knows. One that is not leads nothing.
func (c *Cluster) Live() bool { return c.live.Load() }

// Done is closed when the node is out of the cluster for good. Err says why.
func (c *Cluster) Done() <-chan struct{} { return c.done }

// Err is nil after Leave, and ErrReplaced if another process has the node's id. It is nil before Done is closed.
func (c *Cluster) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// SetWarm says whether the node's replica of a shard is caught up. A node whose copy of an empty log is empty is warm. It
// is told to the others soon, and holds across registrations.
func (c *Cluster) SetWarm(shard int, warm bool) {
	c.self.update(func(n *Node) { n.Warm = with(n.Warm, shard, warm) })
}

// SetAble says whether the node could lead a shard although its replica is behind: the journal still has what it lacks. Such
// a node is asked when no warm one is there.
func (c *Cluster) SetAble(shard int, able bool) {
	c.self.update(func(n *Node) { n.Able = with(n.Able, shard, able) })
}

// ReportReplica says up to which sequence this node's own archive and state of a shard are durable. Trimming relies on it,
// and it stays when the node is gone, until Forget.
func (c *Cluster) ReportReplica(ctx context.Context, shard int, sequence uint64) error {
	value, err := json.Marshal(Replica{Node: c.cfg.ID, Sequence: sequence, At: time.Now().UTC()})
	if err != nil {
		return err
	}
	_, err = c.client.Put(ctx, c.keys.replica(shard, c.cfg.ID), string(value))
	return err
}

// Lost says that the holder's session of a shard ended by itself: it was fenced, or an append's outcome is unknown. The node
// gives the shard up and competes for it again.
func (c *Cluster) Lost(shard int, epoch uint64) {
	c.mu.Lock()
	c.ended = append(c.ended, ended{shard: shard, epoch: epoch})
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *Cluster) takeEnded() []ended {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.ended
	c.ended = nil
	return taken
}

// Leave gives every shard to others, finishes what is queued, and ends the registration. When ctx ends first, what is still
// queued is given up. It answers as Err does.
func (c *Cluster) Leave(ctx context.Context) error {
	c.self.update(func(n *Node) { n.Leaving = true })
	select {
	case <-c.done:
	case <-ctx.Done():
		c.cancel()
		<-c.done
	}
	c.cancel()
	return c.err
}
