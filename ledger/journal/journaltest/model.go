package journaltest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// One owner appends while others replay and follow, and someone takes the log over now and then.
func concurrent(t *testing.T, s *suite) {
	s.start()
	var wait sync.WaitGroup
	const last = 2000
	read := func(entries func(func(journal.Entry, error) bool), from uint64, limit int) {
		seq := from
		for e, err := range entries {
			if err != nil || e.Sequence != seq || string(e.Payload) != fmt.Sprint(seq) {
				t.Errorf("at %d: entry %d %q, error %v", seq, e.Sequence, e.Payload, err)
				return
			}
			if seq++; seq-from >= uint64(limit) {
				return
			}
		}
	}
	for i := range 3 {
		from := uint64(1 + i*300)
		wait.Go(func() { read(s.j.Follow(background, from), from, last-int(from)) })
	}
	stop := make(chan struct{})
	wait.Go(func() {
		for from := uint64(1); ; from += 37 {
			select {
			case <-stop:
				return
			default:
				read(s.j.Replay(background, 1+from%last), 1+from%last, last)
			}
		}
	})
	head := s.head
	for i := 0; head.Next <= last; i++ {
		var payloads []string
		for k := range uint64(i%40 + 1) {
			payloads = append(payloads, fmt.Sprint(head.Next+k))
		}
		stale := head
		var err error
		head, err = s.j.Append(background, head, batchOf(head, payloads...))
		require.NoError(t, err)
		s.want = append(s.want, payloads...)
		if i%20 == 19 {
			_, err = s.j.Append(background, stale, batchOf(stale, payloads...))
			require.ErrorIs(t, err, journal.ErrFenced)
			head, err = s.j.Acquire(background, "taker")
			require.NoError(t, err)
		}
	}
	close(stop)
	wait.Wait()
	s.check(1)
	s.close()
}

// model does random things to a log and to a slice, and compares.
func model(t *testing.T, f *suite) {
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		s := &suite{Factory: f.Factory, t: rt, name: fmt.Sprintf("%s-%d", f.name, runs)}
		defer func() { // a failed run must not keep the log from being closed
			if s.j != nil {
				_ = s.j.Close()
			}
		}()
		s.start()
		m := &machine{suite: s, trimmedTo: 1}
		rt.Repeat(map[string]func(*rapid.T){
			"append":  m.append,
			"stale":   m.stale,
			"acquire": func(*rapid.T) { s.acquire() },
			"restart": func(*rapid.T) { s.start() },
			"replay":  m.replay,
			"trim":    m.trim,
			"unknown": m.unknown,
			"":        func(*rapid.T) {},
		})
		s.trimmed(m.trimmedTo)
		s.start()
		s.trimmed(m.trimmedTo)
		s.close()
	})
}

type machine struct {
	*suite
	old       []journal.Head
	trimmedTo uint64
}

func (m *machine) payloads(t *rapid.T) []string {
	sizes := rapid.SliceOfN(rapid.IntRange(0, 300), 1, 8).Draw(t, "sizes")
	var out []string
	for i, size := range sizes {
		if room := (m.MaxBatchBytes - 100) / len(sizes); size > room-60 {
			size = max(room-60, 0)
		}
		out = append(out, strings.Repeat(string(rune('a'+(len(m.want)+i)%26)), size))
	}
	return out
}

func (m *machine) append(t *rapid.T) {
	m.old = append(m.old, m.head)
	m.suite.append(m.payloads(t)...)
}

// stale appends with a head that was the log's once.
func (m *machine) stale(t *rapid.T) {
	if len(m.old) == 0 {
		t.Skip("nothing appended yet")
	}
	head := rapid.SampledFrom(m.old).Draw(t, "head")
	_, err := m.j.Append(background, head, batchOf(head, "never"))
	require.ErrorIs(t, err, journal.ErrFenced)
}

func (m *machine) replay(t *rapid.T) {
	m.check(rapid.Uint64Range(m.trimmedTo, m.next()+1).Draw(t, "from"))
}

func (m *machine) trim(t *rapid.T) {
	before := rapid.Uint64Range(0, m.next()).Draw(t, "before")
	require.NoError(t, m.j.Trim(background, before))
	m.trimmedTo = max(m.trimmedTo, before)
	m.trimmed(m.trimmedTo)
}

func (m *machine) unknown(t *rapid.T) {
	if m.Unknown == nil {
		t.Skip("the engine cannot be made to fail")
	}
	written := rapid.Bool().Draw(t, "written")
	payloads := m.payloads(t)
	m.Unknown(t, m.name, written)
	_, err := m.j.Append(background, m.head, batchOf(m.head, payloads...))
	require.ErrorIs(t, err, journal.ErrUnknown)
	if written {
		m.want = append(m.want, payloads...)
		m.ends = append(m.ends, m.next())
		m.head.Next = 0
	}
	m.acquire()
}
