package server

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// authorizations is AuthorizationService. Each call is three steps: a command from the request (prepare.go), its
// outcome from the shard, and a reply from the outcome.
type authorizations struct {
	holdfastv1.UnimplementedAuthorizationServiceServer
	*router
	metrics  *Metrics
	draining <-chan struct{} // closed when the server goes down
}

func callerOf(ctx context.Context) ledger.Caller { return ledger.Caller(CallerOf(ctx).Name) }

// decided counts a decision.
func (s *authorizations) decided(scene ledger.Scene, out *ledger.Outcome) {
	if out.Replayed {
		s.metrics.Replayed()
		return
	}
	s.metrics.Decided(uint8(scene), out.Decision == ledger.Approve, uint8(out.Reasons.First()))
}

func (s *authorizations) Check(ctx context.Context, r *holdfastv1.CheckRequest) (*holdfastv1.CheckResponse, error) {
	c, err := prepareCheck(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.on(ctx, c.Account, c)
	if err != nil {
		return nil, err
	}
	return checkReply(out), nil
}

func (s *authorizations) Authorize(ctx context.Context, r *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error) {
	c, err := prepareAuthorize(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.order(ctx, c.Caller, c.Order, c.Account, c)
	if err != nil {
		return nil, err
	}
	s.decided(c.Scene, out)
	return authorizeReply(out), nil
}

func (s *authorizations) Charge(ctx context.Context, r *holdfastv1.ChargeRequest) (*holdfastv1.ChargeResponse, error) {
	c, err := prepareCharge(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.order(ctx, c.Caller, c.Order, c.Account, c)
	if err != nil {
		return nil, err
	}
	s.decided(c.Scene, out)
	return chargeReply(out), nil
}

func (s *authorizations) Advise(ctx context.Context, r *holdfastv1.AdviseRequest) (*holdfastv1.AdviseResponse, error) {
	c, err := prepareAdvise(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.order(ctx, c.Caller, c.Order, c.Account, c)
	if err != nil {
		return nil, err
	}
	return adviseReply(out), nil
}

func (s *authorizations) Reverse(ctx context.Context, r *holdfastv1.ReverseRequest) (*holdfastv1.ReverseResponse, error) {
	c, err := prepareReverse(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.order(ctx, c.Caller, c.Order, c.Account, c)
	if err != nil {
		return nil, err
	}
	return reverseReply(out), nil
}

func (s *authorizations) Increment(ctx context.Context, r *holdfastv1.IncrementRequest) (*holdfastv1.IncrementResponse, error) {
	c, err := prepareIncrement(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.on(ctx, c.Authorization.Account, c)
	if err != nil {
		return nil, err
	}
	s.decided(out.Authorization.Scene, out)
	return incrementReply(out), nil
}

func (s *authorizations) Extend(ctx context.Context, r *holdfastv1.ExtendRequest) (*holdfastv1.ExtendResponse, error) {
	c, err := prepareExtend(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.on(ctx, c.Authorization.Account, c)
	if err != nil {
		return nil, err
	}
	return extendReply(out), nil
}

func (s *authorizations) MarkSubmitted(ctx context.Context, r *holdfastv1.MarkSubmittedRequest) (*holdfastv1.MarkSubmittedResponse, error) {
	c, err := prepareMarkSubmitted(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.on(ctx, c.Authorization.Account, c)
	if err != nil {
		return nil, err
	}
	return markSubmittedReply(out), nil
}

func (s *authorizations) Capture(ctx context.Context, r *holdfastv1.CaptureRequest) (*holdfastv1.CaptureResponse, error) {
	c, err := prepareCapture(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.on(ctx, c.Authorization.Account, c)
	if err != nil {
		return nil, err
	}
	return captureReply(out), nil
}

func (s *authorizations) Void(ctx context.Context, r *holdfastv1.VoidRequest) (*holdfastv1.VoidResponse, error) {
	c, err := prepareVoid(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.on(ctx, c.Authorization.Account, c)
	if err != nil {
		return nil, err
	}
	return voidReply(out), nil
}

func (s *authorizations) Refund(ctx context.Context, r *holdfastv1.RefundRequest) (*holdfastv1.RefundResponse, error) {
	c, err := prepareRefund(callerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	out, err := s.on(ctx, c.Authorization.Account, c)
	if err != nil {
		return nil, err
	}
	return refundReply(out), nil
}

func (s *authorizations) GetAuthorization(ctx context.Context, r *holdfastv1.GetAuthorizationRequest) (*holdfastv1.GetAuthorizationResponse, error) {
	var c check
	id := c.authorization(r.GetAuthorizationId())
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.on(ctx, id.Account, &ledger.GetAuthorization{Authorization: id})
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetAuthorizationResponse{Authorization: authorizationProto(out)}, nil
}

func (s *authorizations) LookupOrder(ctx context.Context, r *holdfastv1.LookupOrderRequest) (*holdfastv1.LookupOrderResponse, error) {
	var c check
	q := &ledger.LookupOrder{Caller: callerOf(ctx), Order: token[ledger.OrderID](&c, "order_id", r.GetOrderId())}
	if err := c.err(); err != nil {
		return nil, err
	}
	var resp *holdfastv1.LookupOrderResponse
	out, err := s.lookup(ctx, q, func(ctx context.Context, conn *grpc.ClientConn) (err error) {
		resp, err = holdfastv1.NewAuthorizationServiceClient(conn).LookupOrder(ctx, r)
		return err
	})
	if err != nil || out == nil {
		return resp, err
	}
	return &holdfastv1.LookupOrderResponse{Authorization: authorizationProto(out), Tombstone: out.Tombstone}, nil
}

func (s *authorizations) ListAuthorizations(ctx context.Context, r *holdfastv1.ListAuthorizationsRequest) (*holdfastv1.ListAuthorizationsResponse, error) {
	var c check
	q := &ledger.ListAuthorizations{Account: c.account(r.GetAccountId()), Limit: c.page(r.GetPageSize())}
	if r.GetPageToken() != "" {
		before, err := ledger.ParseAuthorizationID(r.GetPageToken())
		if err != nil || before.Account != q.Account {
			c.fault("page_token", "is not a token of this list")
		}
		q.Before = before.N
	}
	if r.GetMandateId() != "" {
		q.Mandate = c.mandateOf(q.Account, r.GetMandateId())
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.on(ctx, q.Account, q)
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.ListAuthorizationsResponse{}
	for i := range out.Authorizations {
		one := ledger.Outcome{ID: ledger.AuthorizationID{Account: out.ID.Account}, Currency: out.Currency, Authorization: out.Authorizations[i]}
		resp.Authorizations = append(resp.Authorizations, authorizationProto(&one))
	}
	if out.More && out.ID.N != 0 {
		resp.NextPageToken = out.ID.String() // the last that was looked at
	}
	return resp, nil
}

// body is an authorization, a headroom and their timestamps in one allocation, which every write answers with.
type body struct {
	authorization              holdfastv1.Authorization
	headroom                   holdfastv1.Headroom
	created, expires, modified timestamppb.Timestamp
}

func (b *body) fill(out *ledger.Outcome) (*holdfastv1.Authorization, *holdfastv1.Headroom) {
	if out.Authorization.N == 0 {
		return nil, nil
	}
	fillAuthorization(&b.authorization, out, &b.created, &b.expires, &b.modified)
	fillHeadroom(&b.headroom, &out.Headroom)
	return &b.authorization, &b.headroom
}
