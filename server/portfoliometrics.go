package server

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// portfolioAge is how old the portfolio may be that a scrape reports: it looks at every account, which for ten million takes
// a good part of a second.
const portfolioAge = 15 * time.Second

// watch has every scrape report how the book stands.
func (p *portfolios) watch(m *Metrics) { m.Registry.MustRegister(&portfolioCollector{p}) }

// portfolioCollector reports the portfolio at the time of a scrape, or a little before.
type portfolioCollector struct{ *portfolios }

func portfolioDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	portfolioSequence = portfolioDesc("holdfast_portfolio_sequence",
		"Sequence of the last entry that the shard's portfolio has.", "shard")
	portfolioAccounts = portfolioDesc("holdfast_portfolio_accounts",
		"Accounts by bucket, those that are closed included.", "currency", "bucket")
	portfolioOwed = portfolioDesc("holdfast_portfolio_owed",
		"Principal and charges owed by the accounts of a bucket, minor units.", "currency", "bucket")
	portfolioOverdue = portfolioDesc("holdfast_portfolio_overdue",
		"Of what is owed, that of windows whose due date is over, minor units.", "currency", "bucket")
	portfolioHeld = portfolioDesc("holdfast_portfolio_held",
		"Held by open authorizations, minor units.", "currency")
	portfolioLimit = portfolioDesc("holdfast_portfolio_limit",
		"Credit limits of accounts that are not closed, minor units.", "currency")
	portfolioLost = portfolioDesc("holdfast_portfolio_charged_off",
		"Charged off ever, less what was refunded of it, minor units.", "currency")
	portfolioRecovered = portfolioDesc("holdfast_portfolio_recovered",
		"Recovered by payments of what was charged off, ever, minor units.", "currency")
	riskAlerts = portfolioDesc("holdfast_risk_alerts_total",
		"Alerts raised by a monitoring rule of the risk policy, ever, by how urgent they are.", "rule", "severity")
)

func (c *portfolioCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		portfolioSequence, portfolioAccounts, portfolioOwed, portfolioOverdue, portfolioHeld, portfolioLimit, portfolioLost, portfolioRecovered, riskAlerts,
	} {
		to <- d
	}
}

func (c *portfolioCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	var all []*portfolio.Portfolio
	for _, f := range c.folds {
		if p := f.recent(portfolioAge); p != nil {
			gauge(portfolioSequence, float64(p.Marks[0].Sequence), strconv.Itoa(int(f.shard)))
			all = append(all, p)
		}
	}
	if len(all) < len(c.folds) {
		return // a part of the book would look like all of it
	}
	type key struct{ currency, bucket string }
	buckets, held, limit := map[key]*portfolio.Standing{}, map[string]int64{}, map[string]int64{}
	whole := portfolio.Merge(all...)
	for i := range whole.Standing {
		s := &whole.Standing[i]
		k := key{string(s.Currency), string(s.Bucket)}
		if buckets[k] == nil {
			buckets[k] = &portfolio.Standing{}
		}
		sum := buckets[k]
		sum.Accounts += s.Accounts
		sum.Principal += s.Owed()
		sum.Overdue += s.Overdue
		held[k.currency] += int64(s.Held)
		limit[k.currency] += int64(s.Limit)
	}
	for _, a := range whole.Alerts {
		to <- prometheus.MustNewConstMetric(riskAlerts, prometheus.CounterValue, float64(a.Raised), a.Rule, a.Severity.String())
	}
	for _, t := range whole.Totals {
		currency := string(t.Currency)
		for _, b := range whole.Buckets { // all of them: one that empties must not keep its last figure
			sum := buckets[key{currency, string(b.Bucket)}]
			if sum == nil {
				sum = &portfolio.Standing{}
			}
			gauge(portfolioAccounts, float64(sum.Accounts), currency, string(b.Bucket))
			gauge(portfolioOwed, float64(sum.Principal), currency, string(b.Bucket))
			gauge(portfolioOverdue, float64(sum.Overdue), currency, string(b.Bucket))
		}
		gauge(portfolioHeld, float64(held[currency]), currency)
		gauge(portfolioLimit, float64(limit[currency]), currency)
		gauge(portfolioLost, float64(t.ChargedOff), currency)
		gauge(portfolioRecovered, float64(t.Recovered), currency)
	}
}
