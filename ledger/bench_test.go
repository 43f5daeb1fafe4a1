package ledger_test

import (
	"testing"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// BenchmarkAuthorize is what the ledger itself does for an order that is authorized and voided, without any I/O: billed as a
// whole, and by the dearest of plans to reckon.
func BenchmarkAuthorize(b *testing.B) {
	for _, o := range []struct {
		name string
		plan ledger.PlanChoice
	}{
		{"whole", ledger.PlanChoice{}},
		{"flat_fee_3", ledger.PlanChoice{Method: plan.MethodFlatFee, Months: 3}},
		{"annuity_24", ledger.PlanChoice{Method: plan.MethodAnnuity, Months: 24}},
	} {
		b.Run(o.name, func(b *testing.B) {
			core := sim.NewCore(0, terms.Default(), calendar.UTC)
			l, now := core.Ledger, calendar.Instant(1e18)
			emit := func(*ledger.Entry) {}
			id := l.Apply(now, &ledger.OpenAccount{Request: ledger.Request{Caller: "c", ID: "o"}, Consumer: "c", Currency: "CNY", Limit: 1e9,
				Lines: []ledger.LineOpening{{Scene: ledger.TopUp, Limit: 1e9, Agreement: "v1", Accepted: "v1"}}}, emit).Account.ID
			p := ledger.Purchase{Account: id, Scene: ledger.TopUp, Order: "o", Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 123_456, Plan: o.plan}
			b.ReportAllocs()
			for b.Loop() {
				out := l.Apply(now, &ledger.Authorize{Request: ledger.Request{Caller: "c", ID: "a"}, Purchase: p}, emit)
				if out.Fault != nil || out.Decision != ledger.Approve {
					b.Fatal(out)
				}
				l.Apply(now, &ledger.Void{Request: ledger.Request{Caller: "c", ID: "v"}, Authorization: out.ID}, emit)
				now = now.Add(500 * 24 * 3_600e9) // the same request ids are new ones
			}
		})
	}
}

// BenchmarkCheckUnderPolicy is what a decision costs without a risk policy, and with one that has no rules, so that only the
// features are made and hashed, by how many orders the account had in the last 30 days.
func BenchmarkCheckUnderPolicy(b *testing.B) {
	for _, c := range []struct {
		name   string
		policy ledger.Policy
		orders int
	}{
		{"none", nil, 40}, {"orders_0", strict{version: "v", above: 1e9}, 0}, {"orders_40", strict{version: "v", above: 1e9}, 40},
		{"orders_256", strict{version: "v", above: 1e9}, 256},
	} {
		b.Run(c.name, func(b *testing.B) {
			core := sim.NewCore(0, terms.Default(), calendar.UTC)
			l, now := core.Ledger, calendar.Instant(1e18)
			l.UsePolicies(c.policy, compileStrict)
			emit := func(*ledger.Entry) {}
			id := l.Apply(now, &ledger.OpenAccount{Request: ledger.Request{Caller: "c", ID: "o"}, Consumer: "c", Currency: "CNY", Limit: 1e9,
				Lines: []ledger.LineOpening{{Scene: ledger.TopUp, Limit: 1e9, Agreement: "v1", Accepted: "v1"}}}, emit).Account.ID
			p := ledger.Purchase{Account: id, Scene: ledger.TopUp, Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 100}
			for i := range c.orders {
				p.Order = ledger.OrderID(time.Duration(i).String())
				now = now.Add(time.Hour)
				l.Apply(now, &ledger.Charge{Request: ledger.Request{Caller: "c", ID: ledger.RequestID(p.Order)}, Purchase: p}, emit)
			}
			check := &ledger.Check{Purchase: p}
			b.ReportAllocs()
			for b.Loop() {
				if out := l.Apply(now, check, emit); out.Decision != ledger.Approve {
					b.Fatal(out.Fault, out.Reasons)
				}
			}
		})
	}
}
