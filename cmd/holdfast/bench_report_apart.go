package main

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"
)

// What is measured apart from the usual cases has no echo to compare with, and tables of its own.

// expiry prints how Authorize did while holds ended together.
func (p *benchReport) expiry(c *BenchCmd, e *expiry) {
	p.printf("%s holds, %d an account, placed in %v (%s/s); ", thousands(e.holds), e.each, e.placing.Round(10*time.Millisecond),
		perSecond(e.holds, e.placing.Seconds()))
	if e.indexing > 0 {
		p.printf("their deadlines were in the index %v later.\n", e.indexing.Round(10*time.Millisecond))
	} else {
		p.printf("NOT all of their deadlines were in the index in time.\n")
	}
	p.printf("Closed loop, %s, --connections %d, GOMAXPROCS %d, %v of load before they end and until they have expired:\n\n",
		c.choice(), c.Connections, runtime.GOMAXPROCS(0), c.Duration)
	t := beforeAndDuring(e.concurrency, &e.before, &e.during, "while they expire")
	p.printf("%s\n  p99 while they expire: %.2f times that before.\n", t, e.ratio())
	p.printf("  %s of %s holds expired within %.2f s of the instant (%s/s).\n", thousands(e.expired), thousands(e.holds),
		e.took.Seconds(), perSecond(e.expired, e.took.Seconds()))
	if e.others > 0 {
		p.printf("  %s holds were open before: those of them that ended meanwhile are counted as well.\n", thousands(e.others))
	}
	p.tooMany("load", []benchLeg{e.before, e.during})
}

// beforeAndDuring is a table of the load before something happens, and while it does.
func beforeAndDuring(concurrency int, before, during *benchLeg, name string) *table {
	t := &table{}
	t.row(append([]string{fmt.Sprintf("unary c=%d", concurrency), "requests/s", "p50 ms", "p99 ms", "p99.9 ms"}, before.memory.head()...)...)
	row := func(name string, l *benchLeg) {
		t.row(append([]string{name, thousands(int64(l.rps)), milliseconds(l.p50), milliseconds(l.p99), milliseconds(l.p999)}, l.memory.row()...)...)
	}
	row("before", before)
	row(name, during)
	return t
}

// p99Ratio is that of the p99s.
func p99Ratio(before, during *benchLeg) float64 {
	return float64(during.p99) / float64(max(1, before.p99))
}

// legObject is a leg as a row of --json.
type legObject struct {
	Name        string  `json:"name"`
	Concurrency int     `json:"concurrency"`
	RPS         float64 `json:"rps"`
	P50MS       float64 `json:"p50_ms"`
	P99MS       float64 `json:"p99_ms"`
	P999MS      float64 `json:"p999_ms"`
	memoryObject
}

func (l *benchLeg) object(name string, concurrency int) legObject {
	return legObject{
		Name: name, Concurrency: concurrency, RPS: float64(int64(l.rps)), P50MS: inMilliseconds(l.p50),
		P99MS: inMilliseconds(l.p99), P999MS: inMilliseconds(l.p999), memoryObject: l.memory.object(),
	}
}

func perSecond(n int64, seconds float64) string {
	return thousands(int64(float64(n) / max(1e-9, seconds)))
}

// ratio is that of the p99s.
func (e *expiry) ratio() float64 { return p99Ratio(&e.before, &e.during) }

// failure is what went wrong, and that not all expired.
func (e *expiry) failure() error {
	errs := []error{e.before.failed("before expiry"), e.during.failed("during expiry")}
	if e.expired < e.holds {
		errs = append(errs, fmt.Errorf("%s of %s holds had not expired %.0f s after their end",
			thousands(e.holds-e.expired), thousands(e.holds), e.took.Seconds()))
	}
	return errors.Join(errs...)
}

// objects are the rows before and during.
func (e *expiry) objects() []any {
	type during struct {
		legObject
		Ratio    float64 `json:"p99_ratio"`
		Holds    int64   `json:"holds"`
		Expired  int64   `json:"expired"`
		Seconds  float64 `json:"expire_seconds"`
		Rate     float64 `json:"expired_per_second"`
		Finished bool    `json:"finished"`
		Indexed  bool    `json:"indexed"`
	}
	return []any{e.before.object("before expiry", e.concurrency), during{
		legObject: e.during.object("during expiry", e.concurrency), Ratio: thousandths(e.ratio()), Holds: e.holds, Expired: e.expired,
		Seconds: inSeconds(e.took), Rate: float64(int64(float64(e.expired) / max(1e-9, e.took.Seconds()))),
		Finished: e.expired == e.holds, Indexed: e.indexing > 0,
	}}
}

// restart prints how long a start took.
func (p *benchReport) restart(r *restart) {
	if r.killed {
		p.printf("The server was killed and started again:\n\n")
	} else {
		p.printf("The server was started on the directory as it was:\n\n")
	}
	t := &table{}
	t.row(append([]string{"", "accounts", "entries replayed", "SERVING s", "answered s"}, r.first.head()...)...)
	t.row(append([]string{
		"first answer", thousands(r.accounts), thousands(int64(r.tail)), seconds3(r.serving.Seconds()), seconds3(r.answered.Seconds()),
	}, r.first.row()...)...)
	if r.quiet != (memory{}) {
		t.row(append([]string{"once quiet", "", "", "", ""}, r.quiet.row()...)...)
	}
	p.printf("%s", t)
}

func seconds3(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }

func (*restart) failure() error { return nil }

// objects is the one row.
func (r *restart) objects() []any {
	type object struct {
		Name     string  `json:"name"`
		Killed   bool    `json:"killed"`
		Accounts int64   `json:"accounts"`
		Tail     uint64  `json:"tail_entries"`
		Serving  float64 `json:"serving_seconds"`
		Answered float64 `json:"answered_seconds"`
		memoryObject
		Quiet memoryObject `json:"once_quiet,omitzero"`
	}
	return []any{object{
		Name: "restart", Killed: r.killed, Accounts: r.accounts, Tail: r.tail, Serving: inSeconds(r.serving),
		Answered: inSeconds(r.answered), memoryObject: r.first.object(), Quiet: r.quiet.object(),
	}}
}
