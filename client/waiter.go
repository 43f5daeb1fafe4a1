package client

import (
	"slices"
	"sync"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/holdfast-credit/holdfast/proto/codec"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// waiter is one call that waits for its answer from a stream. It belongs to the calling goroutine, except for the
// fields that say otherwise.
type waiter struct {
	// body is the encoded request without its correlation id, with room for one. It is encoded by the caller: that
	// spreads the work over the callers' goroutines, leaves the message alone once a caller has given up waiting, and
	// makes the body of every attempt the same by construction.
	body []byte

	expired <-chan time.Time // nil without a default deadline
	timer   *time.Timer      // kept for the next use

	// done gets one value when the stream is through with the waiter; answer and failure are set before.
	done    chan struct{}
	answer  *holdfastv1.AuthorizeStreamResponse
	failure failure

	// state and id are guarded by the mutex of the stream that the waiter is on.
	state waiterState
	id    uint64 // correlation id, while sent
}

type waiterState uint8

const (
	idle     waiterState = iota // on no stream
	queued                      // in stream.queue, not sent
	sent                        // in stream.inflight
	answered                    // off the stream; done has its value or is about to
	left                        // the caller is gone; still in stream.queue
)

// correlationRoom is what a correlation id takes at most: a tag and a varint.
const correlationRoom = 1 + 10

var waiters = sync.Pool{New: func() any { return &waiter{done: make(chan struct{}, 1)} }}

// newWaiter encodes a request. It fails when a string of the request is not UTF-8.
func newWaiter(req *holdfastv1.AuthorizeStreamRequest) (*waiter, error) {
	body, err := wire.Encode(req, correlationRoom)
	if err != nil {
		return nil, err
	}
	w := waiters.Get().(*waiter)
	w.body = body
	return w, nil
}

// expireAfter sets the default deadline. The timer runs through all attempts of the call.
func (w *waiter) expireAfter(d time.Duration) {
	if w.timer == nil {
		w.timer = time.NewTimer(d)
	} else {
		w.timer.Reset(d)
	}
	w.expired = w.timer.C
}

// reuse readies an answered waiter for another attempt. The bytes of the last one may still wait in a dying
// transport, so the next correlation id must not be written behind them.
func (w *waiter) reuse() {
	w.body = slices.Clip(w.body)
	w.answer, w.failure = nil, failure{}
	w.state = idle
}

// release ends the waiter's use. One that was left on a stream is still known there and is the collector's to free.
func (w *waiter) release() {
	if w.timer != nil {
		w.timer.Stop()
	}
	if w.state == left {
		return
	}
	w.body, w.answer, w.failure, w.expired, w.state = nil, nil, failure{}, nil, idle
	waiters.Put(w)
}

// complete hands the waiter its answer. The caller of complete has set the state to answered and touches the waiter
// no more.
func (w *waiter) complete(answer *holdfastv1.AuthorizeStreamResponse, f failure) {
	w.answer, w.failure = answer, f
	w.done <- struct{}{}
}

// inflight finds waiters by correlation id without hashing: an id is a slot of a table and how often the slot was
// used, so that the late answer to a caller who left never reaches the slot's next user.
type inflight struct {
	slots []slot
	free  []uint32
}

type slot struct {
	uses uint32
	w    *waiter
}

// add takes in w and sets its correlation id.
func (t *inflight) add(w *waiter) {
	var i uint32
	if n := len(t.free); n > 0 {
		i, t.free = t.free[n-1], t.free[:n-1]
	} else {
		i = uint32(len(t.slots))
		t.slots = append(t.slots, slot{})
	}
	s := &t.slots[i]
	s.uses++
	s.w = w
	w.id = uint64(s.uses)<<32 | uint64(i)
}

// remove gives back the waiter of a correlation id, or nil if there is none any more.
func (t *inflight) remove(id uint64) *waiter {
	i := uint32(id)
	if int(i) >= len(t.slots) {
		return nil
	}
	s := &t.slots[i]
	if s.uses != uint32(id>>32) || s.w == nil {
		return nil
	}
	w := s.w
	s.w = nil
	t.free = append(t.free, i)
	return w
}

// removeAll gives back every waiter.
func (t *inflight) removeAll() []*waiter {
	var all []*waiter
	for i := range t.slots {
		if w := t.slots[i].w; w != nil {
			t.slots[i].w = nil
			t.free = append(t.free, uint32(i))
			all = append(all, w)
		}
	}
	return all
}

// frame is one encoded AuthorizeStreamRequest.
type frame struct{ data []byte }

// newFrame is the body with its correlation id at the end; protobuf does not care for the order of fields.
func newFrame(body []byte, id uint64) frame {
	return frame{protowire.AppendVarint(protowire.AppendTag(body, 1, protowire.VarintType), id)}
}

// frameCodec sends frames as they are, and is the codec of all calls in everything else.
type frameCodec struct{ *codec.Codec }

// Marshal encodes v.
func (c frameCodec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return mem.BufferSlice{mem.SliceBuffer(f.data)}, nil
	}
	return c.Codec.Marshal(v)
}

// faultError is the status that a unary call would have ended with.
func faultError(f *holdfastv1.Fault) error {
	if f.GetCode() == int32(codes.OK) {
		return status.Error(codes.Internal, "the stream answered with a fault without a code")
	}
	return status.ErrorProto(&spb.Status{Code: f.GetCode(), Message: f.GetMessage(), Details: f.GetDetails()})
}
