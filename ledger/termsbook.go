package ledger

import (
	"fmt"
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
