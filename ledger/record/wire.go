package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// integer is any whole number that is kept as a varint.
type integer interface {
	~int | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// wire walks the fields of a protobuf message, writing them or reading them. Zero values are not written.
type wire struct {
	reading bool
	buf     []byte // being written; or the whole message being read
	seen    uint32 // fields read
	number  [maxField]uint64
	bytes   [maxField][]byte
	err     error
}

const maxField = 32

var errField = errors.New("record: malformed entry")

// parse finds the fields of a message. Of a repeated field it keeps the last; each walks them all.
func (w *wire) parse(b []byte) {
	w.reading, w.buf = true, b
	for len(b) > 0 && w.err == nil {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 || num < 1 {
			w.err = errField
			return
		}
		b = b[n:]
		if num >= maxField { // a field of a later version
			if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
				w.err = errField
				return
			}
			b = b[n:]
			continue
		}
		switch typ {
		case protowire.VarintType:
			w.number[num], n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			w.number[num], n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			w.bytes[num], n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			w.err = errField
			return
		}
		w.seen |= 1 << num
		b = b[n:]
	}
}

func (w *wire) has(n protowire.Number) bool { return w.seen&(1<<n) != 0 }

func num[T integer](w *wire, n protowire.Number, v *T) {
	if w.reading {
		if w.has(n) {
			*v = T(w.number[n])
			if uint64(int64(*v)) != w.number[n] && uint64(*v) != w.number[n] {
				w.err = fmt.Errorf("%w: field %d is out of range", errField, n)
			}
		}
	} else if *v != 0 {
		w.buf = protowire.AppendTag(w.buf, n, protowire.VarintType)
		w.buf = protowire.AppendVarint(w.buf, uint64(int64(*v)))
	}
}

func fixed[T ~uint64](w *wire, n protowire.Number, v *T) {
	if w.reading {
		if w.has(n) {
			*v = T(w.number[n])
		}
	} else if *v != 0 {
		w.buf = protowire.AppendTag(w.buf, n, protowire.Fixed64Type)
		w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(*v))
	}
}

func boolean(w *wire, n protowire.Number, v *bool) {
	if w.reading {
		*v = w.has(n) && w.number[n] != 0
	} else if *v {
		w.buf = protowire.AppendTag(w.buf, n, protowire.VarintType)
		w.buf = append(w.buf, 1)
	}
}

func str[T ~string](w *wire, n protowire.Number, v *T) {
	if w.reading {
		if w.has(n) {
			*v = T(alias(w.bytes[n]))
		}
	} else if *v != "" {
		w.buf = protowire.AppendTag(w.buf, n, protowire.BytesType)
		w.buf = protowire.AppendString(w.buf, string(*v))
	}
}

func raw(w *wire, n protowire.Number, v *[]byte) {
	if w.reading {
		if w.has(n) {
			*v = w.bytes[n]
		}
	} else if len(*v) > 0 {
		w.buf = protowire.AppendTag(w.buf, n, protowire.BytesType)
		w.buf = protowire.AppendBytes(w.buf, *v)
	}
}

// message walks a nested message; it is written even when empty.
func message[T any](w *wire, n protowire.Number, v *T, walk func(*wire, *T)) {
	if w.reading {
		if w.has(n) {
			var inner wire
			inner.parse(w.bytes[n])
			walk(&inner, v)
			w.err = errors.Join(w.err, inner.err)
		}
		return
	}
	w.buf = protowire.AppendTag(w.buf, n, protowire.BytesType)
	at := len(w.buf)
	w.buf = append(w.buf, 0)
	walk(w, v)
	w.length(at)
}

// length puts the length of what was written after the byte at into it, making room when one byte is too few.
func (w *wire) length(at int) {
	size := uint64(len(w.buf) - at - 1)
	if more := (bits.Len64(size|1)+6)/7 - 1; more > 0 {
		w.buf = append(w.buf, make([]byte, more)...)
		copy(w.buf[at+1+more:], w.buf[at+1:len(w.buf)-more])
	}
	binary.PutUvarint(w.buf[at:], size)
}

// repeated walks each of a list of nested messages.
func repeated[T any](w *wire, n protowire.Number, list *[]T, walk func(*wire, *T)) {
	if !w.reading {
		for i := range *list {
			message(w, n, &(*list)[i], walk)
		}
		return
	}
	each(w, n, func(b []byte) {
		var inner wire
		var v T
		inner.parse(b)
		walk(&inner, &v)
		w.err = errors.Join(w.err, inner.err)
		*list = append(*list, v)
	})
}

// strings walks each of a list of strings.
func strs[T ~string](w *wire, n protowire.Number, list *[]T) {
	if !w.reading {
		for _, s := range *list {
			w.buf = protowire.AppendTag(w.buf, n, protowire.BytesType)
			w.buf = protowire.AppendString(w.buf, string(s))
		}
		return
	}
	each(w, n, func(b []byte) { *list = append(*list, T(alias(b))) })
}

// each finds every occurrence of a field of bytes.
func each(w *wire, n protowire.Number, found func([]byte)) {
	if !w.has(n) {
		return
	}
	for b := w.buf; len(b) > 0; {
		field, typ, size := protowire.ConsumeTag(b)
		if size < 0 {
			return
		}
		value := b[size:]
		size = protowire.ConsumeFieldValue(field, typ, value)
		if size < 0 {
			return
		}
		if field == n && typ == protowire.BytesType {
			inner, _ := protowire.ConsumeBytes(value)
			found(inner)
		}
		b = value[size:]
	}
}

// alias is a string that shares memory with b, which nobody may change.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
