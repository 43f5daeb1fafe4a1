package checkpoint

import (
	"encoding/binary"
	"io"
	"slices"
)

// Coder writes or reads what is walked through it: everything once, in the same order for both.
type Coder interface {
	Number(v *int64)
	Text(v *string)
	// Decoding says that what is walked is filled in.
	Decoding() bool
}

// Num walks a number of any kind.
func Num[T ~int64 | ~int32 | ~int16 | ~uint16 | ~uint8](c Coder, v *T) {
	n := int64(*v)
	c.Number(&n)
	*v = T(n)
}

// List walks a list, each row of which is walked by a function.
func List[T any](c Coder, l *[]T, row func(*T)) {
	n := int64(len(*l))
	c.Number(&n)
	if c.Decoding() {
		*l = nil
	}
	for i := range int(n) {
		if c.Decoding() {
			var zero T
			*l = append(*l, zero)
		}
		row(&(*l)[i])
	}
}

// Word walks a text of any kind.
func Word[T ~string](c Coder, v *T) {
	s := string(*v)
	c.Text(&s)
	*v = T(s)
}

// Nums walks a list of numbers.
func Nums[T ~int64](c Coder, l *[]T) { List(c, l, func(v *T) { Num(c, v) }) }

// piece is how many bytes are written or read at a time.
const piece = 64 << 10

// summer is a hash, which never fails.
type summer interface {
	io.Writer
	Sum([]byte) []byte
}

type encoder struct {
	w   io.Writer
	sum summer
	buf []byte
	err error
}

func (e *encoder) Decoding() bool { return false }

func (e *encoder) Number(v *int64) {
	e.buf = binary.AppendVarint(e.buf, *v)
	e.spill()
}

func (e *encoder) Text(s *string) {
	e.buf = append(binary.AppendVarint(e.buf, int64(len(*s))), *s...)
	e.spill()
}

func (e *encoder) raw(b []byte) { e.buf = append(e.buf, b...) }

func (e *encoder) spill() {
	if len(e.buf) >= piece {
		e.flush()
	}
}

func (e *encoder) flush() {
	_, _ = e.sum.Write(e.buf)
	if e.err == nil {
		_, e.err = e.w.Write(e.buf)
	}
	e.buf = e.buf[:0]
}

// decoder reads what an encoder wrote. What has been taken of a piece is summed before the next is read. It panics when there
// is no more.
type decoder struct {
	r   io.Reader
	sum summer
	buf []byte
	at  int
	end bool
}

func (d *decoder) Decoding() bool { return true }

// next is the next byte.
func (d *decoder) next() byte {
	for d.at == len(d.buf) {
		if d.end {
			panic("it is cut short")
		}
		d.taken()
		d.buf = slices.Grow(d.buf[:0], piece)[:piece]
		n, err := d.r.Read(d.buf)
		if d.buf, d.at, d.end = d.buf[:n], 0, err != nil; err != nil && err != io.EOF {
			panic(err)
		}
	}
	d.at++
	return d.buf[d.at-1]
}

// taken sums what has been taken.
func (d *decoder) taken() {
	_, _ = d.sum.Write(d.buf[:d.at])
	d.buf, d.at = d.buf[d.at:], 0
}

func (d *decoder) Number(v *int64) {
	var u uint64
	for shift := 0; ; shift += 7 {
		b := d.next()
		if u |= uint64(b&0x7f) << shift; b < 0x80 {
			break
		}
		if shift > 63 {
			panic("a number is too long")
		}
	}
	*v = int64(u>>1) ^ -int64(u&1)
}

// longest is the longest text that there may be: documents of terms are far shorter.
const longest = 16 << 20

func (d *decoder) Text(s *string) {
	var n int64
	if d.Number(&n); n < 0 || n > longest {
		panic("a text is too long")
	}
	b := make([]byte, 0, min(n, piece))
	for range n {
		b = append(b, d.next())
	}
	*s = string(b)
}

func (d *decoder) raw(b []byte) {
	for i := range b {
		b[i] = d.next()
	}
}
