package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/ledger/journal/etcd"
	"github.com/holdfast-credit/holdfast/ledger/journal/replica"
	"github.com/holdfast-credit/holdfast/ledger/writer"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

// ClusterConfig is how a server takes part in a cluster, whose journals are in etcd.
type ClusterConfig struct {
	Endpoints []string    // members of etcd, host:port
	TLS       *tls.Config // towards etcd; nil for none
	Username  string      // at etcd
	Password  string

	Name      string        // of the cluster, in etcd's keys; default "default"
	Node      string        // this node's id, the same after each start
	Advertise string        // where the other nodes and clients reach the API; default where it listens
	Lease     time.Duration // how long a node that does not answer keeps its shards; default 3 s
	Copies    int           // nodes that must have an entry on disk before etcd forgets it; default 2
	Tail      uint64        // entries that etcd keeps all the same, for nodes that were away for a moment; default 10,000

	// Journals are where the journals of some shards are, if not in the etcd cluster of the endpoints above, which always has
	// the registry. One etcd cluster writes so much and no more; shards in another do not compete with those in the first.
	Journals []JournalsIn

	Peers PeerConfig
}

// JournalsIn says in which etcd cluster the journals of some shards are, with the same TLS and user as the first.
type JournalsIn struct {
	First, Last int      // shards
	Endpoints   []string // host:port
}

func (c ClusterConfig) withDefaults(listen string) (ClusterConfig, error) {
	if c.Name == "" {
		c.Name = "default"
	}
	if c.Advertise == "" {
		c.Advertise = listen
	}
	if c.Copies == 0 {
		c.Copies = 2
	}
	if c.Tail == 0 {
		c.Tail = 10_000
	}
	switch {
	case len(c.Endpoints) == 0:
		return c, errors.New("cluster: no endpoint of etcd is given")
	case c.Node == "":
		return c, errors.New("cluster: the node needs an id")
	case c.Copies < 1:
		return c, fmt.Errorf("cluster: want 1 copy or more, have %d", c.Copies)
	}
	return c, nil
}

// registry and journals are what the keys of a cluster begin with. Neither lies within the other: the registry is watched whole.
func (c *ClusterConfig) registry() string { return "/holdfast/" + c.Name + "/registry" }
func (c *ClusterConfig) journals() string { return "/holdfast/" + c.Name + "/journals/" }

// logName is what a shard's journal is called in etcd.
func logName(shard int) string { return fmt.Sprintf("shard-%04d", shard) }

// node is this server in its cluster: it follows every shard, leads those that the cluster gives it, and knows who leads the
// others. It implements cluster.Holder.
type node struct {
	config  ClusterConfig
	logger  *slog.Logger
	router  *router
	etcds   map[string]*etcd.Cluster // by their endpoints
	client  *clientv3.Client         // of the registry, apart from the journals' so that neither holds up the other
	logs    []*etcd.Journal
	copies  []*replica.Journal
	bounds  []*bounds // of the logs
	peers   *peers
	metrics *clusterMetrics
	cluster atomic.Pointer[cluster.Cluster] // nil until joined
	stop    context.CancelFunc
	done    chan struct{}
	left    chan struct{} // closed once the node is out of the cluster, and sees it no longer
}

var _ cluster.Holder = (*node)(nil)

// openNode connects to etcd, without joining the cluster yet.
func openNode(ctx context.Context, c ClusterConfig, r *router, m *Metrics, logger *slog.Logger) (_ *node, err error) {
	n := &node{config: c, logger: logger, router: r, etcds: map[string]*etcd.Cluster{}, done: make(chan struct{}), left: make(chan struct{})}
	n.metrics = newClusterMetrics(n, m.Registry)
	close(n.done) // nothing runs yet
	n.stop = func() {}
	n.client, err = clientv3.New(clientv3.Config{
		Endpoints: c.Endpoints, TLS: c.TLS, Username: c.Username, Password: c.Password, DialTimeout: 5 * time.Second,
		DialKeepAliveTime: 10 * time.Second, DialKeepAliveTimeout: 3 * time.Second, Logger: zap.NewNop(),
	})
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	n.peers = newPeers(n)
	return n, nil
}

// journalsOf is the etcd cluster in which a shard's journal is.
func (n *node) journalsOf(ctx context.Context, shard int) (*etcd.Cluster, error) {
	endpoints := n.config.Endpoints
	for _, in := range n.config.Journals {
		if in.First <= shard && shard <= in.Last {
			endpoints = in.Endpoints
		}
	}
	key := strings.Join(endpoints, ",")
	if n.etcds[key] != nil {
		return n.etcds[key], nil
	}
	e, err := etcd.Connect(ctx, etcd.Config{
		Endpoints: endpoints, TLS: n.config.TLS, Username: n.config.Username, Password: n.config.Password, Prefix: n.config.journals(), Logger: n.logger,
	})
	if err == nil {
		n.etcds[key] = e
	}
	return e, err
}

// health asks the members of all etcd clusters how they are: first those of the one that has the registry.
func (n *node) health(ctx context.Context) []cluster.Member {
	all := []cluster.Etcd{n.client}
	registry := strings.Join(n.config.Endpoints, ",")
	for _, key := range slices.Sorted(maps.Keys(n.etcds)) {
		if key != registry {
			all = append(all, n.etcds[key])
		}
	}
	return cluster.Health(ctx, all...)
}

// agree makes sure that the other nodes look for the journals in the same places.
func (n *node) agree(ctx context.Context, shards int) error {
	var at []cluster.JournalsAt
	for shard := range shards {
		e, err := n.journalsOf(ctx, shard)
		if err != nil {
			return err
		}
		id, err := e.ID(ctx)
		if err != nil {
			return err
		}
		if last := len(at) - 1; last >= 0 && at[last].Etcd == id {
			at[last].Last = shard
			continue
		}
		at = append(at, cluster.JournalsAt{First: shard, Last: shard, Etcd: id})
	}
	registry, err := cluster.Open(n.client, n.config.registry())
	if err != nil {
		return err
	}
	return registry.AgreeOnJournals(ctx, at)
}

// openShard opens a shard as a standby: its log in etcd, and the copy of it and the state in the data directory. A node that
// has no state yet gets a peer's.
func (n *node) openShard(ctx context.Context, data *DataDir, shard int, c writer.Config, progress func(done, total uint64)) (*writer.Writer, error) {
	e, err := n.journalsOf(ctx, shard)
	if err != nil {
		return nil, err
	}
	log, err := e.Open(logName(shard))
	if err != nil {
		return nil, err
	}
	copied, err := bolt.Open(data.JournalDir(shard), bolt.Options{Logger: n.logger})
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	j, err := replica.Open(ctx, replica.Options{Log: log, Copy: copied, Peer: n.peers.journal(shard), Logger: n.logger.With("shard", shard)})
	if err != nil {
		return nil, err
	}
	if err := isCopy(ctx, j.End(), log); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	if err := n.peers.fetchState(ctx, shard, data.StatePath(shard)); err != nil {
		n.logger.Info("no peer has a state to begin with; it is built from the journal", "shard", shard, "reason", err)
	}
	c.Journal = j
	c.OnLost = func(err error) { n.lost(shard, err) }
	w, err := writer.Stand(ctx, c, progress)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	n.logs, n.copies, n.bounds = append(n.logs, log), append(n.copies, j), append(n.bounds, new(bounds))
	return w, nil
}

// isCopy refuses a copy that is ahead of its log, or ends where that ends with another entry: no copy does. One that is behind
// finds out when it goes on, since it follows the chain.
func isCopy(ctx context.Context, have journal.Head, log *etcd.Journal) error {
	end, err := log.End(ctx)
	switch {
	case err != nil:
		return err
	case have.Next > end.Next:
		return fmt.Errorf("the data directory has entries up to %d, and the cluster's journal ends at %d: it is of another book, or it wants holdfast migrate first",
			have.Next-1, end.Next-1)
	case have.Next == end.Next && have.Hash != end.Hash:
		return fmt.Errorf("the data directory's entry %d is not that of the cluster's journal: it is of another book", have.Next-1)
	}
	return nil
}

// join makes the node one of the cluster, which leads what it is given from then on.
func (n *node) join(ctx context.Context, shards int, zone, version string, setup cluster.Setup) error {
	c, err := cluster.Join(ctx, cluster.Config{
		Client: n.client, Prefix: n.config.registry(), ID: n.config.Node, Address: n.config.Advertise, Version: version, Setup: setup,
		Shards: shards, Zone: zone, Holder: n, Logger: n.logger, Lease: n.config.Lease,
	})
	if err != nil {
		return err
	}
	n.cluster.Store(c)
	run, stop := context.WithCancel(context.Background())
	n.stop, n.done = stop, make(chan struct{})
	go func() {
		defer close(n.done)
		var working sync.WaitGroup
		working.Go(func() { n.keepCopies(run) })
		working.Go(func() { n.metrics.watchEtcd(run) })
		working.Go(func() { n.compareSetups(run) })
		working.Wait()
	}()
	return nil
}

// Lead implements cluster.Holder.
func (n *node) Lead(ctx context.Context, shard int) (uint64, error) {
	begun := time.Now()
	epoch, err := n.router.writers[shard].Lead(ctx)
	if err == nil {
		n.metrics.tookOver(shard, time.Since(begun))
		n.logger.Info("leading", "shard", shard, "epoch", epoch)
	}
	return epoch, err
}

// Release implements cluster.Holder.
func (n *node) Release(ctx context.Context, shard int) error {
	err := n.router.writers[shard].Release(ctx)
	n.logger.Info("released", "shard", shard, "error", err)
	return err
}

// lost tells the cluster that a shard is no longer led although nobody asked for it.
func (n *node) lost(shard int, err error) {
	if errors.Is(err, journal.ErrFenced) {
		n.logger.Warn("another node has taken the shard over", "shard", shard)
	}
	if c := n.cluster.Load(); c != nil {
		if owner, ok := c.View().Owner(shard); ok && owner.Node == n.config.Node {
			c.Lost(shard, owner.Epoch)
		}
	}
}

// leave gives every shard to others and ends the registration.
func (n *node) leave(ctx context.Context) error {
	n.stop()
	<-n.done
	defer close(n.left)
	if n.cluster.Load() == nil {
		return nil
	}
	return n.cluster.Load().Leave(ctx)
}

// close ends the connections. The writers, which have the journals, are closed before.
func (n *node) close() error {
	errs := []error{n.peers.close(), n.client.Close()}
	for _, e := range n.etcds {
		errs = append(errs, e.Close())
	}
	return errors.Join(errs...)
}

// ownerName is what the journals call this process, for people.
func ownerName(node string) string {
	host, _ := os.Hostname()
	if node != "" {
		host = node + "@" + host
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}
