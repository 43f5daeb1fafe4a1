package ledger

import (
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

func (*ApplicationDecided) fact() {}
func (*OfferAccepted) fact()      {}
func (*OfferEnded) fact()         {}
func (*ConsentWithdrawn) fact()   {}
func (*ReviewRequested) fact()    {}
func (*ReviewResolved) fact()     {}
func (*ConsumerErased) fact()     {}

// ConsumerOf is the consumer that a fact is about who need not have an account; empty when it is about none.
func ConsumerOf(f Fact) ConsumerToken {
	switch f := f.(type) {
	case *ApplicationDecided:
		return f.Consumer
	case *OfferAccepted:
		return f.Consumer
	case *OfferEnded:
		return f.Consumer
	case *ConsentWithdrawn:
		return f.Consumer
	case *ReviewRequested:
		return f.Consumer
	case *ReviewResolved:
		return f.Consumer
	case *ConsumerErased:
		return f.Consumer
	}
	return ""
}

// foldApplicant absorbs what is about a consumer rather than an account. No other row has a part in it, so that these facts are
// in order among themselves and need not be so with those of accounts. The applicant is put last, and proves that its
// receipts, applications and reviews are there; of these each remembers what it absorbed, because it may be there before.
func (l *Ledger) foldApplicant(e *Entry, token ConsumerToken) (out Outcome) {
	p := l.applicant(token)
	if p.Sequence >= e.Sequence || l.book.Err() != nil {
		return out
	}
	p.Sequence = e.Sequence
	out.Dossier = &Dossier{}
	switch f := e.Fact.(type) {
	case *ApplicationDecided:
		p.consent(f.Consents, e.Time, e.Request.Caller)
		out.Dossier.Application = l.foldDecided(e, f, p.Application)
		p.Application, p.Applications = f.ID, p.Applications+1
	case *OfferAccepted:
		p.consent(f.Consents, e.Time, e.Request.Caller)
		out.Dossier.Application = l.changeApplication(e, f.ID, func(a *Application) { a.State, a.Account = OfferTaken, f.Account })
	case *OfferEnded:
		out.Dossier.Application = l.changeApplication(e, f.ID, func(a *Application) { a.State, a.Note = OfferWithdrawn, f.Reason })
	case *ConsentWithdrawn:
		p.withdraw(f.Purpose, e.Time)
		if f.Offer != 0 {
			out.Dossier.Application = l.changeApplication(e, f.Offer, func(a *Application) {
				a.State, a.Note = OfferWithdrawn, "consent withdrawn: "+string(f.Purpose)
			})
		}
	case *ReviewRequested:
		out.Dossier.Review = l.foldRequested(e, f, p.Review)
		p.Review, p.Reviews, p.Pending = f.ID, p.Reviews+1, append(p.Pending, f.ID)
	case *ReviewResolved:
		p.resolved(f.ID)
		l.foldResolved(e, f, out.Dossier)
	case *ConsumerErased:
		l.foldErased(e, f, p)
	}
	out.Dossier.Applicant = p
	l.remember(e, &out)
	l.book.PutApplicant(p)
	return out
}

func (l *Ledger) foldDecided(e *Entry, f *ApplicationDecided, previous ApplicationID) *Application {
	a := &Application{
		ID: f.ID, Sequence: e.Sequence, Consumer: f.Consumer, Previous: previous, Kind: f.Kind, State: f.State, Account: f.Account,
		Currency: f.Currency, Caller: e.Request.Caller, Created: e.Time, Updated: e.Time, Needs: f.Needs, Before: f.Before,
		Assessment: f.Assessment, Offer: f.Offer,
	}
	if is := l.book.Application(f.ID); is == nil || is.Sequence < e.Sequence {
		l.book.PutApplication(a)
	}
	return a.clone()
}

// changeApplication changes an application that is there, unless it has absorbed the entry. The answer is a copy.
func (l *Ledger) changeApplication(e *Entry, id ApplicationID, change func(*Application)) *Application {
	is := l.book.Application(id)
	if is == nil {
		if l.book.Err() != nil {
			return nil
		}
		panic(fmt.Sprintf("ledger: entry %d is about application %s, which is not there", e.Sequence, id))
	}
	a := is.clone()
	if a.Sequence < e.Sequence {
		a.Sequence, a.Updated = e.Sequence, e.Time
		change(a)
		l.book.PutApplication(a)
	}
	return a.clone()
}

func (l *Ledger) changeReview(e *Entry, id ReviewID, change func(*Review)) *Review {
	is := l.book.Review(id)
	if is == nil {
		if l.book.Err() != nil {
			return nil
		}
		panic(fmt.Sprintf("ledger: entry %d is about review %s, which is not there", e.Sequence, id))
	}
	r := is.clone()
	if r.Sequence < e.Sequence {
		r.Sequence = e.Sequence
		change(r)
		l.book.PutReview(r)
	}
	return r.clone()
}

func (l *Ledger) foldRequested(e *Entry, f *ReviewRequested, previous ReviewID) *Review {
	r := &Review{
		ID: f.ID, Sequence: e.Sequence, Consumer: f.Consumer, Previous: previous, Subject: f.Subject, Statement: f.Statement,
		Caller: e.Request.Caller, Created: e.Time,
	}
	if is := l.book.Review(f.ID); is == nil || is.Sequence < e.Sequence {
		l.book.PutReview(r)
	}
	return r.clone()
}

func (l *Ledger) foldResolved(e *Entry, f *ReviewResolved, d *Dossier) {
	d.Review = l.changeReview(e, f.ID, func(r *Review) {
		r.Outcome, r.Note, r.Operator, r.Resolved = f.Outcome, f.Note, e.Request.Caller, e.Time
	})
	if f.Application != 0 {
		d.Application = l.changeApplication(e, f.Application, func(a *Application) {
			a.State, a.Offer, a.Overturned = Offered, f.Offer, f.ID
		})
	}
}

func (l *Ledger) foldErased(e *Entry, f *ConsumerErased, p *Applicant) {
	for _, id := range f.Applications {
		l.changeApplication(e, id, func(a *Application) { a.erase(e.Time) })
	}
	for _, id := range f.Reviews {
		l.changeReview(e, id, func(r *Review) { r.erase(e.Time) })
	}
	p.Erased = e.Time
	if f.Bound {
		return
	}
	for i := range p.Consents {
		c := &p.Consents[i]
		if c.Withdrawn == 0 {
			c.Withdrawn = e.Time
		}
		*c = Consent{Purpose: c.Purpose, Withdrawn: c.Withdrawn}
	}
}

// withdraw ends the consent to a purpose.
func (p *Applicant) withdraw(purpose Purpose, now calendar.Instant) {
	if at := slices.IndexFunc(p.Consents, func(c Consent) bool { return c.Purpose == purpose && c.Withdrawn == 0 }); at >= 0 {
		p.Consents[at].Withdrawn = now
	}
}
