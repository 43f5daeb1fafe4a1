package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// SampleCarrierCmd runs the carrier alone, so that it goes on while its gateway is dead.
type SampleCarrierCmd struct {
	Listen    string        `default:"127.0.0.1:7610" placeholder:"HOST:PORT" help:"Where it listens (${default})."`
	Book      string        `default:"carrier.jsonl" type:"path" placeholder:"FILE" help:"Its book; made when there is none (${default})."`
	Seed      uint64        `default:"1" placeholder:"N" help:"Of what it does with each order (${default})."`
	For       time.Duration `default:"10m" placeholder:"TIME" help:"How long it runs at most (${default})."`
	ReadyFile string        `placeholder:"FILE" help:"Write a line of JSON with the address here once it listens."`
}

// Help teaches.
func (SampleCarrierCmd) Help() string {
	return `What it does with an order depends on the seed and the order id only, so that it is the same each time. Of a hundred orders it
delivers about ninety, eight of which it takes back later; some take seconds. Some of its answers are lost, with the order or
without it, and of what it says afterwards some is said twice and some never.

  holdfast sample carrier --seed 7
  holdfast sample gateway --carrier 127.0.0.1:7610`
}

// Run runs it.
func (c *SampleCarrierCmd) Run(ctx context.Context) error {
	carrier, err := openCarrier(c.Book, c.Seed)
	if err != nil {
		return err
	}
	defer carrier.close()
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	fmt.Printf("carrier on %s, book in %s, seed %d\n", l.Addr(), c.Book, c.Seed)
	if c.ReadyFile != "" {
		ready := fmt.Sprintf("{\"listen\":%q}\n", l.Addr())
		next := c.ReadyFile + ".new"
		if err := errors.Join(os.WriteFile(next, []byte(ready), 0o600), os.Rename(next, c.ReadyFile)); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.For)
	defer cancel()
	return carrier.serve(ctx, l)
}

// carrierState is what became of an order at the carrier.
type carrierState string

const (
	carrierPending   carrierState = "pending"
	carrierDelivered carrierState = "delivered"
	carrierFailed    carrierState = "failed"
	carrierTakenBack carrierState = "taken back"
	carrierRefused   carrierState = "refused" // it was asked about it, had never heard of it, and never will
)

// carrierOrder is a line of the carrier's book; the last one of an order counts.
type carrierOrder struct {
	Order  string       `json:"order"`
	Amount int64        `json:"amount"`
	State  carrierState `json:"state"`
}

// carrierNews is what the carrier says of an order without being asked.
type carrierNews struct {
	Number int          `json:"number"` // 1, 2, 3, ...
	Order  string       `json:"order"`
	State  carrierState `json:"state"`
}

// carrierFate is what the carrier does with an order.
type carrierFate struct {
	state       carrierState
	delay, back time.Duration // until it is so, and from then until it is taken back
	lost, taken bool          // its answer to the order is lost; the order was taken all the same
	silent      bool          // it never says so
	twice       bool          // it says so twice
}

// fateOf draws it from the seed and the order id.
func fateOf(seed uint64, order string) (f carrierFate) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(order))
	random := rand.New(rand.NewPCG(seed, h.Sum64()))
	f.state = carrierDelivered
	switch n := random.IntN(100); {
	case n < 10:
		f.state = carrierFailed
	case n < 18:
		f.back = time.Duration(100+random.IntN(500)) * time.Millisecond
	}
	f.delay = time.Duration(5+random.IntN(145)) * time.Millisecond
	if random.IntN(100) < 4 {
		f.delay = time.Duration(1000+random.IntN(1000)) * time.Millisecond
	}
	f.lost = random.IntN(100) < 8
	f.taken = random.IntN(100) < 60
	f.silent = random.IntN(100) < 6
	f.twice = random.IntN(100) < 10
	return f
}

// fakeCarrier delivers, or does not. Its book is a file of lines, so that it outlives its process.
type fakeCarrier struct {
	seed uint64
	file *os.File

	mu     sync.Mutex
	orders map[string]*carrierOrder // guarded by mu, as all below
	ids    []string
	news   []carrierNews
	more   chan struct{} // closed and replaced with all news
	closed bool
	open   int // changes to come
}

// carrierBook is the carrier's whole book.
type carrierBook struct {
	Orders []*carrierOrder `json:"orders"`
	Open   int             `json:"open"` // changes to come
	News   int             `json:"news"` // how many there are
}

func openCarrier(path string, seed uint64) (*fakeCarrier, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	c := &fakeCarrier{seed: seed, orders: map[string]*carrierOrder{}, more: make(chan struct{})}
	if err := c.read(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var err error
	if c.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range c.ids {
		o, f := c.orders[id], fateOf(c.seed, id)
		switch {
		case o.State == carrierPending:
			c.later(o, f.state, f.delay)
		case o.State == carrierDelivered && f.back > 0:
			c.later(o, carrierTakenBack, f.back)
		}
	}
	return c, nil
}

// read takes up the book. A line that was cut off by a crash was never true.
func (c *fakeCarrier) read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for lines := json.NewDecoder(file); ; {
		var o carrierOrder
		if err := lines.Decode(&o); err != nil {
			return nil
		}
		c.enter(&o)
	}
}

// enter makes an order's state what it is now, and tells of it.
func (c *fakeCarrier) enter(o *carrierOrder) {
	if c.orders[o.Order] == nil {
		c.ids = append(c.ids, o.Order)
	}
	c.orders[o.Order] = o
	f := fateOf(c.seed, o.Order)
	if o.State == carrierPending || o.State == carrierRefused || f.silent && o.State != carrierTakenBack {
		return
	}
	c.news = append(c.news, carrierNews{len(c.news) + 1, o.Order, o.State})
	if f.twice {
		c.news = append(c.news, carrierNews{len(c.news) + 1, o.Order, o.State})
	}
	close(c.more)
	c.more = make(chan struct{})
}

// write enters an order's state in the book.
func (c *fakeCarrier) write(o carrierOrder) {
	line, err := json.Marshal(o)
	if err != nil {
		panic(err) // three plain fields
	}
	if _, err := c.file.Write(append(line, '\n')); err != nil {
		return // then it is not so; whoever asks is told what was so before
	}
	c.enter(&o)
}

// later changes an order's state after a while.
func (c *fakeCarrier) later(o *carrierOrder, to carrierState, wait time.Duration) {
	c.open++
	time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.open--
		if c.closed {
			return
		}
		c.write(carrierOrder{o.Order, o.Amount, to})
		if f := fateOf(c.seed, o.Order); to == carrierDelivered && f.back > 0 {
			c.later(o, carrierTakenBack, f.back)
		}
	})
}

func (c *fakeCarrier) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	_ = c.file.Close()
}

// serve answers until the context is done.
func (c *fakeCarrier) serve(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", c.take)
	mux.HandleFunc("POST /orders/{order}/settle", c.settle)
	mux.HandleFunc("GET /orders", c.list)
	mux.HandleFunc("GET /news", c.tell)
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// take takes an order, once. Its answer may be lost.
func (c *fakeCarrier) take(w http.ResponseWriter, r *http.Request) {
	var o carrierOrder
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f := fateOf(c.seed, o.Order)
	if known := c.orders[o.Order]; known != nil {
		if known.State == carrierRefused {
			http.Error(w, "refused", http.StatusConflict)
		}
		return
	}
	if !f.lost || f.taken {
		o.State = carrierPending
		c.write(o)
		c.later(&o, f.state, f.delay)
	}
	if f.lost {
		http.Error(w, "lost", http.StatusBadGateway)
	}
}

// settle says what became of an order. One that it has never heard of it refuses for ever.
func (c *fakeCarrier) settle(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := r.PathValue("order")
	if c.orders[id] == nil {
		c.write(carrierOrder{Order: id, State: carrierRefused})
	}
	answer(w, c.orders[id])
}

// list is the whole book.
func (c *fakeCarrier) list(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := carrierBook{Open: c.open, News: len(c.news)}
	for _, id := range c.ids {
		all.Orders = append(all.Orders, c.orders[id])
	}
	answer(w, all)
}

// tell tells the news after a number, and waits a little if there are none.
func (c *fakeCarrier) tell(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	news, more := c.since(after)
	if len(news) == 0 {
		select {
		case <-more:
		case <-time.After(300 * time.Millisecond):
		case <-r.Context().Done():
		}
		news, _ = c.since(after)
	}
	answer(w, news)
}

func (c *fakeCarrier) since(after int) ([]carrierNews, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.news[min(max(after, 0), len(c.news)):], c.more
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked asks again
}
