package codec

import (
	"encoding/binary"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// layout is how the fields of a message are ordinarily written.
type layout struct {
	fields []field // by tag, of which the last three bits are the encoding
	text   bool    // whether there is text, in the message or in one within it
}

type field struct {
	kind    kind
	message *layout // of a kindMessage
}

type kind uint8

const (
	kindNone kind = iota // no such field, not in that encoding, or not one for the generated methods
	kindVarint
	kindPacked // repeated varints
	kindText
	kindMessage
)

// newLayout makes the layout of a message and of those within it; known are those that have been begun.
func newLayout(d protoreflect.MessageDescriptor, known map[protoreflect.FullName]*layout) *layout {
	if l, ok := known[d.FullName()]; ok {
		return l
	}
	l := new(layout)
	known[d.FullName()] = l
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		k, wire := kindOf(fd)
		tag := protowire.EncodeTag(fd.Number(), wire)
		if k == kindNone || tag >= 1<<14 { // more than short reads
			continue
		}
		if n := int(tag) + 1; n > len(l.fields) {
			l.fields = append(l.fields, make([]field, n-len(l.fields))...)
		}
		f := &l.fields[tag]
		l.text = l.text || k == kindText
		if f.kind = k; k == kindMessage {
			f.message = newLayout(fd.Message(), known)
			l.text = l.text || f.message.text
		}
	}
	return l
}

func kindOf(fd protoreflect.FieldDescriptor) (kind, protowire.Type) {
	switch fd.Kind() {
	case protoreflect.BoolKind, protoreflect.EnumKind, protoreflect.Int32Kind, protoreflect.Int64Kind,
		protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		switch {
		case fd.IsPacked():
			return kindPacked, protowire.BytesType
		case !fd.IsList():
			return kindVarint, protowire.VarintType
		}
	case protoreflect.StringKind:
		return kindText, protowire.BytesType
	case protoreflect.MessageKind:
		if !fd.IsMap() {
			return kindMessage, protowire.BytesType
		}
	}
	return kindNone, 0
}

// ordinary tells whether b is a message with only the fields of the layout, each in the encoding that everybody uses
// for it, and with text that is UTF-8. Of what was encoded here only the text is in doubt: own leaves out the messages
// without.
func (l *layout) ordinary(b []byte, own bool) bool {
	for i := 0; i < len(b); {
		tag, at := short(b, i)
		if tag >= len(l.fields) {
			return false
		}
		f := &l.fields[tag]
		switch {
		case f.kind == kindVarint:
			if i = skip(b, at); i < 0 {
				return false
			}
			continue
		case f.kind == kindNone || at >= len(b):
			return false
		}
		size, at := short(b, at)
		if i = at + size; i > len(b) {
			return false
		}
		switch v := b[at:i]; f.kind {
		case kindText:
			if !ascii(v) && !utf8.Valid(v) {
				return false
			}
		case kindMessage:
			if (f.message.text || !own) && !f.message.ordinary(v, own) {
				return false
			}
		case kindPacked:
			if !own && !packed(v) {
				return false
			}
		}
	}
	return true
}

// short reads a number of one or two bytes, none to spare, at i, and tells where it ends. It gives a larger number in
// the place of any other.
func short(b []byte, i int) (v, end int) {
	if v := b[i]; v < 0x80 {
		return int(v), i + 1
	}
	return pair(b, i)
}

func pair(b []byte, i int) (v, end int) {
	if i+1 == len(b) || b[i+1] == 0 || b[i+1] >= 0x80 {
		return longer, i
	}
	return int(b[i]&0x7f) | int(b[i+1])<<7, i + 2
}

// longer is what short gives for a number that it does not read: more than any tag of a layout, and than any message.
const longer = 1 << 30

// skip is where the number at i ends, or -1 when it does not or has more than 64 bits.
func skip(b []byte, i int) int {
	for n, v := range b[i:] {
		switch {
		case n == 9 && v > 1:
			return -1
		case v < 0x80:
			return i + n + 1
		}
	}
	return -1
}

func packed(b []byte) bool {
	for i := 0; i < len(b); {
		if i = skip(b, i); i < 0 {
			return false
		}
	}
	return true
}

// ascii tells whether all bytes are ASCII, eight at a time.
func ascii(b []byte) bool {
	var all uint64
	for ; len(b) >= 8; b = b[8:] {
		all |= binary.LittleEndian.Uint64(b)
	}
	for _, v := range b {
		all |= uint64(v)
	}
	return all&0x8080808080808080 == 0
}
