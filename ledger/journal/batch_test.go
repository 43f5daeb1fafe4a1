package journal

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// build makes a batch of the payloads, a nanosecond apart.
func build(next uint64, prev Hash, payloads ...string) Batch {
	var b Builder
	b.Reset(next, prev, nil)
	for i, p := range payloads {
		b.Add(int64(next)+int64(i), func(buf []byte) []byte { return append(buf, p...) })
	}
	return b.Batch()
}

func walk(value []byte, next uint64, prev Hash) ([]Entry, error) {
	var out []Entry
	for e, err := range Entries(value, next, prev) {
		if err != nil {
			return out, err
		}
		out = append(out, e)
	}
	return out, nil
}

func TestBatchRoundTrip(t *testing.T) {
	prev := Hash{1, 2, 3}
	b := build(7, prev, "one", "", "three")
	require.NoError(t, b.Follows(Head{Epoch: 1, Next: 7, Hash: prev}))
	require.Equal(t, prev, b.Prev())
	require.Equal(t, Head{Epoch: 4, Next: 10, Hash: b.Last}, Head{Epoch: 4, Next: 7}.After(b))

	opened, err := Open(b.Bytes)
	require.NoError(t, err)
	require.Equal(t, b, opened)

	entries, err := walk(b.Bytes, 7, prev)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	require.Equal(t, prev, entries[0].Prev)
	for i, want := range []string{"one", "", "three"} {
		require.Equal(t, want, string(entries[i].Payload))
		require.Equal(t, uint64(7+i), entries[i].Sequence)
		require.Equal(t, int64(7+i), entries[i].Time)
	}
}

func TestFollowsRefusesMisplacedBatches(t *testing.T) {
	prev := Hash{9}
	b := build(7, prev, "x", "y")
	wrong := b
	wrong.Count = 3
	require.ErrorIs(t, wrong.Follows(Head{Next: 7, Hash: prev}), ErrMisplaced)
	require.ErrorIs(t, b.Follows(Head{Next: 8, Hash: prev}), ErrMisplaced)
	require.ErrorIs(t, b.Follows(Head{Next: 7}), ErrMisplaced)
	require.ErrorIs(t, Batch{First: 7, Count: 1}.Follows(Head{Next: 7}), ErrMisplaced)
	require.ErrorIs(t, build(7, prev).Follows(Head{Next: 7, Hash: prev}), ErrMisplaced)
}

// Every flip of a byte and every cut is found, and names a sequence no later than the entry it lies in.
func TestEntriesFindsEveryFlipAndCut(t *testing.T) {
	prev := Hash{5}
	b := build(3, prev, "alpha", "beta", "gamma delta")
	want, err := walk(b.Bytes, 3, prev)
	require.NoError(t, err)
	for at := range b.Bytes {
		for _, mask := range []byte{1, 0x80, 0xff} {
			flipped := bytes.Clone(b.Bytes)
			flipped[at] ^= mask
			got, err := walk(flipped, 3, prev)
			var corrupt *CorruptError
			require.True(t, errors.As(err, &corrupt), "flip %#x at %d", mask, at)
			require.Equal(t, uint64(3+len(got)), corrupt.Sequence, "flip at %d", at)
			for i := range got {
				require.Equal(t, want[i].Payload, got[i].Payload)
			}
		}
	}
	for n := range b.Bytes {
		_, err := walk(b.Bytes[:n], 3, prev)
		require.Error(t, err, "cut to %d", n)
		_, err = Open(b.Bytes[:n])
		require.Error(t, err, "cut to %d", n)
	}
	_, err = walk(append(bytes.Clone(b.Bytes), 0), 3, prev)
	require.Error(t, err)
}

func TestEntriesRefusesTimeRunningBackwards(t *testing.T) {
	var b Builder
	b.Reset(1, Hash{}, nil)
	b.Add(5, func(buf []byte) []byte { return buf })
	b.Add(4, func(buf []byte) []byte { return buf })
	got, err := walk(b.Batch().Bytes, 1, Hash{})
	require.Len(t, got, 1)
	require.Equal(t, &CorruptError{Sequence: 2, Detail: "time runs backwards"}, err)
}

func TestChainAllocatesNothing(t *testing.T) {
	payload := bytes.Repeat([]byte{7}, 250)
	var h Hash
	require.Zero(t, testing.AllocsPerRun(100, func() { h = chain(h, 1, 2, payload) }))
}

func FuzzOpen(f *testing.F) {
	f.Add(build(1, Hash{}, "a").Bytes)
	f.Add(build(1<<40, Hash{1}, "a", "", "ccc").Bytes)
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 100))
	f.Fuzz(func(t *testing.T, value []byte) {
		b, err := Open(value)
		if err != nil {
			return
		}
		entries, err := walk(value, b.First, b.Prev())
		if err == nil && (len(entries) != b.Count || len(entries) == 0) {
			t.Fatalf("%d entries in a batch of %d", len(entries), b.Count)
		}
		if len(entries) > b.Count {
			t.Fatalf("more entries than the batch has: %s", fmt.Sprint(len(entries)))
		}
	})
}

func FuzzEntries(f *testing.F) {
	f.Add(build(1, Hash{}, "a").Bytes, uint64(1))
	f.Add(build(9, Hash{}, "a", "b").Bytes, uint64(9))
	f.Add([]byte{1}, uint64(0))
	f.Fuzz(func(t *testing.T, value []byte, next uint64) {
		seq := next
		for e, err := range Entries(value, next, Hash{}) {
			if err != nil {
				var corrupt *CorruptError
				if !errors.As(err, &corrupt) {
					t.Fatalf("not a CorruptError: %v", err)
				}
				return
			}
			if e.Sequence != seq {
				t.Fatalf("sequence %d, expected %d", e.Sequence, seq)
			}
			seq++
		}
	})
}

func BenchmarkBuilderAdd(b *testing.B) {
	var build Builder
	var buf []byte
	payload := bytes.Repeat([]byte{7}, 250)
	b.ReportAllocs()
	for i := range b.N {
		if i%64 == 0 {
			build.Reset(1, Hash{}, buf)
		}
		build.Add(int64(i), func(dst []byte) []byte { return append(dst, payload...) })
		buf = build.buf
	}
}
