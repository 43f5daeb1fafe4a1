package record

import (
	"errors"
	"fmt"

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
	case *ledger.AlertRaised:
		message(w, 20, f, walkAlertRaised)
	case *ledger.ApplicationDecided:
		message(w, 3, f, walkApplicationDecided)
	case *ledger.OfferAccepted:
		message(w, 4, f, walkOfferAccepted)
	case *ledger.OfferEnded:
		message(w, 5, f, walkOfferEnded)
	case *ledger.ConsentWithdrawn:
		message(w, 6, f, walkConsentWithdrawn)
	case *ledger.ReviewRequested:
		message(w, 7, f, walkReviewRequested)
	case *ledger.ReviewResolved:
		message(w, 8, f, walkReviewResolved)
	case *ledger.ConsumerErased:
		message(w, 9, f, walkConsumerErased)
	default:
		panic(fmt.Sprintf("record: fact %T cannot be written", f))
	}
}

// riskFacts are the facts about risk that can be read, by field number.
var riskFacts = map[protowire.Number]func([]byte) (ledger.Fact, error){
	1: read(walkPolicyPut),
	2: read(walkPolicyActivated),

	20: read(walkAlertRaised),
	3:  read(walkApplicationDecided),
	4:  read(walkOfferAccepted),
	5:  read(walkOfferEnded),
	6:  read(walkConsentWithdrawn),
	7:  read(walkReviewRequested),
	8:  read(walkReviewResolved),
	9:  read(walkConsumerErased),
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

func walkAlertRaised(w *wire, f *ledger.AlertRaised) {
	fixed(w, 1, &f.Account)
	str(w, 2, &f.Rule)
	num(w, 3, &f.Severity)
	str(w, 4, &f.Reason)
	str(w, 5, &f.Inputs)
	str(w, 6, &f.Policy)
	str(w, 7, &f.Currency)
	num(w, 8, &f.Limit)
	num(w, 9, &f.LimitBefore)
	boolean(w, 10, &f.Froze)
	num(w, 11, &f.ClosedLine)
	num(w, 12, &f.Scene)
	str(w, 13, &f.Carrier)
	boolean(w, 14, &f.Suspended)
}
