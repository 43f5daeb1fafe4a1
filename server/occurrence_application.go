package server

import (
	"strings"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// tellDossier tells what happened to applications, consents and reviews. Consumers are not named: their tokens are not for
// everybody who watches.
func tellDossier(p *holdfastv1.Event, f ledger.Fact) {
	switch f := f.(type) {
	case *ledger.ApplicationDecided:
		p.Type, p.ApplicationId, p.Currency = holdfastv1.EventType_EVENT_TYPE_APPLICATION_DECIDED, f.ID.String(), string(f.Currency)
		p.Amount, p.AccountId = int64(f.Offer.Limit), accountID(f.Account)
		for _, r := range f.Reasons {
			p.RiskReasons = append(p.RiskReasons, r.Code)
		}
	case *ledger.OfferAccepted:
		p.Type, p.ApplicationId, p.AccountId = holdfastv1.EventType_EVENT_TYPE_OFFER_ACCEPTED, f.ID.String(), accountID(f.Account)
		p.Note = "agreement " + f.Agreement
	case *ledger.OfferEnded:
		p.Type, p.ApplicationId, p.Note = holdfastv1.EventType_EVENT_TYPE_OFFER_ENDED, f.ID.String(), f.Reason
	case *ledger.ConsentWithdrawn:
		p.Type, p.ApplicationId, p.Note = holdfastv1.EventType_EVENT_TYPE_CONSENT_WITHDRAWN, applicationID(f.Offer), string(f.Purpose)
	case *ledger.ReviewRequested:
		p.Type, p.ReviewId = holdfastv1.EventType_EVENT_TYPE_REVIEW_REQUESTED, f.ID.String()
		p.ApplicationId, p.AccountId = applicationID(f.Subject.Application), accountID(f.Subject.Account)
		if a := f.Subject.Authorization; a.N != 0 {
			p.AuthorizationId, p.AccountId = a.String(), a.Account.String()
		}
	case *ledger.ReviewResolved:
		p.Type, p.ReviewId, p.ApplicationId = holdfastv1.EventType_EVENT_TYPE_REVIEW_RESOLVED, f.ID.String(), applicationID(f.Application)
		p.Note, p.Amount = map[ledger.ReviewOutcome]string{ledger.Upheld: "UPHELD", ledger.Overturned: "OVERTURNED"}[f.Outcome], int64(f.Offer.Limit)
	case *ledger.ConsumerErased:
		p.Type = holdfastv1.EventType_EVENT_TYPE_CONSUMER_ERASED
	}
}

// accountID is an account's id; empty for none.
func accountID(id ledger.AccountID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

// applicationID is an application's id; empty for none.
func applicationID(id ledger.ApplicationID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

// splitCodes are codes with commas between them; none for nothing.
func splitCodes(codes string) []string {
	if codes == "" {
		return nil
	}
	return strings.Split(codes, ",")
}
