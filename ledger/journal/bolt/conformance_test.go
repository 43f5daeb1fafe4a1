package bolt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/journaltest"
)

// The segments are small, so that every test goes round them and through the mover.
func TestConformance(t *testing.T) {
	conform(t, Options{SegmentBytes: 4 << 10}, 4<<10-recordHeader)
}

func TestLargestBatches(t *testing.T) {
	dir := t.TempDir()
	opts := Options{SegmentBytes: journal.MaxBatchBytes + recordHeader, Logger: quiet}
	j := open(t, dir, opts)
	head := acquire(t, j)
	want := 0
	for range 4 {
		var b journal.Builder
		b.Reset(head.Next, head.Hash, nil)
		_, size := b.Add(1, func(buf []byte) []byte { return buf })
		b.Reset(head.Next, head.Hash, nil)
		want = journal.MaxBatchBytes - size
		b.Add(1, func(buf []byte) []byte { return append(buf, make([]byte, want)...) })
		var err error
		head, err = j.Append(context.Background(), head, b.Batch())
		require.NoError(t, err)
	}
	for range 2 {
		got, err := readAll(j, 2)
		require.NoError(t, err)
		require.Len(t, got, 3)
		require.Len(t, got[2].Payload, want)
		require.NoError(t, j.Close())
		j = open(t, dir, opts)
	}
}

func conform(t *testing.T, opts Options, largest int) {
	opts.Logger = quiet
	root := t.TempDir()
	var mu sync.Mutex
	faults := map[string]*faultyDisk{}
	faulty := func(name string) *faultyDisk {
		mu.Lock()
		defer mu.Unlock()
		if faults[name] == nil {
			faults[name] = &faultyDisk{}
		}
		return faults[name]
	}
	journaltest.Run(t, journaltest.Factory{
		Open: func(t journaltest.TB, name string) journal.Journal {
			opts := opts
			opts.disk = faulty(name).disk()
			j, err := Open(filepath.Join(root, name), opts)
			require.NoError(t, err)
			return j
		},
		MaxBatchBytes: largest,
		Unknown: func(_ journaltest.TB, name string, written bool) {
			if written {
				faulty(name).next(fault{syncErr: errDisk})
			} else {
				faulty(name).next(fault{writeErr: errDisk, cut: 30})
			}
		},
		Slow: func(_ journaltest.TB, name string, d time.Duration) { faulty(name).next(fault{delay: d}) },
	})
}

var errDisk = errors.New("the disk is on fire")

// fault is what happens to one append's write and sync.
type fault struct {
	delay    time.Duration
	writeErr error // after cut bytes
	cut      int
	syncErr  error
}

// faultyDisk does what it is told, once.
type faultyDisk struct {
	mu    sync.Mutex
	fault fault
}

func (d *faultyDisk) next(f fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = f
}

func (d *faultyDisk) disk() disk {
	return disk{
		write: func(f *os.File, buf []byte, offset int64) (int, error) {
			d.mu.Lock()
			now := d.fault
			d.fault.delay, d.fault.writeErr = 0, nil
			d.mu.Unlock()
			time.Sleep(now.delay)
			if now.writeErr != nil {
				n, _ := f.WriteAt(buf[:min(now.cut, len(buf))], offset)
				return n, now.writeErr
			}
			return f.WriteAt(buf, offset)
		},
		sync: func(f *os.File) error {
			d.mu.Lock()
			now := d.fault
			d.fault = fault{}
			d.mu.Unlock()
			if now.syncErr != nil {
				return now.syncErr
			}
			return datasync(f)
		},
	}
}
