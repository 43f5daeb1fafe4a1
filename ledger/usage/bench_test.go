package usage_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/usage"
)

// BenchmarkFold absorbs a million orders and captures of 100,000 accounts and twenty carriers over a year, of amounts from a few
// to thousands.
func BenchmarkFold(b *testing.B) {
	const entries, accounts, days = 1_000_000, 100_000, 365
	random, all := rand.New(rand.NewPCG(1, 1)), make([]ledger.Entry, entries)
	for i := range all {
		e := order(uint64(i+1), uint64(random.IntN(accounts)+1), ledger.CarrierID(fmt.Sprint("carrier-", random.IntN(20))), i*days/entries, 1000)
		o := e.Fact.(*ledger.OrderDecided)
		e.Time = calendar.InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * days * 24 * time.Hour / entries))
		if o.Amount = 1000; random.IntN(4) == 0 {
			o.Amount += 1 + money.Amount(random.IntN(5_000))
		}
		if all[i] = *e; i%2 == 1 {
			all[i].Fact = &ledger.HoldCaptured{HoldRef: o.HoldRef, Amount: o.Amount}
		}
	}
	for b.Loop() {
		f := usage.New(shard)
		for i := range all {
			if err := f.Add(&all[i]); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(f.Bytes())/(1<<20), "MiB")
		var file bytes.Buffer
		if err := f.Write(&file); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(file.Len())/(1<<20), "checkpoint-MiB")
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
}
