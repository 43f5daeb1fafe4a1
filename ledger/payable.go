package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// SettlementLine is one amount that adds to what is payable to a carrier, or takes away from it. The lines of all entries are
// what settlements are made of, what is exported, and what a carrier's own records are reconciled with: LinesOf is the only
// place that says what they are.
type SettlementLine struct {
	Kind     LineKind
	Carrier  CarrierID
	Currency money.Currency
	Date     calendar.Date // the carrier's business day; 0 when it has none
	Amount   money.Amount  // above 0 it adds to what is payable
	Fee      money.Amount  // that the carrier is charged: it takes away from what is payable, below 0 it adds to it

	// What it is about: an order, an account, or neither.
	Account       AccountID
	Authorization uint32 // number of the account's authorization; 0 when it is about none
	Scene         Scene
	Order         OrderID
	Reference     string // of the world outside: a carrier's, a bank's
	Note          string // why, of an adjustment

	// The entry that it is of.
	Sequence uint64
	Time     calendar.Instant
	Caller   Caller
}

// Net is what the line adds to what is payable.
func (s *SettlementLine) Net() money.Amount { return s.Amount - s.Fee }

// LineKind is why an amount is payable.
type LineKind uint8

// The kinds. Their numbers are those of the API and of the journal.
const (
	NoLineKind     LineKind = iota
	LineCaptured            // sold
	LineRefunded            // given back of what was sold
	LineReversed            // of an order that was undone after it was sold
	LineSubsidy             // what the carrier pays of the fees of plans
	LineCollected           // what the carrier collected for us
	LineBoughtBack          // receivables that the carrier took back
	LineAdjusted            // by an operator
	lineKindEnd
)

const lineKinds = int(lineKindEnd) - 1

var lineKindNames = [lineKindEnd]string{"NONE", "CAPTURED", "REFUNDED", "REVERSED", "SUBSIDY", "COLLECTED", "BOUGHT_BACK", "ADJUSTED"}

func (k LineKind) String() string { return lineKindNames[k] }

// Valid says whether it is a kind.
func (k LineKind) Valid() bool { return k > NoLineKind && k < lineKindEnd }

// Sums are settlement lines added up.
type Sums struct {
	Kinds [lineKinds]LineSum // by kind, the first at 0
	Fees  money.Amount
}

// LineSum is how many lines of a kind there are, and what they come to.
type LineSum struct {
	Count  int64
	Amount money.Amount
}

// Of is the sum of a kind.
func (s *Sums) Of(k LineKind) LineSum { return s.Kinds[k-1] }

// Count is how many lines were added up.
func (s *Sums) Count() (n int64) {
	for i := range s.Kinds {
		n += s.Kinds[i].Count
	}
	return n
}

// Net is what the lines add to what is payable.
func (s *Sums) Net() money.Amount {
	net := -s.Fees
	for i := range s.Kinds {
		net += s.Kinds[i].Amount
	}
	return net
}

// AddLine adds a line.
func (s *Sums) AddLine(l *SettlementLine) {
	k := &s.Kinds[l.Kind-1]
	k.Count++
	k.Amount += l.Amount
	s.Fees += l.Fee
}

// Add adds other sums.
func (s *Sums) Add(o *Sums) {
	for i := range s.Kinds {
		s.Kinds[i].Count += o.Kinds[i].Count
		s.Kinds[i].Amount += o.Kinds[i].Amount
	}
	s.Fees += o.Fees
}

// Payable is what a shard has to say of what is payable to a carrier in a currency. All lines that there ever were are in
// Open, or in a cut: so Open and Settled together are the shard's postings of payable, subsidy and collected of the carrier,
// with the sign turned, but for what was paid.
type Payable struct {
	Carrier  CarrierID
	Currency money.Currency
	Open     []OpenDay    // not in a settlement yet, ascending
	Cut      Cut          // the last
	Settled  Sums         // of all cuts
	Closing  uint32       // number of the last settlement that was begun; only in the carrier's home shard
	Paid     money.Amount // of settlements that were confirmed; only in the carrier's home shard
}

// OpenDay is what is not in a settlement yet of a business day.
type OpenDay struct {
	Date  calendar.Date
	First uint64 // sequence of the first entry with a line of it
	Sums
}

// Cut is a shard's part of a settlement: all lines up to a business day that were not in a settlement before.
type Cut struct {
	N        uint32        // of the settlement: 1, 2, 3, ...; 0 when there is none
	Through  calendar.Date // the last business day
	Sequence uint64        // of the entry that made it: no line in it comes after
	First    uint64        // sequence of the first entry with a line in it; 0 when there is none
	Sums     Sums
	Late     Sums // of Sums, lines of days that an earlier settlement went through

	// The cut before: what came before it, of days that it went through, is not in this one.
	Before        uint64
	BeforeThrough calendar.Date
}

// Has says whether a line is in the cut.
func (c *Cut) Has(l *SettlementLine) bool {
	return l.Date <= c.Through && l.Sequence < c.Sequence && (l.Sequence > c.Before || l.Date > c.BeforeThrough)
}

// IsLate says whether a line is of a day that an earlier settlement went through. What has no day is never late.
func (c *Cut) IsLate(l *SettlementLine) bool {
	return c.N > 1 && l.Date != 0 && l.Date <= c.BeforeThrough
}

// Unsettled is all that is in no settlement yet.
func (p *Payable) Unsettled() (s Sums) {
	for i := range p.Open {
		s.Add(&p.Open[i].Sums)
	}
	return s
}

// payableAt finds the place of what is payable to a carrier in a currency.
func (s *Shard) payableAt(id CarrierID, c money.Currency) (int, bool) {
	return slices.BinarySearchFunc(s.Payables, id, func(p Payable, id CarrierID) int {
		return cmp.Or(cmp.Compare(p.Carrier, id), cmp.Compare(p.Currency, c))
	})
}

// Payable is what is payable to a carrier in a currency; nil when nothing ever was.
func (s *Shard) Payable(id CarrierID, c money.Currency) *Payable {
	at, found := s.payableAt(id, c)
	if !found {
		return nil
	}
	return &s.Payables[at]
}

// payable is Payable, made when it is not there.
func (s *Shard) payable(id CarrierID, c money.Currency) *Payable {
	at, found := s.payableAt(id, c)
	if !found {
		s.Payables = slices.Insert(s.Payables, at, Payable{Carrier: CarrierID(clone(string(id))), Currency: money.Currency(clone(string(c)))})
	}
	return &s.Payables[at]
}

// clear adds the lines of an entry to what is payable.
func (s *Shard) clear(e *Entry) {
	var room [2]SettlementLine
	lines := LinesOf(room[:0], e)
	for i := range lines {
		line := &lines[i]
		p := s.payable(line.Carrier, line.Currency)
		p.openDay(line.Date, e.Sequence).AddLine(line)
	}
}

// openDay finds a business day, nearly always the newest, and makes it for the entry when it is not there.
func (p *Payable) openDay(d calendar.Date, sequence uint64) *OpenDay {
	if n := len(p.Open); n > 0 && p.Open[n-1].Date == d {
		return &p.Open[n-1]
	}
	at, found := slices.BinarySearchFunc(p.Open, d, func(o OpenDay, d calendar.Date) int { return cmp.Compare(o.Date, d) })
	if !found {
		p.Open = slices.Insert(p.Open, at, OpenDay{Date: d, First: sequence})
	}
	return &p.Open[at]
}

// clonePayables is a copy that shares no memory that can change.
func clonePayables(list []Payable) []Payable {
	list = slices.Clone(list)
	for i := range list {
		list[i].Open = slices.Clone(list[i].Open)
	}
	return list
}

// LinesOf appends the settlement lines of an entry: none for one that moves nothing that is payable to a carrier. They share
// memory with the entry.
func LinesOf(lines []SettlementLine, e *Entry) []SettlementLine {
	switch f := e.Fact.(type) {
	case *OrderDecided:
		if f.Kind == OrderCharged || f.Kind == OrderAdvised {
			lines = append(lines, lineOf(e, &f.HoldRef, LineCaptured, f.Amount, f.Clearing, f.Reference))
			lines = moveLines(lines, e, f.Booking, &f.HoldRef)
		}
	case *HoldCaptured:
		lines = append(lines, lineOf(e, &f.HoldRef, LineCaptured, f.Amount, f.Clearing, f.Reference))
		lines = moveLines(lines, e, f.Booking, &f.HoldRef)
	case *OrderReversed:
		if f.Refunded != 0 || f.Clearing.Fee != 0 {
			lines = append(lines, lineOf(e, &f.HoldRef, LineReversed, -f.Refunded, f.Clearing, f.Reference))
			lines = moveLines(lines, e, f.Booking, &f.HoldRef)
		}
	case *CaptureRefunded:
		lines = append(lines, lineOf(e, &f.HoldRef, LineRefunded, -f.Amount, f.Clearing, f.Reference))
		lines = moveLines(lines, e, f.Booking, &f.HoldRef)
	case *BundleCancelled:
		lines = f.lines(lines, e)
	case *Booked:
		lines = moveLines(lines, e, &f.Booking, nil)
	case *CarrierAdjusted:
		lines = append(lines, SettlementLine{
			Kind: LineAdjusted, Carrier: f.Carrier, Currency: f.Currency, Date: f.Date, Amount: f.Amount, Reference: f.Reference, Note: f.Reason,
			Sequence: e.Sequence, Time: e.Time, Caller: e.Request.Caller,
		})
	}
	return lines
}

func lineOf(e *Entry, h *HoldRef, kind LineKind, amount money.Amount, c Clearing, r CarrierReference) SettlementLine {
	return SettlementLine{
		Kind: kind, Carrier: h.Carrier, Currency: h.Currency, Date: c.Date, Amount: amount, Fee: c.Fee,
		Account: h.Account, Authorization: h.N, Scene: h.Scene, Order: h.Order, Reference: string(r),
		Sequence: e.Sequence, Time: e.Time, Caller: e.Request.Caller,
	}
}

// moveLines appends a line for each kind of thing that a booking moves to or from a carrier. What a purchase or a refund moves
// is the line of its order, which is given.
func moveLines(lines []SettlementLine, e *Entry, b *Booking, order *HoldRef) []SettlementLine {
	if b == nil {
		return lines
	}
	first := len(lines)
	for i := range b.Moves {
		m := &b.Moves[i]
		kind, amount := m.settles()
		if kind == NoLineKind || order != nil && kind == LineBoughtBack {
			continue
		}
		at := first
		for at < len(lines) && (lines[at].Kind != kind || lines[at].Carrier != m.Carrier || lines[at].Date != m.Cleared) {
			at++
		}
		if at == len(lines) {
			line := SettlementLine{
				Kind: kind, Carrier: m.Carrier, Currency: currencyOf(e.Fact), Date: m.Cleared, Account: AccountOf(e.Fact), Scene: m.Scene,
				Reference: b.Reference, Note: b.Note, Sequence: e.Sequence, Time: e.Time, Caller: e.Request.Caller,
			}
			if order != nil {
				line.Authorization, line.Order, line.Scene = order.N, order.Order, order.Scene
			}
			lines = append(lines, line)
		}
		lines[at].Amount += amount
	}
	return lines
}

// settles is what a move adds to what is payable to its carrier, and why: its posting with the sign turned.
func (m *Move) settles() (LineKind, money.Amount) {
	amount := m.Amount
	if m.Part == CreditPart {
		amount = -amount
	}
	switch {
	case m.Part == SubsidyPart:
		return LineSubsidy, -amount
	case m.Against == BookPayable:
		return LineBoughtBack, amount
	case m.Against == BookCollected:
		return LineCollected, amount
	}
	return NoLineKind, 0
}

// CheckPayables says what does not hold of what is payable by itself.
func (s *Shard) CheckPayables() error {
	for i := range s.Payables {
		p := &s.Payables[i]
		if i > 0 {
			if o := &s.Payables[i-1]; cmp.Or(cmp.Compare(o.Carrier, p.Carrier), cmp.Compare(o.Currency, p.Currency)) >= 0 {
				return fmt.Errorf("payables of %s in %s come after those of %s in %s", p.Carrier, p.Currency, o.Carrier, o.Currency)
			}
		}
		for j := range p.Open {
			o := &p.Open[j]
			if j > 0 && p.Open[j-1].Date >= o.Date || o.First == 0 || o.First > s.Sequence || o.Count() == 0 {
				return fmt.Errorf("what is payable to %s in %s: %s is out of order, or empty: %+v", p.Carrier, p.Currency, o.Date, *o)
			}
		}
	}
	return nil
}
