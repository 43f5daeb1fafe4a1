package ledger

import "github.com/holdfast-credit/holdfast/ledger/money"

// BookKind is a kind of book account.
type BookKind uint8

// The kinds. What is held on a consumer's line is committed to a carrier; what a consumer owes is payable to a
// carrier.
const (
	BookHeld         BookKind = iota + 1 // held/ACC/SCENE
	BookCommitted                        // committed/CARRIER
	BookReceivable                       // receivable/ACC/SCENE
	BookPayable                          // payable/CARRIER
	BookCharges                          // charges/ACC: fees, interest and penalty that the consumer owes
	BookCredit                           // credit/ACC: what the consumer has to his credit
	BookCash                             // cash: repaid or paid out
	BookIncome                           // income: fees, interest, penalty
	BookLoss                             // loss: charged off, less what was recovered
	BookSubsidy                          // subsidy/CARRIER: what a carrier owes of the fees of plans
	BookFees                             // fees/CARRIER: what a carrier was charged
	BookCollected                        // collected/CARRIER: what a carrier collected for us and has not remitted
	BookAdjustment                       // adjustment/CARRIER: what operators adjusted
	BookPledged                          // pledged/ACC: what points are to pay of what is committed
	BookPointsCost                       // points_cost: what points paid of orders
	BookPoints                           // points/ACC, in points: what the consumer has, held ones included
	BookPointsIssued                     // points_issued, in points: against which they are given and spent
	bookKindEnd
)

var bookNames = [...]string{"", "held", "committed", "receivable", "payable", "charges", "credit", "cash", "income", "loss", "subsidy", "fees", "collected", "adjustment",
	"pledged", "points_cost", "points", "points_issued"}

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
	switch b.Kind {
	case BookCommitted, BookPayable, BookSubsidy, BookFees, BookCollected, BookAdjustment:
		return b.Kind.String() + "/" + string(b.Carrier)
	case BookCharges, BookCredit, BookPledged, BookPoints:
		return b.Kind.String() + "/" + b.Account.String()
	case BookCash, BookIncome, BookLoss, BookPointsCost, BookPointsIssued:
		return b.Kind.String()
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
// carriers' books are the shard's totals, and what is payable, with the sign turned.
//
// What points pay of an order is not lent: it is pledged/ACC while it is held, and points_cost once it is captured. Points
// themselves are posted in a unit of their own.
func Postings(e *Entry) []Posting {
	switch f := e.Fact.(type) {
	case *CarrierAdjusted:
		return f.postings()
	case *SettlementPaid:
		return f.postings()
	}
	points := PointsOf(e.Fact)
	p := moves(e, points.pledges())
	if c, h := ClearingOf(e.Fact), HoldOf(e.Fact); c.Fee != 0 {
		p = append(p,
			Posting{BookAccount{Kind: BookPayable, Carrier: h.Carrier}, h.Currency, c.Fee},
			Posting{BookAccount{Kind: BookFees, Carrier: h.Carrier}, h.Currency, -c.Fee})
	}
	if points != nil && points.Flows.Sum() != 0 {
		more := money.Amount(points.Flows.Sum())
		p = append(p,
			Posting{BookAccount{Kind: BookPoints, Account: AccountOf(e.Fact)}, PointsUnit, -more},
			Posting{BookAccount{Kind: BookPointsIssued}, PointsUnit, more})
	}
	return p
}

// moves are the postings of what an entry moves, but for fees of carriers and for points. Of what it holds points are to pay so
// much more.
func moves(e *Entry, pledged money.Amount) []Posting {
	held, posted := moved(e.Fact)
	b := BookingOf(e.Fact)
	if b != nil {
		posted = 0 // its moves say what is posted, and more
	}
	h := HoldOf(e.Fact)
	var p []Posting
	if b != nil && len(b.Moves) > 0 {
		p = b.postings(AccountOf(e.Fact), currencyOf(e.Fact))
	}
	if held == 0 && posted == 0 {
		return p
	}
	if p == nil {
		p = make([]Posting, 0, 4)
	}
	leg := func(own BookKind, scene Scene, carrier BookKind, amount money.Amount) {
		if amount != 0 {
			p = append(p,
				Posting{BookAccount{Kind: own, Account: h.Account, Scene: scene}, h.Currency, amount},
				Posting{BookAccount{Kind: carrier, Carrier: h.Carrier}, h.Currency, -amount})
		}
	}
	leg(BookHeld, h.Scene, BookCommitted, held-pledged)
	leg(BookPledged, NoScene, BookCommitted, pledged)
	leg(BookReceivable, h.Scene, BookPayable, posted)
	return p
}

func currencyOf(f Fact) money.Currency {
	if f, ok := f.(*Booked); ok {
		return f.Currency
	}
	return HoldOf(f).Currency
}

// BookingOf is what a fact does to what is owed; nil when it does nothing, or only adds to the open window.
func BookingOf(f Fact) *Booking {
	switch f := f.(type) {
	case *Booked:
		return &f.Booking
	case *OrderDecided:
		return f.Booking
	case *HoldCaptured:
		return f.Booking
	case *OrderReversed:
		return f.Booking
	case *CaptureRefunded:
		return f.Booking
	case *BundleCancelled:
		return f.Booking
	}
	return nil
}

// postings are two legs for each move.
func (b *Booking) postings(id AccountID, currency money.Currency) []Posting {
	p := make([]Posting, 0, 2*len(b.Moves))
	for i := range b.Moves {
		m := &b.Moves[i]
		own, amount := BookAccount{Account: id}, m.Amount
		switch m.Part {
		case PrincipalPart:
			own.Kind, own.Scene = BookReceivable, m.Scene
		case CreditPart:
			own.Kind, amount = BookCredit, -amount // it is owed to the consumer
		case WrittenOffPart:
			own = BookAccount{Kind: BookLoss}
		case SubsidyPart:
			own = BookAccount{Kind: BookSubsidy, Carrier: m.Carrier}
		case PointsCostPart:
			own = BookAccount{Kind: BookPointsCost}
		default:
			own.Kind = BookCharges
		}
		other := BookAccount{Kind: m.Against}
		switch m.Against {
		case BookPayable, BookCollected:
			other.Carrier = m.Carrier
		case BookCredit:
			other.Account = id
		}
		p = append(p, Posting{own, currency, amount}, Posting{other, currency, -amount})
	}
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
