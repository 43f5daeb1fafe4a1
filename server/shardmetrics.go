package server

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-credit/holdfast/ledger/writer"
)

// WatchShards has every scrape report the figures that stats then gives. It is called once.
func (m *Metrics) WatchShards(stats func() []writer.Stats) {
	m.Registry.MustRegister(&shardCollector{stats})
}

// shardCollector reports the writers' own figures at the time of a scrape, which costs the writers nothing in between.
type shardCollector struct {
	stats func() []writer.Stats
}

type shardMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(writer.Stats) float64
}

func shardFigure(name, help string, kind prometheus.ValueType, value func(writer.Stats) float64) shardMetric {
	return shardMetric{prometheus.NewDesc(name, help, []string{"shard"}, nil), kind, value}
}

var shardUp = shardFigure("holdfast_shard_up",
	"1 when the shard takes commands, or stands by for the node that decides; 0 while it is starting; its other figures are left out then.",
	prometheus.GaugeValue, func(s writer.Stats) float64 { return up(s) })

var shardMetrics = []shardMetric{
	shardFigure("holdfast_shard_leads", "1 when this server decides for the shard, 0 when it stands by.",
		prometheus.GaugeValue, func(s writer.Stats) float64 { return oneIf(s.Leads) }),
	shardFigure("holdfast_queue_depth", "Calls that wait for their outcome to become durable.",
		prometheus.GaugeValue, func(s writer.Stats) float64 { return float64(s.Queued) }),
	shardFigure("holdfast_commands_total", "Commands decided since the shard last started.",
		prometheus.CounterValue, func(s writer.Stats) float64 { return float64(s.Commands) }),
	shardFigure("holdfast_batches_total", "Batches made durable since the shard last started.",
		prometheus.CounterValue, func(s writer.Stats) float64 { return float64(s.Batches) }),
	shardFigure("holdfast_points_outstanding", "Points that consumers have, those that orders hold included; 0 on a node that stands by.",
		prometheus.GaugeValue, func(s writer.Stats) float64 { return float64(s.Points) }),
	shardFigure("holdfast_journal_epoch", "Epoch under which the shard's journal is held; it grows by one with each take-over; 0 on a node that stands by.",
		prometheus.GaugeValue, func(s writer.Stats) float64 { return float64(s.Epoch) }),
	shardFigure("holdfast_journal_durable_sequence", "Sequence of the last durable entry; on a node that stands by, of the last that it has followed.",
		prometheus.GaugeValue, func(s writer.Stats) float64 { return float64(s.Durable) }),
	shardFigure("holdfast_state_flushed_sequence", "Sequence up to which every entry is in the state file.",
		prometheus.GaugeValue, func(s writer.Stats) float64 { return float64(s.State.Flushed) }),
	shardFigure("holdfast_state_lag_entries", "Durable entries that are not yet in the state file; a restart replays as many.",
		prometheus.GaugeValue, func(s writer.Stats) float64 { return lag(s) }),
	shardFigure("holdfast_state_cache_bytes", "Memory that the shard's cached rows take up.",
		prometheus.GaugeValue, func(s writer.Stats) float64 { return float64(s.State.CacheBytes) }),
	shardFigure("holdfast_state_dirty_bytes", "Part of the cache that waits to be flushed and cannot be evicted.",
		prometheus.GaugeValue, func(s writer.Stats) float64 { return float64(s.State.DirtyBytes) }),
	shardFigure("holdfast_state_dirty_rows", "Rows that wait to be flushed.",
		prometheus.GaugeValue, func(s writer.Stats) float64 { return float64(s.State.DirtyRows) }),
}

func up(s writer.Stats) float64 { return oneIf(s.Leads || s.StandsBy) }

func lag(s writer.Stats) float64 {
	if s.State.Flushed >= s.Durable {
		return 0
	}
	return float64(s.Durable - s.State.Flushed)
}

func (c *shardCollector) Describe(to chan<- *prometheus.Desc) {
	to <- shardUp.desc
	for _, m := range shardMetrics {
		to <- m.desc
	}
}

func (c *shardCollector) Collect(to chan<- prometheus.Metric) {
	for _, s := range c.stats() {
		shard := strconv.Itoa(int(s.Shard))
		to <- prometheus.MustNewConstMetric(shardUp.desc, shardUp.kind, shardUp.value(s), shard)
		if up(s) == 0 {
			continue
		}
		for _, m := range shardMetrics {
			to <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(s), shard)
		}
	}
}
