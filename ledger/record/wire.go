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
//
// It is made to stay on the stack: a wire that is handed to a function value does not, so what the hot facts walk
// through takes none.
type wire struct {
	reading bool
	buf     []byte // being written; or the whole message being read

	// While reading: which fields there are, by how they are written, and the last value of each. Of text the value
	// is where it is in buf, offset and length in 32 bits each.
	varints, fixeds, texts uint32
	value                  [maxField]uint64

	err error
}

const maxField = 32

var errField = errors.New("record: malformed entry")

// parse finds the fields of a message. Of a repeated field it keeps the last; each walks them all. A field that is not
// written as expected is not found, as if it were one of a later version.
func (w *wire) parse(b []byte) {
	w.reading, w.buf = true, b
	if uint64(len(b)) > 1<<31 {
		w.err = errField
		return
	}
	for at := 0; at < len(b); {
		n := w.take(at)
		if n < 0 {
			w.err = errField
			return
		}
		at += n
	}
	if w.varints&w.fixeds|w.varints&w.texts|w.fixeds&w.texts != 0 {
		w.err = errField // one field, written in two ways
	}
}

// take keeps the value of the field that begins at an offset, and answers with its size; negative when it is malformed.
// Most numbers take one byte, the tags and the lengths of texts among them.
func (w *wire) take(at int) int {
	b := w.buf[at:]
	tag, n := short(b), 1
	if tag == long {
		tag, n = protowire.ConsumeVarint(b)
	}
	num, typ := protowire.DecodeTag(tag)
	if n < 0 || num < 1 {
		return -1
	}
	b = b[n:]
	v, m := short(b), 1
	switch {
	case num >= maxField: // a field of a later version
		m = protowire.ConsumeFieldValue(num, typ, b)
	case typ == protowire.VarintType:
		if v == long {
			v, m = protowire.ConsumeVarint(b)
		}
		w.value[num] = v
		w.varints |= 1 << num
	case typ == protowire.BytesType:
		if v == long {
			v, m = protowire.ConsumeVarint(b)
		}
		if m < 0 || v > uint64(len(b)-m) {
			return -1
		}
		w.value[num] = uint64(at+n+m)<<32 | v
		w.texts |= 1 << num
		m += int(v)
	case typ == protowire.Fixed64Type:
		w.value[num], m = protowire.ConsumeFixed64(b)
		w.fixeds |= 1 << num
	default:
		m = protowire.ConsumeFieldValue(num, typ, b)
	}
	if m < 0 {
		return -1
	}
	return n + m
}

// short is a number of one byte; long when it takes more, or when there is none.
func short(b []byte) uint64 {
	if len(b) == 0 || b[0] >= 0x80 {
		return long
	}
	return uint64(b[0])
}

const long = 1 << 7

// text is the value of a field of bytes that is there.
func (w *wire) text(n protowire.Number) []byte {
	from := w.value[n] >> 32
	return w.buf[from : from+w.value[n]&(1<<32-1)]
}

func (w *wire) hasText(n protowire.Number) bool { return w.err == nil && w.texts&(1<<n) != 0 }

// endsBefore says of a message that is being read that it has no field from n on. The last fields of hot facts are hardly
// ever there, and are not looked for one by one then.
func (w *wire) endsBefore(n protowire.Number) bool {
	return w.reading && (w.varints|w.fixeds|w.texts)>>n == 0
}

func num[T integer](w *wire, n protowire.Number, v *T) {
	if w.reading {
		if w.varints&(1<<n) != 0 {
			*v = T(w.value[n])
			if uint64(int64(*v)) != w.value[n] && uint64(*v) != w.value[n] {
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
		if w.fixeds&(1<<n) != 0 {
			*v = T(w.value[n])
		}
	} else if *v != 0 {
		w.buf = protowire.AppendTag(w.buf, n, protowire.Fixed64Type)
		w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(*v))
	}
}

func boolean(w *wire, n protowire.Number, v *bool) {
	if w.reading {
		*v = w.varints&(1<<n) != 0 && w.value[n] != 0
	} else if *v {
		w.buf = protowire.AppendTag(w.buf, n, protowire.VarintType)
		w.buf = append(w.buf, 1)
	}
}

func str[T ~string](w *wire, n protowire.Number, v *T) {
	if w.reading {
		if w.hasText(n) {
			*v = T(alias(w.text(n)))
		}
	} else if *v != "" {
		w.buf = protowire.AppendTag(w.buf, n, protowire.BytesType)
		w.buf = protowire.AppendString(w.buf, string(*v))
	}
}

func raw(w *wire, n protowire.Number, v *[]byte) {
	if w.reading {
		if w.hasText(n) && len(w.text(n)) > 0 {
			*v = w.text(n)
		}
	} else if len(*v) > 0 {
		w.buf = protowire.AppendTag(w.buf, n, protowire.BytesType)
		w.buf = protowire.AppendBytes(w.buf, *v)
	}
}

// message walks a nested message; it is written even when empty.
func message[T any](w *wire, n protowire.Number, v *T, walk func(*wire, *T)) {
	if w.reading {
		if w.hasText(n) {
			var inner wire
			inner.parse(w.text(n))
			walk(&inner, v)
			w.err = errors.Join(w.err, inner.err)
		}
		return
	}
	at := w.begin(n)
	walk(w, v)
	w.end(at)
}

// begin begins to write a nested message; end must be told what it answers.
func (w *wire) begin(n protowire.Number) (at int) {
	w.buf = protowire.AppendTag(w.buf, n, protowire.BytesType)
	w.buf = append(w.buf, 0)
	return len(w.buf) - 1
}

// end puts the length of what was written after the byte at into it, making room when one byte is too few.
func (w *wire) end(at int) {
	size := uint64(len(w.buf) - at - 1)
	if more := (bits.Len64(size|1)+6)/7 - 1; more > 0 {
		for range more {
			w.buf = append(w.buf, 0)
		}
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
	var inner wire
	each(w, n, func(b []byte) {
		var v T
		inner.varints, inner.fixeds, inner.texts = 0, 0, 0
		inner.parse(b)
		walk(&inner, &v)
		*list = append(*list, v)
	})
	w.err = errors.Join(w.err, inner.err)
}

// strs walks each of a list of strings.
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
	if !w.hasText(n) {
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
