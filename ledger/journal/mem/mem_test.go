package mem_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/journaltest"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
)

func TestConformance(t *testing.T) {
	var mu sync.Mutex
	logs := map[string]*mem.Log{}
	log := func(name string) *mem.Log {
		mu.Lock()
		defer mu.Unlock()
		if logs[name] == nil {
			logs[name] = mem.NewLog()
		}
		return logs[name]
	}
	journaltest.Run(t, journaltest.Factory{
		Open:      func(_ journaltest.TB, name string) journal.Journal { return log(name).Open() },
		SharedLog: true,
		Unknown: func(_ journaltest.TB, name string, written bool) {
			kind := mem.Torn
			if written {
				kind = mem.FailAfter
			}
			log(name).Script(mem.Fault{Kind: kind})
		},
		Slow: func(_ journaltest.TB, name string, d time.Duration) { log(name).Script(mem.Fault{Delay: d}) },
	})
}

func batchOf(head journal.Head, payloads ...string) journal.Batch {
	var b journal.Builder
	b.Reset(head.Next, head.Hash, nil)
	for _, p := range payloads {
		b.Add(1, func(buf []byte) []byte { return append(buf, p...) })
	}
	return b.Batch()
}

func TestFaults(t *testing.T) {
	ctx := context.Background()
	log := mem.NewLog()
	j := log.Open()
	head, err := j.Acquire(ctx, "tester")
	require.NoError(t, err)
	require.Equal(t, "tester", log.Owner())

	log.Script(mem.Fault{Kind: mem.Full}, mem.Fault{}, mem.Fault{Kind: mem.FailBefore, Err: context.DeadlineExceeded})
	_, err = j.Append(ctx, head, batchOf(head, "one"))
	require.ErrorIs(t, err, journal.ErrFull)
	head, err = j.Append(ctx, head, batchOf(head, "one"))
	require.NoError(t, err)
	_, err = j.Append(ctx, head, batchOf(head, "two"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = j.Append(ctx, head, batchOf(head, "two"))
	require.ErrorIs(t, err, journal.ErrUnknown, "nothing goes on until someone acquires")

	head, err = j.Acquire(ctx, "tester")
	require.NoError(t, err)
	require.Equal(t, uint64(2), head.Next)
	log.Hook(func(at journal.Head, _ journal.Batch) mem.Fault {
		require.Equal(t, head, at)
		return mem.Fault{Kind: mem.Torn}
	})
	_, err = j.Append(ctx, head, batchOf(head, "two"))
	require.ErrorIs(t, err, journal.ErrUnknown)
	require.NotZero(t, log.Torn())
	log.Hook(nil)
	_, err = j.Acquire(ctx, "tester")
	require.NoError(t, err)
	require.Zero(t, log.Torn())
}

func TestCorrupt(t *testing.T) {
	ctx := context.Background()
	size := len(batchOf(journal.Head{Next: 3}, "three", "four").Bytes)
	for offset := range size {
		log := mem.NewLog()
		j := log.Open()
		head, err := j.Acquire(ctx, "tester")
		require.NoError(t, err)
		for _, payloads := range [][]string{{"one", "two"}, {"three", "four"}, {"five"}} {
			head, err = j.Append(ctx, head, batchOf(head, payloads...))
			require.NoError(t, err)
		}
		require.True(t, log.Corrupt(4, offset, 0x10))
		require.False(t, log.Corrupt(4, size, 1))
		require.False(t, log.Corrupt(6, 0, 1))
		var last error
		for e, err := range j.Replay(ctx, 1) {
			if last = err; err == nil {
				require.Less(t, e.Sequence, uint64(5))
			}
		}
		var corrupt *journal.CorruptError
		require.ErrorAs(t, last, &corrupt)
		require.Contains(t, []uint64{3, 4, 5}, corrupt.Sequence)
	}
}
