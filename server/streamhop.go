package server

import (
	"context"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// hopped is what another node answered to a request of a stream.
type hopped struct {
	answer *holdfastv1.AuthorizeStreamResponse
	err    error
}

// sendOn has a request of a stream answered where its shard is decided, as the unary call that it is.
func (s *authorizations) sendOn(ctx context.Context, r *holdfastv1.AuthorizeStreamRequest) <-chan hopped {
	to := make(chan hopped, 1)
	go func() {
		m := &holdfastv1.AuthorizeStreamResponse{}
		to <- hopped{m, s.carryRequest(ctx, r, m)}
	}()
	return to
}

// carryRequest carries a request to where its shard is decided.
func (s *authorizations) carryRequest(ctx context.Context, r *holdfastv1.AuthorizeStreamRequest, m *holdfastv1.AuthorizeStreamResponse) error {
	switch r := r.GetCall().(type) {
	case *holdfastv1.AuthorizeStreamRequest_Authorize:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_Authorize_FullMethodName, r.Authorize, s.Authorize)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_Authorize{Authorize: a}
		return err
	case *holdfastv1.AuthorizeStreamRequest_Capture:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_Capture_FullMethodName, r.Capture, s.Capture)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_Capture{Capture: a}
		return err
	case *holdfastv1.AuthorizeStreamRequest_Void:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_Void_FullMethodName, r.Void, s.Void)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_Void{Void: a}
		return err
	case *holdfastv1.AuthorizeStreamRequest_Charge:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_Charge_FullMethodName, r.Charge, s.Charge)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_Charge{Charge: a}
		return err
	case *holdfastv1.AuthorizeStreamRequest_Increment:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_Increment_FullMethodName, r.Increment, s.Increment)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_Increment{Increment: a}
		return err
	case *holdfastv1.AuthorizeStreamRequest_Extend:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_Extend_FullMethodName, r.Extend, s.Extend)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_Extend{Extend: a}
		return err
	case *holdfastv1.AuthorizeStreamRequest_MarkSubmitted:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_MarkSubmitted_FullMethodName, r.MarkSubmitted, s.MarkSubmitted)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_MarkSubmitted{MarkSubmitted: a}
		return err
	case *holdfastv1.AuthorizeStreamRequest_Reverse:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_Reverse_FullMethodName, r.Reverse, s.Reverse)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_Reverse{Reverse: a}
		return err
	case *holdfastv1.AuthorizeStreamRequest_Refund:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_Refund_FullMethodName, r.Refund, s.Refund)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_Refund{Refund: a}
		return err
	case *holdfastv1.AuthorizeStreamRequest_Advise:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_Advise_FullMethodName, r.Advise, s.Advise)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_Advise{Advise: a}
		return err
	case *holdfastv1.AuthorizeStreamRequest_Check:
		a, err := carried(ctx, s.node, holdfastv1.AuthorizationService_Check_FullMethodName, r.Check, s.Check)
		m.Answer = &holdfastv1.AuthorizeStreamResponse_Check{Check: a}
		return err
	}
	return nil // whoever prepared it has refused it
}

// carried is node.carry for a method whose messages are known.
func carried[Q, A any](ctx context.Context, n *node, method string, q Q, here func(context.Context, Q) (A, error)) (answer A, err error) {
	resp, err := n.carry(ctx, method, q, func(ctx context.Context, req any) (any, error) { return here(ctx, req.(Q)) })
	if err == nil {
		answer = resp.(A)
	}
	return answer, err
}
