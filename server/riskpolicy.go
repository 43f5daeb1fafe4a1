package server

import (
	"context"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/risk/policy"
)

// riskService is RiskService. What is about policies is here; assess.go and application.go have applications, review.go what a
// person looks at, consumer.go what is told and erased of a consumer, and alert.go alerts.
type riskService struct {
	holdfastv1.UnimplementedRiskServiceServer
	*feed
	made     *policy.Policy // that the server was started with; nil for none
	compiled policyBook
	terms    *termsBook
	accounts *accounts
	billing  *billing
	now      func() calendar.Instant
	kept     int // years
}

func newRiskService(f *feed, book *termsBook, s *Server) *riskService {
	return &riskService{
		feed: f, made: s.config.Policy, terms: book, now: s.now, kept: s.config.RecordsKept,
		accounts: &accounts{router: s.router, zone: s.zone, terms: book}, billing: &billing{feed: f, zone: s.zone, terms: book},
	}
}

func (s *riskService) PutPolicy(ctx context.Context, r *holdfastv1.PutPolicyRequest) (*holdfastv1.PutPolicyResponse, error) {
	var c check
	cmd := &ledger.PutPolicy{Request: c.request(callerOf(ctx), r.GetRequestId()), Document: r.GetDocument()}
	switch n := len(r.GetDocument()); {
	case n == 0:
		c.fault("document", "is required")
	case n > policy.MaxSize:
		c.fault("document", "has %d bytes; at most %d are allowed", n, policy.MaxSize)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if s.made == nil {
		return nil, failed(codes.FailedPrecondition, "NO_RISK_POLICY", "this server was started without risk policies")
	}
	p, err := policy.Parse([]byte(cmd.Document))
	if err != nil {
		message, details := documentFaults(err, "INVALID_POLICY")
		return nil, failed(codes.InvalidArgument, "INVALID_POLICY", message, details)
	}
	cmd.Version = p.Version()
	replayed, err := s.everywhere(ctx, cmd, holdfastv1.RiskService_PutPolicy_FullMethodName, r, &holdfastv1.PutPolicyResponse{})
	if err != nil {
		return nil, err
	}
	if _, one := onlyShard(ctx); one {
		return &holdfastv1.PutPolicyResponse{Replayed: replayed}, nil
	}
	v, err := s.find(ctx, firsts, cmd.Version)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.PutPolicyResponse{Policy: v, Replayed: replayed}, nil
}

func (s *riskService) ActivatePolicy(ctx context.Context, r *holdfastv1.ActivatePolicyRequest) (*holdfastv1.ActivatePolicyResponse, error) {
	var c check
	cmd := &ledger.ActivatePolicy{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Version: c.version("version", r.GetVersion(), !r.GetShadow()), Shadow: r.GetShadow(),
	}
	if r.GetFromTime() != nil {
		cmd.From = c.instant("from_time", r.GetFromTime())
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	replayed, err := s.everywhere(ctx, cmd, holdfastv1.RiskService_ActivatePolicy_FullMethodName, r, &holdfastv1.ActivatePolicyResponse{})
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.ActivatePolicyResponse{Replayed: replayed}
	if _, one := onlyShard(ctx); one {
		return resp, nil
	}
	known, err := s.policies(ctx, firsts)
	if err != nil {
		return nil, err
	}
	resp.Activations = activationsProto(known.Activations)
	return resp, nil
}

func (s *riskService) GetPolicy(ctx context.Context, r *holdfastv1.GetPolicyRequest) (*holdfastv1.GetPolicyResponse, error) {
	var c check
	version := c.version("version", r.GetVersion(), true)
	if err := c.err(); err != nil {
		return nil, err
	}
	v, err := s.find(ctx, s.everybodys(), version)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetPolicyResponse{Policy: v}, nil
}

func (s *riskService) ListPolicies(ctx context.Context, _ *holdfastv1.ListPoliciesRequest) (*holdfastv1.ListPoliciesResponse, error) {
	known, err := s.policies(ctx, s.everybodys())
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.ListPoliciesResponse{
		ActiveVersion: known.InForce, ShadowVersion: known.Shadow, Activations: activationsProto(known.Activations),
	}
	if known.Made != "" {
		resp.Policies = append(resp.Policies, &holdfastv1.PolicyVersion{Version: known.Made})
	}
	for i := range known.Versions {
		v := policyProto(&known.Versions[i])
		v.Document = ""
		resp.Policies = append(resp.Policies, v)
	}
	return resp, nil
}

// policies are what a shard has.
func (s *riskService) policies(ctx context.Context, shard int) (*ledger.PolicyAnswer, error) {
	out, err := look(ctx, s.writers[shard], &ledger.GetPolicies{})
	if err != nil {
		return nil, err
	}
	return out.Policies, nil
}

func (s *riskService) find(ctx context.Context, shard int, version string) (*holdfastv1.PolicyVersion, error) {
	known, err := s.policies(ctx, shard)
	if err != nil {
		return nil, err
	}
	for i := range known.Versions {
		if known.Versions[i].Version == version {
			return policyProto(&known.Versions[i]), nil
		}
	}
	if version != "" && version == known.Made {
		return &holdfastv1.PolicyVersion{Version: version, Document: s.madeText()}, nil
	}
	return nil, failed(codes.NotFound, "POLICY_NOT_FOUND", "there is no risk policy "+version,
		&errdetails.ResourceInfo{ResourceName: version, Description: "there is no such risk policy"})
}

// madeText is the document of the policy that the server was started with.
func (s *riskService) madeText() string {
	if s.made == policy.Default() {
		return policy.DefaultDocument()
	}
	return string(policy.Format(s.made.Document()))
}

func policyProto(v *ledger.PolicyVersion) *holdfastv1.PolicyVersion {
	return &holdfastv1.PolicyVersion{Version: v.Version, CreateTime: timestamp(v.Put), Caller: string(v.Caller), Document: v.Document}
}

func activationsProto(list []ledger.Activation) (out []*holdfastv1.PolicyActivation) {
	for _, a := range list {
		out = append(out, &holdfastv1.PolicyActivation{
			Version: a.Version, FromTime: timestamp(a.From), Shadow: a.Shadow, CreateTime: timestamp(a.Set), Caller: string(a.Caller),
		})
	}
	return out
}
