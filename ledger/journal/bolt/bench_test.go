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

// BenchmarkAppendProcessor is the processor time of an append without its system calls and without encoding.
func BenchmarkAppendProcessor(b *testing.B) {
	j, err := Open(b.TempDir(), Options{Logger: quiet, disk: nullDisk()})
	require.NoError(b, err)
	defer j.Close()
	head := acquire(b, j)
	var build journal.Builder
	var buf []byte
	var took time.Duration
	payload := bytes.Repeat([]byte{7}, benchPayload)
	b.ReportAllocs()
	for range b.N {
		build.Reset(head.Next, head.Hash, buf)
		for range benchEntries {
			build.Add(1, func(dst []byte) []byte { return append(dst, payload...) })
		}
		batch := build.Batch()
		buf = batch.Bytes
		s := j.segments[j.active]
		if s.end > s.size-1<<20 { // go round without the mover, who would find nothing written
			s.end, s.index = 0, s.index[:0]
		}
		start := time.Now()
		if head, err = j.Append(context.Background(), head, batch); err != nil {
			b.Fatal(err)
		}
		took += time.Since(start)
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/append")
}

// BenchmarkReplay reads a journal of a quarter of a million entries, hashes verified, and BenchmarkOpen opens it with
// its last segments nearly full.
func BenchmarkReplay(b *testing.B) {
	j, _ := filled(b)
	defer j.Close()
	n := 0
	for b.Loop() {
		for _, err := range j.Replay(context.Background(), 1) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkOpen(b *testing.B) {
	j, dir := filled(b)
	for b.Loop() {
		require.NoError(b, j.Close())
		var err error
		j, err = Open(dir, Options{Logger: quiet})
		require.NoError(b, err)
	}
	require.NoError(b, j.Close())
}

func filled(b *testing.B) (*Journal, string) {
	dir := b.TempDir()
	j, err := Open(dir, Options{Logger: quiet})
	require.NoError(b, err)
	head := acquire(b, j)
	var build journal.Builder
	payload := bytes.Repeat([]byte{7}, benchPayload)
	for range 1000 {
		build.Reset(head.Next, head.Hash, nil)
		for range 256 {
			build.Add(1, func(dst []byte) []byte { return append(dst, payload...) })
		}
		head, err = j.Append(context.Background(), head, build.Batch())
		require.NoError(b, err)
	}
	return j, dir
}
