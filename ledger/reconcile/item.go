package reconcile

import (
	"cmp"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Kind is what an item records.
type Kind uint8

// The kinds. Their numbers are those of the API and of the journal.
const (
	Sale Kind = iota + 1
	Refund
	Reversal
	kindEnd
)

// Valid says whether it is a kind.
func (k Kind) Valid() bool { return k > 0 && k < kindEnd }

func (k Kind) returns() bool { return k != Sale }

// Status is what became of it.
type Status uint8

// The statuses. Their numbers are those of the API and of the journal. Ours is always Delivered.
const (
	Delivered Status = iota + 1
	Failed
	Pending
	statusEnd
)

// Valid says whether it is a status.
func (s Status) Valid() bool { return s > 0 && s < statusEnd }

// Item is one record of either side. Amounts and fees are minor units and not below zero.
type Item struct {
	Order     string // id
	Reference string // the carrier's own id of it; may be empty, as may be an Order of theirs
	Kind      Kind
	Status    Status
	Date      calendar.Date // business date
	Time      calendar.Instant
	Amount    money.Amount
	Fee       money.Amount // charged for a sale, given back with a return
	Count     int32        // how many records it is the sum of; 0 and 1 are one

	// Of ours: the authorization, its state, and whether the fee is not known.
	Account uint64
	N       uint32
	State   uint8
	NoFee   bool
}

// Net is the amount with its sign: a return is below zero.
func (i *Item) Net() money.Amount {
	if i.Kind.returns() {
		return -i.Amount
	}
	return i.Amount
}

// NetFee is the fee with its sign.
func (i *Item) NetFee() money.Amount {
	if i.Kind.returns() {
		return -i.Fee
	}
	return i.Fee
}

func (i *Item) count() int64 { return int64(max(1, i.Count)) }

// byAmount orders items by all that two that are to match would have in common, the largest amount first.
func byAmount(a, b Item) int {
	return cmp.Or(cmp.Compare(b.Amount, a.Amount), cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.Fee, b.Fee), cmp.Compare(a.Time, b.Time))
}

// sum is several items as one. Of what they do not have in common it has the first's.
func sum(items []Item) Item {
	all := items[0]
	all.Count = int32(all.count())
	for i := range items[1:] {
		all.Amount += items[1+i].Amount
		all.Fee += items[1+i].Fee
		all.Count += int32(items[1+i].count())
	}
	return all
}

// BreakKind is how the two sides do not agree.
type BreakKind uint8

// The kinds of breaks, as doc.go has them. Their numbers are those of the API and of the journal.
const (
	MissingHere BreakKind = iota + 1
	MissingThere
	Amount
	Outcome // of what took place and what did not
	Duplicate
	WrongDay
	Fee
	RefundCrossing
	LateReversal
	breakEnd
)

// BreakKinds is how many kinds of breaks there are.
const BreakKinds = int(breakEnd) - 1

// Valid says whether it is a kind of break.
func (k BreakKind) Valid() bool { return k > 0 && k < breakEnd }

var breakNames = [...]string{"", "missing here", "missing at the carrier", "amount", "status", "duplicate", "wrong day", "fee", "refund crossing periods", "late reversal"}

func (k BreakKind) String() string { return breakNames[k] }

// Break is something that the two sides do not agree about. A side that has nothing is the zero Item.
type Break struct {
	Kind         BreakKind
	Ours, Theirs Item
	Diff         money.Amount // ours less theirs, of the business date
	FeeDiff      money.Amount
}

// Owed is by how much more than the carrier says ours has as payable to it.
func (b *Break) Owed() money.Amount { return b.Diff - b.FeeDiff }

// Sums are counts and sums of items.
type Sums struct {
	Count  int64
	Amount money.Amount
	Fee    money.Amount
}

func (s *Sums) add(i *Item, fees bool) {
	s.Count += i.count()
	s.Amount += i.Net()
	if fees {
		s.Fee += i.NetFee()
	}
}

// Tally is what a reconciliation comes to.
type Tally struct {
	Ours      Sums                  // of the business date
	Theirs    Sums                  // that were delivered
	Silent    int64                 // records of theirs that were not
	Matched   int64                 // records of theirs that agree
	Cancelled int64                 // records of theirs that cancel out
	Breaks    [BreakKinds]BreakSums // by kind, the first being that with the number 1
}

// BreakSums are what the breaks of a kind come to.
type BreakSums struct {
	Count   int64
	Diff    money.Amount
	FeeDiff money.Amount
}

// Of are the sums of a kind.
func (t *Tally) Of(k BreakKind) *BreakSums { return &t.Breaks[k-1] }

// Total are the sums of all kinds.
func (t *Tally) Total() (all BreakSums) {
	for _, s := range t.Breaks {
		all.Count += s.Count
		all.Diff += s.Diff
		all.FeeDiff += s.FeeDiff
	}
	return all
}
