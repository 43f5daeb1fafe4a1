package record

import (
	"fmt"
	"math/bits"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
)

// The facts that a wire's 32 bits have no room for are one level further down: in a message of their kind.

// appendFurther appends such a fact.
func appendFurther(w *wire, f ledger.Fact) {
	if n := carrierField(f); n != 0 {
		at := w.begin(2)
		appendCarrier(w, n, f)
		w.end(at)
		return
	}
	if n := settlementField(f); n != 0 {
		at := w.begin(3)
		appendSettlement(w, n, f)
		w.end(at)
		return
	}
	if n := reconciliationField(f); n != 0 {
		at := w.begin(4)
		appendReconciliation(w, n, f)
		w.end(at)
		return
	}
	if n := bundleField(f); n != 0 {
		at := w.begin(5)
		appendBundle(w, n, f)
		w.end(at)
		return
	}
	at := w.begin(1)
	appendRisk(w, f)
	w.end(at)
}

// furtherFacts are the kinds of such facts that can be read, by field number.
var furtherFacts = map[protowire.Number]func([]byte) (ledger.Fact, error){
	1: func(b []byte) (ledger.Fact, error) { return readOne(b, riskFacts) },
	2: func(b []byte) (ledger.Fact, error) { return readOne(b, carrierFacts) },
	3: func(b []byte) (ledger.Fact, error) { return readOne(b, settlementFacts) },
	4: func(b []byte) (ledger.Fact, error) { return readOne(b, reconciliationFacts) },
	5: func(b []byte) (ledger.Fact, error) { return readOne(b, bundleFacts) },
}

func readFurther(b []byte) (ledger.Fact, error) { return readOne(b, furtherFacts) }

// readOne reads the only field of a message.
func readOne(b []byte, known map[protowire.Number]func([]byte) (ledger.Fact, error)) (ledger.Fact, error) {
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
	if read := known[n]; read != nil {
		return read(w.text(n))
	}
	return nil, ErrUnknownFact
}
