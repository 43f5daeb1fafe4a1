package writer_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

var flips = flag.Int("damage.flips", 120, "how many bytes of a state file the damage tests flip, one at a time")

// damaged is a shard at rest and the bytes of its state file.
func damaged(t *testing.T, seed uint64) (s *shard, image []byte, last uint64) {
	_, open := memory()
	s = newShard(t, seed, 12, open, state.Options{})
	for range 250 {
		s.step()
	}
	require.NoError(t, s.w.Flush(t.Context()))
	last = s.w.Stats().Durable
	require.NoError(t, s.w.Close())
	image, err := os.ReadFile(s.path)
	require.NoError(t, err)
	used := len(bytes.TrimRight(image, "\x00")) // bbolt makes room ahead
	return s, image[:(used+4095)/4096*4096], last
}

// flip writes the image with one bit of one byte flipped.
func flip(t *testing.T, dir string, image []byte, offset int) string {
	path := filepath.Join(dir, "state.db")
	spoiled := append([]byte(nil), image...)
	spoiled[offset] ^= 1 << (offset % 8)
	require.NoError(t, os.WriteFile(path, spoiled, 0o600))
	return path
}

// copyOf is a copy of a journal, and how to open it.
func copyOf(t *testing.T, from journal.Journal) func() journal.Journal {
	_, open := memory()
	to := open()
	head, err := to.Acquire(t.Context(), "copy")
	require.NoError(t, err)
	var b journal.Builder
	b.Reset(1, journal.Hash{}, nil)
	for e, err := range from.Replay(t.Context(), 1) {
		require.NoError(t, err)
		b.Add(e.Time, func(buf []byte) []byte { return append(buf, e.Payload...) })
	}
	_, err = to.Append(t.Context(), head, b.Batch())
	require.NoError(t, err)
	return open
}

// TestFlippedByteIsFoundByAnAudit flips bytes all over a state file. An audit finds each, or the byte was one that
// nothing reads: then the rows are those of the journal, which the audit has just said.
func TestFlippedByteIsFoundByAnAudit(t *testing.T) {
	s, image, last := damaged(t, 1)
	found, dir := 0, t.TempDir()
	for i := range *flips {
		offset := i*len(image) / *flips + s.random.IntN(len(image) / *flips)
		path := flip(t, dir, image, offset)
		snapshot, err := state.OpenSnapshot(path)
		if corrupt := (*state.CorruptError)(nil); errors.As(err, &corrupt) {
			found++
			continue
		}
		require.NoError(t, err, "offset %d", offset)
		if len(s.faults(s.open(), last, snapshot)) > 0 {
			found++
		}
		require.NoError(t, snapshot.Close())
	}
	t.Logf("%d of %d flips found in %d bytes", found, *flips, len(image))
	require.Greater(t, found, *flips/8)
}

// TestFlippedByteNeverMakesAWrongAnswer starts a shard on state files with a flipped byte. Whatever it is asked, it
// answers as if nothing had happened, for it sets the file aside and builds it anew when it meets the damage.
func TestFlippedByteNeverMakesAWrongAnswer(t *testing.T) {
	s, image, _ := damaged(t, 2)
	journalOfShard := s.open()
	rebuilt := 0
	for i := range *flips {
		offset := i*len(image) / *flips + s.random.IntN(len(image) / *flips)
		path := flip(t, t.TempDir(), image, offset)
		t.Run(fmt.Sprint(offset), func(t *testing.T) {
			on := s.on(t)
			on.open = copyOf(t, journalOfShard)
			w := on.start(path)
			defer func() { require.NoError(t, w.Close()) }()
			on.asksAgain(w)
		})
		if os.Remove(path+".corrupt") == nil {
			rebuilt++
		}
	}
	t.Logf("%d of %d flips had the state built anew", rebuilt, *flips)
	require.Greater(t, rebuilt, *flips/16)
}
