package server

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// exposureCollector reports what is committed to carriers, as the rebalancer last saw it.
type exposureCollector struct{ last atomic.Pointer[[]exposure] }

var (
	carrierLabels   = []string{"carrier", "currency"}
	carrierExposure = prometheus.NewDesc("holdfast_carrier_exposure",
		"Committed to a carrier that has an exposure limit: held, and captured and not to be paid before now, minor units.", carrierLabels, nil)
	carrierLimit = prometheus.NewDesc("holdfast_carrier_exposure_limit",
		"Exposure limit of a carrier, minor units.", carrierLabels, nil)
)

func (c *exposureCollector) Describe(to chan<- *prometheus.Desc) {
	to <- carrierExposure
	to <- carrierLimit
}

func (c *exposureCollector) Collect(to chan<- prometheus.Metric) {
	last := c.last.Load()
	if last == nil {
		return
	}
	for _, e := range *last {
		if e.limit == 0 {
			continue
		}
		to <- prometheus.MustNewConstMetric(carrierExposure, prometheus.GaugeValue, float64(e.held+e.unpaid), string(e.carrier), string(e.currency))
		to <- prometheus.MustNewConstMetric(carrierLimit, prometheus.GaugeValue, float64(e.limit), string(e.carrier), string(e.currency))
	}
}

// exposures has the next scrapes report what is committed.
func (m *Metrics) exposures(all []exposure) { m.exposure.last.Store(&all) }
