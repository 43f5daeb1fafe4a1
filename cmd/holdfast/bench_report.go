package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// benchLeg is one measurement of one side.
type benchLeg struct {
	answers            int64
	rps                float64
	p50, p99, p999     time.Duration
	serverCPU, loadCPU time.Duration // for each request; 0 when unknown
	declines           map[holdfastv1.DeclineReason]int64
	failures, unsent   int64
	failure            error
	memory             memory // of the server, at the end
}

func newBenchLeg(tallies []*tally, window span, used processorTime) benchLeg {
	all := hdrhistogram.New(1, latencyMax, latencyDigits)
	leg := benchLeg{declines: map[holdfastv1.DeclineReason]int64{}}
	for _, t := range tallies {
		leg.answers += t.answers
		leg.failures += t.failures
		leg.unsent += t.unsent
		leg.failure = cmp.Or(leg.failure, t.failure)
		for reason, n := range t.declines {
			leg.declines[reason] += n
		}
		all.Merge(t.latency)
	}
	at := func(q float64) time.Duration { return time.Duration(all.ValueAtQuantile(q)) * time.Microsecond }
	leg.p50, leg.p99, leg.p999 = at(50), at(99), at(99.9)
	leg.rps = float64(leg.answers) / window.to.Sub(window.from).Seconds()
	if leg.answers > 0 {
		n := time.Duration(leg.answers)
		leg.serverCPU, leg.loadCPU = used.server/n, used.load/n
	}
	return leg
}

// processorTime is processor time spent within a span.
type processorTime struct{ server, load time.Duration }

// watchUsage measures the processor time of servers and of this process in the span.
func watchUsage(ctx context.Context, window span, servers ...*process) <-chan processorTime {
	result := make(chan processorTime, 1)
	look := func() (u processorTime) {
		for _, s := range servers {
			used, _ := s.cpu()
			u.server += used
		}
		u.load, _ = cpuOf("self")
		return u
	}
	go func() {
		_ = sleepUntil(ctx, window.from)
		before := look()
		_ = sleepUntil(ctx, window.to)
		after := look()
		result <- processorTime{after.server - before.server, after.load - before.load}
	}()
	return result
}

// writeProfiles takes processor profiles of the server and of this process in the span.
func writeProfiles(ctx context.Context, base, ops string, window span) <-chan error {
	result := make(chan error, 1)
	go func() {
		if err := sleepUntil(ctx, window.from); err != nil {
			result <- err
			return
		}
		own, err := os.Create(base + ".load.pprof")
		if err != nil {
			result <- err
			return
		}
		err = pprof.StartCPUProfile(own)
		seconds := max(1, int(window.to.Sub(window.from).Seconds()))
		err = errors.Join(err, fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", ops, seconds), base+".server.pprof"))
		pprof.StopCPUProfile()
		result <- errors.Join(err, own.Close())
	}()
	return result
}

func fetch(ctx context.Context, url, path string) error {
	body, err := get(ctx, url)
	if err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o600)
}

func get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return body, err
}

// benchResult is one case: its measurements, echo and holdfast in turn.
type benchResult struct {
	benchCase
	echo, holdfast []benchLeg
}

// median is the middle of a figure over the rounds; of an even number, the lower of the two.
func median[T cmp.Ordered](legs []benchLeg, figure func(benchLeg) T) (m T) {
	var all []T
	for _, leg := range legs {
		all = append(all, figure(leg))
	}
	if len(all) == 0 {
		return m
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

// ratios are each round's holdfast over the echo just before it, smallest first.
func (r *benchResult) ratios() []float64 {
	var all []float64
	for i, leg := range r.holdfast {
		if i < len(r.echo) && r.echo[i].rps > 0 {
			all = append(all, leg.rps/r.echo[i].rps)
		}
	}
	slices.Sort(all)
	return all
}

func (r *benchResult) ratio() float64 {
	all := r.ratios()
	if len(all) == 0 {
		return 0
	}
	return all[(len(all)-1)/2]
}

// memory is that of the server after the last round.
func (r *benchResult) memory() (m memory) {
	if n := len(r.holdfast); n > 0 {
		m = r.holdfast[n-1].memory
	}
	return m
}

// failure is what went wrong in any round.
func (r *benchResult) failure() error {
	var errs []error
	for i, leg := range slices.Concat(r.echo, r.holdfast) {
		side := r.name
		if i < len(r.echo) {
			side += ", echo"
		}
		errs = append(errs, leg.failed(side))
	}
	return errors.Join(errs...)
}

// failed is what went wrong in a measurement.
func (l *benchLeg) failed(side string) error {
	var errs []error
	if l.failures > 0 {
		errs = append(errs, fmt.Errorf("%s: %d calls failed, the first: %w", side, l.failures, l.failure))
	}
	if l.unsent > 0 {
		errs = append(errs, fmt.Errorf("%s: the rate could not be kept: %s requests were never sent", side, thousands(l.unsent)))
	}
	for _, reason := range sortedReasons(l.declines) {
		if reason != holdfastv1.DeclineReason_DECLINE_REASON_TOO_MANY_HOLDS {
			errs = append(errs, fmt.Errorf("%s: %s orders were declined for %s", side, thousands(l.declines[reason]), reasonName(reason)))
		}
	}
	return errors.Join(errs...)
}

func sortedReasons(m map[holdfastv1.DeclineReason]int64) []holdfastv1.DeclineReason {
	var all []holdfastv1.DeclineReason
	for reason := range m {
		all = append(all, reason)
	}
	slices.Sort(all)
	return all
}

func reasonName(r holdfastv1.DeclineReason) string {
	return strings.TrimPrefix(r.String(), "DECLINE_REASON_")
}

// benchReport prints for people.
type benchReport struct {
	out  io.Writer
	echo bool // whether there is one to compare with
}

func (p *benchReport) printf(format string, args ...any) { _, _ = fmt.Fprintf(p.out, format, args...) }

// choice is how accounts are chosen.
func (c *BenchCmd) choice() string {
	if c.Skew > 0 {
		return fmt.Sprintf("Zipf choice, exponent %g", c.Skew)
	}
	return "uniform choice"
}

func (p *benchReport) head(c *BenchCmd) {
	loop := "closed loop"
	if c.Rate > 0 {
		loop = fmt.Sprintf("open loop, %s/s", thousands(int64(c.Rate)))
	}
	p.printf("%s, %s, --connections %d, GOMAXPROCS %d;\n", loop, c.choice(), c.Connections, runtime.GOMAXPROCS(0))
	p.printf("medians of --rounds %d of %v each way, each after %v of warm-up:\n\n", c.Rounds, c.Duration, c.WarmUp)
	if p.echo {
		p.printf("  %-13s %26s   %15s   %15s   %7s\n", "", "requests/s   ", "p50 ms  ", "p99 ms  ", "p99.9 ms")
		p.printf("  %-13s %8s %9s %7s   %7s %7s   %7s %7s   %8s\n", "", "echo", "holdfast", "ratio", "echo", "holdf.", "echo", "holdf.", "holdf.")
	} else {
		p.printf("  %-13s %11s %9s %9s %9s\n", "", "requests/s", "p50 ms", "p99 ms", "p99.9 ms")
	}
}

func (p *benchReport) result(r *benchResult) {
	rps := func(legs []benchLeg) string {
		return thousands(int64(median(legs, func(l benchLeg) float64 { return l.rps })))
	}
	ms := func(legs []benchLeg, figure func(benchLeg) time.Duration) string {
		return milliseconds(median(legs, figure))
	}
	if !p.echo {
		p.printf("  %-13s %11s %9s %9s %9s\n", r.name, rps(r.holdfast), ms(r.holdfast, p50), ms(r.holdfast, p99), ms(r.holdfast, p999))
		return
	}
	p.printf("  %-13s %8s %9s %7.3f   %7s %7s   %7s %7s   %8s\n", r.name, rps(r.echo), rps(r.holdfast), r.ratio(),
		ms(r.echo, p50), ms(r.holdfast, p50), ms(r.echo, p99), ms(r.holdfast, p99), ms(r.holdfast, p999))
}

func p50(l benchLeg) time.Duration  { return l.p50 }
func p99(l benchLeg) time.Duration  { return l.p99 }
func p999(l benchLeg) time.Duration { return l.p999 }

// foot prints what explains the figures.
func (p *benchReport) foot(results []*benchResult) {
	us := func(legs []benchLeg, figure func(benchLeg) time.Duration) string {
		d := median(legs, figure)
		if d == 0 {
			return "-"
		}
		return fmt.Sprintf("%.1f", float64(d)/1e3)
	}
	server := func(l benchLeg) time.Duration { return l.serverCPU }
	load := func(l benchLeg) time.Duration { return l.loadCPU }
	if p.echo {
		p.printf("\n  %-13s %13s   %35s   %9s\n", "", "ratio of", "processor time of a request, us    ", "p99 ratio")
		p.printf("  %-13s %13s   %8s %8s %8s %8s\n", "", "rounds", "echo", "its load", "holdfast", "its load")
		for _, r := range results {
			all := r.ratios()
			p.printf("  %-13s %5.3f - %5.3f   %8s %8s %8s %8s   %9.2f\n", r.name, all[0], all[len(all)-1],
				us(r.echo, server), us(r.echo, load), us(r.holdfast, server), us(r.holdfast, load),
				float64(median(r.holdfast, p99))/float64(max(1, median(r.echo, p99))))
		}
	}
	p.memory(results)
	for _, r := range results {
		p.tooMany(r.name, r.holdfast)
	}
}

func (p *benchReport) tooMany(name string, legs []benchLeg) {
	var holds int64
	for _, leg := range legs {
		holds += leg.declines[holdfastv1.DeclineReason_DECLINE_REASON_TOO_MANY_HOLDS]
	}
	if holds > 0 {
		p.printf("\n  %s: %s orders were declined because their account had as many open holds as it may.\n", name, thousands(holds))
	}
}

// memory prints what the server had in memory after the last round of each case.
func (p *benchReport) memory(results []*benchResult) {
	t := &table{}
	for i, r := range results {
		m := r.memory()
		if m == (memory{}) {
			return
		}
		if i == 0 {
			t.row(append([]string{"the server then"}, m.head()...)...)
		}
		t.row(append([]string{r.name}, m.row()...)...)
	}
	p.printf("\n%s", t)
}
