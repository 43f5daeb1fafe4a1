package state

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/holdfast-credit/holdfast/ledger"
)

// The accounts of a shard are numbered 1, 2, 3, and so on, and kept in pages of so many, which are locked in turn: lookups
// by the decider, prefetches by request handlers and the flusher's bookkeeping rarely meet.
const (
	pageAccounts = 512
	pageLocks    = 64
)

// rowOverhead is about what an account costs in memory beside its value, while it is there, slotSize even when not.
const (
	rowOverhead = 16
	slotSize    = 16
)

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

// slot is where an account is in memory. Absence is not kept: what is not in memory may be in the file. A slot is small,
// since every account has one: a lookup is two steps, here and to the value.
type slot struct {
	first *byte // of the value; nil when it is not in memory
	size  uint32
	state uint32 // flags, and a number that every change has anew
}

const (
	slotDirty  = 1 << iota // not yet in the file
	slotUsed               // since eviction last looked
	slotChange             // the lowest bit of the change's number
)

func (s *slot) value() []byte       { return unsafe.Slice(s.first, s.size) }
func (s *slot) is(flag uint32) bool { return s.state&flag != 0 }
func (s *slot) change() uint32      { return s.state / slotChange }

// accounts holds the accounts of a shard that are in memory. Every method is safe for concurrent use.
type accounts struct {
	shard  uint16
	memory *memory
	pages  atomic.Pointer[[]*page]
	grow   sync.Mutex
	locks  [pageLocks]struct {
		sync.Mutex
		_ [56]byte
	}
	hand atomic.Uint64 // the number of the account that eviction looks at next
}

type page [pageAccounts]slot // guarded by the page's lock

// memory is what the rows of a shard take up together.
type memory struct {
	limit     int64
	bytes     atomic.Int64 // all rows
	dirty     atomic.Int64 // of these, rows that are not yet in the file
	dirtyRows atomic.Int64
}

func newAccounts(shard uint16, m *memory) *accounts {
	t := &accounts{shard: shard, memory: m}
	t.pages.Store(new([]*page))
	return t
}

// lock finds an account's slot and locks its page; nil when there is no such page.
func (t *accounts) lock(id ledger.AccountID) (*slot, *sync.Mutex) {
	if id.Shard() != t.shard {
		return nil, nil
	}
	number := id.Number()
	n := number / pageAccounts
	pages := *t.pages.Load()
	if n >= uint64(len(pages)) {
		return nil, nil
	}
	mu := &t.locks[n%pageLocks].Mutex
	mu.Lock()
	return &pages[n][number%pageAccounts], mu
}

// make is lock for an account that exists: it makes the page if need be.
func (t *accounts) make(id ledger.AccountID) (*slot, *sync.Mutex) {
	if s, mu := t.lock(id); s != nil {
		return s, mu
	}
	t.grow.Lock()
	pages := *t.pages.Load()
	for n := id.Number() / pageAccounts; n >= uint64(len(pages)); {
		pages = append(pages, new(page)) // behind what others see, if there is room, and else elsewhere
		t.memory.bytes.Add(pageAccounts * slotSize)
	}
	t.pages.Store(&pages)
	t.grow.Unlock()
	return t.lock(id)
}

// get finds an account in memory.
func (t *accounts) get(id ledger.AccountID) ([]byte, bool) {
	s, mu := t.lock(id)
	if s == nil {
		return nil, false
	}
	defer mu.Unlock()
	if s.first == nil {
		return nil, false
	}
	s.state |= slotUsed
	return s.value(), true
}

// has says whether an account is in memory, where it stays for a while then.
func (t *accounts) has(id ledger.AccountID) bool {
	_, ok := t.get(id)
	return ok
}

// put changes an account, which is dirty from now on. The value is kept, and its checksum is filled in when it is flushed.
func (t *accounts) put(id ledger.AccountID, value []byte) {
	size := sizeOf(len(value))
	grown, dirtied, rows := size, size, int64(1)
	s, mu := t.make(id)
	if s.first != nil {
		grown -= sizeOf(int(s.size))
	}
	if s.is(slotDirty) {
		dirtied, rows = grown, 0
	}
	*s = slot{first: &value[0], size: uint32(len(value)), state: (s.change()+1)*slotChange | slotDirty | slotUsed}
	mu.Unlock()
	t.memory.bytes.Add(grown)
	t.memory.dirty.Add(dirtied)
	if rows > 0 {
		t.memory.dirtyRows.Add(rows)
	}
}

// fill adds an account read from the file, unless there is one or stale says that the reading is out of date. It makes
// room by evicting clean ones.
func (t *accounts) fill(id ledger.AccountID, value []byte, stale func() bool) {
	if t.memory.bytes.Load() > t.memory.limit {
		t.evict(32) // a fill brings one in: in a sparse book most slots are empty
	}
	s, mu := t.make(id)
	defer mu.Unlock()
	if s.first != nil || stale() {
		return
	}
	s.first, s.size = &value[0], uint32(len(value))
	t.memory.bytes.Add(sizeOf(len(value)))
}

// evict moves the hand over some slots and drops those that are clean and were not used since it last passed.
func (t *accounts) evict(looks int) {
	pages := *t.pages.Load()
	all := uint64(len(pages) * pageAccounts)
	for ; looks > 0 && all > 0; looks-- {
		number := t.hand.Add(1) % all
		n := number / pageAccounts
		mu := &t.locks[n%pageLocks].Mutex
		mu.Lock()
		switch s := &pages[n][number%pageAccounts]; {
		case s.first == nil || s.is(slotDirty):
		case s.is(slotUsed):
			s.state &^= slotUsed
		default:
			t.memory.bytes.Add(-sizeOf(int(s.size)))
			s.first, s.size = nil, 0
		}
		mu.Unlock()
	}
}

// trim evicts clean accounts until all rows are within the limit or the hand has passed every slot.
func (t *accounts) trim() {
	for left := len(*t.pages.Load()); left > 0 && t.memory.bytes.Load() > t.memory.limit; left-- {
		t.evict(pageAccounts)
	}
}

// change is a dirty account as it was when it was collected.
type change struct {
	id     ledger.AccountID
	value  []byte
	number uint32
}

// changes collects the dirty accounts in order of their ids.
func (t *accounts) changes() (list []change) {
	for n, p := range *t.pages.Load() {
		mu := &t.locks[n%pageLocks].Mutex
		mu.Lock()
		for i := range p {
			if s := &p[i]; s.is(slotDirty) {
				list = append(list, change{ledger.NewAccountID(t.shard, uint64(n*pageAccounts+i)), s.value(), s.change()})
			}
		}
		mu.Unlock()
	}
	return list
}

// flushed says that a change is in the file. If the account has not been changed since, it is clean.
func (t *accounts) flushed(c *change) {
	s, mu := t.lock(c.id)
	current := s.is(slotDirty) && s.change() == c.number
	if current {
		s.state &^= slotDirty
	}
	mu.Unlock()
	if current {
		t.memory.dirty.Add(-sizeOf(len(c.value)))
		t.memory.dirtyRows.Add(-1)
	}
}

// sizeOf is about what a value of so many bytes costs in memory.
func sizeOf(value int) int64 { return int64(value + rowOverhead) }
