package ledger

import "slices"

// PaidBill is a bill that an order pays, or was to pay: so it is noticed when another order is to pay it again. Only a print
// of the carrier and its reference is kept; the authorization has both, and says whether the bill is paid still.
type PaidBill struct {
	N     uint32 // the authorization
	Print uint64
}

// MostPaidBills is how many bills an account remembers, the newest: those of five phones for a year, and it takes 16 bytes each.
const MostPaidBills = 64

// billPrint is FNV-1a of both, with an end between them.
func billPrint(carrier CarrierID, bill BillID) uint64 {
	h := uint64(14695981039346656037)
	for _, text := range [...]string{string(carrier), string(bill)} {
		for i := range len(text) {
			h = (h ^ uint64(text[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h
}

// alreadyPaid says whether another order of the account pays the bill that is asked for, or is about to. It looks up the
// authorizations that were for the same bill only, of which there is one as a rule.
func (l *Ledger) alreadyPaid(a *Account, p *Purchase) bool {
	print := billPrint(p.Carrier, p.Bill)
	return slices.ContainsFunc(a.Bills, func(b PaidBill) bool {
		if b.Print != print {
			return false
		}
		h := l.viewed(a, b.N)
		return h.Carrier == p.Carrier && h.Bill == p.Bill && h.paysBill()
	})
}

// viewed is an authorization of an account that may be a view: of one that has run out and is in the book as open still.
func (l *Ledger) viewed(a *Account, n uint32) Authorization {
	if kept := l.book.Account(a.ID); kept != nil {
		return l.viewHold(kept, n)
	}
	return l.authorization(a, n).clone()
}

// paysBill says whether an authorization pays a bill, or is about to.
func (a *Authorization) paysBill() bool { return a.State.Open() || a.Captured > a.Refunded }

// pays notes that an authorization pays a bill. An order that was approved takes the place of those before it, which pay the
// bill no more; what nothing can refuse, an advice or a late capture, comes beside them.
func (a *Account) pays(n uint32, carrier CarrierID, bill BillID, approved bool) {
	print := billPrint(carrier, bill)
	kept := make([]PaidBill, 0, len(a.Bills)+1)
	for _, b := range a.Bills {
		if b.N != n && (b.Print != print || !approved) {
			kept = append(kept, b)
		}
	}
	kept = append(kept, PaidBill{n, print})
	a.Bills = kept[max(0, len(kept)-MostPaidBills):]
}
