package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/server"
)

// ServeCmd runs the server.
type ServeCmd struct {
	Data           string        `help:"Data directory; made when there is none." default:"data" type:"path"`
	Listen         string        `help:"Where the API listens." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Ops            string        `help:"Where /metrics, /healthz, /readyz and pprof are; empty for nowhere." default:"127.0.0.1:7601" placeholder:"HOST:PORT"`
	Shards         int           `help:"Number of shards, fixed when the data directory is made (default 1)."`
	Zone           string        `help:"Business zone, in which days and months begin, fixed when the data directory is made (default Asia/Shanghai)." placeholder:"ZONE"`
	Cache          size          `help:"Memory for accounts and other rows." default:"768MiB"`
	NoUsage        bool          `help:"Keep no usage of carriers: GetUsage has nothing to tell; saves 4 bytes an account and some 900 a carrier and day, and reading the journal beside the writers."`
	NoPortfolio    bool          `help:"Keep no portfolio: GetPortfolio, and the metrics of it, have nothing to tell; saves 48 bytes an account, and reading the journal beside the writers."`
	Policy         string        `help:"Risk policy in force while no other has been activated: default for the one that ships, none, or a document." default:"default" placeholder:"FILE"`
	RecordsKept    int           `name:"records-kept-years" help:"How many years the records of a closed account are kept when its consumer asks for erasure." default:"10"`
	VirtualClock   string        `help:"Run on a virtual clock that begins at this instant and moves only by AdvanceClock." placeholder:"RFC3339"`
	Callers        string        `help:"YAML file of who may call; without it everybody may." type:"existingfile" placeholder:"FILE"`
	TLSCert        string        `name:"tls-cert" help:"Certificate of the server (PEM)." type:"existingfile" placeholder:"FILE"`
	TLSKey         string        `name:"tls-key" help:"Key of the certificate (PEM)." type:"existingfile" placeholder:"FILE"`
	ClientCA       string        `name:"client-ca" help:"Accept client certificates of this authority (PEM)." type:"existingfile" placeholder:"FILE"`
	AllowPlaintext bool          `help:"Listen beyond loopback without TLS."`
	OTLP           string        `name:"otlp" help:"Send traces to this OTLP/gRPC collector; OTEL_EXPORTER_OTLP_ENDPOINT does the same. Costs microseconds a call." placeholder:"URL"`
	Deadline       time.Duration `help:"Deadline of a call that has none." default:"5s"`
	Drain          time.Duration `help:"How long calls under way may take when the server goes down." default:"10s"`
	LogLevel       slog.Level    `help:"Least level that is logged: debug, info, warn or error." default:"info"`
	ReadyFile      string        `help:"Write a line of JSON with the addresses here once calls are answered." placeholder:"FILE"`
	WithParent     bool          `hidden:"" help:"Drain when standard input ends, as it does with the program that started this one."`
	ClusterFlags   `group:"Cluster"`
}

// Help teaches.
func (ServeCmd) Help() string {
	return `Runs Holdfast on a data directory. The API is gRPC with reflection, so grpcurl can list and describe it.

  holdfast serve                                  on ./data, loopback, real time
  holdfast serve --data /srv/holdfast --listen 0.0.0.0:7600 \
    --tls-cert server.pem --tls-key server.key --client-ca carriers.pem --callers callers.yaml
  holdfast serve --virtual-clock 2026-01-01T00:00:00Z   for trying what happens when
  holdfast serve --journal etcd --etcd etcd-1:2379,etcd-2:2379,etcd-3:2379 --node a --shards 16 \\
    --listen 0.0.0.0:7600 --advertise a.example:7600 ...  a node of a cluster: see docs/CLUSTER.md

On SIGTERM or SIGINT it drains: health turns to NOT_SERVING, calls under way are finished, state is written.
A second signal ends it at once; nothing that was answered is lost even then.`
}

// Run runs the server until a signal.
func (c *ServeCmd) Run(ctx context.Context) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: c.LogLevel}))
	slog.SetDefault(log)
	config, err := c.config(log)
	if err != nil {
		return err
	}
	tuneMemory(int64(c.Cache))
	if c.OTLP != "" || server.TracingConfigured() {
		tracer, err := server.NewTracer(ctx, c.OTLP)
		if err != nil {
			return err
		}
		defer func() { _ = tracer.Shutdown(context.Background()) }() // a collector that is gone holds nothing up
		config.Edge.Tracing, config.Edge.Tracer = true, tracer
	}
	s, err := server.New(ctx, config)
	if err != nil {
		return err
	}
	if c.WithParent {
		var orphaned context.CancelFunc
		ctx, orphaned = context.WithCancel(ctx)
		go func() { _, _ = io.Copy(io.Discard, os.Stdin); orphaned() }()
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	log.Info("serving", "listen", s.Addr(), "ops", s.OpsAddr(), "data", c.Data)
	if err := c.tellReady(s); err != nil {
		return errors.Join(err, s.Shutdown())
	}
	select {
	case err := <-served:
		return errors.Join(err, s.Shutdown())
	case <-ctx.Done():
	}
	signal.Reset(os.Interrupt, syscall.SIGTERM) // the next one ends the process
	log.Info("draining")
	err = s.Shutdown()
	log.Info("stopped")
	return err
}

// tuneMemory trades memory for processor time: the garbage collector works when the heap is five times what lives in it,
// as long as that stays below one and a half times the cache and 384 MiB, besides what the portfolio takes, and harder only
// there. The environment's GOGC and GOMEMLIMIT come first.
func tuneMemory(cache int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	limitMemory(cache, 0)
}

func limitMemory(cache, portfolio int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(cache + cache/2 + 384<<20 + portfolio)
	}
}

// risk sets the risk policy.
func (c *ServeCmd) risk(config *server.Config) error {
	switch c.Policy {
	case "none":
		config.NoPolicy = true
		return nil
	case "default", "":
		return nil
	}
	text, err := os.ReadFile(c.Policy)
	if err != nil {
		return fmt.Errorf("--policy: %w", err)
	}
	if config.Policy, err = policy.Parse(text); err != nil {
		return fmt.Errorf("--policy %s: %w", c.Policy, err)
	}
	return nil
}

func (c *ServeCmd) config(log *slog.Logger) (server.Config, error) {
	config := server.Config{
		Data: c.Data, Shards: c.Shards, Zone: c.Zone, CacheBytes: int64(c.Cache), Listen: c.Listen, Ops: c.Ops,
		AllowPlaintext: c.AllowPlaintext, Drain: c.Drain, Version: version(), Logger: log, NoPortfolio: c.NoPortfolio, NoUsage: c.NoUsage, RecordsKept: c.RecordsKept,
		Remember: func(folds int64) { limitMemory(int64(c.Cache), folds) },
		Edge: server.EdgeConfig{
			Deadline: c.Deadline,
			TLS:      server.TLSConfig{CertFile: c.TLSCert, KeyFile: c.TLSKey, ClientCAFile: c.ClientCA},
		},
	}
	if c.RecordsKept < 1 || c.RecordsKept > 100 {
		return config, fmt.Errorf("--records-kept-years: %d is not within 1 and 100", c.RecordsKept)
	}
	if err := c.risk(&config); err != nil {
		return config, err
	}
	cluster, err := c.ClusterFlags.config()
	if err != nil {
		return config, err
	}
	config.Cluster = cluster
	if c.VirtualClock != "" {
		at, err := time.Parse(time.RFC3339, c.VirtualClock)
		if err != nil {
			return config, fmt.Errorf("--virtual-clock: want an instant such as 2026-01-01T00:00:00Z: %w", err)
		}
		config.Clock = server.VirtualClock(at)
	}
	if c.Callers != "" {
		callers, err := server.LoadCallers(c.Callers)
		if err != nil {
			return config, err
		}
		config.Edge.Callers = callers
	}
	begun := time.Now()
	config.Progress = func(shard int, done, total uint64) {
		if time.Since(begun) > 2*time.Second {
			begun = time.Now()
			log.Info("replaying journal", "shard", shard, "entries", done, "of", total)
		}
	}
	return config, nil
}

// ready is what the ready file says.
type ready struct {
	Listen string `json:"listen"`
	Ops    string `json:"ops"`
	Pid    int    `json:"pid"`
}

func (c *ServeCmd) tellReady(s *server.Server) error {
	if c.ReadyFile == "" {
		return nil
	}
	b, err := json.Marshal(ready{s.Addr(), s.OpsAddr(), os.Getpid()})
	if err != nil {
		return err
	}
	tmp := filepath.Join(filepath.Dir(c.ReadyFile), fmt.Sprintf(".%s.%d", filepath.Base(c.ReadyFile), os.Getpid()))
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, c.ReadyFile)
}
