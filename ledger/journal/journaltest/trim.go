package journaltest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// trimmed checks that entries from before on are all there, and those of the batches before it gone.
func (s *suite) trimmed(before uint64) {
	s.t.Helper()
	kept := uint64(1) // where the batch that holds before begins
	for _, end := range s.ends {
		if end <= before {
			kept = end
		}
	}
	s.check(kept, before, before+1)
	if kept == 1 {
		return
	}
	for _, from := range []uint64{0, 1, kept - 1} {
		got, err := collect(s.j.Replay(background, from))
		if s.TrimsLater && err == nil {
			s.compare(max(from, 1), got)
			continue
		}
		require.ErrorIs(s.t, err, journal.ErrTrimmed, "replay from %d, trimmed before %d", from, before)
		require.Empty(s.t, got)
	}
}

func trim(t *testing.T, s *suite) {
	s.start()
	s.appendMany(30)
	require.Error(t, s.j.Trim(background, s.next()+1), "beyond the head")
	most := uint64(0)
	for _, before := range []uint64{0, 1, 2, 9, 10, 11, 5, 40, 41, 60} {
		require.NoError(t, s.j.Trim(background, before))
		most = max(most, before)
		s.trimmed(most)
		if before%2 == 1 {
			s.start()
			s.trimmed(most)
		}
		s.appendMany(3)
	}
	f := s.follow(most)
	s.expect(f, most, s.next())
	f.cancel()
	if !s.TrimsLater {
		f = s.follow(1)
		require.ErrorIs(t, s.ended(f), journal.ErrTrimmed)
		f.cancel()
	}
	s.close()
}

// A log trimmed up to its head is empty but goes on where it was.
func trimEverything(t *testing.T, s *suite) {
	s.start()
	for range 3 {
		s.appendMany(7)
		require.NoError(t, s.j.Trim(background, s.next()))
		s.trimmed(s.next())
		s.start()
		s.trimmed(s.next())
	}
	s.append("on")
	s.check(s.next() - 1)
	s.close()
}

// A reader whose entries are trimmed under it ends with ErrTrimmed, never with a gap.
func trimUnderReaders(t *testing.T, s *suite) {
	s.start()
	for range 20 {
		s.appendMany(10)
	}
	n := uint64(0)
	for e, err := range s.j.Replay(background, 1) {
		if errors.Is(err, journal.ErrTrimmed) {
			break
		}
		require.NoError(t, err)
		n++
		require.Equal(t, n, e.Sequence)
		require.Equal(t, s.want[n-1], string(e.Payload))
		if n == 7 {
			require.NoError(t, s.j.Trim(background, s.next()-5))
		}
	}
	s.trimmed(s.next() - 5)
	s.close()
}
