package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger/pages"
)

// leavesOf are where in a file the leaves are that have at least two rows.
func leavesOf(image []byte) (at []int) {
	const page = 4096
	for p := 2 * page; p < len(image); p += page {
		id, flags, count := binary.NativeEndian.Uint64(image[p:]), binary.NativeEndian.Uint16(image[p+8:]), binary.NativeEndian.Uint16(image[p+10:])
		if id == uint64(p/page) && flags == 2 && count > 1 && binary.NativeEndian.Uint32(image[p+16:]) == 0 { // no bucket
			at = append(at, p)
		}
	}
	return at
}

// TestALeafThatLostRowsIsFound damages the count at the head of each leaf of a file in turn. No row that is left says so, and
// both who reads the pages and who walks the rows notice, wherever the walk's stretches begin.
func TestALeafThatLostRowsIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := openFile(path, false)
	require.NoError(t, err)
	const rows = 3_000
	require.NoError(t, db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketReceipts)
		b.FillPercent = fill
		for i := range rows {
			key := fmt.Appendf(nil, "caller\x00request-%05d", i)
			row := make([]byte, 20+i%60)
			if i%500 == 0 {
				row = make([]byte, 9_000) // a leaf that is larger than a page
			}
			if err := b.Put(key, seal(key, row)); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, db.Close())
	image, err := os.ReadFile(path)
	require.NoError(t, err)

	walk := func(stretches int) (names int, err error) {
		db, err := bolt.Open(path, 0o600, nil)
		require.NoError(t, err)
		defer db.Close()
		s := &State{path: path, db: db, options: Options{}.withDefaults()}
		in := newBuffer(bucketReceipts, &s.memory)
		in.names = newFilter(rows)
		err = s.view(func(tx *bolt.Tx) error {
			var after []byte
			if stretches > 0 {
				after = fmt.Appendf(nil, "caller\x00request-%05d", stretches)
			}
			_, done, err := s.loadStretch(tx, in, after, &names)
			require.True(t, done || err != nil)
			return err
		})
		return names, err
	}
	names, err := walk(0)
	require.NoError(t, err)
	require.Equal(t, rows, names)
	for _, after := range []int{1, 499, 500, 501, 1234, rows - 1} {
		names, err := walk(after)
		require.NoError(t, err)
		require.Equal(t, rows-1-after, names)
	}

	leaves := leavesOf(image)
	require.Greater(t, len(leaves), 40)
	for _, at := range leaves {
		for _, less := range []uint16{1, binary.NativeEndian.Uint16(image[at+10:]) - 1} {
			spoiled := append([]byte(nil), image...)
			binary.NativeEndian.PutUint16(spoiled[at+10:], binary.NativeEndian.Uint16(image[at+10:])-less)
			require.NoError(t, os.WriteFile(path, spoiled, 0o600))
			var damage *pages.DamageError
			require.ErrorAs(t, pages.Check(path, true), &damage, "page %d", at/4096)
			_, err := walk(0)
			corrupt := (*CorruptError)(nil)
			require.True(t, errors.As(err, &corrupt), "page %d without %d of its rows", at/4096, less)
		}
	}
}

// TestADamagedNameOfABucketIsFound has a bucket go by another name: it is not taken for one that is empty.
func TestADamagedNameOfABucketIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := openFile(path, false)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	image, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, name := range buckets {
		spoiled := append([]byte(nil), image...)
		for at := 0; at+len(name) < len(spoiled); at++ {
			if string(spoiled[at:at+len(name)]) == string(name) {
				spoiled[at+len(name)-1] ^= 1
			}
		}
		require.NoError(t, os.WriteFile(path, spoiled, 0o600))
		_, err := openFile(path, false)
		corrupt := (*CorruptError)(nil)
		require.True(t, errors.As(err, &corrupt), "%s: %v", name, err)
	}
}
