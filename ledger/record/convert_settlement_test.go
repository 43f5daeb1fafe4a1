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
	case *ledger.SettlementBegun:
		return &journalv1.OfSettlement{Fact: &journalv1.OfSettlement_SettlementBegun{SettlementBegun: &journalv1.SettlementBegun{
			Carrier: string(f.Carrier), Currency: string(f.Currency), N: int64(f.N), After: int64(f.After), Through: int64(f.Through)}}}
	case *ledger.SettlementCut:
		return &journalv1.OfSettlement{Fact: &journalv1.OfSettlement_SettlementCut{SettlementCut: &journalv1.SettlementCut{
			Carrier: string(f.Carrier), Currency: string(f.Currency), N: int64(f.N), Through: int64(f.Through), First: int64(f.First),
			Sums: settled(&f.Sums), Late: settled(&f.Late), Before: int64(f.Before), BeforeThrough: int64(f.BeforeThrough)}}}
	case *ledger.SettlementEnded:
		o := &journalv1.SettlementEnded{Carrier: string(f.Carrier), Currency: string(f.Currency), N: int64(f.N)}
		for i := range f.Parts {
			p := &f.Parts[i]
			o.Parts = append(o.Parts, &journalv1.SettlementPart{
				Shard: int64(p.Shard), N: int64(p.N), Through: int64(p.Through), Sequence: int64(p.Sequence), First: int64(p.First),
				Sums: settled(&p.Sums), Late: settled(&p.Late), Before: int64(p.Before), BeforeThrough: int64(p.BeforeThrough)})
		}
		return &journalv1.OfSettlement{Fact: &journalv1.OfSettlement_SettlementEnded{SettlementEnded: o}}
	case *ledger.SettlementPaid:
		return &journalv1.OfSettlement{Fact: &journalv1.OfSettlement_SettlementPaid{SettlementPaid: &journalv1.SettlementPaid{
			Carrier: string(f.Carrier), Currency: string(f.Currency), N: int64(f.N), Reference: f.Reference, ValueDate: int64(f.ValueDate),
			Payable: int64(f.Payable), Subsidy: int64(f.Subsidy), Collected: int64(f.Collected)}}}
	}
	return nil
}

func settled(s *ledger.Sums) *journalv1.Sums {
	if *s == (ledger.Sums{}) {
		return nil
	}
	count := func(k ledger.LineKind) int64 { return s.Of(k).Count }
	sum := func(k ledger.LineKind) int64 { return int64(s.Of(k).Amount) }
	return &journalv1.Sums{
		Fees:          int64(s.Fees),
		CapturedCount: count(ledger.LineCaptured), Captured: sum(ledger.LineCaptured),
		RefundedCount: count(ledger.LineRefunded), Refunded: sum(ledger.LineRefunded),
		ReversedCount: count(ledger.LineReversed), Reversed: sum(ledger.LineReversed),
		SubsidyCount: count(ledger.LineSubsidy), Subsidy: sum(ledger.LineSubsidy),
		CollectedCount: count(ledger.LineCollected), Collected: sum(ledger.LineCollected),
		BoughtBackCount: count(ledger.LineBoughtBack), BoughtBack: sum(ledger.LineBoughtBack),
		AdjustedCount: count(ledger.LineAdjusted), Adjusted: sum(ledger.LineAdjusted),
	}
}

func clearing(c ledger.Clearing) *journalv1.Clearing {
	if c == (ledger.Clearing{}) {
		return nil
	}
	return &journalv1.Clearing{Date: int64(c.Date), Fee: int64(c.Fee)}
}
