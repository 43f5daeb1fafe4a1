package codec

import (
	"reflect"
	"sync"

	"google.golang.org/grpc/encoding"
	standard "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Name is the codec's name, that of the standard codec, for it speaks the same.
const Name = standard.Name

// sharedMax is the largest message, in bytes, whose strings share the copy that is made of it.
const sharedMax = 1 << 10

// A Codec encodes and decodes protobuf for gRPC. It is safe for concurrent use.
type Codec struct {
	standard encoding.CodecV2
	layouts  sync.Map // of *layout, by the reflect.Type of the message
}

var _ encoding.CodecV2 = (*Codec)(nil)

// New is a codec, for grpc.ForceServerCodecV2 and grpc.ForceCodecV2.
func New() *Codec { return &Codec{standard: encoding.GetCodecV2(Name)} }

// Name is Name.
func (c *Codec) Name() string { return Name }

// fast is a message with generated methods.
type fast interface {
	proto.Message
	Reset()
	SizeVT() int
	MarshalToSizedBufferVT([]byte) (int, error)
	UnmarshalVTUnsafe([]byte) error
}

// Marshal encodes a message. It fails when a string of it is not UTF-8.
func (c *Codec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(fast)
	if !ok {
		return c.standard.Marshal(v)
	}
	size := m.SizeVT()
	if !mem.IsBelowBufferPoolingThreshold(size) {
		return c.marshalPooled(m, size)
	}
	// The list that gRPC wants and its only element are in one allocation.
	out := &struct {
		list  [1]mem.Buffer
		bytes mem.SliceBuffer
	}{bytes: make([]byte, size)}
	if !c.fill(out.bytes, m) {
		return c.standard.Marshal(v)
	}
	out.list[0] = &out.bytes
	return out.list[:], nil
}

func (c *Codec) marshalPooled(m fast, size int) (mem.BufferSlice, error) {
	pool := mem.DefaultBufferPool()
	b := pool.Get(size)
	if !c.fill(*b, m) {
		pool.Put(b)
		return c.standard.Marshal(m)
	}
	return mem.BufferSlice{mem.NewBuffer(b, pool)}, nil
}

// Encode encodes a message as Marshal does, and leaves room for so many bytes behind it.
func (c *Codec) Encode(m proto.Message, room int) ([]byte, error) {
	if m, ok := m.(fast); ok {
		size := m.SizeVT()
		if b := make([]byte, size, size+room); c.fill(b, m) {
			return b, nil
		}
	}
	size := proto.Size(m)
	return proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(make([]byte, 0, size+room), m)
}

// fill encodes a message into the bytes that it takes, and tells whether they are what the standard codec would have
// made.
func (c *Codec) fill(b []byte, m fast) bool {
	n, err := m.MarshalToSizedBufferVT(b)
	return err == nil && n == len(b) && c.layoutOf(m).ordinary(b, true)
}

// Unmarshal decodes a message, whose strings then share memory. It keeps nothing of data.
func (c *Codec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(fast)
	if !ok || data.Len() > sharedMax {
		return c.standard.Unmarshal(data, v)
	}
	b := data.Materialize()
	if c.layoutOf(m).ordinary(b, false) {
		m.Reset()
		if m.UnmarshalVTUnsafe(b) == nil {
			return nil
		}
	}
	return c.standard.Unmarshal(data, v)
}

func (c *Codec) layoutOf(m fast) *layout {
	t := reflect.TypeOf(m)
	if l, ok := c.layouts.Load(t); ok {
		return l.(*layout)
	}
	l, _ := c.layouts.LoadOrStore(t, newLayout(m.ProtoReflect().Descriptor(), map[protoreflect.FullName]*layout{}))
	return l.(*layout)
}
