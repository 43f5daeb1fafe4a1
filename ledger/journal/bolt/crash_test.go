package bolt

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// crash is how much of the last write reached the disk.
type crash func(random *rand.Rand, buf, old []byte)

// crashes leave in buf what the disk has, out of what was written (buf) and what was there before (old).
var crashes = map[string]crash{
	"nothing": func(_ *rand.Rand, buf, old []byte) { copy(buf, old) },
	"all":     func(*rand.Rand, []byte, []byte) {},
	"prefix":  func(r *rand.Rand, buf, old []byte) { n := r.IntN(len(buf)); copy(buf[n:], old[n:]) },
	"suffix":  func(r *rand.Rand, buf, old []byte) { copy(buf[:r.IntN(len(buf))], old) },
	"sectors": func(r *rand.Rand, buf, old []byte) {
		for at := 0; at < len(buf); at += 512 {
			if r.IntN(2) == 0 {
				copy(buf[at:min(at+512, len(buf))], old[at:])
			}
		}
	},
	"zeroes": func(r *rand.Rand, buf, _ []byte) { clear(buf[r.IntN(len(buf)):]) },
}

// The machine stops in the middle of an append, with any part of the record on disk. What was acknowledged is there
// afterwards; the batch under way is there whole or not at all. The journal goes on from there, and stops again.
func TestCrashesInTheMiddleOfAnAppend(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for name, crash := range crashes {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			next := uint64(1)
			for range 25 {
				next = crashOnce(t, random, dir, crash, next)
				if name == "all" {
					continue
				}
				dir = copyDir(t, dir)
			}
			j := open(t, dir, small())
			requireEntries(t, j, 1, next)
			_, err := j.Verify(context.Background())
			require.NoError(t, err)
		})
	}
}

// crashOnce opens the journal in dir, which must end at next, appends a while, crashes, and answers with where the
// journal must end then.
func crashOnce(t *testing.T, random *rand.Rand, dir string, crash crash, next uint64) uint64 {
	opts := small()
	dying := false
	opts.disk.write = func(f *os.File, buf []byte, offset int64) (int, error) {
		if dying {
			written, old := append([]byte(nil), buf...), make([]byte, len(buf))
			_, err := f.ReadAt(old, offset)
			require.NoError(t, err)
			crash(random, written, old)
			buf = written
		}
		n, err := f.WriteAt(buf, offset)
		if dying && err == nil {
			err = errDisk
		}
		return n, err
	}
	j, err := Open(dir, opts)
	require.NoError(t, err)
	head, err := j.Acquire(context.Background(), "test")
	require.NoError(t, err)
	require.Equal(t, next, head.Next)
	requireEntries(t, j, 1, next)
	for range random.IntN(20) {
		head = appendBatches(t, j, head, 1, 1+random.IntN(8))
	}
	dying = true
	n := 1 + random.IntN(8)
	_, err = j.Append(context.Background(), head, batchOf(head, n))
	require.ErrorIs(t, err, journal.ErrUnknown)
	require.NoError(t, j.Close()) // leaves the marker where it was

	after := open(t, dir, small())
	got := after.durable.next
	require.NoError(t, after.Close())
	require.Contains(t, []uint64{head.Next, head.Next + uint64(n)}, got)
	return got
}

// A process is killed over and over, at any moment from the first creation on. It says what was acknowledged.
func TestKilledProcess(t *testing.T) {
	if dir := os.Getenv("JOURNAL_KILL_DIR"); dir != "" {
		appendUntilKilled(dir)
	}
	dir := t.TempDir()
	acknowledged := uint64(0)
	rounds := 12
	if testing.Short() {
		rounds = 5
	}
	for round := range rounds {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
		cmd.Env = append(os.Environ(), "JOURNAL_KILL_DIR="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		kill := time.AfterFunc(time.Duration(5+rand.IntN(20+round*8))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if n, ok := strings.CutPrefix(lines.Text(), "have "); ok {
				acknowledged, err = strconv.ParseUint(n, 10, 64)
				require.NoError(t, err)
			} else if strings.HasPrefix(lines.Text(), "error") {
				t.Error(lines.Text())
			}
		}
		kill.Stop()
		_ = cmd.Wait()
		j, err := Open(dir, small())
		require.NoError(t, err, "round %d", round)
		require.GreaterOrEqual(t, j.durable.next, acknowledged)
		requireEntries(t, j, 1, j.durable.next)
		if round%5 == 4 {
			_, err = j.Verify(context.Background())
			require.NoError(t, err)
		}
		require.NoError(t, j.Close())
		if acknowledged == 0 {
			require.NoError(t, os.RemoveAll(dir)) // begin with creation again
		}
	}
	t.Logf("%d entries acknowledged in %d rounds", acknowledged, rounds)
}

func appendUntilKilled(dir string) {
	err := func() error {
		j, err := Open(dir, Options{SegmentBytes: 64 << 10, Logger: quiet})
		if err != nil {
			return err
		}
		head, err := j.Acquire(context.Background(), "victim")
		if err != nil {
			return err
		}
		for {
			if head, err = j.Append(context.Background(), head, batchOf(head, 1+int(head.Next%50))); err != nil {
				return err
			}
			fmt.Println("have", head.Next)
		}
	}()
	fmt.Println("error", err)
	os.Exit(1)
}

// A creation that stopped anywhere is made again, and only that: a journal that has been used is never made anew.
func TestCreationIsRepeated(t *testing.T) {
	whole := t.TempDir()
	require.NoError(t, open(t, whole, small()).Close())
	for _, left := range [][]string{{}, {lockName}, {segmentNames[0]}, segmentNames[:], {segmentNames[0], segmentNames[1], markerName}} {
		dir := t.TempDir()
		for i, name := range left {
			data, err := os.ReadFile(whole + "/" + name)
			require.NoError(t, err)
			if i == len(left)-1 {
				data = data[:len(data)/2]
			}
			require.NoError(t, os.WriteFile(dir+"/"+name, data, 0o600))
		}
		require.NoError(t, os.WriteFile(dir+"/"+storeName+".new", []byte("half a file"), 0o600))
		j := open(t, dir, small())
		head := appendBatches(t, j, acquire(t, j), 30, 2)
		requireEntries(t, j, 1, head.Next)
		require.NoError(t, j.Close())
	}
}

// What earlier laps left in a segment is never taken for live, even where it is a sound record right at the end.
func TestLeftoversOfEarlierLaps(t *testing.T) {
	var segment []byte
	batch := batchOf(journal.Head{Next: 1}, 1).Bytes
	for range 3 {
		segment = appendRecord(segment, 5, batch)
	}
	length := len(segment) / 3
	l, err := scan(segment, 7, 1)
	require.NoError(t, err)
	require.Empty(t, l.spans)
	require.False(t, l.torn)

	copy(segment, appendRecord(nil, 7, batch))
	l, err = scan(segment, 7, 1)
	require.NoError(t, err)
	require.Len(t, l.spans, 1)
	require.False(t, l.torn)

	binary.LittleEndian.PutUint64(segment[length+8:], 7) // a torn record: the checksum is another lap's
	l, err = scan(segment, 7, 1)
	require.NoError(t, err)
	require.Len(t, l.spans, 1)
	require.True(t, l.torn)

	copy(segment[2*length:], appendRecord(nil, 7, batch))
	var corrupt *journal.CorruptError
	_, err = scan(segment, 7, 1)
	require.True(t, errors.As(err, &corrupt))
	require.Equal(t, uint64(2), corrupt.Sequence)

	_, err = scan(segment, 4, 1)
	require.True(t, errors.As(err, &corrupt), "records of a lap that the store has never heard of")
}
