package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sampleRun is a server, a carrier and one gateway after the other, each a process.
type sampleRun struct {
	t       *testing.T
	dir     string
	server  *process
	carrier *process
}

func (r *sampleRun) serve(listen string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	var err error
	if r.server, err = start(ctx, "serve", "--data", filepath.Join(r.dir, "data"), "--listen", listen, "--ops", "", "--log-level", "warn"); err != nil {
		r.t.Fatal(err)
	}
}

func (r *sampleRun) deliver(listen string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	var err error
	if r.carrier, err = start(ctx, "sample", "carrier", "--listen", listen, "--book", r.book(), "--seed", "7"); err != nil {
		r.t.Fatal(err)
	}
}

func (r *sampleRun) book() string { return filepath.Join(r.dir, "carrier.jsonl") }

// sell starts a gateway. What it says is in its log in the end.
func (r *sampleRun) sell(log *strings.Builder, orders int) *process {
	r.t.Helper()
	self, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	p := &process{log: log}
	if err := p.launch(self, "sample", "gateway", "--target", r.server.Listen, "--carrier", r.carrier.Listen, "--data", filepath.Join(r.dir, "gateway"),
		"--seed", "7", "--orders", strconv.Itoa(orders), "--rate", "150", "--cuts", "2", "--for", "25s"); err != nil {
		r.t.Fatal(err)
	}
	return p
}

// TestNothingIsLostOrDoubled kills the gateway again and again, and now and then the core as well, while the gateway cuts itself off
// from the core and the carrier does what carriers do. The gateway that is left alone in the end finds that both books agree, and one
// that is shown a forged book finds that they do not. A day later the carrier's book is reconciled with the core's, and settled.
func TestNothingIsLostOrDoubled(t *testing.T) {
	const orders = 900
	r := &sampleRun{t: t, dir: t.TempDir()}
	r.serve("127.0.0.1:0")
	defer func() { r.server.kill() }()
	r.register()
	r.deliver("127.0.0.1:0")
	defer func() { r.carrier.kill() }()
	seed := uint64(time.Now().UnixNano())
	t.Logf("moments of seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	inHand := 0
	for life := range 6 {
		var log strings.Builder
		p := r.sell(&log, orders)
		time.Sleep(time.Duration(250+random.IntN(500)) * time.Millisecond)
		if life%2 == 1 {
			r.server.kill()
			time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		}
		p.kill()
		if life%2 == 1 && life < 5 {
			r.serve(r.server.Listen)
		}
		if !strings.Contains(log.String(), "open: 0 orders in hand") {
			inHand++
		}
	}
	if inHand < 3 {
		t.Errorf("only %d gateways of 6 found orders in hand", inHand)
	}
	var log strings.Builder
	p := r.sell(&log, orders) // which begins without the core
	time.Sleep(700 * time.Millisecond)
	r.serve(r.server.Listen)
	<-p.exited
	t.Logf("the last gateway:\n%s", log.String())
	if p.err != nil || !strings.Contains(log.String(), "The books agree: 900 orders, each of them once or not at all.") {
		t.Fatalf("the gateway ended with %v", p.err)
	}

	r.carrier.kill()
	forged := forge(t, r.book())
	r.deliver("127.0.0.1:0")
	log.Reset()
	p = r.sell(&log, orders)
	<-p.exited
	if p.err == nil || !strings.Contains(log.String(), "the core's postings owe the carrier") || !strings.Contains(log.String(), "the books differ") {
		t.Errorf("a forged book was not found: %v\n%s", p.err, log.String())
	}

	honest := r.told()
	honest[forged].Amount--
	r.settle(honest)
	if err := r.server.stop(); err != nil {
		t.Error(err)
	}
	if code := run(t.Context(), []string{"verify", "--data", filepath.Join(r.dir, "data")}); code != 0 {
		t.Errorf("verify exits with %d", code)
	}
}

// forge adds a minor unit to an order that the carrier has delivered, and answers with which.
func forge(t *testing.T, book string) string {
	t.Helper()
	text, err := os.ReadFile(book)
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]carrierOrder{}
	for line := range strings.Lines(string(text)) {
		var o carrierOrder
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		last[o.Order] = o
	}
	file, err := os.OpenFile(book, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for id, o := range last {
		if o.State == carrierDelivered && fateOf(7, id).back == 0 {
			o.Amount++
			if err := json.NewEncoder(file).Encode(o); err != nil {
				t.Fatal(err)
			}
			return id
		}
	}
	t.Fatal("nothing was delivered")
	return ""
}

// What the carrier does with an order is the same in each run, and it does everything that it may.
func TestTheCarrierIsDeterministic(t *testing.T) {
	var lost, untaken, silent, twice, back, failed int
	for n := range 1000 {
		id := strconv.Itoa(n)
		f := fateOf(3, id)
		if f != fateOf(3, id) {
			t.Fatal(f)
		}
		lost += boolInt(f.lost)
		untaken += boolInt(f.lost && !f.taken)
		silent += boolInt(f.silent)
		twice += boolInt(f.twice)
		back += boolInt(f.back > 0)
		failed += boolInt(f.state == carrierFailed)
	}
	for name, n := range map[string]int{"lost": lost, "untaken": untaken, "silent": silent, "twice": twice, "back": back, "failed": failed} {
		if n < 10 || n > 200 {
			t.Errorf("%s: %d of 1000", name, n)
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
