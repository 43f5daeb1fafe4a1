package outbox

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

var down = status.Error(codes.Unavailable, "no route")

func quick(o Options) Options {
	o.InitialBackoff, o.MaxBackoff = 100*time.Microsecond, 2*time.Millisecond
	return o
}

func open(t testing.TB, path string, core Core, opts Options) *Outbox {
	t.Helper()
	o, err := Open(path, core, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close(context.Background()) })
	return o
}

func file(t testing.TB) string { return filepath.Join(t.TempDir(), "outbox") }

func drain(t testing.TB, o *Outbox) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := o.Drain(ctx); err != nil {
		t.Fatalf("%v; %+v", err, o.Stats())
	}
}

func advice(order, id string) Message {
	return Advise(&pb.AdviseRequest{RequestId: id, AccountId: "acc_1", OrderId: order, Currency: "CNY", Amount: 1000})
}

func reversal(order, id string) Message {
	return Reverse(&pb.ReverseRequest{RequestId: id, AccountId: "acc_1", OrderId: order})
}

func put(t testing.TB, o *Outbox, ms ...Message) {
	t.Helper()
	if err := o.Put(Change{Messages: ms}); err != nil {
		t.Fatal(err)
	}
}

func TestMessagesOfAnOrderArriveInOrder(t *testing.T) {
	core := newCore()
	core.fault = func(call int, _ string) (error, bool) {
		switch call % 7 {
		case 0:
			return down, false
		case 3:
			return down, true // carried out, and the answer is lost
		}
		return nil, false
	}
	o := open(t, file(t), core, quick(Options{}))
	var putting sync.WaitGroup
	for k := range 20 {
		putting.Go(func() {
			for i := range 10 {
				put(t, o, reversal(fmt.Sprint("o-", k), fmt.Sprint(k, "-", i)))
			}
		})
	}
	putting.Wait()
	drain(t, o)
	for k := range 20 {
		have := core.effectsOf(fmt.Sprint("o-", k))
		for i := range 10 {
			if len(have) != 10 || have[i] != fmt.Sprint(k, "-", i) {
				t.Fatalf("order %d: %v", k, have)
			}
		}
	}
	if core.overlap != "" {
		t.Fatalf("two messages of order %s were under way at once", core.overlap)
	}
	if s := o.Stats(); s.Delivered != 200 || s.Pending != 0 || s.Failures == 0 || !s.Oldest.IsZero() {
		t.Fatalf("%+v", s)
	}
}

func TestWhatWasPutIsThereAfterwards(t *testing.T) {
	path, core := file(t), newCore()
	core.fault = func(int, string) (error, bool) { return down, false }
	o := open(t, path, core, quick(Options{}))
	m := advice("o-1", "")
	if m.RequestID() == "" {
		t.Fatal("no request id was made")
	}
	if err := o.Put(Change{Messages: []Message{m, reversal("o-1", "r")}, Notes: []Note{{Key: "n", Value: []byte("x"), Reserve: 3}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, core, Options{}); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second process: %v", err)
	}
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := o.Put(Change{Messages: []Message{reversal("o", "r2")}}); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	core.fault = nil
	o = open(t, path, core, quick(Options{}))
	if n := o.Notes(); len(n) != 1 || n[0].Key != "n" || string(n[0].Value) != "x" || o.Stats().Reserved != 3 {
		t.Fatal(n)
	}
	drain(t, o)
	if got := core.effectsOf("o-1"); !slices.Equal(got, []string{m.RequestID(), "r"}) {
		t.Fatal(got)
	}
}

func TestDeadLetters(t *testing.T) {
	path, core := file(t), newCore()
	var mended atomic.Bool
	core.fault = func(_ int, id string) (error, bool) {
		if id == "bad" && !mended.Load() {
			return refusalBy(codes.FailedPrecondition, "ORDER_REVERSED"), false
		}
		return nil, false
	}
	died := make(chan Letter, 10)
	opts := quick(Options{Dead: func(l Letter) { died <- l }})
	o := open(t, path, core, opts)
	put(t, o, advice("o-1", "bad"), reversal("o-1", "behind"), advice("o-2", "other"))
	drain(t, o)
	l := <-died
	if l.RequestID() != "bad" || l.Reason != "ORDER_REVERSED" || l.Code != "FailedPrecondition" || l.OrderID != "o-1" {
		t.Fatalf("%+v", l)
	}
	if got := core.effectsOf("o-1"); len(got) != 0 {
		t.Fatalf("what waits behind a dead letter was sent: %v", got)
	}
	if s := o.Stats(); s.Dead != 1 || s.Pending != 1 {
		t.Fatalf("%+v", s)
	}

	_ = o.Close(t.Context())
	o = open(t, path, core, opts)
	drain(t, o)
	dead, err := o.Dead()
	if err != nil || len(dead) != 1 || dead[0].Sequence != l.Sequence || dead[0].Text != l.Text || !dead[0].RefusedTime.Equal(l.RefusedTime) {
		t.Fatal(dead, err)
	}
	if err := o.Retry(l.Sequence + 1); !errors.Is(err, ErrNotFound) {
		t.Fatal(err)
	}
	if err := o.Retry(l.Sequence); err != nil {
		t.Fatal(err)
	}
	drain(t, o)
	<-died // refused again
	mended.Store(true)
	if err := o.Retry(l.Sequence); err != nil {
		t.Fatal(err)
	}
	drain(t, o)
	if got := core.effectsOf("o-1"); !slices.Equal(got, []string{"bad", "behind"}) {
		t.Fatal(got)
	}

	mended.Store(false)
	core.mu.Lock()
	delete(core.done, "bad")
	core.mu.Unlock()
	put(t, o, advice("o-3", "bad"), reversal("o-3", "goes-on"))
	drain(t, o)
	if err := o.Drop((<-died).Sequence); err != nil {
		t.Fatal(err)
	}
	drain(t, o)
	if got := core.effectsOf("o-3"); !slices.Equal(got, []string{"goes-on"}) {
		t.Fatal(got)
	}
	if s := o.Stats(); s.Dead != 0 || s.Pending != 0 || o.size != 0 {
		t.Fatalf("%+v, size %d", s, o.size)
	}
}

func TestRoomIsReserved(t *testing.T) {
	core := newCore()
	core.fault = func(int, string) (error, bool) { return down, false }
	o := open(t, file(t), core, quick(Options{Max: 4}))
	note := func(key string, reserve int, ms ...Message) error {
		return o.Put(Change{Messages: ms, Notes: []Note{{Key: key, Value: []byte{1}, Reserve: reserve}}})
	}
	if err := errors.Join(note("a", 2), note("b", 2)); err != nil {
		t.Fatal(err)
	}
	if err := note("c", 1); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	if err := note("c", 0); err != nil {
		t.Fatalf("a note without reserve takes no room: %v", err)
	}
	if err := o.Put(Change{Messages: []Message{reversal("x", "x")}}); !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	// What was begun always finds room.
	if err := note("a", 1, advice("a", "a1")); err != nil {
		t.Fatal(err)
	}
	if err := o.Put(Change{Messages: []Message{reversal("a", "a2")}, Notes: []Note{{Key: "a"}}}); err != nil {
		t.Fatal(err)
	}
	if s := o.Stats(); s.Pending != 2 || s.Reserved != 2 {
		t.Fatalf("%+v", s)
	}
	core.mu.Lock()
	core.fault = nil
	core.mu.Unlock()
	drain(t, o)
	if err := note("c", 2); err != nil {
		t.Fatal(err)
	}
}

func TestPutRefusesWhatCannotBeDelivered(t *testing.T) {
	o := open(t, file(t), newCore(), Options{})
	for _, m := range []Message{
		{OrderID: "o"},
		Capture("", &pb.CaptureRequest{}),
		Capture("o", &pb.CaptureRequest{AuthorizationId: string(make([]byte, messageBytesMax))}),
		{OrderID: "o", Call: &pb.AuthorizeStreamRequest{Call: &pb.AuthorizeStreamRequest_Charge{Charge: &pb.ChargeRequest{RequestId: "r"}}}},
	} {
		if err := o.Put(Change{Messages: []Message{m}}); err == nil {
			t.Errorf("%v was taken", m.Call)
		}
	}
}

// An outage is met with one attempt at a time, whatever waits; the first answer opens all lanes.
func TestAnOutageIsProbed(t *testing.T) {
	core := newCore()
	var away atomic.Bool
	away.Store(true)
	core.fault = func(int, string) (error, bool) {
		if away.Load() {
			return down, false
		}
		return nil, false
	}
	o := open(t, file(t), core, Options{Lanes: 8, InitialBackoff: 20 * time.Millisecond, MaxBackoff: 20 * time.Millisecond, random: func() float64 { return 1 }})
	begun := time.Now()
	for i := range 100 {
		put(t, o, reversal(fmt.Sprint("o-", i), fmt.Sprint("r-", i)))
	}
	time.Sleep(200 * time.Millisecond)
	core.mu.Lock()
	calls := core.calls
	core.mu.Unlock()
	if most := 8 + int(time.Since(begun)/(20*time.Millisecond)) + 1; calls > most { // the first of each goroutine, and one each 20 ms
		t.Errorf("%d attempts in an outage, want at most %d", calls, most)
	}
	if s := o.Stats(); !s.Outage || s.Pending != 100 || s.Oldest.IsZero() {
		t.Errorf("%+v", s)
	}
	away.Store(false)
	drain(t, o)
	if s := o.Stats(); s.Outage || s.Delivered != 100 {
		t.Errorf("%+v", s)
	}
}

// What one order meets does not hold up the others: neither a shard that nobody decides for, nor a caller who is not let in.
func TestOthersGoOn(t *testing.T) {
	for _, err := range []error{down, refusalBy(codes.PermissionDenied, "PERMISSION_DENIED"), status.Error(codes.NotFound, "says a proxy")} {
		core := newCore()
		var mended atomic.Bool
		core.fault = func(_ int, id string) (error, bool) {
			if id == "stuck" && !mended.Load() {
				return err, false
			}
			return nil, false
		}
		o := open(t, file(t), core, quick(Options{Lanes: 2}))
		put(t, o, reversal("s", "stuck"))
		for i := range 50 {
			put(t, o, reversal(fmt.Sprint("o-", i), fmt.Sprint("r-", i)))
		}
		for deadline := time.Now().Add(10 * time.Second); o.Stats().Delivered < 50; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%v: %+v", err, o.Stats())
			}
		}
		mended.Store(true)
		drain(t, o)
		if got := core.effectsOf("s"); len(got) != 1 {
			t.Fatalf("%v: %v", err, got)
		}
	}
}

func TestAnAdviceOfAnOrderWithAHoldIsACapture(t *testing.T) {
	core := newCore()
	core.auths["auth_o-1"] = &pb.Authorization{AuthorizationId: "auth_o-1", AccountId: "acc_1", Currency: "CNY"}
	core.auths["auth_o-2"] = &pb.Authorization{AuthorizationId: "auth_o-2", AccountId: "acc_2", Currency: "CNY"}
	o := open(t, file(t), core, quick(Options{}))
	put(t, o, advice("o-1", "r-1"), advice("o-2", "r-2"))
	drain(t, o)
	if got := core.effectsOf("o-1"); !slices.Equal(got, []string{"r-1.capture"}) {
		t.Fatal(got)
	}
	if dead, err := o.Dead(); err != nil || len(dead) != 1 || dead[0].OrderID != "o-2" {
		t.Fatalf("an order of another account: %v, %v", dead, err)
	}
}

func TestAVoidOfWhatIsNotHeldAnyMore(t *testing.T) {
	core := newCore()
	core.fault = func(int, string) (error, bool) {
		return refusalBy(codes.FailedPrecondition, "AUTHORIZATION_NOT_OPEN"), false
	}
	core.auths["auth_o-1"] = &pb.Authorization{State: pb.AuthorizationState_AUTHORIZATION_STATE_EXPIRED}
	core.auths["auth_o-2"] = &pb.Authorization{State: pb.AuthorizationState_AUTHORIZATION_STATE_CAPTURED}
	o := open(t, file(t), core, quick(Options{}))
	put(t, o, Void("o-1", &pb.VoidRequest{AuthorizationId: "auth_o-1"}), Void("o-2", &pb.VoidRequest{AuthorizationId: "auth_o-2"}))
	drain(t, o)
	if dead, err := o.Dead(); err != nil || len(dead) != 1 || dead[0].OrderID != "o-2" {
		t.Fatalf("%v, %v; want only the void of what was captured", dead, err)
	}
}

// hang answers when it is told to, or when its caller has gone.
type hang struct {
	*fakeCore
	began, answer chan struct{}
}

func (h *hang) Reverse(ctx context.Context, r *pb.ReverseRequest) (*pb.ReverseResponse, error) {
	h.began <- struct{}{}
	select {
	case <-h.answer:
		return h.fakeCore.Reverse(context.WithoutCancel(ctx), r)
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

func TestCloseWaitsAndCutsOff(t *testing.T) {
	h := &hang{newCore(), make(chan struct{}, 9), make(chan struct{})}
	path := file(t)
	o := open(t, path, h, quick(Options{}))
	put(t, o, reversal("o", "r"))
	<-h.began
	closed := make(chan error)
	go func() { closed <- o.Close(context.Background()) }()
	select {
	case err := <-closed:
		t.Fatal(err, "did not wait for what is under way")
	case <-time.After(50 * time.Millisecond):
	}
	close(h.answer)
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	h.answer = make(chan struct{})
	o = open(t, path, h, quick(Options{}))
	if s := o.Stats(); s.Pending != 0 {
		t.Fatalf("that it was delivered was not written: %+v", s)
	}
	put(t, o, reversal("o", "r2"))
	<-h.began
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := o.Close(ctx); err != nil {
		t.Fatal(err)
	}
	close(h.answer)
	o = open(t, path, h, quick(Options{}))
	drain(t, o)
	if got := h.effectsOf("o"); !slices.Equal(got, []string{"r", "r2"}) {
		t.Fatal(got)
	}
}

func TestBackoff(t *testing.T) {
	o := Options{InitialBackoff: time.Second, MaxBackoff: 5 * time.Second, random: func() float64 { return 1 }}
	for n, want := range []time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 5 * time.Second} {
		if got := o.backoff(n); n > 0 && got != want {
			t.Errorf("after %d failures: %v, want %v", n, got, want)
		}
	}
	if got := o.backoff(1 << 30); got != 5*time.Second {
		t.Error(got)
	}
}
