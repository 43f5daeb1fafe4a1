package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// withEvents is a fake that has n events.
func withEvents(t *testing.T, n int, opts ...Option) (*Fake, *Client) {
	f, c := start(t, opts...)
	for i := range n {
		if _, err := c.Authorize(t.Context(), topup(fmt.Sprint("o-", i))); err != nil {
			t.Fatal(err)
		}
	}
	return f, c
}

func TestWatchGoesOnFromTheLastCursor(t *testing.T) {
	var clock noWait
	f, c := withEvents(t, 5, clock.option())
	f.Script("WatchEvents",
		Act{Err: unavailable, CarryOut: true}, // one event, then the break
		Act{Err: unavailable}, Act{Err: throttled},
		Act{Err: unavailable, CarryOut: true},
	)
	req := &pb.WatchEventsRequest{UntilNow: true}
	var got []string
	for e, err := range c.WatchEvents(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Cursor)
	}
	if want := []string{"1", "2", "3", "4", "5"}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	// The backoff begins anew after each event.
	ms := time.Millisecond
	if want := []time.Duration{25 * ms, 50 * ms, 100 * ms, 25 * ms}; !slices.Equal(clock.taken(), want) {
		t.Fatalf("waited %v, want %v", clock.taken(), want)
	}
	if req.Cursor != "" {
		t.Fatal("the caller's request was changed")
	}
}

func TestWatchFollows(t *testing.T) {
	_, c := withEvents(t, 1, WithTimeout(0))
	go func() {
		time.Sleep(10 * time.Millisecond)
		_, _ = c.Authorize(context.Background(), topup("late"))
	}()
	var got []string
	for e, err := range c.WatchEvents(t.Context(), &pb.WatchEventsRequest{}) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e.OrderId); e.OrderId == "late" {
			break
		}
	}
	if want := []string{"o-0", "late"}; !slices.Equal(got, want) {
		t.Fatal(got)
	}
}

func TestWatchEndsWithItsError(t *testing.T) {
	f, c := withEvents(t, 1)
	f.Script("WatchEvents", Act{Err: Refusal(codes.OutOfRange, "EVENTS_TRIMMED", nil)}, Act{Err: unavailable, Trailer: pushback("-1")})
	for range 2 {
		var errs []error
		for e, err := range c.WatchEvents(t.Context(), &pb.WatchEventsRequest{Cursor: "0"}) {
			if e != nil {
				t.Fatal(e)
			}
			errs = append(errs, err)
		}
		if len(errs) != 1 || status.Code(errs[0]) == codes.OK {
			t.Fatal(errs)
		}
	}
	if n := len(f.Seen("WatchEvents")); n != 2 {
		t.Fatalf("watched %d times", n)
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	_, c := withEvents(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range c.WatchEvents(ctx, &pb.WatchEventsRequest{}) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Fatal(last)
	}
}

// TestWatchKeepsProgressToItself yields no message that only tells how far the server has read, unless asked to, and goes on
// from it all the same.
func TestWatchKeepsProgressToItself(t *testing.T) {
	for _, wants := range []bool{false, true} {
		var clock noWait
		f, c := withEvents(t, 3, clock.option())
		f.mu.Lock()
		f.events[1] = &pb.Event{Cursor: f.events[1].Cursor}
		f.mu.Unlock()
		f.Script("WatchEvents", Act{Err: unavailable, CarryOut: true}, Act{Err: unavailable, CarryOut: true})
		var got []string
		for e, err := range c.WatchEvents(t.Context(), &pb.WatchEventsRequest{UntilNow: true, TellProgress: wants}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e.Cursor)
		}
		want := []string{"1", "3"}
		if wants {
			want = []string{"1", "2", "3"}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		seen := f.Seen("WatchEvents")
		last := new(pb.WatchEventsRequest)
		if err := proto.Unmarshal([]byte(seen[len(seen)-1].Body), last); err != nil || last.Cursor != "2" || !last.TellProgress {
			t.Fatalf("watched again with %v: %v", last, err)
		}
	}
}
