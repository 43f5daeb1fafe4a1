package server

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/status"

	"github.com/holdfast-credit/holdfast/server/cluster"
)

// etcdLook is how often a node asks the members of etcd how they are.
const etcdLook = 10 * time.Second

// bounds are those of a shard's log as a node last saw them.
type bounds struct{ first, next atomic.Uint64 }

func (b *bounds) saw(first, next uint64) {
	b.first.Store(first)
	b.next.Store(next)
}

// clusterMetrics are a node's figures of its cluster. What is counted is counted when it happens; all else is as the node
// last saw it, so that a scrape asks nobody anything.
type clusterMetrics struct {
	node      *node
	forwarded *prometheus.CounterVec
	takeovers *prometheus.HistogramVec
	members   atomic.Pointer[[]cluster.Member] // nil until asked
}

func newClusterMetrics(n *node, r *prometheus.Registry) *clusterMetrics {
	m := &clusterMetrics{
		node: n,
		forwarded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_forwarded_total",
			Help: "Calls that this node sent on to the one that decides, by method and by the gRPC code that came back. A call that had to be sent on again counts again.",
		}, []string{"method", "code"}),
		takeovers: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "holdfast_takeover_seconds", Help: "Time from when the shard was this node's to take until it decided: acquiring the journal and finishing its tail.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"shard"}),
	}
	r.MustRegister(m.forwarded, m.takeovers, m)
	return m
}

// sent counts a call that was sent on.
func (m *clusterMetrics) sent(method string, err error) {
	m.forwarded.WithLabelValues(method[strings.LastIndexByte(method, '/')+1:], status.Code(err).String()).Inc()
}

// tookOver counts a shard that the node decides for now.
func (m *clusterMetrics) tookOver(shard int, took time.Duration) {
	m.takeovers.WithLabelValues(strconv.Itoa(shard)).Observe(took.Seconds())
}

// watchEtcd asks the members of etcd how they are, now and then.
func (m *clusterMetrics) watchEtcd(ctx context.Context) {
	tick := time.NewTicker(etcdLook)
	defer tick.Stop()
	for {
		members := m.node.health(ctx)
		if ctx.Err() != nil {
			return
		}
		m.members.Store(&members)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

var (
	clusterNodes = prometheus.NewDesc("holdfast_cluster_nodes", "Nodes that are registered, this one included, as this one knows.", nil, nil)
	setupsDiffer = prometheus.NewDesc("holdfast_cluster_setups_differ",
		"In how many of terms and risk policy the nodes were not started alike, as this one knows.", nil, nil)
	replicaLag = prometheus.NewDesc("holdfast_replica_lag_entries",
		"Entries of the shard's journal that this node's copy did not have when it last looked.", []string{"shard"}, nil)
	trimmedTo = prometheus.NewDesc("holdfast_journal_trimmed_sequence",
		"Up to here etcd no longer has the shard's journal, because enough nodes have it.", []string{"shard"}, nil)

	etcdLabels = []string{"endpoint"}
	etcdUp     = prometheus.NewDesc("holdfast_etcd_up", "1 when the member of etcd answered this node when last asked.", etcdLabels, nil)
	etcdLeads  = prometheus.NewDesc("holdfast_etcd_leader", "1 when the member leads.", etcdLabels, nil)
	etcdSize   = prometheus.NewDesc("holdfast_etcd_db_bytes", "Size of the member's database on disk.", etcdLabels, nil)
	etcdInUse  = prometheus.NewDesc("holdfast_etcd_db_in_use_bytes", "Part of the member's database that is in use; defragmenting frees the rest.", etcdLabels, nil)
	etcdQuota  = prometheus.NewDesc("holdfast_etcd_quota_bytes", "What the member's database may grow to; left out when the member does not say.", etcdLabels, nil)
	etcdAlarms = prometheus.NewDesc("holdfast_etcd_alarms", "Alarms that the member tells of, such as NOSPACE.", etcdLabels, nil)
)

// Describe implements prometheus.Collector.
func (m *clusterMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{clusterNodes, setupsDiffer, replicaLag, trimmedTo, etcdUp, etcdLeads, etcdSize, etcdInUse, etcdQuota, etcdAlarms} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *clusterMetrics) Collect(to chan<- prometheus.Metric) {
	if m.node.cluster.Load() == nil {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(clusterNodes, float64(len(m.node.view().Nodes())))
	gauge(setupsDiffer, float64(len(m.node.view().Differences())))
	for shard, c := range m.node.copies {
		first, next := m.node.bounds[shard].first.Load(), m.node.bounds[shard].next.Load()
		if next == 0 {
			continue // not yet seen
		}
		gauge(replicaLag, float64(next-min(next, c.End().Next)), strconv.Itoa(shard))
		gauge(trimmedTo, float64(first-1), strconv.Itoa(shard))
	}
	members := m.members.Load()
	if members == nil {
		return
	}
	for _, e := range *members {
		if e.Err != nil {
			gauge(etcdUp, 0, e.Endpoint)
			continue
		}
		gauge(etcdUp, 1, e.Endpoint)
		gauge(etcdLeads, oneIf(e.Leader), e.Endpoint)
		gauge(etcdSize, float64(e.SizeBytes), e.Endpoint)
		gauge(etcdInUse, float64(e.InUseBytes), e.Endpoint)
		if e.QuotaBytes > 0 {
			gauge(etcdQuota, float64(e.QuotaBytes), e.Endpoint)
		}
		gauge(etcdAlarms, float64(len(e.Alarms)), e.Endpoint)
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
