package record

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

// row walks the things in a row, writing them or reading them, one after the other.
//
// A row is its version and then its things. A thing has a block of what nearly always is something, in a place of its
// own each; or numbers that often are nothing, which share their room; or both. Then come its texts, each behind its
// length. So a thing is written and read in a few steps, not field by field.
type row struct {
	reading bool
	bad     bool
	buf     []byte
	at      int // while reading, how much of buf has been

	numbers [maxNumbers]uint64 // of the thing being walked
	count   int                // while writing, how many it has; negative when there are none to be written
	texts   [maxTexts]string   // while writing, its texts
	said    int                // how many of them
}

const (
	rowVersion = 8
	maxNumbers = 32 // of one thing
	maxTexts   = 4
	longText   = 255 // instead of a length: it follows, in four bytes
)

// ErrRow says that a row's bytes cannot be read.
var ErrRow = errors.New("record: malformed row")

func begin(b []byte) row { return row{buf: append(b, rowVersion), count: -1} }

// end is the row that has been written.
func (r *row) end() []byte {
	r.flush()
	return r.buf
}

func open(b []byte) row {
	return row{reading: true, buf: b, at: min(1, len(b)), bad: len(b) == 0 || b[0] != rowVersion}
}

// err says whether all of the row has been read, and no more.
func (r *row) err() error {
	if r.bad || r.at != len(r.buf) {
		return ErrRow
	}
	return nil
}

// spoil gives up reading: what is still walked is zero.
func (r *row) spoil() {
	r.bad, r.at = true, len(r.buf)
	clear(r.numbers[:])
}

// flush writes what has been walked and is not yet in buf.
func (r *row) flush() {
	buf := r.buf
	if r.count >= 0 {
		buf = appendNumbers(buf, r.numbers[:r.count])
	}
	for _, text := range r.texts[:r.said] {
		if len(text) < longText {
			buf = append(buf, byte(len(text)))
		} else {
			buf = binary.LittleEndian.AppendUint32(append(buf, longText), uint32(len(text)))
		}
		buf = append(buf, text...)
	}
	r.buf, r.count, r.said = buf, -1, 0
}

// block is the thing's block, of so many bytes: what was read, or room to be set. It is good until anything else is
// walked but what is in it.
func (r *row) block(size int) []byte {
	if !r.reading {
		r.flush()
		at := len(r.buf)
		r.buf = slices.Grow(r.buf, size)[:at+size]
		return r.buf[at:]
	}
	if len(r.buf)-r.at < size {
		r.spoil()
		return make([]byte, size)
	}
	r.at += size
	return r.buf[r.at-size : r.at]
}

// eight, four, two, one and flag walk a field that is so many bytes of a block.

func eight[T integer](r *row, b []byte, v *T) {
	if r.reading {
		*v = T(binary.LittleEndian.Uint64(b))
	} else {
		binary.LittleEndian.PutUint64(b, uint64(*v))
	}
}

func four[T integer](r *row, b []byte, v *T) {
	if r.reading {
		*v = T(binary.LittleEndian.Uint32(b))
	} else {
		binary.LittleEndian.PutUint32(b, uint32(*v))
	}
}

func two[T integer](r *row, b []byte, v *T) {
	if r.reading {
		*v = T(binary.LittleEndian.Uint16(b))
	} else {
		binary.LittleEndian.PutUint16(b, uint16(*v))
	}
}

func one[T integer](r *row, b []byte, v *T) {
	if r.reading {
		*v = T(b[0])
	} else {
		b[0] = byte(*v)
	}
}

func flag(r *row, b []byte, v *bool) {
	if r.reading {
		*v = b[0] != 0
	} else if b[0] = 0; *v {
		b[0] = 1
	}
}

// list is the thing's numbers: what was read, or room for each to be set. They are good until the next thing.
func (r *row) list(count int) *[maxNumbers]uint64 {
	if r.reading {
		r.readNumbers(count)
	} else {
		r.flush()
		r.count = count
	}
	return &r.numbers
}

// appendNumbers writes how many numbers there are, those at the end that are zero left out; how many bytes each takes,
// half a byte for each; and those bytes, the least significant first. Zero takes none.
func appendNumbers(buf []byte, n []uint64) []byte {
	for len(n) > 0 && n[len(n)-1] == 0 {
		n = n[:len(n)-1]
	}
	buf = append(buf, byte(len(n)))
	if len(n) == 0 {
		return buf
	}
	at := len(buf) + (len(n)+1)/2
	buf = slices.Grow(buf, maxNumbers/2+8*maxNumbers)
	widths := buf[len(buf) : len(buf)+maxNumbers/2]
	buf = buf[:cap(buf)]
	for i, v := range n {
		w := width(v)
		if i%2 == 0 {
			widths[i/2] = byte(w)
		} else {
			widths[i/2] |= byte(w << 4)
		}
		binary.LittleEndian.PutUint64(buf[at:], v)
		at += w
	}
	return buf[:at]
}

// width is how many bytes a number takes. Most take none or one.
func width(v uint64) int {
	if v < 1<<8 {
		return int(v+255) >> 8
	}
	return (bits.Len64(v) + 7) / 8
}

// masks are the bits of a number, by how many bytes it takes.
var masks = [9]uint64{0, 1<<8 - 1, 1<<16 - 1, 1<<24 - 1, 1<<32 - 1, 1<<40 - 1, 1<<48 - 1, 1<<56 - 1, 1<<64 - 1}

// readNumbers reads at most so many numbers; those that were left out are zero.
func (r *row) readNumbers(most int) {
	if r.at == len(r.buf) || int(r.buf[r.at]) > most {
		r.spoil()
		return
	}
	count, widths := int(r.buf[r.at]), r.at+1
	at := widths + (count+1)/2
	if at > len(r.buf) {
		r.spoil()
		return
	}
	var last [8]byte
	for i := range count {
		w := int(r.buf[widths+i/2] >> (i % 2 * 4) & 15)
		if w > 8 {
			r.spoil()
			return
		}
		b := r.buf[min(at, len(r.buf)):]
		if len(b) < len(last) {
			clear(last[copy(last[:], b):])
			b = last[:]
		}
		r.numbers[i] = binary.LittleEndian.Uint64(b) & masks[w]
		at += w
	}
	clear(r.numbers[count:most])
	if r.at = at; at > len(r.buf) {
		r.spoil()
	}
}

// unsigned, number, since and truth walk a field that is the number n.

func unsigned[T integer](r *row, n *uint64, v *T) {
	if r.reading {
		*v = T(*n)
	} else {
		*n = uint64(*v)
	}
}

// number is for what may be negative: its sign is the lowest bit.
func number[T integer](r *row, n *uint64, v *T) {
	if r.reading {
		*v = T(int64(*n>>1) ^ -int64(*n&1))
	} else {
		s := int64(*v)
		*n = uint64(s)<<1 ^ uint64(s>>63)
	}
}

// since is for what is seldom far from a base.
func since[T integer](r *row, n *uint64, v *T, base T) {
	distance := *v - base
	number(r, n, &distance)
	*v = base + distance
}

func truth(r *row, n *uint64, v *bool) {
	if r.reading {
		*v = *n != 0
	} else if *n = 0; *v {
		*n = 1
	}
}

// word walks a text of the thing. The block and the numbers have been walked.
func word[T ~string](r *row, v *T) {
	if r.reading {
		*v = T(alias(r.text()))
		return
	}
	if r.said == maxTexts {
		r.flush()
	}
	r.texts[r.said] = string(*v)
	r.said++
}

func data(r *row, v *[]byte) {
	if r.reading {
		*v = r.text()
		return
	}
	text := alias(*v)
	word(r, &text)
}

// text is the next text of the row; nil when there is none.
func (r *row) text() []byte {
	rest := r.buf[r.at:]
	if len(rest) == 0 {
		r.spoil()
		return nil
	}
	size, head := int(rest[0]), 1
	if size == longText && len(rest) >= 5 {
		size, head = int(binary.LittleEndian.Uint32(rest[1:])), 5
	}
	if size > len(rest)-head {
		r.spoil()
		return nil
	}
	r.at += head + size
	return rest[head : head+size]
}

// elements walks how many elements a list has, the number n, and makes it have so many while reading. The walk must set
// all of each. An element takes at least as many bytes as is said, so that a row cannot ask for memory out of proportion
// to its size.
func elements[T any](r *row, n *uint64, v *[]T, least int) []T {
	if !r.reading {
		*n = uint64(len(*v))
		return *v
	}
	count := *n
	if count > uint64((len(r.buf)-r.at)/least) {
		r.spoil()
		count = 0
	}
	if uint64(cap(*v)) < count {
		*v = make([]T, count, count+1)
	}
	*v = (*v)[:count]
	return *v
}
