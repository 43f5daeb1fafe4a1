package ledger

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// Purpose is what a consumer's data may be used for: a word of the policy's, such as credit-history.
type Purpose string

// Consent is a consumer's consent to a purpose. One that was withdrawn stays, to say until when it was there.
type Consent struct {
	Purpose   Purpose
	Version   string // of the text that was agreed to; empty once erased
	Given     calendar.Instant
	Withdrawn calendar.Instant // 0 while it lasts
	Caller    Caller           // who recorded it
}

// Consenting is a consent being given.
type Consenting struct {
	Purpose Purpose
	Version string
}

// Applicant is what is known of a consumer beside the account: consents, and where applications and reviews are. It is there
// from the consumer's first application or review on, in the shard in which the account is opened.
type Applicant struct {
	Consumer     ConsumerToken
	Sequence     uint64        // of the last entry absorbed
	Consents     []Consent     // in the order in which they were given
	Applications uint32        // how many there were
	Application  ApplicationID // the newest: it and those before it are a chain; 0 when there is none
	Reviews      uint32        // how many there were
	Review       ReviewID      // the newest, likewise
	Pending      []ReviewID    // those without an outcome, in order
	Erased       calendar.Instant
}

// Bounds of what an applicant has.
const (
	MaxConsents     = 64    // given, those that were withdrawn among them
	MaxApplications = 1_000 // ever
	MaxReviews      = 1_000 // ever
	MaxPending      = 8     // reviews without an outcome
)

func (p *Applicant) clone() *Applicant {
	c := *p
	c.Consents, c.Pending = slices.Clone(p.Consents), slices.Clone(p.Pending)
	return &c
}

// Consented says whether there is consent to a purpose that lasts.
func (p *Applicant) Consented(to Purpose) bool {
	return slices.ContainsFunc(p.Consents, func(c Consent) bool { return c.Purpose == to && c.Withdrawn == 0 })
}

// consent adds consents. The same version of one that lasts adds nothing; another takes its place, and the old one ends.
func (p *Applicant) consent(given []Consenting, now calendar.Instant, by Caller) {
	for _, g := range given {
		at := slices.IndexFunc(p.Consents, func(c Consent) bool { return c.Purpose == g.Purpose && c.Withdrawn == 0 })
		if at >= 0 && p.Consents[at].Version == g.Version {
			continue
		}
		if at >= 0 {
			p.Consents[at].Withdrawn = now
		}
		p.Consents = append(p.Consents, Consent{Purpose: g.Purpose, Version: g.Version, Given: now, Caller: by})
	}
}

// applicant is a copy of a consumer's row, which is empty when there is none yet.
func (l *Ledger) applicant(token ConsumerToken) *Applicant {
	if p := l.book.Applicant(token); p != nil {
		return p.clone()
	}
	return &Applicant{Consumer: token}
}

// consents looks at whether consents can be added, and whether there then is one for each purpose that is needed.
func (l *Ledger) consents(p *Applicant, given []Consenting, needs []Purpose) *Fault {
	with := p.clone()
	with.consent(given, l.now, "")
	if len(with.Consents) > MaxConsents {
		return fault(FailedPrecondition, "TOO_MANY_CONSENTS", "the consumer has given %d consents, those withdrawn among them, and may not give more than %d",
			len(p.Consents), MaxConsents).on("consents")
	}
	for _, purpose := range needs {
		if !with.Consented(purpose) {
			return fault(FailedPrecondition, "CONSENT_MISSING", "there is no consent to the purpose %q", string(purpose)).on("consents").named(string(purpose))
		}
	}
	return nil
}

// withdrawConsent ends a consent. An offer that is open was made with it, and ends too.
func (l *Ledger) withdrawConsent(c *WithdrawConsent) Outcome {
	p := l.applicant(c.Consumer)
	if !p.Consented(c.Purpose) {
		return refused(fault(NotFound, "CONSENT_NOT_FOUND", "there is no consent to the purpose %q", string(c.Purpose)).on("purpose").named(string(c.Purpose)))
	}
	f := &ConsentWithdrawn{Consumer: c.Consumer, Purpose: c.Purpose}
	if o := l.openOffer(p); o != nil && slices.Contains(o.Needs, c.Purpose) {
		f.Offer = o.ID
	}
	return l.post(f)
}
