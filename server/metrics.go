package server

import (
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/holdfast-credit/holdfast/ledger"
)

// Metrics are the figures that a server counts, in a registry of their own. What is counted on every call has been
// looked up beforehand: a label is never resolved while somebody waits.
type Metrics struct {
	Registry *prometheus.Registry

	calls     callVectors
	decisions [ledger.Scenes + 1][2][maxReasons]prometheus.Counter // by scene, approved, first reason
	replayed  prometheus.Counter
	faults    *prometheus.CounterVec
	panics    prometheus.Counter
	batch     *prometheus.HistogramVec
	took      *prometheus.HistogramVec
	entries   *prometheus.CounterVec
	bytes     *prometheus.CounterVec
	lines     *prometheus.CounterVec
	exposure  exposureCollector
	payable   settlementCollector
	reconcile *reconcileMetrics
}

// maxReasons is how many reasons a ledger.Reasons can hold.
const maxReasons = 32

// Buckets of an append: a sync takes from 50 µs on, and anything above a few milliseconds is trouble.
var appendBuckets = []float64{
	50e-6, 75e-6, 100e-6, 150e-6, 200e-6, 300e-6, 500e-6, 750e-6,
	1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1,
}

// NewMetrics is a set of metrics at zero.
func NewMetrics() *Metrics {
	m := &Metrics{
		Registry:  prometheus.NewRegistry(),
		calls:     newCallVectors(),
		reconcile: newReconcileMetrics(),
		replayed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "holdfast_replayed_total",
			Help: "Requests whose request id had been answered before and that got that answer again.",
		}),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_faults_total",
			Help: "Requests refused with an error, by the stable reason of its ErrorInfo, or by its gRPC code where it has none. " +
				"A decline is an answer and not counted here.",
		}, []string{"reason"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "holdfast_panics_total",
			Help: "Calls that ended in a panic. Each is a bug; the log has its stack under the incident id that the caller was told.",
		}),
		batch: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_batch_entries", Help: "Entries in a batch that was appended to a shard's journal.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 13),
		}, []string{"shard"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_append_seconds", Help: "Time that it took to make a batch durable in a shard's journal.",
			Buckets: appendBuckets,
		}, []string{"shard"}),
		entries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_journal_entries_total", Help: "Entries appended to a shard's journal by this process.",
		}, []string{"shard"}),
		lines: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_collection_lines_reported_total", Help: "Lines of carriers' batches that were reported, by what they brought.",
		}, []string{"carrier", "outcome"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_journal_bytes_total", Help: "Bytes of the batches appended to a shard's journal by this process.",
		}, []string{"shard"}),
	}
	m.Registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		buildInfo(), m.decisionCounters(), m.replayed, m.faults, m.panics, m.batch, m.took, m.entries, m.bytes, m.lines, &m.exposure, &m.payable,
	)
	m.Registry.MustRegister(m.reconcile.collectors()...)
	m.calls.register(m.Registry)
	return m
}

// decisionCounters resolves the counter of every scene and reason that there is. All begin at zero, so that a rate can
// be taken from the first decline on.
func (m *Metrics) decisionCounters() prometheus.Collector {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "holdfast_decisions_total",
		Help: "Decisions made, by scene and by the first reason of a decline, the one to act on (NONE when approved). " +
			"Answers given again for a repeated request id are not counted.",
	}, []string{"scene", "decision", "reason"})
	for s := range m.decisions {
		scene := ledger.Scene(s)
		m.decisions[s][1][0] = vec.WithLabelValues(scene.String(), "APPROVED", ledger.NoReason.String())
		for r := range ledger.Reason(maxReasons) {
			if !scene.Valid() || r == ledger.NoReason || r.String() == ledger.Reason(maxReasons).String() {
				continue // nobody's: counted as UNKNOWN should it come up
			}
			m.decisions[s][0][r] = vec.WithLabelValues(scene.String(), "DECLINED", r.String())
		}
		unknown := vec.WithLabelValues(scene.String(), "DECLINED", "UNKNOWN")
		for r, c := range m.decisions[s][0] {
			if c == nil {
				m.decisions[s][0][r] = unknown
			}
		}
	}
	return vec
}

// Decided counts a decision by its ledger.Scene and, if it is a decline, its first ledger.Reason.
func (m *Metrics) Decided(scene uint8, approved bool, firstReason uint8) {
	if int(scene) >= len(m.decisions) {
		scene = uint8(ledger.NoScene)
	}
	if approved {
		m.decisions[scene][1][0].Inc()
		return
	}
	m.decisions[scene][0][firstReason%maxReasons].Inc()
}

// Replayed counts an answer that was given before.
func (m *Metrics) Replayed() { m.replayed.Inc() }

// Fault counts a request refused for a reason. The interceptors count those that end a call; what is left to others is
// a fault that is an answer on a stream.
func (m *Metrics) Fault(reason string) { m.faults.WithLabelValues(reason).Inc() }

// OnAppend is the writer.Config.OnAppend of a shard.
func (m *Metrics) OnAppend(shard uint16) func(entries, bytes int, took time.Duration) {
	label := strconv.Itoa(int(shard))
	batch, seconds := m.batch.WithLabelValues(label), m.took.WithLabelValues(label)
	entriesTotal, bytesTotal := m.entries.WithLabelValues(label), m.bytes.WithLabelValues(label)
	return func(entries, bytes int, took time.Duration) {
		batch.Observe(float64(entries))
		seconds.Observe(took.Seconds())
		entriesTotal.Add(float64(entries))
		bytesTotal.Add(float64(bytes))
	}
}

func buildInfo() prometheus.Collector {
	version, revision := "unknown", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "holdfast_build_info", Help: "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}

// lineReported counts a line of a carrier's batch of which something was reported.
func (m *Metrics) lineReported(carrier, outcome string) {
	m.lines.WithLabelValues(carrier, outcome).Inc()
}
