package bolt

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

const (
	// moveBytes is how much one transaction moves: its syncs compete with those of appends.
	moveBytes = 2 << 20
	// moveAgain is how long the mover waits after a failure, unless an append asks for room before.
	moveAgain = time.Second
)

// move moves sealed segments into the store until the journal is closed.
func (j *Journal) move() {
	defer j.workers.Done()
	var buf []byte
	for {
		select {
		case <-j.full:
		case <-j.done:
			return
		}
		for more := true; more && !j.isClosed(); {
			var err error
			if more, err = j.moveChunk(&buf); err == nil {
				continue
			}
			j.log.Error("moving a journal segment failed", "dir", j.dir, "error", err)
			j.mu.Lock()
			j.failed, j.moveErr = j.tries, err
			j.mu.Unlock()
			j.vacated.Broadcast()
			select {
			case <-j.full:
			case <-time.After(moveAgain):
			case <-j.done:
				return
			}
			more = true
		}
	}
}

// moveChunk moves one transaction's worth of the older sealed segment and reports whether there may be more to move.
func (j *Journal) moveChunk(buf *[]byte) (more bool, err error) {
	j.moving.Lock()
	defer j.moving.Unlock()
	s, r, last := j.toMove()
	if s == nil {
		return false, nil
	}
	if int64(cap(*buf)) < r.length {
		*buf = make([]byte, r.length)
	}
	data := (*buf)[:r.length]
	if err := s.read(r.file, data, r.offset); err != nil {
		return false, err
	}
	var m meta
	m, err = j.store.change(func(batches *bbolt.Bucket, m *meta) error {
		batches.FillPercent = 1 // keys only ever ascend
		if err := storeRecords(batches, m, data, r.generation); err != nil {
			return err
		}
		if last {
			m.generations[s.number] = max(m.generations[0], m.generations[1]) + 1
		}
		return nil
	})
	if err != nil {
		// The change may have happened all the same: go by what the store says now.
		var again error
		if m, again = j.store.meta(); again != nil || m.generations[s.number] == r.generation {
			return false, errors.Join(err, again)
		}
	}
	j.moved(s, m)
	return true, nil
}

// toMove picks the sealed segment with the older lap and the run of its records that comes next; last tells that
// the run reaches the segment's end.
func (j *Journal) toMove() (s *segment, r run, last bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tries++
	for _, candidate := range j.segments {
		if candidate.sealed && (s == nil || candidate.generation < s.generation) {
			s = candidate
		}
	}
	if s == nil {
		return nil, r, false
	}
	r = run{segment: s, file: s.file, generation: s.generation, offset: s.end}
	if i := max(s.at(j.stored.next), 0); j.stored.next < j.endOf(s) {
		r.offset = s.index[i].offset
		for ; i < len(s.index) && (r.length == 0 || r.length+s.index[i].length <= moveBytes); i++ {
			r.length += s.index[i].length
		}
	}
	return s, r, r.offset+r.length == s.end
}

// endOf gives the sequence after a sealed segment's last entry; mu is held.
func (j *Journal) endOf(s *segment) uint64 {
	other := j.segments[1-s.number]
	if other.generation > s.generation && len(other.index) > 0 {
		return other.index[0].first
	}
	return j.durable.next
}

// storeRecords puts the batches of the records in data into the store and moves the meta's end along. A batch that
// has been trimmed meanwhile is passed over.
func storeRecords(batches *bbolt.Bucket, m *meta, data []byte, generation uint64) error {
	for len(data) > 0 {
		g, value, ok := parseRecord(data)
		if !ok || g != generation {
			return &journal.CorruptError{Sequence: m.stored.next, Detail: "segment: damaged record"}
		}
		data = data[recordHeader+len(value):]
		b, err := journal.Open(value)
		if err != nil {
			return err
		}
		if b.First != m.stored.next || b.Prev() != m.stored.hash {
			return &journal.CorruptError{Sequence: m.stored.next, Detail: fmt.Sprintf("segment goes on at %d, or with another past", b.First)}
		}
		m.stored = placeAfter(b)
		if m.stored.next <= m.base.next {
			continue
		}
		if err := batches.Put(batchKey(b.First), value); err != nil {
			return err
		}
	}
	return nil
}

// moved shows readers where the batches are now, and gives an emptied segment back to the appends.
func (j *Journal) moved(s *segment, m meta) {
	j.mu.Lock()
	j.stored = m.stored
	if m.generations[s.number] != s.generation {
		s.generation = m.generations[s.number]
		s.index, s.end, s.sealed = s.index[:0], 0, false
	}
	j.mu.Unlock()
	j.vacated.Broadcast()
	j.stir()
}
