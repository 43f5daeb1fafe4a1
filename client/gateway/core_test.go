package gateway

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// book is a small Holdfast: accounts without limits, some of which are declined; holds, captures, advices, reversals and
// tombstones; request ids that decide once.
type book struct {
	mu       sync.Mutex
	serial   int
	receipts map[string]any
	orders   map[string]*entry
	decline  map[string]bool // accounts
	mode     string          // up; down; lossy: it carries out what it is told, and the answers are lost
	asked    int             // Authorize
	carriers map[string]*pb.Carrier
}

type entry struct {
	auth     *pb.Authorization
	reversed bool
	captures int

	submitted int
}

func newBook() *book {
	return &book{receipts: map[string]any{}, orders: map[string]*entry{}, decline: map[string]bool{}, mode: "up"}
}

func refusalBy(code codes.Code, reason string) error {
	st, err := status.New(code, reason).WithDetails(&errdetails.ErrorInfo{Domain: "holdfast", Reason: reason})
	if err != nil {
		panic(err)
	}
	return st.Err()
}

// once carries a request out if it was not yet, in the mode that the book is in.
func once[Resp any](b *book, id string, decide func() (*Resp, error)) (*Resp, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	away := status.Error(codes.Unavailable, b.mode)
	if b.mode == "down" {
		return nil, away
	}
	resp, known := b.receipts[id].(*Resp)
	if !known {
		var err error
		if resp, err = decide(); err != nil {
			return nil, err
		}
		b.receipts[id] = resp
	}
	if b.mode == "lossy" {
		return nil, away
	}
	return resp, nil
}

func (b *book) free(order string) error {
	switch e := b.orders[order]; {
	case e == nil || e.auth != nil && !e.reversed && e.auth.HeldAmount == 0 && e.auth.CapturedAmount == 0:
		return nil
	case e.reversed:
		return refusalBy(codes.FailedPrecondition, "ORDER_REVERSED")
	}
	return refusalBy(codes.AlreadyExists, "ORDER_EXISTS")
}

func (b *book) enter(account, order string, amount int64) *pb.Authorization {
	b.serial++
	a := &pb.Authorization{
		AuthorizationId: fmt.Sprint("auth_", b.serial), AccountId: account, OrderId: order, Currency: "CNY", AuthorizedAmount: amount,
	}
	b.orders[order] = &entry{auth: a}
	return a
}

func (b *book) byID(id string) *entry {
	for _, e := range b.orders {
		if e.auth != nil && e.auth.AuthorizationId == id {
			return e
		}
	}
	return nil
}

func (b *book) NewRequestID() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.serial++
	return fmt.Sprint("r-", b.serial)
}

func (b *book) Authorize(_ context.Context, r *pb.AuthorizeRequest) (*pb.AuthorizeResponse, error) {
	b.mu.Lock()
	b.asked++
	b.mu.Unlock()
	return once(b, r.RequestId, func() (*pb.AuthorizeResponse, error) {
		if err := b.free(r.OrderId); err != nil {
			return nil, err
		}
		a := b.enter(r.AccountId, r.OrderId, r.Amount)
		if b.decline[r.AccountId] {
			a.AuthorizedAmount = 0
			return &pb.AuthorizeResponse{
				Decision: pb.Decision_DECISION_DECLINED, Authorization: a, Reasons: []pb.DeclineReason{pb.DeclineReason_DECLINE_REASON_LINE_LIMIT},
			}, nil
		}
		a.HeldAmount = r.Amount
		return &pb.AuthorizeResponse{Decision: pb.Decision_DECISION_APPROVED, Authorization: a}, nil
	})
}

func (b *book) Capture(_ context.Context, r *pb.CaptureRequest) (*pb.CaptureResponse, error) {
	return once(b, r.RequestId, func() (*pb.CaptureResponse, error) {
		e := b.byID(r.AuthorizationId)
		if e == nil || e.auth.HeldAmount == 0 {
			return nil, refusalBy(codes.FailedPrecondition, "AUTHORIZATION_NOT_OPEN")
		}
		e.auth.HeldAmount, e.auth.CapturedAmount, e.auth.CarrierReference = 0, r.Amount, r.CarrierReference
		e.captures++
		return &pb.CaptureResponse{}, nil
	})
}

func (b *book) Void(_ context.Context, r *pb.VoidRequest) (*pb.VoidResponse, error) {
	return once(b, r.RequestId, func() (*pb.VoidResponse, error) {
		e := b.byID(r.AuthorizationId)
		if e == nil || e.auth.HeldAmount == 0 {
			return nil, refusalBy(codes.FailedPrecondition, "AUTHORIZATION_NOT_OPEN")
		}
		e.auth.HeldAmount, e.auth.State = 0, pb.AuthorizationState_AUTHORIZATION_STATE_VOIDED
		return &pb.VoidResponse{}, nil
	})
}

func (b *book) Reverse(_ context.Context, r *pb.ReverseRequest) (*pb.ReverseResponse, error) {
	return once(b, r.RequestId, func() (*pb.ReverseResponse, error) {
		e := b.orders[r.OrderId]
		if e == nil {
			e = &entry{}
			b.orders[r.OrderId] = e
		}
		e.reversed = true
		if e.auth != nil {
			e.auth.HeldAmount, e.auth.RefundedAmount = 0, e.auth.CapturedAmount
		}
		return &pb.ReverseResponse{}, nil
	})
}

func (b *book) Advise(_ context.Context, r *pb.AdviseRequest) (*pb.AdviseResponse, error) {
	return once(b, r.RequestId, func() (*pb.AdviseResponse, error) {
		if err := b.free(r.OrderId); err != nil {
			return nil, err
		}
		a := b.enter(r.AccountId, r.OrderId, r.Amount)
		a.CapturedAmount, a.Advised, a.CarrierReference = r.Amount, true, r.CarrierReference
		b.orders[r.OrderId].captures++
		return &pb.AdviseResponse{}, nil
	})
}

func (b *book) GetAuthorization(_ context.Context, r *pb.GetAuthorizationRequest) (*pb.GetAuthorizationResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mode != "up" {
		return nil, status.Error(codes.Unavailable, b.mode)
	}
	return &pb.GetAuthorizationResponse{Authorization: b.byID(r.AuthorizationId).auth}, nil
}

func (b *book) LookupOrder(_ context.Context, r *pb.LookupOrderRequest) (*pb.LookupOrderResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := b.orders[r.OrderId]; {
	case b.mode != "up":
		return nil, status.Error(codes.Unavailable, b.mode)
	case e == nil:
		return nil, refusalBy(codes.NotFound, "ORDER_NOT_FOUND")
	default:
		return &pb.LookupOrderResponse{Authorization: e.auth, Tombstone: e.auth == nil}, nil
	}
}

func (b *book) MarkSubmitted(_ context.Context, r *pb.MarkSubmittedRequest) (*pb.MarkSubmittedResponse, error) {
	return once(b, r.RequestId, func() (*pb.MarkSubmittedResponse, error) {
		e := b.byID(r.AuthorizationId)
		if e == nil || e.auth.HeldAmount == 0 {
			return nil, refusalBy(codes.FailedPrecondition, "AUTHORIZATION_NOT_OPEN")
		}
		e.auth.State = pb.AuthorizationState_AUTHORIZATION_STATE_SUBMITTED
		e.submitted++
		return &pb.MarkSubmittedResponse{}, nil
	})
}

func (b *book) GetCarrier(_ context.Context, r *pb.GetCarrierRequest) (*pb.GetCarrierResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch c := b.carriers[r.CarrierId]; {
	case b.mode != "up":
		return nil, status.Error(codes.Unavailable, b.mode)
	case c == nil:
		return nil, refusalBy(codes.NotFound, "CARRIER_NOT_FOUND")
	default:
		return &pb.GetCarrierResponse{Carrier: c}, nil
	}
}

func (b *book) set(mode string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mode = mode
}

// shop is a carrier's own system: what it delivers, by order.
type shop struct {
	mu    sync.Mutex
	sales map[string]*sale
}

type sale struct {
	amount  int64 // delivered
	state   Delivery
	refused bool // it has said that it never will
}

func newShop() *shop { return &shop{sales: map[string]*sale{}} }

// Delivery says what became of an order.
func (s *shop) Delivery(_ context.Context, order string) (Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sold := s.sales[order]
	if sold == nil {
		s.sales[order] = &sale{state: NotDelivered, refused: true}
		return NotDelivered, nil
	}
	return sold.state, nil
}

// deliver begins a delivery, and ends it in a state.
func (s *shop) deliver(order string, amount int64, state Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := s.sales[order]; have != nil && have.refused {
		return
	}
	if state == NotDelivered {
		amount = 0
	}
	s.sales[order] = &sale{amount: amount, state: state}
}
