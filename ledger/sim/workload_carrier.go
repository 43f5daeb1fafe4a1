package sim

import (
	"math/rand/v2"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// registered are the carriers that a workload registers. Of those that it sells for, cucc stays unregistered.
var registered = []ledger.CarrierID{"cmcc", "ctcc"}

// putCarrier registers a version of a carrier. Their days end at cut-offs in two zones.
func (w *Workload) putCarrier(r *rand.Rand, id ledger.CarrierID) *ledger.PutCarrier {
	w.versions++
	c := &ledger.PutCarrier{Request: w.request(r), ID: id, Version: w.versions, Shards: 1}
	s := &c.Settings
	s.Name = "Carrier " + string(id)
	s.Settlement = ledger.SettlementTerms{Cycle: ledger.Daily, CutOff: 23 * time.Hour, Zone: "Asia/Shanghai"}
	if id == "ctcc" {
		s.Settlement = ledger.SettlementTerms{Cycle: ledger.Monthly, CutOff: 17*time.Hour + 30*time.Minute, Zone: "America/New_York"}
	}
	if r.IntN(8) == 0 {
		s.Settlement.CutOff = 0
	}
	s.Products = []ledger.Product{
		{ID: "any", Currency: "CNY"},
		{ID: "fixed", Scene: ledger.TopUp, Currency: "CNY", Denominations: []money.Amount{50, 100, 200, 300, 500}},
	}
	share := func() terms.Rate { return terms.Rate(r.IntN(400) * 100) }
	s.Fees = []ledger.CarrierFee{
		{Product: "fixed", Currency: "CNY", Share: share(), Fixed: money.Amount(r.IntN(3))},
		{Scene: ledger.TopUp, Currency: "CNY", Share: share()},
		{Scene: ledger.Bill, Currency: "CNY", Fixed: 7},
		{Currency: "USD", Share: share()},
	}[r.IntN(2):]
	return c
}

// product names a product for a purchase, now and then: one that is sold in any amount, one that is sold in some, and one
// that is not sold.
func (w *Workload) product(r *rand.Rand, p *ledger.Purchase) {
	if !w.options.Carriers {
		return
	}
	switch n := r.IntN(12); {
	case n < 3:
		p.Product = "any"
	case n < 6 && p.Scene == ledger.TopUp:
		p.Product, p.Amount = "fixed", []money.Amount{50, 100, 300, 301}[r.IntN(4)]
	case n == 6:
		p.Product = "none"
	}
}

// onCarriers is what operators do about carriers.
func (w *Workload) onCarriers(r *rand.Rand) ledger.Command {
	if r.IntN(4) > 0 {
		return w.settle(r)
	}
	if r.IntN(3) == 0 {
		return w.putCarrier(r, registered[r.IntN(len(registered))])
	}
	c := &ledger.AdjustCarrier{Request: w.request(r), Carrier: carrier(r), Currency: w.currency(r), Amount: amount(r), Reason: "a letter"}
	if r.IntN(2) == 0 {
		c.Amount = -c.Amount
	}
	if r.IntN(2) == 0 {
		c.Date = w.options.Zone.DateAt(w.Now).AddDays(-r.IntN(40))
	}
	return c
}

// sawSettlement remembers where the settlements of a carrier are.
func (w *Workload) sawSettlement(a *ledger.SettlementAnswer) {
	switch {
	case a == nil:
	case a.Settlement != nil:
		w.settling[a.Settlement.Carrier] = a.Settlement
	case a.Cut.N != 0:
		w.cuts[w.cutting] = a.Cut
	}
}

// settle takes the settlement of a carrier a step further, tries what does not come next, or reads.
func (w *Workload) settle(r *rand.Rand) ledger.Command {
	id := carrier(r)
	s := w.settling[id]
	if s == nil || r.IntN(6) == 0 {
		through := w.options.Zone.DateAt(w.Now).AddDays(1 - r.IntN(8))
		return &ledger.BeginSettlement{Request: w.request(r), Carrier: id, Currency: "CNY", Through: through}
	}
	c := &ledger.ConfirmSettlement{Request: w.request(r), ID: s.SettlementID, Reference: "bank", ValueDate: w.options.Zone.DateAt(w.Now), Amount: s.Sums.Net()}
	switch cut := w.cuts[id]; {
	case r.IntN(8) == 0:
		return &ledger.GetSettlement{ID: ledger.SettlementID{Carrier: id, Currency: "CNY", N: uint32(r.IntN(4))}}
	case s.State == ledger.SettlementClosing && (cut.N != s.N || r.IntN(4) == 0):
		w.cutting = id
		return &ledger.CutSettlement{SettlementID: s.SettlementID, Through: s.Through}
	case s.State == ledger.SettlementClosing:
		end := &ledger.EndSettlement{SettlementID: s.SettlementID}
		if cut.First != 0 {
			end.Parts = []ledger.SettlementPart{{Shard: w.options.Shard, Cut: cut}}
		}
		return end
	case s.State == ledger.SettlementConfirmed && r.IntN(3) > 0:
		return &ledger.BeginSettlement{Request: w.request(r), Carrier: id, Currency: "CNY", Through: w.options.Zone.DateAt(w.Now) - 1}
	case s.State == ledger.SettlementConfirmed && r.IntN(3) == 0:
		w.cutting = id
		return &ledger.CutSettlement{SettlementID: s.SettlementID, Through: s.Through + calendar.Date(r.IntN(2))}
	case r.IntN(4) == 0:
		c.Reference, c.Amount = "wrong", c.Amount+1
	case r.IntN(4) == 0:
		c.ValueDate += 2
	}
	return c
}
