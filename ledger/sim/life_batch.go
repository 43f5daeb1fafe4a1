package sim

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// onBill is a collection on a carrier's bill.
type onBill struct {
	carrier   ledger.CarrierID
	until     calendar.Date
	outcome   ledger.BatchOutcome
	collected money.Amount
	late      bool // it was collected after it fell back
}

// list puts the collection of a debt on the bill. Until it falls back the debt is not late, unless it is already.
func (l *Life) list(d *debt) *onBill {
	first := l.today // of the next month
	for first.Month() == l.today.Month() {
		first++
	}
	until := first.AddDays(d.terms.Repayment.CarrierReportDays)
	if due, _ := l.dueOf(d); l.today <= due {
		d.grace = until
	}
	return &onBill{carrier: l.payer.Carrier, until: until}
}

// fallBack is what becomes of collections that carriers have not reported.
func (l *Life) fallBack() {
	for i := range l.late.collections {
		if o := &l.late.collections[i]; o.line != nil && !o.done && o.line.until == l.today {
			l.unlist(o, ledger.OutcomeUnreported)
			l.happened(Event{Kind: ledger.CollectionFailed, About: o.opens, Amount: o.amount})
		}
	}
}

// unlist ends the wait for a line: what is left of its debt is due today.
func (l *Life) unlist(o *collecting, outcome ledger.BatchOutcome) {
	o.done = true
	o.line.outcome = outcome
	if d := l.debtOf(o.opens); d.total() != 0 {
		d.grace, d.fell = min(d.grace, l.today), l.today
	}
}

// reportLine is what a carrier says of a collection.
func (l *Life) reportLine(c *ledger.ReportBatchLine) string {
	i := slices.IndexFunc(l.late.collections, func(o collecting) bool { return o.item == int(c.Item) })
	if i < 0 {
		return "ITEM_NOT_FOUND"
	}
	o := &l.late.collections[i]
	if o.line == nil {
		return "NOT_ON_CARRIERS_BILL"
	}
	value := c.ValueDate
	if value == 0 {
		value = o.day
	}
	took := c.Outcome != ledger.OutcomeRefused
	switch {
	case c.Outcome == ledger.OutcomeCollected && c.Amount != o.amount, c.Outcome == ledger.OutcomePartly && c.Amount >= o.amount:
		return "LINE_AMOUNT"
	case took && (value < o.day || value > l.today):
		return "VALUE_DATE_OUT_OF_RANGE"
	case !took && (o.line.outcome == ledger.OutcomeUnreported || o.line.outcome == ledger.OutcomeRefused):
		return ""
	case took && o.line.collected == c.Amount:
		return ""
	case o.done && o.line.outcome != ledger.OutcomeUnreported:
		return "COLLECTION_REPORTED"
	}
	if !o.done {
		l.unlist(o, c.Outcome)
	}
	if !took {
		l.happened(Event{Kind: ledger.CollectionFailed, About: o.opens, Amount: o.amount})
		return ""
	}
	o.line.late = o.line.outcome == ledger.OutcomeUnreported
	o.line.outcome, o.line.collected = c.Outcome, c.Amount
	return l.repayFrom(o.day, c.Amount, value, o.opens)
}

// waits says whether the collection of a debt is on a bill and has not been reported.
func (l *Life) waits(d *debt) bool {
	return slices.ContainsFunc(l.late.collections, func(o collecting) bool { return o.opens == d.Opens && o.line != nil && !o.done })
}
