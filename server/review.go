package server

import (
	"context"
	"slices"

	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

func (s *riskService) RequestHumanReview(ctx context.Context, r *holdfastv1.RequestHumanReviewRequest) (*holdfastv1.RequestHumanReviewResponse, error) {
	var c check
	cmd := &ledger.RequestReview{Request: c.request(callerOf(ctx), r.GetRequestId()), Statement: c.note("statement", r.GetStatement())}
	named, shard := 0, 0
	if r.GetApplicationId() != "" {
		cmd.Subject.Application = c.application(r.GetApplicationId())
		named, shard = named+1, int(cmd.Subject.Application.Shard())
	}
	if r.GetAuthorizationId() != "" {
		cmd.Subject.Authorization = c.authorization(r.GetAuthorizationId())
		named, shard = named+1, int(cmd.Subject.Authorization.Account.Shard())
	}
	if r.GetAccountId() != "" {
		cmd.Subject.Account = c.account(r.GetAccountId())
		named, shard = named+1, int(cmd.Subject.Account.Shard())
	}
	if named != 1 {
		c.fault("application_id", "or authorization_id or account_id is required, and only one of them")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if shard >= len(s.writers) {
		switch {
		case cmd.Subject.Application != 0:
			return nil, failed(codes.NotFound, "APPLICATION_NOT_FOUND", "there is no application "+r.GetApplicationId())
		case cmd.Subject.Account != 0:
			return nil, failed(codes.NotFound, "ACCOUNT_NOT_FOUND", "there is no account "+r.GetAccountId())
		}
		return nil, failed(codes.NotFound, "AUTHORIZATION_NOT_FOUND", "there is no authorization "+r.GetAuthorizationId())
	}
	out, err := submit(ctx, s.writers[shard], cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.RequestHumanReviewResponse{Review: reviewProto(out.Dossier.Review), Replayed: out.Replayed}, nil
}

// onReview carries out a command on a review.
func (s *riskService) onReview(ctx context.Context, id ledger.ReviewID, cmd ledger.Command) (*ledger.Outcome, error) {
	if int(id.Shard()) >= len(s.writers) {
		return nil, failed(codes.NotFound, "REVIEW_NOT_FOUND", "there is no review "+id.String())
	}
	return submit(ctx, s.writers[id.Shard()], cmd)
}

func (s *riskService) ResolveReview(ctx context.Context, r *holdfastv1.ResolveReviewRequest) (*holdfastv1.ResolveReviewResponse, error) {
	var c check
	cmd := &ledger.ResolveReview{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Review: c.review(r.GetReviewId()), Outcome: ledger.ReviewOutcome(r.GetOutcome()),
		Note: c.note("note", r.GetNote()),
	}
	if o := r.GetOutcome(); o != holdfastv1.ReviewOutcome_REVIEW_OUTCOME_UPHELD && o != holdfastv1.ReviewOutcome_REVIEW_OUTCOME_OVERTURNED {
		c.fault("outcome", "is required: REVIEW_OUTCOME_UPHELD or REVIEW_OUTCOME_OVERTURNED")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if o := r.GetOffer(); o != nil {
		var err error
		cmd.Shares = len(o.GetLineLimits()) == 0
		if cmd.Offer, err = s.reviewedOffer(ctx, &c, cmd.Review, o); err != nil {
			// Sent again, perhaps when another policy is in force.
			if out, none := s.onReview(ctx, cmd.Review, &ledger.Again{Write: cmd}); none == nil {
				return resolved(out), nil
			}
			return nil, err
		}
	}
	out, err := s.onReview(ctx, cmd.Review, cmd)
	if err != nil {
		return nil, err
	}
	return resolved(out), nil
}

func resolved(out *ledger.Outcome) *holdfastv1.ResolveReviewResponse {
	return &holdfastv1.ResolveReviewResponse{
		Review: reviewProto(out.Dossier.Review), Application: applicationProto(out.Dossier.Application), Replayed: out.Replayed,
	}
}

// reviewedOffer is the offer of a person, who is held to the grades of the policy in force.
func (s *riskService) reviewedOffer(ctx context.Context, c *check, id ledger.ReviewID, r *holdfastv1.ReviewedOffer) (o ledger.Offer, err error) {
	about, err := s.onReview(ctx, id, &ledger.GetReview{Review: id})
	if err != nil {
		return o, err
	}
	p, _, err := s.inForce(ctx, int(id.Shard()))
	if err != nil {
		return o, err
	}
	grades := p.Document().Grades
	o = ledger.Offer{Grade: r.GetGrade(), Agreement: c.version("offer.agreement_version", r.GetAgreementVersion(), true), Expires: s.now().Add(offerLasts)}
	at := slices.IndexFunc(grades, func(g policy.Grade) bool { return g.Name == r.GetGrade() })
	if at < 0 {
		c.fault("offer.grade", "is no grade of risk policy %s", p.Version())
		return o, c.err()
	}
	g := &grades[at]
	if o.Limit = c.amount("offer.limit", r.GetLimit(), 1); o.Limit < g.Floor || o.Limit > g.Ceiling {
		c.fault("offer.limit", "%d is not within %d and %d, the floor and the ceiling of grade %s", r.GetLimit(), g.Floor, g.Ceiling, g.Name)
	}
	if o.Lines = c.reviewedLines(r.GetLineLimits(), o.Limit); o.Lines == nil {
		o.Lines = gradeLines(g, o.Limit)
	}
	if err := c.err(); err != nil {
		return o, err
	}
	if a := about.Dossier.Application; a != nil && a.Kind == ledger.NewLine {
		o.Terms = g.Terms
		o.AnnualRate, err = s.annualRate(ctx, int(id.Shard()), a.Currency, o.Terms)
	}
	return o, err
}

// reviewedLines are the limits of lines that a person offers; nil when none are.
func (c *check) reviewedLines(lines []*holdfastv1.LineLimit, most money.Amount) (list []ledger.LimitOfLine) {
	var seen [ledger.Scenes + 1]bool
	for _, l := range lines {
		line := ledger.LimitOfLine{Scene: c.scene("offer.line_limits.scene", l.GetScene()), Limit: c.amount("offer.line_limits.limit", l.GetLimit(), 0)}
		if line.Limit > most {
			c.fault("offer.line_limits.limit", "%d is more than the account's limit, %d", line.Limit, most)
		}
		if seen[line.Scene] && line.Scene != ledger.NoScene {
			c.fault("offer.line_limits", "has two limits for %s", line.Scene)
		}
		seen[line.Scene] = true
		list = append(list, line)
	}
	return list
}

// gradeLines are the limits of lines that a grade gives a limit, by its shares.
func gradeLines(g *policy.Grade, limit money.Amount) (list []ledger.LimitOfLine) {
	for i, share := range g.Lines {
		if share > 0 {
			line := max(money.Accrued(limit, int64(share), 1).Minor/g.Step*g.Step, min(g.Step, limit))
			list = append(list, ledger.LimitOfLine{Scene: ledger.Scene(i + 1), Limit: line})
		}
	}
	return list
}

func (s *riskService) GetReview(ctx context.Context, r *holdfastv1.GetReviewRequest) (*holdfastv1.GetReviewResponse, error) {
	var c check
	id := c.review(r.GetReviewId())
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.onReview(ctx, id, &ledger.GetReview{Review: id})
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetReviewResponse{Review: reviewProto(out.Dossier.Review), Application: applicationProto(out.Dossier.Application)}, nil
}

// ListReviews walks the shards one after the other, each newest first. A page is of one shard; the page token is the review
// before which it goes on.
func (s *riskService) ListReviews(ctx context.Context, r *holdfastv1.ListReviewsRequest) (*holdfastv1.ListReviewsResponse, error) {
	var c check
	q := &ledger.ListReviews{Limit: c.page(r.GetPageSize()), Pending: r.GetPending()}
	shard := 0
	if r.GetPageToken() != "" {
		id, ok := reviewBefore(r.GetPageToken())
		if !ok || int(id.Shard()) >= len(s.writers) {
			c.fault("page_token", "is not a token of this list")
		}
		shard, q.Before = int(id.Shard()), id.Number()
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := submit(ctx, s.writers[shard], q)
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.ListReviewsResponse{}
	for _, one := range out.Dossier.Reviews {
		resp.Reviews = append(resp.Reviews, reviewProto(one))
	}
	switch {
	case out.More:
		resp.NextPageToken = ledger.NewReviewID(uint16(shard), out.Dossier.Next).String()
	case shard+1 < len(s.writers):
		resp.NextPageToken = ledger.NewReviewID(uint16(shard+1), 0).String()
	}
	return resp, nil
}

// reviewBefore reads a page token: a review, or the place before a shard's newest.
func reviewBefore(token string) (ledger.ReviewID, bool) {
	if id, err := ledger.ParseReviewID(token); err == nil {
		return id, true
	}
	shard, _ := ledger.ShardOf(token)
	id := ledger.NewReviewID(shard, 0)
	return id, token == id.String()
}
