package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Ops is the one HTTP listener for operations: metrics, liveness, readiness and profiles. It has neither TLS nor
// callers, and profiles tell a lot: CheckListen must have been asked about its address, as one without TLS.
type Ops struct {
	logger   *slog.Logger
	server   *http.Server
	listener net.Listener
}

// NewOps listens on an address; requests are answered from Start on. Ready says why calls are not answered, nil when
// they are.
func NewOps(addr string, m *Metrics, ready func() error, logger *slog.Logger) (*Ops, error) {
	if logger == nil {
		logger = slog.Default()
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("operations: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.InstrumentMetricHandler(m.Registry, promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelError), Registry: m.Registry,
	})))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := ready(); err != nil {
			plain(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		plain(w, http.StatusOK, "ready")
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(opsIndex))
	})
	return &Ops{logger: logger, listener: listener, server: &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}}, nil
}

const opsIndex = `<!doctype html>
<title>Holdfast operations</title>
<h1>Holdfast operations</h1>
<ul>
<li><a href="/metrics">/metrics</a>: Prometheus metrics</li>
<li><a href="/healthz">/healthz</a>: the process is alive</li>
<li><a href="/readyz">/readyz</a>: calls are answered; 503 with the reason when not</li>
<li><a href="/debug/pprof/">/debug/pprof/</a>: profiles</li>
</ul>
`

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	fmt.Fprintln(w, text)
}

// Start answers requests until Shutdown.
func (o *Ops) Start() {
	go func() {
		if err := o.server.Serve(o.listener); !errors.Is(err, http.ErrServerClosed) {
			o.logger.Error("operations listener ended", "error", err)
		}
	}()
}

// Addr is the address listened on, with the port that it was given.
func (o *Ops) Addr() string { return o.listener.Addr().String() }

// opsShutdown is what requests under way have to end. A profile takes longer, and is not worth waiting for.
const opsShutdown = time.Second

// Shutdown ends the listener, whether or not it was started.
func (o *Ops) Shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), opsShutdown)
	defer cancel()
	err := o.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = o.server.Close()
	}
	if closed := o.listener.Close(); err == nil && !errors.Is(closed, net.ErrClosed) {
		err = closed // of a listener that was never started
	}
	return err
}
