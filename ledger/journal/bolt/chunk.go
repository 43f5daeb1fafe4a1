package bolt

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// chunkBytes is how much is read at once: long enough to make a transaction or a system call worth while, short
// enough that a long replay never holds a transaction for long.
const chunkBytes = 256 << 10

// chunk is a run of encoded batches read in one go; its buffer is reused.
type chunk struct {
	buf  []byte
	ends []int // where each batch ends in buf
}

func (c *chunk) reset()          { c.buf, c.ends = c.buf[:0], c.ends[:0] }
func (c *chunk) empty() bool     { return len(c.ends) == 0 }
func (c *chunk) full(n int) bool { return len(c.buf)+n > chunkBytes }
func (c *chunk) add(value []byte) {
	c.buf = append(c.buf, value...)
	c.ends = append(c.ends, len(c.buf))
}

// values yields the batches.
func (c *chunk) values() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		at := 0
		for _, end := range c.ends {
			if !yield(c.buf[at:end:end]) {
				return
			}
			at = end
		}
	}
}

// Replay implements journal.Journal. It reads in chunks, from journal.db and then from the segments, and holds
// neither a transaction nor a lock while the caller works on an entry.
func (j *Journal) Replay(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	end := j.published.Load()
	return func(yield func(journal.Entry, error) bool) { j.walk(ctx, from, end, yield) }
}

// Follow implements journal.Journal.
func (j *Journal) Follow(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) { j.walk(ctx, from, 0, yield) }
}

// walk yields the entries in [from, end); end 0 is never reached: past the last entry it waits for more.
func (j *Journal) walk(ctx context.Context, from, end uint64, yield func(journal.Entry, error) bool) {
	from = max(from, 1)
	next := uint64(0) // first sequence of the batch to read next; 0 until the first one has been found
	var prev journal.Hash
	var c chunk
	if end == 0 {
		stop := context.AfterFunc(ctx, j.wakeFollowers)
		defer stop()
	}
	for end == 0 || max(next, from) < end {
		err := ctx.Err()
		if err == nil && end == 0 {
			err = j.await(ctx, max(next, from))
		}
		if err == nil && next == 0 {
			next, prev, err = j.begin(from, &c)
		}
		if err == nil {
			err = j.fetch(next, &c)
		}
		if err != nil {
			yield(journal.Entry{}, err)
			return
		}
		for value := range c.values() {
			if end != 0 && next >= end {
				return
			}
			after, err := j.yieldBatch(value, next, prev, from, yield)
			if err != nil {
				return
			}
			next, prev = after.next, after.hash
		}
	}
}

// errStop says that the walk is over: the caller has had enough or has been given an error.
var errStop = errors.New("stop")

// yieldBatch yields the entries of one batch that are not before from, and gives the place after it.
func (j *Journal) yieldBatch(value []byte, next uint64, prev journal.Hash, from uint64, yield func(journal.Entry, error) bool) (place, error) {
	for e, err := range journal.Entries(value, next, prev) {
		if err != nil {
			yield(journal.Entry{}, err)
			return place{}, errStop
		}
		if e.Sequence >= from && !yield(e, nil) {
			return place{}, errStop
		}
	}
	// Every entry has been verified, so the header and the last hash can be believed.
	b, err := journal.Open(value)
	if err != nil {
		yield(journal.Entry{}, err)
		return place{}, errStop
	}
	return placeAfter(b), nil
}

// await returns when the entry with that sequence is durable.
func (j *Journal) await(ctx context.Context, sequence uint64) error {
	if j.published.Load() > sequence {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.durable.next <= sequence {
		if j.closed {
			return journal.ErrClosed
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		j.grown.Wait()
	}
	return nil
}

func (j *Journal) wakeFollowers() {
	j.mu.Lock() // or the wake-up could fall between a follower's look at its context and its wait
	defer j.mu.Unlock()
	j.grown.Broadcast()
}

// begin finds the batch that holds sequence, a durable entry, and the hash that must stand before that batch: of the
// entry before it, as kept by its own batch, or by the meta if all before has been trimmed.
func (j *Journal) begin(sequence uint64, c *chunk) (first uint64, prev journal.Hash, err error) {
	if err := j.fetch(sequence, c); err != nil {
		return 0, prev, err
	}
	b, err := j.firstOf(sequence, c)
	if err != nil {
		return 0, prev, err
	}
	p, err := j.placeBefore(b.First, c)
	return b.First, p.hash, err
}

// placeBefore gives the place at first, which must be where a batch begins.
func (j *Journal) placeBefore(first uint64, c *chunk) (place, error) {
	for {
		j.mu.Lock()
		base := j.base
		j.mu.Unlock()
		if first <= base.next {
			if first == base.next {
				return base, nil
			}
			return place{}, journal.ErrTrimmed
		}
		if err := j.fetch(first-1, c); errors.Is(err, journal.ErrTrimmed) {
			continue // trimmed up to first in between: the meta has the hash now
		} else if err != nil {
			return place{}, err
		}
		b, err := j.firstOf(first-1, c)
		if err != nil {
			return place{}, err
		}
		p := placeAfter(b)
		if p.next != first {
			return place{}, &journal.CorruptError{Sequence: first, Detail: "batches overlap"}
		}
		return p, nil
	}
}

// firstOf opens the chunk's first batch, which must hold sequence.
func (j *Journal) firstOf(sequence uint64, c *chunk) (journal.Batch, error) {
	for value := range c.values() {
		b, err := journal.Open(value)
		if corrupt := (*journal.CorruptError)(nil); errors.As(err, &corrupt) {
			return b, &journal.CorruptError{Sequence: sequence, Detail: corrupt.Detail} // its own may be damaged
		}
		if sequence < b.First || sequence >= placeAfter(b).next {
			break
		}
		return b, nil
	}
	return journal.Batch{}, &journal.CorruptError{Sequence: sequence, Detail: "no batch holds it"}
}

// fetch reads the batch that holds sequence, a durable entry, and as many after it as fit into the chunk.
func (j *Journal) fetch(sequence uint64, c *chunk) error {
	for {
		c.reset()
		j.mu.Lock()
		if j.closed {
			j.mu.Unlock()
			return journal.ErrClosed
		}
		if sequence < j.base.next {
			j.mu.Unlock()
			return journal.ErrTrimmed
		}
		if stored := j.stored.next; sequence < stored {
			j.mu.Unlock()
			if err := j.store.read(sequence, stored, c); err != nil || !c.empty() {
				return err
			}
			j.mu.Lock()
			trimmed := sequence < j.base.next
			j.mu.Unlock()
			if trimmed {
				return journal.ErrTrimmed
			}
			return &journal.CorruptError{Sequence: sequence, Detail: "missing from journal.db"}
		}
		run, ok := j.locate(sequence)
		j.mu.Unlock()
		if !ok {
			return &journal.CorruptError{Sequence: sequence, Detail: "missing from the segments"}
		}
		if again, err := j.readRun(run, sequence, c); !again {
			return err
		}
	}
}

// run is a stretch of records in a segment, as it was when mu was held.
type run struct {
	segment    *segment
	file       *os.File
	generation uint64
	offset     int64
	length     int64
}

// locate finds where the record that holds sequence lies; mu is held.
func (j *Journal) locate(sequence uint64) (run, bool) {
	var s *segment
	for _, candidate := range j.segments {
		if len(candidate.index) > 0 && candidate.index[0].first <= sequence &&
			(s == nil || candidate.index[0].first > s.index[0].first) {
			s = candidate
		}
	}
	if s == nil {
		return run{}, false
	}
	at := s.index[s.at(sequence)]
	length := min(max(at.length, chunkBytes), s.end-at.offset)
	return run{segment: s, file: s.file, generation: s.generation, offset: at.offset, length: length}, true
}

// readRun reads the records of the run into the chunk, without a lock. The mover may meanwhile have emptied the
// segment and an append overwritten it, or recovery replaced its file: then it says so and the caller looks again.
func (j *Journal) readRun(r run, sequence uint64, c *chunk) (again bool, err error) {
	buf := append(c.buf[:0], make([]byte, r.length)...)
	err = r.segment.read(r.file, buf, r.offset)
	j.mu.Lock()
	again = j.closed || r.segment.generation != r.generation || r.segment.file != r.file
	j.mu.Unlock()
	if again || err != nil {
		return again, err
	}
	// The batches are moved together at the front of the buffer they were read into.
	c.buf = buf[:0]
	for rest := buf; len(rest) > 0; {
		g, value, ok := parseRecord(rest)
		if !ok || g != r.generation {
			break // cut off by the end of the run, or damaged: then the next fetch begins with it
		}
		rest = rest[recordHeader+len(value):]
		c.add(value)
	}
	if c.empty() {
		return false, &journal.CorruptError{Sequence: sequence, Detail: fmt.Sprintf("segment: damaged record at offset %d", r.offset)}
	}
	return false, nil
}

func placeAfter(b journal.Batch) place { return place{next: b.First + uint64(b.Count), hash: b.Last} }
