package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/client/outbox"
)

// Core is what a gateway calls. A *client.Client is one.
type Core interface {
	outbox.Core
	Authorize(context.Context, *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error)
	MarkSubmitted(context.Context, *holdfastv1.MarkSubmittedRequest) (*holdfastv1.MarkSubmittedResponse, error)
	GetCarrier(context.Context, *holdfastv1.GetCarrierRequest) (*holdfastv1.GetCarrierResponse, error)
	NewRequestID() string
}

var _ Core = (*client.Client)(nil)

// A Delivery is what the carrier's own system says of an order.
type Delivery int

const (
	// Pending says that it may still be delivered, or not.
	Pending Delivery = iota
	// Delivered says that it was delivered, and not taken back.
	Delivered
	// NotDelivered says that it was not delivered, or was taken back, and never will be delivered.
	NotDelivered
)

// Carrier is the carrier's own system, as far as the gateway asks it.
type Carrier interface {
	// Delivery says what became of an order. Of one that it has never heard of it says NotDelivered, and then refuses it
	// for ever.
	Delivery(ctx context.Context, orderID string) (Delivery, error)
}

// Options say how a gateway works. Fields that are zero get the value that is told beside them.
type Options struct {
	// AskTimeout is how long an Authorize may take before the core counts as not reached; 1 s.
	AskTimeout time.Duration
	// StandIn says what may be sold without the core; nothing.
	StandIn StandIn
	// Patience is how long an order may be without word from the carrier before the gateway asks; 1 min.
	Patience time.Duration
	// RecoverEvery is how often orders are looked for that need asking; 1 s.
	RecoverEvery time.Duration
	// Remember is how many orders that are over are remembered; 10,000.
	Remember int
	// Outbox are the options of the outbox. Its hooks are called as well.
	Outbox outbox.Options
	// Away is called when the gateway goes into stand-in, with true, and when it leaves it.
	Away func(bool)

	now func() time.Time
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		option *time.Duration
		value  time.Duration
	}{
		{&o.AskTimeout, time.Second}, {&o.Patience, time.Minute}, {&o.RecoverEvery, time.Second}, {&o.StandIn.ProbeEvery, 500 * time.Millisecond},
	} {
		if *d.option <= 0 {
			*d.option = d.value
		}
	}
	if o.StandIn.After <= 0 {
		o.StandIn.After = 3
	}
	if o.Remember <= 0 {
		o.Remember = 10_000
	}
	if o.Away == nil {
		o.Away = func(bool) {}
	}
	if o.now == nil {
		o.now = time.Now
	}
	return o
}

// The errors of a gateway, to be compared with errors.Is.
var (
	// ErrInHand: the order has begun, and is not over.
	ErrInHand = errors.New("gateway: the order is in hand")
	// ErrOver: the order is over, otherwise than the call would have it.
	ErrOver = errors.New("gateway: the order is over")
	// ErrUnknown: the gateway has no such order, or remembers it no more.
	ErrUnknown = errors.New("gateway: unknown order")
)

// A Gateway sells. It is safe for concurrent use.
type Gateway struct {
	opts    Options
	core    Core
	carrier Carrier
	box     *outbox.Outbox
	trust   trust
	loaded  chan struct{} // closed when what was in the file is known

	mu     sync.Mutex
	orders map[string]*order // guarded by mu; in hand, and the last ones that are over
	over   []string          // guarded by mu; those that are over, oldest first
	stats  Stats             // guarded by mu

	running context.Context // until Close
	stop    context.CancelFunc
	tasks   sync.WaitGroup
}

// Stats are figures of a gateway, since it was opened.
type Stats struct {
	InHand      int    // orders that are not over
	Approved    uint64 // by the core
	Declined    uint64 // by the core
	StoodIn     uint64 // sold in stand-in
	Unreachable uint64 // not sold, because the core was not reached and it was too much for stand-in
	Recovered   uint64 // orders whose end the gateway had to ask for
	Away        bool   // whether it is in stand-in
	Outstanding int64  // minor units sold in stand-in, or advised after a crash, that the core does not know of yet
	Outbox      outbox.Stats
}

// Open opens the gateway whose outbox is in a file, or makes one, and begins to find out about the orders that were in hand when
// it ended. The caller must Close it.
func Open(path string, core Core, carrier Carrier, opts Options) (*Gateway, error) {
	g := &Gateway{opts: opts.withDefaults(), core: core, carrier: carrier, orders: map[string]*order{}, loaded: make(chan struct{})}
	g.trust = newTrust(&g.opts)
	g.running, g.stop = context.WithCancel(context.Background())
	box := g.opts.Outbox
	told, dropped := box.Delivered, box.Dropped
	box.Delivered = func(m outbox.Message) {
		g.answered(m)
		g.trust.reached()
		if told != nil {
			told(m)
		}
	}
	box.Dropped = func(m outbox.Message) {
		g.answered(m)
		if dropped != nil {
			dropped(m)
		}
	}
	var err error
	if g.box, err = outbox.Open(path, core, box); err != nil {
		return nil, err
	}
	err = g.load()
	close(g.loaded)
	if err != nil {
		return nil, errors.Join(err, g.box.Close(context.Background()))
	}
	g.tasks.Go(g.recover)
	g.tasks.Go(g.probe)
	if g.opts.StandIn.CarrierID != "" {
		g.tasks.Go(g.follow)
	}
	return g, nil
}

// answered notes that an advice needs no trust any more. What was in the file when it was opened is counted first.
func (g *Gateway) answered(m outbox.Message) {
	<-g.loaded
	if m.Kind() == "Advise" {
		g.trust.settled(m.OrderID)
	}
}

// load takes up what the file has.
func (g *Gateway) load() error {
	for _, n := range g.box.Notes() {
		if n.Key == agreedKey {
			if err := g.loadAgreed(n); err != nil {
				return err
			}
			continue
		}
		o, err := readOrder(n)
		if err != nil {
			return err
		}
		o.orphan = o.state != over
		g.orders[o.id] = o
	}
	g.remember()
	messages, err := g.box.Messages()
	if err != nil {
		return err
	}
	for i := range messages {
		if a := messages[i].Call.GetAdvise(); a != nil {
			g.trust.owe(a.OrderId, a.Amount)
		}
	}
	return nil
}

// Outbox is the gateway's outbox: for its figures, its dead letters, and to wait until it is empty.
func (g *Gateway) Outbox() *outbox.Outbox { return g.box }

// Stats are the figures of this moment.
func (g *Gateway) Stats() Stats {
	g.mu.Lock()
	s := g.stats
	s.InHand = len(g.orders) - len(g.over)
	g.mu.Unlock()
	s.Away, s.Outstanding = g.trust.figures()
	s.Outbox = g.box.Stats()
	return s
}

func (g *Gateway) count(which func(*Stats)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	which(&g.stats)
}

// Close ends the gateway as [outbox.Outbox.Close] does. Sell must not be under way. Orders in hand are taken up by the next Open.
func (g *Gateway) Close(ctx context.Context) error {
	g.stop()
	g.tasks.Wait()
	return g.box.Close(ctx)
}

// find is an order that the gateway knows.
func (g *Gateway) find(id string) (*order, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := g.orders[id]
	if o == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	return o, nil
}
