package record

import "github.com/holdfast-credit/holdfast/ledger"

func walkPayer(w *wire, p *ledger.Payer) {
	str(w, 1, &p.Carrier)
	str(w, 2, &p.Phone)
}

func walkListed(w *wire, l *ledger.Listed) {
	part(w, 1, &l.Payer, walkPayer)
	num(w, 2, &l.Month)
	num(w, 3, &l.Line)
	num(w, 4, &l.Until)
	num(w, 5, &l.Amount)
	num(w, 6, &l.Was)
	num(w, 7, &l.Outcome)
}

// listed walks where something is in a batch, if it is in one.
func listed(r *row, there bool, l *ledger.Listed) {
	if r.reading {
		*l = ledger.Listed{} // the one that is there belongs to another
	}
	if !there {
		return
	}
	n := r.list(6)
	number(r, &n[0], &l.Month)
	unsigned(r, &n[1], &l.Line)
	number(r, &n[2], &l.Until)
	number(r, &n[3], &l.Amount)
	unsigned(r, &n[4], &l.Was)
	unsigned(r, &n[5], &l.Outcome)
	word(r, &l.Carrier)
	word(r, &l.Phone)
}

// AppendBatchLine appends a line's row.
func AppendBatchLine(b []byte, l *ledger.BatchLine) []byte {
	r := begin(b)
	walkBatchLine(&r, l)
	return r.end()
}

// DecodeBatchLine reads a line's row.
func DecodeBatchLine(b []byte, l *ledger.BatchLine) error {
	r := open(b)
	walkBatchLine(&r, l)
	return r.err()
}

func walkBatchLine(r *row, l *ledger.BatchLine) {
	b := (*[12]byte)(r.block(12))
	eight(r, b[0:], &l.Account)
	four(r, b[8:], &l.Item)
	n := r.list(10)
	unsigned(r, &n[0], &l.N)
	number(r, &n[1], &l.Day)
	since(r, &n[2], &l.Until, l.Day)
	since(r, &n[3], &l.Opens, l.Day)
	number(r, &n[4], &l.Amount)
	unsigned(r, &n[5], &l.Outcome)
	number(r, &n[6], &l.Collected)
	number(r, &n[7], &l.ValueDate)
	unsigned(r, &n[8], &l.Repayment)
	number(r, &n[9], &l.Time)
	word(r, &l.Carrier)
	word(r, &l.Phone)
	word(r, &l.Reference)
	word(r, &l.Reason)
	if r.reading && l.Outcome >= ledger.BatchOutcomes {
		r.spoil()
	}
}

// leastBatch is how many bytes a batch takes in a shard's row, at least.
const leastBatch = 3

func walkBatch(r *row, b *ledger.Batch) {
	n := r.list(2 + 3*int(ledger.BatchOutcomes))
	number(r, &n[0], &b.Month)
	unsigned(r, &n[1], &b.Lines)
	for i := range b.By {
		s := &b.By[i]
		number(r, &n[2+3*i], &s.Lines)
		number(r, &n[3+3*i], &s.Amount)
		number(r, &n[4+3*i], &s.Collected)
	}
	word(r, &b.Carrier)
	word(r, &b.Currency)
}
