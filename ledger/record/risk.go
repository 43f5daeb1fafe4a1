package record

import (
	"errors"
	"fmt"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
)

// walkVerdict walks what a risk policy said, which is nothing when none was asked.
func walkVerdict(w *wire, n protowire.Number, v *ledger.Verdict) {
	if w.reading {
		if w.hasText(n) {
			readVerdict(w, n, v)
		}
	} else if *v != (ledger.Verdict{}) {
		at := w.begin(n)
		walkVerdictFields(w, v)
		w.end(at)
	}
}

func readVerdict(w *wire, n protowire.Number, v *ledger.Verdict) {
	var inner wire
	inner.parse(w.text(n))
	walkVerdictFields(&inner, v)
	w.err = errors.Join(w.err, inner.err)
}

func walkVerdictFields(w *wire, v *ledger.Verdict) {
	str(w, 1, &v.Policy)
	num(w, 2, &v.Action)
	num(w, 3, &v.Cap)
	num(w, 4, &v.Rules)
	str(w, 5, &v.Reasons)
	str(w, 6, &v.Inputs)
	fixed(w, 7, &v.Hash)
}

// appendRisk appends a fact about risk that is not a decision on an order.
func appendRisk(w *wire, f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.PolicyPut:
		message(w, 1, f, walkPolicyPut)
	case *ledger.PolicyActivated:
		message(w, 2, f, walkPolicyActivated)
	default:
		panic(fmt.Sprintf("record: fact %T cannot be written", f))
	}
}

// riskFacts are the facts about risk that can be read, by field number.
var riskFacts = map[protowire.Number]func([]byte) (ledger.Fact, error){
	1: read(walkPolicyPut),
	2: read(walkPolicyActivated),
}

// readRisk reads a fact about risk.
func readRisk(b []byte) (ledger.Fact, error) {
	var w wire
	w.parse(b)
	if w.err != nil {
		return nil, w.err
	}
	n := protowire.Number(bits.TrailingZeros32(w.texts))
	switch {
	case n == maxField:
		return nil, ErrUnknownFact
	case w.texts>>n != 1:
		return nil, fmt.Errorf("%w: two facts", errField)
	}
	if read := riskFacts[n]; read != nil {
		return read(w.text(n))
	}
	return nil, ErrUnknownFact
}

func walkPolicyPut(w *wire, f *ledger.PolicyPut) {
	str(w, 1, &f.Version)
	str(w, 2, &f.Document)
}

func walkPolicyActivated(w *wire, f *ledger.PolicyActivated) {
	str(w, 1, &f.Version)
	num(w, 2, &f.From)
	boolean(w, 3, &f.Shadow)
}
