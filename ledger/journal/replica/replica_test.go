package replica

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/ledger/journal/journaltest"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func archive(t require.TestingT, dir string) *bolt.Journal {
	j, err := bolt.Open(dir, bolt.Options{Logger: quiet})
	require.NoError(t, err)
	return j
}

// The log is in memory and the copy on disk. A handle is used once its copy has what the log had when it was opened.
func TestConformance(t *testing.T) {
	root := t.TempDir()
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
		Open: func(t journaltest.TB, name string) journal.Journal {
			copied, err := bolt.Open(filepath.Join(root, name), bolt.Options{Logger: quiet, SegmentBytes: 4 << 20})
			require.NoError(t, err)
			j, err := Open(context.Background(), Options{Log: log(name).Open(), Copy: copied, Logger: quiet})
			require.NoError(t, err)
			for e, err := range log(name).Open().Replay(context.Background(), j.End().Next) {
				require.NoError(t, err)
				j.knows(e.Sequence + 1)
			}
			return j
		},
		TrimsLater: true,
		Unknown: func(_ journaltest.TB, name string, written bool) {
			kind := mem.FailBefore
			if written {
				kind = mem.FailAfter
			}
			log(name).Script(mem.Fault{Kind: kind})
		},
		Slow: func(_ journaltest.TB, name string, d time.Duration) { log(name).Script(mem.Fault{Delay: d}) },
	})
}

// owner appends to a log, apart from any copy.
type owner struct {
	t    *testing.T
	j    journal.Journal
	head journal.Head
}

func own(t *testing.T, l *mem.Log) *owner {
	j := l.Open()
	head, err := j.Acquire(context.Background(), "owner")
	require.NoError(t, err)
	return &owner{t, j, head}
}

func (o *owner) append(n int) {
	o.t.Helper()
	for range n {
		var b journal.Builder
		b.Reset(o.head.Next, o.head.Hash, nil)
		b.Add(int64(o.head.Next), func(to []byte) []byte { return fmt.Appendf(to, "entry %d", o.head.Next) })
		head, err := o.j.Append(context.Background(), o.head, b.Batch())
		require.NoError(o.t, err)
		o.head = head
	}
}

func reaches(t *testing.T, j *Journal, end journal.Head) {
	t.Helper()
	require.Eventually(t, func() bool { return j.End().Next == end.Next }, 30*time.Second, time.Millisecond, "fault %v", j.Fault())
	require.Equal(t, end.Hash, j.End().Hash)
}

// A copy follows whoever appends, and goes on where it was after a restart.
func TestCopiesWhatOthersAppend(t *testing.T) {
	log, dir := mem.NewLog(), t.TempDir()
	o := own(t, log)
	o.append(100)
	for range 3 {
		j, err := Open(t.Context(), Options{Log: log.Open(), Copy: archive(t, dir), Logger: quiet})
		require.NoError(t, err)
		reaches(t, j, o.head)
		o.append(50)
		reaches(t, j, o.head)
		require.NoError(t, j.Close())
		o.append(50)
	}
}

// What has been trimmed from the log before it was copied is a peer's to give.
func TestPeerHasWhatWasTrimmed(t *testing.T) {
	log := mem.NewLog()
	o := own(t, log)
	o.append(300)
	first, err := Open(t.Context(), Options{Log: log.Open(), Copy: archive(t, t.TempDir()), Logger: quiet})
	require.NoError(t, err)
	defer first.Close()
	reaches(t, first, o.head)
	require.NoError(t, first.Trim(t.Context(), 250))

	asked := 0
	second, err := Open(t.Context(), Options{
		Log: log.Open(), Copy: archive(t, t.TempDir()), Logger: quiet,
		Peer: func(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
			if asked++; asked == 1 { // the first one has nothing to give
				return func(func(journal.Entry, error) bool) {}
			}
			return first.Replay(ctx, from)
		},
	})
	require.NoError(t, err)
	defer second.Close()
	reaches(t, second, o.head)
	require.Equal(t, 2, asked)
	o.append(10)
	reaches(t, second, o.head)
	n := 0
	for e, err := range second.Replay(t.Context(), 1) {
		require.NoError(t, err)
		n++
		require.Equal(t, uint64(n), e.Sequence)
	}
	require.Equal(t, 310, n)
}

// A copy of another log is not appended to.
func TestForeignLog(t *testing.T) {
	dir := t.TempDir()
	log := mem.NewLog()
	o := own(t, log)
	o.append(10)
	j, err := Open(t.Context(), Options{Log: log.Open(), Copy: archive(t, dir), Logger: quiet})
	require.NoError(t, err)
	reaches(t, j, o.head)
	require.NoError(t, j.Close())

	other := mem.NewLog()
	p := own(t, other)
	p.head.Next = 1
	var b journal.Builder
	b.Reset(1, journal.Hash{}, nil)
	for range 20 {
		b.Add(1, func(to []byte) []byte { return append(to, "something else"...) })
	}
	_, err = p.j.Append(t.Context(), p.head, b.Batch())
	require.NoError(t, err)
	j, err = Open(t.Context(), Options{Log: other.Open(), Copy: archive(t, dir), Logger: quiet})
	require.NoError(t, err)
	defer j.Close()
	require.Eventually(t, func() bool { return j.Fault() != nil }, 30*time.Second, time.Millisecond, "end %d", j.End().Next)
	corrupt := (*journal.CorruptError)(nil)
	require.ErrorAs(t, j.Fault(), &corrupt)
	require.Equal(t, uint64(11), corrupt.Sequence)
	_, err = j.Acquire(t.Context(), "owner")
	require.NoError(t, err)
	for _, err := range j.Replay(t.Context(), 1) {
		require.ErrorAs(t, err, &corrupt) // rather than wait for ever
	}
}
