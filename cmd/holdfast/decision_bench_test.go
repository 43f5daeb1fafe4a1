package main

import (
	"slices"
	"testing"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

// BenchmarkDecision is what the ledger takes to decide on an order, with the twenty rules of the policy that ships and without
// a policy, for an account that had so many orders in the last 30 days. Each decision is timed by itself, which adds what
// reading the clock takes; the 99th percentile of all is p99-ns.
func BenchmarkDecision(b *testing.B) {
	for _, c := range []struct {
		name   string
		policy ledger.Policy
		orders int
	}{
		{"without_policy/40_orders", nil, 40},
		{"20_rules/0_orders", policy.Default(), 0},
		{"20_rules/40_orders", policy.Default(), 40},
		{"20_rules/256_orders", policy.Default(), ledger.MostSpends},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := ledger.New(sim.NewBook(0), terms.Default(), calendar.UTC)
			l.UsePolicies(c.policy, policy.Compile)
			now, emit := calendar.Instant(1e18), func(*ledger.Entry) {}
			id := l.Apply(now, &ledger.OpenAccount{
				Request: ledger.Request{Caller: "c", ID: "open"}, Consumer: "c", Currency: "CNY", Limit: 1e9,
				Lines: []ledger.LineOpening{{Scene: ledger.TopUp, Limit: 1e9, Agreement: "v1", Accepted: "v1"}},
			}, emit).Account.ID
			p := ledger.Purchase{Account: id, Scene: ledger.TopUp, Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 5_000}
			for i := range c.orders {
				p.Order = ledger.OrderID(time.Duration(i).String())
				now = now.Add(2 * time.Hour)
				l.Apply(now, &ledger.Charge{Request: ledger.Request{Caller: "c", ID: ledger.RequestID(p.Order)}, Purchase: p}, emit)
			}
			check := &ledger.Check{Purchase: p}
			check.Phone = "another" // or the first rule approves it
			took := make([]time.Duration, 0, 1<<20)
			b.ReportAllocs()
			for b.Loop() {
				begun := time.Now()
				out := l.Apply(now, check, emit)
				if took = append(took, time.Since(begun)); len(took) == cap(took) {
					took = took[:0]
				}
				if out.Decision != ledger.Approve {
					b.Fatal(out.Fault, out.Reasons)
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
		})
	}
}
