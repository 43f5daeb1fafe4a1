package etcd

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
)

// BenchmarkAppend appends batches of payloads of 200 bytes, one append at a time, to a log that three members on this
// machine hold, and to the embedded engine's for comparison. The encoding of the batch is part of it.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("etcd/%d", size), func(b *testing.B) {
			benchAppends(b, open(b, connect(b, nil), "log"), size)
		})
		b.Run(fmt.Sprintf("bolt/%d", size), func(b *testing.B) {
			j, err := bolt.Open(b.TempDir(), bolt.Options{Logger: quiet})
			require.NoError(b, err)
			defer j.Close()
			benchAppends(b, j, size)
		})
	}
}

func benchAppends(b *testing.B, j journal.Journal, size int) {
	head, err := j.Acquire(background, "bench")
	require.NoError(b, err)
	var build journal.Builder
	var buf []byte
	var took []time.Duration
	payload := bytes.Repeat([]byte{7}, 200)
	b.ReportAllocs()
	for b.Loop() {
		begun := time.Now()
		build.Reset(head.Next, head.Hash, buf)
		for range size {
			build.Add(1, func(dst []byte) []byte { return append(dst, payload...) })
		}
		batch := build.Batch()
		if head, err = j.Append(background, head, batch); err != nil {
			b.Fatal(err)
		}
		took, buf = append(took, time.Since(begun)), batch.Bytes
	}
	slices.Sort(took)
	b.ReportMetric(float64(len(took)*size)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
}

// BenchmarkLogs appends small batches to sixteen logs at once.
func BenchmarkLogs(b *testing.B) {
	const logs = 16
	c := connect(b, nil)
	var owners sync.WaitGroup
	left := make(chan struct{}, b.N)
	for range b.N {
		left <- struct{}{}
	}
	close(left)
	b.ResetTimer()
	for i := range logs {
		j := open(b, c, fmt.Sprint(i))
		head := acquire(b, j)
		owners.Go(func() {
			for range left {
				var err error
				if head, err = j.Append(background, head, batchOf(head, "one", "two", "three", "four")); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	owners.Wait()
}
