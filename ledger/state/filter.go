package state

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// filter is a Bloom filter of names that may be in the file or on their way there. It is asked about their hashes, and
// answers "certainly not" or "maybe". It grows by layers, each four times as large as the one before, so that nothing has
// to be hashed again. Every name sets 6 bits in one block of 512, a cache line: at 12 bits a name about one fresh name in
// 100 is a maybe.
//
// Methods are safe for concurrent use; what add returned from is seen by every later maybe.
type filter struct {
	ready  atomic.Bool // every name in the file has been added
	layers atomic.Pointer[[]*layer]
	grow   sync.Mutex
}

type layer struct {
	blocks []atomic.Uint64 // 8 words a block
	room   atomic.Int64    // names that may still be added
}

const (
	bitsPerName = 12
	firstLayer  = 1 << 20 // names
)

// newFilter is a filter with room for so many names before it grows.
func newFilter(names int) *filter {
	f := new(filter)
	f.layers.Store(&[]*layer{newLayer(names)})
	return f
}

func newLayer(names int) *layer {
	blocks := names * bitsPerName / 512
	l := &layer{blocks: make([]atomic.Uint64, blocks*8)}
	l.room.Store(int64(names))
	return l
}

// add puts a name into the newest layer.
func (f *filter) add(h uint64) {
	layers := *f.layers.Load()
	l := layers[len(layers)-1]
	if l.room.Add(-1) < 0 {
		l = f.widen(l)
	}
	block, h := l.block(h)
	for range 6 {
		bit := h & 511
		block[bit/64].Or(1 << (bit % 64))
		h = bits.RotateLeft64(h, 9)*0x9e3779b97f4a7c15 ^ h>>7
	}
}

func (f *filter) widen(full *layer) *layer {
	f.grow.Lock()
	defer f.grow.Unlock()
	layers := *f.layers.Load()
	last := layers[len(layers)-1]
	if last != full {
		return last
	}
	next := newLayer(len(full.blocks) / 8 * 512 / bitsPerName * 4)
	layers = append(append([]*layer(nil), layers...), next)
	f.layers.Store(&layers)
	return next
}

// maybe says whether a name may have been added.
func (f *filter) maybe(h uint64) bool {
	if !f.ready.Load() {
		return true
	}
	for _, l := range *f.layers.Load() {
		if l.maybe(h) {
			return true
		}
	}
	return false
}

func (l *layer) maybe(h uint64) bool {
	block, h := l.block(h)
	for range 6 {
		bit := h & 511
		if block[bit/64].Load()&(1<<(bit%64)) == 0 {
			return false
		}
		h = bits.RotateLeft64(h, 9)*0x9e3779b97f4a7c15 ^ h>>7
	}
	return true
}

func (l *layer) block(h uint64) ([]atomic.Uint64, uint64) {
	at, _ := bits.Mul64(h, uint64(len(l.blocks)/8))
	return l.blocks[at*8 : at*8+8], h * 0xff51afd7ed558ccd
}
