package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// ReviewOutcome is what a person found.
type ReviewOutcome uint8

// The outcomes. Their numbers are those of the API and of the journal.
const (
	ReviewPending ReviewOutcome = iota
	Upheld                      // the decision stands
	Overturned                  // it was wrong
	reviewOutcomeEnd
)

// Valid says whether o is one of the outcomes.
func (o ReviewOutcome) Valid() bool { return o < reviewOutcomeEnd }

// Subject is the decision that a person is asked to look at: of an application, of an authorization, or on an account as it
// stands. One of them is there.
type Subject struct {
	Application   ApplicationID
	Authorization AuthorizationID
	Account       AccountID
}

// Review is a request that a person look at a decision, and what the person found.
type Review struct {
	ID        ReviewID
	Sequence  uint64 // of the last entry absorbed
	Consumer  ConsumerToken
	Previous  ReviewID // the consumer's one before; 0 for the first
	Subject   Subject
	Statement string // the consumer's
	Caller    Caller // who asked
	Created   calendar.Instant
	Outcome   ReviewOutcome
	Note      string // the operator's
	Operator  Caller
	Resolved  calendar.Instant
	Erased    calendar.Instant
}

func (r *Review) clone() *Review {
	c := *r
	return &c
}

// erase takes the free texts away.
func (r *Review) erase(now calendar.Instant) { r.Statement, r.Note, r.Erased = "", "", now }

// review is a copy of a review.
func (l *Ledger) review(id ReviewID) (*Review, *Fault) {
	s := l.book.Shard()
	if id.Shard() == s.Number && id.Number() != 0 && id.Number() <= s.Reviews {
		if r := l.book.Review(id); r != nil {
			return r.clone(), nil
		}
		l.book.Lost("review " + id.String())
	}
	return nil, fault(NotFound, "REVIEW_NOT_FOUND", "there is no review %s", id).on("review_id").named(id.String())
}

// requestReview asks that a person look at a decision.
func (l *Ledger) requestReview(c *RequestReview) Outcome {
	token, f := l.subjectOf(c.Subject)
	if f != nil {
		return refused(f)
	}
	p := l.applicant(token)
	for _, id := range p.Pending {
		if r, f := l.review(id); f == nil && r.Subject == c.Subject {
			return refused(fault(Exists, "REVIEW_PENDING", "review %s is about it already", id).on("subject").named(id.String()))
		}
	}
	if len(p.Pending) == MaxPending || p.Reviews == MaxReviews {
		return refused(fault(FailedPrecondition, "TOO_MANY_REVIEWS", "the consumer has %d reviews without an outcome, and %d in all", len(p.Pending), p.Reviews))
	}
	s := l.book.Shard()
	return l.post(&ReviewRequested{ID: NewReviewID(s.Number, s.Reviews+1), Consumer: token, Subject: c.Subject, Statement: c.Statement})
}

// flag puts an order before a person when that is what the risk policy wants: as a review that nobody asked for, whose statement
// is the policy's. One at a time for a consumer, so that a rule which keeps holding does not bury the others.
func (l *Ledger) flag(a *Account, id AuthorizationID, v Verdict) {
	if v.Action != ActionReview {
		return
	}
	p := l.applicant(a.Consumer)
	if len(p.Pending) == MaxPending || p.Reviews == MaxReviews {
		return
	}
	for _, pending := range p.Pending {
		if r, f := l.review(pending); f != nil || r.Caller == "" {
			return
		}
	}
	s := l.book.Shard()
	l.lapse(&ReviewRequested{
		ID: NewReviewID(s.Number, s.Reviews+1), Consumer: a.Consumer, Subject: Subject{Authorization: id}, Statement: v.Policy + ": " + v.Reasons,
	})
}

// subjectOf is whose decision it is that is to be looked at.
func (l *Ledger) subjectOf(s Subject) (ConsumerToken, *Fault) {
	if s.Application != 0 {
		a, f := l.application(s.Application)
		if f != nil {
			return "", f
		}
		if a.Erased != 0 {
			return "", erased(a.ID)
		}
		return a.Consumer, nil
	}
	id := s.Account
	if s.Authorization.N != 0 {
		id = s.Authorization.Account
	}
	a := l.book.Account(id)
	switch {
	case s.Authorization.N != 0 && (a == nil || s.Authorization.N > a.LastN):
		return "", authorizationNotFound(s.Authorization)
	case a == nil:
		return "", accountNotFound(id)
	}
	return a.Consumer, nil
}

func erased(id ApplicationID) *Fault {
	return fault(FailedPrecondition, "APPLICATION_ERASED", "application %s has been erased", id).on("application_id").named(id.String())
}

// resolveReview records what a person found. An application whose decline is overturned gets the offer that the person made.
func (l *Ledger) resolveReview(c *ResolveReview) Outcome {
	r, f := l.review(c.Review)
	if f != nil {
		return refused(f)
	}
	if r.Outcome != ReviewPending {
		return refused(fault(FailedPrecondition, "REVIEW_RESOLVED", "review %s has its outcome", r.ID).on("review_id").named(r.ID.String()))
	}
	done := &ReviewResolved{ID: r.ID, Consumer: r.Consumer, Outcome: c.Outcome, Note: c.Note}
	if c.Outcome == Overturned && r.Subject.Application != 0 {
		if f := l.overturn(r, &c.Offer); f != nil {
			return refused(f)
		}
		done.Application, done.Offer = r.Subject.Application, c.Offer
	} else if c.Offer.Made() {
		return refused(fault(FailedPrecondition, "NOTHING_TO_OFFER", "review %s is not of an application, or its decision stands: nothing can be offered", r.ID).on("offer").named(r.ID.String()))
	}
	return l.post(done)
}

// overturn looks at whether an offer may be made of an application that was declined.
func (l *Ledger) overturn(r *Review, o *Offer) *Fault {
	a, f := l.application(r.Subject.Application)
	if f != nil {
		return f
	}
	p := l.applicant(a.Consumer)
	switch {
	case a.Erased != 0:
		return erased(a.ID)
	case a.State != ApplicationDeclined:
		return fault(FailedPrecondition, "APPLICATION_NOT_DECLINED", "application %s was not declined", a.ID).on("review_id").named(a.ID.String())
	case p.Application != a.ID:
		return fault(FailedPrecondition, "APPLICATION_SUPERSEDED", "the consumer has applied again since: %s", p.Application).on("review_id").named(p.Application.String())
	case !o.Made():
		return fault(Invalid, "OFFER_REQUIRED", "an application whose decline is overturned needs an offer").on("offer")
	}
	return l.offerable(a.Kind, a.Currency, o)
}

// resolved takes a review off those without an outcome.
func (p *Applicant) resolved(id ReviewID) {
	p.Pending = slices.DeleteFunc(slices.Clone(p.Pending), func(r ReviewID) bool { return r == id })
}
