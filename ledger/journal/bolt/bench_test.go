package bolt

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

const (
	benchEntries = 64
	benchPayload = 250
)

// BenchmarkAppend appends batches of 64 entries of 250 bytes, and for comparison puts the same batches into bbolt
// directly, one transaction each. Beside entries/s it reports the median and the 99th percentile of one append,
// without the encoding of the batch.
func BenchmarkAppend(b *testing.B) {
	b.Run("segments", func(b *testing.B) {
		j, err := Open(b.TempDir(), Options{Logger: quiet})
		require.NoError(b, err)
		defer j.Close()
		head := acquire(b, j)
		benchAppends(b, func(batch journal.Batch) (err error) {
			head, err = j.Append(context.Background(), head, batch)
			return err
		})
	})
	b.Run("bbolt", func(b *testing.B) {
		db, err := bbolt.Open(filepath.Join(b.TempDir(), "plain.db"), 0o600, nil)
		require.NoError(b, err)
		defer db.Close()
		benchAppends(b, func(batch journal.Batch) error {
			return db.Update(func(tx *bbolt.Tx) error {
				bucket, err := tx.CreateBucketIfNotExists(batchesBucket)
				if err != nil {
					return err
				}
				bucket.FillPercent = 1
				return bucket.Put(batchKey(batch.First), batch.Bytes)
			})
		})
	})
}

func benchAppends(b *testing.B, put func(journal.Batch) error) {
	var build journal.Builder
	var buf []byte
	payload := bytes.Repeat([]byte{7}, benchPayload)
	next, hash := uint64(1), journal.Hash{}
	took := make([]time.Duration, 0, b.N)
	b.ReportAllocs()
	for b.Loop() {
		build.Reset(next, hash, buf)
		for range benchEntries {
			build.Add(1, func(dst []byte) []byte { return append(dst, payload...) })
		}
		batch := build.Batch()
		start := time.Now()
		if err := put(batch); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		buf, next, hash = batch.Bytes, next+benchEntries, batch.Last
	}
	slices.Sort(took)
	b.ReportMetric(float64(len(took)*benchEntries)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
}

// BenchmarkAppendProcessor is the processor time of an append without its system calls.
func BenchmarkAppendProcessor(b *testing.B) {
	opts := Options{Logger: quiet, SegmentBytes: 32 << 20}
	opts.disk = nullDisk()
	j, err := Open(b.TempDir(), opts)
	require.NoError(b, err)
	defer j.Close()
	head := acquire(b, j)
	batch := journal.Batch{}
	var build journal.Builder
	payload := bytes.Repeat([]byte{7}, benchPayload)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		build.Reset(head.Next, head.Hash, batch.Bytes)
		for range benchEntries {
			build.Add(1, func(dst []byte) []byte { return append(dst, payload...) })
		}
		batch = build.Batch()
		s := j.segments[j.active]
		if s.end > s.size-1<<20 { // go round without the mover, who would find nothing written
			s.end, s.index = 0, s.index[:0]
		}
		b.StartTimer()
		if head, err = j.Append(context.Background(), head, batch); err != nil {
			b.Fatal(err)
		}
	}
}
