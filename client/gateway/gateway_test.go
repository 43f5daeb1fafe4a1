package gateway

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client/outbox"
)

func options() Options {
	return Options{
		RecoverEvery: 2 * time.Millisecond,
		StandIn:      StandIn{Currency: "CNY", FloorLimit: 1000, Outstanding: 2500, ProbeEvery: 2 * time.Millisecond},
		Outbox:       outbox.Options{InitialBackoff: 100 * time.Microsecond, MaxBackoff: 2 * time.Millisecond},
	}
}

func start(t testing.TB, path string, core Core, carrier Carrier, opts Options) *Gateway {
	t.Helper()
	g, err := Open(path, core, carrier, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close(context.Background()) })
	return g
}

func topup(order string, amount int64) *pb.AuthorizeRequest {
	return &pb.AuthorizeRequest{
		AccountId: "acc_1", Scene: pb.Scene_SCENE_TOPUP, OrderId: order, CarrierId: "cmcc", PhoneToken: "p-7", Currency: "CNY", Amount: amount,
	}
}

func sell(t testing.TB, g *Gateway, req *pb.AuthorizeRequest) Sale {
	t.Helper()
	s, err := g.Sell(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// settled waits until nothing is in hand and all is delivered.
func settled(t testing.TB, g *Gateway) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for g.Stats().InHand > 0 {
		if ctx.Err() != nil {
			t.Fatalf("%+v", g.Stats())
		}
		time.Sleep(time.Millisecond)
	}
	if err := g.Outbox().Drain(ctx); err != nil {
		t.Fatal(err, g.Stats())
	}
}

// want compares an order in the core's book.
func want(t testing.TB, b *book, order string, captured, refunded int64) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.orders[order]
	var a pb.Authorization
	n := 0
	if e != nil {
		n = e.captures
		if e.auth != nil {
			proto.Merge(&a, e.auth)
		}
	}
	if a.HeldAmount != 0 || a.CapturedAmount != captured || a.RefundedAmount != refunded || n > 1 {
		t.Errorf("order %s: %v, %d captures; want %d captured and %d refunded", order, &a, n, captured, refunded)
	}
}

func TestAnOrderFromBeginningToEnd(t *testing.T) {
	b := newBook()
	g := start(t, filepath.Join(t.TempDir(), "g"), b, newShop(), options())
	req := topup("o-1", 5000)
	if s := sell(t, g, req); !s.Approved || s.Amount != 5000 || s.StandIn || s.Authorization == nil || req.RequestId != "" {
		t.Fatalf("%+v", s)
	}
	if _, err := g.Sell(t.Context(), req); !errors.Is(err, ErrInHand) {
		t.Fatal(err)
	}
	if err := g.DeliveredAs("o-1", "sale-77"); err != nil {
		t.Fatal(err)
	}
	if err := g.Delivered("o-1"); err != nil {
		t.Fatal(err)
	}
	if err := g.NotDelivered("o-1"); !errors.Is(err, ErrOver) {
		t.Fatal(err)
	}
	if _, err := g.Sell(t.Context(), req); !errors.Is(err, ErrOver) {
		t.Fatal(err)
	}
	sell(t, g, topup("o-2", 700))
	for range 2 {
		if err := g.NotDelivered("o-2"); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Delivered("o-2"); !errors.Is(err, ErrOver) {
		t.Fatal(err)
	}
	if err := g.Delivered("o-9"); !errors.Is(err, ErrUnknown) {
		t.Fatal(err)
	}
	settled(t, g)
	want(t, b, "o-1", 5000, 0)
	want(t, b, "o-2", 0, 0)
	if got := b.orders["o-1"].auth.GetCarrierReference(); got != "sale-77" {
		t.Errorf("the carrier's id of the sale is %q", got)
	}
	for range 2 {
		if err := g.Reverse("acc_1", "o-1"); err != nil {
			t.Fatal(err)
		}
	}
	settled(t, g)
	want(t, b, "o-1", 5000, 5000)
	if s := g.Stats(); s.Approved != 2 || s.InHand != 0 || s.Outbox.Delivered != 3 || s.Outbox.Reserved != 0 {
		t.Errorf("%+v", s)
	}
}

func TestStandIn(t *testing.T) {
	b := newBook()
	changes := make(chan bool, 100)
	opts := options()
	opts.Away = func(away bool) { changes <- away }
	opts.StandIn.Outstanding = 2000
	path := filepath.Join(t.TempDir(), "g")
	g := start(t, path, b, newShop(), opts)
	b.decline["acc_no"] = true
	poor := topup("o-no", 10)
	poor.AccountId = "acc_no"
	if s := sell(t, g, poor); s.Approved || len(s.Reasons) != 1 {
		t.Fatalf("%+v", s)
	}

	b.set("down")
	type result struct{ approved, standIn, unreachable bool }
	for _, tt := range []struct {
		order, account, currency string
		amount                   int64
		want                     result
	}{
		{"o-1", "acc_1", "CNY", 1000, result{true, true, false}},
		{"o-2", "acc_1", "CNY", 1001, result{unreachable: true}},  // above the floor limit
		{"o-3", "acc_no", "CNY", 10, result{unreachable: true}},   // the core has declined the account
		{"o-4", "acc_1", "USD", 10, result{unreachable: true}},    // another currency
		{"o-5", "acc_1", "CNY", 999, result{true, true, false}},   // in stand-in: not asked
		{"o-6", "acc_1", "CNY", 2, result{unreachable: true}},     // 1999 are out
		{"o-7", "acc_1", "CNY", 1, result{true, true, false}},     // 2000
		{"o-8", "acc_1", "CNY", -2000, result{unreachable: true}}, // nonsense
	} {
		req := topup(tt.order, tt.amount)
		req.AccountId, req.Currency = tt.account, tt.currency
		s := sell(t, g, req)
		if got := (result{s.Approved, s.StandIn, s.Unreachable}); got != tt.want {
			t.Errorf("%s: %+v", tt.order, s)
		}
	}
	if s := g.Stats(); !s.Away || s.Outstanding != 2000 || s.StoodIn != 3 || s.Unreachable != 5 {
		t.Errorf("%+v", s)
	}
	if away := <-changes; !away {
		t.Error("was not told that it is in stand-in")
	}
	b.mu.Lock()
	if b.asked != 5 { // o-no, and the first four; three of those in a row began stand-in, the fourth was under another hand
		t.Logf("asked %d times", b.asked)
	}
	if b.asked > 5 {
		t.Errorf("the core was asked %d times", b.asked)
	}
	b.mu.Unlock()

	// What it owes is known after a restart as well.
	if err := g.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	carrier := newShop()
	carrier.deliver("o-1", 1000, Delivered)
	g = start(t, path, b, carrier, opts)
	if s := g.Stats(); s.Outstanding != 2000 {
		t.Fatalf("%+v", s)
	}
	if err := g.NotDelivered("o-5"); err != nil {
		t.Fatal(err)
	}
	if err := g.Delivered("o-7"); err != nil && !errors.Is(err, ErrOver) { // or the carrier was asked before
		t.Fatal(err)
	}
	b.set("up")
	settled(t, g)
	want(t, b, "o-1", 1000, 0)
	want(t, b, "o-2", 0, 0)
	want(t, b, "o-5", 999, 999)
	if s := g.Stats(); s.Outstanding != 0 || s.Outbox.Dead != 0 {
		t.Fatalf("%+v", s)
	}
	if s := sell(t, g, topup("o-10", 2000)); !s.Approved || s.StandIn {
		t.Fatalf("%+v", s)
	}
}

// The floor limit is the registry's, as far as it was ever read.
func TestTheFloorLimitIsTheRegistrys(t *testing.T) {
	b := newBook()
	b.carriers = map[string]*pb.Carrier{"cmcc": {Settings: &pb.CarrierSettings{StandInFloorLimits: []*pb.CurrencyAmount{
		{Currency: "UGX", Amount: 9}, {Currency: "CNY", Amount: 400},
	}}}}
	opts := options()
	opts.StandIn.FloorLimit = 50
	path := filepath.Join(t.TempDir(), "g")
	serial := 0
	sells := func(g *Gateway, amount int64) bool {
		serial++
		return sell(t, g, topup(fmt.Sprint("o-", serial), amount)).StandIn
	}
	read := func(g *Gateway, floor int64) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			g.trust.mu.Lock()
			done := g.trust.agreed && g.trust.floor == floor
			g.trust.mu.Unlock()
			if done {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("the floor limit is not %d", floor)
			}
		}
	}

	opts.StandIn.CarrierID = "cmcc"
	b.set("down")
	g := start(t, path, b, newShop(), opts)
	if !sells(g, 50) || sells(g, 51) {
		t.Error("before it was read the option holds")
	}
	b.set("up")
	read(g, 400)
	_ = g.Close(t.Context())
	b.set("down")
	g = start(t, path, b, newShop(), opts)
	if !sells(g, 400) || sells(g, 401) {
		t.Error("what was read is not remembered")
	}
	b.mu.Lock()
	b.carriers["cmcc"].Suspended = true
	b.mu.Unlock()
	b.set("up")
	read(g, 0)
	_ = g.Close(t.Context())
	b.set("down")
	opts.StandIn.CarrierID = "ctcc"
	g = start(t, path, b, newShop(), opts)
	if !sells(g, 50) {
		t.Error("another carrier's suspension counts")
	}
	b.set("up")
	read(g, 0) // it is not registered
}

// The core answers again: stand-in ends without anybody selling.
func TestStandInEnds(t *testing.T) {
	b := newBook()
	opts := options()
	changes := make(chan bool, 9)
	opts.Away = func(away bool) { changes <- away }
	opts.StandIn.FloorLimit = 0
	g := start(t, filepath.Join(t.TempDir(), "g"), b, newShop(), opts)
	b.set("down")
	for _, id := range []string{"a", "b", "c"} {
		sell(t, g, topup(id, 10))
	}
	if !<-changes {
		t.Fatal("not away")
	}
	b.set("up")
	if <-changes {
		t.Fatal("away again")
	}
}

// A declined order is never sold in stand-in, whatever becomes of the core and of the gateway.
func TestWhatWasDeclinedStaysDeclined(t *testing.T) {
	b := newBook()
	path := filepath.Join(t.TempDir(), "g")
	g := start(t, path, b, newShop(), options())
	b.decline["acc_1"] = true
	sell(t, g, topup("o-1", 10))
	_ = g.Close(t.Context())
	b.set("down")
	g = start(t, path, b, newShop(), options())
	if _, err := g.Sell(t.Context(), topup("o-1", 10)); !errors.Is(err, ErrOver) {
		t.Fatal(err)
	}
	if s := sell(t, g, topup("o-2", 10)); s.Approved {
		t.Fatalf("%+v", s)
	}
	b.set("up")
	clear(b.decline)
	g.trust.reached()
	sell(t, g, topup("o-3", 10))
	if err := g.NotDelivered("o-3"); err != nil {
		t.Fatal(err)
	}
	_ = g.Close(t.Context())
	b.set("down")
	g = start(t, path, b, newShop(), options())
	if s := sell(t, g, topup("o-4", 10)); !s.StandIn {
		t.Fatalf("the core has approved an order since: %+v", s)
	}
}

// Many sell at once, to a core that comes and goes, and say what became of it twice at once.
func TestManyAtOnce(t *testing.T) {
	b, carrier := newBook(), newShop()
	opts := options()
	opts.Patience = 5 * time.Millisecond
	opts.StandIn.Outstanding = 20_000
	g := start(t, filepath.Join(t.TempDir(), "g"), b, carrier, opts)
	for mode, id := range map[string]string{"up": "o-up", "down": "o-down"} { // so that both have been, whatever the moments below are
		carrier.deliver(id, 10, Delivered)
		b.set(mode)
		if s := sell(t, g, topup(id, 10)); !s.Approved || s.StandIn != (mode == "down") {
			t.Fatalf("%s: %+v", mode, s)
		}
	}
	var selling, flapping sync.WaitGroup
	stop := make(chan struct{})
	flapping.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				b.set("up")
				return
			case <-time.After(3 * time.Millisecond):
				b.set([]string{"up", "down", "lossy"}[n%3])
			}
		}
	})
	for k := range 16 {
		selling.Go(func() {
			for n := range 20 {
				id := fmt.Sprint("o-", k, "-", n)
				carrier.deliver(id, 10, Pending)
				s, err := g.Sell(context.Background(), topup(id, 10))
				if err != nil {
					t.Errorf("%s: %v", id, err)
				}
				said := NotDelivered
				if s.Approved && n%3 > 0 {
					said = Delivered
				}
				carrier.deliver(id, 10, said)
				var telling sync.WaitGroup
				for range n % 3 {
					telling.Go(func() {
						if err := g.Delivered(id); s.Approved && err != nil {
							t.Errorf("%s: %v", id, err)
						}
					})
				}
				telling.Wait()
			}
		})
	}
	selling.Wait()
	close(stop)
	flapping.Wait()
	settled(t, g)
	for id, s := range carrier.sales {
		b.mu.Lock()
		var kept, held int64
		captures := 0
		if e := b.orders[id]; e != nil && e.auth != nil {
			kept, held, captures = e.auth.CapturedAmount-e.auth.RefundedAmount, e.auth.HeldAmount, e.captures
		}
		b.mu.Unlock()
		if kept != s.amount || held != 0 || captures > 1 {
			t.Errorf("order %s: the carrier delivered %d, the core keeps %d of %d captures and holds %d", id, s.amount, kept, captures, held)
		}
	}
	if s := g.Stats(); s.Outstanding != 0 || s.Outbox.Dead != 0 || s.StoodIn == 0 || s.Approved == 0 {
		t.Errorf("%+v", s)
	}
}

// BenchmarkRecovery is a start with a thousand orders in hand, all of which the carrier has delivered, until the core has all captures.
func BenchmarkRecovery(b *testing.B) {
	const orders = 1000
	for range b.N {
		b.StopTimer()
		core, carrier, path := newBook(), newShop(), filepath.Join(b.TempDir(), "g")
		g := start(b, path, core, carrier, Options{})
		var selling sync.WaitGroup
		for k := range 50 {
			selling.Go(func() {
				for n := range orders / 50 {
					id := fmt.Sprint(k, "-", n)
					if _, err := g.Sell(context.Background(), topup(id, 10)); err != nil {
						b.Error(err)
					}
					carrier.deliver(id, 10, Delivered)
				}
			})
		}
		selling.Wait()
		if err := g.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		g = start(b, path, core, carrier, Options{})
		settled(b, g)
		b.StopTimer()
		_ = g.Close(context.Background())
		b.StartTimer()
	}
}

// An order that the core refuses is over, and one whose outcome nobody knows is reversed.
func TestRefusals(t *testing.T) {
	b := newBook()
	g := start(t, filepath.Join(t.TempDir(), "g"), b, newShop(), options())
	b.orders["o-1"] = &entry{auth: &pb.Authorization{CapturedAmount: 7, AccountId: "acc_1"}}
	if _, err := g.Sell(t.Context(), topup("o-1", 10)); err == nil {
		t.Fatal("an order of before was sold again")
	}
	settled(t, g)
	want(t, b, "o-1", 7, 0)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.set("lossy")
	if _, err := g.Sell(ctx, topup("o-2", 10)); err == nil {
		t.Fatal("sold to nobody")
	}
	b.set("up")
	settled(t, g)
	want(t, b, "o-2", 0, 0)
	if !b.orders["o-2"].reversed {
		t.Error("o-2 is not reversed")
	}
}

func TestOrdersAreForgotten(t *testing.T) {
	opts := options()
	opts.Remember = 2
	path := filepath.Join(t.TempDir(), "g")
	b := newBook()
	g := start(t, path, b, newShop(), opts)
	for _, id := range []string{"a", "b", "c", "d"} {
		sell(t, g, topup(id, 10))
		if err := g.Delivered(id); err != nil {
			t.Fatal(err)
		}
	}
	sell(t, g, topup("e", 10)) // with which what is too old goes
	if err := g.Delivered("a"); !errors.Is(err, ErrUnknown) || g.Known("a") || !g.Known("d") || !g.Known("e") {
		t.Fatal(err)
	}
	if err := g.Reverse("", "a"); !errors.Is(err, ErrUnknown) {
		t.Fatal(err)
	}
	if err := g.Reverse("acc_1", "a"); err != nil {
		t.Fatal(err)
	}
	_ = g.Close(t.Context())
	carrier := newShop()
	carrier.deliver("e", 10, Delivered)
	g = start(t, path, b, carrier, opts)
	settled(t, g)
	want(t, b, "a", 10, 10)
	want(t, b, "e", 10, 0)
	if n := len(g.Outbox().Notes()); n > 3 {
		t.Errorf("%d notes", n)
	}
}

// The carrier is asked about an order of which it has said nothing for long.
func TestPatienceEnds(t *testing.T) {
	opts := options()
	opts.Patience = 20 * time.Millisecond
	b, carrier := newBook(), newShop()
	path := filepath.Join(t.TempDir(), "g")
	g := start(t, path, b, carrier, opts)
	carrier.deliver("o-1", 10, Pending)
	sell(t, g, topup("o-1", 10))
	submitted := func(want int) {
		t.Helper()
		count := func() int {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.orders["o-1"].submitted
		}
		for deadline := time.Now().Add(10 * time.Second); count() < want && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond) // some rounds more
		if n := count(); n != want {
			t.Errorf("the core was told %d times that the carrier has the order, want %d", n, want)
		}
	}
	submitted(1)
	if s := g.Stats(); s.InHand != 1 {
		t.Fatalf("%+v", s)
	}
	_ = g.Close(t.Context())
	g = start(t, path, b, carrier, opts) // which does not know the core's answer
	submitted(2)
	carrier.deliver("o-1", 10, Delivered)
	settled(t, g)
	want(t, b, "o-1", 10, 0)
	if s := g.Stats(); s.Recovered != 1 {
		t.Errorf("%+v", s)
	}
}

func TestNoRoomForAnotherOrder(t *testing.T) {
	opts := options()
	opts.Outbox.Max = 3
	b := newBook()
	g := start(t, filepath.Join(t.TempDir(), "g"), b, newShop(), opts)
	sell(t, g, topup("o-1", 10))
	if _, err := g.Sell(t.Context(), topup("o-2", 10)); !errors.Is(err, outbox.ErrFull) {
		t.Fatal(err)
	}
	if b.asked != 1 {
		t.Fatal("the core was asked about an order that there is no room for")
	}
	if err := g.Delivered("o-1"); err != nil {
		t.Fatal(err)
	}
	settled(t, g)
	sell(t, g, topup("o-2", 10))
}

func TestUnreached(t *testing.T) {
	for _, reason := range []string{"ORDER_EXISTS", "ORDER_NOT_FOUND"} {
		if unreached(refusalBy(codes.NotFound, reason)) {
			t.Error(reason)
		}
	}
	if unreached(nil) || !unreached(context.DeadlineExceeded) && !unreached(refusalBy(codes.DeadlineExceeded, "DEADLINE_EXCEEDED")) {
		t.Error("deadlines")
	}
}
