package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// PayableTally adds up the postings of a journal that are about what carriers are owed, to be compared with what the shard has
// as payable. The zero PayableTally is empty.
type PayableTally struct {
	owed []carrierOwed // in order of carrier and currency
}

// carrierOwed is what a carrier is owed in a currency: its payable, subsidy and collected with the sign turned.
type carrierOwed struct {
	Carrier  CarrierID
	Currency money.Currency
	amount   money.Amount
}

func (t *PayableTally) of(id CarrierID, c money.Currency) *carrierOwed {
	at, found := slices.BinarySearchFunc(t.owed, id, func(o carrierOwed, id CarrierID) int {
		return cmp.Or(cmp.Compare(o.Carrier, id), cmp.Compare(o.Currency, c))
	})
	if !found {
		t.owed = slices.Insert(t.owed, at, carrierOwed{Carrier: CarrierID(clone(string(id))), Currency: money.Currency(clone(string(c)))})
	}
	return &t.owed[at]
}

// Add adds an entry with its postings, and says what does not hold of it: that the lines of settlement of an entry are its
// postings of the carriers' books, unless it is the payment of a settlement.
func (t *PayableTally) Add(e *Entry, postings []Posting) error {
	var moved PayableTally
	for _, p := range postings {
		switch p.Book.Kind {
		case BookPayable, BookSubsidy, BookCollected:
			moved.of(p.Book.Carrier, p.Currency).amount -= p.Amount
		}
	}
	for _, o := range moved.owed {
		t.of(o.Carrier, o.Currency).amount += o.amount
	}
	if _, pays := e.Fact.(*SettlementPaid); pays {
		return nil
	}
	for _, l := range LinesOf(nil, e) {
		moved.of(l.Carrier, l.Currency).amount -= l.Net()
	}
	for _, o := range moved.owed {
		if o.amount != 0 {
			return fmt.Errorf("%d %s of what carrier %q is owed is on no line of settlement", o.amount, o.Currency, o.Carrier)
		}
	}
	return nil
}

// Check compares what was added up with what a shard has: open, settled and paid.
func (t *PayableTally) Check(s *Shard) error {
	if err := s.CheckPayables(); err != nil {
		return err
	}
	for i := range s.Payables {
		p := &s.Payables[i]
		all := p.Unsettled()
		all.Add(&p.Settled)
		if o := t.of(p.Carrier, p.Currency); o.amount != all.Net()-p.Paid {
			return fmt.Errorf("carrier %q is owed %d %s, open and settled less what was paid are %d", p.Carrier, o.amount, p.Currency, all.Net()-p.Paid)
		}
	}
	for _, o := range t.owed {
		if o.amount != 0 && s.Payable(o.Carrier, o.Currency) == nil {
			return fmt.Errorf("carrier %q is owed %d %s, of which the shard knows nothing", o.Carrier, o.amount, o.Currency)
		}
	}
	return nil
}
