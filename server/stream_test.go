package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// onStream is a request on a stream.
func onStream(id uint64, r *holdfastv1.AuthorizeRequest) *holdfastv1.AuthorizeStreamRequest {
	return &holdfastv1.AuthorizeStreamRequest{CorrelationId: id, Call: &holdfastv1.AuthorizeStreamRequest_Authorize{Authorize: r}}
}

// TestStreamAnswersEverythingOnce sends good and bad requests with correlation ids in no order and closes its side:
// each is answered once, the bad ones with the fault that the unary call has, and then the stream ends well.
func TestStreamAnswersEverythingOnce(t *testing.T) {
	for _, shards := range []int{1, fourShards} {
		b := serveBook(t, Config{Shards: shards})
		a := b.account(1e6)
		stream, err := b.AuthorizeStream(t.Context())
		require.NoError(t, err)
		const requests = 300
		correlation := func(i int) uint64 { return uint64(i*7919%requests) << 40 }
		reasons := map[uint64]string{}
		for i := range requests {
			m := onStream(correlation(i), orderOf(a, fmt.Sprintf("s-%d", i), fmt.Sprintf("o-%d", i), 1))
			switch i % 6 {
			case 1:
				m.GetAuthorize().Amount, reasons[m.GetCorrelationId()] = -1, "INVALID_REQUEST"
			case 2:
				m.GetAuthorize().Currency, reasons[m.GetCorrelationId()] = "USD", "CURRENCY_MISMATCH"
			case 3:
				m.Call, reasons[m.GetCorrelationId()] = nil, "INVALID_REQUEST"
			case 4:
				m.Call = &holdfastv1.AuthorizeStreamRequest_Authorize{} // a call without a body
				reasons[m.GetCorrelationId()] = "INVALID_REQUEST"
			}
			require.NoError(t, stream.Send(m))
		}
		require.NoError(t, stream.CloseSend())
		answered := map[uint64]bool{}
		for {
			m, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.False(t, answered[m.GetCorrelationId()])
			answered[m.GetCorrelationId()] = true
			if reason := reasons[m.GetCorrelationId()]; reason == "" {
				require.NotEmpty(t, m.GetAuthorize().GetAuthorization().GetAuthorizationId(), "%v", m)
			} else {
				_, got := reasonFrom(t, statusOf(m.GetFault()))
				require.Equal(t, reason, got)
			}
		}
		require.Len(t, answered, requests)
		b.sound()
	}
}

// statusOf is a fault of a stream as the error of a unary call.
func statusOf(f *holdfastv1.Fault) error {
	p := status.New(codes.Code(f.GetCode()), f.GetMessage()).Proto()
	p.Details = f.GetDetails()
	return status.FromProto(p).Err()
}

// TestStreamAndUnaryAreOne sends the same request both ways: the second gets the first one's answer.
func TestStreamAndUnaryAreOne(t *testing.T) {
	b := serveBook(t, Config{})
	a := b.account(1e6)
	stream, err := b.AuthorizeStream(t.Context())
	require.NoError(t, err)
	ask := func(m *holdfastv1.AuthorizeStreamRequest) *holdfastv1.AuthorizeResponse {
		require.NoError(t, stream.Send(m))
		answer, err := stream.Recv()
		require.NoError(t, err)
		return answer.GetAuthorize()
	}
	for i := range 20 {
		r := orderOf(a, fmt.Sprintf("r-%d", i), fmt.Sprintf("o-%d", i), 5)
		var first, second *holdfastv1.AuthorizeResponse
		if i%2 == 0 {
			first = ask(onStream(1, r))
			second, err = b.Authorize(t.Context(), r)
			require.NoError(t, err)
		} else {
			first, err = b.Authorize(t.Context(), r)
			require.NoError(t, err)
			second = ask(onStream(2, r))
		}
		require.False(t, first.GetReplayed())
		require.True(t, second.GetReplayed())
		require.Equal(t, first.GetAuthorization().String(), second.GetAuthorization().String())
		require.Equal(t, first.GetHeadroom().String(), second.GetHeadroom().String())
	}
	again := ask(onStream(3, orderOf(a, "r-1", "o-other", 5)))
	require.Nil(t, again, "another body under an old request id")
}

// TestCancelledStreamLosesNothing breaks a stream in the middle. What was answered stays so, and all that was sent can be
// sent again: every order is carried out exactly once.
func TestCancelledStreamLosesNothing(t *testing.T) {
	b := serveBook(t, Config{})
	a := b.account(1e9)
	const requests = 2000
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := b.AuthorizeStream(ctx)
	require.NoError(t, err)
	go func() {
		for i := range requests {
			if stream.Send(onStream(uint64(i), orderOf(a, fmt.Sprintf("r-%d", i), fmt.Sprintf("o-%d", i), 1))) != nil {
				return
			}
		}
	}()
	told := map[uint64]string{}
	for range 40 {
		m, err := stream.Recv()
		require.NoError(t, err)
		told[m.GetCorrelationId()] = m.GetAuthorize().GetAuthorization().GetAuthorizationId()
	}
	cancel()
	replayed, declined := 0, 0
	for i := range requests {
		resp, err := b.Authorize(t.Context(), orderOf(a, fmt.Sprintf("r-%d", i), fmt.Sprintf("o-%d", i), 1))
		require.NoError(t, err)
		if resp.GetReplayed() {
			replayed++
		}
		if resp.GetDecision() == holdfastv1.Decision_DECISION_DECLINED {
			declined++ // for the number of holds
		}
		if id := told[uint64(i)]; id != "" {
			require.True(t, resp.GetReplayed())
			require.Equal(t, id, resp.GetAuthorization().GetAuthorizationId())
		}
	}
	require.GreaterOrEqual(t, replayed, 40)
	got, err := b.GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()})
	require.NoError(t, err)
	require.Equal(t, int64(requests-declined), got.GetAccount().GetHeld())
	b.sound()
}

// TestShutdownEndsIdleStreams does not wait for gateways that keep their streams open.
func TestShutdownEndsIdleStreams(t *testing.T) {
	b := serveBook(t, Config{Drain: time.Minute})
	a := b.account(1e6)
	stream, err := b.AuthorizeStream(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.Send(onStream(1, orderOf(a, "r", "o", 1))))
	_, err = stream.Recv()
	require.NoError(t, err)
	begun := time.Now()
	require.NoError(t, b.server.Shutdown())
	require.Less(t, time.Since(begun), 20*time.Second)
	_, err = stream.Recv()
	requireReason(t, err, codes.Unavailable, "DRAINING")
}
