package portfolio

import (
	"encoding/binary"
	"io"
	"slices"
)

// coder is an encoder or a decoder: everything is walked once, in the same order for both.
type coder interface {
	number(*int64)
	string(*string)
	decoding() bool
}

func num[T ~int64 | ~int32 | ~int16 | ~uint16 | ~uint8](c coder, v *T) {
	n := int64(*v)
	c.number(&n)
	*v = T(n)
}

// list walks a list, each row of which is walked by a function.
func list[T any](c coder, l *[]T, row func(*T)) {
	n := int64(len(*l))
	c.number(&n)
	if c.decoding() {
		*l = nil
	}
	for i := range int(n) {
		if c.decoding() {
			var zero T
			*l = append(*l, zero)
		}
		row(&(*l)[i])
	}
}

func word[T ~string](c coder, v *T) {
	s := string(*v)
	c.string(&s)
	*v = T(s)
}

func nums[T ~int64](c coder, l *[]T) { list(c, l, func(v *T) { num(c, v) }) }

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

func (e *encoder) decoding() bool { return false }

func (e *encoder) number(v *int64) {
	e.buf = binary.AppendVarint(e.buf, *v)
	e.spill()
}

func (e *encoder) string(s *string) {
	e.buf = append(binary.AppendVarint(e.buf, int64(len(*s))), *s...)
	e.spill()
}

func (e *encoder) text(s string) { e.string(&s) }

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

func (d *decoder) decoding() bool { return true }

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

func (d *decoder) number(v *int64) {
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

func (d *decoder) string(s *string) {
	var n int64
	if d.number(&n); n < 0 || n > longest {
		panic("a text is too long")
	}
	b := make([]byte, 0, min(n, piece))
	for range n {
		b = append(b, d.next())
	}
	*s = string(b)
}

func (d *decoder) text() (s string) {
	d.string(&s)
	return s
}

func (d *decoder) raw(b []byte) {
	for i := range b {
		b[i] = d.next()
	}
}
