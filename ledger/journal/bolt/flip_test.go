package bolt

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

var allFlips = flag.Bool("allflips", false, "flip every byte of journal.db, not one in thirty-two")

// Every flip of a byte of a closed journal is either reported or changes nothing: all entries come back as they
// were. The log has gone round its segments several times, and its batches fill more than one level of bbolt's tree.
func TestFlips(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small())
	head := appendBatches(t, j, acquire(t, j), 120, 2)
	require.NoError(t, j.Trim(context.Background(), 20))
	waitForMover(t, j)
	base := j.base.next
	// Hold the mover back until one segment is full and the other half full, and take the directory as it is then.
	// This also has the idle marker tested, for the log is not closed.
	j.moving.Lock()
	defer j.moving.Unlock()
	for !j.segments[0].sealed && !j.segments[1].sealed {
		head = appendBatches(t, j, head, 1, 2)
	}
	head = appendBatches(t, j, head, 3, 2)
	waitForMarker(t, j)
	dir = copyDir(t, dir)
	for _, name := range []string{storeName, markerName, segmentNames[0], segmentNames[1]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stride := 1
			if name == storeName && !*allFlips {
				stride = 32
			}
			if testing.Short() {
				stride *= 8
			}
			flipFile(t, copyDir(t, dir), name, stride, base, head)
		})
	}
}

// flipFile flips bytes of one file, one after the other, in a directory of its own.
func flipFile(t *testing.T, dir, name string, stride int, base uint64, head journal.Head) {
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	unnoticed, tried := 0, 0
	for at := random.IntN(stride); at < len(whole); at += 1 + random.IntN(2*stride-1) {
		mask := byte(1) << random.IntN(8)
		if random.IntN(4) == 0 {
			mask = 0xff
		}
		_, err := f.WriteAt([]byte{whole[at] ^ mask}, int64(at))
		require.NoError(t, err)
		noticed, err := examine(dir, base, head)
		require.NoError(t, err, "%s: mask %#x at %d", name, mask, at)
		if !noticed {
			unnoticed++
		}
		tried++
		_, err = f.WriteAt(whole[at:at+1], int64(at))
		require.NoError(t, err)
	}
	noticed, err := examine(dir, base, head)
	require.NoError(t, err)
	require.False(t, noticed, "with every flip undone the journal must be sound")
	t.Logf("%s: %d flips, %d of them in bytes that tell nothing", name, tried, unnoticed)
}

// examine opens and reads the journal. It answers whether something was reported; the error says that something
// should have been.
func examine(dir string, base uint64, head journal.Head) (noticed bool, err error) {
	j, err := Open(dir, Options{ReadOnly: true, Logger: quiet})
	if err != nil {
		var corrupt *journal.CorruptError
		if !errors.As(err, &corrupt) {
			return true, fmt.Errorf("not a CorruptError: %w", err)
		}
		return true, nil
	}
	defer j.Close()
	next := base
	for e, err := range j.Replay(context.Background(), base) {
		if err != nil {
			return true, nil
		}
		if e.Sequence != next || string(e.Payload) != string(payloadOf(next)) || e.Time != int64(next) {
			return false, fmt.Errorf("wrong entry at %d", next)
		}
		next++
	}
	_, broken := j.Verify(context.Background())
	if broken != nil {
		return true, nil
	}
	if next != head.Next || j.durable.hash != head.Hash {
		return false, fmt.Errorf("ends at %d in place of %d", next, head.Next)
	}
	return false, nil
}

// A journal of ordinary size, flipped at random.
func TestFlipsInALargeJournal(t *testing.T) {
	dir := t.TempDir()
	opts := Options{SegmentBytes: 256 << 10, Logger: quiet}
	j := open(t, dir, opts)
	head := appendBatches(t, j, acquire(t, j), 200, 100)
	waitForMover(t, j)
	require.NoError(t, j.Close())
	for _, name := range []string{storeName, segmentNames[0], segmentNames[1]} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		flipFile(t, dir, name, int(info.Size()/8), 1, head)
	}
}

// Damage to an entry is laid to that entry, wherever it lies, and what comes before it is still given out.
func TestDamageIsNamed(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small())
	head := appendBatches(t, j, acquire(t, j), 60, 4)
	waitForMover(t, j)
	require.NoError(t, j.Close())
	for _, seq := range []uint64{1, 2, 57, 120, head.Next - 2, head.Next - 1} {
		damaged := copyDir(t, dir)
		spoil(t, damaged, payloadOf(seq))
		var corrupt *journal.CorruptError
		j, err := Open(damaged, Options{ReadOnly: true, Logger: quiet})
		if err != nil { // in a segment: a record is checked as a whole, at open, so its first entry is named
			require.ErrorAs(t, err, &corrupt)
			require.InDelta(t, seq, corrupt.Sequence, 3)
			require.LessOrEqual(t, corrupt.Sequence, seq)
			continue
		}
		got, err := readAll(j, 1)
		require.ErrorAs(t, err, &corrupt)
		require.Equal(t, seq, corrupt.Sequence)
		require.Len(t, got, int(seq-1))
		_, err = j.Verify(context.Background())
		require.ErrorAs(t, err, &corrupt)
		require.Equal(t, seq, corrupt.Sequence)
		require.NoError(t, j.Close())
	}
}

// spoil flips a bit in the last byte of every copy of the text in a journal's files.
func spoil(t *testing.T, dir string, text []byte) {
	found := false
	for _, name := range []string{storeName, segmentNames[0], segmentNames[1]} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		for at := 0; ; at++ {
			i := bytes.Index(data[at:], text)
			if i < 0 {
				break
			}
			at += i
			// Not the beginning of a longer number.
			if end := at + len(text); end < len(data) && data[end] >= '0' && data[end] <= '9' {
				continue
			}
			data[at+len(text)-1] ^= 1
			found = true
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	require.True(t, found)
}

// waitForMover returns when no segment waits to be moved.
func waitForMover(t testing.TB, j *Journal) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.segments[0].sealed || j.segments[1].sealed {
		j.vacated.Wait()
	}
}

// waitForMarker returns when the idle log has marked its head.
func waitForMarker(t testing.TB, j *Journal) {
	t.Helper()
	require.Eventually(t, func() bool {
		m, err := readMarker(j.path(markerName))
		return err == nil && m.next == j.published.Load() && m.transaction == j.store.transaction.Load()
	}, 5*time.Second, time.Millisecond)
}

// copyDir copies a journal's files.
func copyDir(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}
