package ledger_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// BenchmarkCapture is what the ledger itself does for an order that is authorized and captured, of a carrier that is not
// registered, and of one that is charged and has business days of its own.
func BenchmarkCapture(b *testing.B) {
	for _, registered := range []bool{false, true} {
		b.Run(map[bool]string{false: "unregistered", true: "settled_daily"}[registered], func(b *testing.B) {
			core := sim.NewCore(0, terms.Default(), calendar.UTC)
			l, now := core.Ledger, calendar.Instant(1_795_374_000e9)
			emit := func(*ledger.Entry) {}
			if registered {
				put := &ledger.PutCarrier{Request: ledger.Request{Caller: "c", ID: "p"}, ID: "cmcc", Version: 1, Shards: 1}
				s := &put.Settings
				s.Settlement.Cycle, s.Settlement.CutOff, s.Settlement.Zone = ledger.Daily, 23*time.Hour, "Asia/Shanghai"
				s.Fees = []ledger.CarrierFee{{Currency: "CNY", Share: 6_000, Fixed: 5}}
				l.Apply(now, put, emit)
			}
			id := l.Apply(now, &ledger.OpenAccount{Request: ledger.Request{Caller: "c", ID: "o"}, Consumer: "c", Currency: "CNY", Limit: money.Max,
				Lines: []ledger.LineOpening{{Scene: ledger.TopUp, Limit: money.Max, Agreement: "v1", Accepted: "v1"}}}, emit).Account.ID
			p := ledger.Purchase{Account: id, Scene: ledger.TopUp, Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 3000}
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				n++
				name := strconv.Itoa(n)
				p.Order = ledger.OrderID(name)
				out := l.Apply(now, &ledger.Authorize{Request: ledger.Request{Caller: "a", ID: ledger.RequestID(name)}, Purchase: p}, emit)
				if out.Fault != nil || out.Decision != ledger.Approve {
					b.Fatal(out.Fault, out.Reasons)
				}
				out = l.Apply(now, &ledger.CaptureHold{Request: ledger.Request{Caller: "b", ID: ledger.RequestID(name)}, Authorization: out.ID, Currency: "CNY", Final: true}, emit)
				if out.Fault != nil {
					b.Fatal(out.Fault)
				}
				now += 1e6
			}
		})
	}
}
