package policy

import (
	"errors"
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/rule"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// Inputs are what is known of an applicant, by the names of the features. What is not there is missing; so is what is
// scorecard.Missing.
type Inputs map[string]scorecard.Value

// Assessment is what a policy says of an application.
type Assessment struct {
	Policy   string // version
	Approved bool
	Hash     uint64 // of all inputs: see Hash

	// Reasons of a decline: of every admission rule that holds; or that the score is below all grades, and then what cost the
	// most points. Of an approval: what cost the most points.
	Reasons []Reason

	Scored bool             // whether there is a score: no admission rule held
	Score  int              // points
	Parts  []scorecard.Part // what each characteristic and grid gave
	PD     float64          // the share that is expected to turn out bad at this score, 0 to 1

	// Of an approval.
	Grade string
	Limit money.Amount                // of the account
	Lines [ledger.Scenes]money.Amount // of its lines, by scene; 0 opens none
	Terms string                      // the version of the terms that is the price; empty for that of new accounts

	// Of a decline: after how many days it is worth to apply again, the longest of its reasons; or Never.
	RetryAfterDays int
}

// Reason is why, for programs and for the consumer.
type Reason struct {
	Code string
	Text string
}

// ErrNoScorecard is the error of a policy that judges no applications.
var ErrNoScorecard = errors.New("policy: it has no scorecard, so it judges no applications")

// Assess judges an application: admission, score, grade, limit and price. The same inputs give the same assessment. The error
// is ErrNoScorecard, or *InputError when the inputs are not what the features are declared to be.
//
// The limit is the least of what the shares of the grade come to, rounded down to its step, and never below its floor or
// above its ceiling. A share of something that is missing does not bound it; when both are missing it is the floor. The
// price is a version of terms, which keep the annual cap whatever they are: that the version exists is for the caller to see to.
func (p *Policy) Assess(in Inputs) (*Assessment, error) {
	if p.doc.Scorecard == nil {
		return nil, ErrNoScorecard
	}
	input, err := p.input(in)
	if err != nil {
		return nil, err
	}
	a := &Assessment{Policy: p.doc.Version, Hash: p.Hash(in)}
	if p.admit(a, input); len(a.Reasons) > 0 {
		return a, nil
	}
	a.RetryAfterDays = 0
	result, err := p.doc.Scorecard.Score(in)
	if err != nil {
		return nil, fmt.Errorf("policy: a scorecard that was found in order has no score: %w", err)
	}
	a.Scored, a.Score, a.Parts, a.PD = true, result.Score, result.Parts, p.doc.Scorecard.PD(result.Score)
	g := p.grade(a.Score)
	if g == nil {
		d := &p.doc.Declined
		a.Reasons, a.RetryAfterDays = []Reason{{d.Reason, d.Text}}, d.RetryAfterDays
	} else {
		a.Approved, a.Grade, a.Terms = true, g.Name, g.Terms
		a.Limit = g.limit(p.amount(in, p.doc.Limits.Income), p.amount(in, p.doc.Limits.Spend))
		a.Lines = g.lines(a.Limit)
	}
	for _, r := range result.Reasons {
		a.Reasons = append(a.Reasons, Reason{r.Code, r.Label})
	}
	return a, nil
}

// admit asks the admission rules. One that has no value refuses: what cannot be reckoned is not approved.
func (p *Policy) admit(a *Assessment, input *rule.Input) {
	for i, r := range p.admission {
		rule := &p.doc.Admission[i]
		switch holds, ok := r.Holds(input); {
		case !ok:
			a.refuse(Reason{RuleError, "The application could not be judged. You may ask for a person to look at it."}, 0)
		case holds:
			a.refuse(Reason{rule.Reason, rule.Text}, rule.RetryAfterDays)
		}
	}
}

// refuse adds a reason of a decline, and when it is worth to apply again.
func (a *Assessment) refuse(r Reason, retryAfterDays int) {
	for _, have := range a.Reasons {
		if have == r {
			return
		}
	}
	a.Reasons = append(a.Reasons, r)
	if a.RetryAfterDays != Never && (retryAfterDays == Never || retryAfterDays > a.RetryAfterDays) {
		a.RetryAfterDays = retryAfterDays
	}
}

// grade is the best that a score reaches; nil when it reaches none.
func (p *Policy) grade(score int) *Grade {
	for i := range p.doc.Grades {
		if score >= p.doc.Grades[i].FromScore {
			return &p.doc.Grades[i]
		}
	}
	return nil
}

// amount is a feature that is an amount; ok is false when it is missing, or no feature is named.
func (p *Policy) amount(in Inputs, name string) (a known) {
	x, ok := in[name].Number()
	return known{money.Amount(x), ok && name != ""}
}

// known is an amount that may be missing.
type known struct {
	amount money.Amount
	ok     bool
}

func (g *Grade) limit(income, spend known) money.Amount {
	limit, bounded, wanted := g.Ceiling, false, false
	bound := func(share Share, of known) {
		if share == 0 {
			return
		}
		wanted = true
		if of.ok {
			bounded = true
			limit = min(limit, money.Accrued(max(of.amount, 0), int64(share), 1).Minor)
		}
	}
	bound(g.IncomeShare, income)
	bound(g.SpendShare, spend)
	if wanted && !bounded {
		return g.Floor
	}
	return max(limit/g.Step*g.Step, g.Floor)
}

// lines are the limits of the lines, rounded down to the step, of which a line that is opened has one at least.
func (g *Grade) lines(limit money.Amount) (lines [ledger.Scenes]money.Amount) {
	for i, share := range g.Lines {
		if share > 0 {
			lines[i] = max(money.Accrued(limit, int64(share), 1).Minor/g.Step*g.Step, min(g.Step, limit))
		}
	}
	return lines
}
