package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// ReportBatchLine tells what a carrier's bill brought of a collection. It has no identity: a line that was reported is known by what
// was reported of it.
type ReportBatchLine struct {
	Caller    Caller
	Principal bool // the caller may report what is of carriers that name it, and nothing else
	Account   AccountID
	Item      uint32 // the collection
	Outcome   BatchOutcome
	Currency  money.Currency
	Amount    money.Amount  // that was collected, of OutcomeCollected and OutcomePartly
	ValueDate calendar.Date // 0 is the day of the collection
	Reference string        // the carrier's
	Reason    string        // of what was not collected
}

func (c *ReportBatchLine) fields(*fingerprint) {}

// ListBatchLines reads the shard's lines of a batch, those after a number first.
type ListBatchLines struct {
	Batch BatchID
	After uint32
	Limit int
}

func (c *ListBatchLines) fields(*fingerprint) {}

// collects says whether a carrier collects on its own bill.
func (s *Shard) collects(id CarrierID) bool {
	c := s.Carrier(id)
	return c != nil && c.Collects
}

func onCarriersBill(id ItemID) *Fault {
	return fault(FailedPrecondition, "ON_CARRIERS_BILL", "collection %s is on a carrier's bill: it is reported as a line of its batch", id).on("collection_id").named(id.String())
}

func doesNotCollect(id CarrierID) *Fault {
	return fault(FailedPrecondition, "CARRIER_DOES_NOT_COLLECT", "carrier %q does not collect on its own bill", id).on("carrier_id").named(string(id))
}

// list puts a collection into the batch of its month, if it is the first of a due date and the carrier collects; or else says in the
// note why it is a direct debit. One that is issued in time gives the debt grace: nobody is late with what a carrier collects.
func (d *desk) list(x *Debt, c *Collection) {
	shard := d.l.book.Shard()
	switch {
	case !shard.collects(d.Payer.Carrier):
		d.booking.Note = "carrier " + string(d.Payer.Carrier) + " does not collect"
		return
	case x.Fell >= x.Due, x.Tried >= x.Due:
		d.booking.Note = "fell back from carrier " + string(d.Payer.Carrier)
		return
	}
	month := d.l.today.Month()
	line := uint32(1)
	if b := shard.Batch(BatchID{d.Payer.Carrier, d.account.Currency, month}); b != nil {
		line = b.Lines + 1
	}
	days := d.l.termsOf(x.Terms).Repayment.CarrierReportDays
	c.Channel = OnCarrier
	c.Listed = Listed{Payer: d.Payer, Month: month, Line: line, Until: (month + 1).First().AddDays(days), Amount: c.Amount}
	if !x.Overdue {
		x.Grace = c.Listed.Until
	}
}

// reported takes a collection off those whose outcome is not known, and begins a booking that is about it. What is left of its debt
// is due today.
func (d *desk) reported(at int, outcome BatchOutcome) {
	c := d.Collections[at]
	d.Collections = slices.Delete(d.Collections, at, at+1)
	if x := d.debt(c.Opens); x != nil {
		x.Grace, x.Fell = min(x.Grace, d.booking.Day), d.booking.Day
	}
	d.booking.Opens, d.booking.Attempt, d.booking.Channel, d.booking.Undoes = c.Opens, c.Attempt, c.Channel, c.N
	d.booking.Listed = c.Listed
	d.booking.Listed.Outcome = outcome
}

// unreported lets a collection fall back that the carrier has not reported in time.
func (l *Ledger) unreported(a *Account, opens calendar.Date, day calendar.Date) *desk {
	d := l.desk(a, CollectionFailed, day)
	at := slices.IndexFunc(d.Collections, func(c Collection) bool { return c.Opens == opens && c.Listed.Any() })
	d.booking.Amount, d.booking.Note = d.Collections[at].Amount, "not reported by the carrier"
	d.reported(at, OutcomeUnreported)
	d.numbered()
	return d
}

// reportLine books what a carrier says of a line. What it said before, or what can change nothing, makes no entry.
func (l *Ledger) reportLine(c *ReportBatchLine) Outcome {
	a, f := l.debtor(c.Account, c.Currency)
	if f != nil {
		return refused(f)
	}
	issued, f := l.item(a, c.Item, CollectionIssued)
	if f != nil {
		return refused(f)
	}
	issued = issued.clone() // others are read beside it
	name := ItemID{a.ID, c.Item}.String()
	if !issued.Listed.Any() {
		return refused(fault(FailedPrecondition, "NOT_ON_CARRIERS_BILL", "collection %s is a direct debit", name).on("collection_id").named(name))
	}
	id := issued.Listed.Carrier
	if c.Principal && !l.names(id, c.Caller) {
		return refused(fault(Denied, "NOT_OF_CARRIER", "caller %q may not speak for carrier %q", c.Caller, id).named(string(id)))
	}
	line := l.line(a, issued)
	if line == nil {
		return Outcome{}
	}
	day := c.ValueDate
	if day == 0 {
		day = line.Day
	}
	switch {
	case c.Outcome == OutcomeCollected && c.Amount != line.Amount, c.Outcome == OutcomePartly && c.Amount >= line.Amount:
		return refused(fault(Invalid, "LINE_AMOUNT", "collection %s is of %d", name, line.Amount).on("amount").named(name))
	case c.Outcome != OutcomeRefused && (day < line.Day || day > l.today):
		return refused(fault(Invalid, "VALUE_DATE_OUT_OF_RANGE", "value_date %s is not within %s, when it was issued, and today, %s", day, line.Day, l.today).on("value_date"))
	}
	switch {
	case line.Outcome == OutcomePending, line.Outcome == OutcomeUnreported && c.Outcome != OutcomeRefused:
		return l.postLine(a, c, line, day)
	case line.Outcome == OutcomeUnreported, line.Outcome == OutcomeRefused && c.Outcome == OutcomeRefused,
		line.Collected != 0 && c.Outcome != OutcomeRefused && line.Collected == c.Amount:
		return Outcome{Replayed: true, BatchLine: line}
	}
	return refused(fault(FailedPrecondition, "COLLECTION_REPORTED", "collection %s was reported otherwise before: %s", name, line.Outcome).on("collection_id").named(name))
}

// names says whether a carrier names a caller as one that may speak for it.
func (l *Ledger) names(id CarrierID, caller Caller) bool {
	c := l.book.Shard().Carrier(id)
	return c != nil && slices.Contains(c.Principals, caller)
}

// line is the line of a collection; nil when it could not be read, which Err says.
func (l *Ledger) line(a *Account, issued *Item) *BatchLine {
	line := l.book.BatchLine(BatchID{issued.Listed.Carrier, a.Currency, issued.Listed.Month}, issued.Listed.Line)
	if line == nil {
		return nil
	}
	c := *line
	return &c
}

// postLine books a report that changes something.
func (l *Ledger) postLine(a *Account, c *ReportBatchLine, line *BatchLine, day calendar.Date) Outcome {
	kind := RepaymentPosted
	if c.Outcome == OutcomeRefused {
		kind = CollectionFailed
	}
	d := l.desk(a, kind, l.today)
	if at := slices.IndexFunc(d.Collections, func(o Collection) bool { return o.N == c.Item }); at >= 0 {
		d.reported(at, c.Outcome)
	} else {
		d.late(line, c.Outcome)
	}
	d.booking.Note, d.booking.Reference = c.Reason, c.Reference
	if kind == CollectionFailed {
		d.booking.Amount = line.Amount
		d.numbered()
	} else {
		d.opened()
		d.booking.Amount, d.booking.ValueDate = c.Amount, day
		d.numbered()
		d.pay(c.Amount, payer{against: BookCollected, carrier: line.Carrier, day: day})
	}
	out := l.record(d.fact(), Request{Caller: c.Caller}, nil)
	if l.book.Err() == nil {
		out.BatchLine = l.line(a, &Item{Listed: d.booking.Listed})
	}
	return out
}

// late begins a booking about a line that had fallen back: the carrier collected it all the same.
func (d *desk) late(line *BatchLine, outcome BatchOutcome) {
	d.booking.Opens, d.booking.Channel, d.booking.Undoes = line.Opens, OnCarrier, line.Item
	d.booking.Listed = Listed{
		Payer: line.Payer, Month: line.Day.Month(), Line: line.N, Until: line.Until, Amount: line.Amount, Was: line.Outcome, Outcome: outcome,
	}
}

// listLines reads lines of a batch by their numbers.
func (l *Ledger) listLines(c *ListBatchLines) (out Outcome) {
	b := l.book.Shard().Batch(c.Batch)
	if b == nil {
		return out
	}
	for n := c.After + 1; n <= b.Lines; n++ {
		if out.More = len(out.BatchLines) == c.Limit; out.More {
			break
		}
		if line := l.book.BatchLine(c.Batch, n); line != nil {
			out.BatchLines = append(out.BatchLines, *line)
		}
	}
	return out
}
