package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"google.golang.org/grpc"
)

// echoConns serves echoes in this process.
func echoConns(t *testing.T) []*grpc.ClientConn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	s.RegisterService(&echoService, nil)
	go func() { _ = s.Serve(listener) }() // until Stop
	t.Cleanup(s.Stop)
	conns, err := dialEach(listener.Addr().String(), 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, cc := range conns {
			_ = cc.Close()
		}
	})
	return conns
}

func TestLoad(t *testing.T) {
	conns := echoConns(t)
	for _, tc := range []struct {
		name string
		bc   benchCase
		rate float64
	}{
		{"closed", benchCase{concurrency: 4}, 0},
		{"paced", benchCase{concurrency: 4}, 500},
		{"stream", benchCase{concurrency: 16, streams: 2}, 0},
		{"paced stream", benchCase{concurrency: 16, streams: 2}, 500},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := &bench{BenchCmd: &BenchCmd{Rate: tc.rate, Window: 8}}
			from := time.Now().Add(50 * time.Millisecond)
			window := span{from, from.Add(400 * time.Millisecond)}
			leg := newBenchLeg(b.load(context.Background(), tc.bc, conns, b.echoCalls(), window), window, processorTime{})
			if leg.failures > 0 || leg.unsent > 0 {
				t.Fatalf("%d failed, %d unsent: %v", leg.failures, leg.unsent, leg.failure)
			}
			if leg.p50 <= 0 || leg.p99 < leg.p50 || leg.p999 < leg.p99 {
				t.Errorf("latencies %v %v %v", leg.p50, leg.p99, leg.p999)
			}
			if tc.rate > 0 && (leg.rps < tc.rate*0.95 || leg.rps > tc.rate*1.05) {
				t.Errorf("%v/s were asked for, %v were answered", tc.rate, leg.rps)
			}
			t.Logf("%.0f/s, p50 %v", leg.rps, leg.p50)
		})
	}
}

// TestPacedCountsFromWhenDue: a caller that stalls delays what comes after, and that must show.
func TestPacedCountsFromWhenDue(t *testing.T) {
	start := time.Now()
	window := span{start, start.Add(300 * time.Millisecond)}
	tally := newTally()
	runPaced(context.Background(), nil, &stallingCaller{stall: 200 * time.Millisecond}, tally, window,
		pace{first: start, every: 10 * time.Millisecond})
	if tally.answers != 30 {
		t.Errorf("%d answers, want 30", tally.answers)
	}
	// 20 of 30 were due during the stall, half of them more than 100 ms before its end.
	if late := tally.latency.ValueAtQuantile(70); late < 90_000 {
		t.Errorf("the stall does not show: 70 %% were answered within %d us", late)
	}
}

type stallingCaller struct{ stall time.Duration }

func (s *stallingCaller) call(context.Context, *grpc.ClientConn, time.Time) error {
	time.Sleep(s.stall)
	s.stall = 0
	return nil
}

func TestIDMaker(t *testing.T) {
	m := newIDMaker()
	seen := map[string]bool{}
	now := time.Now()
	last := ""
	for i := range 1000 {
		order, request := m.next(now.Add(time.Duration(i) * time.Millisecond))
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(request) {
			t.Fatalf("%q is no UUIDv7", request)
		}
		if order != "o-"+request || seen[request] || request <= last {
			t.Fatalf("%q %q after %q", order, request, last)
		}
		seen[request], last = true, request
	}
}

func TestChooser(t *testing.T) {
	var book accountBook
	for _, c := range "abcdefghij" {
		book.ids += "acc_000000000000" + string(c)
	}
	for _, skew := range []float64{0, 1.2} {
		count := map[string]int{}
		choose := book.chooser(skew)
		for range 10000 {
			count[choose()]++
		}
		most := 0
		for _, n := range count {
			most = max(most, n)
		}
		if len(count) != 10 || (skew == 0) != (most < 1300) {
			t.Errorf("skew %g: %v", skew, count)
		}
	}
}

func TestReadMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "status")
	text := "Name:\tholdfast\nVmHWM:\t    3000 kB\nVmRSS:\t    2048 kB\nRssAnon:\t    1024 kB\nRssFile:\t     512 kB\nRssShmem:\t       0 kB\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := readMemory(path), (memory{2048 << 10, 3000 << 10, 1024 << 10, 512 << 10}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := readMemory(path + "-not"); got != (memory{}) {
		t.Errorf("%+v of a process that is not there", got)
	}
}
