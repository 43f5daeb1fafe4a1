package client

import (
	"context"
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
	pb.UnimplementedBillingServiceServer
	pb.UnimplementedTermsServiceServer
	pb.UnimplementedEventServiceServer
	pb.UnimplementedAdminServiceServer
	pb.UnimplementedClusterServiceServer

	// Addr is where it listens, on loopback.
	Addr   string
	server *grpc.Server

	*book // its lock guards the rest as well

	seen    []Seen
	script  map[string][]Act // by method: what to do with its next requests
	streams int              // AuthorizeStream streams opened so far
	hold    func(*pb.AuthorizeStreamRequest) <-chan struct{}
	canned  *pb.AuthorizeResponse // answers every Authorize without deciding, for benchmarks

	tells  *pb.GetTopologyResponse // nil for a version that knows no clusters
	asked  int                     // how often it was
	dead   bool                    // was killed
	behind bool                    // answers no local reads
	strict bool                    // refuses what another node decides, instead of sending it on
}

// book is what all nodes of a cluster know.
type book struct {
	mu       sync.Mutex
	outcomes map[string]outcome
	accounts map[string]*pb.Account
	auths    map[string]*pb.Authorization
	orders   map[string]string // caller/order -> authorization id, or "" for a tombstone
	events   []*pb.Event
	issued   []*pb.Collection // their cursors are their numbers
	changed  chan struct{}    // closed and replaced with every event
	owners   []*Fake          // by shard; nil while nobody decides; empty without a cluster
}

// Seen is a request as it arrived.
type Seen struct {
	Method, Caller, RequestID, Authorization, Read string

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
	return startFake(&book{
		outcomes: map[string]outcome{},
		accounts: map[string]*pb.Account{},
		auths:    map[string]*pb.Authorization{},
		orders:   map[string]string{},
		changed:  make(chan struct{}),
	}, opts...)
}

func startFake(b *book, opts ...grpc.ServerOption) *Fake {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	f := &Fake{Addr: l.Addr().String(), book: b, script: map[string][]Act{}}
	f.Listen(l, opts...)
	return f
}

// Listen serves on l; after Stop it continues with the same book, as a restarted server does.
func (f *Fake) Listen(l net.Listener, opts ...grpc.ServerOption) {
	f.server = grpc.NewServer(opts...)
	pb.RegisterAuthorizationServiceServer(f.server, f)
	pb.RegisterAccountServiceServer(f.server, f)
	pb.RegisterBillingServiceServer(f.server, f)
	pb.RegisterTermsServiceServer(f.server, f)
	pb.RegisterEventServiceServer(f.server, f)
	pb.RegisterAdminServiceServer(f.server, f)
	pb.RegisterClusterServiceServer(f.server, f)
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
		Read: first(md.Get("holdfast-read")),
		Via:  path.Base(via), Body: string(body),
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
	if err := f.admit(ctx, req); err != nil {
		return none, err
	}
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
	if err := f.admit(ctx, req); err != nil {
		var none Resp
		return none, err
	}
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
