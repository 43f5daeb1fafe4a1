package replica

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
)

// followed counts who follows a log.
type followed struct {
	journal.Journal
	now, entries atomic.Int64
}

func (f *followed) Follow(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		f.now.Add(1)
		defer f.now.Add(-1)
		for e, err := range f.Journal.Follow(ctx, from) {
			f.entries.Add(1)
			if !yield(e, err) {
				return
			}
		}
	}
}

// An owner who is busy has a copy without following. When another takes over, or it rests, its copy follows again, and when
// it takes over once more it misses nothing.
func TestABusyOwnerNeedNotFollow(t *testing.T) {
	log := mem.NewLog()
	f := &followed{Journal: log.Open()}
	j, err := Open(t.Context(), Options{Log: f, Copy: archive(t, t.TempDir()), Logger: quiet})
	require.NoError(t, err)
	defer j.Close()
	require.Eventually(t, func() bool { return f.now.Load() == 1 }, 30*time.Second, time.Millisecond)
	for range 3 {
		head, err := j.Acquire(t.Context(), "owner")
		require.NoError(t, err)
		o := &owner{t, j, head}
		require.Eventually(t, func() bool { o.append(20); return f.now.Load() == 0 }, 30*time.Second, time.Millisecond)
		before := f.entries.Load()
		o.append(300)
		reaches(t, j, o.head)
		require.Less(t, f.entries.Load()-before, int64(300), "all came by following")

		other := own(t, log)
		other.append(30)
		_, err = j.Append(t.Context(), o.head, batchAt(o.head))
		require.ErrorIs(t, err, journal.ErrFenced)
		reaches(t, j, other.head)
		other.append(30)
		reaches(t, j, other.head)
	}
}

// What waits for a slow copy is bounded; what was dropped comes by following.
func TestHandedIsBounded(t *testing.T) {
	h := &handed{}
	var head journal.Head
	head.Next = 1
	large := make([]byte, handedBytes/4)
	for range 3 {
		b := batchAt(head, large...)
		h.add(b, time.Now())
		head = head.After(b)
	}
	_, ok := h.at(journal.Head{Next: 1})
	require.True(t, ok)
	_, ok = h.at(journal.Head{Next: 2})
	require.False(t, ok, "the copy has another entry before it")
	require.Len(t, h.batches, 2)
	for range 2 {
		b := batchAt(head, large...)
		h.add(b, time.Now())
		head = head.After(b)
	}
	require.Empty(t, h.batches)
	require.Zero(t, h.bytes)
}

func batchAt(head journal.Head, payload ...byte) journal.Batch {
	var b journal.Builder
	b.Reset(head.Next, head.Hash, nil)
	b.Add(int64(head.Next), func(to []byte) []byte { return append(fmt.Append(to, head.Next), payload...) })
	return b.Batch()
}
