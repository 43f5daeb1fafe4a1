package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/writer"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
	"github.com/holdfast-credit/holdfast/server"
)

// closing is how Authorize does while many windows close: each becomes a statement and a debt.
//
// The server runs on a virtual clock. Each account has bought something in the window that is open; then the clock moves
// to the instant at which all of them close, and what is due is left to the server's sweep, as on real time.
type closing struct {
	concurrency int
	windows     int64
	buying      time.Duration // how long it took to buy something on each account
	before      benchLeg
	during      benchLeg
	took        time.Duration
}

// The instants of a virtual clock in the business zone of a new book, Asia/Shanghai: within the window of 2026-01-05, and
// when that closes.
var (
	closeBegins = time.Date(2026, 1, 10, 4, 0, 0, 0, time.UTC)
	closeEnds   = time.Date(2026, 2, 4, 16, 0, 0, 0, time.UTC)
)

// closeHold is the lifetime of the holds that the load places: none of them ends with the windows.
const closeHold = 30 * 24 * time.Hour

// clock is what the fillers go by.
func (c *BenchCmd) clock() func() calendar.Instant {
	if c.Close > 0 {
		return func() calendar.Instant { return calendar.InstantOf(closeBegins) }
	}
	return server.RealClock().Now
}

// buy lets each of the first n accounts buy something.
func (f *filler) buy(ctx context.Context, accounts accountBook, n int) error {
	show := newProgress("buying")
	defer show.end()
	maker := newIDMaker()
	pending := make([]writer.Pending, fillWindow)
	for i := range n + fillWindow {
		if i >= fillWindow && i-fillWindow < n {
			out, err := pending[i%fillWindow].Wait(ctx)
			if err != nil {
				return err
			}
			if out.Fault != nil {
				return fmt.Errorf("a purchase was not decided: %w", out.Fault)
			}
			if out.Decision != ledger.Approve {
				return fmt.Errorf("a purchase was declined: %s", out.Reasons)
			}
			show.update(int64(i-fillWindow), int64(n))
		}
		if i >= n {
			continue
		}
		id, err := ledger.ParseAccountID(accounts.id(i))
		if err != nil {
			return err
		}
		order, request := maker.next(time.Now())
		if pending[i%fillWindow], err = f.submit(ctx, id, &ledger.Charge{
			Request: ledger.Request{Caller: server.LocalCaller, ID: ledger.RequestID(request)},
			Purchase: ledger.Purchase{
				Account: id, Scene: ledger.Scene(benchScene), Order: ledger.OrderID(order), Carrier: "cmcc", Phone: "ph_7ps5magq2ia6gk2t5cyka63dr5ykgpod",
				Currency: benchCurrency, Amount: 100 * benchAmount,
			},
		}); err != nil {
			return err
		}
	}
	return nil
}

// submit starts a command of an account, as soon as its shard takes it.
func (f *filler) submit(ctx context.Context, id ledger.AccountID, c ledger.Command) (writer.Pending, error) {
	for {
		p, err := f.writers[id.Shard()].Start(c)
		if !errors.Is(err, writer.ErrBusy) {
			return p, err
		}
		if err := sleepUntil(ctx, time.Now().Add(5*time.Millisecond)); err != nil {
			return p, err
		}
	}
}

// closeWindows measures before the windows close, and until they have.
func (b *bench) closeWindows(ctx context.Context) (*closing, error) {
	c := &closing{concurrency: 64, windows: int64(b.Close), buying: b.buying}
	if len(b.Concurrency) > 0 {
		c.concurrency = b.Concurrency[0]
	}
	at := time.Now().Add(b.WarmUp + b.Duration)
	load := b.startThrough(ctx, at, c.concurrency)
	err := sleepUntil(ctx, at)
	var profiled <-chan error
	if b.Profile != "" {
		profiled = writeProfiles(ctx, filepath.Join(b.Profile, "close"), b.server.Ops, span{from: at, to: at.Add(b.Duration)})
	}
	memoryBefore := memoryOf(b.server)
	if err == nil {
		err = b.passTime(ctx)
	}
	ended := time.Now()
	load.end()
	if profiled != nil {
		err = errors.Join(err, <-profiled)
	}
	if err != nil {
		return nil, err
	}
	c.took = ended.Sub(at)
	c.before = newBenchLeg(load.before, span{from: at.Add(-b.Duration), to: at}, processorTime{})
	c.during = newBenchLeg(load.during, span{from: at, to: ended}, processorTime{})
	c.before.memory, c.during.memory = memoryBefore, memoryOf(b.server)
	return c, nil
}

// closeBound is how long the windows have to close.
func closeBound(windows int) time.Duration {
	return time.Minute + time.Duration(windows)*time.Millisecond
}

// passTime moves the clock to when the windows close; they have when it returns.
func (b *bench) passTime(ctx context.Context) error {
	show := newProgress("windows close")
	defer show.end()
	if _, err := holdfastv1.NewAdminServiceClient(b.holdfast[0]).AdvanceClock(ctx, &holdfastv1.AdvanceClockRequest{
		To: &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(closeEnds)}, InBackground: true,
	}); err != nil {
		return err
	}
	bound := time.Now().Add(closeBound(b.Close))
	for {
		now, err := b.stats(ctx)
		switch {
		case err != nil:
			return err
		case now.statements >= int64(b.Close):
			return nil
		case time.Now().After(bound):
			return fmt.Errorf("only %s of %s windows closed within %v", thousands(now.statements), thousands(int64(b.Close)), closeBound(b.Close))
		}
		show.update(now.statements, int64(b.Close))
		if err := sleepUntil(ctx, time.Now().Add(100*time.Millisecond)); err != nil {
			return err
		}
	}
}

// closing prints how Authorize did while windows closed.
func (p *benchReport) closing(c *BenchCmd, k *closing) {
	p.printf("%s accounts bought something in %v (%s/s).\n", thousands(k.windows), k.buying.Round(10*time.Millisecond), perSecond(k.windows, k.buying.Seconds()))
	p.printf("Closed loop, %s, --connections %d, GOMAXPROCS %d, %v of load before their windows close and until they have:\n\n",
		c.choice(), c.Connections, runtime.GOMAXPROCS(0), c.Duration)
	t := beforeAndDuring(k.concurrency, &k.before, &k.during, "while they close")
	p.printf("%s\n  p99 while they close: %.2f times that before.\n", t, k.ratio())
	p.printf("  %s windows became statements within %.2f s (%s/s).\n", thousands(k.windows), k.took.Seconds(), perSecond(k.windows, k.took.Seconds()))
	p.tooMany("load", []benchLeg{k.before, k.during})
}

// ratio is that of the p99s.
func (k *closing) ratio() float64 { return p99Ratio(&k.before, &k.during) }

// failure is what went wrong.
func (k *closing) failure() error {
	return errors.Join(k.before.failed("before the windows close"), k.during.failed("while windows close"))
}

// objects are the rows before and during.
func (k *closing) objects() []any {
	return []any{k.before.object("before windows close", k.concurrency), struct {
		legObject
		Ratio   float64 `json:"p99_ratio"`
		Windows int64   `json:"windows"`
		Seconds float64 `json:"close_seconds"`
		Rate    float64 `json:"closed_per_second"`
	}{
		legObject: k.during.object("while windows close", k.concurrency), Ratio: thousandths(k.ratio()), Windows: k.windows,
		Seconds: inSeconds(k.took), Rate: float64(int64(float64(k.windows) / max(1e-9, k.took.Seconds()))),
	}}
}
