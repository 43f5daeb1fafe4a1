package server

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// maxConsents is how many consents may be given with a request.
const maxConsents = 16

func (c *check) consents(given []*holdfastv1.ConsentGiven) (list []ledger.Consenting) {
	if len(given) > maxConsents {
		c.fault("consents", "has %d entries, more than %d", len(given), maxConsents)
		return nil
	}
	seen := map[ledger.Purpose]bool{}
	for i, g := range given {
		one := ledger.Consenting{
			Purpose: token[ledger.Purpose](c, fmt.Sprintf("consents[%d].purpose", i), g.GetPurpose()),
			Version: c.version(fmt.Sprintf("consents[%d].version", i), g.GetVersion(), true),
		}
		if seen[one.Purpose] {
			c.fault("consents", "has two consents to %q", clipped(string(one.Purpose)))
		}
		seen[one.Purpose] = true
		list = append(list, one)
	}
	return list
}

func (c *check) application(s string) ledger.ApplicationID {
	if s == "" {
		c.fault("application_id", "is required")
		return 0
	}
	id, err := ledger.ParseApplicationID(s)
	if err != nil {
		c.fault("application_id", "is malformed: %v", err)
	}
	return id
}

func (c *check) review(s string) ledger.ReviewID {
	if s == "" {
		c.fault("review_id", "is required")
		return 0
	}
	id, err := ledger.ParseReviewID(s)
	if err != nil {
		c.fault("review_id", "is malformed: %v", err)
	}
	return id
}

// onApplication carries out a command on an application.
func (s *riskService) onApplication(ctx context.Context, id ledger.ApplicationID, cmd ledger.Command) (*ledger.Outcome, error) {
	if int(id.Shard()) >= len(s.writers) {
		return nil, failed(codes.NotFound, "APPLICATION_NOT_FOUND", "there is no application "+id.String())
	}
	return submit(ctx, s.writers[id.Shard()], cmd)
}

func (s *riskService) SubmitApplication(ctx context.Context, r *holdfastv1.SubmitApplicationRequest) (*holdfastv1.SubmitApplicationResponse, error) {
	var c check
	cmd := &ledger.SubmitApplication{
		Request:  c.request(callerOf(ctx), r.GetRequestId()),
		Consumer: token[ledger.ConsumerToken](&c, "consumer_token", r.GetConsumerToken()),
		Currency: c.currency(r.GetCurrency()),
		Consents: c.consents(r.GetConsents()),
	}
	agreement := c.version("agreement_version", r.GetAgreementVersion(), true)
	q := &subject{shard: s.hash(r.GetConsumerToken()), currency: cmd.Currency, features: r.GetFeatures()}
	out, err := s.judge(ctx, &c, q, cmd, agreement)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.SubmitApplicationResponse{Application: applicationProto(out.Dossier.Application), Replayed: out.Replayed}, nil
}

func (s *riskService) RequestLimitReview(ctx context.Context, r *holdfastv1.RequestLimitReviewRequest) (*holdfastv1.RequestLimitReviewResponse, error) {
	var c check
	cmd := &ledger.SubmitApplication{
		Request:  c.request(callerOf(ctx), r.GetRequestId()),
		Account:  c.account(r.GetAccountId()),
		Currency: c.currency(r.GetCurrency()),
		Consents: c.consents(r.GetConsents()),
	}
	agreement := c.version("agreement_version", r.GetAgreementVersion(), true)
	if err := c.err(); err != nil {
		return nil, err
	}
	record, err := s.on(ctx, cmd.Account, &ledger.GetRecord{Account: cmd.Account})
	if err != nil {
		return nil, err
	}
	q := &subject{
		shard: int(cmd.Account.Shard()), currency: cmd.Currency, features: r.GetFeatures(), record: record.Dossier.Record,
		account: record.Account,
	}
	out, err := s.judge(ctx, &c, q, cmd, agreement)
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.RequestLimitReviewResponse{Application: applicationProto(out.Dossier.Application), Replayed: out.Replayed}
	resp.Account, err = s.accountOf(ctx, out)
	return resp, err
}

// judge has an application assessed and recorded. Another policy may be in force when a request is sent again, by which it could
// not be assessed at all; it is told what came of it the first time.
func (s *riskService) judge(ctx context.Context, c *check, q *subject, cmd *ledger.SubmitApplication, agreement string) (*ledger.Outcome, error) {
	if err := c.err(); err != nil {
		return nil, err
	}
	a, err := s.assess(ctx, c, q)
	if err != nil {
		cmd.Inputs = q.stated()
		if out, none := submit(ctx, s.writers[q.shard], &ledger.Again{Write: cmd}); none == nil {
			return out, nil
		}
		return nil, err
	}
	cmd.Assessment, cmd.Needs = a.Assessment, a.needs
	if a.Decision == ledger.Approve {
		cmd.Offer = a.offer
		cmd.Offer.Agreement = agreement
	}
	return submit(ctx, s.writers[q.shard], cmd)
}

// accountOf is the account of an outcome; nil when it has none.
func (s *riskService) accountOf(ctx context.Context, out *ledger.Outcome) (*holdfastv1.Account, error) {
	if out.Account == nil {
		return nil, nil
	}
	return s.accounts.changed(ctx, out)
}

func (s *riskService) ScoreOnly(ctx context.Context, r *holdfastv1.ScoreOnlyRequest) (*holdfastv1.ScoreOnlyResponse, error) {
	var c check
	currency, consents := c.currency(r.GetCurrency()), c.consents(r.GetConsents())
	a, err := s.assess(ctx, &c, &subject{currency: currency, features: r.GetFeatures()})
	if err != nil {
		return nil, err
	}
	for _, purpose := range a.needs {
		if !consented(consents, purpose) {
			c.fault("consents", "lacks one to the purpose %q", string(purpose))
		}
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	resp := &holdfastv1.ScoreOnlyResponse{Assessment: assessmentProto(&a.Assessment)}
	if a.Decision == ledger.Approve {
		a.offer.Expires = 0
		resp.Offer = offeredProto(&a.offer)
	}
	return resp, nil
}

func consented(given []ledger.Consenting, to ledger.Purpose) bool {
	for _, g := range given {
		if g.Purpose == to {
			return true
		}
	}
	return false
}

func (s *riskService) AcceptOffer(ctx context.Context, r *holdfastv1.AcceptOfferRequest) (*holdfastv1.AcceptOfferResponse, error) {
	var c check
	cmd := &ledger.AcceptOffer{
		Request:     c.request(callerOf(ctx), r.GetRequestId()),
		Application: c.application(r.GetApplicationId()),
		Agreement:   c.version("agreement_version", r.GetAgreementVersion(), true),
		Consents:    c.consents(r.GetConsents()),
		Needs:       []ledger.Purpose{forServicing},
		Day:         c.statementDay(r.GetStatementDay(), false),
		Channel:     c.firstChannel(r.GetCollectionChannel()),
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.onApplication(ctx, cmd.Application, cmd)
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.AcceptOfferResponse{Application: applicationProto(out.Dossier.Application), Replayed: out.Replayed}
	resp.Account, err = s.accountOf(ctx, out)
	return resp, err
}

func (s *riskService) WithdrawOffer(ctx context.Context, r *holdfastv1.WithdrawOfferRequest) (*holdfastv1.WithdrawOfferResponse, error) {
	var c check
	cmd := &ledger.WithdrawOffer{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Application: c.application(r.GetApplicationId()), Reason: c.note("reason", r.GetReason()),
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.onApplication(ctx, cmd.Application, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.WithdrawOfferResponse{Application: applicationProto(out.Dossier.Application), Replayed: out.Replayed}, nil
}

func (s *riskService) GetApplication(ctx context.Context, r *holdfastv1.GetApplicationRequest) (*holdfastv1.GetApplicationResponse, error) {
	var c check
	id := c.application(r.GetApplicationId())
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.onApplication(ctx, id, &ledger.GetApplication{Application: id})
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetApplicationResponse{Application: applicationProto(out.Dossier.Application)}, nil
}

// ExplainDecision tells why an application or an order was decided as it was.
func (s *riskService) ExplainDecision(ctx context.Context, r *holdfastv1.ExplainDecisionRequest) (*holdfastv1.ExplainDecisionResponse, error) {
	var c check
	switch {
	case (r.GetApplicationId() == "") == (r.GetAuthorizationId() == ""):
		c.fault("application_id", "or authorization_id is required, and not both")
		return nil, c.err()
	case r.GetApplicationId() != "":
		got, err := s.GetApplication(ctx, &holdfastv1.GetApplicationRequest{ApplicationId: r.GetApplicationId()})
		if err != nil {
			return nil, err
		}
		return &holdfastv1.ExplainDecisionResponse{Application: got.GetApplication()}, nil
	}
	id := c.authorization(r.GetAuthorizationId())
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.on(ctx, id.Account, &ledger.GetAuthorization{Authorization: id})
	if err != nil {
		return nil, err
	}
	order, err := s.explain(ctx, out)
	return &holdfastv1.ExplainDecisionResponse{Order: order}, err
}

// explain is why an order was decided as it was, with the rules of the version that was asked.
func (s *riskService) explain(ctx context.Context, out *ledger.Outcome) (*holdfastv1.OrderExplained, error) {
	v := &out.Authorization.Verdict
	p := &holdfastv1.OrderExplained{
		Authorization: authorizationProto(out), PolicyVersion: v.Policy, Inputs: v.Inputs, Cap: int64(v.Cap), Reasons: splitCodes(v.Reasons),
	}
	if !v.Asked() {
		return p, nil
	}
	p.InputsHash = fmt.Sprintf("%016x", v.Hash)
	known, err := look(ctx, s.writers[out.ID.Account.Shard()], &ledger.GetPolicies{})
	if err != nil {
		return nil, err
	}
	by, err := s.compiled.of(v.Policy, s.made, known.Policies.Versions)
	if err != nil || by == nil {
		return p, err
	}
	for i, rule := range by.Document().Decisions {
		if v.Rules>>i&1 != 0 {
			p.Rules = append(p.Rules, &holdfastv1.RuleHeld{
				Name: rule.Name, Condition: strings.TrimSpace(rule.When), Action: rule.Action.String(), Reason: rule.Reason,
			})
		}
	}
	return p, nil
}
