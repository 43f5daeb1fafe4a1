package bolt

import (
	"context"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// nullDisk writes nothing.
func nullDisk() disk {
	return disk{
		write: func(_ *os.File, buf []byte, _ int64) (int, error) { return len(buf), nil },
		sync:  func(*os.File) error { return nil },
	}
}

// A write that finds no room writes nothing, and the same head works again.
func TestFullDiskOnWrite(t *testing.T) {
	var faulty faultyDisk
	opts := small()
	opts.disk = faulty.disk()
	dir := t.TempDir()
	j := open(t, dir, opts)
	head := acquire(t, j)
	for i, full := range []error{syscall.ENOSPC, syscall.EFBIG, syscall.EDQUOT, &os.PathError{Op: "write", Err: syscall.ENOSPC}} {
		faulty.next(fault{writeErr: full, cut: i * 40})
		same, err := j.Append(context.Background(), head, batchOf(head, 5))
		require.ErrorIs(t, err, journal.ErrFull)
		require.Equal(t, head, same)
		requireEntries(t, j, 1, head.Next)
		head = appendBatches(t, j, head, 1, 2)
	}
	requireEntries(t, j, 1, head.Next)
	require.NoError(t, j.Close())
	requireEntries(t, open(t, dir, small()), 1, head.Next)
}

// Any other failure refuses appends until Acquire, which answers with what is there, and cannot itself be fooled by
// a disk that goes on failing.
func TestUnknownRefusesUntilAcquired(t *testing.T) {
	var faulty faultyDisk
	opts := small()
	opts.disk = faulty.disk()
	j := open(t, t.TempDir(), opts)
	head := appendBatches(t, j, acquire(t, j), 2, 2)
	faulty.next(fault{syncErr: errDisk})
	_, err := j.Append(context.Background(), head, batchOf(head, 5))
	require.ErrorIs(t, err, journal.ErrUnknown)
	require.ErrorIs(t, err, errDisk)
	_, err = j.Append(context.Background(), head, batchOf(head, 5))
	require.ErrorIs(t, err, journal.ErrUnknown, "again")
	requireEntries(t, j, 1, head.Next)

	faulty.next(fault{syncErr: errDisk})
	_, err = j.Acquire(context.Background(), "test")
	require.ErrorIs(t, err, errDisk, "what was found could not be made durable")
	requireEntries(t, j, 1, head.Next)
	_, err = j.Append(context.Background(), head, batchOf(head, 5))
	require.ErrorIs(t, err, journal.ErrUnknown)

	again := acquire(t, j)
	require.Equal(t, head.Next+5, again.Next, "the record was whole")
	again = appendBatches(t, j, again, 30, 3)
	requireEntries(t, j, 1, again.Next)
}

// An append whose context ends while it waits for the mover has written nothing.
func TestAppendWaitsForRoomAsLongAsItsContext(t *testing.T) {
	j := open(t, t.TempDir(), small())
	head := acquire(t, j)
	j.moving.Lock()
	for !j.segments[0].sealed {
		head = appendBatches(t, j, head, 1, 3)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		var err error
		for err == nil {
			var after journal.Head
			if after, err = j.Append(ctx, head, batchOf(head, 3)); err == nil {
				head = after
			}
		}
		done <- err
	}()
	for range 1000 {
		j.mu.Lock()
		both := j.segments[0].sealed && j.segments[1].sealed
		j.mu.Unlock()
		if both {
			break
		}
		waitForMarker(t, j)
	}
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	j.moving.Unlock()
	head = appendBatches(t, j, head, 20, 3)
	requireEntries(t, j, 1, head.Next)
}

// A segment that goes bad under the mover is not moved, and says so.
func TestMoverRefusesDamage(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small())
	head := acquire(t, j)
	j.moving.Lock()
	head = appendBatches(t, j, head, 1, 3)
	f, err := os.OpenFile(j.path(segmentNames[0]), os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte{0xAA}, 100)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	j.moving.Unlock()
	for err == nil {
		head, err = j.Append(context.Background(), head, batchOf(head, 3))
	}
	var corrupt *journal.CorruptError
	require.ErrorAs(t, err, &corrupt)
	require.ErrorIs(t, err, journal.ErrFull)
	require.Equal(t, uint64(1), corrupt.Sequence)
	_, err = readAll(j, 1)
	require.ErrorAs(t, err, &corrupt)
	require.Equal(t, uint64(1), corrupt.Sequence)
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(dir, Options{ReadOnly: true, Logger: quiet})
	require.Error(t, err, "there is no journal")
	j := open(t, dir, small())
	head := appendBatches(t, j, acquire(t, j), 50, 3)
	require.NoError(t, j.Close())
	a := open(t, dir, Options{ReadOnly: true, Logger: quiet})
	b := open(t, dir, Options{ReadOnly: true, Logger: quiet})
	for _, j := range []*Journal{a, b} {
		requireEntries(t, j, 1, head.Next)
		_, err = j.Acquire(context.Background(), "test")
		require.ErrorIs(t, err, ErrReadOnly)
		_, err = j.Append(context.Background(), head, batchOf(head, 1))
		require.ErrorIs(t, err, ErrReadOnly)
		require.ErrorIs(t, j.Trim(context.Background(), 2), ErrReadOnly)
		report, err := j.Verify(context.Background())
		require.NoError(t, err)
		require.Equal(t, head.Next, report.Next)
		require.Equal(t, head.Hash, report.Hash)
		require.Equal(t, uint64(1), report.First)
		require.Equal(t, "test", report.Owner)
		require.NotZero(t, report.Batches)
	}
	_, err = Open(dir, small())
	require.ErrorIs(t, err, ErrLocked)
}

// Files that are missing or cut are damage, not a new journal.
func TestMissingFiles(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small())
	head := appendBatches(t, j, acquire(t, j), 50, 3)
	require.NoError(t, j.Close())
	for _, name := range []string{storeName, markerName, segmentNames[0], segmentNames[1]} {
		var corrupt *journal.CorruptError
		gone := copyDir(t, dir)
		require.NoError(t, os.Remove(gone+"/"+name))
		_, err := Open(gone, small())
		require.ErrorAs(t, err, &corrupt, "%s missing", name)
		for _, size := range []int64{0, 100, 1000} {
			cut := copyDir(t, dir)
			require.NoError(t, os.Truncate(cut+"/"+name, size))
			if _, err = Open(cut, small()); err == nil {
				t.Fatalf("%s cut to %d", name, size)
			}
		}
	}
	requireEntries(t, open(t, dir, small()), 1, head.Next)
}
