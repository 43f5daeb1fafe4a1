package bolt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// testing sizes: a segment holds a handful of small batches, so that a few dozen go round several laps.
func small() Options { return Options{SegmentBytes: 2 << 10, Logger: quiet} }

func open(t testing.TB, dir string, opts Options) *Journal {
	t.Helper()
	j, err := Open(dir, opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func acquire(t testing.TB, j journal.Journal) journal.Head {
	t.Helper()
	head, err := j.Acquire(context.Background(), "test")
	require.NoError(t, err)
	return head
}

// batchOf makes a batch of n entries at head, with payloads that tell their sequence.
func batchOf(head journal.Head, n int) journal.Batch {
	var b journal.Builder
	b.Reset(head.Next, head.Hash, nil)
	for i := range n {
		seq := head.Next + uint64(i)
		b.Add(int64(seq), func(buf []byte) []byte { return append(buf, payloadOf(seq)...) })
	}
	return b.Batch()
}

func payloadOf(seq uint64) []byte { return fmt.Appendf(nil, "payload of entry %d", seq) }

func appendBatches(t testing.TB, j journal.Journal, head journal.Head, batches, entries int) journal.Head {
	t.Helper()
	for range batches {
		var err error
		head, err = j.Append(context.Background(), head, batchOf(head, entries))
		require.NoError(t, err)
	}
	return head
}

// readAll replays from a sequence and gives what it read before the first error.
func readAll(j journal.Journal, from uint64) (entries []journal.Entry, err error) {
	for e, err := range j.Replay(context.Background(), from) {
		if err != nil {
			return entries, err
		}
		e.Payload = bytes.Clone(e.Payload)
		entries = append(entries, e)
	}
	return entries, nil
}

// requireEntries checks that the log from a sequence to before next is all there and right.
func requireEntries(t testing.TB, j journal.Journal, from, next uint64) {
	t.Helper()
	got, err := readAll(j, from)
	require.NoError(t, err)
	require.Len(t, got, int(next-from))
	for i, e := range got {
		require.Equal(t, from+uint64(i), e.Sequence)
		require.Equal(t, string(payloadOf(e.Sequence)), string(e.Payload))
	}
}

func TestSmallSegmentsGoRoundAndSurviveRestart(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, small())
	head := appendBatches(t, j, acquire(t, j), 200, 3)
	requireEntries(t, j, 1, head.Next)
	require.NoError(t, j.Close())
	for from := uint64(1); from < head.Next; from += 101 {
		j = open(t, dir, small())
		requireEntries(t, j, from, head.Next)
		got := acquire(t, j)
		require.Equal(t, head.Next, got.Next)
		require.Equal(t, head.Hash, got.Hash)
		require.NoError(t, j.Close())
	}
}

func TestLockNamesTheDirectory(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, small())
	_, err := Open(dir, small())
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, dir)
	_, err = Open(dir, Options{ReadOnly: true, Logger: quiet})
	require.ErrorIs(t, err, ErrLocked)
}
