package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// ApplicationKind is what is applied for.
type ApplicationKind uint8

// The kinds. Their numbers are those of the API and of the journal.
const (
	NewLine     ApplicationKind = iota + 1 // an account with its lines
	LimitReview                            // another limit of an account
)

// ApplicationState is what became of an application.
type ApplicationState uint8

// The states. Their numbers are those of the API and of the journal. No entry says OfferExpired: whoever reads an offer
// finds that its time is over.
const (
	NoApplicationState ApplicationState = iota
	ApplicationDeclined
	Offered
	OfferTaken   // accepted
	OfferExpired // not accepted in time
	OfferWithdrawn
	LimitApplied // a limit review that kept the limit, or lowered it, which asks nobody
	applicationStateEnd
)

// Valid says whether s is one of the states.
func (s ApplicationState) Valid() bool { return s > NoApplicationState && s < applicationStateEnd }

// Bounds of what an assessment may hold, which the edge sees to.
const (
	MaxInputs       = 100
	MaxPoints       = 64
	MaxExplanations = 64
)

// Input is a feature as an assessment saw it.
type Input struct {
	Name    string
	Value   string // a decimal or a word, in the one way of writing it; empty when it is missing
	Missing bool
	Own     bool // it is from the core's own record, not from the caller
}

// ScoredPoints is what a characteristic of a scorecard gave.
type ScoredPoints struct {
	Characteristic string
	Points         int32
}

// Explanation is a reason: a code of the policy's, and what it says to the consumer.
type Explanation struct {
	Code string
	Text string
}

// Shadowed is what the shadow policy would have said. It is only recorded.
type Shadowed struct {
	Policy   string // version; empty when there is none
	Decision Decision
	Score    int32
	Grade    string
}

// Assessment is what a risk policy said of an application. The ledger keeps it and does not ask why.
type Assessment struct {
	Policy     string // version
	Decision   Decision
	Scored     bool // a score was reckoned: admission let the application through
	Score      int32
	Grade      string
	Points     []ScoredPoints
	Reasons    []Explanation    // of a decline; and what cost an offer most
	RetryAfter calendar.Instant // of a decline: no new application before; 0 for none
	Inputs     []Input          // in order of name
	Hash       uint64           // of all inputs: the first eight bytes of their SHA-256
	Shadow     Shadowed
}

// Offer is what a consumer may accept.
type Offer struct {
	Grade      string
	Limit      money.Amount  // of the account
	Lines      []LimitOfLine // of its lines
	Terms      string        // version; empty for a limit review
	AnnualRate int64         // that the consumer is shown: millionths a year
	Agreement  string        // version that has to be accepted
	Expires    calendar.Instant
}

// Made says whether there is an offer.
func (o *Offer) Made() bool { return o.Expires != 0 }

// Application is an application with what the policy said of it and what became of it.
type Application struct {
	ID       ApplicationID
	Sequence uint64 // of the last entry absorbed
	Consumer ConsumerToken
	Previous ApplicationID // the consumer's one before; 0 for the first
	Kind     ApplicationKind
	State    ApplicationState
	Account  AccountID // of a limit review; or that was opened
	Currency money.Currency
	Caller   Caller
	Created  calendar.Instant
	Updated  calendar.Instant
	Needs    []Purpose // whose consent it was assessed by
	Before   money.Amount
	Assessment
	Offer      Offer
	Overturned ReviewID // the review by which the offer was made
	Note       string   // why an offer was withdrawn
	Erased     calendar.Instant
}

func (a *Application) clone() *Application {
	c := *a
	c.Needs, c.Points, c.Reasons, c.Inputs = slices.Clone(a.Needs), slices.Clone(a.Points), slices.Clone(a.Reasons), slices.Clone(a.Inputs)
	c.Offer.Lines = slices.Clone(a.Offer.Lines)
	return &c
}

// at is a copy of the application as it is at an instant: an offer may have expired.
func (a *Application) at(now calendar.Instant) *Application {
	c := a.clone()
	if c.State == Offered && now >= c.Offer.Expires {
		c.State = OfferExpired
	}
	return c
}

// erase takes away what law does not oblige to keep: what the consumer said and what was made of it. What was offered and
// agreed stays, and so does when to apply again.
func (a *Application) erase(now calendar.Instant) {
	if a.State == Offered {
		a.State = OfferWithdrawn
	}
	a.Assessment = Assessment{Policy: a.Policy, Decision: a.Decision, RetryAfter: a.RetryAfter}
	a.Needs, a.Note, a.Erased = nil, "", now
}

// Risk is how an account was assessed last.
type Risk struct {
	Grade       string
	Score       int32
	Application ApplicationID // by which it was; 0 for an account that was opened without one
}

// application is a copy of an application as it is now.
func (l *Ledger) application(id ApplicationID) (*Application, *Fault) {
	s := l.book.Shard()
	if id.Shard() == s.Number && id.Number() != 0 && id.Number() <= s.Applications {
		if a := l.book.Application(id); a != nil {
			return a.at(l.now), nil
		}
		l.book.Lost("application " + id.String())
	}
	return nil, fault(NotFound, "APPLICATION_NOT_FOUND", "there is no application %s", id).on("application_id").named(id.String())
}

// openOffer is the offer that a consumer can accept now; nil when there is none. Only the newest application can have one.
func (l *Ledger) openOffer(p *Applicant) *Application {
	if p.Application == 0 {
		return nil
	}
	if a, f := l.application(p.Application); f == nil && a.State == Offered {
		return a
	}
	return nil
}
