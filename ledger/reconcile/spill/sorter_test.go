package spill_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/reconcile/spill"
)

func all(t require.TestingT, s *spill.Sorter) (got [][2]string) {
	r, err := s.Sorted()
	require.NoError(t, err)
	for {
		key, value, err := r.Next()
		if errors.Is(err, io.EOF) {
			return got
		}
		require.NoError(t, err)
		got = append(got, [2]string{string(key), string(value)})
	}
}

// TestSorts sorts random records within any budget, and they come as a sort in memory has them.
func TestSorts(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := spill.New(dir, rapid.IntRange(0, 400).Draw(t, "budget"))
		var want [][2]string
		for i := range rapid.IntRange(0, 120).Draw(t, "records") {
			r := [2]string{rapid.StringN(0, 3, -1).Draw(t, "key"), fmt.Sprint(i)}
			want = append(want, r)
			require.NoError(t, s.Add([]byte(r[0]), []byte(r[1])))
		}
		slices.SortStableFunc(want, func(a, b [2]string) int { return bytes.Compare([]byte(a[0]), []byte(b[0])) })
		require.Equal(t, want, all(t, s))
		require.NoError(t, s.Close())
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

// TestManyRuns has more runs than are merged at a time.
func TestManyRuns(t *testing.T) {
	dir, r := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	s := spill.New(dir, 4_000)
	const n = 20_000
	for range n {
		require.NoError(t, s.Add(fmt.Appendf(nil, "%08d", r.IntN(n/2)), bytes.Repeat([]byte("v"), r.IntN(40))))
	}
	got := all(t, s)
	require.Len(t, got, n)
	require.True(t, slices.IsSortedFunc(got, func(a, b [2]string) int { return bytes.Compare([]byte(a[0]), []byte(b[0])) }))
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "twice")
}

// TestNothingStays looks for files while there are runs: a process that is killed now leaves none.
func TestNothingStays(t *testing.T) {
	dir := t.TempDir()
	s := spill.New(dir, 10)
	for i := range 100 {
		require.NoError(t, s.Add(fmt.Appendf(nil, "%d", i), []byte("value")))
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	if len(left) > 0 {
		t.Logf("the system keeps names of open files: %d", len(left))
	}
	require.NoError(t, s.Close())
	require.NoError(t, os.WriteFile(dir+"/spill-left", nil, 0o600))
	require.NoError(t, os.WriteFile(dir+"/other", nil, 0o600))
	require.NoError(t, spill.Clean(dir))
	left, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func TestTooLong(t *testing.T) {
	s := spill.New(t.TempDir(), 10)
	require.ErrorIs(t, s.Add(make([]byte, spill.MostBytes+1), nil), spill.ErrTooLong)
}

// TestNoRoom has nowhere to spill to.
func TestNoRoom(t *testing.T) {
	s := spill.New(t.TempDir()+"/nowhere", 10)
	require.NoError(t, s.Add([]byte("key"), []byte("value")))
	require.Error(t, s.Add([]byte("key"), []byte("value")))
}
