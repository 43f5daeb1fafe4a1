package codec_test

import (
	"testing"

	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/holdfast-credit/holdfast/proto/codec"
	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// request and response are what a gateway sends and gets for an order that is approved.
func request() *pb.AuthorizeStreamRequest {
	return &pb.AuthorizeStreamRequest{CorrelationId: 7<<32 | 113, Call: &pb.AuthorizeStreamRequest_Authorize{Authorize: &pb.AuthorizeRequest{
		RequestId: "01944f1e-2c7a-7d3e-9b1a-5f0c9d2e8a41", AccountId: "acc_0000000018342", Scene: pb.Scene_SCENE_TOPUP,
		OrderId: "o-20261122-000018342-7", CarrierId: "cmcc", PhoneToken: "p-8613900018342", Currency: "CNY", Amount: 10_000,
		HoldLifetime: durationpb.New(3600e9),
	}}}
}

func response() *pb.AuthorizeStreamResponse {
	return &pb.AuthorizeStreamResponse{CorrelationId: 7<<32 | 113, Answer: &pb.AuthorizeStreamResponse_Authorize{Authorize: &pb.AuthorizeResponse{
		Decision: pb.Decision_DECISION_APPROVED,
		Authorization: &pb.Authorization{
			AuthorizationId: "auth_00000000183420000007", AccountId: "acc_0000000018342", Scene: pb.Scene_SCENE_TOPUP,
			State: pb.AuthorizationState_AUTHORIZATION_STATE_HELD, OrderId: "o-20261122-000018342-7", CarrierId: "cmcc",
			PhoneToken: "p-8613900018342", Currency: "CNY", RequestedAmount: 10_000, AuthorizedAmount: 10_000, HeldAmount: 10_000,
			CreateTime: &timestamppb.Timestamp{Seconds: 1795334400, Nanos: 123456789},
			ExpireTime: &timestamppb.Timestamp{Seconds: 1795338000, Nanos: 123456789},
			UpdateTime: &timestamppb.Timestamp{Seconds: 1795334400, Nanos: 123456789},
		},
		Headroom: &pb.Headroom{
			Limit: 500_000, Held: 30_000, Posted: 120_000, Available: 350_000,
			AccountLimit: 800_000, AccountHeld: 40_000, AccountPosted: 200_000,
		},
	}}}
}

func eachCodec(b *testing.B, run func(*testing.B, encoding.CodecV2)) {
	b.Run("standard", func(b *testing.B) { run(b, encoding.GetCodecV2(codec.Name)) })
	b.Run("fast", func(b *testing.B) { run(b, codec.New()) })
}

func benchmarkMarshal(b *testing.B, m proto.Message) {
	eachCodec(b, func(b *testing.B, c encoding.CodecV2) {
		b.ReportAllocs()
		for b.Loop() {
			out, err := c.Marshal(m)
			if err != nil {
				b.Fatal(err)
			}
			out.Free()
		}
	})
}

func benchmarkUnmarshal[T any](b *testing.B, m proto.Message) {
	wire, err := proto.Marshal(m)
	if err != nil {
		b.Fatal(err)
	}
	in := mem.BufferSlice{mem.SliceBuffer(wire)}
	eachCodec(b, func(b *testing.B, c encoding.CodecV2) {
		b.ReportAllocs()
		for b.Loop() {
			if err := c.Unmarshal(in, new(T)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkMarshalRequest(b *testing.B)  { benchmarkMarshal(b, request()) }
func BenchmarkMarshalResponse(b *testing.B) { benchmarkMarshal(b, response()) }

func BenchmarkUnmarshalRequest(b *testing.B) {
	benchmarkUnmarshal[pb.AuthorizeStreamRequest](b, request())
}

func BenchmarkUnmarshalResponse(b *testing.B) {
	benchmarkUnmarshal[pb.AuthorizeStreamResponse](b, response())
}
