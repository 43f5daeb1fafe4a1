package bolt

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// FuzzScan walks arbitrary bytes as a segment: whatever is found is records of the generation, in one run.
func FuzzScan(f *testing.F) {
	batch := batchOf(journal.Head{Next: 1}, 2).Bytes
	one := appendRecord(nil, 3, batch)
	f.Add([]byte{}, uint64(1))
	f.Add(one, uint64(3))
	f.Add(append(one, one...), uint64(3))
	f.Add(append(one[:len(one)-1:len(one)-1], one...), uint64(3))
	f.Add(make([]byte, 100), uint64(1))
	f.Fuzz(func(t *testing.T, data []byte, generation uint64) {
		l, err := scan(data, generation, 1)
		if err != nil {
			require.ErrorAs(t, err, new(*journal.CorruptError))
			return
		}
		at := int64(0)
		for _, s := range l.spans {
			g, _, ok := parseRecord(data[s.offset:])
			require.True(t, ok)
			require.Equal(t, generation, g)
			require.Equal(t, at, s.offset)
			at += s.length
		}
		require.Equal(t, at, l.end)
	})
}

func FuzzDecodeMeta(f *testing.F) {
	f.Add(meta{}.encode())
	f.Add(meta{epoch: 7, owner: "someone", base: place{next: 3}, generations: [2]uint64{4, 5}, segmentBytes: 99}.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := decodeMeta(data); err == nil {
			require.Equal(t, data, m.encode())
		}
	})
}

func FuzzDecodeMarker(f *testing.F) {
	f.Add(marker{}.encode())
	f.Add(marker{epoch: 3, next: 9, hash: journal.Hash{1}, transaction: 12}.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := decodeMarker(data); err == nil {
			again, err := decodeMarker(m.encode())
			require.NoError(t, err)
			require.Equal(t, m, again)
		}
	})
}

// FuzzTree checks arbitrary bytes as a bbolt file: it ends, without a panic.
func FuzzTree(f *testing.F) {
	path := filepath.Join(f.TempDir(), storeName)
	require.NoError(f, createStore(path, meta{base: place{next: 1}, stored: place{next: 1}}))
	data, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(data)
	f.Add(data[:5000])
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), storeName)
		require.NoError(t, os.WriteFile(path, data, 0o600))
		_ = checkPages(path, true)
		_ = checkPages(path, false)
	})
}
