package record

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
)

// reconciliationField is the number of the field for a fact about reconciliations; 0 for another fact.
func reconciliationField(f ledger.Fact) protowire.Number {
	switch f.(type) {
	case *ledger.ReconciliationBegun:
		return 1
	case *ledger.BreaksFound:
		return 2
	case *ledger.ReconciliationEnded:
		return 3
	case *ledger.BreakResolved:
		return 4
	}
	return 0
}

func appendReconciliation(w *wire, n protowire.Number, f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.ReconciliationBegun:
		message(w, n, f, walkReconciliationBegun)
	case *ledger.BreaksFound:
		message(w, n, f, walkBreaksFound)
	case *ledger.ReconciliationEnded:
		message(w, n, f, walkReconciliationEnded)
	case *ledger.BreakResolved:
		message(w, n, f, walkBreakResolved)
	}
}

// reconciliationFacts are the facts about reconciliations that can be read, by field number.
var reconciliationFacts = map[protowire.Number]func([]byte) (ledger.Fact, error){
	1: read(walkReconciliationBegun),
	2: read(walkBreaksFound),
	3: read(walkReconciliationEnded),
	4: read(walkBreakResolved),
}

func walkReconciliationBegun(w *wire, f *ledger.ReconciliationBegun) {
	str(w, 1, &f.Carrier)
	num(w, 2, &f.N)
	num(w, 3, &f.Run)
	str(w, 4, &f.Currency)
	num(w, 5, &f.Date)
	boolean(w, 6, &f.Fees)
}

func walkBreaksFound(w *wire, f *ledger.BreaksFound) {
	str(w, 1, &f.Carrier)
	num(w, 2, &f.N)
	num(w, 3, &f.First)
	repeated(w, 4, &f.Breaks, walkFoundBreak)
}

func walkFoundBreak(w *wire, b *reconcile.Break) {
	num(w, 1, &b.Kind)
	part(w, 2, &b.Ours, walkReconciledItem)
	part(w, 3, &b.Theirs, walkReconciledItem)
	num(w, 4, &b.Diff)
	num(w, 5, &b.FeeDiff)
}

func walkReconciledItem(w *wire, i *reconcile.Item) {
	str(w, 1, &i.Order)
	str(w, 2, &i.Reference)
	num(w, 3, &i.Kind)
	num(w, 4, &i.Status)
	num(w, 5, &i.Date)
	num(w, 6, &i.Time)
	num(w, 7, &i.Amount)
	num(w, 8, &i.Fee)
	num(w, 9, &i.Count)
	fixed(w, 10, &i.Account)
	num(w, 11, &i.N)
	num(w, 12, &i.State)
	boolean(w, 13, &i.NoFee)
}

func walkReconciliationEnded(w *wire, f *ledger.ReconciliationEnded) {
	str(w, 1, &f.Carrier)
	num(w, 2, &f.N)
	str(w, 3, &f.Failed)
	num(w, 4, &f.Read)
	part(w, 5, &f.Tally.Ours, walkReconciledSums)
	part(w, 6, &f.Tally.Theirs, walkReconciledSums)
	num(w, 7, &f.Tally.Silent)
	num(w, 8, &f.Tally.Matched)
	num(w, 9, &f.Tally.Cancelled)
	var breaks []reconcile.BreakSums
	if !w.reading {
		breaks = f.Tally.Breaks[:]
	}
	repeated(w, 10, &breaks, func(w *wire, s *reconcile.BreakSums) {
		num(w, 1, &s.Count)
		num(w, 2, &s.Diff)
		num(w, 3, &s.FeeDiff)
	})
	copy(f.Tally.Breaks[:], breaks)
}

func walkReconciledSums(w *wire, s *reconcile.Sums) {
	num(w, 1, &s.Count)
	num(w, 2, &s.Amount)
	num(w, 3, &s.Fee)
}

func walkBreakResolved(w *wire, f *ledger.BreakResolved) {
	str(w, 1, &f.Carrier)
	num(w, 2, &f.Reconciliation)
	num(w, 3, &f.N)
	num(w, 4, &f.How)
	num(w, 5, &f.Adjusted)
	str(w, 6, &f.Reason)
}

// reconciliation looks at what the ledger would not survive of a fact on reconciliations: values that index arrays.
func (c *ranges) reconciliation(f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.BreaksFound:
		for i := range f.Breaks {
			c.want(f.Breaks[i].Kind.Valid())
		}
	case *ledger.BreakResolved:
		c.want(f.How.Valid())
	}
}

// AppendReconciliation appends a reconciliation's row.
func AppendReconciliation(b []byte, v *ledger.Reconciliation) []byte {
	r := begin(b)
	walkReconciliation(&r, v)
	return r.end()
}

// DecodeReconciliation reads a reconciliation's row.
func DecodeReconciliation(b []byte, v *ledger.Reconciliation) error {
	r := open(b)
	walkReconciliation(&r, v)
	return r.err()
}

func walkReconciliation(r *row, v *ledger.Reconciliation) {
	n := r.list(21)
	unsigned(r, &n[0], &v.N)
	unsigned(r, &n[1], &v.Sequence)
	number(r, &n[2], &v.Date)
	truth(r, &n[3], &v.Fees)
	unsigned(r, &n[4], &v.Run)
	number(r, &n[5], &v.Began)
	number(r, &n[6], &v.Ended)
	number(r, &n[7], &v.Read)
	unsigned(r, &n[8], &v.Breaks)
	unsigned(r, &n[9], &v.Open)
	number(r, &n[10], &v.Adjusted)
	t := &v.Tally
	number(r, &n[11], &t.Silent)
	number(r, &n[12], &t.Matched)
	number(r, &n[13], &t.Cancelled)
	for i, s := range []*reconcile.Sums{&t.Ours, &t.Theirs} {
		number(r, &n[14+3*i], &s.Count)
		number(r, &n[15+3*i], &s.Amount)
		number(r, &n[16+3*i], &s.Fee)
	}
	word(r, &v.Carrier)
	word(r, &v.Caller)
	word(r, &v.Currency)
	word(r, &v.Failed)
	n = r.list(3 * reconcile.BreakKinds)
	for i := range t.Breaks {
		s := &t.Breaks[i]
		number(r, &n[3*i], &s.Count)
		number(r, &n[3*i+1], &s.Diff)
		number(r, &n[3*i+2], &s.FeeDiff)
	}
}

// AppendBreak appends a break's row.
func AppendBreak(b []byte, v *ledger.KeptBreak) []byte {
	r := begin(b)
	walkBreak(&r, v)
	return r.end()
}

// DecodeBreak reads a break's row.
func DecodeBreak(b []byte, v *ledger.KeptBreak) error {
	r := open(b)
	walkBreak(&r, v)
	return r.err()
}

func walkBreak(r *row, v *ledger.KeptBreak) {
	n := r.list(9)
	unsigned(r, &n[0], &v.Reconciliation)
	unsigned(r, &n[1], &v.N)
	unsigned(r, &n[2], &v.Sequence)
	unsigned(r, &n[3], &v.Kind)
	number(r, &n[4], &v.Diff)
	number(r, &n[5], &v.FeeDiff)
	unsigned(r, &n[6], &v.How)
	number(r, &n[7], &v.Adjusted)
	number(r, &n[8], &v.Resolved)
	word(r, &v.Carrier)
	word(r, &v.Operator)
	word(r, &v.Reason)
	for _, i := range []*reconcile.Item{&v.Ours, &v.Theirs} {
		n := r.list(11)
		unsigned(r, &n[0], &i.Kind)
		unsigned(r, &n[1], &i.Status)
		number(r, &n[2], &i.Date)
		number(r, &n[3], &i.Time)
		number(r, &n[4], &i.Amount)
		number(r, &n[5], &i.Fee)
		number(r, &n[6], &i.Count)
		unsigned(r, &n[7], &i.Account)
		unsigned(r, &n[8], &i.N)
		unsigned(r, &n[9], &i.State)
		truth(r, &n[10], &i.NoFee)
		word(r, &i.Order)
		word(r, &i.Reference)
	}
	if r.reading && !v.Kind.Valid() {
		r.spoil()
	}
}

func walkReconciled(r *row, c *ledger.ReconciledCarrier) {
	n := r.list(1)
	unsigned(r, &n[0], &c.Last)
	word(r, &c.Carrier)
}
