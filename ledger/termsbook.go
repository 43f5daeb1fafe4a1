package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// TermsID is a version of the terms in its shard: those that the ledger was made with are 0, those that were put are 1,
// 2, 3, ... in the order in which they were.
type TermsID uint16

// MaxTerms is how many versions of terms may be put.
const MaxTerms = 200

// TermsVersion is terms that were put.
type TermsVersion struct {
	Document string // as it was put
	Terms    *terms.Terms
	Put      calendar.Instant
	Caller   Caller
}

// termsOf are the terms with an id.
func (l *Ledger) termsOf(id TermsID) *terms.Terms {
	if id == 0 {
		return l.terms
	}
	return l.book.Shard().Terms[id-1].Terms
}

// findTerms finds terms by the name of their version.
func (l *Ledger) findTerms(version string) (TermsID, *terms.Terms) {
	if version == l.terms.Version {
		return 0, l.terms
	}
	for i, v := range l.book.Shard().Terms {
		if v.Terms.Version == version {
			return TermsID(i + 1), v.Terms
		}
	}
	return 0, nil
}

// currentTerms are those of new accounts in a currency: the newest that were put for it, or else those that the ledger
// was made with, whose amounts then are minor units of that currency.
func (l *Ledger) currentTerms(currency money.Currency) TermsID {
	put := l.book.Shard().Terms
	for i := len(put); i > 0; i-- {
		if put[i-1].Terms.Currency == currency {
			return TermsID(i)
		}
	}
	return 0
}

// putTerms adds a version of the terms.
func (s *Shard) putTerms(e *Entry, f *TermsPut) {
	document := clone(f.Document)
	t, err := terms.Reread([]byte(document))
	if err != nil {
		panic(fmt.Sprintf("ledger: entry %d has terms that cannot be read: %v", e.Sequence, err)) // the edge has checked them
	}
	s.Terms = append(s.Terms, TermsVersion{Document: document, Terms: t, Put: e.Time, Caller: Caller(clone(string(e.Request.Caller)))})
}

// putTerms adds a version of the terms. The same document again changes nothing.
func (l *Ledger) putTerms(c *PutTerms) Outcome {
	put := l.book.Shard().Terms
	for _, v := range put {
		if v.Document == c.Document {
			return Outcome{TermsPut: slices.Clone(put)}
		}
	}
	if _, known := l.findTerms(c.Parsed.Version); known != nil {
		return refused(fault(Exists, "TERMS_EXIST", "there are other terms named %q", c.Parsed.Version).on("document").named(c.Parsed.Version))
	}
	if len(put) == MaxTerms {
		return refused(fault(FailedPrecondition, "TOO_MANY_TERMS", "there are %d versions of the terms already", MaxTerms))
	}
	return l.post(&TermsPut{Document: c.Document})
}

func (l *Ledger) acceptTerms(c *AcceptTerms) Outcome {
	a, f := l.changeable(c.Account)
	if f != nil {
		return refused(f)
	}
	id, t := l.findTerms(c.Version)
	if f := termsFor(a.Currency, c.Version, id, t); f != nil {
		return refused(f)
	}
	d := l.desk(a, TermsAccepted, l.today)
	if d.Terms = id; d.Late.Since != 0 {
		d.Late.Judged, d.Late.NotBefore = l.today, 0 // what follows by these terms does not lie in the past, and they have quiet hours of their own
	}
	d.booking.Note = c.Version
	return l.post(d.fact())
}

// termsFor says what stands against an account in a currency having terms. Those that the ledger was made with are for
// every currency.
func termsFor(currency money.Currency, version string, id TermsID, t *terms.Terms) *Fault {
	switch {
	case t == nil:
		return fault(NotFound, "TERMS_NOT_FOUND", "there are no terms %q", version).on("terms_version").named(version)
	case id != 0 && t.Currency != currency:
		return fault(FailedPrecondition, "TERMS_CURRENCY_MISMATCH", "terms %q are in %s, not %s", version, t.Currency, currency).on("terms_version").named(version)
	}
	return nil
}

// requestsKept is how long the outcome of a request is kept: as long as any terms ask for.
func (l *Ledger) requestsKept() time.Duration {
	return l.book.Shard().RequestsKept(l.terms)
}

// RequestsKept is how long the outcomes of requests are kept: as long as any terms ask for, those that the ledger was made
// with among them.
func (s *Shard) RequestsKept(made *terms.Terms) time.Duration {
	kept := made.Authorizations.RequestsKept
	for _, v := range s.Terms {
		kept = max(kept, v.Terms.Authorizations.RequestsKept)
	}
	return kept
}
