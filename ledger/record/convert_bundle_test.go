package record_test

import (
	"github.com/holdfast-credit/holdfast/ledger"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

// onBundle is a fact about bundles as the generated code has it; nil for another fact.
func onBundle(fact ledger.Fact) *journalv1.OfBundle {
	switch f := fact.(type) {
	case *ledger.BundleOfferPut:
		s := &f.Settings
		return &journalv1.OfBundle{Fact: &journalv1.OfBundle_BundleOfferPut{BundleOfferPut: &journalv1.BundleOfferPut{
			Id: string(f.ID), Version: int64(f.Version), Carrier: string(s.Carrier), Name: s.Name, Currency: string(s.Currency),
			Price: int64(s.Price), DownPayment: int64(s.DownPayment), Method: int64(s.Plan.Method), Months: int64(s.Plan.Months),
			Fee: int64(s.Plan.Fee), Interest: int64(s.Plan.Interest), Termination: int64(s.Termination), CoolingOff: int64(s.CoolingOff),
			From: int64(s.From), Until: int64(s.Until), Withdrawn: s.Withdrawn}}}
	case *ledger.BundleCancelled:
		return &journalv1.OfBundle{Fact: &journalv1.OfBundle_BundleCancelled{BundleCancelled: &journalv1.BundleCancelled{
			Account: uint64(f.Account), N: int64(f.N), Scene: int64(f.Scene), Carrier: string(f.Carrier), Currency: string(f.Currency),
			Order: string(f.Order), Effective: int64(f.Effective), Rule: int64(f.Rule), Billed: int64(f.Billed), BoughtBack: int64(f.BoughtBack),
			Booking: booking(f.Booking), Reference: string(f.Reference)}}}
	}
	return nil
}

func bundleOrder(o ledger.BundleOrder) *journalv1.BundleOrder {
	if o == (ledger.BundleOrder{}) {
		return nil
	}
	return &journalv1.BundleOrder{Offer: string(o.Offer), Version: int64(o.Version), Began: int64(o.Began.Day), Until: int64(o.Began.Until)}
}

func contract(c *ledger.Contract) *journalv1.BundleContract {
	return &journalv1.BundleContract{
		Authorization: int64(c.Authorization), Until: int64(c.Until), Fee: int64(c.Fee), Interest: int64(c.Interest), Subsidy: int64(c.Subsidy),
		Rest: int64(c.Rest), With: int64(c.With)}
}
