package client

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// echoing is a fake that answers every Authorize with the same approval, undecided: what is measured is the
// client, gRPC and the loopback, all in one process.
func echoing(b *testing.B, opts ...Option) *Client {
	f, c := start(b, opts...)
	resp, err := f.Authorize(b.Context(), &pb.AuthorizeRequest{RequestId: "r", AccountId: "acc_1", OrderId: "o", Amount: 1000, Currency: "CNY"})
	if err != nil {
		b.Fatal(err)
	}
	f.canned = resp
	if _, err := c.Authorize(b.Context(), topup("warm-up")); err != nil {
		b.Fatal(err)
	}
	return c
}

// BenchmarkStreams is Authorize over pooled streams by as many callers at once as the name says.
func BenchmarkStreams(b *testing.B) {
	for _, streams := range []int{1, 2, 4} {
		for _, callers := range []int{1, 64, 512, 2048} {
			b.Run(fmt.Sprintf("streams=%d/callers=%d", streams, callers), func(b *testing.B) {
				parallel(b, echoing(b, WithStreams(streams)), callers)
			})
		}
	}
	b.Run("streams=4/connections=2/callers=512", func(b *testing.B) {
		parallel(b, echoing(b, WithStreams(4), WithConnections(2)), 512)
	})
}

// BenchmarkUnary is the same without streams, for the ratio.
func BenchmarkUnary(b *testing.B) {
	for _, callers := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			parallel(b, echoing(b), callers)
		})
	}
}

func parallel(b *testing.B, c *Client, callers int) {
	b.ReportAllocs()
	before := cpuTime()
	b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(p *testing.PB) {
		req := topup("o-1")
		for p.Next() {
			req.RequestId = ""
			if _, err := c.Authorize(b.Context(), req); err != nil {
				b.Error(err)
				return
			}
		}
	})
	figures(b, before)
}

// figures reports calls per second, and the processor time of a call on both sides, which other work on the machine
// disturbs less.
func figures(b *testing.B, before time.Duration) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkTable is what the SDK itself adds to a call on a stream: encoding, queue, table and hand-over, without gRPC.
func BenchmarkTable(b *testing.B) {
	s := &stream{wake: make(chan struct{}, 1), compactAt: compactMin, up: true, budget: newBudget(DefaultRetryPolicy())}
	req := topup("o-1")
	req.RequestId = "0198c1c0-0000-7000-8000-000000000000"
	answer := &pb.AuthorizeStreamResponse{}
	var frames []frame
	b.ReportAllocs()
	for b.Loop() {
		w, err := newWaiter(authorizeMethod.wrap(req))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.enqueue(w); err != nil {
			b.Fatal(err)
		}
		frames = s.takeQueue(frames[:0])
		s.mu.Lock()
		w = s.inflight.remove(w.id)
		w.state = answered
		s.mu.Unlock()
		w.complete(answer, failure{})
		<-w.done
		w.release()
	}
}

// BenchmarkRawStreams is the ceiling: the same messages by one sender and one receiver for each stream, with no caller to
// hand an answer to and no deadline to keep.
func BenchmarkRawStreams(b *testing.B) {
	for _, streams := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			c := echoing(b)
			b.ReportAllocs()
			before := cpuTime()
			var all sync.WaitGroup
			for range streams {
				all.Go(func() { rawStream(b, c, b.N/streams) })
			}
			all.Wait()
			figures(b, before)
		})
	}
}

func rawStream(b *testing.B, c *Client, n int) {
	stream, err := pb.NewAuthorizationServiceClient(c.fleet.seed().conns).AuthorizeStream(b.Context())
	if err != nil {
		b.Error(err)
		return
	}
	window := make(chan struct{}, 512)
	go func() {
		req := &pb.AuthorizeStreamRequest{Call: &pb.AuthorizeStreamRequest_Authorize{Authorize: topup("o-1")}}
		for i := range n {
			window <- struct{}{}
			req.CorrelationId = uint64(i)
			req.GetAuthorize().RequestId = c.NewRequestID()
			if stream.Send(req) != nil {
				return
			}
		}
	}()
	for range n {
		if _, err := stream.Recv(); err != nil {
			b.Error(err)
			return
		}
		<-window
	}
}

// BenchmarkRoute is what a cluster adds to each attempt: the shard of an id, the topology, its owner. Without a cluster
// nothing is looked up.
func BenchmarkRoute(b *testing.B) {
	for _, nodes := range []int{1, 3} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			v := &view{known: true}
			for i := range nodes {
				v.all = append(v.all, &node{address: fmt.Sprint(i)})
			}
			for i := range 64 * (nodes - 1) {
				v.owners = append(v.owners, v.all[i%nodes])
			}
			f := &fleet{opts: &options{now: time.Now}}
			f.view.Store(v)
			keys := []string{AccountOf(0), AccountOf(33)}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f.route(keys[i%2], nil, false)
			}
		})
	}
}
