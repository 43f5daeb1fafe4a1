package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-credit/holdfast/client"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// call is one request of the load, and what was answered.
type call struct {
	sale *sale
	req  proto.Message
	resp proto.Message // as acknowledged first; nil while that is in doubt, and when refused
}

// send asks once.
func (c *call) send(ctx context.Context, sdk *client.Client) (resp proto.Message, err error) {
	switch req := c.req.(type) {
	case *holdfastv1.AuthorizeRequest:
		resp, err = sdk.Authorize(ctx, req)
	case *holdfastv1.ChargeRequest:
		resp, err = sdk.Charge(ctx, req)
	case *holdfastv1.AdviseRequest:
		resp, err = sdk.Advise(ctx, req)
	case *holdfastv1.IncrementRequest:
		resp, err = sdk.Increment(ctx, req)
	case *holdfastv1.ExtendRequest:
		resp, err = sdk.Extend(ctx, req)
	case *holdfastv1.MarkSubmittedRequest:
		resp, err = sdk.MarkSubmitted(ctx, req)
	case *holdfastv1.CaptureRequest:
		resp, err = sdk.Capture(ctx, req)
	case *holdfastv1.VoidRequest:
		resp, err = sdk.Void(ctx, req)
	case *holdfastv1.RefundRequest:
		resp, err = sdk.Refund(ctx, req)
	case *holdfastv1.ReverseRequest:
		resp, err = sdk.Reverse(ctx, req)
	case *holdfastv1.OpenAccountRequest:
		resp, err = sdk.OpenAccount(ctx, req)
	case *holdfastv1.PostRepaymentRequest:
		resp, err = sdk.PostRepayment(ctx, req)
	default:
		panic(fmt.Sprintf("torture: no call takes a %T", req))
	}
	if err != nil {
		return nil, err // resp is a typed nil then
	}
	return resp, nil
}

// settle sends until there is an answer or a refusal: a full queue and an unanswered call are asked again, with the
// same request id.
func (c *call) settle(ctx context.Context, sdk *client.Client) (resp proto.Message, err error) {
	for range 50 {
		if resp, err = c.send(ctx, sdk); err == nil || refusal(err) {
			return resp, err
		}
		if sleepUntil(ctx, time.Now().Add(20*time.Millisecond)) != nil {
			break
		}
	}
	return nil, fmt.Errorf("no answer after 50 attempts: %w", err)
}

// refusal says whether err is the server's answer that it will not do this, whatever is tried.
func refusal(err error) bool {
	switch status.Code(err) {
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition:
		return true
	}
	return false
}

// isExhausted says whether the server's queue was full.
func isExhausted(err error) bool { return status.Code(err) == codes.ResourceExhausted }

func replayed(resp proto.Message) bool { return resp.(interface{ GetReplayed() bool }).GetReplayed() }

// firstAnswer is the answer without its mark, to be compared.
func firstAnswer(resp proto.Message) proto.Message {
	if !replayed(resp) {
		return resp
	}
	c := proto.Clone(resp)
	m := c.ProtoReflect()
	m.Clear(m.Descriptor().Fields().ByName("replayed"))
	return c
}

// sameAnswer says whether two answers to one request are the same. A repayment that is asked about again is told as the
// account is then, so its identity is compared.
func sameAnswer(a, b proto.Message) bool {
	if a, ok := a.(*holdfastv1.PostRepaymentResponse); ok {
		b, ok := b.(*holdfastv1.PostRepaymentResponse)
		return ok && a.GetRepaymentId() == b.GetRepaymentId() && a.GetItem().GetAmount() == b.GetItem().GetAmount()
	}
	return proto.Equal(a, b)
}

// requestID is the identity of a request of the load.
func requestID(req proto.Message) string {
	return req.(interface{ GetRequestId() string }).GetRequestId()
}

func (c *call) String() string {
	return fmt.Sprintf("%s %s of order %s", c.req.ProtoReflect().Descriptor().Name(), requestID(c.req), c.sale.order)
}

// absorb takes in the answer: it compares the authorization with what the request must have made of it by plain
// arithmetic, and keeps it.
func (c *call) absorb(resp proto.Message) error {
	c.resp = firstAnswer(resp)
	s := c.sale
	a := resp.(interface {
		GetAuthorization() *holdfastv1.Authorization
	}).GetAuthorization()
	want := s.sums.after(c.req, resp)
	if a == nil {
		if r, ok := resp.(*holdfastv1.ReverseResponse); ok && r.GetTombstone() && s.auth == nil {
			s.tombstone = true
			return nil
		}
		return errors.New("answered without an authorization")
	}
	if got := sumsOf(a); got != want {
		return fmt.Errorf("answered with %+v, which should be %+v", got, want)
	}
	if a.GetOrderId() != s.order || a.GetAccountId() != s.account.id {
		return fmt.Errorf("answered with order %s of account %s", a.GetOrderId(), a.GetAccountId())
	}
	s.sums, s.auth = want, a
	return nil
}

// sums are the amounts of an authorization.
type sums struct{ held, captured, refunded int64 }

func sumsOf(a *holdfastv1.Authorization) sums {
	return sums{a.GetHeldAmount(), a.GetCapturedAmount(), a.GetRefundedAmount()}
}

// after is what a request makes of an authorization. It knows from the answer only whether it was approved, and in
// part for how much.
func (s sums) after(req, resp proto.Message) sums {
	approved := true
	if d, ok := resp.(interface {
		GetDecision() holdfastv1.Decision
	}); ok {
		approved = d.GetDecision() == holdfastv1.Decision_DECISION_APPROVED
	}
	if !approved {
		return s
	}
	switch req := req.(type) {
	case *holdfastv1.AuthorizeRequest:
		s.held = req.GetAmount()
		if req.GetAcceptPartial() {
			s.held = min(s.held, resp.(*holdfastv1.AuthorizeResponse).GetAuthorization().GetAuthorizedAmount())
		}
	case *holdfastv1.ChargeRequest:
		s.captured = req.GetAmount()
	case *holdfastv1.AdviseRequest:
		s.captured = req.GetAmount()
	case *holdfastv1.IncrementRequest:
		s.held += req.GetAmount()
	case *holdfastv1.CaptureRequest:
		amount := req.GetAmount()
		if amount == 0 {
			amount = s.held
		}
		s.captured += amount
		if s.held -= amount; req.GetFinal() {
			s.held = 0
		}
	case *holdfastv1.VoidRequest:
		if req.GetAmount() == 0 {
			s.held = 0
		}
		s.held -= req.GetAmount()
	case *holdfastv1.RefundRequest:
		s.refunded += req.GetAmount()
	case *holdfastv1.ReverseRequest:
		s.held, s.refunded = 0, s.captured
	}
	if s.held < 0 {
		s.held = 0
	}
	return s
}
