package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// The files may not grow: the mover cannot write, both segments fill up, and Append says so. Once they may grow again
// everything goes on, without a restart.
func TestFileSizeLimit(t *testing.T) {
	if os.Getenv("JOURNAL_LIMITED") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFileSizeLimit$", "-test.v") // the limit is the process's
		cmd.Env = append(os.Environ(), "JOURNAL_LIMITED=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "ran full")
		return
	}
	signal.Ignore(unix.SIGXFSZ)
	var was unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &was))
	limit := was
	limit.Cur = 300 << 10
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &limit))
	fillUp(t, t.TempDir(), func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &was)) })
	fmt.Println("ran full")
}

// The same on a file system that is full.
func TestFullFileSystem(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mounting a tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 600<<10), 0o600))
	fillUp(t, filepath.Join(dir, "journal"), func() { require.NoError(t, os.Remove(ballast)) })
}

func fillUp(t *testing.T, dir string, free func()) {
	opts := Options{SegmentBytes: 64 << 10, Logger: quiet}
	j := open(t, dir, opts)
	head := acquire(t, j)
	var err error
	for err == nil && head.Next < 50_000 {
		head, err = j.Append(context.Background(), head, batchOf(head, 20))
	}
	require.ErrorIs(t, err, journal.ErrFull)
	for range 5 {
		_, err = j.Append(context.Background(), head, batchOf(head, 20))
		require.ErrorIs(t, err, journal.ErrFull)
	}
	requireEntries(t, j, 1, head.Next)
	stuck := head

	// A restart while there is no room keeps everything, if it gets as far as opening.
	require.NoError(t, j.Close())
	j = open(t, dir, opts)
	requireEntries(t, j, 1, head.Next)

	free()
	head = acquire(t, j)
	require.Equal(t, stuck.Next, head.Next)
	head = appendBatches(t, j, head, 60, 20)
	requireEntries(t, j, 1, head.Next)
	_, err = j.Verify(context.Background())
	require.NoError(t, err)
	require.NoError(t, j.Close())
	requireEntries(t, open(t, dir, opts), 1, head.Next)
}

// Room that comes back is used by the very next append.
func TestFullThenRoomWithoutRestart(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mounting a tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	j := open(t, filepath.Join(dir, "journal"), Options{SegmentBytes: 64 << 10, Logger: quiet})
	head := acquire(t, j)
	for range 2 {
		// Take all the room there is, and then no more than that.
		f, err := os.Create(ballast)
		require.NoError(t, err)
		for err == nil {
			_, err = f.Write(make([]byte, 4<<10))
		}
		require.NoError(t, f.Close())
		err = nil
		for err == nil {
			var next journal.Head
			if next, err = j.Append(context.Background(), head, batchOf(head, 20)); err == nil {
				head = next
			}
		}
		require.True(t, errors.Is(err, journal.ErrFull), "%v", err)
		require.NoError(t, os.Remove(ballast))
		head = appendBatches(t, j, head, 60, 20)
		requireEntries(t, j, 1, head.Next)
	}
}
