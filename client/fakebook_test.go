package client

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// What the fake decides: just enough of each call to see what was done, and how often.

func (f *Fake) OpenAccount(ctx context.Context, req *pb.OpenAccountRequest) (*pb.OpenAccountResponse, error) {
	return once(ctx, f, "OpenAccount", req, func(caller string) (*pb.OpenAccountResponse, error) {
		a := &pb.Account{
			AccountId: fmt.Sprintf("acc_%d", len(f.accounts)+1), ConsumerToken: req.ConsumerToken,
			Currency: req.Currency, Limit: req.Limit, Available: req.Limit, Status: pb.AccountStatus_ACCOUNT_STATUS_ACTIVE,
		}
		f.accounts[a.AccountId] = a
		f.event(pb.EventType_EVENT_TYPE_ACCOUNT_OPENED, caller, &pb.Authorization{AccountId: a.AccountId}, req.Limit)
		return &pb.OpenAccountResponse{Account: proto.CloneOf(a)}, nil
	})
}

func (f *Fake) GetAccount(ctx context.Context, req *pb.GetAccountRequest) (*pb.GetAccountResponse, error) {
	return read(ctx, f, "GetAccount", req, func(string) (*pb.GetAccountResponse, error) {
		a, ok := f.accounts[req.AccountId]
		if !ok {
			return nil, Refusal(codes.NotFound, "ACCOUNT_NOT_FOUND", nil)
		}
		return &pb.GetAccountResponse{Account: proto.CloneOf(a)}, nil
	})
}

func headroom(a *pb.Account) *pb.Headroom {
	return &pb.Headroom{
		Limit: a.Limit, Held: a.Held, Posted: a.Posted, Available: a.Available,
		AccountLimit: a.Limit, AccountHeld: a.Held, AccountPosted: a.Posted,
	}
}

// move books held and posted. The lock is held.
func (f *Fake) move(a *pb.Authorization, held, posted int64) *pb.Headroom {
	acc := f.accounts[a.AccountId]
	acc.Held, acc.Posted = acc.Held+held, acc.Posted+posted
	acc.Available = acc.Limit - acc.Held - acc.Posted
	a.HeldAmount += held
	return headroom(acc)
}

// authorizationID begins with the account's id, if that one is as long as a server's are. The lock is held.
func (f *Fake) authorizationID(account string) string {
	n := len(f.auths) + 1
	if len(account) < len("acc_")+13 {
		return fmt.Sprintf("auth_%d", n)
	}
	return fmt.Sprintf("auth_%s%07d", account[len("acc_"):], n)
}

// place decides on an order. The lock is held.
func (f *Fake) place(caller string, r *pb.AuthorizeRequest) (*pb.AuthorizeResponse, error) {
	acc, ok := f.accounts[r.AccountId]
	if !ok {
		return nil, Refusal(codes.NotFound, "ACCOUNT_NOT_FOUND", nil)
	}
	order := caller + "/" + r.OrderId
	if id, ok := f.orders[order]; ok {
		if id == "" {
			return nil, Refusal(codes.FailedPrecondition, "ORDER_REVERSED", nil)
		}
		return nil, Refusal(codes.AlreadyExists, "ORDER_EXISTS", nil)
	}
	a := &pb.Authorization{
		AuthorizationId: f.authorizationID(r.AccountId), AccountId: r.AccountId, OrderId: r.OrderId,
		Scene: r.Scene, CarrierId: r.CarrierId, PhoneToken: r.PhoneToken, Currency: r.Currency, RequestedAmount: r.Amount,
	}
	f.auths[a.AuthorizationId], f.orders[order] = a, a.AuthorizationId
	resp := &pb.AuthorizeResponse{Authorization: a, Headroom: headroom(acc)}
	if r.Amount > acc.Available {
		a.State = pb.AuthorizationState_AUTHORIZATION_STATE_DECLINED
		resp.Decision = pb.Decision_DECISION_DECLINED
		resp.Reasons = []pb.DeclineReason{pb.DeclineReason_DECLINE_REASON_ACCOUNT_LIMIT}
		f.event(pb.EventType_EVENT_TYPE_DECLINED, caller, a, r.Amount)
	} else {
		a.State, a.AuthorizedAmount = pb.AuthorizationState_AUTHORIZATION_STATE_HELD, r.Amount
		resp.Decision, resp.Headroom = pb.Decision_DECISION_APPROVED, f.move(a, r.Amount, 0)
		f.event(pb.EventType_EVENT_TYPE_AUTHORIZED, caller, a, r.Amount)
	}
	resp.Authorization = proto.CloneOf(a)
	return resp, nil
}

func (f *Fake) Authorize(ctx context.Context, req *pb.AuthorizeRequest) (*pb.AuthorizeResponse, error) {
	if f.canned != nil {
		return f.canned, nil
	}
	return once(ctx, f, "Authorize", req, func(caller string) (*pb.AuthorizeResponse, error) {
		return f.place(caller, req)
	})
}

func (f *Fake) Check(ctx context.Context, req *pb.CheckRequest) (*pb.CheckResponse, error) {
	return read(ctx, f, "Check", req, func(string) (*pb.CheckResponse, error) {
		return &pb.CheckResponse{Decision: pb.Decision_DECISION_APPROVED, AuthorizedAmount: req.Amount}, nil
	})
}

// onHold answers a write on one open authorization. The lock is taken by once.
func onHold[Req interface {
	proto.Message
	GetAuthorizationId() string
}, Resp proto.Message](ctx context.Context, f *Fake, method string, req Req, decide func(string, *pb.Authorization) Resp,
) (Resp, error) {
	return once(ctx, f, method, req, func(caller string) (Resp, error) {
		a, ok := f.auths[req.GetAuthorizationId()]
		if !ok {
			var none Resp
			return none, Refusal(codes.NotFound, "AUTHORIZATION_NOT_FOUND", nil)
		}
		return decide(caller, a), nil
	})
}

func (f *Fake) Capture(ctx context.Context, req *pb.CaptureRequest) (*pb.CaptureResponse, error) {
	return onHold(ctx, f, "Capture", req, func(caller string, a *pb.Authorization) *pb.CaptureResponse {
		amount := req.Amount
		if amount == 0 {
			amount = a.HeldAmount
		}
		h := f.move(a, -amount, amount)
		a.CapturedAmount += amount
		a.State = pb.AuthorizationState_AUTHORIZATION_STATE_PARTIALLY_CAPTURED
		if req.Final || a.HeldAmount == 0 {
			h = f.move(a, -a.HeldAmount, 0)
			a.State = pb.AuthorizationState_AUTHORIZATION_STATE_CAPTURED
		}
		f.event(pb.EventType_EVENT_TYPE_CAPTURED, caller, a, amount)
		return &pb.CaptureResponse{CaptureId: "cap_1", Authorization: proto.CloneOf(a), Headroom: h}
	})
}

func (f *Fake) Void(ctx context.Context, req *pb.VoidRequest) (*pb.VoidResponse, error) {
	return onHold(ctx, f, "Void", req, func(caller string, a *pb.Authorization) *pb.VoidResponse {
		amount := a.HeldAmount
		h := f.move(a, -amount, 0)
		a.State = pb.AuthorizationState_AUTHORIZATION_STATE_VOIDED
		f.event(pb.EventType_EVENT_TYPE_VOIDED, caller, a, amount)
		return &pb.VoidResponse{Authorization: proto.CloneOf(a), Headroom: h}
	})
}

func (f *Fake) Increment(ctx context.Context, req *pb.IncrementRequest) (*pb.IncrementResponse, error) {
	return onHold(ctx, f, "Increment", req, func(_ string, a *pb.Authorization) *pb.IncrementResponse {
		return &pb.IncrementResponse{Decision: pb.Decision_DECISION_APPROVED, Authorization: proto.CloneOf(a), Headroom: f.move(a, req.Amount, 0)}
	})
}

func (f *Fake) Extend(ctx context.Context, req *pb.ExtendRequest) (*pb.ExtendResponse, error) {
	return onHold(ctx, f, "Extend", req, func(_ string, a *pb.Authorization) *pb.ExtendResponse {
		return &pb.ExtendResponse{Authorization: proto.CloneOf(a)}
	})
}

func (f *Fake) MarkSubmitted(ctx context.Context, req *pb.MarkSubmittedRequest) (*pb.MarkSubmittedResponse, error) {
	return onHold(ctx, f, "MarkSubmitted", req, func(_ string, a *pb.Authorization) *pb.MarkSubmittedResponse {
		a.State = pb.AuthorizationState_AUTHORIZATION_STATE_SUBMITTED
		return &pb.MarkSubmittedResponse{Authorization: proto.CloneOf(a)}
	})
}

func (f *Fake) Refund(ctx context.Context, req *pb.RefundRequest) (*pb.RefundResponse, error) {
	return onHold(ctx, f, "Refund", req, func(_ string, a *pb.Authorization) *pb.RefundResponse {
		a.RefundedAmount += req.Amount
		return &pb.RefundResponse{RefundId: "ref_1", Authorization: proto.CloneOf(a), Headroom: f.move(a, 0, -req.Amount)}
	})
}

func (f *Fake) Charge(ctx context.Context, req *pb.ChargeRequest) (*pb.ChargeResponse, error) {
	return once(ctx, f, "Charge", req, func(caller string) (*pb.ChargeResponse, error) {
		r, err := f.place(caller, &pb.AuthorizeRequest{AccountId: req.AccountId, OrderId: req.OrderId, Amount: req.Amount})
		return &pb.ChargeResponse{Decision: r.GetDecision(), Authorization: r.GetAuthorization(), CaptureId: "cap_1"}, err
	})
}

func (f *Fake) Advise(ctx context.Context, req *pb.AdviseRequest) (*pb.AdviseResponse, error) {
	return once(ctx, f, "Advise", req, func(caller string) (*pb.AdviseResponse, error) {
		r, err := f.place(caller, &pb.AuthorizeRequest{AccountId: req.AccountId, OrderId: req.OrderId, Amount: req.Amount})
		return &pb.AdviseResponse{Authorization: r.GetAuthorization(), CaptureId: "cap_1"}, err
	})
}

func (f *Fake) Reverse(ctx context.Context, req *pb.ReverseRequest) (*pb.ReverseResponse, error) {
	return once(ctx, f, "Reverse", req, func(caller string) (*pb.ReverseResponse, error) {
		a, ok := f.auths[f.orders[caller+"/"+req.OrderId]]
		if !ok {
			f.orders[caller+"/"+req.OrderId] = ""
			return &pb.ReverseResponse{Tombstone: true}, nil
		}
		released, refunded := a.HeldAmount, a.CapturedAmount-a.RefundedAmount
		a.State = pb.AuthorizationState_AUTHORIZATION_STATE_REVERSED
		a.RefundedAmount += refunded
		return &pb.ReverseResponse{
			Headroom: f.move(a, -released, -refunded), Authorization: proto.CloneOf(a),
			ReleasedAmount: released, RefundedAmount: refunded,
		}, nil
	})
}

func (f *Fake) LookupOrder(ctx context.Context, req *pb.LookupOrderRequest) (*pb.LookupOrderResponse, error) {
	return read(ctx, f, "LookupOrder", req, func(caller string) (*pb.LookupOrderResponse, error) {
		id, ok := f.orders[caller+"/"+req.OrderId]
		if !ok {
			return nil, Refusal(codes.NotFound, "ORDER_NOT_FOUND", nil)
		}
		if id == "" {
			return &pb.LookupOrderResponse{Tombstone: true}, nil
		}
		return &pb.LookupOrderResponse{Authorization: proto.CloneOf(f.auths[id])}, nil
	})
}

func (f *Fake) GetStats(ctx context.Context, req *pb.GetStatsRequest) (*pb.GetStatsResponse, error) {
	return read(ctx, f, "GetStats", req, func(string) (*pb.GetStatsResponse, error) {
		return &pb.GetStatsResponse{Version: "fake"}, nil
	})
}
