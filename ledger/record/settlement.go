package record

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
)

// walkClearing walks what a fact on an order says about its carrier's business day and fee. Most say nothing.
func walkClearing(w *wire, n protowire.Number, c *ledger.Clearing) {
	if w.reading {
		if w.hasText(n) {
			readClearing(w, n, c)
		}
	} else if *c != (ledger.Clearing{}) {
		at := w.begin(n)
		clearing(w, c)
		w.end(at)
	}
}

func readClearing(w *wire, n protowire.Number, c *ledger.Clearing) {
	var inner wire
	inner.parse(w.text(n))
	clearing(&inner, c)
	w.err = errors.Join(w.err, inner.err)
}

func clearing(w *wire, c *ledger.Clearing) {
	num(w, 1, &c.Date)
	num(w, 2, &c.Fee)
}

// settlementField is the number of the field for a fact about settlement; 0 for another fact.
func settlementField(f ledger.Fact) protowire.Number {
	switch f.(type) {
	case *ledger.CarrierAdjusted:
		return 1
	case *ledger.SettlementBegun:
		return 2
	case *ledger.SettlementCut:
		return 3
	case *ledger.SettlementEnded:
		return 4
	case *ledger.SettlementPaid:
		return 5
	}
	return 0
}

func appendSettlement(w *wire, n protowire.Number, f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.CarrierAdjusted:
		message(w, n, f, walkCarrierAdjusted)
	case *ledger.SettlementBegun:
		message(w, n, f, walkSettlementBegun)
	case *ledger.SettlementCut:
		message(w, n, f, walkSettlementCut)
	case *ledger.SettlementEnded:
		message(w, n, f, walkSettlementEnded)
	case *ledger.SettlementPaid:
		message(w, n, f, walkSettlementPaid)
	}
}

// settlementFacts are the facts about settlement that can be read, by field number.
var settlementFacts = map[protowire.Number]func([]byte) (ledger.Fact, error){
	1: read(walkCarrierAdjusted),
	2: read(walkSettlementBegun),
	3: read(walkSettlementCut),
	4: read(walkSettlementEnded),
	5: read(walkSettlementPaid),
}

func walkCarrierAdjusted(w *wire, f *ledger.CarrierAdjusted) {
	str(w, 1, &f.Carrier)
	str(w, 2, &f.Currency)
	num(w, 3, &f.Amount)
	num(w, 4, &f.Date)
	str(w, 5, &f.Reason)
	str(w, 6, &f.Reference)
}

func walkSettlementID(w *wire, id *ledger.SettlementID) {
	str(w, 1, &id.Carrier)
	str(w, 2, &id.Currency)
	num(w, 3, &id.N)
}

func walkSettlementBegun(w *wire, f *ledger.SettlementBegun) {
	walkSettlementID(w, &f.SettlementID)
	num(w, 4, &f.After)
	num(w, 5, &f.Through)
}

func walkSettlementCut(w *wire, f *ledger.SettlementCut) {
	walkSettlementID(w, &f.SettlementID)
	num(w, 4, &f.Through)
	num(w, 5, &f.First)
	part(w, 6, &f.Sums, walkSettlementSums)
	part(w, 7, &f.Late, walkSettlementSums)
	num(w, 8, &f.Before)
	num(w, 9, &f.BeforeThrough)
}

func walkSettlementEnded(w *wire, f *ledger.SettlementEnded) {
	walkSettlementID(w, &f.SettlementID)
	repeated(w, 4, &f.Parts, func(w *wire, p *ledger.SettlementPart) {
		num(w, 1, &p.Shard)
		num(w, 2, &p.N)
		num(w, 3, &p.Through)
		num(w, 4, &p.Sequence)
		num(w, 5, &p.First)
		part(w, 6, &p.Sums, walkSettlementSums)
		part(w, 7, &p.Late, walkSettlementSums)
		num(w, 8, &p.Before)
		num(w, 9, &p.BeforeThrough)
	})
}

func walkSettlementSums(w *wire, s *ledger.Sums) {
	num(w, 1, &s.Fees)
	for i := range s.Kinds {
		num(w, protowire.Number(2+2*i), &s.Kinds[i].Count)
		num(w, protowire.Number(3+2*i), &s.Kinds[i].Amount)
	}
}

func walkSettlementPaid(w *wire, f *ledger.SettlementPaid) {
	walkSettlementID(w, &f.SettlementID)
	str(w, 4, &f.Reference)
	num(w, 5, &f.ValueDate)
	num(w, 6, &f.Payable)
	num(w, 7, &f.Subsidy)
	num(w, 8, &f.Collected)
}

// AppendSettlement appends a settlement's row.
func AppendSettlement(b []byte, s *ledger.Settlement) []byte {
	r := begin(b)
	walkSettlement(&r, s)
	return r.end()
}

// DecodeSettlement reads a settlement's row.
func DecodeSettlement(b []byte, s *ledger.Settlement) error {
	r := open(b)
	walkSettlement(&r, s)
	return r.err()
}

const leastPart = 4 // bytes

func walkSettlement(r *row, s *ledger.Settlement) {
	n := r.list(10)
	unsigned(r, &n[0], &s.N)
	unsigned(r, &n[1], &s.Sequence)
	unsigned(r, &n[2], &s.State)
	number(r, &n[3], &s.After)
	number(r, &n[4], &s.Through)
	number(r, &n[5], &s.Begun)
	number(r, &n[6], &s.Closed)
	number(r, &n[7], &s.Confirmed)
	number(r, &n[8], &s.ValueDate)
	parts := elements(r, &n[9], &s.Parts, leastPart)
	word(r, &s.Carrier)
	word(r, &s.Currency)
	word(r, &s.Caller)
	word(r, &s.Reference)
	word(r, &s.ConfirmedBy)
	walkTotal(r, &s.Sums)
	walkTotal(r, &s.Late)
	for i := range parts {
		n := r.list(1)
		unsigned(r, &n[0], &parts[i].Shard)
		walkCutRow(r, &parts[i].Cut)
	}
	if r.reading && !s.State.Valid() {
		r.spoil()
	}
}

// What of what is payable takes in a row, at least.
const (
	leastPayable = 3
	leastOpenDay = 1
)

func walkPayable(r *row, p *ledger.Payable) {
	n := r.list(3)
	unsigned(r, &n[0], &p.Closing)
	number(r, &n[1], &p.Paid)
	open := elements(r, &n[2], &p.Open, leastOpenDay)
	word(r, &p.Carrier)
	word(r, &p.Currency)
	for i := range open {
		o := &open[i]
		n := r.list(2 + sumNumbers)
		number(r, &n[0], &o.Date)
		unsigned(r, &n[1], &o.First)
		walkSumsOf(r, n[2:], &o.Sums)
	}
	walkTotal(r, &p.Settled)
	walkCutRow(r, &p.Cut)
}

func walkCutRow(r *row, c *ledger.Cut) {
	n := r.list(6)
	unsigned(r, &n[0], &c.N)
	number(r, &n[1], &c.Through)
	unsigned(r, &n[2], &c.Sequence)
	unsigned(r, &n[3], &c.First)
	unsigned(r, &n[4], &c.Before)
	number(r, &n[5], &c.BeforeThrough)
	walkTotal(r, &c.Sums)
	walkTotal(r, &c.Late)
}

func walkTotal(r *row, s *ledger.Sums) {
	n := r.list(sumNumbers)
	walkSumsOf(r, n[:], s)
}

// sumNumbers is how many numbers there are in sums.
const sumNumbers = 1 + 2*len(ledger.Sums{}.Kinds)

func walkSumsOf(r *row, n []uint64, s *ledger.Sums) {
	number(r, &n[0], &s.Fees)
	for i := range s.Kinds {
		number(r, &n[1+2*i], &s.Kinds[i].Count)
		number(r, &n[2+2*i], &s.Kinds[i].Amount)
	}
}
