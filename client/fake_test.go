package client

import (
	"context"
	"fmt"
	"io"
	"net"
	"path"
	"strconv"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// Fake is a small Holdfast in memory: accounts with one limit, holds, orders, tombstones, events, and request ids that
// decide once. On top of it tests script faults: a reply that is lost after the request was carried out, a refusal, a
// delay, a stream that breaks.
type Fake struct {
	pb.UnimplementedAuthorizationServiceServer
	pb.UnimplementedAccountServiceServer
	pb.UnimplementedEventServiceServer
	pb.UnimplementedAdminServiceServer

	// Addr is where it listens, on loopback.
	Addr   string
	server *grpc.Server

	mu       sync.Mutex
	seen     []Seen
	script   map[string][]Act // by method: what to do with its next requests
	outcomes map[string]outcome
	accounts map[string]*pb.Account
	auths    map[string]*pb.Authorization
	orders   map[string]string // caller/order -> authorization id, or "" for a tombstone
	events   []*pb.Event
	changed  chan struct{} // closed and replaced with every event
	streams  int           // AuthorizeStream streams opened so far
	hold     func(*pb.AuthorizeStreamRequest) <-chan struct{}
	canned   *pb.AuthorizeResponse // answers every Authorize without deciding, for benchmarks
}

// Seen is a request as it arrived.
type Seen struct {
	Method, Caller, RequestID, Authorization string

	Via  string // the rpc it came over: its own, or AuthorizeStream
	Body string // deterministic encoding
}

// Act is what happens to one request.
type Act struct {
	Err       error // answered instead of the outcome
	CarryOut  bool  // but only after the request was carried out
	Delay     time.Duration
	Trailer   metadata.MD
	BreakWith error // ends the whole stream, for requests on a stream
}

type outcome struct {
	req, resp proto.Message
}

// StartFake starts a server on loopback.
func StartFake(opts ...grpc.ServerOption) *Fake {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	f := &Fake{
		Addr:     l.Addr().String(),
		script:   map[string][]Act{},
		outcomes: map[string]outcome{},
		accounts: map[string]*pb.Account{},
		auths:    map[string]*pb.Authorization{},
		orders:   map[string]string{},
		changed:  make(chan struct{}),
	}
	f.Listen(l, opts...)
	return f
}

// Listen serves on l; after Stop it continues with the same book, as a restarted server does.
func (f *Fake) Listen(l net.Listener, opts ...grpc.ServerOption) {
	f.server = grpc.NewServer(opts...)
	pb.RegisterAuthorizationServiceServer(f.server, f)
	pb.RegisterAccountServiceServer(f.server, f)
	pb.RegisterEventServiceServer(f.server, f)
	pb.RegisterAdminServiceServer(f.server, f)
	server := f.server
	go func() { _ = server.Serve(l) }()
}

// Stop drops all connections.
func (f *Fake) Stop() { f.server.Stop() }

// Script sets what happens to the next requests of a method; requests after those are treated as usual.
func (f *Fake) Script(method string, acts ...Act) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script[method] = append(f.script[method], acts...)
}

// Seen are the requests of a method so far.
func (f *Fake) Seen(method string) []Seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Seen
	for _, s := range f.seen {
		if s.Method == method {
			all = append(all, s)
		}
	}
	return all
}

// Streams is how many AuthorizeStream streams were opened so far.
func (f *Fake) Streams() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.streams
}

// arrive notes a request and takes its act off the script.
func (f *Fake) arrive(ctx context.Context, method string, req proto.Message) (Act, string) {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		panic(err)
	}
	var id string
	if r, ok := req.(interface{ GetRequestId() string }); ok {
		id = r.GetRequestId()
	}
	md, _ := metadata.FromIncomingContext(ctx)
	caller := first(md.Get("holdfast-caller"))
	via, _ := grpc.Method(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, Seen{
		Method: method, Caller: caller, RequestID: id, Authorization: first(md.Get("authorization")),
		Via: path.Base(via), Body: string(body),
	})
	if acts := f.script[method]; len(acts) > 0 {
		f.script[method] = acts[1:]
		return acts[0], caller
	}
	return Act{}, caller
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// once answers a write: it decides under the lock the first time and replays ever after.
func once[Req, Resp proto.Message](ctx context.Context, f *Fake, method string, req Req, decide func(caller string) (Resp, error)) (Resp, error) {
	var none Resp
	act, caller := f.arrive(ctx, method, req)
	if len(act.Trailer) > 0 {
		_ = grpc.SetTrailer(ctx, act.Trailer)
	}
	if act.BreakWith != nil {
		return none, breakStream{act.BreakWith}
	}
	if act.Delay > 0 {
		select {
		case <-time.After(act.Delay):
		case <-ctx.Done():
			return none, status.FromContextError(ctx.Err()).Err()
		}
	}
	if act.Err != nil && !act.CarryOut {
		return none, act.Err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	resp, err := func() (Resp, error) {
		id := any(req).(interface{ GetRequestId() string }).GetRequestId()
		if id == "" {
			return none, Refusal(codes.InvalidArgument, "REQUEST_ID_MISSING", nil)
		}
		key := caller + "/" + id
		if old, ok := f.outcomes[key]; ok {
			if !proto.Equal(old.req, req) {
				return none, Refusal(codes.InvalidArgument, "REQUEST_ID_REUSED", nil)
			}
			again := proto.Clone(old.resp)
			r := again.ProtoReflect()
			r.Set(r.Descriptor().Fields().ByName("replayed"), protoreflect.ValueOfBool(true))
			return again.(Resp), nil
		}
		resp, err := decide(caller)
		if err == nil {
			f.outcomes[key] = outcome{proto.Clone(req), proto.Clone(resp)}
		}
		return resp, err
	}()
	if err == nil && act.Err != nil {
		return none, act.Err
	}
	return resp, err
}

// read answers a call that changes nothing.
func read[Req, Resp proto.Message](ctx context.Context, f *Fake, method string, req Req, look func(caller string) (Resp, error)) (Resp, error) {
	act, caller := f.arrive(ctx, method, req)
	if act.Err != nil {
		var none Resp
		return none, act.Err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return look(caller)
}

// Refusal is a status with the details that Holdfast sends.
func Refusal(code codes.Code, reason string, after *time.Duration) error {
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Domain: "holdfast", Reason: reason}}
	if after != nil {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(*after)})
	}
	st, err := status.New(code, "refused by the fake").WithDetails(details...)
	if err != nil {
		panic(err)
	}
	return st.Err()
}

// breakStream ends the stream that a request came over.
type breakStream struct{ error }

// event appends to the feed. The lock is held.
func (f *Fake) event(t pb.EventType, caller string, a *pb.Authorization, amount int64) {
	n := len(f.events) + 1
	f.events = append(f.events, &pb.Event{
		Cursor: strconv.Itoa(n), Sequence: uint64(n), Type: t, Caller: caller, AccountId: a.GetAccountId(),
		AuthorizationId: a.GetAuthorizationId(), OrderId: a.GetOrderId(), Amount: amount, State: a.GetState(),
	})
	close(f.changed)
	f.changed = make(chan struct{})
}

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
		AuthorizationId: fmt.Sprintf("auth_%d", len(f.auths)+1), AccountId: r.AccountId, OrderId: r.OrderId,
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

func (f *Fake) WatchEvents(req *pb.WatchEventsRequest, stream grpc.ServerStreamingServer[pb.WatchEventsResponse]) error {
	act, _ := f.arrive(stream.Context(), "WatchEvents", req)
	stream.SetTrailer(act.Trailer)
	if act.Err != nil && !act.CarryOut {
		return act.Err
	}
	from := 0
	if req.Cursor != "" {
		n, err := strconv.Atoi(req.Cursor)
		if err != nil {
			return Refusal(codes.InvalidArgument, "CURSOR", nil)
		}
		from = n
	}
	for {
		f.mu.Lock()
		events, changed := f.events[from:], f.changed
		f.mu.Unlock()
		for _, e := range events {
			if err := stream.Send(&pb.WatchEventsResponse{Event: e}); err != nil {
				return err
			}
			from++
			if act.Err != nil { // CarryOut: one event, then the break
				return act.Err
			}
		}
		if len(events) > 0 {
			continue
		}
		if req.UntilNow {
			return nil
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// AuthorizeStream answers every request from a goroutine of its own, so answers come in any order.
func (f *Fake) AuthorizeStream(stream grpc.BidiStreamingServer[pb.AuthorizeStreamRequest, pb.AuthorizeStreamResponse]) error {
	f.mu.Lock()
	f.streams++
	hold := f.hold
	f.mu.Unlock()
	var sending sync.Mutex
	broken := make(chan error, 1)
	go func() {
		for {
			req, err := stream.Recv()
			if err != nil {
				broken <- err
				return
			}
			if f.canned != nil {
				_ = stream.Send(&pb.AuthorizeStreamResponse{CorrelationId: req.CorrelationId, Answer: &pb.AuthorizeStreamResponse_Authorize{Authorize: f.canned}})
				continue
			}
			go func() {
				resp, err := f.answer(stream.Context(), req)
				if b, ok := err.(breakStream); ok {
					select {
					case broken <- b.error:
					default:
					}
					return
				}
				if hold != nil {
					<-hold(req)
				}
				sending.Lock()
				defer sending.Unlock()
				_ = stream.Send(resp)
			}()
		}
	}()
	if err := <-broken; err != io.EOF {
		return err
	}
	return nil
}

// answer decides a request from a stream by the unary method.
func (f *Fake) answer(ctx context.Context, req *pb.AuthorizeStreamRequest) (*pb.AuthorizeStreamResponse, error) {
	resp := &pb.AuthorizeStreamResponse{CorrelationId: req.CorrelationId}
	var err error
	switch c := req.Call.(type) {
	case *pb.AuthorizeStreamRequest_Authorize:
		var r *pb.AuthorizeResponse
		r, err = f.Authorize(ctx, c.Authorize)
		resp.Answer = &pb.AuthorizeStreamResponse_Authorize{Authorize: r}
	case *pb.AuthorizeStreamRequest_Capture:
		var r *pb.CaptureResponse
		r, err = f.Capture(ctx, c.Capture)
		resp.Answer = &pb.AuthorizeStreamResponse_Capture{Capture: r}
	case *pb.AuthorizeStreamRequest_Void:
		var r *pb.VoidResponse
		r, err = f.Void(ctx, c.Void)
		resp.Answer = &pb.AuthorizeStreamResponse_Void{Void: r}
	case *pb.AuthorizeStreamRequest_Charge:
		var r *pb.ChargeResponse
		r, err = f.Charge(ctx, c.Charge)
		resp.Answer = &pb.AuthorizeStreamResponse_Charge{Charge: r}
	case *pb.AuthorizeStreamRequest_Increment:
		var r *pb.IncrementResponse
		r, err = f.Increment(ctx, c.Increment)
		resp.Answer = &pb.AuthorizeStreamResponse_Increment{Increment: r}
	case *pb.AuthorizeStreamRequest_Extend:
		var r *pb.ExtendResponse
		r, err = f.Extend(ctx, c.Extend)
		resp.Answer = &pb.AuthorizeStreamResponse_Extend{Extend: r}
	case *pb.AuthorizeStreamRequest_MarkSubmitted:
		var r *pb.MarkSubmittedResponse
		r, err = f.MarkSubmitted(ctx, c.MarkSubmitted)
		resp.Answer = &pb.AuthorizeStreamResponse_MarkSubmitted{MarkSubmitted: r}
	case *pb.AuthorizeStreamRequest_Reverse:
		var r *pb.ReverseResponse
		r, err = f.Reverse(ctx, c.Reverse)
		resp.Answer = &pb.AuthorizeStreamResponse_Reverse{Reverse: r}
	case *pb.AuthorizeStreamRequest_Refund:
		var r *pb.RefundResponse
		r, err = f.Refund(ctx, c.Refund)
		resp.Answer = &pb.AuthorizeStreamResponse_Refund{Refund: r}
	case *pb.AuthorizeStreamRequest_Advise:
		var r *pb.AdviseResponse
		r, err = f.Advise(ctx, c.Advise)
		resp.Answer = &pb.AuthorizeStreamResponse_Advise{Advise: r}
	case *pb.AuthorizeStreamRequest_Check:
		var r *pb.CheckResponse
		r, err = f.Check(ctx, c.Check)
		resp.Answer = &pb.AuthorizeStreamResponse_Check{Check: r}
	}
	if _, ok := err.(breakStream); ok {
		return nil, err
	}
	if err != nil {
		st := status.Convert(err).Proto()
		fault := &pb.Fault{Code: st.Code, Message: st.Message, Details: append([]*anypb.Any(nil), st.Details...)}
		resp.Answer = &pb.AuthorizeStreamResponse_Fault{Fault: fault}
	}
	return resp, nil
}
