package outbox

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// onDisk is a file in a temporary directory. TMPDIR should say one on a disk: in memory a sync costs nothing.
func onDisk(b *testing.B) string { return filepath.Join(b.TempDir(), "outbox") }

// BenchmarkPut is what a gateway waits for: each message is on the disk when Put returns. Nothing is delivered meanwhile.
func BenchmarkPut(b *testing.B) {
	for _, callers := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			core := newCore()
			core.fault = func(int, string) (error, bool) { return status.Error(codes.Unavailable, "away"), false }
			o := open(b, onDisk(b), core, Options{Max: 1 << 30, Lanes: 1})
			var serial atomic.Int64
			b.ResetTimer()
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for {
						n := serial.Add(1)
						if n > int64(b.N) {
							return
						}
						put(b, o, Capture(fmt.Sprint("o-", n), &pb.CaptureRequest{AuthorizationId: "auth_00000000000010000001", Currency: "CNY", Amount: 1000, Final: true}))
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
		})
	}
}

// BenchmarkDrain is a restart with a full outbox: opening it, and delivering everything to a core that answers at once.
func BenchmarkDrain(b *testing.B) {
	const messages = 20_000
	path := onDisk(b)
	for range b.N {
		b.StopTimer()
		core := newCore()
		core.fault = func(int, string) (error, bool) { return status.Error(codes.Unavailable, "away"), false }
		o := open(b, path, core, Options{})
		var c Change
		for i := range messages {
			c.Messages = append(c.Messages, reversal(fmt.Sprint("o-", i), ""))
		}
		if err := o.Put(c); err != nil {
			b.Fatal(err)
		}
		if err := o.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
		core.fault = nil
		b.StartTimer()
		o = open(b, path, core, Options{})
		drain(b, o)
		if err := o.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(messages*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
