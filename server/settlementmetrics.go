package server

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// settlementCollector reports what is payable to carriers and in no settlement yet, as the settler last saw it, and how many
// settlements this process closed and confirmed.
type settlementCollector struct {
	last              atomic.Pointer[[]unsettledDay]
	closed, confirmed atomic.Int64
}

var (
	carrierUnsettled = prometheus.NewDesc("holdfast_carrier_unsettled",
		"Payable to a carrier and in no settlement yet, minor units; of carriers whose settlements this node closes.", carrierLabels, nil)
	settlementsTotal = prometheus.NewDesc("holdfast_settlements_total",
		"Settlements that this process closed, and confirmed.", []string{"state"}, nil)
)

func (c *settlementCollector) Describe(to chan<- *prometheus.Desc) {
	to <- carrierUnsettled
	to <- settlementsTotal
}

func (c *settlementCollector) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(settlementsTotal, prometheus.CounterValue, float64(c.closed.Load()), "closed")
	to <- prometheus.MustNewConstMetric(settlementsTotal, prometheus.CounterValue, float64(c.confirmed.Load()), "confirmed")
	last := c.last.Load()
	if last == nil {
		return
	}
	days := *last // in order of carrier and currency
	for i := 0; i < len(days); {
		first, sum := &days[i], money.Amount(0)
		for ; i < len(days) && days[i].carrier == first.carrier && days[i].currency == first.currency; i++ {
			sum += days[i].sums.Net()
		}
		to <- prometheus.MustNewConstMetric(carrierUnsettled, prometheus.GaugeValue, float64(sum), string(first.carrier), string(first.currency))
	}
}

// unsettledOf has the next scrapes report what is unsettled.
func (m *Metrics) unsettledOf(all []unsettledDay) { m.payable.last.Store(&all) }

// settled counts a settlement that has come to a state.
func (m *Metrics) settled(s ledger.SettlementState) {
	switch s {
	case ledger.SettlementClosed:
		m.payable.closed.Add(1)
	case ledger.SettlementConfirmed:
		m.payable.confirmed.Add(1)
	}
}
