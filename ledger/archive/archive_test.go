package archive_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/archive"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
)

// filled is a journal with some entries.
func filled(t *testing.T, entries int) (journal.Journal, journal.Head) {
	j := mem.NewLog().Open()
	head, err := j.Acquire(t.Context(), "test")
	require.NoError(t, err)
	var b journal.Builder
	for n := range entries {
		b.Reset(head.Next, head.Hash, nil)
		b.Add(int64(n), func(buf []byte) []byte { return fmt.Appendf(buf, "entry %d", n) })
		head, err = j.Append(t.Context(), head, b.Batch())
		require.NoError(t, err)
	}
	return j, head
}

func write(t *testing.T, sources ...archive.Source) []byte {
	var file bytes.Buffer
	require.NoError(t, archive.Write(t.Context(), &file, archive.Header{Zone: "UTC", Made: time.Unix(0, 0).UTC()}, sources))
	return file.Bytes()
}

// payloads reads an archive and tells what each shard has.
func payloads(file []byte) (shards map[int][]string, end archive.End, err error) {
	shards = map[int][]string{}
	next, hash := map[int]uint64{}, map[int]journal.Hash{}
	end, err = archive.Read(bytes.NewReader(file), func(archive.Header) error { return nil }, func(shard int, b journal.Batch) error {
		for e, err := range journal.Entries(b.Bytes, max(next[shard], 1), hash[shard]) {
			if err != nil {
				return err
			}
			shards[shard] = append(shards[shard], string(e.Payload))
		}
		next[shard], hash[shard] = b.First+uint64(b.Count), b.Last
		return nil
	})
	return shards, end, err
}

// TestArchiveHoldsWhatWasAskedFor writes journals of several lengths, an empty one too, and reads them back.
func TestArchiveHoldsWhatWasAskedFor(t *testing.T) {
	long, head := filled(t, 300)
	empty, _ := filled(t, 0)
	shards, end, err := payloads(write(t, archive.Source{Journal: long, Upto: 300}, archive.Source{Journal: empty}, archive.Source{Journal: long, Upto: 7}))
	require.NoError(t, err)
	require.Len(t, shards[0], 300)
	require.Empty(t, shards[1])
	require.Len(t, shards[2], 7)
	require.Equal(t, "entry 299", shards[0][299])
	require.Equal(t, archive.Last{Sequence: 300, Hash: head.Hash.String()}, end.Shards[0])
	require.Zero(t, end.Shards[1])
}

// TestArchiveIsNeverShort asks for more than the journal has.
func TestArchiveIsNeverShort(t *testing.T) {
	j, _ := filled(t, 5)
	err := archive.Write(t.Context(), io.Discard, archive.Header{}, []archive.Source{{Journal: j, Upto: 6}})
	require.ErrorContains(t, err, "ends at sequence 5")
}

// TestDamagedArchiveIsRefused flips every bit of an archive, cuts it short at every length, and adds to it.
func TestDamagedArchiveIsRefused(t *testing.T) {
	j, _ := filled(t, 5)
	file := write(t, archive.Source{Journal: j, Upto: 5}, archive.Source{Journal: j, Upto: 2})
	_, _, err := payloads(file)
	require.NoError(t, err)
	for at := range file {
		for bit := range 8 {
			spoiled := bytes.Clone(file)
			spoiled[at] ^= 1 << bit
			_, _, err := payloads(spoiled)
			require.Error(t, err, "bit %d of byte %d", bit, at)
		}
		_, _, err := payloads(file[:at])
		require.Error(t, err, "%d bytes of it", at)
	}
	_, _, err = payloads(append(bytes.Clone(file), 0))
	require.Error(t, err)
}

// FuzzRead reads anything.
func FuzzRead(f *testing.F) {
	f.Add([]byte("HOLDFAST ARCHIVE 1\n"))
	f.Fuzz(func(_ *testing.T, file []byte) {
		_, _ = archive.Read(io.MultiReader(bytes.NewReader(file)), func(archive.Header) error { return nil }, func(int, journal.Batch) error { return nil })
	})
}
