package outbox

import (
	"context"
	"strings"
	"sync"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// fakeCore carries each request id out once, as Holdfast does, and keeps in which order that was. Authorization ids are the
// orders' with "auth_" before.
type fakeCore struct {
	mu      sync.Mutex
	done    map[string]bool     // by request id
	effects map[string][]string // by order: the request ids in the order in which they took effect
	calls   int
	under   map[string]int // by order: how many calls are under way
	overlap string         // an order of which two were at once
	auths   map[string]*pb.Authorization

	// fault is asked before a request is carried out, with the number of the call; nil for no fault. Lost says that the
	// request is carried out all the same.
	fault func(call int, id string) (err error, lost bool)
}

func newCore() *fakeCore {
	return &fakeCore{done: map[string]bool{}, effects: map[string][]string{}, under: map[string]int{}, auths: map[string]*pb.Authorization{}}
}

func refusalBy(code codes.Code, reason string) error {
	st, err := status.New(code, reason).WithDetails(&errdetails.ErrorInfo{Domain: "holdfast", Reason: reason})
	if err != nil {
		panic(err)
	}
	return st.Err()
}

func (c *fakeCore) carry(ctx context.Context, order, id string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	if c.under[order]++; c.under[order] > 1 {
		c.overlap = order
	}
	c.mu.Unlock() // so that two of an order could meet
	c.mu.Lock()
	defer func() { c.under[order]-- }()
	c.calls++
	var err error
	lost := false
	if c.fault != nil {
		err, lost = c.fault(c.calls, id)
	}
	if (err == nil || lost) && !c.done[id] {
		c.done[id] = true
		c.effects[order] = append(c.effects[order], id)
	}
	return err
}

func (c *fakeCore) Advise(ctx context.Context, r *pb.AdviseRequest) (*pb.AdviseResponse, error) {
	c.mu.Lock()
	_, exists := c.auths["auth_"+r.OrderId]
	c.mu.Unlock()
	if exists {
		return nil, refusalBy(codes.AlreadyExists, "ORDER_EXISTS")
	}
	return &pb.AdviseResponse{}, c.carry(ctx, r.OrderId, r.RequestId)
}

func (c *fakeCore) Capture(ctx context.Context, r *pb.CaptureRequest) (*pb.CaptureResponse, error) {
	return &pb.CaptureResponse{}, c.carry(ctx, strings.TrimPrefix(r.AuthorizationId, "auth_"), r.RequestId)
}

func (c *fakeCore) Void(ctx context.Context, r *pb.VoidRequest) (*pb.VoidResponse, error) {
	return &pb.VoidResponse{}, c.carry(ctx, strings.TrimPrefix(r.AuthorizationId, "auth_"), r.RequestId)
}

func (c *fakeCore) Reverse(ctx context.Context, r *pb.ReverseRequest) (*pb.ReverseResponse, error) {
	return &pb.ReverseResponse{}, c.carry(ctx, r.OrderId, r.RequestId)
}

func (c *fakeCore) GetAuthorization(_ context.Context, r *pb.GetAuthorizationRequest) (*pb.GetAuthorizationResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &pb.GetAuthorizationResponse{Authorization: c.auths[r.AuthorizationId]}, nil
}

func (c *fakeCore) LookupOrder(_ context.Context, r *pb.LookupOrderRequest) (*pb.LookupOrderResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &pb.LookupOrderResponse{Authorization: c.auths["auth_"+r.OrderId]}, nil
}

// effectsOf is what became of an order.
func (c *fakeCore) effectsOf(order string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.effects[order]...)
}
