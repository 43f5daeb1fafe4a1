package record

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/ledger"
)

func walkRisk(w *wire, v *ledger.Risk) {
	str(w, 1, &v.Grade)
	num(w, 2, &v.Score)
	fixed(w, 3, &v.Application)
}

// walkRiskOf walks how an account was assessed, which is nothing where it was not.
func walkRiskOf(w *wire, n protowire.Number, v *ledger.Risk) {
	if w.reading || *v != (ledger.Risk{}) {
		message(w, n, v, walkRisk)
	}
}

func walkApplicationDecided(w *wire, f *ledger.ApplicationDecided) {
	fixed(w, 1, &f.ID)
	str(w, 2, &f.Consumer)
	num(w, 3, &f.Kind)
	fixed(w, 4, &f.Account)
	str(w, 5, &f.Currency)
	repeated(w, 6, &f.Consents, walkConsenting)
	strs(w, 7, &f.Needs)
	num(w, 8, &f.Before)
	num(w, 9, &f.State)
	message(w, 10, &f.Assessment, walkAssessment)
	walkOfferOf(w, 11, &f.Offer)
}

func walkConsenting(w *wire, c *ledger.Consenting) {
	str(w, 1, &c.Purpose)
	str(w, 2, &c.Version)
}

func walkAssessment(w *wire, v *ledger.Assessment) {
	str(w, 1, &v.Policy)
	num(w, 2, &v.Decision)
	boolean(w, 3, &v.Scored)
	num(w, 4, &v.Score)
	str(w, 5, &v.Grade)
	repeated(w, 6, &v.Points, func(w *wire, p *ledger.ScoredPoints) {
		str(w, 1, &p.Characteristic)
		num(w, 2, &p.Points)
	})
	repeated(w, 7, &v.Reasons, func(w *wire, e *ledger.Explanation) {
		str(w, 1, &e.Code)
		str(w, 2, &e.Text)
	})
	num(w, 8, &v.RetryAfter)
	repeated(w, 9, &v.Inputs, func(w *wire, i *ledger.Input) {
		str(w, 1, &i.Name)
		str(w, 2, &i.Value)
		boolean(w, 3, &i.Missing)
		boolean(w, 4, &i.Own)
	})
	fixed(w, 10, &v.Hash)
	str(w, 11, &v.Shadow.Policy)
	num(w, 12, &v.Shadow.Decision)
	num(w, 13, &v.Shadow.Score)
	str(w, 14, &v.Shadow.Grade)
}

// walkOfferOf walks an offer, which is nothing where there is none.
func walkOfferOf(w *wire, n protowire.Number, o *ledger.Offer) {
	if w.reading || o.Made() || o.Limit != 0 || o.Grade != "" || len(o.Lines) > 0 || o.Terms != "" || o.Agreement != "" || o.AnnualRate != 0 {
		message(w, n, o, walkOfferMade)
	}
}

func walkOfferMade(w *wire, o *ledger.Offer) {
	str(w, 1, &o.Grade)
	num(w, 2, &o.Limit)
	repeated(w, 3, &o.Lines, func(w *wire, l *ledger.LimitOfLine) {
		num(w, 1, &l.Scene)
		num(w, 2, &l.Limit)
	})
	str(w, 4, &o.Terms)
	num(w, 5, &o.AnnualRate)
	str(w, 6, &o.Agreement)
	num(w, 7, &o.Expires)
}

func walkOfferAccepted(w *wire, f *ledger.OfferAccepted) {
	fixed(w, 1, &f.ID)
	str(w, 2, &f.Consumer)
	fixed(w, 3, &f.Account)
	str(w, 4, &f.Agreement)
	repeated(w, 5, &f.Consents, walkConsenting)
}

func walkOfferEnded(w *wire, f *ledger.OfferEnded) {
	fixed(w, 1, &f.ID)
	str(w, 2, &f.Consumer)
	str(w, 3, &f.Reason)
}

func walkConsentWithdrawn(w *wire, f *ledger.ConsentWithdrawn) {
	str(w, 1, &f.Consumer)
	str(w, 2, &f.Purpose)
	fixed(w, 3, &f.Offer)
}

func walkReviewRequested(w *wire, f *ledger.ReviewRequested) {
	fixed(w, 1, &f.ID)
	str(w, 2, &f.Consumer)
	fixed(w, 3, &f.Subject.Application)
	fixed(w, 4, &f.Subject.Authorization.Account)
	num(w, 5, &f.Subject.Authorization.N)
	fixed(w, 6, &f.Subject.Account)
	str(w, 7, &f.Statement)
}

func walkReviewResolved(w *wire, f *ledger.ReviewResolved) {
	fixed(w, 1, &f.ID)
	str(w, 2, &f.Consumer)
	num(w, 3, &f.Outcome)
	str(w, 4, &f.Note)
	fixed(w, 5, &f.Application)
	walkOfferOf(w, 6, &f.Offer)
}

func walkConsumerErased(w *wire, f *ledger.ConsumerErased) {
	str(w, 1, &f.Consumer)
	boolean(w, 2, &f.Bound)
	repeated(w, 3, &f.Applications, func(w *wire, id *ledger.ApplicationID) { fixed(w, 1, id) })
	repeated(w, 4, &f.Reviews, func(w *wire, id *ledger.ReviewID) { fixed(w, 1, id) })
}

// offer looks at an offer, whose lines index arrays.
func (c *ranges) offer(o *ledger.Offer) {
	for i := range o.Lines {
		c.scene(o.Lines[i].Scene)
	}
}

// application looks at what the ledger would not survive of a fact on applications.
func (c *ranges) application(f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.ApplicationDecided:
		c.want(f.Kind <= ledger.LimitReview && f.State <= ledger.LimitApplied && f.Decision <= ledger.Decline && f.Shadow.Decision <= ledger.Decline)
		c.offer(&f.Offer)
	case *ledger.ReviewResolved:
		c.want(f.Outcome.Valid())
		c.offer(&f.Offer)
	}
}
