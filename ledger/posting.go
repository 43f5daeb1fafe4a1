package ledger

import "github.com/holdfast-credit/holdfast/ledger/money"

// BookKind is a kind of book account.
type BookKind uint8

// The kinds. What is held on a consumer's line is committed to a carrier; what a consumer owes is payable to a
// carrier.
const (
	BookHeld       BookKind = iota + 1 // held/ACC/SCENE
	BookCommitted                      // committed/CARRIER
	BookReceivable                     // receivable/ACC/SCENE
	BookPayable                        // payable/CARRIER
)

var bookNames = [...]string{"", "held", "committed", "receivable", "payable"}

func (k BookKind) String() string { return bookNames[k] }

// BookAccount names where a posting is booked: a line of an account, or a carrier.
type BookAccount struct {
	Kind    BookKind
	Account AccountID // with Scene, for held and receivable
	Scene   Scene
	Carrier CarrierID // for committed and payable
}

// String is the name in the event feed, such as held/acc_0000000000001/TOPUP or payable/cmcc.
func (b BookAccount) String() string {
	if b.Kind == BookCommitted || b.Kind == BookPayable {
		return b.Kind.String() + "/" + string(b.Carrier)
	}
	return b.Kind.String() + "/" + b.Account.String() + "/" + b.Scene.String()
}

// Posting is one leg of an entry in the books: debits above zero, credits below, minor units.
type Posting struct {
	Book     BookAccount
	Currency money.Currency
	Amount   money.Amount
}

// Postings are the double-entry postings of an entry; nil when it moves nothing. They sum to zero for each currency.
// Added up over a journal, held/ACC/SCENE is the line's held amount, receivable/ACC/SCENE its posted one, and the
// carriers' books are the shard's totals with the sign turned.
func Postings(e *Entry) []Posting {
	held, posted := moved(e.Fact)
	if held == 0 && posted == 0 {
		return nil
	}
	h := HoldOf(e.Fact)
	p := make([]Posting, 0, 4)
	leg := func(line, carrier BookKind, amount money.Amount) {
		if amount != 0 {
			p = append(p,
				Posting{BookAccount{Kind: line, Account: h.Account, Scene: h.Scene}, h.Currency, amount},
				Posting{BookAccount{Kind: carrier, Carrier: h.Carrier}, h.Currency, -amount})
		}
	}
	leg(BookHeld, BookCommitted, held)
	leg(BookReceivable, BookPayable, posted)
	return p
}

// moved is by how much a fact changes what is held and what is posted.
func moved(f Fact) (held, posted money.Amount) {
	switch f := f.(type) {
	case *OrderDecided:
		switch f.Kind {
		case OrderAuthorized:
			return f.Amount, 0
		case OrderCharged, OrderAdvised:
			return 0, f.Amount
		}
	case *HoldIncremented:
		if f.Reasons == 0 {
			return f.Amount, 0
		}
	case *HoldCaptured:
		if f.Late {
			return 0, f.Amount // it held nothing any more
		}
		return -f.FromHold - f.Released, f.Amount
	case *HoldReleased:
		return -f.Amount, 0
	case *OrderReversed:
		return -f.Released, -f.Refunded
	case *CaptureRefunded:
		return 0, -f.Amount
	}
	return 0, 0
}
