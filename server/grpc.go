package server

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/holdfast-credit/holdfast/proto/codec"
	peerv1 "github.com/holdfast-credit/holdfast/proto/holdfast/peer/v1"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// EdgeConfig is what a gRPC server is made of, apart from its services.
type EdgeConfig struct {
	TLS      TLSConfig     // the zero value is plaintext
	Callers  *Callers      // nil believes the metadata holdfast-caller and lets everybody do everything
	Deadline time.Duration // of a unary call whose client sent none; default 5 s, negative for none

	MaxConnectionAge      time.Duration // after which a client is asked to connect again; default 1 h, negative for never
	MaxConnectionAgeGrace time.Duration // what its streams have then to end; default 5 min
	KeepaliveTime         time.Duration // idle time after which the server pings; default 1 min
	KeepaliveTimeout      time.Duration // what the client has to answer; default 20 s
	MinClientPing         time.Duration // a client that pings more often is cut off; default 10 s

	MaxMessageBytes int    // of a request; default 256 KiB
	MaxStreams      uint32 // calls at once on a connection; default 4,096
	StreamWorkers   int    // goroutines kept for calls; default 512, negative for none

	AccessLog AccessLog
	// Tracing installs the OpenTelemetry stats handler, with Tracer, which NewTracer makes. It costs microseconds on
	// each call, so it is for those who set an OTLP endpoint: see TracingConfigured.
	Tracing bool
	Tracer  trace.TracerProvider // nil for the global one
	Logger  *slog.Logger
}

func (c EdgeConfig) withDefaults() EdgeConfig {
	orDuration := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	orDuration(&c.Deadline, DefaultDeadline)
	orDuration(&c.MaxConnectionAge, time.Hour)
	orDuration(&c.MaxConnectionAgeGrace, 5*time.Minute)
	orDuration(&c.KeepaliveTime, time.Minute)
	orDuration(&c.KeepaliveTimeout, 20*time.Second)
	orDuration(&c.MinClientPing, 10*time.Second)
	if c.MaxConnectionAge < 0 {
		c.MaxConnectionAge = 0 // gRPC's word for never
	}
	if c.MaxMessageBytes == 0 {
		c.MaxMessageBytes = 256 << 10
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = 4096
	}
	if c.StreamWorkers == 0 {
		c.StreamWorkers = 512
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// TransportOptions are the options that concern connections and messages only. The benchmark's empty server takes them
// too, so that both are the same but for what Holdfast does.
//
// Kept goroutines have stacks that have grown already; a call that finds none free gets a new one, which grows its stack
// by copying it. A call that waits for the journal keeps its goroutine for milliseconds, so there have to be as many as
// calls under way: with 512 of them rather than 64, 256 calls under way take a sixth less of the server's processor time,
// and 64 take the same. An empty call, which waits for nothing, is served as well by 64. Larger and smaller buffers,
// fixed windows and buffers that are not shared made no difference that could be told from noise, so they are gRPC's.
func TransportOptions(c EdgeConfig) []grpc.ServerOption {
	c = c.withDefaults()
	return []grpc.ServerOption{
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge: c.MaxConnectionAge, MaxConnectionAgeGrace: c.MaxConnectionAgeGrace,
			Time: c.KeepaliveTime, Timeout: c.KeepaliveTimeout,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: c.MinClientPing, PermitWithoutStream: true}),
		grpc.MaxRecvMsgSize(c.MaxMessageBytes),
		grpc.ForceServerCodecV2(codec.New()),
		grpc.MaxConcurrentStreams(c.MaxStreams),
		grpc.NumStreamWorkers(uint32(max(0, c.StreamWorkers))),
		grpc.ConnectionTimeout(20 * time.Second),
	}
}

// NewGRPC is a gRPC server with everything but its services: transport, TLS, and what each call passes through, which is one interceptor rather than five, because at 40,000 calls a second each
// closure and each context is felt.
func NewGRPC(c EdgeConfig, m *Metrics) (*grpc.Server, error) { return newGRPC(c, m, nil) }

// newGRPC is NewGRPC for a node of a cluster, which sends calls on to where they belong.
func newGRPC(c EdgeConfig, m *Metrics, n *node) (*grpc.Server, error) {
	c = c.withDefaults()
	e := newEdge(c, m)
	e.node = n
	options := append(TransportOptions(c), grpc.UnaryInterceptor(e.unary), grpc.StreamInterceptor(e.stream))
	if c.TLS.Enabled() {
		creds, err := c.TLS.serverCredentials(c.Callers == nil, c.Logger)
		if err != nil {
			return nil, fmt.Errorf("server: %w", err)
		}
		options = append(options, grpc.Creds(creds))
	}
	if c.Tracing {
		var with []otelgrpc.Option
		if c.Tracer != nil {
			with = append(with, otelgrpc.WithTracerProvider(c.Tracer))
		}
		options = append(options, grpc.StatsHandler(otelgrpc.NewServerHandler(with...)))
	}
	return grpc.NewServer(options...), nil
}

// access is who may call a method.
type access uint8

const (
	accessKnown     access = iota // every caller that is known
	accessAnybody                 // even those that are not
	accessOperators               // operators and admins
	accessPeers                   // other nodes of the cluster
)

func accessOf(service, name string) access {
	switch service {
	case grpc_health_v1.Health_ServiceDesc.ServiceName:
		return accessAnybody
	case holdfastv1.AdminService_ServiceDesc.ServiceName, holdfastv1.PortfolioService_ServiceDesc.ServiceName:
		return accessOperators
	case peerv1.PeerService_ServiceDesc.ServiceName:
		return accessPeers
	}
	switch "/" + service + "/" + name {
	case holdfastv1.BillingService_RefundCreditBalance_FullMethodName, // money goes out
		holdfastv1.BillingService_WaiveCharges_FullMethodName, // and these give up what is owed, or when
		holdfastv1.BillingService_PausePenalty_FullMethodName,
		holdfastv1.PointsService_GrantPoints_FullMethodName, // they are as good as money
		holdfastv1.BillingService_ReageDebt_FullMethodName,
		holdfastv1.TermsService_PutTerms_FullMethodName,
		holdfastv1.RiskService_ResolveReview_FullMethodName,
		holdfastv1.RiskService_ListReviews_FullMethodName,
		holdfastv1.RiskService_ExportConsumer_FullMethodName, // everything at once about one person
		holdfastv1.RiskService_EraseConsumer_FullMethodName,
		holdfastv1.RiskService_PutPolicy_FullMethodName,
		holdfastv1.RiskService_ActivatePolicy_FullMethodName,
		holdfastv1.CarrierService_PutCarrier_FullMethodName,
		holdfastv1.ReconciliationService_ResolveBreak_FullMethodName,
		holdfastv1.SettlementService_CloseSettlement_FullMethodName,
		holdfastv1.SettlementService_ConfirmSettlement_FullMethodName,
		holdfastv1.ClusterService_GetClusterStatus_FullMethodName,
		holdfastv1.ClusterService_MoveShard_FullMethodName,
		holdfastv1.ClusterService_DrainNode_FullMethodName,
		holdfastv1.ClusterService_UndrainNode_FullMethodName,
		holdfastv1.ClusterService_ForgetNode_FullMethodName:
		return accessOperators
	}
	return accessKnown
}

// edge is what every call passes through.
type edge struct {
	callers  *Callers
	deadline time.Duration
	metrics  *Metrics
	methods  *methods
	logger   *slog.Logger
	access   *accessLog
	node     *node // that sends calls on; nil where there is no cluster
}

func newEdge(c EdgeConfig, m *Metrics) *edge {
	return &edge{
		callers: c.Callers, deadline: c.Deadline, metrics: m, methods: newMethods(&m.calls),
		logger: c.Logger, access: newAccessLog(c.AccessLog, c.Logger),
	}
}

// unary is the interceptor of unary calls, from the outside in: panics become incidents, the call is counted and
// logged, its caller is identified and may make it, it has a deadline.
func (e *edge) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	start := time.Now()
	m := e.methods.find(info.FullMethod, nil)
	m.started.Inc()
	call := &callContext{Context: ctx}
	defer func() {
		if p := recover(); p != nil {
			resp, err = nil, e.panicked(m, call.caller, req, p)
		}
		took := time.Since(start)
		m.seconds.Observe(took.Seconds())
		if err == nil {
			m.handled[codes.OK].Inc()
			if level, ok := e.access.wants(ctx, codes.OK, took, false); ok {
				e.access.write(ctx, level, &callRecord{method: m, caller: call.caller, req: req, resp: resp, took: took})
			}
			return
		}
		resp, err = nil, e.failed(ctx, &callRecord{method: m, caller: call.caller, req: req, took: took}, err)
	}()
	if call.caller, call.hopped, err = e.admit(ctx, m); err != nil {
		return nil, err
	}
	inner, cancel := withDeadline(ctx, e.deadline)
	defer cancel()
	call.Context = inner
	if e.node != nil && m.access != accessPeers {
		return e.node.carry(call, m.name, req, handler)
	}
	return handler(call, req)
}

// stream is the interceptor of streaming calls. They have no default deadline.
func (e *edge) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	start := time.Now()
	m := e.methods.find(info.FullMethod, &streamKind{info.IsClientStream, info.IsServerStream})
	m.started.Inc()
	ctx := ss.Context()
	call := &edgeStream{ServerStream: ss, method: m, ctx: callContext{Context: ctx}}
	defer func() {
		if p := recover(); p != nil {
			err = e.panicked(m, call.ctx.caller, nil, p)
		}
		r := &callRecord{
			method: m, caller: call.ctx.caller, took: time.Since(start), received: call.received.Load(), sent: call.sent.Load(),
		}
		if err != nil {
			err = e.failed(ctx, r, err)
			return
		}
		m.handled[codes.OK].Inc()
		if level, ok := e.access.wants(ctx, codes.OK, r.took, true); ok {
			e.access.write(ctx, level, r)
		}
	}()
	if call.ctx.caller, call.ctx.hopped, err = e.admit(ctx, m); err != nil {
		return err
	}
	return handler(srv, call)
}

// admit says who is calling, and whether a peer sent the call on, and refuses those who may not, before anything of the
// request is looked at.
func (e *edge) admit(ctx context.Context, m *method) (caller Caller, hopped bool, err error) {
	caller, err = e.callers.identify(ctx)
	if err == nil && e.node != nil && (caller.Role == RolePeer || e.callers == nil) && m.access != accessPeers {
		var c Caller
		if c, hopped, err = behalf(ctx); hopped {
			caller = c
		}
	}
	switch {
	case m.access == accessAnybody:
		return caller, hopped, nil
	case err != nil:
		return Caller{}, false, err
	case m.access == accessOperators && !caller.Role.operates():
		return caller, hopped, failed(codes.PermissionDenied, "PERMISSION_DENIED",
			"the caller's role is "+caller.Role.String()+"; the call is for operators and admins")
	case m.access == accessPeers && caller.Role != RolePeer && e.callers != nil:
		return caller, hopped, failed(codes.PermissionDenied, "PERMISSION_DENIED",
			"the caller's role is "+caller.Role.String()+"; the call is for the cluster's own nodes")
	}
	return caller, hopped, nil
}

// failed counts and logs a call that ended with an error, and gives the error that the caller is told.
func (e *edge) failed(ctx context.Context, r *callRecord, err error) error {
	st, ok := status.FromError(err)
	if !ok {
		st = status.FromContextError(err)
		if st.Code() == codes.Unknown {
			// Services answer with a status. What is none is a bug, and not for the caller's eyes.
			err = incident(e.logger, r.method, r.caller, "a call failed without a status",
				"error", redact(err.Error(), tokensOf(r.req)))
			st, _ = status.FromError(err)
		}
	}
	r.status = st
	r.method.handledWith(st.Code()).Inc()
	e.metrics.Fault(reasonOf(st))
	if level, ok := e.access.wants(ctx, st.Code(), r.took, r.req == nil); ok {
		e.access.write(ctx, level, r)
	}
	return err
}
