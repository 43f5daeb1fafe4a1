package ledger

import (
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// DossierTally adds up what applicants have, to be compared with what the shard says of them. The zero value is empty.
type DossierTally struct {
	Applicants, Applications, Reviews uint64
}

// Add checks an applicant with all its applications and reviews, which are found by their ids, and adds them up.
func (t *DossierTally) Add(p *Applicant, application func(ApplicationID) *Application, review func(ReviewID) *Review) error {
	t.Applicants++
	if err := p.check(); err != nil {
		return fmt.Errorf("applicant %q: %w", p.Consumer, err)
	}
	applications, reviews, pending := uint32(0), uint32(0), 0
	newer, next := ^ApplicationID(0), calendar.Instant(0) // the one after, and when it came
	for id := p.Application; id != 0; applications++ {
		a := application(id)
		if a == nil || a.ID != id || a.Consumer != p.Consumer || id >= newer {
			return fmt.Errorf("applicant %q: application %s before %s is %+v", p.Consumer, id, newer, a)
		}
		if err := CheckApplication(a); err != nil {
			return fmt.Errorf("application %s: %w", id, err)
		}
		if a.State == Offered && next != 0 && next < a.Offer.Expires {
			return fmt.Errorf("application %s has an offer, and %s came after it", id, newer)
		}
		newer, next, id = id, a.Created, a.Previous
	}
	later := ^ReviewID(0)
	for id := p.Review; id != 0; reviews++ {
		r := review(id)
		if r == nil || r.ID != id || r.Consumer != p.Consumer || id >= later {
			return fmt.Errorf("applicant %q: review %s before %s is %+v", p.Consumer, id, later, r)
		}
		if err := CheckReview(r); err != nil {
			return fmt.Errorf("review %s: %w", id, err)
		}
		if r.Outcome == ReviewPending {
			pending++
			if at := len(p.Pending) - pending; at < 0 || p.Pending[at] != id {
				return fmt.Errorf("applicant %q: review %s has no outcome, those pending are %v", p.Consumer, id, p.Pending)
			}
		}
		later, id = id, r.Previous
	}
	if applications != p.Applications || reviews != p.Reviews || pending != len(p.Pending) {
		return fmt.Errorf("applicant %q has %d applications and %d reviews, %d of them pending, not %d, %d and %d", p.Consumer,
			p.Applications, p.Reviews, len(p.Pending), applications, reviews, pending)
	}
	t.Applications += uint64(applications)
	t.Reviews += uint64(reviews)
	return nil
}

// Check compares what was added up, which must be all there is, with the shard.
func (t *DossierTally) Check(s *Shard) error {
	switch {
	case s.Applications != t.Applications:
		return fmt.Errorf("shard %d has %d applications, those of its applicants are %d", s.Number, s.Applications, t.Applications)
	case s.Reviews != t.Reviews:
		return fmt.Errorf("shard %d has %d reviews, those of its applicants are %d", s.Number, s.Reviews, t.Reviews)
	}
	return nil
}

func (p *Applicant) check() error {
	if len(p.Consents) > MaxConsents || len(p.Pending) > MaxPending || p.Applications > MaxApplications || p.Reviews > MaxReviews {
		return fmt.Errorf("%d consents, %d applications, and %d reviews, %d of them pending", len(p.Consents), p.Applications, p.Reviews, len(p.Pending))
	}
	for i, c := range p.Consents {
		if c.Purpose == "" || c.Withdrawn != 0 && c.Withdrawn < c.Given || c.Given == 0 && (c.Withdrawn == 0 || c.Version != "" || c.Caller != "") {
			return fmt.Errorf("consent %d is %+v", i+1, c)
		}
		for _, other := range p.Consents[:i] {
			if c.Withdrawn == 0 && other.Withdrawn == 0 && other.Purpose == c.Purpose {
				return fmt.Errorf("two consents to %q last", string(c.Purpose))
			}
		}
	}
	return nil
}

// CheckApplication says what does not hold of an application by itself.
func CheckApplication(a *Application) error {
	ok := (a.Kind == NewLine || a.Kind == LimitReview) && (a.Account != 0) == (a.Kind == LimitReview || a.State == OfferTaken)
	switch a.State {
	case ApplicationDeclined:
		ok = ok && a.Decision == Decline && !a.Offer.Made() && a.Overturned == 0
	case LimitApplied:
		ok = ok && a.Decision == Approve && a.Kind == LimitReview && !a.Offer.Made() && a.Offer.Limit <= a.Before
	case Offered, OfferTaken, OfferWithdrawn:
		ok = ok && a.Offer.Made() && (a.Decision == Approve) == (a.Overturned == 0)
	default: // that an offer expired is never written
		ok = false
	}
	if a.Erased != 0 {
		ok = ok && a.State != Offered && len(a.Inputs)+len(a.Points)+len(a.Reasons) == 0 && a.Hash == 0 && a.Score == 0 && a.Note == ""
	}
	if !ok {
		return fmt.Errorf("state %d, kind %d, account %s, decision %d, offer %+v, overturned by %d, erased %d", a.State, a.Kind, a.Account,
			a.Decision, a.Offer, a.Overturned, a.Erased)
	}
	return nil
}

// CheckReview says what does not hold of a review by itself.
func CheckReview(r *Review) error {
	subjects := 0
	for _, there := range []bool{r.Subject.Application != 0, r.Subject.Authorization.N != 0, r.Subject.Account != 0} {
		if there {
			subjects++
		}
	}
	if subjects != 1 || !r.Outcome.Valid() || (r.Outcome == ReviewPending) != (r.Resolved == 0) || r.Erased != 0 && (r.Statement != "" || r.Note != "" || r.Resolved == 0) {
		return fmt.Errorf("subject %+v, outcome %d, resolved %d, erased %d", r.Subject, r.Outcome, r.Resolved, r.Erased)
	}
	return nil
}
