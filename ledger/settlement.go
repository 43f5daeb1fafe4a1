package ledger

import (
	"slices"
	"strconv"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// SettlementID names a settlement. Those of a carrier in a currency are numbered 1, 2, 3, ...
type SettlementID struct {
	Carrier  CarrierID
	Currency money.Currency
	N        uint32
}

// String is carrier, currency and number, such as cmcc/CNY/12.
func (id SettlementID) String() string {
	return string(id.Carrier) + "/" + string(id.Currency) + "/" + strconv.FormatUint(uint64(id.N), 10)
}

// SettlementState is where a settlement stands.
type SettlementState uint8

// The states. Their numbers are those of the API and of the journal.
const (
	NoSettlement        SettlementState = iota
	SettlementClosing                   // begun: shards are being cut
	SettlementClosed                    // what it comes to is known
	SettlementConfirmed                 // paid
	settlementStateEnd
)

// Valid says whether it is a state.
func (s SettlementState) Valid() bool { return s > NoSettlement && s < settlementStateEnd }

// Settlement is everything payable to a carrier in a currency up to a business day that no settlement before had. It is
// kept in the carrier's home shard, and consists of a cut of every shard. First it is begun, then each shard is cut, then
// it is closed with the cuts: whatever is interrupted goes on from there, for the journals have all that was done.
type Settlement struct {
	SettlementID
	Sequence  uint64 // of the last entry absorbed
	State     SettlementState
	After     calendar.Date // the last business day of the settlement before; 0 for the first
	Through   calendar.Date // the last business day
	Sums      Sums
	Late      Sums // of Sums, lines of days up to After
	Parts     []SettlementPart
	Begun     calendar.Instant
	Closed    calendar.Instant
	Confirmed calendar.Instant
	Caller    Caller // who had it closed

	// Of its payment.
	Reference   string // the bank's
	ValueDate   calendar.Date
	ConfirmedBy Caller
}

// SettlementPart is the cut of a shard that has lines in it.
type SettlementPart struct {
	Shard uint16
	Cut
}

func (s *Settlement) clone() *Settlement {
	c := *s
	c.Parts = slices.Clone(s.Parts)
	return &c
}

// The facts about settlements.
type (
	// SettlementBegun is the intent to close a settlement: every shard is to be cut.
	SettlementBegun struct {
		SettlementID
		After   calendar.Date
		Through calendar.Date
	}
	// SettlementCut is a shard's part of a settlement. From now on nothing is added to it.
	SettlementCut struct {
		SettlementID
		Through       calendar.Date
		First         uint64
		Sums          Sums
		Late          Sums
		Before        uint64
		BeforeThrough calendar.Date
	}
	// SettlementEnded is a settlement closed: every shard has been cut, and these are the cuts that have lines.
	SettlementEnded struct {
		SettlementID
		Parts []SettlementPart
	}
	// SettlementPaid is a settlement confirmed: the carrier was paid, or paid. What it moves are the carrier's books for the
	// settlement, which it takes to zero, against cash.
	SettlementPaid struct {
		SettlementID
		Reference string
		ValueDate calendar.Date
		Payable   money.Amount // of captures, refunds, reversals, what was bought back, adjustments, less fees
		Subsidy   money.Amount // below 0 when the carrier owes it
		Collected money.Amount // likewise
	}
)

func (*SettlementBegun) fact() {}
func (*SettlementCut) fact()   {}
func (*SettlementEnded) fact() {}
func (*SettlementPaid) fact()  {}

// Cut is the cut that an entry of the sequence makes.
func (f *SettlementCut) cut(sequence uint64) Cut {
	return Cut{
		N: f.N, Through: f.Through, Sequence: sequence, First: f.First, Sums: f.Sums, Late: f.Late,
		Before: f.Before, BeforeThrough: f.BeforeThrough,
	}
}

// Net is what was paid to the carrier; below 0 when it paid.
func (f *SettlementPaid) Net() money.Amount { return f.Payable + f.Subsidy + f.Collected }

func (f *SettlementPaid) postings() (p []Posting) {
	leg := func(book BookAccount, amount money.Amount) {
		if amount != 0 {
			p = append(p, Posting{book, f.Currency, amount})
		}
	}
	leg(BookAccount{Kind: BookPayable, Carrier: f.Carrier}, f.Payable)
	leg(BookAccount{Kind: BookSubsidy, Carrier: f.Carrier}, f.Subsidy)
	leg(BookAccount{Kind: BookCollected, Carrier: f.Carrier}, f.Collected)
	leg(BookAccount{Kind: BookCash}, -f.Net())
	return p
}

// SettlementOf is the settlement that a fact is about; false when it is about none.
func SettlementOf(f Fact) (SettlementID, bool) {
	switch f := f.(type) {
	case *SettlementBegun:
		return f.SettlementID, true
	case *SettlementCut:
		return f.SettlementID, true
	case *SettlementEnded:
		return f.SettlementID, true
	case *SettlementPaid:
		return f.SettlementID, true
	}
	return SettlementID{}, false
}

// cut takes what a settlement has off what is open.
func (s *Shard) cut(e *Entry, f *SettlementCut) {
	p := s.payable(f.Carrier, f.Currency)
	p.Open = slices.DeleteFunc(p.Open, func(o OpenDay) bool { return o.Date <= f.Through })
	p.Settled.Add(&f.Sums)
	p.Cut = f.cut(e.Sequence)
}

// foldSettlement absorbs what is about a settlement, in its home shard. The receipt is put before it: a settlement that has absorbed an
// entry proves that the receipt is there.
func (l *Ledger) foldSettlement(e *Entry) (out Outcome) {
	id, _ := SettlementOf(e.Fact)
	s := l.book.Settlement(id)
	if _, begins := e.Fact.(*SettlementBegun); begins && s == nil {
		s = &Settlement{SettlementID: id}
	}
	if s == nil {
		l.book.Lost("settlement " + id.String())
		return out
	}
	if s.Sequence >= e.Sequence || l.book.Err() != nil {
		return out
	}
	s.Sequence = e.Sequence
	switch f := e.Fact.(type) {
	case *SettlementBegun:
		s.State, s.After, s.Through, s.Begun, s.Caller = SettlementClosing, f.After, f.Through, e.Time, e.Request.Caller
	case *SettlementEnded:
		s.State, s.Closed, s.Parts = SettlementClosed, e.Time, f.Parts
		for i := range f.Parts {
			s.Sums.Add(&f.Parts[i].Sums)
			s.Late.Add(&f.Parts[i].Late)
		}
	case *SettlementPaid:
		s.State, s.Confirmed, s.ConfirmedBy = SettlementConfirmed, e.Time, e.Request.Caller
		s.Reference, s.ValueDate = f.Reference, f.ValueDate
	}
	out.Settlement = &SettlementAnswer{Settlement: s.clone()}
	l.remember(e, &out)
	l.book.PutSettlement(s)
	return out
}
