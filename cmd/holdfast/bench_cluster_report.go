package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// clusterResult is one case on one route: its measurements, embedded and cluster in turn.
type clusterResult struct {
	route
	benchCase
	embedded []benchLeg
	cluster  []clusterLeg
}

func (r *clusterResult) legs() (legs []benchLeg) {
	for _, l := range r.cluster {
		legs = append(legs, l.benchLeg)
	}
	return legs
}

// rounds compares the legs round by round, as benchResult does.
func (r *clusterResult) rounds() *benchResult {
	return &benchResult{benchCase: r.benchCase, echo: r.embedded, holdfast: r.legs()}
}

// etcdCPU is the members' processor time of a request, the middle of the rounds.
func (r *clusterResult) etcdCPU() time.Duration {
	var all []time.Duration
	for _, l := range r.cluster {
		all = append(all, l.etcdCPU)
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

func (r *clusterResult) failure() error {
	var errs []error
	for _, l := range r.embedded {
		errs = append(errs, l.failed("embedded "+r.benchCase.name))
	}
	for _, l := range r.cluster {
		errs = append(errs, l.failed(r.route.name+" "+r.benchCase.name))
	}
	return errors.Join(errs...)
}

func (p *benchReport) clusterHead(c *BenchCmd) {
	p.printf("Three members of etcd, closed loop, %s, --connections %d, GOMAXPROCS %d;\n", c.choice(), c.Connections, runtime.GOMAXPROCS(0))
	p.printf("medians of --rounds %d of %v each way, each after %v of warm-up; embedded, then cluster; processor time\n", c.Rounds, c.Duration, c.WarmUp)
	p.printf("of a request in us, of the embedded server, the nodes and the members:\n\n")
	p.printf("  %-37s %8s %8s %6s %15s  %17s  %17s  %20s\n", "", "embed./s", "clus./s", "ratio", "(rounds)", "p50 ms", "p99 ms", "embed. nodes  etcd")
}

func (p *benchReport) clusterResult(r *clusterResult) {
	rps := func(legs []benchLeg) string {
		return thousands(int64(median(legs, func(l benchLeg) float64 { return l.rps })))
	}
	ms := func(figure func(benchLeg) time.Duration) string {
		return fmt.Sprintf("%8s %8s", milliseconds(median(r.embedded, figure)), milliseconds(median(r.legs(), figure)))
	}
	cpu := func(l benchLeg) time.Duration { return l.serverCPU }
	all := r.rounds().ratios()
	p.printf("  %-37s %8s %8s %6.3f %15s  %s  %s  %6d %6d %6d\n", r.route.name+", "+r.benchCase.name, rps(r.embedded), rps(r.legs()), r.rounds().ratio(),
		fmt.Sprintf("(%.2f to %.2f)", all[0], all[len(all)-1]), ms(p50), ms(p99),
		median(r.embedded, cpu).Microseconds(), median(r.legs(), cpu).Microseconds(), r.etcdCPU().Microseconds())
}

// objects is the case's row.
func (r *clusterResult) objects() []any {
	type object struct {
		Name        string  `json:"name"`
		Concurrency int     `json:"concurrency"`
		EmbeddedRPS float64 `json:"embedded_rps"`
		RPS         float64 `json:"rps"`
		Ratio       float64 `json:"ratio"`
		RatioMin    float64 `json:"ratio_min"`
		RatioMax    float64 `json:"ratio_max"`
		EmbeddedP50 float64 `json:"embedded_p50_ms"`
		P50         float64 `json:"p50_ms"`
		EmbeddedP99 float64 `json:"embedded_p99_ms"`
		P99         float64 `json:"p99_ms"`
		EmbeddedCPU float64 `json:"embedded_cpu_us"`
		NodesCPU    float64 `json:"nodes_cpu_us"`
		EtcdCPU     float64 `json:"etcd_cpu_us"`
	}
	ms := func(legs []benchLeg, figure func(benchLeg) time.Duration) float64 {
		return inMilliseconds(median(legs, figure))
	}
	us := func(d time.Duration) float64 { return float64(d.Microseconds()) }
	rate := func(l benchLeg) float64 { return l.rps }
	cpu := func(l benchLeg) time.Duration { return l.serverCPU }
	all, legs := r.rounds().ratios(), r.legs()
	return []any{object{
		Name: r.route.name, Concurrency: r.concurrency, EmbeddedRPS: float64(int64(median(r.embedded, rate))), RPS: float64(int64(median(legs, rate))),
		Ratio: thousandths(r.rounds().ratio()), RatioMin: thousandths(all[0]), RatioMax: thousandths(all[len(all)-1]),
		EmbeddedP50: ms(r.embedded, p50), P50: ms(legs, p50), EmbeddedP99: ms(r.embedded, p99), P99: ms(legs, p99),
		EmbeddedCPU: us(median(r.embedded, cpu)), NodesCPU: us(median(legs, cpu)), EtcdCPU: us(r.etcdCPU()),
	}}
}

// middle and most are of a list that is not empty.
func middle(all []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(all))[(len(all)-1)/2]
}

func most(all []time.Duration) time.Duration { return slices.Max(all) }

// String is what people are told.
func (g *gaps) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s, %d times: without an answer for %s ms (p50), %s ms (most); target %s ms.\n", g.what, len(g.each),
		milliseconds(middle(g.each)), milliseconds(most(g.each)), milliseconds(g.target))
	fmt.Fprintf(&b, "  In as many seconds when nothing happened: %s ms (p50), %s ms (most).\n", milliseconds(middle(g.quiet)), milliseconds(most(g.quiet)))
	if len(g.took) > 0 {
		fmt.Fprintf(&b, "  MoveShard answered within %s ms (p50), %s ms (most).\n", milliseconds(middle(g.took)), milliseconds(most(g.took)))
	}
	return b.String()
}

func (*gaps) failure() error { return nil }

func (g *gaps) objects() []any {
	type object struct {
		Name     string    `json:"name"`
		TargetMS float64   `json:"target_ms"`
		P50MS    float64   `json:"gap_p50_ms"`
		MaxMS    float64   `json:"gap_max_ms"`
		EachMS   []float64 `json:"gaps_ms"`
		QuietMS  float64   `json:"quiet_gap_max_ms"`
	}
	o := object{
		Name: g.file, TargetMS: inMilliseconds(g.target), P50MS: inMilliseconds(middle(g.each)), MaxMS: inMilliseconds(most(g.each)),
		QuietMS: inMilliseconds(most(g.quiet)),
	}
	for _, d := range g.each {
		o.EachMS = append(o.EachMS, inMilliseconds(d))
	}
	return []any{o}
}

// String is what people are told.
func (j *joining) String() string {
	mib := func(n int64) float64 { return float64(n) / (1 << 20) }
	return fmt.Sprintf("  A new replica had caught up %.2f s after it was started, with %s entries (%s/s), of which a peer had to give %s at least;\n"+
		"  %.0f MiB of journal, %.0f of state files (%.1f MiB/s).\n", j.took.Seconds(), thousands(int64(j.entries)), perSecond(int64(j.entries), j.took.Seconds()),
		thousands(int64(j.fromPeer)), mib(j.journal), mib(j.state), mib(j.journal+j.state)/j.took.Seconds())
}

func (*joining) failure() error { return nil }

func (j *joining) objects() []any {
	type object struct {
		Name     string  `json:"name"`
		Entries  uint64  `json:"entries"`
		FromPeer uint64  `json:"entries_trimmed_from_etcd"`
		Journal  int64   `json:"journal_bytes"`
		State    int64   `json:"state_bytes"`
		Seconds  float64 `json:"seconds"`
		Rate     float64 `json:"entries_per_second"`
	}
	return []any{object{
		Name: "join", Entries: j.entries, FromPeer: j.fromPeer, Journal: j.journal, State: j.state, Seconds: inSeconds(j.took),
		Rate: float64(int64(float64(j.entries) / j.took.Seconds())),
	}}
}
