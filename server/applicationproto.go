package server

import (
	"fmt"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/rate"
)

// Applications, reviews and consents as they go out. The enumerations of the domain have the numbers of the API's.

func applicationProto(a *ledger.Application) *holdfastv1.Application {
	if a == nil {
		return nil
	}
	p := &holdfastv1.Application{
		ApplicationId: a.ID.String(), ConsumerToken: string(a.Consumer), Kind: holdfastv1.ApplicationKind(a.Kind),
		State: holdfastv1.ApplicationState(a.State), AccountId: accountID(a.Account), Currency: string(a.Currency),
		Assessment: assessmentProto(&a.Assessment), LimitBefore: int64(a.Before), Note: a.Note, Caller: string(a.Caller),
		CreateTime: timestamp(a.Created), UpdateTime: timestamp(a.Updated), EraseTime: timestamp(a.Erased),
	}
	if a.Erased != 0 {
		p.Assessment.FeaturesHash = ""
	}
	if a.Offer.Made() || a.State == ledger.LimitApplied {
		p.Offer = offeredProto(&a.Offer)
	}
	if a.Overturned != 0 {
		p.OverturnedByReviewId = a.Overturned.String()
	}
	for _, purpose := range a.Needs {
		p.ConsentPurposes = append(p.ConsentPurposes, string(purpose))
	}
	return p
}

func assessmentProto(v *ledger.Assessment) *holdfastv1.Assessment {
	p := &holdfastv1.Assessment{
		PolicyVersion: v.Policy, Decision: holdfastv1.Decision(v.Decision), Scored: v.Scored, Score: v.Score, Grade: v.Grade,
		RetryTime: timestamp(v.RetryAfter), FeaturesHash: fmt.Sprintf("%016x", v.Hash),
	}
	for _, r := range v.Reasons {
		p.Reasons = append(p.Reasons, &holdfastv1.ReasonGiven{Code: r.Code, Text: r.Text})
	}
	for _, x := range v.Points {
		p.Points = append(p.Points, &holdfastv1.PointsGiven{Characteristic: x.Characteristic, Points: x.Points})
	}
	for _, i := range v.Inputs {
		p.Features = append(p.Features, &holdfastv1.FeatureSeen{Name: i.Name, Value: i.Value, Missing: i.Missing, OwnRecord: i.Own})
	}
	if s := &v.Shadow; s.Policy != "" {
		p.Shadow = &holdfastv1.ShadowAssessment{PolicyVersion: s.Policy, Decision: holdfastv1.Decision(s.Decision), Score: s.Score, Grade: s.Grade}
	}
	return p
}

func offeredProto(o *ledger.Offer) *holdfastv1.Offer {
	p := &holdfastv1.Offer{
		Grade: o.Grade, Limit: int64(o.Limit), TermsVersion: o.Terms, AgreementVersion: o.Agreement, ExpireTime: timestamp(o.Expires),
	}
	if o.AnnualRate != 0 {
		p.AnnualRatePercent = rate.Percent((o.AnnualRate + 50) / 100).String()
	}
	for _, l := range o.Lines {
		p.LineLimits = append(p.LineLimits, &holdfastv1.LineLimit{Scene: holdfastv1.Scene(l.Scene), Limit: int64(l.Limit)})
	}
	return p
}

func reviewProto(r *ledger.Review) *holdfastv1.Review {
	p := &holdfastv1.Review{
		ReviewId: r.ID.String(), ConsumerToken: string(r.Consumer), ApplicationId: applicationID(r.Subject.Application),
		AccountId: accountID(r.Subject.Account), Statement: r.Statement, Caller: string(r.Caller), CreateTime: timestamp(r.Created),
		Outcome: holdfastv1.ReviewOutcome(r.Outcome), Note: r.Note, Operator: string(r.Operator), ResolveTime: timestamp(r.Resolved),
		EraseTime: timestamp(r.Erased),
	}
	if r.Subject.Authorization.N != 0 {
		p.AuthorizationId = r.Subject.Authorization.String()
	}
	return p
}

func consentProto(c *ledger.Consent) *holdfastv1.Consent {
	return &holdfastv1.Consent{
		Purpose: string(c.Purpose), Version: c.Version, CreateTime: timestamp(c.Given), WithdrawTime: timestamp(c.Withdrawn), Caller: string(c.Caller),
	}
}

// keptWhy says why something is kept, by its kind.
var keptWhy = [...]string{
	ledger.KeptAccount:     "the account is open, or something is held, posted or owed on it: close and settle it, then ask again",
	ledger.KeptRecords:     "records of a closed account are kept for as many years as the law that this server is set to asks for",
	ledger.KeptApplication: "the account is kept by it, or a person is to look at it",
	ledger.KeptReview:      "a person is to look at it: ask again when there is an outcome",
	ledger.KeptConsents:    "an open account is kept by them; each can be withdrawn",
}

func keptProto(kept []ledger.Kept) (list []*holdfastv1.Kept) {
	for _, k := range kept {
		p := &holdfastv1.Kept{
			Kind: holdfastv1.KeptKind(k.Kind), AccountId: accountID(k.Account), ApplicationId: applicationID(k.Application),
			Until: dateProto(k.Until), Why: keptWhy[k.Kind],
		}
		if k.Review != 0 {
			p.ReviewId = k.Review.String()
		}
		list = append(list, p)
	}
	return list
}
