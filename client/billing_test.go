package client

import (
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// owing is a fake whose account owes, and of which so many collections were issued.
func owing(t *testing.T, collections int, opts ...Option) (*Fake, *Client) {
	f, c := start(t, opts...)
	if _, err := c.Authorize(t.Context(), topup("o-1")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Capture(t.Context(), &pb.CaptureRequest{AuthorizationId: "auth_1"}); err != nil {
		t.Fatal(err)
	}
	for range collections {
		f.Issue("acc_1")
	}
	return f, c
}

func TestStreamOfCollectionsGoesOnFromTheLastCursor(t *testing.T) {
	var clock noWait
	f, c := owing(t, 4, clock.option())
	f.Script("StreamCollections",
		Act{Err: unavailable, CarryOut: true}, // one collection, then the break
		Act{Err: throttled},
		Act{Err: unavailable, CarryOut: true},
	)
	req := &pb.StreamCollectionsRequest{UntilNow: true, Channel: pb.CollectionChannel_COLLECTION_CHANNEL_DIRECT_DEBIT}
	var got []string
	for m, err := range c.StreamCollections(t.Context(), req) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m.Cursor+" "+m.Collection.CollectionId)
	}
	if want := []string{"1 item_1", "2 item_2", "3 item_3", "4 item_4"}; !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if req.Cursor != "" {
		t.Fatal("the caller's request was changed")
	}
	if n := len(f.Seen("StreamCollections")); n != 4 {
		t.Fatalf("streamed %d times", n)
	}
}

func TestStreamOfCollectionsEndsWithItsError(t *testing.T) {
	f, c := owing(t, 1)
	f.Script("StreamCollections", Act{Err: Refusal(codes.OutOfRange, "EVENTS_TRIMMED", nil)})
	for m, err := range c.StreamCollections(t.Context(), nil) {
		if m != nil || status.Code(err) != codes.OutOfRange || ReasonOf(err) != "EVENTS_TRIMMED" {
			t.Fatal(m, err)
		}
	}
}

// A report whose answer was lost is sent again under its request id, and pays once.
func TestReportIsMadeOnce(t *testing.T) {
	var clock noWait
	f, c := owing(t, 1, clock.option())
	f.Script("ReportCollection", Act{Err: unavailable, CarryOut: true})
	resp, err := c.ReportCollection(t.Context(), &pb.ReportCollectionRequest{
		CollectionId: "item_1", Outcome: pb.CollectionOutcome_COLLECTION_OUTCOME_SUCCEEDED,
	})
	if err != nil || !resp.Replayed || resp.Billing.Balance != 0 {
		t.Fatal(resp, err)
	}
	seen := f.Seen("ReportCollection")
	if len(seen) != 2 || seen[0].RequestID == "" || seen[0].RequestID != seen[1].RequestID {
		t.Fatalf("%+v", seen)
	}
}
