package record_test

import (
	"github.com/holdfast-credit/holdfast/ledger"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

// onSettlement is a fact about settlement as the generated code has it; nil for another fact.
func onSettlement(fact ledger.Fact) *journalv1.OfSettlement {
	switch f := fact.(type) {
	case *ledger.CarrierAdjusted:
		return &journalv1.OfSettlement{Fact: &journalv1.OfSettlement_CarrierAdjusted{CarrierAdjusted: &journalv1.CarrierAdjusted{
			Carrier: string(f.Carrier), Currency: string(f.Currency), Amount: int64(f.Amount), Date: int64(f.Date),
			Reason: f.Reason, Reference: f.Reference}}}
	}
	return nil
}

func clearing(c ledger.Clearing) *journalv1.Clearing {
	if c == (ledger.Clearing{}) {
		return nil
	}
	return &journalv1.Clearing{Date: int64(c.Date), Fee: int64(c.Fee)}
}
