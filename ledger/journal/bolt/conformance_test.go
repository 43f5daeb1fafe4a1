package bolt

import (
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

func TestConformance(t *testing.T) {
	t.Run("LargeSegments", func(t *testing.T) { conform(t, Options{SegmentBytes: journal.MaxBatchBytes + 8<<10}, 0) })
	t.Run("SmallSegments", func(t *testing.T) { conform(t, Options{SegmentBytes: 4 << 10}, 4<<10-recordHeader) })
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
