package state

import (
	"encoding/binary"
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// appendReconciliationKey is carrier, a zero byte and number: those of a carrier come one behind the other.
func appendReconciliationKey(key []byte, id ledger.CarrierID, n uint32) []byte {
	return binary.BigEndian.AppendUint32(append(append(key, id...), 0), n)
}

// Reconciliation finds a reconciliation.
func (b *Book) Reconciliation(id ledger.CarrierID, n uint32) *ledger.Reconciliation {
	b.key = appendReconciliationKey(b.key[:0], id, n)
	r := history(b, b.state.reconciliations, &b.reconciliation, record.DecodeReconciliation)
	// The newest may not have been put yet. Every other is there.
	if r == nil && n != 0 && n < b.shard.LastReconciliation(id) {
		b.fail(&CorruptError{b.state.path, fmt.Sprintf("reconciliation %d of carrier %q is gone", n, id)})
	}
	return r
}

// PutReconciliation keeps a reconciliation.
func (b *Book) PutReconciliation(r *ledger.Reconciliation) {
	b.key = appendReconciliationKey(b.key[:0], r.Carrier, r.N)
	b.buf = record.AppendReconciliation(b.buf[:0], r)
	putHistory(b, b.state.reconciliations, &b.reconciliation, r)
}

// KeptBreak finds a break.
func (b *Book) KeptBreak(id ledger.BreakID) *ledger.KeptBreak {
	b.key = binary.BigEndian.AppendUint32(appendReconciliationKey(b.key[:0], id.Carrier, id.Reconciliation), id.N)
	return history(b, b.state.breaks, &b.kept, record.DecodeBreak)
}

// PutBreak keeps a break.
func (b *Book) PutBreak(v *ledger.KeptBreak) {
	b.key = binary.BigEndian.AppendUint32(appendReconciliationKey(b.key[:0], v.Carrier, v.Reconciliation), v.N)
	b.buf = record.AppendBreak(b.buf[:0], v)
	putHistory(b, b.state.breaks, &b.kept, v)
}
