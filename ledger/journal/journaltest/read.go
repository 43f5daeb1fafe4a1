package journaltest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// patience is how long the suite waits for what should come at once.
const patience = 20 * time.Second

func replayFromMiddle(_ *testing.T, s *suite) {
	s.start()
	s.appendMany(23)
	for from := range uint64(len(s.want) + 3) {
		s.check(from)
	}
	s.start()
	for from := range uint64(len(s.want) + 3) {
		s.check(from)
	}
	s.close()
}

// Replay ends where the log ended when it was called, whatever is appended meanwhile.
func replayIsASnapshot(t *testing.T, s *suite) {
	s.start()
	s.appendMany(10)
	replay := s.j.Replay(background, 1)
	want := len(s.want)
	s.appendMany(3)
	n := 0
	for e, err := range replay {
		require.NoError(t, err)
		n++
		require.Equal(t, uint64(n), e.Sequence)
		s.append("meanwhile")
	}
	require.Equal(t, want, n)
	for range s.j.Replay(background, 1) {
		break // leaving early does no harm
	}
	s.check(1)
	s.close()
}

func replayEndsWithContext(t *testing.T, s *suite) {
	s.start()
	s.appendMany(5)
	ctx, cancel := context.WithCancel(background)
	cancel()
	_, err := collect(s.j.Replay(ctx, 1))
	require.ErrorIs(t, err, context.Canceled)
	s.close()
}

// follower reads a log in the background.
type follower struct {
	entries chan journal.Entry
	err     chan error
	cancel  context.CancelFunc
}

func (s *suite) follow(from uint64) *follower {
	ctx, cancel := context.WithCancel(background)
	f := &follower{entries: make(chan journal.Entry), err: make(chan error, 1), cancel: cancel}
	seq := s.j.Follow(ctx, from)
	go func() {
		for e, err := range seq {
			if err != nil {
				f.err <- err
				continue // it must end by itself
			}
			e.Payload = bytes.Clone(e.Payload)
			select {
			case f.entries <- e:
			case <-ctx.Done():
			}
		}
		close(f.entries)
	}()
	return f
}

// expect reads the entries [from, to) off the follower.
func (s *suite) expect(f *follower, from, to uint64) {
	s.t.Helper()
	var got []journal.Entry
	timeout := time.After(patience)
	for seq := from; seq < to; seq++ {
		select {
		case e, ok := <-f.entries:
			if !ok {
				s.t.Fatalf("follower ended before %d", seq)
			}
			got = append(got, e)
		case <-timeout:
			s.t.Fatalf("follower did not get to %d", seq)
		}
	}
	s.compare(from, got)
}

// ended waits for the follower to end and gives its error.
func (s *suite) ended(f *follower) error {
	s.t.Helper()
	select {
	case err := <-f.err:
		for range f.entries {
			s.t.Errorf("an entry after the error")
		}
		return err
	case <-time.After(patience):
		s.t.Fatalf("follower did not end")
		return nil
	}
}

// quiet checks that the follower has nothing to say.
func (s *suite) quiet(f *follower) {
	s.t.Helper()
	select {
	case e := <-f.entries:
		s.t.Fatalf("unexpected entry %d", e.Sequence)
	case err := <-f.err:
		s.t.Fatalf("follower ended: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
}

func (s *suite) next() uint64 { return uint64(len(s.want) + 1) }

func followStreamsAndWaits(_ *testing.T, s *suite) {
	s.start()
	s.appendMany(20)
	all, tail, middle := s.follow(0), s.follow(s.next()), s.follow(5)
	defer all.cancel()
	defer tail.cancel()
	defer middle.cancel()
	at := s.next()
	s.expect(all, 1, at)
	s.expect(middle, 5, at)
	s.quiet(all)
	s.quiet(tail)
	for range 20 {
		s.append("a", "b")
		s.expect(tail, at, s.next())
		s.expect(all, at, s.next())
		at = s.next()
	}
	s.quiet(tail)
	s.expect(middle, at-40, at)
	s.close()
}

// A follower may wait for a sequence that the log has not come to yet.
func followFromAhead(_ *testing.T, s *suite) {
	s.start()
	f := s.follow(8)
	defer f.cancel()
	s.append("1", "2", "3")
	s.quiet(f)
	s.append("4", "5", "6", "7", "8", "9")
	s.append("10")
	s.expect(f, 8, 11)
	s.close()
}

func followAcrossRestart(t *testing.T, s *suite) {
	at := uint64(1)
	for range 4 {
		s.start()
		f := s.follow(at)
		s.appendMany(9)
		s.expect(f, at, s.next())
		at = s.next()
		require.NoError(t, s.j.Close())
		require.ErrorIs(t, s.ended(f), journal.ErrClosed)
		f.cancel()
	}
}

func followEndsWithContext(t *testing.T, s *suite) {
	s.start()
	s.append("one")
	f := s.follow(1)
	s.expect(f, 1, 2)
	f.cancel()
	require.ErrorIs(t, s.ended(f), context.Canceled)

	ctx, cancel := context.WithTimeout(background, time.Millisecond)
	defer cancel()
	_, err := collect(s.j.Follow(ctx, 2))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	s.append("two")
	s.close()
}

func followEndsWithClose(t *testing.T, s *suite) {
	s.start()
	f := s.follow(1)
	s.quiet(f)
	require.NoError(t, s.j.Close())
	require.ErrorIs(t, s.ended(f), journal.ErrClosed)
	f.cancel()
}

// What a follower has seen stays, whatever becomes of the append after it.
func followersSeeOnlyDurable(t *testing.T, s *suite) {
	if s.Unknown == nil {
		t.Skip("the engine cannot be made to fail")
	}
	s.start()
	s.append("one")
	f := s.follow(1)
	defer f.cancel()
	s.expect(f, 1, 2)
	s.Unknown(t, s.name, false)
	_, err := s.j.Append(background, s.head, batchOf(s.head, "never"))
	require.ErrorIs(t, err, journal.ErrUnknown)
	s.quiet(f)
	s.acquire()
	s.append("two")
	s.expect(f, 2, 3)
	s.Unknown(t, s.name, true)
	_, err = s.j.Append(background, s.head, batchOf(s.head, "three"))
	require.ErrorIs(t, err, journal.ErrUnknown)
	s.want = append(s.want, "three")
	s.head.Next = 0
	s.acquire()
	s.append("four")
	s.expect(f, 3, 5)
	s.close()
}
