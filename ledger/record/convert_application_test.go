package record_test

import (
	"github.com/holdfast-credit/holdfast/ledger"
	journalv1 "github.com/holdfast-credit/holdfast/proto/holdfast/journal/v1"
)

// onApplication is a fact on applications as the generated code has it; nil for another fact.
func onApplication(fact ledger.Fact) *journalv1.Risk {
	switch f := fact.(type) {
	case *ledger.ApplicationDecided:
		o := &journalv1.ApplicationDecided{
			Id: uint64(f.ID), Consumer: string(f.Consumer), Kind: int64(f.Kind), Account: uint64(f.Account), Currency: string(f.Currency),
			Consents: consents(f.Consents), Before: int64(f.Before), State: int64(f.State), Assessment: assessment(&f.Assessment), Offer: offerMade(&f.Offer),
		}
		for _, p := range f.Needs {
			o.Needs = append(o.Needs, string(p))
		}
		return &journalv1.Risk{Fact: &journalv1.Risk_ApplicationDecided{ApplicationDecided: o}}
	case *ledger.OfferAccepted:
		return &journalv1.Risk{Fact: &journalv1.Risk_OfferAccepted{OfferAccepted: &journalv1.OfferAccepted{
			Id: uint64(f.ID), Consumer: string(f.Consumer), Account: uint64(f.Account), Agreement: f.Agreement, Consents: consents(f.Consents)}}}
	case *ledger.OfferEnded:
		return &journalv1.Risk{Fact: &journalv1.Risk_OfferEnded{OfferEnded: &journalv1.OfferEnded{Id: uint64(f.ID), Consumer: string(f.Consumer), Reason: f.Reason}}}
	case *ledger.ConsentWithdrawn:
		return &journalv1.Risk{Fact: &journalv1.Risk_ConsentWithdrawn{ConsentWithdrawn: &journalv1.ConsentWithdrawn{
			Consumer: string(f.Consumer), Purpose: string(f.Purpose), Offer: uint64(f.Offer)}}}
	case *ledger.ReviewRequested:
		return &journalv1.Risk{Fact: &journalv1.Risk_ReviewRequested{ReviewRequested: &journalv1.ReviewRequested{
			Id: uint64(f.ID), Consumer: string(f.Consumer), Application: uint64(f.Subject.Application),
			AuthorizationAccount: uint64(f.Subject.Authorization.Account), Authorization: int64(f.Subject.Authorization.N),
			Account: uint64(f.Subject.Account), Statement: f.Statement}}}
	case *ledger.ReviewResolved:
		return &journalv1.Risk{Fact: &journalv1.Risk_ReviewResolved{ReviewResolved: &journalv1.ReviewResolved{
			Id: uint64(f.ID), Consumer: string(f.Consumer), Outcome: int64(f.Outcome), Note: f.Note, Application: uint64(f.Application), Offer: offerMade(&f.Offer)}}}
	case *ledger.ConsumerErased:
		o := &journalv1.ConsumerErased{Consumer: string(f.Consumer), Bound: f.Bound}
		for _, id := range f.Applications {
			o.Applications = append(o.Applications, &journalv1.ErasedRow{Id: uint64(id)})
		}
		for _, id := range f.Reviews {
			o.Reviews = append(o.Reviews, &journalv1.ErasedRow{Id: uint64(id)})
		}
		return &journalv1.Risk{Fact: &journalv1.Risk_ConsumerErased{ConsumerErased: o}}
	}
	return nil
}

func consents(given []ledger.Consenting) (list []*journalv1.Consenting) {
	for _, c := range given {
		list = append(list, &journalv1.Consenting{Purpose: string(c.Purpose), Version: c.Version})
	}
	return list
}

func assessment(v *ledger.Assessment) *journalv1.Assessment {
	g := &journalv1.Assessment{
		Policy: v.Policy, Decision: int64(v.Decision), Scored: v.Scored, Score: int64(v.Score), Grade: v.Grade, RetryAfter: int64(v.RetryAfter), Hash: v.Hash,
		ShadowPolicy: v.Shadow.Policy, ShadowDecision: int64(v.Shadow.Decision), ShadowScore: int64(v.Shadow.Score), ShadowGrade: v.Shadow.Grade,
	}
	for _, p := range v.Points {
		g.Points = append(g.Points, &journalv1.ScoredPoints{Characteristic: p.Characteristic, Points: int64(p.Points)})
	}
	for _, e := range v.Reasons {
		g.Reasons = append(g.Reasons, &journalv1.Explanation{Code: e.Code, Text: e.Text})
	}
	for _, i := range v.Inputs {
		g.Inputs = append(g.Inputs, &journalv1.AssessedInput{Name: i.Name, Value: i.Value, Missing: i.Missing, Own: i.Own})
	}
	return g
}

func offerMade(o *ledger.Offer) *journalv1.OfferMade {
	g := &journalv1.OfferMade{
		Grade: o.Grade, Limit: int64(o.Limit), Terms: o.Terms, AnnualRate: o.AnnualRate, Agreement: o.Agreement, Expires: int64(o.Expires),
	}
	for _, l := range o.Lines {
		g.Lines = append(g.Lines, &journalv1.LimitOfLine{Scene: int64(l.Scene), Limit: int64(l.Limit)})
	}
	if g.Grade == "" && g.Limit == 0 && g.Terms == "" && g.AnnualRate == 0 && g.Agreement == "" && g.Expires == 0 && len(g.Lines) == 0 {
		return nil
	}
	return g
}

func accountRisk(v ledger.Risk) *journalv1.AccountRisk {
	if v == (ledger.Risk{}) {
		return nil
	}
	return &journalv1.AccountRisk{Grade: v.Grade, Score: int64(v.Score), Application: uint64(v.Application)}
}
