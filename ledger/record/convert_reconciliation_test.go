package record_test

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

// onReconciliation is a fact about reconciliations as the generated code has it; nil for another fact.
func onReconciliation(fact ledger.Fact) *journalv1.OfReconciliation {
	switch f := fact.(type) {
	case *ledger.ReconciliationBegun:
		return &journalv1.OfReconciliation{Fact: &journalv1.OfReconciliation_ReconciliationBegun{ReconciliationBegun: &journalv1.ReconciliationBegun{
			Carrier: string(f.Carrier), N: int64(f.N), Run: int64(f.Run), Currency: string(f.Currency), Date: int64(f.Date), Fees: f.Fees}}}
	case *ledger.BreaksFound:
		o := &journalv1.BreaksFound{Carrier: string(f.Carrier), N: int64(f.N), First: int64(f.First)}
		for i := range f.Breaks {
			b := &f.Breaks[i]
			o.Breaks = append(o.Breaks, &journalv1.FoundBreak{
				Kind: int64(b.Kind), Ours: item(b.Ours), Theirs: item(b.Theirs), Diff: int64(b.Diff), FeeDiff: int64(b.FeeDiff)})
		}
		return &journalv1.OfReconciliation{Fact: &journalv1.OfReconciliation_BreaksFound{BreaksFound: o}}
	case *ledger.ReconciliationEnded:
		o := &journalv1.ReconciliationEnded{
			Carrier: string(f.Carrier), N: int64(f.N), Failed: f.Failed, Read: int64(f.Read), Ours: itemSums(f.Tally.Ours), Theirs: itemSums(f.Tally.Theirs),
			Silent: f.Tally.Silent, Matched: f.Tally.Matched, Cancelled: f.Tally.Cancelled}
		for _, s := range f.Tally.Breaks {
			o.Breaks = append(o.Breaks, &journalv1.ReconciledSums{Count: s.Count, Amount: int64(s.Diff), Fee: int64(s.FeeDiff)})
		}
		return &journalv1.OfReconciliation{Fact: &journalv1.OfReconciliation_ReconciliationEnded{ReconciliationEnded: o}}
	case *ledger.BreakResolved:
		return &journalv1.OfReconciliation{Fact: &journalv1.OfReconciliation_BreakResolved{BreakResolved: &journalv1.BreakResolved{
			Carrier: string(f.Carrier), Reconciliation: int64(f.Reconciliation), N: int64(f.N), How: int64(f.How), Adjusted: int64(f.Adjusted), Reason: f.Reason}}}
	}
	return nil
}

func item(i reconcile.Item) *journalv1.ReconciledItem {
	if i == (reconcile.Item{}) {
		return nil
	}
	return &journalv1.ReconciledItem{
		Order: i.Order, Reference: i.Reference, Kind: int64(i.Kind), Status: int64(i.Status), Date: int64(i.Date), Time: int64(i.Time),
		Amount: int64(i.Amount), Fee: int64(i.Fee), Count: int64(i.Count), Account: i.Account, N: int64(i.N), State: int64(i.State), NoFee: i.NoFee}
}

func itemSums(s reconcile.Sums) *journalv1.ReconciledSums {
	if s == (reconcile.Sums{}) {
		return nil
	}
	return &journalv1.ReconciledSums{Count: s.Count, Amount: int64(s.Amount), Fee: int64(s.Fee)}
}
