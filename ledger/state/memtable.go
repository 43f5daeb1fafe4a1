package state

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// memtable holds rows in the order in which they came, keys and all, in slabs without pointers: a million rows are
// nothing to the garbage collector, and are let go of at once. An index finds the newest row of a key by its hash. Bytes
// that have been handed out never change, but for the room before a row that is its checksum's.
//
// A record is its key's length (2 bytes), its row's length (4), the key, the checksum's room, and the row.
type memtable struct {
	slabs [][]byte
	index [memtableParts][]entry
	count [memtableParts]int // slots in use
	rows  int                // of different keys
	bytes int64              // of records, and of the index about
}

// entry is where a record is, in the low half, and the low half of its key's hash in the high one; 0 is empty. The place
// of a record is counted in units of 8 bytes, from 1.
type entry uint64

const (
	memtableParts = 256     // of the index, each of which grows on its own, so that no put waits for all to be moved
	firstPart     = 8       // slots
	slabSize      = 1 << 18 // bytes; a record that is larger has a slab of its own
	recordHeader  = 6
)

func (s entry) tag() uint32   { return uint32(s >> 32) }
func (s entry) place() uint32 { return uint32(s) }

// part is the high bits of a hash, its tag the low ones.
func part(hash uint64) uint64 { return hash >> 56 }

// find is the newest row of a key; false when there is none.
func (m *memtable) find(hash uint64, key []byte) ([]byte, bool) {
	at, ok := m.seek(hash, key)
	if !ok {
		return nil, false
	}
	_, value := m.record(m.index[part(hash)][at].place())
	return value[sumSize:], true
}

// seek is where in its part of the index a key is, or where it would be.
func (m *memtable) seek(hash uint64, key []byte) (at uint32, found bool) {
	slots := m.index[part(hash)]
	if len(slots) == 0 {
		return 0, false
	}
	tag, mask := uint32(hash), uint32(len(slots)-1)
	for at = tag & mask; slots[at] != 0; at = (at + 1) & mask {
		if slots[at].tag() == tag {
			if k, _ := m.record(slots[at].place()); bytes.Equal(k, key) {
				return at, true
			}
		}
	}
	return at, false
}

// record is the key at a place, and its value: the checksum's room, and the row.
func (m *memtable) record(place uint32) (key, value []byte) {
	offset := uint64(place-1) * 8
	b := m.slabs[offset/slabSize][offset%slabSize:]
	k, n := int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint32(b[2:]))
	b = b[recordHeader:]
	return b[:k:k], b[k : k+sumSize+n : k+sumSize+n]
}

// put makes a row the newest of its key. It tells how many bytes it took.
func (m *memtable) put(hash uint64, key, row []byte) int64 {
	size := recordHeader + len(key) + sumSize + len(row)
	place, b := m.room(size)
	binary.LittleEndian.PutUint16(b, uint16(len(key)))
	binary.LittleEndian.PutUint32(b[2:], uint32(len(row)))
	n := recordHeader + copy(b[recordHeader:], key) + sumSize
	copy(b[n:], row)
	taken := int64(size+7) &^ 7

	p := part(hash)
	if m.count[p] >= len(m.index[p])/4*3 {
		taken += m.widen(p)
	}
	at, found := m.seek(hash, key)
	m.index[p][at] = entry(uint64(uint32(hash))<<32 | uint64(place))
	if !found {
		m.count[p]++
		m.rows++
	}
	m.bytes += taken
	return taken
}

// room is where a record of so many bytes goes.
func (m *memtable) room(size int) (place uint32, b []byte) {
	last := len(m.slabs) - 1
	if last < 0 || cap(m.slabs[last])-len(m.slabs[last]) < size {
		m.slabs = append(m.slabs, make([]byte, 0, max(slabSize, size)))
		last++
	}
	slab := m.slabs[last]
	offset := len(slab)
	m.slabs[last] = slab[:min((offset+size+7)&^7, cap(slab))]
	return uint32((last*slabSize+offset)/8 + 1), slab[offset : offset+size]
}

// widen doubles a part of the index. It tells how many bytes that took.
func (m *memtable) widen(p uint64) int64 {
	old := m.index[p]
	wide := make([]entry, max(firstPart, 2*len(old)))
	mask := uint32(len(wide) - 1)
	for _, s := range old {
		if s == 0 {
			continue
		}
		at := s.tag() & mask
		for wide[at] != 0 {
			at = (at + 1) & mask
		}
		wide[at] = s
	}
	m.index[p] = wide
	return int64(len(wide)-len(old)) * 8
}

// sorted is the places of the newest rows in the order of their keys.
func (m *memtable) sorted() []uint32 {
	type ranked struct {
		rank  uint64 // the eight bytes of the key behind what all keys begin with
		place uint32
	}
	list := make([]ranked, 0, m.rows)
	var common []byte
	for p := range m.index {
		for _, s := range m.index[p] {
			if s == 0 {
				continue
			}
			key, _ := m.record(s.place())
			if len(list) == 0 {
				common = key
			}
			for !bytes.HasPrefix(key, common) {
				common = common[:len(common)-1]
			}
			list = append(list, ranked{place: s.place()})
		}
	}
	for i := range list {
		key, _ := m.record(list[i].place)
		var rank [8]byte
		copy(rank[:], key[len(common):])
		list[i].rank = binary.BigEndian.Uint64(rank[:])
	}
	slices.SortFunc(list, func(a, b ranked) int {
		switch {
		case a.rank < b.rank:
			return -1
		case a.rank > b.rank:
			return 1
		}
		ka, _ := m.record(a.place)
		kb, _ := m.record(b.place)
		return bytes.Compare(ka, kb)
	})
	places := make([]uint32, len(list))
	for i := range list {
		places[i] = list[i].place
	}
	return places
}
