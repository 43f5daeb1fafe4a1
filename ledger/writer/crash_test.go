package writer_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/journal/bolt"
	"github.com/holdfast-credit/holdfast/ledger/journal/mem"
	"github.com/holdfast-credit/holdfast/ledger/state"
	"github.com/holdfast-credit/holdfast/ledger/writer"
)

var (
	crashRounds = flag.Int("crash.rounds", 1, "how many seeds each crash test goes through")
	crashSteps  = flag.Int("crash.steps", 120, "commands of one crash test")
)

// TestEveryAppendFails crashes the shard at every append of a workload: before anything is written, with half of it
// written, and with all of it written but nobody told. Every command is asked again until it is answered.
func TestEveryAppendFails(t *testing.T) {
	for _, seed := range seeds(*crashRounds) {
		t.Run(named(seed), func(t *testing.T) {
			log, open := memory()
			s := newShard(t, seed, 5, open, state.Options{ChunkRows: 3})
			faults := []mem.Kind{mem.FailBefore, mem.Torn, mem.FailAfter}
			var mu sync.Mutex
			at, tried, met := uint64(0), 0, map[mem.Kind]int{}
			log.Hook(func(head journal.Head, _ journal.Batch) mem.Fault {
				mu.Lock()
				defer mu.Unlock()
				if head.Next != at {
					at, tried = head.Next, 0
				}
				kind := faults[tried%len(faults)]
				met[kind]++
				tried++
				return mem.Fault{Kind: kind}
			})
			for n := range *crashSteps {
				s.step()
				if n%10 == 0 {
					s.days(6)
					require.NoError(t, s.w.Flush(t.Context()))
				}
			}
			for _, kind := range faults {
				require.Greater(t, met[kind], *crashSteps/3)
			}
			log.Hook(nil)
			s.check(s.w)
			s.onceEach(s.w)
			s.owed(s.w)
			require.NoError(t, s.w.Close())
		})
	}
}

// TestFullJournalLosesNothing refuses for as long as the journal has no room, and goes on where it was.
func TestFullJournalLosesNothing(t *testing.T) {
	log, open := memory()
	s := newShard(t, 1, 3, open, state.Options{})
	for range 60 {
		if s.random.IntN(8) == 0 {
			log.Script(mem.Fault{Kind: mem.Full})
		}
		s.step()
	}
	log.Hook(nil)
	s.check(s.w)
	s.onceEach(s.w)
	require.NoError(t, s.w.Close())
}

// TestAStoppedShardTakesNothing asks again as soon as it is told that the shard stopped. Until the next session has begun it is
// told that nothing was done: that the outcome is unknown is for those who asked before.
func TestAStoppedShardTakesNothing(t *testing.T) {
	log, open := memory()
	s := newShard(t, 1, 1, open, state.Options{})
	account := submit(t, s.w, openAccount(1)).Account.ID
	var starting int
	for i := range 300 {
		log.Script(mem.Fault{Kind: mem.FailAfter})
		_, err := s.w.Submit(t.Context(), authorize(account, i))
		require.ErrorIs(t, err, writer.ErrStopped)
		for {
			if _, err = s.w.Submit(t.Context(), authorize(account, i)); err == nil {
				break
			}
			require.ErrorIs(t, err, writer.ErrStarting)
			starting++
		}
	}
	require.NotZero(t, starting)
	require.NoError(t, s.w.Close())
}

// TestFullJournalKeepsNobodyWaiting has an append be slow and then find no room. Those whose commands were decided
// meanwhile are told so too, at once; they are all carried out when there is room.
func TestFullJournalKeepsNobodyWaiting(t *testing.T) {
	log, open := memory()
	s := newShard(t, 1, 1, open, state.Options{})
	account := submit(t, s.w, openAccount(1)).Account.ID
	slow, room := make(chan struct{}), make(chan struct{})
	log.Hook(func(journal.Head, journal.Batch) mem.Fault {
		<-slow
		select {
		case <-room:
			return mem.Fault{}
		default:
			return mem.Fault{Kind: mem.Full}
		}
	})
	var waiting []writer.Pending
	for i := range 20 {
		p, err := s.w.Start(authorize(account, i))
		require.NoError(t, err)
		waiting = append(waiting, p)
		require.Eventually(t, func() bool { return i > 0 || s.w.Stats().Commands > 1 }, 10*time.Second, time.Millisecond)
	}
	close(slow)
	for _, p := range waiting {
		_, err := p.Wait(t.Context())
		require.ErrorIs(t, err, writer.ErrFull)
	}
	_, err := s.w.Start(authorize(account, 99))
	require.ErrorIs(t, err, writer.ErrFull)
	close(room)
	for i := range 20 {
		out, _ := s.submit(s.w, authorize(account, i))
		require.True(t, out.Replayed)
	}
	require.NoError(t, s.w.Close())
}

// TestRestartAnywhere closes and opens the embedded engine in the middle of a workload.
func TestRestartAnywhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	s := newShard(t, 7, 6, func() journal.Journal {
		j, err := bolt.Open(dir, bolt.Options{})
		require.NoError(t, err)
		return j
	}, state.Options{ChunkRows: 5})
	for n := range *crashSteps {
		s.step()
		if n%17 == 0 {
			require.NoError(t, s.w.Close())
			s.w = s.start(s.path)
		}
	}
	s.check(s.w)
	s.onceEach(s.w)
	require.NoError(t, s.w.Close())
}

// copying is a context that copies a file every time it is asked whether it is over, which a flush cycle does before
// each transaction: the copies are what a crash between two transactions leaves.
type copying struct {
	context.Context
	t      testing.TB
	file   string
	into   string
	copies []string
	during func() // what else happens between two transactions
}

func (c *copying) Err() error {
	to := filepath.Join(c.into, fmt.Sprintf("state.%03d", len(c.copies)))
	copyFile(c.t, c.file, to)
	c.copies = append(c.copies, to)
	if c.during != nil {
		c.during()
	}
	return c.Context.Err()
}

func copyFile(t testing.TB, from, to string) {
	in, err := os.Open(from)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.Create(to)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}

// TestCrashInTheMiddleOfAFlush takes a copy of the state file between every two transactions of flush cycles, while
// commands go on, and starts a shard on each copy with the whole journal.
func TestCrashInTheMiddleOfAFlush(t *testing.T) {
	for _, seed := range seeds(2 * *crashRounds) {
		t.Run(named(seed), func(t *testing.T) {
			_, open := memory()
			s := newShard(t, seed, 6, open, state.Options{ChunkRows: 7})
			var copies []string
			for cycle := range 3 {
				for n := range *crashSteps / 2 {
					if s.step(); n%10 == 0 {
						s.days(6)
					}
				}
				c := &copying{Context: t.Context(), t: t, file: s.path, into: t.TempDir(), during: s.step}
				if cycle == 2 {
					c.during = nil
				}
				require.NoError(t, s.w.Flush(c))
				copies = append(copies, c.copies...)
			}
			s.check(s.w)
			s.onceEach(s.w)
			s.owed(s.w)
			require.NoError(t, s.w.Close())
			require.Greater(t, len(copies), 20)
			s.random.Shuffle(len(copies), func(i, j int) { copies[i], copies[j] = copies[j], copies[i] })
			few := copies[:min(len(copies), 40)]
			slices.Sort(few)
			for _, file := range few {
				w := s.start(file)
				s.check(w)
				require.NoError(t, w.Close())
			}
		})
	}
}
