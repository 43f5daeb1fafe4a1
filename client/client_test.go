package client

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// noWait makes backoff free and deterministic, and keeps what would have been waited.
type noWait struct {
	mu    sync.Mutex
	waits []time.Duration
}

func (n *noWait) option() Option {
	return func(o *options) {
		o.random = func() float64 { return 0.5 }
		o.sleep = func(ctx context.Context, d time.Duration) error {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.waits = append(n.waits, d)
			return ctx.Err()
		}
	}
}

func (n *noWait) taken() []time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]time.Duration(nil), n.waits...)
}

// start is a fake with one account, acc_1 with a limit of 500.00 CNY, and a client of it.
func start(t testing.TB, opts ...Option) (*Fake, *Client) {
	t.Helper()
	f := StartFake()
	t.Cleanup(f.Stop)
	c := dial(t, f, opts...)
	f.accounts["acc_1"] = &pb.Account{AccountId: "acc_1", Currency: "CNY", Limit: 50000, Available: 50000}
	return f, c
}

func dial(t testing.TB, f *Fake, opts ...Option) *Client {
	t.Helper()
	c, err := Dial(f.Addr, append([]Option{WithInsecure(), WithCaller("shop")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func topup(order string) *pb.AuthorizeRequest {
	return &pb.AuthorizeRequest{
		AccountId: "acc_1", Scene: pb.Scene_SCENE_TOPUP, OrderId: order, CarrierId: "cmcc", PhoneToken: "p-7",
		Currency: "CNY", Amount: 1000,
	}
}

// bothWays runs a test over unary calls and over pooled streams: the same methods, so the same meaning.
func bothWays(t *testing.T, test func(t *testing.T, way Option)) {
	t.Run("unary", func(t *testing.T) { test(t, WithStreams(0)) })
	t.Run("streams", func(t *testing.T) { test(t, WithStreams(2)) })
}

func TestRequestIDIsMadeOnceAndShown(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		f, c := start(t, way)
		req := topup("o-1")
		resp, err := c.Authorize(t.Context(), req)
		if err != nil || resp.Decision != pb.Decision_DECISION_APPROVED {
			t.Fatal(resp, err)
		}
		seen := f.Seen("Authorize")
		if len(seen) != 1 || req.RequestId == "" || seen[0].RequestID != req.RequestId || seen[0].Caller != "shop" {
			t.Fatalf("message has %q, the server saw %+v", req.RequestId, seen)
		}
		again, err := c.Authorize(t.Context(), req)
		if err != nil || !again.Replayed {
			t.Fatalf("the same message again: %v, %v; want a replay", again, err)
		}
		if again.Replayed = false; !proto.Equal(resp, again) {
			t.Fatalf("the replay differs:\n%v\n%v", resp, again)
		}
	})
}

func TestRequestIDOfTheCallerIsKept(t *testing.T) {
	f, c := start(t, WithRequestIDs(func() string { t.Error("an id was made"); return "x" }))
	req := topup("o-1")
	req.RequestId = "mine"
	if _, err := c.Authorize(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if s := f.Seen("Authorize"); s[0].RequestID != "mine" {
		t.Fatalf("%+v", s)
	}
}

func TestRequestIDsAreOrderedByTime(t *testing.T) {
	_, c := start(t)
	last := ""
	for range 1000 {
		id := c.NewRequestID()
		if id <= last || len(id) > 64 {
			t.Fatalf("%q after %q", id, last)
		}
		last = id
	}
}

// TestEveryCall walks the services' descriptors, so that a call added to the API and forgotten here fails.
func TestEveryCall(t *testing.T) {
	files := []protoreflect.FileDescriptor{
		pb.File_holdfast_v1_authorization_proto, pb.File_holdfast_v1_account_proto, pb.File_holdfast_v1_billing_proto,
		pb.File_holdfast_v1_terms_proto, pb.File_holdfast_v1_cluster_proto,
	}
	places := (&pb.AuthorizeStreamRequest{}).ProtoReflect().Descriptor().Oneofs().Get(0).Fields()
	carried := map[protoreflect.FullName]bool{}
	for i := range places.Len() {
		carried[places.Get(i).Message().FullName()] = true
	}
	bothWays(t, func(t *testing.T, way Option) {
		f, c := start(t, way)
		for _, file := range files {
			methods := file.Services().Get(0).Methods()
			for i := range methods.Len() {
				if m := methods.Get(i); !m.IsStreamingClient() && !m.IsStreamingServer() {
					checkCall(t, f, c, m, c.opts.streams > 0 && carried[m.Input().FullName()])
				}
			}
		}
	})
}

func checkCall(t *testing.T, f *Fake, c *Client, m protoreflect.MethodDescriptor, streamed bool) {
	name := string(m.Name())
	fn := reflect.ValueOf(c).MethodByName(name)
	if !fn.IsValid() {
		t.Errorf("Client has no %s", name)
		return
	}
	in := reflect.New(fn.Type().In(1).Elem())
	out := fn.Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
	req := in.Interface().(proto.Message).ProtoReflect()
	resp := out[0].Interface().(proto.Message).ProtoReflect()
	if req.Descriptor() != m.Input() || resp.Descriptor() != m.Output() {
		t.Errorf("%s takes %s and answers %s", name, req.Descriptor().FullName(), resp.Descriptor().FullName())
	}
	if id := m.Input().Fields().ByName("request_id"); id != nil && req.Get(id).String() == "" {
		t.Errorf("%s was sent without a request id", name)
	}
	err, _ := out[1].Interface().(error)
	if status.Code(err) == codes.Unimplemented {
		// The fake has not all of the services; that the right one was called is told by the generated stub.
		if !strings.Contains(err.Error(), "method "+name+" not implemented") {
			t.Errorf("%s called another: %v", name, err)
		}
		return
	}
	via := name
	if streamed {
		via = "AuthorizeStream"
	}
	if seen := f.Seen(name); len(seen) != 1 || seen[0].Via != via {
		t.Errorf("%s arrived as %+v, want it via %s", name, seen, via)
	}
}

func TestMetadata(t *testing.T) {
	f, c := start(t, WithBearerToken("secret"))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "traceparent", "00-1")
	if _, err := c.LookupOrder(ctx, &pb.LookupOrderRequest{OrderId: "none"}); ReasonOf(err) != "ORDER_NOT_FOUND" {
		t.Fatal(err)
	}
	if s := f.Seen("LookupOrder"); s[0].Caller != "shop" || s[0].Authorization != "Bearer secret" {
		t.Fatalf("%+v", s)
	}
	if stats, err := c.Admin().GetStats(t.Context(), &pb.GetStatsRequest{}); err != nil || stats.Version != "fake" {
		t.Fatal(stats, err)
	}
	if s := f.Seen("GetStats"); s[0].Caller != "shop" {
		t.Fatalf("%+v", s)
	}
}

func TestConnections(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		_, c := start(t, way, WithConnections(3))
		for range 6 {
			if _, err := c.Check(t.Context(), &pb.CheckRequest{}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestDialRefuses(t *testing.T) {
	secure := WithTransportCredentials(credentials.NewTLS(nil))
	for name, tt := range map[string]struct {
		target string
		opts   []Option
		ok     bool
	}{
		"no credentials":              {"localhost:1", nil, false},
		"token in the clear":          {"holdfast.example:1", []Option{WithInsecure(), WithBearerToken("x")}, false},
		"token in the clear, dns":     {"dns:///holdfast.example:1", []Option{WithInsecure(), WithBearerToken("x")}, false},
		"token to this host":          {"dns:///localhost:1", []Option{WithInsecure(), WithBearerToken("x")}, true},
		"token to ::1":                {"[::1]:1", []Option{WithInsecure(), WithBearerToken("x")}, true},
		"token to a socket":           {"unix:/run/holdfast", []Option{WithInsecure(), WithBearerToken("x")}, true},
		"token over TLS":              {"holdfast.example:1", []Option{secure, WithBearerToken("x")}, true},
		"negative streams":            {"localhost:1", []Option{WithInsecure(), WithStreams(-1)}, false},
		"no connections":              {"localhost:1", []Option{WithInsecure(), WithConnections(0)}, false},
		"negative attempts":           {"localhost:1", []Option{WithInsecure(), WithRetry(RetryPolicy{MaxAttempts: -1})}, false},
		"a policy with one field set": {"localhost:1", []Option{WithInsecure(), WithRetry(RetryPolicy{InitialBackoff: time.Minute})}, true},
	} {
		c, err := Dial(tt.target, tt.opts...)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
		if c != nil {
			_ = c.Close()
		}
	}
}

func TestDefaultTimeout(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		f, c := start(t, way, WithTimeout(500*time.Millisecond))
		connected, done := context.WithTimeout(t.Context(), time.Minute) // which is not what the time is for
		defer done()
		if _, err := c.Check(connected, &pb.CheckRequest{}); err != nil {
			t.Fatal(err)
		}
		f.Script("Authorize", Act{Delay: time.Minute})
		_, err := c.Authorize(t.Context(), topup("o-1"))
		if !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded {
			t.Fatal(err)
		}
		if !IsOutcomeUnknown(err) || !strings.Contains(err.Error(), "LookupOrder") {
			t.Fatalf("does not say that the outcome is unknown: %v", err)
		}
		if n := len(f.Seen("Authorize")); n != 1 {
			t.Fatalf("sent %d times; a deadline is not to be retried", n)
		}

		// A context with a deadline of its own is not cut short.
		f.Script("Authorize", Act{Delay: time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := c.Authorize(ctx, topup("o-2")); err != nil {
			t.Fatal(err)
		}
	})
}

func TestErrors(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		f, c := start(t, way)
		after := 1500 * time.Millisecond
		f.Script("Authorize", Act{Err: Refusal(codes.InvalidArgument, "CURRENCY_MISMATCH", &after)})
		req := topup("o-1")
		_, err := c.Authorize(t.Context(), req)
		var e *Error
		if !errors.As(err, &e) || e.Method != "Authorize" || e.RequestID != req.RequestId || e.Attempts != 1 {
			t.Fatalf("%#v", err)
		}
		if status.Code(err) != codes.InvalidArgument || ReasonOf(err) != "CURRENCY_MISMATCH" || IsOutcomeUnknown(err) {
			t.Fatal(err)
		}
		if d, ok := RetryAfter(err); !ok || d != after {
			t.Fatal(d, ok)
		}
		if ReasonOf(nil) != "" || ReasonOf(errors.New("x")) != "" || IsOutcomeUnknown(nil) {
			t.Fatal("found something in nothing")
		}
	})
}

func TestReadsHaveNoOutcome(t *testing.T) {
	f, c := start(t, WithRetry(RetryPolicy{MaxAttempts: 1}))
	f.Script("LookupOrder", Act{Err: status.Error(codes.Unavailable, "draining")})
	_, err := c.LookupOrder(t.Context(), &pb.LookupOrderRequest{OrderId: "o"})
	if status.Code(err) != codes.Unavailable || IsOutcomeUnknown(err) {
		t.Fatal(err)
	}
}

func TestClosed(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		f, c := start(t, way)
		f.Script("Authorize", Act{Delay: 10 * time.Second})
		failed := make(chan error)
		go func() {
			_, err := c.Authorize(context.Background(), topup("o-1"))
			failed <- err
		}()
		for len(f.Seen("Authorize")) == 0 {
			time.Sleep(time.Millisecond)
		}
		_ = c.Close()
		if err := <-failed; status.Code(err) != codes.Canceled || !IsOutcomeUnknown(err) {
			t.Fatalf("under way at Close: %v", err)
		}
		if _, err := c.Authorize(t.Context(), topup("o-2")); status.Code(err) != codes.Canceled {
			t.Fatalf("after Close: %v", err)
		}
	})
}
