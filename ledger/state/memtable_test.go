package state

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestMemtable puts any rows under keys of which many collide, and holds what is found, counted and sorted to a map.
func TestMemtable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.SampledFrom([]uint{0, 4, 12, 64}).Draw(t, "bits of hashes that differ")
		hash := func(key []byte) uint64 {
			h := hashOf(key) >> (64 - min(bits, 63) - 1)
			return h<<56 | h
		}
		keys := rapid.OneOf(
			rapid.Map(rapid.IntRange(0, 400), func(n int) []byte { return fmt.Appendf(nil, "caller\x00order-%d", n) }),
			rapid.SliceOfN(rapid.Byte(), 0, 20),
		)
		m, model, taken := new(memtable), map[string][]byte{}, int64(0)
		for range rapid.IntRange(0, 600).Draw(t, "puts") {
			key, row := keys.Draw(t, "key"), rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "row")
			if rapid.IntRange(0, 200).Draw(t, "size") == 0 {
				row = bytes.Repeat([]byte{7}, rapid.IntRange(slabSize-64, slabSize+64).Draw(t, "large"))
			}
			taken += m.put(hash(key), key, row)
			model[string(key)] = bytes.Clone(row)
			fresh := keys.Draw(t, "other")
			if got, ok := m.find(hash(fresh), fresh); ok != (model[string(fresh)] != nil) || !bytes.Equal(got, model[string(fresh)]) {
				t.Fatalf("%q: found %v %x, want %x", fresh, ok, got, model[string(fresh)])
			}
		}
		if m.rows != len(model) || m.bytes != taken {
			t.Fatalf("%d rows of %d bytes, want %d of %d", m.rows, m.bytes, len(model), taken)
		}
		var sorted []string
		for _, place := range m.sorted() {
			key, value := m.record(place)
			sorted = append(sorted, string(key))
			if !bytes.Equal(value[sumSize:], model[string(key)]) {
				t.Fatalf("%q: sorted has %x, want %x", key, value[sumSize:], model[string(key)])
			}
		}
		if want := slices.Sorted(maps.Keys(model)); !slices.Equal(sorted, want) {
			t.Fatalf("sorted %q, want %q", sorted, want)
		}
	})
}

// TestBufferAcrossFreezes finds the newest row whichever table it is in, and gives back all memory in the end.
func TestBufferAcrossFreezes(t *testing.T) {
	var m memory
	b := newBuffer(bucketOrders, &m)
	put := func(key, row string) { b.put(b.hash([]byte(key)), []byte(key), []byte(row)) }
	find := func(key string) string {
		row, _ := b.find(b.hash([]byte(key)), []byte(key))
		return string(row)
	}
	put("a", "1")
	put("b", "1")
	require.Len(t, b.freeze(), 1)
	put("a", "2")
	require.Len(t, b.freeze(), 2, "the first has not been written")
	require.Len(t, b.freeze(), 2, "nothing was put since")
	put("a", "3")
	require.Equal(t, []string{"3", "1", ""}, []string{find("a"), find("b"), find("c")})
	require.EqualValues(t, 4, m.dirtyRows.Load())
	b.written()
	require.Equal(t, []string{"3", ""}, []string{find("a"), find("b")})
	b.written()
	require.Equal(t, "3", find("a"))
	b.freeze()
	require.Equal(t, "3", find("a"))
	b.written()
	require.Equal(t, "", find("a"))
	require.Equal(t, []int64{0, 0, 0}, []int64{m.bytes.Load(), m.dirty.Load(), m.dirtyRows.Load()})
}
