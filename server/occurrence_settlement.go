package server

import (
	"strconv"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// tellSettlement tells what happened to a settlement.
func tellSettlement(p *holdfastv1.Event, id *ledger.SettlementID, f ledger.Fact) {
	p.CarrierId, p.Currency, p.Note = string(id.Carrier), string(id.Currency), strconv.Itoa(int(id.N))
	switch f := f.(type) {
	case *ledger.SettlementBegun:
		p.Type, p.Day = holdfastv1.EventType_EVENT_TYPE_SETTLEMENT_BEGUN, dateProto(f.Through)
	case *ledger.SettlementCut:
		p.Type, p.Day = holdfastv1.EventType_EVENT_TYPE_SETTLEMENT_CUT, dateProto(f.Through)
		p.Amount = int64(f.Sums.Net())
	case *ledger.SettlementEnded:
		p.Type = holdfastv1.EventType_EVENT_TYPE_SETTLEMENT_CLOSED
		var net money.Amount
		for i := range f.Parts {
			net += f.Parts[i].Sums.Net()
		}
		p.Amount = int64(net)
	case *ledger.SettlementPaid:
		p.Type, p.Amount = holdfastv1.EventType_EVENT_TYPE_SETTLEMENT_CONFIRMED, int64(f.Net())
		p.Reference, p.ValueDate = f.Reference, dateProto(f.ValueDate)
	}
}
