package bolt

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Report is what Verify found in a sound journal.
type Report struct {
	First   uint64 // sequence of the first entry that is kept
	Next    uint64 // sequence after the last entry
	Hash    journal.Hash
	From    time.Time // time of the first kept entry; zero if there is none
	To      time.Time // time of the last entry; zero if there is none
	Epoch   uint64
	Owner   string // who acquired last
	Batches uint64 // batches kept in journal.db; the segments hold the rest
}

// Verify reads the whole journal: every entry, against the hash chain, and every page of journal.db, for damage that
// does not show in any entry yet. It answers with a *journal.CorruptError that names the first bad sequence, or
// sequence 0 if all entries are there but the file around them is damaged. Appends go on meanwhile, but the mover
// waits while the pages are read.
func (j *Journal) Verify(ctx context.Context) (Report, error) {
	m, err := j.store.meta()
	if err != nil {
		return Report{}, err
	}
	j.mu.Lock()
	end, closed := j.durable, j.closed
	j.mu.Unlock()
	if closed {
		return Report{}, journal.ErrClosed
	}
	r := Report{First: m.base.next, Next: end.next, Hash: end.hash, Epoch: m.epoch, Owner: m.owner}
	next := m.base.next
	for e, err := range j.Replay(ctx, m.base.next) {
		if err != nil {
			return Report{}, err
		}
		if e.Sequence != next {
			return Report{}, &journal.CorruptError{Sequence: next, Detail: fmt.Sprintf("followed by %d", e.Sequence)}
		}
		at := time.Unix(0, e.Time).UTC()
		if next == m.base.next {
			r.From = at
		}
		if at.Before(r.To) {
			return Report{}, &journal.CorruptError{Sequence: next, Detail: "time runs backwards"}
		}
		r.To = at
		next++
		if next == end.next {
			break
		}
	}
	if next != end.next {
		return Report{}, &journal.CorruptError{Sequence: next, Detail: "the log ends early"}
	}
	if _, err := readMarker(j.path(markerName)); err != nil {
		return Report{}, missing(err)
	}
	if err := j.store.verify(&r); err != nil {
		return Report{}, err
	}
	return r, nil
}

// verify looks at every page of the file, with all writing kept out, and counts the batches.
func (s *store) verify(r *Report) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := checkPages(s.path, true); err != nil {
		return err
	}
	batches, err := s.count()
	r.Batches = batches
	return err
}
