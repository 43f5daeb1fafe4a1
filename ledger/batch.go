package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// A carrier that collects on its own bill gets what is due in batches, one for each currency and month. A shard has its own part of
// every batch, whose lines are numbered 1, 2, 3, ... as they come: a page of them needs no index and no cursor.

// Payer is on whose bill an account lets be collected what it owes: that of a phone, at a carrier.
type Payer struct {
	Carrier CarrierID
	Phone   PhoneToken
}

// Listed is where a collection is in a batch, and for a booking that says what became of it what that was. The zero Listed is a
// collection that is in none.
type Listed struct {
	Payer
	Month   calendar.Month // of the batch
	Line    uint32         // of the shard's part of it
	Until   calendar.Date  // the day on which it falls back to direct debit, if nothing is reported before
	Amount  money.Amount   // to be collected
	Was     BatchOutcome   // before the booking
	Outcome BatchOutcome   // from the booking on
}

// Any says whether it is in a batch.
func (p *Listed) Any() bool { return p.Line != 0 }

// BatchID names a carrier's batch.
type BatchID struct {
	Carrier  CarrierID
	Currency money.Currency
	Month    calendar.Month
}

// Compare orders batches by carrier, currency and month.
func (b BatchID) Compare(o BatchID) int {
	return cmp.Or(cmp.Compare(b.Carrier, o.Carrier), cmp.Compare(b.Currency, o.Currency), cmp.Compare(b.Month, o.Month))
}

// BatchOutcome is what became of a line.
type BatchOutcome uint8

// The outcomes. Their numbers are those of the journal, and one less than those of the API.
const (
	OutcomePending    BatchOutcome = iota // the carrier has not reported it
	OutcomeCollected                      // all of it was collected
	OutcomePartly                         // some of it was, and the rest fell back
	OutcomeRefused                        // nothing was, and it fell back
	OutcomeUnreported                     // the days were over, and it fell back
	OutcomeReversed                       // what was collected was taken back
	BatchOutcomes                         // how many there are
)

var batchOutcomeNames = [BatchOutcomes]string{"PENDING", "COLLECTED", "PARTLY", "REFUSED", "UNREPORTED", "REVERSED"}

func (o BatchOutcome) String() string { return batchOutcomeNames[o] }

// Batch is a shard's part of a batch, summed up.
type Batch struct {
	BatchID
	Lines uint32 // number of the newest line
	By    [BatchOutcomes]BatchSum
}

// Collected is what the carrier collected and keeps until it is settled.
func (b *Batch) Collected() money.Amount {
	return b.By[OutcomeCollected].Collected + b.By[OutcomePartly].Collected
}

// Add adds another shard's part of the same batch.
func (b *Batch) Add(o *Batch) {
	b.Lines += o.Lines
	for i := range b.By {
		s := &o.By[i]
		b.By[i] = BatchSum{b.By[i].Lines + s.Lines, b.By[i].Amount + s.Amount, b.By[i].Collected + s.Collected}
	}
}

// BatchSum sums lines with the same outcome up.
type BatchSum struct {
	Lines     int64
	Amount    money.Amount // to be collected
	Collected money.Amount // of it
}

// plus adds a line, or takes it off when by is -1.
func (s *BatchSum) plus(by int64, amount, collected money.Amount) {
	s.Lines += by
	s.Amount += money.Amount(by) * amount
	s.Collected += money.Amount(by) * collected
}

// BatchLine is a line of a batch: a collection that a carrier makes, and what became of it.
type BatchLine struct {
	N uint32
	Payer
	Account   AccountID
	Item      uint32        // the collection
	Opens     calendar.Date // of the window whose debt is collected
	Day       calendar.Date // on which it was issued
	Until     calendar.Date
	Amount    money.Amount
	Outcome   BatchOutcome
	Collected money.Amount
	ValueDate calendar.Date // of what was collected
	Repayment uint32        // the item that booked it
	Time      calendar.Instant
	Reference string
	Reason    string
}

// Batch finds the shard's part of a batch; nil when it has none.
func (s *Shard) Batch(id BatchID) *Batch {
	at, found := slices.BinarySearchFunc(s.Batches, id, func(b Batch, id BatchID) int { return b.Compare(id) })
	if !found {
		return nil
	}
	return &s.Batches[at]
}

// foldLine absorbs what a booking does to a batch.
func (s *Shard) foldLine(c money.Currency, b *Booking) {
	if !b.Listed.Any() {
		return
	}
	id := BatchID{b.Listed.Carrier, c, b.Listed.Month}
	at, found := slices.BinarySearchFunc(s.Batches, id, func(b Batch, id BatchID) int { return b.Compare(id) })
	if !found {
		id.Carrier, id.Currency = CarrierID(clone(string(id.Carrier))), money.Currency(clone(string(id.Currency)))
		s.Batches = slices.Insert(slices.Clip(s.Batches), at, Batch{BatchID: id})
	}
	batch, l := &s.Batches[at], &b.Listed
	if b.Kind == CollectionIssued {
		batch.Lines = l.Line
	} else {
		batch.By[l.Was].plus(-1, l.Amount, l.Was.of(b))
	}
	batch.By[l.Outcome].plus(1, l.Amount, l.Outcome.of(b))
}

// of is how much of a line with the outcome was collected, where a booking gives it the outcome or takes it away.
func (o BatchOutcome) of(b *Booking) money.Amount {
	if o == OutcomeCollected || o == OutcomePartly || o == OutcomeReversed {
		return b.Amount
	}
	return 0
}

// foldLine keeps the line that a booking makes or reports.
func (l *Ledger) foldLine(e *Entry, a *Account, b *Booking) {
	if !b.Listed.Any() {
		return
	}
	id := BatchID{b.Listed.Carrier, a.Currency, b.Listed.Month}
	if b.Kind == CollectionIssued {
		l.book.PutBatchLine(id, &BatchLine{
			N: b.Listed.Line, Payer: b.Listed.Payer, Account: a.ID, Item: b.Item, Opens: b.Opens, Day: b.Day, Until: b.Listed.Until, Amount: b.Amount,
		})
		return
	}
	was := l.book.BatchLine(id, b.Listed.Line)
	if was == nil {
		return // it could not be read: Err says so
	}
	line := *was
	line.Outcome, line.Time = b.Listed.Outcome, e.Time
	switch b.Kind {
	case RepaymentPosted:
		line.Collected, line.ValueDate, line.Repayment, line.Reference, line.Reason = b.Amount, b.ValueDate, b.Item, b.Reference, b.Note
	default:
		line.Reason = b.Note
	}
	l.book.PutBatchLine(id, &line)
}

// BatchTally adds lines up, to be compared with what a shard says of its batches. The zero BatchTally is empty.
type BatchTally struct{ batches Shard } // only Batches is used

// Add adds a line of a batch.
func (t *BatchTally) Add(id BatchID, l *BatchLine) {
	b := t.batches.Batch(id)
	if b == nil {
		at, _ := slices.BinarySearchFunc(t.batches.Batches, id, func(b Batch, id BatchID) int { return b.Compare(id) })
		t.batches.Batches = slices.Insert(t.batches.Batches, at, Batch{BatchID: id})
		b = &t.batches.Batches[at]
	}
	b.Lines++
	b.By[l.Outcome].plus(1, l.Amount, l.Collected)
}

// Check compares what was added up, which must be all there is, with the shard. Lines are numbered without a gap, so that their
// number is that of the newest.
func (t *BatchTally) Check(s *Shard) error {
	have, want := s.Batches, t.batches.Batches
	for i := range max(len(have), len(want)) {
		switch {
		case i >= len(have):
			return fmt.Errorf("shard %d has no batch of %+v", s.Number, want[i])
		case i >= len(want) || have[i] != want[i]:
			return fmt.Errorf("shard %d has a batch of %+v, which its lines do not add up to", s.Number, have[i])
		}
	}
	return nil
}
