package ledger

import (
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// reconciliationCommand carries out a command on reconciliations.
func (l *Ledger) reconciliationCommand(c Command) (out Outcome, mine bool) {
	switch c := c.(type) {
	case *BeginReconciliation:
		return l.beginReconciliation(c), true
	case *RerunReconciliation:
		return l.underWay(c.Carrier, c.N, c.Run, func(r *Reconciliation) Outcome {
			return l.post(&ReconciliationBegun{Carrier: c.Carrier, N: c.N, Run: r.Run + 1, Currency: r.Currency, Date: r.Date, Fees: r.Fees})
		}), true
	case *FindBreaks:
		return l.underWay(c.Carrier, c.N, c.Run, func(r *Reconciliation) Outcome {
			if r.Ended != 0 || c.First != r.Breaks+1 {
				return refused(noLongerUnderWay(r))
			}
			return l.post(&BreaksFound{Carrier: c.Carrier, N: c.N, First: c.First, Breaks: c.Breaks})
		}), true
	case *EndReconciliation:
		return l.underWay(c.Carrier, c.N, c.Run, func(r *Reconciliation) Outcome {
			if r.Ended != 0 {
				return refused(noLongerUnderWay(r))
			}
			return l.post(&ReconciliationEnded{Carrier: c.Carrier, N: c.N, Failed: c.Failed, Read: c.Read, Tally: c.Tally})
		}), true
	case *ResolveBreak:
		return l.resolveBreak(c), true
	case *GetReconciliation:
		r, f := l.findReconciliation(c.Carrier, c.N)
		if f != nil {
			return refused(f), true
		}
		out.Reconciled = &ReconciliationAnswer{Reconciliation: r.Clone()}
		return out, true
	case *ListReconciliations:
		return l.listReconciliations(c), true
	case *ListBreaks:
		return l.listBreaks(c), true
	}
	return out, false
}

func (l *Ledger) beginReconciliation(c *BeginReconciliation) Outcome {
	known := l.book.Shard().Carrier(c.Carrier)
	switch {
	case known == nil:
		return refused(fault(NotFound, "CARRIER_NOT_FOUND", "there is no carrier %q", c.Carrier).on("carrier_id").named(string(c.Carrier)))
	case known.Settlement.Cycle == NoCycle:
		return refused(fault(FailedPrecondition, "CARRIER_WITHOUT_CYCLE", "carrier %q has no settlement cycle, and so no business days", c.Carrier).on("carrier_id"))
	}
	n := l.book.Shard().LastReconciliation(c.Carrier) + 1
	return l.post(&ReconciliationBegun{Carrier: c.Carrier, N: n, Run: 1, Currency: c.Currency, Date: c.Date, Fees: c.Fees})
}

// findReconciliation finds one that is there.
func (l *Ledger) findReconciliation(id CarrierID, n uint32) (*Reconciliation, *Fault) {
	if n == 0 || n > l.book.Shard().LastReconciliation(id) {
		return nil, fault(NotFound, "RECONCILIATION_NOT_FOUND", "carrier %q has no reconciliation %d", id, n)
	}
	r := l.book.Reconciliation(id, n)
	if r == nil {
		l.book.Lost(fmt.Sprintf("reconciliation %d of carrier %q", n, id))
		return nil, fault(NotFound, "RECONCILIATION_NOT_FOUND", "carrier %q has no reconciliation %d", id, n)
	}
	return r, nil
}

func noLongerUnderWay(r *Reconciliation) *Fault {
	return fault(FailedPrecondition, "RECONCILIATION_NOT_UNDER_WAY", "reconciliation %d of carrier %q has ended, or begun again", r.N, r.Carrier)
}

// underWay does something about a run that is the last one, and whose reconciliation has no result.
func (l *Ledger) underWay(id CarrierID, n, run uint32, do func(*Reconciliation) Outcome) Outcome {
	r, f := l.findReconciliation(id, n)
	if f == nil && (r.Run != run || r.Done()) {
		f = noLongerUnderWay(r)
	}
	if f != nil {
		return refused(f)
	}
	return do(r)
}

// resolveBreak resolves a break, and adjusts what is payable to the carrier by what that takes.
func (l *Ledger) resolveBreak(c *ResolveBreak) Outcome {
	r, f := l.findReconciliation(c.Carrier, c.Reconciliation)
	if f != nil {
		return refused(f)
	}
	var b *KeptBreak
	if c.N > 0 && c.N <= r.Breaks {
		b = l.book.KeptBreak(BreakID{c.Carrier, c.Reconciliation, c.N})
	}
	switch {
	case b == nil:
		return refused(fault(NotFound, "BREAK_NOT_FOUND", "reconciliation %d of carrier %q has no break %d", c.Reconciliation, c.Carrier, c.N))
	case !r.Done():
		return refused(fault(FailedPrecondition, "RECONCILIATION_NOT_DONE", "reconciliation %d of carrier %q has come to no end: its breaks may not be all", r.N, r.Carrier))
	case b.How != NotResolved:
		return refused(fault(FailedPrecondition, "BREAK_RESOLVED", "break %d of reconciliation %d has been resolved by %q", b.N, r.N, b.Operator))
	}
	resolved := &BreakResolved{Carrier: b.Carrier, Reconciliation: r.N, N: b.N, How: c.How, Reason: c.Reason}
	adjustments := b.adjustments(r.Date, c)
	for i := range adjustments {
		a := &adjustments[i]
		resolved.Adjusted += a.Amount
		a.Carrier, a.Currency, a.Reason = r.Carrier, r.Currency, c.Reason
		a.Reference = fmt.Sprintf("reconciliation %d break %d", r.N, c.N)
		l.record(a, Request{Caller: l.req.Caller}, nil)
	}
	return l.post(resolved)
}

// adjustments are what is to be posted to resolve a break. To accept theirs gives the business date what the carrier says of
// it, and takes it off another day that ours has it on, so that it is not paid twice.
func (b *KeptBreak) adjustments(date calendar.Date, c *ResolveBreak) (list []CarrierAdjusted) {
	add := func(on calendar.Date, amount money.Amount) {
		if amount != 0 {
			list = append(list, CarrierAdjusted{Date: on, Amount: amount})
		}
	}
	switch c.How {
	case AcceptTheirs:
		add(date, -b.Owed())
		if b.Ours.Kind != 0 && b.Ours.Date != date {
			add(b.Ours.Date, b.Ours.NetFee()-b.Ours.Net())
		}
	case Adjust:
		add(date, c.Amount)
	}
	return list
}

func (l *Ledger) listReconciliations(c *ListReconciliations) (out Outcome) {
	n := l.book.Shard().LastReconciliation(c.Carrier)
	if c.Before != 0 {
		n = min(n, c.Before-1)
	}
	out.Reconciled = new(ReconciliationAnswer)
	for ; n > 0 && len(out.Reconciled.List) < c.Limit; n-- {
		r, f := l.findReconciliation(c.Carrier, n)
		if f != nil {
			return refused(f)
		}
		out.Reconciled.List = append(out.Reconciled.List, r.Clone())
	}
	out.More = n > 0
	return out
}

func (l *Ledger) listBreaks(c *ListBreaks) (out Outcome) {
	r, f := l.findReconciliation(c.Carrier, c.Reconciliation)
	if f != nil {
		return refused(f)
	}
	answer := &ReconciliationAnswer{Reconciliation: r.Clone()}
	out.Reconciled = answer
	n, looked := c.After, 0
	for n < r.Breaks && len(answer.Breaks) < c.Limit && looked < MostScanned {
		n++
		looked++
		b := l.book.KeptBreak(BreakID{c.Carrier, c.Reconciliation, n})
		if b == nil {
			return Outcome{} // it could not be read
		}
		if (!c.Open || b.How == NotResolved) && (c.Kind == 0 || b.Kind == c.Kind) {
			answer.Breaks = append(answer.Breaks, b.Clone())
		}
	}
	if n < r.Breaks {
		answer.Next = n
	}
	return out
}

// reconciliationAgain completes the answer to a request that has been carried out before: what became of it is told as it is now.
func (l *Ledger) reconciliationAgain(c Command, r *Receipt, out *Outcome) {
	switch c := c.(type) {
	case *BeginReconciliation:
		if row := l.book.Reconciliation(c.Carrier, r.Item); row != nil {
			out.Reconciled = &ReconciliationAnswer{Reconciliation: row.Clone()}
		}
	case *ResolveBreak:
		answer := new(ReconciliationAnswer)
		if row := l.book.Reconciliation(c.Carrier, c.Reconciliation); row != nil {
			answer.Reconciliation = row.Clone()
		}
		if b := l.book.KeptBreak(BreakID{c.Carrier, c.Reconciliation, c.N}); b != nil {
			answer.Break = b.Clone()
		}
		out.Reconciled = answer
	}
}
