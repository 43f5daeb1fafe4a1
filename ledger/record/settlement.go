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
	}
	return 0
}

func appendSettlement(w *wire, n protowire.Number, f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.CarrierAdjusted:
		message(w, n, f, walkCarrierAdjusted)
	}
}

// settlementFacts are the facts about settlement that can be read, by field number.
var settlementFacts = map[protowire.Number]func([]byte) (ledger.Fact, error){
	1: read(walkCarrierAdjusted),
}

func walkCarrierAdjusted(w *wire, f *ledger.CarrierAdjusted) {
	str(w, 1, &f.Carrier)
	str(w, 2, &f.Currency)
	num(w, 3, &f.Amount)
	num(w, 4, &f.Date)
	str(w, 5, &f.Reason)
	str(w, 6, &f.Reference)
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
