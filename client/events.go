package client

import (
	"context"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// WatchEvents yields every durable event after req.Cursor, oldest first, and goes on with new ones as they happen. It
// watches again from the last event that was yielded whenever the stream breaks, with the waits of the retry policy but
// as often as it takes; a policy of one attempt switches that off.
//
// The sequence ends without an error when req.UntilNow is set and all events have been yielded, and when the caller
// breaks off. It ends with one *Error, and a nil event, when the context is done or the server refuses: OUT_OF_RANGE,
// reason EVENTS_TRIMMED, says that the cursor lies before what is kept.
//
// With a filter, most of what the server reads may never be told. It says now and then how far it has read, and that is
// where a broken stream is watched again. Who sets req.TellProgress is yielded this as well, as an event of no type that has
// nothing but a Cursor, to be stored like that of any other.
//
// Delivery is at least once. To go on after a restart, store the Cursor of each event together with what the event
// made you do. WithTimeout does not apply. req is read once and not changed; it is used again each time the sequence
// is ranged over.
func (c *Client) WatchEvents(ctx context.Context, req *holdfastv1.WatchEventsRequest) iter.Seq2[
	*holdfastv1.Event, error,
] {
	first := proto.CloneOf(req)
	if first == nil {
		first = new(holdfastv1.WatchEventsRequest)
	}
	var bare func(*holdfastv1.Event) bool
	if !first.TellProgress {
		first.TellProgress = true
		bare = func(e *holdfastv1.Event) bool { return e.GetSequence() == 0 }
	}
	return follow(ctx, c, "WatchEvents", first.Cursor, first.UntilNow, func(
		ctx context.Context, on grpc.ClientConnInterface, cursor string,
	) (
		grpc.ServerStreamingClient[holdfastv1.WatchEventsResponse], error,
	) {
		req := proto.CloneOf(first)
		req.Cursor = cursor
		return holdfastv1.NewEventServiceClient(on).WatchEvents(ctx, req)
	}, (*holdfastv1.WatchEventsResponse).GetEvent, bare)
}
