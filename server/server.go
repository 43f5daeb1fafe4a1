package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"

	peerv1 "github.com/holdfast-credit/holdfast/proto/holdfast/peer/v1"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/ledger/usage"
	"github.com/holdfast-credit/holdfast/ledger/writer"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

// Config is what a server is made of. The zero value of a field is its default.
type Config struct {
	Data           string        // data directory; made when there is none
	Shards         int           // when the data directory is made; default 1
	Zone           string        // when the data directory is made; default Asia/Shanghai
	CacheBytes     int64         // memory for rows, of all shards together; default 768 MiB
	Listen         string        // host:port of the API; default 127.0.0.1:7600
	Ops            string        // host:port of the operations listener; empty for none
	AllowPlaintext bool          // listen beyond loopback without TLS
	Drain          time.Duration // how long calls under way may take when the server goes down; default 10 s
	Edge           EdgeConfig
	Clock          *Clock         // default the machine's
	Terms          *terms.Terms   // default the terms that ship with Holdfast
	Policy         *policy.Policy // risk policy in force while no other has been activated; default the one that ships with Holdfast
	RecordsKept    int            // years that records of accounts are kept that are closed, when a consumer asks for erasure; default 10
	NoPolicy       bool           // no risk policy is asked, and none can be put
	Remember       func(int64)    // if not nil, is told how much memory the portfolio and the usage take whenever that has changed
	NoUsage        bool           // keep no usage of carriers
	NoPortfolio    bool           // keep no portfolio: no memory for it, and no reading of the journal beside the writers
	TellProgress   time.Duration  // how often a watcher that wants to know is told how far the journals have been read; default 10 s
	Cluster        *ClusterConfig // nil for a server that has all shards itself
	Version        string
	Logger         *slog.Logger

	// Progress, if not nil, is told how far the replay of a shard's tail is at the start.
	Progress func(shard int, done, total uint64)
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:7600"
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = 768 << 20
	}
	if c.Drain == 0 {
		c.Drain = 10 * time.Second
	}
	if c.TellProgress == 0 {
		c.TellProgress = 10 * time.Second
	}
	if c.Clock == nil {
		c.Clock = RealClock()
	}
	if c.Terms == nil {
		c.Terms = terms.Default()
	}
	if c.RecordsKept == 0 {
		c.RecordsKept = DefaultRecordsKept
	}
	switch {
	case c.NoPolicy:
		c.Policy = nil
	case c.Policy == nil:
		c.Policy = policy.Default()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Edge.Logger = c.Logger
	return c
}

// Server is Holdfast on one machine: shards, services and listeners.
type Server struct {
	config   Config
	data     *DataDir
	zone     calendar.Zone
	router   *router
	watched  *portfolios // nil where there is none
	settler  *settler
	monitor  *monitor                // nil where there is no portfolio, or no risk policy
	used     *followers[*usage.Fold] // nil where there is none
	exposure *rebalancer
	node     *node // nil where there is no cluster
	grpc     *grpc.Server
	health   *Health
	metrics  *Metrics
	ops      *Ops
	listener net.Listener
	started  time.Time
	draining chan struct{}
	down     sync.Once
	downErr  error
}

// New opens the data directory, brings every shard's state up to its journal and listens. Nothing is answered before
// Serve.
func New(ctx context.Context, c Config) (*Server, error) {
	c = c.withDefaults()
	if err := CheckListen(c.Listen, c.Edge.TLS, c.AllowPlaintext); err != nil {
		return nil, err
	}
	if c.Ops != "" {
		if err := CheckListen(c.Ops, TLSConfig{}, c.AllowPlaintext); err != nil {
			return nil, fmt.Errorf("operations: %w", err)
		}
	}
	s := &Server{config: c, router: &router{}, metrics: NewMetrics(), started: time.Now(), draining: make(chan struct{})}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// open opens the data directory, the listeners and the shards. What it has opened when it fails is released by New.
func (s *Server) open(ctx context.Context) (err error) {
	if s.data, err = OpenDataDir(s.config.Data, Meta{Shards: s.config.Shards, Zone: s.config.Zone}); err != nil {
		return err
	}
	if s.zone, err = calendar.LoadZone(s.data.Meta.Zone); err != nil {
		return err
	}
	if s.listener, err = net.Listen("tcp", s.config.Listen); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if s.config.Cluster != nil {
		if err := s.openNode(ctx); err != nil {
			return err
		}
	}
	for shard := range s.data.Meta.Shards {
		w, err := s.openShard(ctx, shard)
		if err != nil {
			return fmt.Errorf("shard %d: %w", shard, err)
		}
		s.router.writers = append(s.router.writers, w)
	}
	s.metrics.WatchShards(s.Stats)
	memory := &remembered{tells: s.config.Remember}
	if !s.config.NoPortfolio {
		s.watched = newPortfolios(s, memory.grew)
		s.watched.watch(s.metrics)
		s.watched.start()
	}
	if !s.config.NoUsage {
		s.used = newUsages(s, memory.grew)
		s.used.start()
	}
	return s.register()
}

// openNode makes the server a node of a cluster, which is not joined before calls are answered.
func (s *Server) openNode(ctx context.Context) error {
	if s.config.Clock.Virtual() {
		return errors.New("a virtual clock is of one server, not of a cluster")
	}
	c, err := s.config.Cluster.withDefaults(s.Addr())
	if err != nil {
		return err
	}
	if s.node, err = openNode(ctx, c, s.router, s.metrics, s.config.Logger); err != nil {
		return err
	}
	s.router.node = s.node
	return s.node.agree(ctx, s.data.Meta.Shards)
}

func (s *Server) openShard(ctx context.Context, shard int) (*writer.Writer, error) {
	var progress func(done, total uint64)
	if s.config.Progress != nil {
		progress = func(done, total uint64) { s.config.Progress(shard, done, total) }
	}
	c := writer.Config{
		Shard: uint16(shard), StatePath: s.data.StatePath(shard),
		State: state.Options{CacheBytes: s.config.CacheBytes / int64(s.data.Meta.Shards)},
		Terms: s.config.Terms, Zone: s.zone, Clock: s.now, Owner: ownerName(""),
		Logger: s.config.Logger, OnAppend: s.metrics.OnAppend(uint16(shard)),
	}
	if s.config.Policy != nil {
		c.Policy, c.Policies = s.config.Policy, policy.Compile
	}
	if s.node != nil {
		c.Owner = ownerName(s.node.config.Node)
		return s.node.openShard(ctx, s.data, shard, c, progress)
	}
	j, err := bolt.Open(s.data.JournalDir(shard), bolt.Options{Logger: s.config.Logger})
	if err != nil {
		return nil, err
	}
	c.Journal = j
	w, err := writer.Open(ctx, c, progress)
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return w, nil
}

func (s *Server) now() calendar.Instant { return s.config.Clock.Now() }

// register makes the gRPC server and its services.
func (s *Server) register() (err error) {
	if err := s.catchUpClock(); err != nil {
		return err
	}
	if s.grpc, err = newGRPC(s.config.Edge, s.metrics, s.node); err != nil {
		return err
	}
	holdfastv1.RegisterAuthorizationServiceServer(s.grpc, &authorizations{router: s.router, metrics: s.metrics, draining: s.draining})
	book, journals := newTermsBook(s.router), &feed{router: s.router, draining: s.draining, progressEvery: s.config.TellProgress}
	holdfastv1.RegisterAccountServiceServer(s.grpc, &accounts{router: s.router, zone: s.zone, terms: book})
	owing := &billing{feed: journals, zone: s.zone, terms: book}
	holdfastv1.RegisterBillingServiceServer(s.grpc, owing)
	holdfastv1.RegisterBundleServiceServer(s.grpc, &bundles{billing: owing})
	holdfastv1.RegisterPointsServiceServer(s.grpc, &points{router: s.router})
	holdfastv1.RegisterTermsServiceServer(s.grpc, &termsService{termsBook: book})
	risks := newRiskService(journals, book, s)
	holdfastv1.RegisterRiskServiceServer(s.grpc, risks)
	if s.watched != nil && s.config.Policy != nil {
		s.monitor = &monitor{riskService: risks, portfolios: s.watched, zone: s.zone, now: s.now, logger: s.config.Logger}
		s.monitor.start()
	}
	holdfastv1.RegisterCarrierServiceServer(s.grpc, &carriers{router: s.router, now: s.now})
	reconciling, err := newReconciliations(journals, s.data.SortDir(), s.now, s.metrics)
	if err != nil {
		return err
	}
	holdfastv1.RegisterReconciliationServiceServer(s.grpc, reconciling)
	holdfastv1.RegisterCarrierBillServiceServer(s.grpc, &carrierBills{router: s.router, zone: s.zone, now: s.now, metrics: s.metrics})
	s.exposure = newRebalancer(s.router, s.now, s.metrics, s.config.Logger)
	s.exposure.start()
	s.settler = &settler{router: s.router, zone: s.zone, now: s.now, metrics: s.metrics, logger: s.config.Logger}
	s.settler.start()
	holdfastv1.RegisterSettlementServiceServer(s.grpc, &settlements{feed: journals, settler: s.settler})
	holdfastv1.RegisterPortfolioServiceServer(s.grpc, &portfolioService{router: s.router, portfolios: s.watched})
	holdfastv1.RegisterUsageServiceServer(s.grpc, &usageService{router: s.router, used: s.used})
	holdfastv1.RegisterEventServiceServer(s.grpc, &events{feed: journals})
	holdfastv1.RegisterAdminServiceServer(s.grpc, &admin{router: s.router, server: s})
	holdfastv1.RegisterClusterServiceServer(s.grpc, &clusterService{router: s.router, server: s})
	if s.node != nil {
		peerv1.RegisterPeerServiceServer(s.grpc, &peerService{router: s.router})
	}
	s.health = NewHealth(s.grpc)
	reflection.Register(s.grpc)
	if s.config.Ops != "" {
		s.ops, err = NewOps(s.config.Ops, s.metrics, s.Ready, s.config.Logger)
	}
	return err
}

// catchUpClock moves a virtual clock to the last entry of the journals: time never runs backwards.
func (s *Server) catchUpClock() error {
	if !s.config.Clock.Virtual() {
		return nil
	}
	for _, w := range s.router.writers {
		out, err := w.Submit(context.Background(), &ledger.GetShard{})
		if err != nil {
			return err
		}
		s.config.Clock.AdvanceTo(out.Shard.Time)
	}
	return nil
}

// Addr is where the API listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// OpsAddr is where the operations listener is; empty when there is none.
func (s *Server) OpsAddr() string {
	if s.ops == nil {
		return ""
	}
	return s.ops.Addr()
}

// Ready says why calls are not accepted; nil when they are.
func (s *Server) Ready() error {
	select {
	case <-s.draining:
		return errors.New("draining")
	default:
	}
	if s.node != nil {
		if c := s.node.cluster.Load(); c == nil || !c.Live() {
			return errors.New("not registered in the cluster: etcd does not answer")
		}
	}
	for shard, w := range s.router.writers {
		if err := w.Ready(); err != nil {
			return fmt.Errorf("shard %d: %w", shard, err)
		}
	}
	return nil
}

// Stats are the shards' figures now.
func (s *Server) Stats() []writer.Stats {
	stats := make([]writer.Stats, len(s.router.writers))
	for i, w := range s.router.writers {
		stats[i] = w.Stats()
	}
	return stats
}

// Serve answers calls until Shutdown.
func (s *Server) Serve() error {
	if s.ops != nil {
		s.ops.Start()
	}
	served := make(chan error, 1)
	go func() { served <- s.grpc.Serve(s.listener) }()
	if s.node != nil { // now that calls that the others send on can be answered
		ctx, cancel := context.WithTimeout(context.Background(), joinWithin)
		defer cancel()
		if err := s.node.join(ctx, s.data.Meta.Shards, s.data.Meta.Zone, s.config.Version, s.config.setup()); err != nil {
			return err
		}
	}
	s.health.SetServing()
	go s.watchHealth()
	if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil
}

// joinWithin bounds how long a node tries to join its cluster.
const joinWithin = time.Minute

// watchHealth keeps health in step with the shards: one that starts again after a fault answers nothing meanwhile.
func (s *Server) watchHealth() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	serving := true
	for {
		select {
		case <-s.draining:
			return
		case <-tick.C:
		}
		if ready := s.Ready() == nil; ready != serving {
			if serving = ready; serving {
				s.health.SetServing()
			} else {
				s.health.SetNotServing()
			}
		}
	}
}

// Shutdown drains: health turns to NOT_SERVING, calls under way are finished, streams are ended, and every shard is
// written into its state file and closed. Calls that take longer than the drain time are cut off; what they asked for
// is carried out all the same.
func (s *Server) Shutdown() error {
	s.down.Do(func() {
		close(s.draining)
		s.health.Drain()
		if s.node != nil { // first, so that callers find the shards elsewhere
			ctx, cancel := context.WithTimeout(context.Background(), s.config.Drain)
			if err := s.node.leave(ctx); err != nil {
				s.config.Logger.Warn("cluster could not be left properly", "error", err)
			}
			cancel()
		}
		done := make(chan struct{})
		go func() { s.grpc.GracefulStop(); close(done) }()
		select {
		case <-done:
		case <-time.After(s.config.Drain):
			s.config.Logger.Warn("calls that took longer than the drain time are cut off", "drain", s.config.Drain)
			s.grpc.Stop()
			<-done
		}
		s.downErr = s.release()
	})
	return s.downErr
}

// release closes what is open.
func (s *Server) release() error {
	var errs []error
	if s.monitor != nil { // before the portfolio, which it reads
		s.monitor.close()
	}
	if s.settler != nil { // before the shards, which it cuts
		s.settler.close()
	}
	if s.exposure != nil { // before the shards, which it moves exposure limits between
		s.exposure.close()
	}
	if s.watched != nil { // before the journals, which it reads
		s.watched.close()
	}
	if s.used != nil { // likewise
		s.used.close()
	}
	for _, w := range s.router.writers {
		errs = append(errs, w.Close())
	}
	if s.node != nil {
		errs = append(errs, s.node.close())
	}
	if s.ops != nil {
		errs = append(errs, s.ops.Shutdown())
	}
	if s.listener != nil {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
