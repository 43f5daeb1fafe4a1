package ledger

import "slices"

// sells says what stands against selling a product of a carrier for an amount: nothing, or a fault. A sale that has taken place
// is not asked about. Without a product nothing is held to what the carrier sells.
func (l *Ledger) sells(p *Purchase) *Fault {
	if p.Product == "" {
		return nil
	}
	c := l.book.Shard().Carrier(p.Carrier)
	if c == nil {
		return notSold(p)
	}
	at := slices.IndexFunc(c.Products, func(o Product) bool { return o.ID == p.Product })
	if at < 0 {
		return notSold(p)
	}
	o := &c.Products[at]
	if o.Currency != p.Currency || o.Scene != NoScene && o.Scene != p.Scene {
		return notSold(p)
	}
	if len(o.Denominations) == 0 {
		return nil
	}
	if _, found := slices.BinarySearch(o.Denominations, p.Amount); !found || p.Partial {
		return fault(Invalid, "DENOMINATION_NOT_SOLD", "carrier %q sells product %q in %d and no part of one", p.Carrier, p.Product, o.Denominations).
			on("amount", "accept_partial").named(string(p.Product))
	}
	return nil
}

func notSold(p *Purchase) *Fault {
	return fault(Invalid, "PRODUCT_NOT_SOLD", "carrier %q does not sell a product %q for scene %s in %s", p.Carrier, p.Product, p.Scene, p.Currency).
		on("product_id").named(string(p.Product))
}
