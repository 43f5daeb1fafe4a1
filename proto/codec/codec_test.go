package codec_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/proto/codec"
	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

var standard = encoding.GetCodecV2(codec.Name)

// covered are the types of messages that have generated methods.
var covered = func() []protoreflect.MessageType {
	var types []protoreflect.MessageType
	for _, file := range []protoreflect.FileDescriptor{pb.File_holdfast_v1_common_proto, pb.File_holdfast_v1_authorization_proto} {
		for i := range file.Messages().Len() {
			mt, err := protoregistry.GlobalTypes.FindMessageByName(file.Messages().Get(i).FullName())
			if err != nil {
				panic(err)
			}
			if _, ok := mt.Zero().Interface().(interface{ SizeVT() int }); ok {
				types = append(types, mt)
			}
		}
	}
	return types
}()

func TestWhatIsHotIsCovered(t *testing.T) {
	names := map[protoreflect.Name]bool{}
	for _, mt := range covered {
		names[mt.Descriptor().Name()] = true
	}
	for _, call := range []string{
		"AuthorizeStream", "Authorize", "Capture", "Void", "Charge", "Increment", "Extend", "MarkSubmitted", "Reverse",
		"Refund", "Advise", "Check",
	} {
		require.True(t, names[protoreflect.Name(call+"Request")], "%sRequest", call)
		require.True(t, names[protoreflect.Name(call+"Response")], "%sResponse", call)
	}
}

// anyMessage draws a message: each of its fields may be set, and what is within may be empty, nil or negative.
func anyMessage(t *rapid.T, mt protoreflect.MessageType, strange bool) proto.Message {
	m := mt.New()
	fillMessage(t, m, strange)
	return m.Interface()
}

func fillMessage(t *rapid.T, m protoreflect.Message, strange bool) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if !rapid.Bool().Draw(t, string(fd.Name())) {
			continue
		}
		if !fd.IsList() {
			m.Set(fd, anyValue(t, fd, m.NewField(fd), strange))
			continue
		}
		list := m.Mutable(fd).List()
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			element := protoreflect.Value{}
			if fd.Kind() == protoreflect.MessageKind {
				element = list.NewElement()
			}
			list.Append(anyValue(t, fd, element, strange))
		}
	}
	// What a well-known type has beside its fields is not sent on, as the package says.
	if strange && m.Descriptor().FullName().Parent() != "google.protobuf" && rapid.IntRange(0, 4).Draw(t, "unknown") == 0 {
		m.SetUnknown(anyUnknown(t))
	}
}

func anyValue(t *rapid.T, fd protoreflect.FieldDescriptor, message protoreflect.Value, strange bool) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.SampledFrom([]int32{0, 1, 2, 21, 300, -1, math.MinInt32}).Draw(t, "enum")))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "int32"))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, "int64"))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(rapid.Uint64().Draw(t, "uint64"))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(anyText(t))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "bytes"))
	case protoreflect.MessageKind:
		fillMessage(t, message.Message(), strange)
		return message
	}
	panic(fmt.Sprintf("fields of kind %s are new here", fd.Kind()))
}

func anyText(t *rapid.T) string {
	return rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9._:-]{0,64}`), rapid.StringN(0, 30, -1)).Draw(t, "text")
}

func anyUnknown(t *rapid.T) []byte {
	var b []byte
	for range rapid.IntRange(1, 3).Draw(t, "fields") {
		number := protowire.Number(rapid.SampledFrom([]int32{100, 127, 5000, int32(protowire.MaxValidNumber)}).Draw(t, "number"))
		switch rapid.IntRange(0, 4).Draw(t, "encoding") {
		case 0:
			b = protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), rapid.Uint64().Draw(t, "varint"))
		case 1:
			b = protowire.AppendFixed32(protowire.AppendTag(b, number, protowire.Fixed32Type), 7)
		case 2:
			b = protowire.AppendFixed64(protowire.AppendTag(b, number, protowire.Fixed64Type), 7)
		case 3:
			b = protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), []byte("\xff?"))
		case 4:
			b = protowire.AppendTag(protowire.AppendTag(b, number, protowire.StartGroupType), number, protowire.EndGroupType)
		}
	}
	return b
}

// eachCovered runs a property for every type by itself, so that a failure names it.
func eachCovered(t *testing.T, property func(*rapid.T, *codec.Codec, protoreflect.MessageType)) {
	c := codec.New()
	for _, mt := range covered {
		t.Run(string(mt.Descriptor().Name()), rapid.MakeCheck(func(t *rapid.T) { property(t, c, mt) }))
	}
}

func TestWhatIsEncodedIsWhatTheStandardDecodes(t *testing.T) {
	eachCovered(t, func(t *rapid.T, c *codec.Codec, mt protoreflect.MessageType) {
		m := anyMessage(t, mt, true)
		out, err := c.Marshal(m)
		require.NoError(t, err)
		again := mt.New().Interface()
		require.NoError(t, standard.Unmarshal(out, again))
		out.Free()
		require.True(t, proto.Equal(m, again), "%v\n%v", m, again)

		behind, err := c.Encode(m, 11)
		require.NoError(t, err)
		require.GreaterOrEqual(t, cap(behind)-len(behind), 11)
		require.Equal(t, proto.Size(m), len(behind))
		require.NoError(t, proto.Unmarshal(behind, again))
		require.True(t, proto.Equal(m, again), "%v\n%v", m, again)
	})
}

func TestWhatTheStandardEncodesIsDecoded(t *testing.T) {
	eachCovered(t, func(t *rapid.T, c *codec.Codec, mt protoreflect.MessageType) {
		m := anyMessage(t, mt, true)
		wire, err := proto.Marshal(m)
		require.NoError(t, err)
		again := anyMessage(t, mt, true) // what it had is forgotten
		require.NoError(t, c.Unmarshal(pieces(t, wire), again))
		clear(wire) // gRPC does as much: the bytes are another message's next
		require.True(t, proto.Equal(m, again), "%v\n%v", m, again)
	})
}

// pieces are the bytes in the one or two buffers in which they may come.
func pieces(t *rapid.T, b []byte) mem.BufferSlice {
	cut := rapid.IntRange(0, len(b)).Draw(t, "cut")
	if cut == 0 {
		return mem.BufferSlice{mem.SliceBuffer(b)}
	}
	return mem.BufferSlice{mem.SliceBuffer(b[:cut]), mem.SliceBuffer(b[cut:])}
}

// Two messages one after the other are one message with both merged, fields anew and lists continued.
func TestMergedMessagesAreDecodedAsTheStandardDoes(t *testing.T) {
	eachCovered(t, func(t *rapid.T, c *codec.Codec, mt protoreflect.MessageType) {
		wire, err := proto.Marshal(anyMessage(t, mt, false))
		require.NoError(t, err)
		wire, err = proto.MarshalOptions{}.MarshalAppend(wire, anyMessage(t, mt, false))
		require.NoError(t, err)
		same(t, c, mt, wire)
	})
}

// One byte in another's place is mostly malformed, and otherwise means something else.
func TestDamagedMessagesAreDecodedAsTheStandardDoes(t *testing.T) {
	eachCovered(t, func(t *rapid.T, c *codec.Codec, mt protoreflect.MessageType) {
		wire, err := proto.Marshal(anyMessage(t, mt, true))
		require.NoError(t, err)
		if len(wire) > 0 {
			wire[rapid.IntRange(0, len(wire)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
			wire = wire[:rapid.IntRange(0, len(wire)).Draw(t, "length")]
		}
		same(t, c, mt, wire)
	})
}

func FuzzUnmarshal(f *testing.F) {
	c := codec.New()
	for n, mt := range covered {
		for _, m := range []proto.Message{request(), response(), rapid.Custom(func(t *rapid.T) proto.Message {
			return anyMessage(t, mt, true)
		}).Example(n)} {
			wire, err := proto.Marshal(m)
			require.NoError(f, err)
			f.Add(n, wire)
		}
	}
	f.Fuzz(func(t *testing.T, n int, wire []byte) {
		same(t, c, covered[uint(n)%uint(len(covered))], wire)
	})
}

// same holds the codec to the standard one: both decode to the same, or both refuse for the same reason.
func same(t require.TestingT, c *codec.Codec, mt protoreflect.MessageType, wire []byte) {
	want, got := mt.New().Interface(), mt.New().Interface()
	wantErr := standard.Unmarshal(mem.BufferSlice{mem.SliceBuffer(wire)}, want)
	err := c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(bytes.Clone(wire))}, got)
	if wantErr != nil {
		require.EqualError(t, err, wantErr.Error())
		return
	}
	require.NoError(t, err)
	require.True(t, proto.Equal(want, got), "%x\n%v\n%v", wire, want, got)
}

func TestTextThatIsNotUTF8IsRefused(t *testing.T) {
	c := codec.New()
	const bad = "o-\xff"
	for name, m := range map[string]proto.Message{
		"a request":      &pb.AuthorizeRequest{RequestId: "r-1", OrderId: bad},
		"within":         &pb.AuthorizeStreamRequest{Call: &pb.AuthorizeStreamRequest_Void{Void: &pb.VoidRequest{RequestId: bad}}},
		"in a list":      &pb.Authorization{Captures: []*pb.CaptureRecord{{CaptureId: "cap_1"}, {CaptureId: bad}}},
		"behind numbers": &pb.AuthorizeResponse{Reasons: []pb.DeclineReason{17}, Authorization: &pb.Authorization{PhoneToken: bad}},
		"of an Any":      &pb.Fault{Details: []*anypb.Any{{TypeUrl: bad}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Marshal(m)
			require.ErrorContains(t, err, "invalid UTF-8")
			_, err = c.Encode(m, 0)
			require.ErrorContains(t, err, "invalid UTF-8")

			good := proto.CloneOf(m)
			wire, err := c.Encode(replaceText(good, bad, "o-?"), 0)
			require.NoError(t, err)
			require.NoError(t, c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(wire)}, good))
			wire = bytes.Replace(wire, []byte("o-?"), []byte(bad), 1)
			require.ErrorContains(t, c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(wire)}, good), "invalid UTF-8")
		})
	}
}

func replaceText(m proto.Message, old, with string) proto.Message {
	var replace func(protoreflect.Message)
	replace = func(m protoreflect.Message) {
		m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case fd.Kind() == protoreflect.StringKind && v.String() == old:
				m.Set(fd, protoreflect.ValueOfString(with))
			case fd.Kind() == protoreflect.MessageKind && fd.IsList():
				for i := range v.List().Len() {
					replace(v.List().Get(i).Message())
				}
			case fd.Kind() == protoreflect.MessageKind:
				replace(v.Message())
			}
			return true
		})
	}
	replace(m.ProtoReflect())
	return m
}

func TestTextMayBeInAnyScript(t *testing.T) {
	m := &pb.AuthorizeRequest{RequestId: "заявка", CarrierId: "中国移动", AccountId: string(rune(0x7f)), OrderId: "\U0010ffff"}
	got := new(pb.AuthorizeRequest)
	out, err := codec.New().Marshal(m)
	require.NoError(t, err)
	require.NoError(t, codec.New().Unmarshal(out, got))
	require.True(t, proto.Equal(m, got))
}

// Numbers beyond 64 bits, and tags and lengths in more bytes than they need, are told apart by nobody but this test.
func TestUnusualEncodings(t *testing.T) {
	c := codec.New()
	nine := bytes.Repeat([]byte{0xff}, 9)
	for name, wire := range map[string][]byte{
		"64 bits":            append(append([]byte{0x40}, nine...), 1),
		"65 bits":            append(append([]byte{0x40}, nine...), 2),
		"eleven bytes":       append(append([]byte{0x40}, nine...), 0x80, 0),
		"a zero to spare":    {0x40, 0x85, 0x80, 0x00},
		"a long tag":         {0xc0, 0x00, 0x05},
		"a long length":      {0x0a, 0x81, 0x00, 'r'},
		"another encoding":   {0x0d, 1, 2, 3, 4},
		"number 0":           {0x00, 0x05},
		"a number too large": {0x80, 0x80, 0x80, 0x80, 0x10, 0x05},
		"a group":            {0x0b, 0x0c},
		"a group in another": {0xa3, 0x06, 0xab, 0x06, 0xa4, 0x06, 0xac, 0x06},
		"unknown in known":   {0x5a, 0x02, 0x50, 0x01},
	} {
		t.Run(name, func(t *testing.T) { same(t, c, (*pb.AuthorizeRequest)(nil).ProtoReflect().Type(), wire) })
	}
	for name, wire := range map[string][]byte{
		"reasons one by one": {0x10, 0x11, 0x10, 0x12},
		"reasons in parts":   {0x12, 0x01, 0x11, 0x10, 0x12, 0x12, 0x01, 0x13},
		"a reason cut off":   {0x12, 0x02, 0x11, 0x81},
	} {
		t.Run(name, func(t *testing.T) { same(t, c, (*pb.AuthorizeResponse)(nil).ProtoReflect().Type(), wire) })
	}
}

func TestLargeMessages(t *testing.T) {
	c := codec.New()
	for _, n := range []int{100, 1000, 1024, 1100, 20_000, 300_000} {
		m := &pb.AuthorizeStreamRequest{Call: &pb.AuthorizeStreamRequest_Void{Void: &pb.VoidRequest{RequestId: string(bytes.Repeat([]byte("r"), n))}}}
		out, err := c.Marshal(m)
		require.NoError(t, err)
		got := new(pb.AuthorizeStreamRequest)
		require.NoError(t, c.Unmarshal(out, got))
		require.True(t, proto.Equal(m, got))
		out.Free()
	}
}

// A nil message is an empty one, to gRPC as well.
func TestNilAndEmpty(t *testing.T) {
	c := codec.New()
	for _, m := range []proto.Message{
		(*pb.AuthorizeRequest)(nil), &pb.AuthorizeRequest{}, &pb.AuthorizeStreamRequest{Call: &pb.AuthorizeStreamRequest_Authorize{}},
		&pb.Authorization{Captures: []*pb.CaptureRecord{nil, {}}}, &pb.AuthorizeRequest{HoldLifetime: &durationpb.Duration{}},
		&pb.Authorization{CreateTime: &timestamppb.Timestamp{}},
	} {
		want, err := proto.Marshal(m)
		require.NoError(t, err)
		out, err := c.Marshal(m)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, out.Materialize()), "%x", out.Materialize())
	}
}

func TestOtherMessagesAreTheStandards(t *testing.T) {
	c := codec.New()
	m := &pb.Account{AccountId: "acc_1", Limit: -1}
	out, err := c.Marshal(m)
	require.NoError(t, err)
	got := new(pb.Account)
	require.NoError(t, c.Unmarshal(out, got))
	require.True(t, proto.Equal(m, got))

	out, err = c.Marshal(new(emptypb.Empty))
	require.NoError(t, err)
	require.Zero(t, out.Len())
	require.Equal(t, standard.Name(), c.Name())

	_, err = c.Marshal("text")
	require.Error(t, err)
	require.Error(t, c.Unmarshal(out, new(string)))
}

// What is usual takes the fast way, and takes as few allocations as that has.
func TestAllocations(t *testing.T) {
	c := codec.New()
	for _, m := range []proto.Message{request(), response()} {
		out, err := c.Marshal(m)
		require.NoError(t, err)
		require.Equal(t, 2.0, testing.AllocsPerRun(100, func() { _, _ = c.Marshal(m) }))
		into := m.ProtoReflect().New().Interface()
		strings := testing.AllocsPerRun(100, func() { _ = standard.Unmarshal(out, into) })
		shared := testing.AllocsPerRun(100, func() { _ = c.Unmarshal(out, into) })
		require.Equal(t, strings-5, shared, "one copy in the place of %d strings", 6)
	}
}
