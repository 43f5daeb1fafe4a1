package ledger

// BreakID names a break.
type BreakID struct {
	Carrier        CarrierID
	Reconciliation uint32
	N              uint32
}

// foldReconciliation absorbs what is about a reconciliation. No account has a part in it.
// The reconciliation is put last, and proves that its breaks and receipts are there; of these each remembers what it absorbed,
// because it may be there before.
func (l *Ledger) foldReconciliation(e *Entry) (out Outcome) {
	switch f := e.Fact.(type) {
	case *ReconciliationBegun:
		r := l.book.Reconciliation(f.Carrier, f.N)
		if r == nil {
			r = new(Reconciliation)
		}
		return l.absorb(e, r, func(*ReconciliationAnswer) {
			caller := r.Caller
			if f.Run == 1 {
				caller = e.Request.Caller
			}
			*r = Reconciliation{
				Carrier: CarrierID(clone(string(f.Carrier))), N: f.N, Caller: Caller(clone(string(caller))), Currency: f.Currency, Date: f.Date,
				Fees: f.Fees, Run: f.Run, Began: e.Time,
			}
		})
	case *BreaksFound:
		r := l.book.Reconciliation(f.Carrier, f.N)
		return l.absorb(e, r, func(*ReconciliationAnswer) {
			for i := range f.Breaks {
				l.putBreak(e, &KeptBreak{Carrier: f.Carrier, Reconciliation: f.N, N: f.First + uint32(i), Break: f.Breaks[i]})
			}
			r.Breaks += uint32(len(f.Breaks))
			r.Open += uint32(len(f.Breaks))
		})
	case *ReconciliationEnded:
		r := l.book.Reconciliation(f.Carrier, f.N)
		return l.absorb(e, r, func(*ReconciliationAnswer) {
			r.Ended, r.Failed, r.Read, r.Tally = e.Time, clone(f.Failed), f.Read, f.Tally
		})
	case *BreakResolved:
		r := l.book.Reconciliation(f.Carrier, f.Reconciliation)
		return l.absorb(e, r, func(answer *ReconciliationAnswer) {
			b := l.book.KeptBreak(BreakID{f.Carrier, f.Reconciliation, f.N})
			if b == nil {
				l.book.Lost("a break of a reconciliation")
				return
			}
			kept := b.Clone()
			kept.Resolution = Resolution{How: f.How, Adjusted: f.Adjusted, Operator: e.Request.Caller, Reason: f.Reason, Resolved: e.Time}
			l.putBreak(e, kept)
			r.Open--
			r.Adjusted += f.Adjusted
			answer.Break = kept
		})
	}
	return out
}

// absorb changes a reconciliation, unless it has absorbed the entry before.
func (l *Ledger) absorb(e *Entry, r *Reconciliation, change func(*ReconciliationAnswer)) (out Outcome) {
	if l.book.Err() != nil {
		return out
	}
	if r == nil {
		l.book.Lost("a reconciliation")
		return out
	}
	if r.Sequence >= e.Sequence {
		return out
	}
	out.Reconciled = new(ReconciliationAnswer)
	change(out.Reconciled)
	r.Sequence = e.Sequence
	out.Reconciled.Reconciliation = r.Clone()
	l.remember(e, &out)
	l.book.PutReconciliation(r)
	return out
}

// putBreak keeps a break, unless a later entry has been absorbed.
func (l *Ledger) putBreak(e *Entry, b *KeptBreak) {
	if old := l.book.KeptBreak(BreakID{b.Carrier, b.Reconciliation, b.N}); old != nil && old.Sequence >= e.Sequence {
		return
	}
	b.Sequence = e.Sequence
	l.book.PutBreak(b)
}
