package sim

import (
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
)

func cloneSettlement(s *ledger.Settlement) *ledger.Settlement {
	c := *s
	c.Parts = slices.Clone(s.Parts)
	return &c
}

// Settlement finds a settlement.
func (b *Book) Settlement(id ledger.SettlementID) *ledger.Settlement { return b.settlements.get(b, id) }

// PutSettlement keeps a settlement.
func (b *Book) PutSettlement(s *ledger.Settlement) { b.settlements.put(s.SettlementID, s) }

// checkSettlements checks that the settlements are those that the shard says that there are, one after the other, all but the last
// closed.
func (b *Book) checkSettlements() error {
	count := 0
	for i := range b.shard.Payables {
		p := &b.shard.Payables[i]
		count += int(p.Closing)
		var last ledger.Settlement
		for n := uint32(1); n <= p.Closing; n++ {
			id := ledger.SettlementID{Carrier: p.Carrier, Currency: p.Currency, N: n}
			s := b.settlements.rows[id]
			switch {
			case s == nil || s.SettlementID != id:
				return fmt.Errorf("settlement %s is %+v", id, s)
			case s.After != last.Through || s.Through <= s.After && n > 1:
				return fmt.Errorf("settlement %s is through %s, after %s, the one before went through %s", id, s.Through, s.After, last.Through)
			case s.State == ledger.SettlementClosing && n < p.Closing:
				return fmt.Errorf("settlement %s is being closed, and there is %d", id, p.Closing)
			}
			last = *s
		}
	}
	if count != len(b.settlements.rows) {
		return fmt.Errorf("there are %d settlements, the shard has %d", len(b.settlements.rows), count)
	}
	return nil
}
