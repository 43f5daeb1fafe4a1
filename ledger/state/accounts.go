package state

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/holdfast-credit/holdfast/ledger"
)

// stripes is how many locks the accounts have. Lookups by the decider, prefetches by request handlers and the flusher's
// bookkeeping rarely meet on one of 64.
const stripes = 64

// rowOverhead is about what an account costs in memory beside its row.
const rowOverhead = 96

// An account's value is the room of its checksum, its sequence, its next deadline, and its row. The two numbers stand
// where they can be read without decoding the row.
const (
	sequenceAt = sumSize
	deadlineAt = sumSize + 8
	accountAt  = sumSize + 16
)

// deadlineOf is the next deadline of an account's value; 0 when it has none.
func deadlineOf(value []byte) int64 {
	if len(value) < accountAt {
		return 0
	}
	return int64(binary.BigEndian.Uint64(value[deadlineAt:]))
}

// entry is an account in memory. Absence is not kept: what is not in memory may be in the file.
type entry struct {
	value   []byte
	version uint64 // of the change that made it: unique, 0 for a value read from the file
	dirty   bool   // not yet in the file
	used    bool   // since eviction last looked
}

// accounts holds the accounts that are in memory. Every method is safe for concurrent use.
type accounts struct {
	memory  *memory
	version atomic.Uint64
	stripe  [stripes]stripe
}

type stripe struct {
	mu    sync.Mutex
	rows  map[ledger.AccountID]entry // guarded by mu
	dirty int                        // how many rows are; guarded by mu
	_     [24]byte
}

// memory is what the rows of a shard take up together.
type memory struct {
	limit     int64
	bytes     atomic.Int64 // all rows
	dirty     atomic.Int64 // of these, rows that are not yet in the file
	dirtyRows atomic.Int64
}

func newAccounts(m *memory) *accounts {
	t := &accounts{memory: m}
	for i := range t.stripe {
		t.stripe[i].rows = make(map[ledger.AccountID]entry)
	}
	return t
}

// at is where an account is. Ids are dense, so that neighbours are in different stripes.
func (t *accounts) at(id ledger.AccountID) *stripe { return &t.stripe[id%stripes] }

// get finds an account in memory.
func (t *accounts) get(id ledger.AccountID) ([]byte, bool) {
	s := t.at(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.rows[id]
	if ok && !e.used {
		e.used = true
		s.rows[id] = e
	}
	return e.value, ok
}

// has says whether a row is in memory.
func (t *accounts) has(id ledger.AccountID) bool {
	_, ok := t.get(id)
	return ok
}

// put changes an account, which is dirty from now on. The value is kept, and its checksum is filled in when it is flushed.
func (t *accounts) put(id ledger.AccountID, value []byte) {
	size := sizeOf(value)
	version := t.version.Add(1)
	s := t.at(id)
	s.mu.Lock()
	before, had := s.rows[id]
	s.rows[id] = entry{value: value, version: version, dirty: true, used: true}
	if !before.dirty {
		s.dirty++
	}
	s.mu.Unlock()
	grown, dirtied := size, size
	if had {
		grown -= sizeOf(before.value)
	}
	if before.dirty {
		dirtied = grown
	} else {
		t.memory.dirtyRows.Add(1)
	}
	t.memory.bytes.Add(grown)
	t.memory.dirty.Add(dirtied)
}

// fill adds an account read from the file, unless there is one or stale says that the reading is out of date. It makes
// room by evicting clean rows nearby.
func (t *accounts) fill(id ledger.AccountID, value []byte, stale func() bool) {
	s := t.at(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, had := s.rows[id]; had || stale() {
		return
	}
	if t.memory.bytes.Load() > t.memory.limit {
		t.evict(s, 8)
	}
	s.rows[id] = entry{value: value}
	t.memory.bytes.Add(sizeOf(value))
}

// evict looks at a few rows of a stripe, in no order, and drops those that are clean and were not used since it last
// looked at them. The stripe's lock is held.
func (t *accounts) evict(s *stripe, looks int) {
	for id, e := range s.rows {
		switch {
		case e.dirty:
		case e.used:
			e.used = false
			s.rows[id] = e
		default:
			delete(s.rows, id)
			t.memory.bytes.Add(-sizeOf(e.value))
		}
		if looks--; looks <= 0 {
			return
		}
	}
}

// trim evicts clean rows until all rows are within the limit or every stripe has been looked over.
func (t *accounts) trim() {
	for i := range t.stripe {
		if t.memory.bytes.Load() <= t.memory.limit {
			return
		}
		s := &t.stripe[i]
		s.mu.Lock()
		t.evict(s, len(s.rows)/4+1)
		s.mu.Unlock()
	}
}

// change is a dirty account as it was when it was collected.
type change struct {
	id      ledger.AccountID
	value   []byte
	version uint64
}

// changes collects the dirty accounts in order of their ids.
func (t *accounts) changes() []change {
	var list []change
	for i := range t.stripe {
		s := &t.stripe[i]
		s.mu.Lock()
		if s.dirty > 0 {
			if list == nil {
				list = make([]change, 0, s.dirty*stripes*9/8)
			}
			for id, e := range s.rows {
				if e.dirty {
					list = append(list, change{id, e.value, e.version})
				}
			}
		}
		s.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b change) int { return cmp.Compare(a.id, b.id) })
	return list
}

// flushed says that a change is in the file. If the account has not been changed since, it is clean.
func (t *accounts) flushed(c *change) {
	s := t.at(c.id)
	s.mu.Lock()
	e, ok := s.rows[c.id]
	if !ok || !e.dirty || e.version != c.version {
		s.mu.Unlock()
		return
	}
	e.dirty = false
	s.dirty--
	s.rows[c.id] = e
	s.mu.Unlock()
	t.memory.dirty.Add(-sizeOf(c.value))
	t.memory.dirtyRows.Add(-1)
}

func sizeOf(value []byte) int64 { return int64(len(value) + rowOverhead) }
