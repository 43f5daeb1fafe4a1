package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// reconcileMetrics are counted of reconciliations that were carried out.
type reconcileMetrics struct {
	runs    *prometheus.CounterVec
	records prometheus.Counter
	breaks  prometheus.Counter
	seconds prometheus.Histogram
}

func newReconcileMetrics() *reconcileMetrics {
	m := &reconcileMetrics{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_reconciliations_total",
			Help: "Reconciliations with carriers that ended, by outcome: clean, breaks, or interrupted.",
		}, []string{"outcome"}),
		records: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "holdfast_reconciled_records_total", Help: "Records of carriers that were taken in for reconciliation.",
		}),
		breaks: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "holdfast_reconciliation_breaks_total", Help: "Breaks that reconciliations found.",
		}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "holdfast_reconciliation_seconds", Help: "Time that a reconciliation took, its records' arrival included.",
			Buckets: prometheus.ExponentialBuckets(0.01, 4, 10),
		}),
	}
	for _, outcome := range []string{"clean", "breaks", "interrupted"} {
		m.runs.WithLabelValues(outcome)
	}
	return m
}

func (m *reconcileMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.runs, m.records, m.breaks, m.seconds}
}

// reconciled counts a reconciliation.
func (m *Metrics) reconciled(records, breaks int64, took time.Duration, err error) {
	outcome := "clean"
	switch {
	case err != nil:
		outcome = "interrupted"
	case breaks > 0:
		outcome = "breaks"
	}
	m.reconcile.runs.WithLabelValues(outcome).Inc()
	m.reconcile.records.Add(float64(records))
	m.reconcile.breaks.Add(float64(breaks))
	m.reconcile.seconds.Observe(took.Seconds())
}
