package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// eventually fails the test unless what becomes true soon.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 5000 {
		if is() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

func TestStreamAnswersOutOfOrder(t *testing.T) {
	f, c := start(t, WithStreams(1))
	gates := map[string]chan struct{}{}
	for i := range 20 {
		gates[fmt.Sprint("o-", i)] = make(chan struct{})
	}
	f.hold = func(r *pb.AuthorizeStreamRequest) <-chan struct{} { return gates[r.GetAuthorize().GetOrderId()] }

	var calls sync.WaitGroup
	answers := make(chan string, len(gates))
	for order := range gates {
		calls.Go(func() {
			resp, err := c.Authorize(t.Context(), topup(order))
			if err != nil || resp.Authorization.OrderId != order {
				t.Errorf("%s got %v, %v", order, resp, err)
			}
			answers <- order
		})
	}
	eventually(t, "all arrived", func() bool { return len(f.Seen("Authorize")) == len(gates) })
	for i := len(gates) - 1; i >= 0; i-- {
		order := fmt.Sprint("o-", i)
		close(gates[order])
		if got := <-answers; got != order {
			t.Fatalf("%s was answered when %s was let go", got, order)
		}
	}
	calls.Wait()
	if f.Streams() != 1 {
		t.Fatalf("%d streams", f.Streams())
	}
}

func TestStreamBreaksAndIsOpenedAgain(t *testing.T) {
	f, c := start(t, WithStreams(1), WithTimeout(10*time.Second))
	for i := range 5 {
		// The break takes all that is in flight with it, whoever caused it.
		f.Script("Authorize", Act{}, Act{BreakWith: status.Error(codes.Internal, "crash")})
		var calls sync.WaitGroup
		for j := range 10 {
			calls.Go(func() {
				resp, err := c.Authorize(t.Context(), topup(fmt.Sprintf("o-%d-%d", i, j)))
				if err != nil || resp.Decision != pb.Decision_DECISION_APPROVED && resp.Headroom.Available > 1000 {
					t.Errorf("%v, %v", resp, err)
				}
			})
		}
		calls.Wait()
	}
	if n := f.Streams(); n < 3 {
		t.Fatalf("%d streams; the test broke none", n)
	}
	ids := map[string]string{}
	for _, s := range f.Seen("Authorize") {
		if body, ok := ids[s.RequestID]; ok && body != s.Body {
			t.Fatalf("two bodies under %s", s.RequestID)
		}
		ids[s.RequestID] = s.Body
	}
	if acc := f.accounts["acc_1"]; len(ids) != 50 || acc.Held != 50000 {
		t.Fatalf("%d request ids, %d held; want 50 orders of 1000 each once", len(ids), acc.Held)
	}
	if spent := c.budget.max - c.budget.tokens.Load(); spent > 5000 {
		t.Fatalf("5 breaks cost %d thousandths of a token", spent)
	}
}

func TestServerRestart(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		f, c := start(t, way, WithTimeout(20*time.Second), WithRetry(RetryPolicy{MaxAttempts: 20}))
		if _, err := c.Authorize(t.Context(), topup("o-1")); err != nil {
			t.Fatal(err)
		}
		f.Stop()
		done := make(chan error)
		for i := range 8 {
			go func() {
				_, err := c.Authorize(t.Context(), topup(fmt.Sprint("down-", i)))
				done <- err
			}()
		}
		time.Sleep(100 * time.Millisecond)
		l, err := net.Listen("tcp", f.Addr)
		if err != nil {
			t.Skip("the port was taken meanwhile")
		}
		f.Listen(l)
		for range 8 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestServerGone(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		f, c := start(t, way, WithRetry(RetryPolicy{MaxAttempts: 2}))
		f.Stop()
		if _, err := c.Authorize(t.Context(), topup("o-1")); status.Code(err) != codes.Unavailable {
			t.Fatal(err)
		}
	})
}

// TestStreamRefused: a stream that the server will not have is the call's error, not a reason to try for ever.
func TestStreamRefused(t *testing.T) {
	f2 := StartFake(grpc.StreamInterceptor(func(any, grpc.ServerStream, *grpc.StreamServerInfo, grpc.StreamHandler) error {
		return status.Error(codes.Unauthenticated, "who are you")
	}))
	defer f2.Stop()
	c := dial(t, f2, WithStreams(1))
	_, err := c.Authorize(t.Context(), topup("o-1"))
	var e *Error
	if !errors.As(err, &e) || status.Code(err) != codes.Unauthenticated || e.Attempts != 1 || e.OutcomeUnknown {
		t.Fatal(err)
	}
}

func TestOneWaiterLeavesTheOthersStay(t *testing.T) {
	f, c := start(t, WithStreams(1))
	gate := make(chan struct{})
	f.hold = func(*pb.AuthorizeStreamRequest) <-chan struct{} { return gate }
	ctx, cancel := context.WithCancel(t.Context())
	left, stayed := make(chan error), make(chan error)
	go func() { _, err := c.Authorize(ctx, topup("leaves")); left <- err }()
	go func() {
		resp, err := c.Authorize(t.Context(), topup("stays"))
		if err == nil && resp.Authorization.OrderId != "stays" {
			err = fmt.Errorf("got the answer of %s", resp.Authorization.OrderId)
		}
		stayed <- err
	}()
	eventually(t, "both arrived", func() bool { return len(f.Seen("Authorize")) == 2 })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) || !IsOutcomeUnknown(err) {
		t.Fatal(err)
	}

	// The freed slot is used again before the late answer to its former user comes.
	third := make(chan error)
	go func() {
		resp, err := c.Authorize(t.Context(), topup("third"))
		if err == nil && resp.Authorization.OrderId != "third" {
			err = fmt.Errorf("got the answer of %s", resp.Authorization.OrderId)
		}
		third <- err
	}()
	eventually(t, "the third arrived", func() bool { return len(f.Seen("Authorize")) == 3 })
	close(gate)
	if err := errors.Join(<-stayed, <-third); err != nil {
		t.Fatal(err)
	}
	if f.Streams() != 1 {
		t.Fatal("the stream was opened anew")
	}
}

// TestNeverSentIsKnown: a request that did not leave the queue has no unknown outcome, and is not sent later.
func TestNeverSentIsKnown(t *testing.T) {
	f := StartFake()
	defer f.Stop()
	release := make(chan struct{})
	c := dial(t, f, WithStreams(1), WithDialOptions(grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
		<-release
		return net.Dial("tcp", addr)
	})))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Authorize(ctx, topup("o-1")); !errors.Is(err, context.DeadlineExceeded) || IsOutcomeUnknown(err) {
		t.Fatal(err)
	}
	close(release)
	if _, err := c.Check(t.Context(), &pb.CheckRequest{}); err != nil {
		t.Fatal(err)
	}
	if n := len(f.Seen("Authorize")); n != 0 {
		t.Fatal("it was sent after its caller had left")
	}
}

func TestDesertedQueueIsBounded(t *testing.T) {
	s := &stream{wake: make(chan struct{}, 1), compactAt: compactMin, budget: newBudget(DefaultRetryPolicy())}
	for range 100 * compactMin { // no sender: the server does not read
		w := &waiter{done: make(chan struct{}, 1)}
		if err := s.enqueue(w); err != nil {
			t.Fatal(err)
		}
		if was := s.leave(w); was != queued {
			t.Fatal(was)
		}
	}
	if len(s.queue) > compactMin {
		t.Fatalf("%d deserted requests are kept", len(s.queue))
	}
}

func TestInflight(t *testing.T) {
	var table inflight
	a, b := &waiter{}, &waiter{}
	table.add(a)
	table.add(b)
	first := a.id
	if table.remove(first) != a || table.remove(first) != nil || table.remove(1<<40+7) != nil {
		t.Fatal("a waiter was found twice, or another's id was")
	}
	c := &waiter{}
	table.add(c)
	if len(table.slots) != 2 || table.remove(first) != nil {
		t.Fatal("the slot's former id finds its new waiter")
	}
	if all := table.removeAll(); len(all) != 2 || table.remove(c.id) != nil || len(table.free) != 2 {
		t.Fatal("not all were removed")
	}
}

func TestStreamBadRequest(t *testing.T) {
	f, c := start(t, WithStreams(1))
	req := topup("o-\xff") // protobuf has UTF-8 only
	_, err := c.Authorize(t.Context(), req)
	if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "UTF-8") || IsOutcomeUnknown(err) {
		t.Fatal(err)
	}
	if f.Streams() != 0 {
		t.Fatal("a stream was opened for it")
	}
}

// TestStreamsUnderFire lets callers come and go while the server is restarted, and then counts the money.
func TestStreamsUnderFire(t *testing.T) {
	f, c := start(t, WithStreams(3), WithConnections(2), WithTimeout(5*time.Second), WithRetry(RetryPolicy{MaxAttempts: 50}))
	f.accounts["acc_1"].Limit, f.accounts["acc_1"].Available = 1<<40, 1<<40
	var callers sync.WaitGroup
	var mu sync.Mutex
	approved := map[string]bool{}
	unknown := map[string]bool{}
	for i := range 16 {
		callers.Go(func() {
			for j := range 60 {
				order := fmt.Sprintf("o-%d-%d", i, j)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				if j%7 == 0 {
					ctx, cancel = context.WithTimeout(t.Context(), time.Duration(i*50)*time.Microsecond)
				}
				resp, err := c.Authorize(ctx, topup(order))
				cancel()
				mu.Lock()
				switch {
				case err == nil && resp.Authorization.OrderId != order:
					t.Errorf("%s got the answer of %s", order, resp.Authorization.OrderId)
				case err == nil:
					approved[order] = true
				case IsOutcomeUnknown(err):
					unknown[order] = true
				case status.Code(err) != codes.DeadlineExceeded && status.Code(err) != codes.Unavailable:
					t.Error(err) // those two, with a known outcome: it was never sent
				}
				mu.Unlock()
			}
		})
	}
	for range 4 {
		time.Sleep(15 * time.Millisecond)
		f.Stop()
		l, err := net.Listen("tcp", f.Addr)
		if err != nil {
			t.Fatal(err)
		}
		f.Listen(l)
	}
	callers.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	held := map[string]bool{}
	for _, a := range f.auths {
		if held[a.OrderId] {
			t.Errorf("%s is held twice", a.OrderId)
		}
		held[a.OrderId] = true
		if !approved[a.OrderId] && !unknown[a.OrderId] {
			t.Errorf("%s is held, and its caller was told that it is not", a.OrderId)
		}
	}
	for order := range approved {
		if !held[order] {
			t.Errorf("%s was approved and is not held", order)
		}
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	f, c := start(t, WithStreams(4), WithConnections(2))
	for i := range 20 {
		if _, err := c.Authorize(t.Context(), topup(fmt.Sprint("o-", i))); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Close()
	f.Stop()
	eventually(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before })
}

// TestStatusOfABrokenStream: what ended the stream was said to one request, or to none; the others need only another
// stream. What is said of the caller holds for all.
func TestStatusOfABrokenStream(t *testing.T) {
	for given, want := range map[codes.Code]codes.Code{
		codes.Internal: codes.Unavailable, codes.InvalidArgument: codes.Unavailable, codes.Canceled: codes.Unavailable,
		codes.DeadlineExceeded: codes.Unavailable, codes.Unavailable: codes.Unavailable,
		codes.Unauthenticated: codes.Unauthenticated, codes.PermissionDenied: codes.PermissionDenied,
		codes.Unimplemented: codes.Unimplemented, codes.ResourceExhausted: codes.ResourceExhausted,
	} {
		if got := status.Code(brokenError(status.Error(given, "x"))); got != want {
			t.Errorf("%s became %s, want %s", given, got, want)
		}
	}
	if got := status.Code(brokenError(io.EOF)); got != codes.Unavailable {
		t.Errorf("the server's end of the stream became %s", got)
	}
	if err := faultError(&pb.Fault{}); status.Code(err) != codes.Internal {
		t.Errorf("a fault without a code became %v", err)
	}
}
