package sim

import "github.com/holdfast-credit/holdfast/ledger"

type reconciliationKey struct {
	Carrier ledger.CarrierID
	N       uint32
}

// Reconciliation finds a reconciliation.
func (b *Book) Reconciliation(id ledger.CarrierID, n uint32) *ledger.Reconciliation {
	return b.reconciliations.get(b, reconciliationKey{id, n})
}

// PutReconciliation keeps a reconciliation.
func (b *Book) PutReconciliation(r *ledger.Reconciliation) {
	b.reconciliations.put(reconciliationKey{r.Carrier, r.N}, r)
}

// KeptBreak finds a break.
func (b *Book) KeptBreak(id ledger.BreakID) *ledger.KeptBreak { return b.breaks.get(b, id) }

// PutBreak keeps a break.
func (b *Book) PutBreak(v *ledger.KeptBreak) {
	b.breaks.put(ledger.BreakID{Carrier: v.Carrier, Reconciliation: v.Reconciliation, N: v.N}, v)
}
