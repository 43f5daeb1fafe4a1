package state

import (
	"unsafe"

	bolt "go.etcd.io/bbolt"
)

// leaves finds out, on a walk through a bucket, whether a leaf has lost rows: a damaged count at its head hides its last ones,
// and no checksum of a row says so.
//
// What bbolt answers with lies in the page itself. A page begins with a header of 16 bytes and 16 more for each row, and right
// behind these come the keys and values, each after the one before. So rows that follow each other in memory are of one leaf, and
// where in its page the first of them lies says how many there should be. Pages are aligned, in the file and so in memory.
type leaves struct {
	size  uintptr // of a page; 0 for a bucket that has none of its own, and was looked at when the file was opened
	first uintptr // offset in its page of the leaf's first key
	end   uintptr // where the last row ended
	rows  uintptr
	part  bool // the walk began within the leaf
}

const elementSize = 16 // of the header of a page, and of an element in it

func newLeaves(tx *bolt.Tx, b *bolt.Bucket) *leaves {
	if b.Root() == 0 {
		return &leaves{}
	}
	return &leaves{size: uintptr(tx.DB().Info().PageSize)}
}

// goOn says that the walk goes on after a row.
func (l *leaves) goOn(k, v []byte) { l.begin(k, v); l.part = true }

func (l *leaves) begin(k, v []byte) {
	at := addressOf(k)
	if l.size != 0 {
		l.first = at % l.size
	}
	l.end, l.rows, l.part = at+uintptr(len(k)+len(v)), 1, false
}

// row takes the next row. begins says that it is the first of a leaf, and whole whether the leaf before had all of its rows.
func (l *leaves) row(k, v []byte) (whole, begins bool) {
	at := addressOf(k)
	if at == l.end {
		l.end += uintptr(len(k) + len(v))
		l.rows++
		return true, false
	}
	whole = l.whole()
	l.begin(k, v)
	return whole, true
}

// whole says whether the leaf that the walk is in had as many rows as it was written with.
func (l *leaves) whole() bool {
	return l.size == 0 || l.rows == 0 || l.part || l.first == (elementSize+elementSize*l.rows)%l.size
}

// addressOf is where a key lies in memory, to be compared and never to be followed.
func addressOf(k []byte) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(k))) //nolint:gosec // a number
}
