package state

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"unsafe"
)

// stripes is how many locks a table has. Lookups by the decider, prefetches by request handlers and the flusher's
// bookkeeping rarely meet on one of 64.
const stripes = 64

// rowOverhead is about what a row costs in memory beside its bytes and its key.
const rowOverhead = 96

// entry is a row in memory. Absence is not kept: what is in no table may be in the file.
type entry struct {
	row     []byte
	version uint64 // of the change that made it: unique in its table, 0 for a row read from the file
	dirty   bool   // not yet in the file
	used    bool   // since eviction last looked
}

// table holds the rows of one kind. Every method is safe for concurrent use.
type table[K comparable] struct {
	name    string
	sizeKey func(K) int
	memory  *memory
	seed    maphash.Seed
	version atomic.Uint64
	stripe  [stripes]stripe[K]
}

type stripe[K comparable] struct {
	mu    sync.Mutex
	rows  map[K]entry // guarded by mu
	dirty int         // how many rows are; guarded by mu
	_     [24]byte
}

// memory is what all tables of a shard take up together.
type memory struct {
	limit     int64
	bytes     atomic.Int64 // all rows
	dirty     atomic.Int64 // of these, rows that are not yet in the file
	dirtyRows atomic.Int64
}

func newTable[K comparable](name string, m *memory, sizeKey func(K) int) *table[K] {
	t := &table[K]{name: name, memory: m, sizeKey: sizeKey, seed: maphash.MakeSeed()}
	for i := range t.stripe {
		t.stripe[i].rows = make(map[K]entry)
	}
	return t
}

func (t *table[K]) at(k K) *stripe[K] {
	return &t.stripe[maphash.Comparable(t.seed, k)%stripes]
}

// getNamed is get for a name in a buffer: it makes no string of it, and the map, which would keep the string, is only
// read. Named rows are dropped when they are in the file, so nobody asks whether they were used.
func getNamed(t *table[string], name []byte) ([]byte, bool) {
	s := t.at(alias(name))
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.rows[alias(name)]
	return e.row, ok
}

// alias is a string for a lookup that keeps nothing of it; it shares memory with b.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// get finds a row in memory.
func (t *table[K]) get(k K) ([]byte, bool) {
	s := t.at(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.rows[k]
	if ok && !e.used {
		e.used = true
		s.rows[k] = e
	}
	return e.row, ok
}

// has says whether a row is in memory.
func (t *table[K]) has(k K) bool {
	_, ok := t.get(k)
	return ok
}

// put changes a row. It is dirty from now on.
func (t *table[K]) put(k K, row []byte) {
	size := t.size(k, row)
	version := t.version.Add(1)
	s := t.at(k)
	s.mu.Lock()
	before, had := s.rows[k]
	s.rows[k] = entry{row: row, version: version, dirty: true, used: true}
	if !before.dirty {
		s.dirty++
	}
	s.mu.Unlock()
	grown, dirtied := size, size
	if had {
		grown -= t.size(k, before.row)
	}
	if before.dirty {
		dirtied = grown
	} else {
		t.memory.dirtyRows.Add(1)
	}
	t.memory.bytes.Add(grown)
	t.memory.dirty.Add(dirtied)
}

// fill adds a row read from the file, unless there is one or stale says that the reading is out of date. It makes
// room by evicting clean rows nearby.
func (t *table[K]) fill(k K, row []byte, stale func() bool) {
	s := t.at(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, had := s.rows[k]; had || stale() {
		return
	}
	if t.memory.bytes.Load() > t.memory.limit {
		t.evict(s, 8)
	}
	s.rows[k] = entry{row: row}
	t.memory.bytes.Add(t.size(k, row))
}

// evict looks at a few rows of a stripe, in no order, and drops those that are clean and were not used since it last
// looked at them. The stripe's lock is held.
func (t *table[K]) evict(s *stripe[K], looks int) {
	for k, e := range s.rows {
		switch {
		case e.dirty:
		case e.used:
			e.used = false
			s.rows[k] = e
		default:
			delete(s.rows, k)
			t.memory.bytes.Add(-t.size(k, e.row))
		}
		if looks--; looks <= 0 {
			return
		}
	}
}

// trim evicts clean rows until all tables are within the limit or every stripe has been looked over.
func (t *table[K]) trim() {
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

// change is a dirty row as it was when it was collected.
type change[K comparable] struct {
	key     K
	row     []byte
	version uint64
}

// changes collects the dirty rows, stripe by stripe.
func (t *table[K]) changes() []change[K] {
	var list []change[K]
	for i := range t.stripe {
		s := &t.stripe[i]
		s.mu.Lock()
		if s.dirty > 0 {
			if list == nil {
				list = make([]change[K], 0, s.dirty*stripes*9/8)
			}
			for k, e := range s.rows {
				if e.dirty {
					list = append(list, change[K]{k, e.row, e.version})
				}
			}
		}
		s.mu.Unlock()
	}
	return list
}

// flushed says that a change is in the file. If the row has not been changed since, it is clean, and dropped at once
// when drop is set.
func (t *table[K]) flushed(c *change[K], drop bool) {
	s := t.at(c.key)
	s.mu.Lock()
	e, ok := s.rows[c.key]
	if !ok || !e.dirty || e.version != c.version {
		s.mu.Unlock()
		return
	}
	e.dirty = false
	s.dirty--
	if drop {
		delete(s.rows, c.key)
	} else {
		s.rows[c.key] = e
	}
	s.mu.Unlock()
	size := t.size(c.key, c.row)
	t.memory.dirty.Add(-size)
	t.memory.dirtyRows.Add(-1)
	if drop {
		t.memory.bytes.Add(-size)
	}
}

func (t *table[K]) size(k K, row []byte) int64 {
	return int64(len(row) + t.sizeKey(k) + rowOverhead)
}
