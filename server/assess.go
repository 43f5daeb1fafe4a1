package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// offerLasts is how long an offer can be accepted.
const offerLasts = 14 * 24 * time.Hour

// The purposes that consent is needed for, by where features come from. To keep an account, bill it and collect is servicing,
// and so is to look at the core's own record of it.
const (
	forAssessment = "assessment"
	forServicing  = "servicing"
)

var purposes = map[policy.Source]ledger.Purpose{
	policy.Application: forAssessment, policy.History: "transaction-history", policy.Bureau: "credit-history",
	policy.Telecom: "telecom-behaviour", policy.Record: forServicing,
}

// policyBook keeps policies that were compiled, by version: a version never changes. The zero value is ready.
type policyBook struct {
	mu    sync.Mutex
	known map[string]*policy.Policy
}

// of is the policy of a version; nil when none of that name is known.
func (b *policyBook) of(version string, made *policy.Policy, versions []ledger.PolicyVersion) (*policy.Policy, error) {
	if made != nil && made.Version() == version {
		return made, nil
	}
	at := slices.IndexFunc(versions, func(v ledger.PolicyVersion) bool { return v.Version == version })
	if at < 0 {
		return nil, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.known[version]; p != nil {
		return p, nil
	}
	p, err := policy.Parse([]byte(versions[at].Document))
	if err != nil {
		return nil, failed(codes.Internal, "INTERNAL", "risk policy "+version+" was put and cannot be read: "+err.Error())
	}
	if b.known == nil {
		b.known = map[string]*policy.Policy{}
	}
	b.known[version] = p
	return p, nil
}

// inForce are the policy that judges in a shard, and its shadow, which may be nil.
func (s *riskService) inForce(ctx context.Context, shard int) (p, shadow *policy.Policy, err error) {
	if s.made == nil {
		return nil, nil, failed(codes.FailedPrecondition, "NO_RISK_POLICY", "this server was started without risk policies")
	}
	out, err := look(ctx, s.writers[shard], &ledger.GetPolicies{})
	if err != nil {
		return nil, nil, err
	}
	known := out.Policies
	if p, err = s.compiled.of(known.InForce, s.made, known.Versions); err == nil && known.Shadow != "" {
		shadow, err = s.compiled.of(known.Shadow, s.made, known.Versions)
	}
	return p, shadow, err
}

// subject is who or what is to be assessed.
type subject struct {
	shard    int
	currency money.Currency
	features []*holdfastv1.Feature
	record   *feature.Set    // the core's own record; nil where there is none
	account  *ledger.Account // of a limit review; nil for an application for an account
}

// assessed is what the policy says.
type assessed struct {
	ledger.Assessment
	offer ledger.Offer // without an agreement
	needs []ledger.Purpose
}

// assess judges by the policy in force, and by its shadow. What is wrong with the features is told by the check.
func (s *riskService) assess(ctx context.Context, c *check, q *subject) (*assessed, error) {
	if err := c.err(); err != nil {
		return nil, err
	}
	p, shadow, err := s.inForce(ctx, q.shard)
	if err != nil {
		return nil, err
	}
	if p.Document().Currency != q.currency {
		c.fault("currency", "%s is not that of the risk policy, %s", q.currency, p.Document().Currency)
	}
	in := q.inputs(c, p)
	if err := c.err(); err != nil {
		return nil, err
	}
	said, err := p.Assess(in)
	if err := assessStatus(c, err); err != nil {
		return nil, err
	}
	a := &assessed{Assessment: s.verdict(p, in, said), needs: []ledger.Purpose{forAssessment}}
	for _, source := range p.Sources(in) {
		if purpose := purposes[source]; !slices.Contains(a.needs, purpose) {
			a.needs = append(a.needs, purpose)
		}
	}
	if shadow != nil {
		a.Shadow = ledger.Shadowed{Policy: shadow.Version()}
		if v, err := shadow.Assess(q.inputs(new(check), shadow)); err == nil {
			a.Shadow.Decision, a.Shadow.Score, a.Shadow.Grade = decisionOf(v.Approved), int32(v.Score), v.Grade
		}
	}
	if said.Approved {
		a.offer, err = s.offerOf(ctx, q, said)
	}
	return a, err
}

// assessStatus is what went wrong with an assessment, nil for nothing.
func assessStatus(c *check, err error) error {
	var wrong *policy.InputError
	switch {
	case errors.As(err, &wrong):
		for _, f := range wrong.Faults {
			c.fault("features."+f.Name, "%s", f.Text)
		}
		return c.err()
	case errors.Is(err, policy.ErrNoScorecard):
		return failed(codes.FailedPrecondition, "NO_RISK_POLICY", "the risk policy in force has no scorecard: it judges no applications")
	case err != nil:
		return failed(codes.Internal, "INTERNAL", err.Error())
	}
	return nil
}

// maxFeatures is how many may be sent.
const maxFeatures = ledger.MaxInputs

// inputs are the features as the policy reads them.
func (q *subject) inputs(c *check, p *policy.Policy) policy.Inputs {
	in, declared := policy.Inputs{}, p.Document().Features
	if len(q.features) > maxFeatures {
		c.fault("features", "has %d entries, more than %d", len(q.features), maxFeatures)
		return in
	}
	for i, f := range q.features {
		at := slices.IndexFunc(declared, func(d policy.Feature) bool { return d.Name == f.GetName() })
		_, twice := in[f.GetName()]
		switch {
		case at < 0:
			// By its place: the names of fields at fault are logged, and this one is the caller's own word.
			c.fault(fmt.Sprintf("features[%d].name", i), "%q is no feature of risk policy %s", clipped(f.GetName()), p.Version())
		case twice:
			c.fault("features."+f.GetName(), "is there twice")
		case declared[at].Source == policy.Record:
			c.fault("features."+f.GetName(), "is from the core's own record, and cannot be sent")
		default:
			in[f.GetName()] = featureValue(c, &declared[at], f.GetValue())
		}
	}
	if q.record != nil {
		q.own(in, declared)
	}
	return in
}

// stated are the features that were sent, as an assessment would keep them. What is no number is a word.
func (q *subject) stated() (list []ledger.Input) {
	for _, f := range q.features {
		if v := f.GetValue(); v != "" {
			if x, ok := number(v); ok {
				v = scorecard.Number(x).String()
			}
			list = append(list, ledger.Input{Name: f.GetName(), Value: v})
		}
	}
	slices.SortStableFunc(list, func(a, b ledger.Input) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// number reads a decimal without an exponent.
func number(text string) (x float64, ok bool) {
	x, err := strconv.ParseFloat(text, 64)
	return x, err == nil && len(text) <= 32 && !strings.ContainsFunc(text, func(r rune) bool { return r != '-' && r != '.' && (r < '0' || r > '9') })
}

// own fills in what the core knows itself. A feature of the source record is called as those that decision rules ask about
// accounts, with an underscore for the dot: account_late_statements.
func (q *subject) own(in policy.Inputs, declared []policy.Feature) {
	for i := range declared {
		f := &declared[i]
		if f.Source != policy.Record {
			continue
		}
		name := strings.Replace(f.Name, "_", ".", 1)
		for n := range feature.Numbers {
			if info := n.Info(); info.Name == name && policy.OfAccounts(name) {
				if in[f.Name] = scorecard.Number(float64(q.record.Numbers[n])); info.Kind == feature.Flag {
					in[f.Name] = scorecard.Flag(q.record.Numbers[n] != 0)
				}
			}
		}
	}
}

// featureValue reads a value as the policy declares it. An empty one is missing.
func featureValue(c *check, f *policy.Feature, text string) scorecard.Value {
	if text == "" {
		return scorecard.Missing
	}
	if f.Type == policy.Category || f.Type == policy.Flag {
		return scorecard.Category(clipped(text))
	}
	x, ok := number(text)
	if !ok {
		c.fault("features."+f.Name, "is %q: want a number such as 12.5", clipped(text))
	}
	return scorecard.Number(x)
}

func clipped(s string) string { return s[:min(len(s), 64)] }

func decisionOf(approved bool) ledger.Decision {
	if approved {
		return ledger.Approve
	}
	return ledger.Decline
}

// verdict is what the policy said, as the ledger keeps it.
func (s *riskService) verdict(p *policy.Policy, in policy.Inputs, said *policy.Assessment) ledger.Assessment {
	v := ledger.Assessment{
		Policy: said.Policy, Decision: decisionOf(said.Approved), Scored: said.Scored, Score: int32(said.Score), Grade: said.Grade, Hash: said.Hash,
	}
	if days := said.RetryAfterDays; !said.Approved && days > 0 {
		v.RetryAfter = s.now().Add(time.Duration(days) * 24 * time.Hour)
	}
	for _, part := range said.Parts {
		v.Points = append(v.Points, ledger.ScoredPoints{Characteristic: part.Label, Points: int32(part.Points)})
	}
	for _, r := range said.Reasons {
		v.Reasons = append(v.Reasons, ledger.Explanation{Code: r.Code, Text: r.Text})
	}
	for i := range p.Document().Features {
		f := &p.Document().Features[i]
		input := ledger.Input{Name: f.Name, Own: f.Source == policy.Record}
		if value := in[f.Name]; value.IsMissing() {
			input.Missing = true
		} else {
			input.Value = value.String()
		}
		v.Inputs = append(v.Inputs, input)
	}
	slices.SortFunc(v.Inputs, func(a, b ledger.Input) int { return strings.Compare(a.Name, b.Name) })
	return v
}

// offerOf is what the policy offers, with what it costs.
func (s *riskService) offerOf(ctx context.Context, q *subject, said *policy.Assessment) (ledger.Offer, error) {
	o := ledger.Offer{Grade: said.Grade, Limit: said.Limit, Terms: said.Terms, Expires: s.now().Add(offerLasts)}
	for i, limit := range said.Lines {
		if limit > 0 {
			o.Lines = append(o.Lines, ledger.LimitOfLine{Scene: ledger.Scene(i + 1), Limit: limit})
		}
	}
	if q.account != nil { // its terms stay
		o.Terms = ""
		t, err := s.terms.of(ctx, q.shard, q.account.Billing.Terms)
		if err != nil {
			return o, err
		}
		o.AnnualRate = dearer(t)
		return o, nil
	}
	rate, err := s.annualRate(ctx, q.shard, q.currency, said.Terms)
	o.AnnualRate = rate
	return o, err
}

// dearer is what is owed late, or carried, costs a year under terms, the dearer of both, in millionths.
func dearer(t *terms.Terms) int64 {
	return int64(max(t.Penalty.DailyRate, t.MinimumDue.DailyInterestRate)) * terms.YearDays
}

// annualRate is what terms cost a year, by their version, or those of new accounts for none. Terms that are not there cost
// nothing: the ledger refuses them.
func (s *riskService) annualRate(ctx context.Context, shard int, currency money.Currency, version string) (int64, error) {
	known, err := s.terms.versions(ctx, shard)
	if err != nil {
		return 0, err
	}
	var t *terms.Terms
	for i := range known {
		v := known[i].Terms
		if version == v.Version || version == "" && (i == 0 || v.Currency == currency) {
			t = v
		}
	}
	if t == nil {
		return 0, nil
	}
	return dearer(t), nil
}
