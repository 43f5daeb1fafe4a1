package client

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

var (
	unavailable = status.Error(codes.Unavailable, "draining")
	throttled   = Refusal(codes.ResourceExhausted, "QUEUE_FULL", nil)
)

func pushback(ms string) metadata.MD { return metadata.Pairs("grpc-retry-pushback-ms", ms) }

func TestRetriesKeepRequestIDAndBody(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		var clock noWait
		f, c := start(t, way, clock.option())
		// The first attempt is carried out but its answer is lost: only the request id prevents a second hold.
		f.Script("Authorize", Act{Err: unavailable, CarryOut: true}, Act{Err: throttled}, Act{Err: unavailable})
		req := topup("o-1")
		resp, err := c.Authorize(t.Context(), req)
		if err != nil || !resp.Replayed || resp.Headroom.Held != 1000 {
			t.Fatalf("%v, %v; want the replay of one hold", resp, err)
		}
		seen := f.Seen("Authorize")
		if len(seen) != 4 || seen[0].RequestID != req.RequestId {
			t.Fatalf("%d attempts, id %q", len(seen), seen[0].RequestID)
		}
		for _, s := range seen[1:] {
			if s != seen[0] {
				t.Fatalf("attempts differ:\n%+v\n%+v", seen[0], s)
			}
		}
		want := []time.Duration{25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond}
		if !slices.Equal(clock.taken(), want) {
			t.Fatalf("waited %v, want half of each bound", clock.taken())
		}
	})
}

func TestNotRetried(t *testing.T) {
	for _, code := range []codes.Code{
		codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition, codes.PermissionDenied,
		codes.Unauthenticated, codes.DeadlineExceeded, codes.Internal, codes.Unknown, codes.DataLoss, codes.Aborted,
	} {
		t.Run(code.String(), func(t *testing.T) {
			bothWays(t, func(t *testing.T, way Option) {
				var clock noWait
				f, c := start(t, way, clock.option())
				f.Script("Capture", Act{Err: status.Error(code, "no")})
				_, err := c.Capture(t.Context(), &pb.CaptureRequest{AuthorizationId: "auth_1"})
				if status.Code(err) != code || len(f.Seen("Capture")) != 1 || len(clock.taken()) != 0 {
					t.Fatalf("%v after %d attempts", err, len(f.Seen("Capture")))
				}
				if IsOutcomeUnknown(err) != mayHaveHappened(code) {
					t.Fatalf("outcome unknown: %v", IsOutcomeUnknown(err))
				}
			})
		})
	}
}

func TestMaxAttempts(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		var clock noWait
		f, c := start(t, way, clock.option(), WithRetry(RetryPolicy{MaxAttempts: 3}))
		f.Script("Authorize", Act{Err: throttled}, Act{Err: throttled}, Act{Err: throttled}, Act{Err: throttled})
		_, err := c.Authorize(t.Context(), topup("o-1"))
		var e *Error
		if !errors.As(err, &e) || e.Attempts != 3 || len(f.Seen("Authorize")) != 3 || len(clock.taken()) != 2 {
			t.Fatal(err)
		}
		if e.OutcomeUnknown || ReasonOf(err) != "QUEUE_FULL" {
			t.Fatalf("a throttled request was not carried out: %v", err)
		}
	})
}

// TestOutcomeOfSeveralAttempts: what an earlier attempt left open stays open until the server answers the request
// itself.
func TestOutcomeOfSeveralAttempts(t *testing.T) {
	denied := status.Error(codes.Unauthenticated, "the token expired meanwhile")
	refused := Refusal(codes.FailedPrecondition, "ORDER_REVERSED", nil)
	for name, tt := range map[string]struct {
		second  error
		unknown bool
	}{"throttled": {throttled, true}, "denied": {denied, true}, "refused": {refused, false}} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, way Option) {
				var clock noWait
				f, c := start(t, way, clock.option(), WithRetry(RetryPolicy{MaxAttempts: 2}))
				f.Script("Authorize", Act{Err: unavailable}, Act{Err: tt.second})
				if _, err := c.Authorize(t.Context(), topup("o-1")); IsOutcomeUnknown(err) != tt.unknown {
					t.Fatalf("unknown is not %v: %v", tt.unknown, err)
				}
			})
		})
	}
}

func TestPushBack(t *testing.T) {
	for _, tt := range []struct {
		trailer metadata.MD
		waits   []time.Duration
		ok      bool
	}{
		{pushback("70"), []time.Duration{70 * time.Millisecond}, true},
		{pushback("0"), []time.Duration{0}, true},
		{pushback("-1"), nil, false},
		{pushback("soon"), nil, false},
	} {
		var clock noWait
		f, c := start(t, clock.option())
		f.Script("Authorize", Act{Err: unavailable, Trailer: tt.trailer})
		_, err := c.Authorize(t.Context(), topup("o-1"))
		if (err == nil) != tt.ok || !slices.Equal(clock.taken(), tt.waits) {
			t.Errorf("%v: waited %v, %v", tt.trailer, clock.taken(), err)
		}
	}
}

func TestRetryInfoIsALeastWait(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		var clock noWait
		f, c := start(t, way, clock.option())
		after := 300 * time.Millisecond
		f.Script("Authorize", Act{Err: Refusal(codes.ResourceExhausted, "QUEUE_FULL", &after)})
		if _, err := c.Authorize(t.Context(), topup("o-1")); err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{325 * time.Millisecond}; !slices.Equal(clock.taken(), want) {
			t.Fatalf("waited %v, want %v", clock.taken(), want)
		}
	})
}

// TestNoWaitBeyondTheDeadline: the server's words come back at once, rather than a deadline later.
func TestNoWaitBeyondTheDeadline(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		var clock noWait
		f, c := start(t, way, clock.option(), WithTimeout(time.Second))
		after := time.Minute
		f.Script("Authorize", Act{Err: Refusal(codes.ResourceExhausted, "QUEUE_FULL", &after)})
		_, err := c.Authorize(t.Context(), topup("o-1"))
		if status.Code(err) != codes.ResourceExhausted || len(clock.taken()) != 0 {
			t.Fatalf("%v after waiting %v", err, clock.taken())
		}
		if d, _ := RetryAfter(err); d != after {
			t.Fatal(d)
		}
	})
}

func TestCancelledWhileWaiting(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		ctx, cancel := context.WithCancel(t.Context())
		f, c := start(t, way, func(o *options) {
			o.sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return sleep(ctx, time.Hour) }
		})
		f.Script("Authorize", Act{Err: unavailable})
		_, err := c.Authorize(ctx, topup("o-1"))
		if !errors.Is(err, context.Canceled) || !IsOutcomeUnknown(err) {
			t.Fatal(err)
		}
	})
}

func TestBudgetStopsRetries(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		var clock noWait
		f, c := start(t, way, clock.option(), WithRetry(RetryPolicy{MaxAttempts: 100, MaxTokens: 10, TokenRatio: 0.5}))
		fail := func(n int) {
			for range n {
				f.Script("Authorize", Act{Err: throttled})
			}
		}
		fail(100)
		if _, err := c.Authorize(t.Context(), topup("o-1")); status.Code(err) != codes.ResourceExhausted {
			t.Fatal(err)
		}
		if n := len(f.Seen("Authorize")); n != 5 { // 10, 9, 8, 7, 6 tokens allow; at 5 it is over
			t.Fatalf("%d attempts on a budget of 10", n)
		}
		if _, err := c.Authorize(t.Context(), topup("o-2")); err == nil || len(f.Seen("Authorize")) != 6 {
			t.Fatalf("%v after %d attempts; the budget is spent for all calls", err, len(f.Seen("Authorize")))
		}

		// Successes earn it back: 4 + 4 * 0.5 allows one retry more.
		for range 4 {
			if _, err := c.Check(t.Context(), &pb.CheckRequest{}); err != nil {
				t.Fatal(err)
			}
		}
		f.mu.Lock()
		f.script["Authorize"] = nil
		f.mu.Unlock()
		fail(1)
		if _, err := c.Authorize(t.Context(), topup("o-3")); status.Code(err) != codes.ResourceExhausted {
			t.Fatalf("%v; one failure costs the token that was one too few", err)
		}
		for range 4 {
			_, _ = c.Check(t.Context(), &pb.CheckRequest{})
		}
		fail(1)
		if _, err := c.Authorize(t.Context(), topup("o-4")); err != nil {
			t.Fatalf("the budget was earned back: %v", err)
		}
	})
}

func TestBudgetArithmetic(t *testing.T) {
	b := newBudget(RetryPolicy{MaxTokens: 2, TokenRatio: 0.25})
	for range 5 {
		b.failed()
	}
	if b.tokens.Load() != 0 || b.allows() {
		t.Fatalf("%d tokens", b.tokens.Load())
	}
	for i := range 100 {
		b.succeeded()
		if want := min(2000, int64(i+1)*250); b.tokens.Load() != want || b.allows() != (want > 1000) {
			t.Fatalf("after %d successes %d thousandths, want %d", i+1, b.tokens.Load(), want)
		}
	}
}

func TestBackoffIsBounded(t *testing.T) {
	p := DefaultRetryPolicy()
	for n := 1; n < 2000; n++ {
		for _, random := range []float64{0, 0.3, math.Nextafter(1, 0)} {
			bound := p.MaxBackoff
			if n < 6 {
				bound = p.InitialBackoff << (n - 1)
			}
			if d := p.backoff(n, random); d < 0 || d > bound {
				t.Fatalf("backoff(%d, %v) = %v, bound %v", n, random, d, bound)
			}
		}
	}
}
