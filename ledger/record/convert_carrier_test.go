package record_test

import (
	"github.com/holdfast-credit/holdfast/ledger"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

// onCarrier is a fact about carriers as the generated code has it; nil for another fact.
func onCarrier(fact ledger.Fact) *journalv1.OfCarrier {
	switch f := fact.(type) {
	case *ledger.CarrierPut:
		return &journalv1.OfCarrier{Fact: &journalv1.OfCarrier_CarrierPut{CarrierPut: carrierPut(f)}}
	case *ledger.SliceGiven:
		return &journalv1.OfCarrier{Fact: &journalv1.OfCarrier_SliceGiven{SliceGiven: &journalv1.SliceGiven{
			To: int64(f.To), N: int64(f.N), Carrier: string(f.Carrier), Currency: string(f.Currency), Amount: int64(f.Amount)}}}
	case *ledger.SliceTaken:
		g := &f.Gift
		return &journalv1.OfCarrier{Fact: &journalv1.OfCarrier_SliceTaken{SliceTaken: &journalv1.SliceTaken{
			To: int64(g.To), N: int64(g.N), Carrier: string(g.Carrier), Currency: string(g.Currency), Amount: int64(g.Amount), From: int64(f.From)}}}
	}
	return nil
}

func carrierPut(f *ledger.CarrierPut) *journalv1.CarrierPut {
	s := &f.Settings
	o := &journalv1.CarrierPut{
		Carrier: string(f.ID), Version: int64(f.Version), Name: s.Name, Closed: s.Closed, Cycle: int64(s.Settlement.Cycle),
		CutOff: int64(s.Settlement.CutOff), Zone: s.Settlement.Zone, Tolerates: s.Tolerates, Tolerance: int64(s.Tolerance),
		HoldLifetime: int64(s.HoldLifetime), FloorLimits: sums(s.FloorLimits), ExposureLimits: sums(s.ExposureLimits), Collects: s.Collects,
	}
	for _, p := range s.Principals {
		o.Principals = append(o.Principals, string(p))
	}
	for i := range s.Products {
		p := &s.Products[i]
		product := &journalv1.Product{Id: string(p.ID), Scene: int64(p.Scene), Currency: string(p.Currency)}
		for _, d := range p.Denominations {
			product.Denominations = append(product.Denominations, &journalv1.Denomination{Amount: int64(d)})
		}
		o.Products = append(o.Products, product)
	}
	for _, fee := range s.Fees {
		o.Fees = append(o.Fees, &journalv1.CarrierFee{
			Scene: int64(fee.Scene), Product: string(fee.Product), Currency: string(fee.Currency), Share: int64(fee.Share), Fixed: int64(fee.Fixed),
		})
	}
	for _, v := range f.Shares {
		o.Shares = append(o.Shares, &journalv1.Share{Amount: int64(v)})
	}
	return o
}

func sums(list []ledger.Sum) (out []*journalv1.Sum) {
	for _, s := range list {
		out = append(out, &journalv1.Sum{Currency: string(s.Currency), Amount: int64(s.Amount)})
	}
	return out
}
