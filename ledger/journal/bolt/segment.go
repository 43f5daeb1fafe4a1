package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// segment is one of the two pre-zeroed files that take appends in turn. A lap is one filling of a segment, numbered
// by its generation; the store's meta says which generation each segment is in, so that starting a new lap is part
// of the transaction that made the old one needless.
type segment struct {
	number int // 0 or 1
	path   string
	size   int64
	file   *os.File // replaced only by recovery, which holds the journal's appending and moving locks

	// Guarded by Journal.mu.
	generation uint64
	index      []span // the durable records of the lap, in order
	end        int64  // where the next record goes
	sealed     bool   // full: waits for the mover, takes no appends
}

// span is where a durable record lies.
type span struct {
	first  uint64 // sequence of its first entry
	offset int64
	length int64 // with the record's header
}

// at gives the index of the span that holds sequence; the caller knows that it lies in the segment.
func (s *segment) at(sequence uint64) int {
	return sort.Search(len(s.index), func(i int) bool { return s.index[i].first > sequence }) - 1
}

// lap is what a walk over a segment's bytes found of one generation.
type lap struct {
	spans   []span
	batches []journal.Batch // their bytes are not kept
	prevs   []journal.Hash  // the hash each batch says stands before it
	end     int64
	torn    bool // the head of a record of the generation is at end, and the rest of it is not
}

// scan walks the records of the generation in data, the whole of a segment file. next is the sequence that a fault
// would be named by, should not even the first record be readable.
func scan(data []byte, generation, next uint64) (lap, error) {
	var l lap
	for {
		g, value, ok := parseRecord(data[l.end:])
		if !ok || g != generation {
			break
		}
		batch, err := journal.Open(value)
		if err != nil {
			return l, err
		}
		length := int64(recordHeader + len(value))
		l.spans = append(l.spans, span{first: batch.First, offset: l.end, length: length})
		l.prevs = append(l.prevs, batch.Prev())
		next = batch.First + uint64(batch.Count)
		batch.Bytes = nil
		l.batches = append(l.batches, batch)
		l.end += length
	}
	rest := data[l.end:]
	if at, g, ok := findRecord(rest, generation); ok {
		detail := fmt.Sprintf("segment: damaged record at offset %d, followed by a sound one at %d", l.end, l.end+int64(at))
		if g != generation {
			detail = fmt.Sprintf("segment: record of lap %d at offset %d, while journal.db knows lap %d", g, l.end+int64(at), generation)
		}
		return l, &journal.CorruptError{Sequence: next, Detail: detail}
	}
	l.torn = tornAt(rest, generation)
	return l, nil
}

// tornAt tells whether rest begins with the head of a record of the generation. What else may be there is of an earlier lap,
// from the middle of whose records on this one has not yet written. It serves the log line only.
func tornAt(rest []byte, generation uint64) bool {
	return len(rest) >= recordHeader && binary.LittleEndian.Uint32(rest) == recordMagic && binary.LittleEndian.Uint64(rest[8:]) == generation
}

// read fills buf with the segment's bytes from offset.
func (s *segment) read(file *os.File, buf []byte, offset int64) error {
	n, err := file.ReadAt(buf, offset)
	if n == len(buf) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s ends at %d: %w", s.path, offset+int64(n), io.ErrUnexpectedEOF)
	}
	return err
}

// createSegment writes a file of zeroes, really written so that later syncs find allocated, initialised blocks.
func createSegment(path string, size int64) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	zero := make([]byte, min(size, 1<<20))
	for at := int64(0); at < size; at += int64(len(zero)) {
		if _, err := f.WriteAt(zero[:min(int64(len(zero)), size-at)], at); err != nil {
			return err
		}
	}
	return f.Sync()
}
