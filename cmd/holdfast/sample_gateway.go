package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/client/gateway"
	"github.com/holdfast-credit/holdfast/client/outbox"
)

// SampleGatewayCmd is a carrier's gateway.
type SampleGatewayCmd struct {
	Target string `default:"127.0.0.1:7600" placeholder:"HOST:PORT" help:"The core (${default})."`
	DialFlags
	Carrier string        `placeholder:"HOST:PORT" help:"A carrier of holdfast sample carrier; without it one runs in this process."`
	Data    string        `type:"path" placeholder:"DIR" help:"Where the outbox is, and the carrier's book if it is here; with --seed, a run that was killed goes on. Without it a directory is made, and removed when the books agree."`
	Seed    uint64        `placeholder:"N" help:"Of the orders, and of what the carrier of this process does with them; by default another each time."`
	Orders  int           `default:"200" placeholder:"N" help:"How many orders to sell (${default})."`
	Rate    int           `default:"40" placeholder:"N" help:"How many a second (${default})."`
	For     time.Duration `default:"60s" placeholder:"TIME" help:"How long it may take in all (${default})."`
	Cuts    int           `default:"3" placeholder:"N" help:"How often it is cut off from the core, for about a second (${default})."`
	Floor   int64         `default:"3000" placeholder:"FEN" help:"Floor limit: the most that one order may cost in stand-in, minor units (${default})."`
	Trust   int64         `default:"50000" placeholder:"FEN" help:"The most that all sales in stand-in may cost that the core does not know of, minor units (${default})."`
}

// Help teaches.
func (SampleGatewayCmd) Help() string {
	return `It sells top-ups to ten accounts that it opens on the core, every fifth of which has a small limit, and tells what it does. Between
it and the core is a wire that it cuts a few times. The carrier delays, fails, repeats and takes back. At the end it waits until the core
has been told everything, and compares the carrier's book with the core's, order by order. It exits with 1 if they differ.

What is sold, and what the carrier does with it, depends on the seed; when something is cut off, and what is under way then, does not.

  holdfast sample gateway
  holdfast sample gateway --seed 7 --data here          kill it, and run it again: it goes on where it was
  holdfast sample gateway --floor 0                     no stand-in: what finds no core is not sold
  holdfast sample gateway --carrier 127.0.0.1:7610      the carrier is a process of its own`
}

// Validate refuses what cannot be run.
func (c *SampleGatewayCmd) Validate() error {
	if c.Orders < 1 || c.Rate < 1 || c.Cuts < 0 || c.For <= 0 {
		return errors.New("--orders, --rate and --for are above 0")
	}
	if c.Data != "" && c.Seed == 0 {
		return errors.New("--data wants --seed: a run goes on with the same orders")
	}
	return c.check(c.Target)
}

// sampleGateway is a run.
type sampleGateway struct {
	*SampleGatewayCmd
	out    io.Writer
	began  time.Time
	mu     sync.Mutex // guards the output
	core   *client.Client
	kit    *gateway.Gateway
	far    *carrierClient
	people []string // account ids
	counts sampleCounts
	heard  atomic.Int64          // news of the carrier
	failed atomic.Pointer[error] // what ended it
}

// Run runs it.
func (c *SampleGatewayCmd) Run(ctx context.Context) (err error) {
	if c.Seed == 0 {
		c.Seed = rand.Uint64N(1e6) + 1
	}
	dir := c.Data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "holdfast-sample-*"); err != nil {
			return err
		}
	} else if err = os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.For)
	defer cancel()
	s := &sampleGateway{SampleGatewayCmd: c, out: os.Stdout, began: time.Now()}
	agree, err := s.run(ctx, dir)
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil:
		err = fmt.Errorf("not at its end after %v: %w", c.For, err)
	case err == nil && !agree:
		err = errors.New("the books differ")
	}
	if c.Data != "" {
		return c.explain(err)
	}
	if err == nil || s.kit == nil {
		return errors.Join(c.explain(err), os.RemoveAll(dir))
	}
	return fmt.Errorf("%w; outbox and book are kept in %s", c.explain(err), dir)
}

// run wires carrier, wire, core and kit, sells, and compares.
func (s *sampleGateway) run(ctx context.Context, dir string) (agree bool, err error) {
	at := s.Carrier
	if at == "" {
		carrier, err := openCarrier(filepath.Join(dir, "carrier.jsonl"), s.Seed)
		if err != nil {
			return false, err
		}
		defer carrier.close()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return false, err
		}
		serving, stop := context.WithCancel(ctx)
		var done sync.WaitGroup
		done.Go(func() { _ = carrier.serve(serving, l) }) // its end is the run's
		defer done.Wait()
		defer stop()
		at = l.Addr().String()
	}
	s.far = newCarrierClient(at)
	w, err := newWire(s.Target)
	if err != nil {
		return false, err
	}
	defer w.remove()
	if host, _, err := net.SplitHostPort(s.Target); err == nil && s.secure() && s.TLSServerName == "" {
		s.TLSServerName = host // the certificate is not for the wire
	}
	if s.core, err = s.dial(w.address(), s.options()...); err != nil {
		return false, err
	}
	defer s.core.Close()
	s.printf("%d orders of seed %d; core at %s, carrier at %s, outbox in %s\n\n", s.Orders, s.Seed, s.Target, at, dir)
	if err := s.openAccounts(ctx, dir); err != nil {
		return false, err
	}
	if s.kit, err = gateway.Open(filepath.Join(dir, "outbox"), s.core, s.far, s.kitOptions()); err != nil {
		return false, err
	}
	begun := s.kit.Stats()
	s.tell("open: %d orders in hand from before, %d messages to be delivered", begun.InHand, begun.Outbox.Pending)
	hearing, deaf := context.WithCancel(ctx)
	var listening sync.WaitGroup
	listening.Go(func() { s.hear(hearing) })
	err = s.sellAll(ctx, w)
	if err == nil {
		err = s.settle(ctx)
	}
	if err == nil {
		agree, err = s.compare(ctx)
	}
	deaf()
	listening.Wait()
	closing, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return agree, errors.Join(err, s.kit.Close(closing))
}

// options are those of a client behind a wire: what a topology names is not behind it, and a wire that swallows everything is
// noticed.
func (s *sampleGateway) options() []client.Option {
	return []client.Option{
		client.WithCaller("sample-gateway"), client.WithoutRouting(),
		client.WithDialOptions(grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: time.Second})),
	}
}

func (s *sampleGateway) kitOptions() gateway.Options {
	return gateway.Options{
		AskTimeout: 300 * time.Millisecond,
		Patience:   2 * time.Second,
		StandIn:    gateway.StandIn{Currency: sampleCurrency, FloorLimit: s.Floor, Outstanding: s.Trust, ProbeEvery: 100 * time.Millisecond},
		Away: func(away bool) {
			if away {
				s.tell("the core does not answer: stand-in, up to %s an order and %s in all", yuan(s.Floor), yuan(s.Trust))
				return
			}
			s.tell("the core answers again")
		},
		Outbox: outbox.Options{
			AttemptTimeout: time.Second, MaxBackoff: time.Second,
			Dead: func(l outbox.Letter) {
				s.tell("DEAD LETTER: %s of order %s: %s", l.Kind(), l.OrderID, l.Text)
			},
		},
	}
}

// printf prints as one of several goroutines.
func (s *sampleGateway) printf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.out, format, args...)
}

// tell prints a line of the account, with the time since the beginning.
func (s *sampleGateway) tell(format string, args ...any) {
	s.printf("%7.2f s  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// cutOff cuts the wire now and then: first so that connections break, then so that everything is swallowed, in turn.
func (s *sampleGateway) cutOff(ctx context.Context, w *wire) {
	selling := time.Duration(float64(s.Orders) / float64(s.Rate) * float64(time.Second))
	for n := range s.Cuts {
		how, name := cut, "the wire to the core is cut"
		if n%2 == 1 {
			how, name = swallowing, "the wire to the core swallows what is sent"
		}
		if pause(ctx, selling/time.Duration(s.Cuts+1)*2/3) != nil {
			break
		}
		s.tell("%s", name)
		w.turn(how)
		if pause(ctx, min(time.Second, selling/time.Duration(s.Cuts+1)/3)) != nil {
			break
		}
		w.turn(whole)
		s.tell("the wire to the core is whole")
	}
	w.turn(whole)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
