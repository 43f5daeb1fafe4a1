package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// onApplications applies, accepts, asks for reviews and has things erased.
func (w *Workload) onApplications(r *rand.Rand) ledger.Command {
	q := w.request(r)
	switch r.IntN(18) {
	case 0, 1, 2, 3:
		return w.submission(r, &ledger.SubmitApplication{Request: q, Consumer: w.applicant(r)})
	case 4, 5, 6:
		return w.submission(r, &ledger.SubmitApplication{Request: q, Account: w.account(r)})
	case 7, 8, 9, 10:
		c := &ledger.AcceptOffer{Request: q, Application: w.application(r), Agreement: "v1", Consents: consenting(r), Channel: ledger.ByHand}
		if r.IntN(8) == 0 {
			c.Agreement = "v2"
		}
		if r.IntN(2) == 0 {
			c.Needs = []ledger.Purpose{"servicing"}
		}
		return c
	case 11:
		return &ledger.WithdrawOffer{Request: q, Application: w.application(r), Reason: "asked"}
	case 12:
		return &ledger.WithdrawConsent{Request: q, Consumer: w.applicant(r), Purpose: purpose(r)}
	case 13, 14:
		c := &ledger.RequestReview{Request: q, Statement: "why"}
		switch r.IntN(3) {
		case 0:
			c.Subject.Account = w.account(r)
		case 1:
			c.Subject.Authorization = w.hold(r)
		default:
			c.Subject.Application = w.application(r)
		}
		return c
	case 15:
		c := &ledger.ResolveReview{Request: q, Review: w.review(r), Outcome: ledger.Upheld, Note: "looked"}
		if r.IntN(3) > 0 {
			c.Outcome = ledger.Overturned
		}
		if r.IntN(2) == 0 {
			c.Offer = w.offer(r)
		}
		return c
	case 16:
		return &ledger.EraseConsumer{Request: q, Consumer: w.applicant(r), Years: 5}
	}
	switch r.IntN(4) {
	case 0:
		return &ledger.GetApplicant{Consumer: w.applicant(r), Years: 5}
	case 1:
		return &ledger.GetReview{Review: w.review(r)}
	case 2:
		return &ledger.ListReviews{Before: uint64(r.IntN(10)), Limit: 1 + r.IntN(4), Pending: r.IntN(2) == 0}
	}
	return &ledger.GetApplication{Application: w.application(r)}
}

func (w *Workload) submission(r *rand.Rand, c *ledger.SubmitApplication) *ledger.SubmitApplication {
	c.Currency, c.Consents = w.currency(r), consenting(r)
	if r.IntN(3) == 0 {
		c.Needs = []ledger.Purpose{purpose(r)}
	}
	v := &c.Assessment
	v.Policy, v.Hash = "p1", r.Uint64()
	v.Inputs = []ledger.Input{{Name: "income", Value: fmt.Sprint(r.IntN(3))}, {Name: "months", Value: "7", Own: true}, {Name: "bureau", Missing: true}}
	if r.IntN(3) == 0 {
		v.Decision, v.Reasons = ledger.Decline, []ledger.Explanation{{Code: "LOW", Text: "too low"}}
		if r.IntN(2) == 0 {
			v.RetryAfter = w.Now.Add(time.Duration(r.IntN(100)) * time.Minute)
		}
		return c
	}
	v.Decision, v.Scored, v.Score, v.Points = ledger.Approve, true, int32(500+r.IntN(300)), []ledger.ScoredPoints{{Characteristic: "income", Points: 20}}
	c.Offer = w.offer(r)
	return c
}

func (w *Workload) offer(r *rand.Rand) ledger.Offer {
	o := ledger.Offer{
		Grade: string(rune('A' + r.IntN(4))), Limit: money.Amount(100 * r.IntN(200)), AnnualRate: 180_000, Agreement: "v1",
		Expires: w.Now.Add(time.Duration(1+r.IntN(90)) * time.Minute),
	}
	for s := ledger.TopUp; s.Valid(); s++ {
		if r.IntN(3) > 0 {
			o.Lines = append(o.Lines, ledger.LimitOfLine{Scene: s, Limit: money.Amount(r.IntN(9_000))})
		}
	}
	if r.IntN(12) == 0 {
		o.Terms = "nobody"
	}
	return o
}

func purpose(r *rand.Rand) ledger.Purpose {
	return []ledger.Purpose{"assessment", "telecom", "servicing"}[r.IntN(3)]
}

func consenting(r *rand.Rand) (list []ledger.Consenting) {
	for range r.IntN(3) {
		list = append(list, ledger.Consenting{Purpose: purpose(r), Version: fmt.Sprint(r.IntN(2))})
	}
	return list
}

// applicant is a consumer: mostly one of the last who applied, sometimes a new one, or one who has an account.
func (w *Workload) applicant(r *rand.Rand) ledger.ConsumerToken {
	switch n := r.IntN(10); {
	case n < 2:
		w.applicants++
	case n == 2:
		return ledger.ConsumerToken(fmt.Sprintf("c%d", 1+r.IntN(w.accounts)))
	}
	return ledger.ConsumerToken(fmt.Sprintf("a%d", max(1, w.applicants-r.IntN(5))))
}

// application is one of the last, rarely one that is not there.
func (w *Workload) application(r *rand.Rand) ledger.ApplicationID {
	if len(w.applied) == 0 || r.IntN(100) == 0 {
		return ledger.NewApplicationID(w.options.Shard, 1_000_000)
	}
	return w.applied[max(0, len(w.applied)-1-min(r.IntN(20), r.IntN(20)))]
}

func (w *Workload) review(r *rand.Rand) ledger.ReviewID {
	if len(w.reviews) == 0 || r.IntN(100) == 0 {
		return ledger.NewReviewID(w.options.Shard, 1_000_000)
	}
	return w.reviews[max(0, len(w.reviews)-1-r.IntN(6))]
}

// sawDossier remembers what can be asked about.
func (w *Workload) sawDossier(d *ledger.Dossier) {
	if d == nil {
		return
	}
	if d.Application != nil {
		w.applied = keep(w.applied, d.Application.ID)
	}
	if d.Review != nil {
		w.reviews = keep(w.reviews, d.Review.ID)
	}
}
