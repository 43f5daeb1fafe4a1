package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// life is a gateway from a start to a crash. The crash is that its nth commit ends, and nothing after it is ever written or
// answered: the file is copied as it is then, and the next life begins with the copy. What the frozen one has sent may still
// arrive at the core, as what a dead process has sent may.
type life struct {
	g      *Gateway
	mu     sync.Mutex
	left   int // commits until the crash; 0 for none
	dead   bool
	frozen chan struct{}
	thaw   chan struct{}
}

func (l *life) committed(time.Duration) {
	l.mu.Lock()
	now := l.left == 1 && !l.dead
	l.dead = l.dead || now
	l.left = max(0, l.left-1)
	l.mu.Unlock()
	if now {
		close(l.frozen)
		<-l.thaw
	}
}

func (l *life) arm(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = n
}

// world is a carrier, its gateway and the core, in any order of events.
type world struct {
	t     *rapid.T
	dir   string
	core  *book
	shop  *shop
	now   *life
	past  []*life
	sold  map[string]*sold
	order int
	no    map[string]bool // accounts of which the core's last answer to a gateway was no
}

// sold is an order as the carrier's shop front sees it.
type sold struct {
	id      string
	account string
	amount  int64
}

func (w *world) path() string { return fmt.Sprint(w.dir, "/", len(w.past)) }

func (w *world) live() {
	l := &life{frozen: make(chan struct{}), thaw: make(chan struct{})}
	opts := options()
	opts.StandIn.Outstanding = 6000
	opts.Patience = time.Hour
	opts.Outbox.Lanes = 3
	opts.Outbox.Committed = l.committed
	var err error
	if l.g, err = Open(w.path(), w.core, w.shop, opts); err != nil {
		w.t.Fatal(err)
	}
	w.now = l
}

// die ends a life by a crash that has happened, or that happens now.
func (w *world) die() {
	from := w.path()
	w.past = append(w.past, w.now)
	copyFile(w.t, from, w.path())
	w.live()
}

func copyFile(t *rapid.T, from, to string) {
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
}

// do runs something that the crash may cut off; it tells whether it ended.
func (w *world) do(f func(g *Gateway)) bool {
	g, done := w.now.g, make(chan struct{})
	go func() {
		defer close(done)
		f(g)
	}()
	select {
	case <-done:
		return true
	case <-w.now.frozen:
		w.die()
		return false
	}
}

// Sell sells an order and has the carrier do something about it.
func (w *world) Sell(t *rapid.T) {
	w.order++
	s := &sold{id: fmt.Sprint("o-", w.order), account: fmt.Sprint("acc_", rapid.IntRange(1, 3).Draw(t, "account")), amount: int64(rapid.IntRange(1, 1500).Draw(t, "amount"))}
	req := topup(s.id, s.amount)
	req.AccountId = s.account
	answers, errs := make(chan Sale, 1), make(chan error, 1)
	if !w.do(func(g *Gateway) {
		a, err := g.Sell(context.Background(), req)
		answers <- a
		errs <- err
	}) {
		return // whoever sold it was told nothing, and the carrier has not heard of it
	}
	answer, err := <-answers, <-errs
	if err != nil {
		t.Fatal(err)
	}
	if answer.StandIn && (w.no[s.account] || s.amount > 1000) {
		t.Fatalf("%s: %d were sold to %s in stand-in", s.id, s.amount, s.account)
	}
	if answer.Authorization != nil {
		w.no[s.account] = !answer.Approved
	}
	if !answer.Approved {
		return
	}
	w.sold[s.id] = s
	w.shop.deliver(s.id, s.amount, rapid.SampledFrom([]Delivery{Delivered, Delivered, NotDelivered, Pending}).Draw(t, "delivery"))
	if rapid.IntRange(0, 3).Draw(t, "tell") > 0 {
		w.tell(t, s)
	}
}

// tell tells the gateway what became of an order, perhaps twice.
func (w *world) tell(t *rapid.T, s *sold) {
	said, _ := w.shop.Delivery(context.Background(), s.id)
	for range rapid.IntRange(1, 2).Draw(t, "times") {
		heard := make(chan error, 1)
		if !w.do(func(g *Gateway) {
			switch said {
			case Delivered:
				heard <- g.Delivered(s.id)
			case NotDelivered:
				heard <- g.NotDelivered(s.id)
			case Pending:
				heard <- nil
			}
		}) {
			return
		}
		if err := <-heard; err != nil {
			t.Fatalf("%s: %v", s.id, err)
		}
	}
}

// Tell tells of any order, again or for the first time, after a change of the carrier's mind where it may have one.
func (w *world) Tell(t *rapid.T) {
	if w.order == 0 {
		return
	}
	s := w.sold[fmt.Sprint("o-", rapid.IntRange(1, w.order).Draw(t, "order"))]
	if s == nil {
		return
	}
	said, _ := w.shop.Delivery(context.Background(), s.id)
	switch {
	case said == Pending:
		w.shop.deliver(s.id, s.amount, rapid.SampledFrom([]Delivery{Delivered, NotDelivered}).Draw(t, "outcome"))
		w.tell(t, s)
	case said == Delivered && rapid.Bool().Draw(t, "take back"):
		w.shop.deliver(s.id, 0, NotDelivered)
		for { // it says so until it is heard: nobody would ask about an order that is over
			said := make(chan error, 1)
			if w.do(func(g *Gateway) { said <- g.Reverse(s.account, s.id) }) {
				if err := <-said; err != nil {
					t.Fatalf("%s: %v", s.id, err)
				}
				return
			}
		}
	case said == Delivered:
		w.tell(t, s)
	}
}

func (w *world) Core(t *rapid.T) {
	w.core.mu.Lock()
	defer w.core.mu.Unlock()
	w.core.mode = rapid.SampledFrom([]string{"up", "up", "down", "lossy"}).Draw(t, "core")
	w.core.decline = map[string]bool{fmt.Sprint("acc_", rapid.IntRange(1, 6).Draw(t, "declined")): true}
}

func (w *world) Crash(t *rapid.T) { w.now.arm(rapid.IntRange(1, 5).Draw(t, "commits")) }

// finish lets everything come to its end and compares the books, order by order.
func (w *world) finish() {
	w.core.set("up")
	select {
	case <-w.now.frozen:
		w.die()
	default:
		w.now.arm(0)
		if err := w.now.g.Close(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		w.past = append(w.past, w.now)
		copyFile(w.t, fmt.Sprint(w.dir, "/", len(w.past)-1), w.path())
		w.live()
	}
	for _, s := range w.sold {
		if said, _ := w.shop.Delivery(context.Background(), s.id); said == Pending {
			w.shop.deliver(s.id, s.amount, Delivered)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for w.now.g.Stats().InHand > 0 && ctx.Err() == nil {
		time.Sleep(200 * time.Microsecond)
	}
	if err := w.now.g.Outbox().Drain(ctx); err != nil {
		w.t.Fatalf("%v: %+v", err, w.now.g.Stats())
	}
	if dead, err := w.now.g.Outbox().Dead(); err != nil || len(dead) > 0 {
		w.t.Fatalf("dead letters: %+v, %v", dead, err)
	}
	if s := w.now.g.Stats(); s.Outstanding != 0 || s.Outbox.Reserved != 0 {
		w.t.Fatalf("%+v", s)
	}
	w.core.mu.Lock()
	defer w.core.mu.Unlock()
	for n := range w.order {
		id := fmt.Sprint("o-", n+1)
		delivered := int64(0)
		if s := w.shop.sales[id]; s != nil {
			delivered = s.amount
		}
		var held, kept int64
		captures := 0
		if e := w.core.orders[id]; e != nil {
			captures = e.captures
			if e.auth != nil {
				held, kept = e.auth.HeldAmount, e.auth.CapturedAmount-e.auth.RefundedAmount
			}
		}
		if held != 0 || kept != delivered || captures > 1 {
			w.t.Fatalf("order %s: the carrier delivered %d; the core holds %d and keeps %d, after %d captures", id, delivered, held, kept, captures)
		}
	}
}

// TestAnyOrderOfEvents sells, tells, crashes after any commit, under a core that comes and goes, loses answers and declines; at the
// end the carrier's book and the core's are the same.
func TestAnyOrderOfEvents(t *testing.T) {
	dir := t.TempDir()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		w := &world{t: t, dir: fmt.Sprint(dir, "/", runs), core: newBook(), shop: newShop(), sold: map[string]*sold{}, no: map[string]bool{}}
		if err := os.Mkdir(w.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		w.live()
		defer func() {
			for _, l := range append(w.past, w.now) {
				close(l.thaw)
				_ = l.g.Close(context.Background())
			}
			_ = os.RemoveAll(w.dir)
		}()
		t.Repeat(map[string]func(*rapid.T){"sell": w.Sell, "tell": w.Tell, "core": w.Core, "crash": w.Crash})
		w.finish()
	})
}
