package state

import (
	"hash/maphash"
	"sync"
)

// buffer holds the rows of one bucket that are not yet in the file: those that are looked for by name and hardly ever
// again once they are written (receipts, orders, consumers, ended authorizations, items, statements, lines of batches, applicants,
// applications, reviews, settlements). The goroutine that decides puts and finds; the flusher freezes what there is, writes it and drops
// it.
type buffer struct {
	bucket []byte
	names  *filter // of all keys, here and in the file; nil when nobody asks about keys that may not exist
	seed   maphash.Seed
	memory *memory

	mu     sync.Mutex
	active *memtable   // takes puts; guarded by mu
	frozen []*memtable // oldest first, not changed any more; guarded by mu
}

func newBuffer(bucket []byte, m *memory) *buffer {
	return &buffer{bucket: bucket, seed: maphash.MakeSeed(), memory: m, active: new(memtable)}
}

// hash is by what a key is found, here and in the filter.
func (b *buffer) hash(key []byte) uint64 { return maphash.Bytes(b.seed, key) }

// find is the newest row of a key. It aliases memory that does not change.
func (b *buffer) find(hash uint64, key []byte) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if row, ok := b.active.find(hash, key); ok {
		return row, true
	}
	for i := len(b.frozen) - 1; i >= 0; i-- {
		if row, ok := b.frozen[i].find(hash, key); ok {
			return row, true
		}
	}
	return nil, false
}

// put keeps a copy of a row until it is in the file.
func (b *buffer) put(hash uint64, key, row []byte) {
	b.mu.Lock()
	rows := b.active.rows
	taken := b.active.put(hash, key, row)
	rows = b.active.rows - rows
	b.mu.Unlock()
	b.memory.bytes.Add(taken)
	b.memory.dirty.Add(taken)
	if rows > 0 {
		b.memory.dirtyRows.Add(1)
	}
}

// freeze answers with all that is not yet in the file, oldest first, in tables that do not change any more.
func (b *buffer) freeze() []*memtable {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.active.rows > 0 {
		b.frozen = append(b.frozen, b.active)
		b.active = new(memtable)
	}
	return append([]*memtable(nil), b.frozen...)
}

// written says that the oldest frozen table is in the file, and lets go of it.
func (b *buffer) written() {
	b.mu.Lock()
	m := b.frozen[0]
	b.frozen[0] = nil
	b.frozen = b.frozen[1:]
	b.mu.Unlock()
	b.memory.bytes.Add(-m.bytes)
	b.memory.dirty.Add(-m.bytes)
	b.memory.dirtyRows.Add(-int64(m.rows))
}
