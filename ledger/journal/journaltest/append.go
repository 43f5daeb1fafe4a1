package journaltest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

var background = context.Background()

func emptyLog(t *testing.T, s *suite) {
	s.open()
	s.check(0, 1, 2, 100)
	_, err := s.j.Append(background, journal.Head{Next: 1}, batchOf(journal.Head{Next: 1}, "x"))
	require.ErrorIs(t, err, journal.ErrFenced, "nobody has acquired")
	s.acquire()
	require.Equal(t, journal.Head{Epoch: 1, Next: 1}, s.head)
	require.NoError(t, s.j.Trim(background, 1))
	s.check(0, 1)
	s.start()
	require.Equal(t, journal.Head{Epoch: 2, Next: 1}, s.head)
	s.check(0, 1)
	s.close()
}

func appendAndReplay(t *testing.T, s *suite) {
	s.start()
	s.append("one")
	s.append("two", "", "four")
	s.append("")
	s.check(0, 1, 2, 3, 4, 5, 6, 7)
	s.appendMany(50)
	s.check(1, uint64(len(s.want)), uint64(len(s.want)+1))
	batch := batchOf(s.head, "last")
	head, err := s.j.Append(background, s.head, batch)
	require.NoError(t, err)
	require.Equal(t, s.head.After(batch), head)
	s.close()
}

// A head that differs from the log's in anything is fenced, and writes nothing.
func headIsCompared(t *testing.T, s *suite) {
	s.start()
	s.append("one", "two")
	for what, wrong := range map[string]journal.Head{
		"older epoch": {Epoch: s.head.Epoch - 1, Next: s.head.Next, Hash: s.head.Hash},
		"later epoch": {Epoch: s.head.Epoch + 1, Next: s.head.Next, Hash: s.head.Hash},
		"smaller":     {Epoch: s.head.Epoch, Next: s.head.Next - 1, Hash: s.head.Hash},
		"larger":      {Epoch: s.head.Epoch, Next: s.head.Next + 1, Hash: s.head.Hash},
		"other hash":  {Epoch: s.head.Epoch, Next: s.head.Next, Hash: journal.Hash{1}},
		"zero":        {},
	} {
		_, err := s.j.Append(background, wrong, batchOf(wrong, "never"))
		require.ErrorIs(t, err, journal.ErrFenced, what)
	}
	s.check(1)
	s.append("three")
	s.check(1)
	s.close()
}

// A batch that does not begin at the head it comes with is the caller's mistake.
func misplacedBatch(t *testing.T, s *suite) {
	s.start()
	s.append("one")
	elsewhere := s.head
	elsewhere.Next++
	_, err := s.j.Append(background, s.head, batchOf(elsewhere, "never"))
	require.ErrorIs(t, err, journal.ErrMisplaced)
	elsewhere = s.head
	elsewhere.Hash[0] ^= 1
	_, err = s.j.Append(background, s.head, batchOf(elsewhere, "never"))
	require.ErrorIs(t, err, journal.ErrMisplaced)
	_, err = s.j.Append(background, s.head, batchOf(s.head))
	require.ErrorIs(t, err, journal.ErrMisplaced, "an empty batch")
	_, err = s.j.Append(background, s.head, journal.Batch{})
	require.ErrorIs(t, err, journal.ErrMisplaced, "no batch at all")
	s.append("two")
	s.check(1)
	s.close()
}

// The same append twice takes effect once.
func replayedHead(t *testing.T, s *suite) {
	s.start()
	before := s.head
	s.append("one", "two")
	_, err := s.j.Append(background, before, batchOf(before, "one", "two"))
	require.ErrorIs(t, err, journal.ErrFenced)
	s.append("three")
	_, err = s.j.Append(background, before, batchOf(before, "one", "two"))
	require.ErrorIs(t, err, journal.ErrFenced)
	s.check(1)
	s.close()
}

// other gives a second owner's handle: one of its own where the engine can, or else the same.
func (s *suite) other() (j journal.Journal, release func()) {
	if !s.SharedLog {
		return s.j, func() {}
	}
	j = s.Open(s.t, s.name)
	return j, func() { require.NoError(s.t, j.Close()) }
}

func secondOwnerFencesFirst(t *testing.T, s *suite) {
	s.start()
	s.append("one")
	first := s.head
	other, release := s.other()
	defer release()
	second, err := other.Acquire(background, "second")
	require.NoError(t, err)
	require.Equal(t, journal.Head{Epoch: first.Epoch + 1, Next: first.Next, Hash: first.Hash}, second)

	_, err = s.j.Append(background, first, batchOf(first, "never"))
	require.ErrorIs(t, err, journal.ErrFenced)
	next, err := other.Append(background, second, batchOf(second, "two"))
	require.NoError(t, err)
	_, err = s.j.Append(background, first, batchOf(first, "never"))
	require.ErrorIs(t, err, journal.ErrFenced)
	s.head = second
	s.note(next, "two")
	s.check(1, 2)

	// The first takes it back: it sees what the second appended.
	s.acquire()
	_, err = other.Append(background, next, batchOf(next, "never"))
	require.ErrorIs(t, err, journal.ErrFenced)
	s.append("three")
	s.check(1)
	s.close()
}

// An append in flight when another owner acquires is either before the new owner's head or fenced, never after.
func secondOwnerFencesInFlight(t *testing.T, s *suite) {
	s.start()
	other, release := s.other()
	defer release()
	for round := range 10 {
		if s.Slow != nil && round%2 == 0 {
			s.Slow(t, s.name, time.Duration(round)*time.Millisecond)
		}
		head, done := s.head, make(chan error)
		go func() {
			var err error
			for err == nil {
				head, err = s.j.Append(background, head, batchOf(head, "first"))
				time.Sleep(20 * time.Microsecond) // a log in memory would grow without bounds
			}
			done <- err
		}()
		time.Sleep(time.Duration(round) * 300 * time.Microsecond)
		taken, err := other.Acquire(background, "second")
		require.NoError(t, err)
		atTakeover, err := collect(other.Replay(background, 1))
		require.NoError(t, err)
		require.Len(t, atTakeover, int(taken.Next-1), "the head is where the log ends")
		require.ErrorIs(t, <-done, journal.ErrFenced)
		require.Equal(t, taken.Next, head.Next, "what the first was told happened has, and no more")
		after, err := other.Append(background, taken, batchOf(taken, "second"))
		require.NoError(t, err)
		for range int(taken.Next) - 1 - len(s.want) {
			s.want = append(s.want, "first")
		}
		s.head = taken
		s.note(after, "second")
		s.check(1)
		s.acquire()
	}
	s.close()
}

func restartThenAcquire(t *testing.T, s *suite) {
	s.start()
	s.append("one")
	before := s.head
	s.start()
	_, err := s.j.Append(background, before, batchOf(before, "never"))
	require.ErrorIs(t, err, journal.ErrFenced)
	s.append("two")
	s.check(1)
	s.close()
}

// After an unknown append, Acquire tells which it was, and the log goes on from there.
func unknownThenAcquire(t *testing.T, s *suite) {
	if s.Unknown == nil {
		t.Skip("the engine cannot be made to fail")
	}
	s.start()
	s.append("one")
	for i, written := range []bool{true, false, false, true, true} {
		s.Unknown(t, s.name, written)
		head, err := s.j.Append(background, s.head, batchOf(s.head, "maybe", "so"))
		require.ErrorIs(t, err, journal.ErrUnknown)
		require.Equal(t, s.head, head, "no new head is answered with")
		if written {
			s.want = append(s.want, "maybe", "so")
		}
		if i%2 == 1 {
			s.open()
		}
		taken, err := s.j.Acquire(background, "again")
		require.NoError(t, err)
		require.Equal(t, uint64(len(s.want)+1), taken.Next)
		require.Equal(t, s.head.Epoch+1, taken.Epoch)
		s.head = taken
		s.check(1, 2)
		s.append("after")
		s.check(1)
	}
	s.start()
	s.check(1)
	s.close()
}

// Confirm answers the owner, before and after appends, and nobody else.
func confirmKnowsTheOwner(t *testing.T, s *suite) {
	s.start()
	require.NoError(t, s.j.Confirm(background, s.head))
	first := s.head
	s.append("one")
	require.NoError(t, s.j.Confirm(background, s.head))
	require.ErrorIs(t, s.j.Confirm(background, journal.Head{}), journal.ErrFenced)
	old := s.j
	if s.SharedLog {
		s.j = s.Open(t, s.name)
		defer old.Close()
	}
	s.acquire()
	require.NoError(t, s.j.Confirm(background, s.head))
	require.ErrorIs(t, old.Confirm(background, first), journal.ErrFenced)
	s.append("two")
	ended, cancel := context.WithCancel(background)
	cancel()
	require.Error(t, s.j.Confirm(ended, s.head))
	last := s.j
	s.close()
	require.ErrorIs(t, last.Confirm(background, s.head), journal.ErrClosed)
}

func limits(t *testing.T, s *suite) {
	s.start()
	s.append("one")
	tooLarge, _ := batchOfSize(s.head, s.MaxBatchBytes+1)
	_, err := s.j.Append(background, s.head, tooLarge)
	require.ErrorIs(t, err, journal.ErrTooLarge)
	for range 3 {
		largest, payload := batchOfSize(s.head, s.MaxBatchBytes)
		require.Len(t, largest.Bytes, s.MaxBatchBytes)
		head, err := s.j.Append(background, s.head, largest)
		require.NoError(t, err)
		s.note(head, payload)
		s.append("small")
	}
	s.check(1, 2, 3)
	s.start()
	s.check(1, 4)
	s.close()
}

// Once Append has returned the batch's bytes are the caller's again.
func bufferMayBeReused(_ *testing.T, s *suite) {
	s.start()
	for range 5 {
		batch := batchOf(s.head, "one", "two")
		head, err := s.j.Append(background, s.head, batch)
		require.NoError(s.t, err)
		s.note(head, "one", "two")
		clear(batch.Bytes)
		s.check(1)
	}
	s.close()
}

func restartKeepsEverything(_ *testing.T, s *suite) {
	for round := range 6 {
		s.start()
		s.check(1, uint64(len(s.want)/2))
		s.appendMany(round * 7)
		s.check(1)
	}
	s.close()
}

func closed(t *testing.T, s *suite) {
	s.start()
	s.append("one")
	j := s.j
	s.close()
	require.NoError(t, j.Close(), "closing twice does no harm")
	_, err := j.Acquire(background, "late")
	require.ErrorIs(t, err, journal.ErrClosed)
	_, err = j.Append(background, s.head, batchOf(s.head, "never"))
	require.ErrorIs(t, err, journal.ErrClosed)
	_, err = collect(j.Replay(background, 1))
	require.ErrorIs(t, err, journal.ErrClosed)
	_, err = collect(j.Follow(background, 1))
	require.ErrorIs(t, err, journal.ErrClosed)
	require.ErrorIs(t, j.Trim(background, 1), journal.ErrClosed)
	s.start()
	s.check(1)
	s.close()
}

// An append under way when the log is closed either has happened, and was answered, or has not. One whose answer
// was ErrUnknown may be either.
func closeUnderAppends(t *testing.T, s *suite) {
	for range 5 {
		s.start()
		var wait sync.WaitGroup
		var last error
		wait.Go(func() {
			for last == nil {
				var head journal.Head
				if head, last = s.j.Append(background, s.head, batchOf(s.head, "x", "y")); last == nil {
					s.note(head, "x", "y")
				}
			}
		})
		time.Sleep(3 * time.Millisecond)
		require.NoError(t, s.j.Close())
		wait.Wait()
		require.True(t, isOneOf(last, journal.ErrClosed, journal.ErrUnknown), "%v", last)
		s.open()
		if isOneOf(last, journal.ErrUnknown) {
			got, err := collect(s.j.Replay(background, 1))
			require.NoError(t, err)
			if len(got) == len(s.want)+2 {
				s.want = append(s.want, "x", "y")
				s.head.Next = 0
			}
		}
		s.check(1)
	}
	s.close()
}
