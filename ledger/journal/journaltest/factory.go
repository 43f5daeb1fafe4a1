package journaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Factory is what an engine tells the suite about itself.
type Factory struct {
	// Open opens the log of that name, which is new to the engine the first time, and later has what was appended.
	// The suite closes what it opens, once or twice. Names consist of letters, digits and dashes.
	Open func(t TB, name string) journal.Journal

	// SharedLog says that two handles on one name may be open at once, as two processes would. Where it is false,
	// the suite has two owners on one handle only.
	SharedLog bool

	// TrimsLater says that entries may still be read for a while after Trim. Where it is false, Trim forgets all
	// whole batches before its sequence at once.
	TrimsLater bool

	// MaxBatchBytes is the largest batch the engine was set up for; 0 means journal.MaxBatchBytes. A larger one
	// must answer ErrTooLarge.
	MaxBatchBytes int

	// Unknown makes the next append to the log of that name answer ErrUnknown, written saying whether it takes
	// effect all the same. Nil if the engine has no such means; the tests that need it are then skipped.
	Unknown func(t TB, name string, written bool)

	// Slow makes the next append to the log of that name take about this long before it writes. May be nil.
	Slow func(t TB, name string, d time.Duration)
}

// TB is what the suite needs of a test; *testing.T and *rapid.T both have it.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	FailNow()
	Logf(format string, args ...any)
	Name() string
}

// Run runs the whole suite. Each test is a subtest with logs of its own, named after it.
func Run(t *testing.T, f Factory) {
	if f.MaxBatchBytes == 0 {
		f.MaxBatchBytes = journal.MaxBatchBytes
	}
	tests := []struct {
		name string
		run  func(*testing.T, *suite)
	}{
		{"EmptyLog", emptyLog},
		{"AppendAndReplay", appendAndReplay},
		{"HeadIsCompared", headIsCompared},
		{"MisplacedBatch", misplacedBatch},
		{"ReplayedHead", replayedHead},
		{"SecondOwnerFencesFirst", secondOwnerFencesFirst},
		{"SecondOwnerFencesAppendsInFlight", secondOwnerFencesInFlight},
		{"RestartFencesNobodyButAcquireDoes", restartThenAcquire},
		{"ConfirmKnowsTheOwner", confirmKnowsTheOwner},
		{"UnknownThenAcquire", unknownThenAcquire},
		{"Limits", limits},
		{"BufferMayBeReused", bufferMayBeReused},
		{"RestartKeepsEverything", restartKeepsEverything},
		{"ReplayFromMiddle", replayFromMiddle},
		{"ReplayIsASnapshot", replayIsASnapshot},
		{"ReplayEndsWithContext", replayEndsWithContext},
		{"FollowStreamsAndWaits", followStreamsAndWaits},
		{"FollowFromAhead", followFromAhead},
		{"FollowGoesOnAfterRestart", followAcrossRestart},
		{"FollowEndsWithContext", followEndsWithContext},
		{"FollowEndsWithClose", followEndsWithClose},
		{"FollowersSeeOnlyDurable", followersSeeOnlyDurable},
		{"Trim", trim},
		{"TrimEverything", trimEverything},
		{"TrimUnderReaders", trimUnderReaders},
		{"Close", closed},
		{"CloseUnderAppends", closeUnderAppends},
		{"Concurrent", concurrent},
		{"Model", model},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			name := strings.ToLower(test.name)
			test.run(t, &suite{Factory: f, t: t, name: name})
		})
	}
}

// suite is one test's hold on its log: the open handle and the model of what the log must say.
type suite struct {
	Factory
	t    TB
	name string

	j    journal.Journal
	head journal.Head
	want []string // payloads; the entry with sequence n is want[n-1]
	ends []uint64 // first sequences after each batch
}

// open opens the log, closing it first if it is open: a restart.
func (s *suite) open() {
	s.t.Helper()
	s.close()
	s.j = s.Open(s.t, s.name)
}

func (s *suite) close() {
	s.t.Helper()
	if s.j != nil {
		require.NoError(s.t, s.j.Close())
		s.j = nil
	}
}

// start opens the log and acquires it.
func (s *suite) start() {
	s.t.Helper()
	s.open()
	s.acquire()
}

func (s *suite) acquire() {
	s.t.Helper()
	head, err := s.j.Acquire(context.Background(), "owner of "+s.name)
	require.NoError(s.t, err)
	require.Equal(s.t, uint64(len(s.want)+1), head.Next)
	require.Greater(s.t, head.Epoch, s.head.Epoch)
	if s.head.Next == head.Next {
		require.Equal(s.t, s.head.Hash, head.Hash)
	}
	s.head = head
}

// append makes a batch of the payloads, appends it and notes it in the model.
func (s *suite) append(payloads ...string) {
	s.t.Helper()
	head, err := s.j.Append(context.Background(), s.head, batchOf(s.head, payloads...))
	require.NoError(s.t, err)
	s.note(head, payloads...)
}

func (s *suite) note(head journal.Head, payloads ...string) {
	s.t.Helper()
	require.Equal(s.t, s.head.Epoch, head.Epoch)
	s.want = append(s.want, payloads...)
	require.Equal(s.t, uint64(len(s.want)+1), head.Next)
	s.ends = append(s.ends, head.Next)
	s.head = head
}

// appendMany appends batches of one to five entries.
func (s *suite) appendMany(batches int) {
	s.t.Helper()
	for i := range batches {
		var payloads []string
		for k := range i%5 + 1 {
			payloads = append(payloads, fmt.Sprintf("%s %d.%d %s", s.name, i, k, strings.Repeat("x", (i*37+k*11)%200)))
		}
		s.append(payloads...)
	}
}

// check replays the log from each of the sequences and compares with the model.
func (s *suite) check(froms ...uint64) {
	s.t.Helper()
	for _, from := range froms {
		got, err := collect(s.j.Replay(context.Background(), from))
		require.NoError(s.t, err, "replay from %d", from)
		s.compare(max(from, 1), got)
		require.Len(s.t, got, max(0, len(s.want)+1-int(max(from, 1))), "replay from %d", from)
	}
}

// compare holds entries, the first with the sequence from, against the model.
func (s *suite) compare(from uint64, got []journal.Entry) {
	s.t.Helper()
	for i, e := range got {
		seq := from + uint64(i)
		require.Equal(s.t, seq, e.Sequence)
		require.Equal(s.t, int64(seq), e.Time)
		require.Equal(s.t, s.want[seq-1], string(e.Payload))
		if i > 0 {
			require.NotEqual(s.t, got[i-1].Prev, e.Prev)
		}
	}
	if len(got) > 0 && from == 1 {
		require.Equal(s.t, journal.Hash{}, got[0].Prev)
	}
}

// batchOf makes a batch at head. The time of an entry is its sequence.
func batchOf(head journal.Head, payloads ...string) journal.Batch {
	var b journal.Builder
	b.Reset(head.Next, head.Hash, nil)
	for i, p := range payloads {
		b.Add(int64(head.Next)+int64(i), func(buf []byte) []byte { return append(buf, p...) })
	}
	return b.Batch()
}

// batchOfSize makes a batch of one entry that encodes to size bytes.
func batchOfSize(head journal.Head, size int) (journal.Batch, string) {
	overhead := len(batchOf(head, "").Bytes)
	payload := strings.Repeat("z", size-overhead)
	return batchOf(head, payload), payload
}

// collect reads to the end or the first error.
func collect(seq func(func(journal.Entry, error) bool)) (entries []journal.Entry, err error) {
	for e, err := range seq {
		if err != nil {
			return entries, err
		}
		e.Payload = bytes.Clone(e.Payload)
		entries = append(entries, e)
	}
	return entries, nil
}

// isOneOf tells whether err is any of the errors.
func isOneOf(err error, of ...error) bool {
	for _, e := range of {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
