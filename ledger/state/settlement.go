package state

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// Settlement finds a settlement.
func (b *Book) Settlement(id ledger.SettlementID) *ledger.Settlement {
	b.key = append(b.key[:0], id.String()...)
	return history(b, b.state.settlements, &b.settlement, record.DecodeSettlement)
}

// PutSettlement keeps a settlement.
func (b *Book) PutSettlement(s *ledger.Settlement) {
	b.key = append(b.key[:0], s.SettlementID.String()...)
	b.buf = record.AppendSettlement(b.buf[:0], s)
	putHistory(b, b.state.settlements, &b.settlement, s)
}
