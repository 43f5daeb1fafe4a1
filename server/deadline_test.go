package server

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

func TestDefaultDeadline(t *testing.T) {
	left := make(chan time.Duration, 1)
	tell := func(ctx context.Context) {
		deadline, ok := ctx.Deadline()
		if !ok {
			left <- -1
			return
		}
		left <- time.Until(deadline)
	}
	s := serveEdge(t, EdgeConfig{}, &standIn{
		authorize: func(ctx context.Context, _ *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error) {
			tell(ctx)
			return &holdfastv1.AuthorizeResponse{}, nil
		},
		stream: func(stream holdfastv1.AuthorizationService_AuthorizeStreamServer) error {
			tell(stream.Context())
			return nil
		},
	})
	client := s.client(t)
	begun := time.Now()
	about := func(want time.Duration) {
		t.Helper()
		require.InDelta(t, want.Seconds(), (<-left).Seconds(), 1+time.Since(begun).Seconds())
		begun = time.Now()
	}

	_, err := client.Authorize(testContext(t), &holdfastv1.AuthorizeRequest{})
	require.NoError(t, err)
	about(DefaultDeadline)

	for _, sent := range []time.Duration{2 * time.Second, time.Minute} {
		ctx, cancel := context.WithTimeout(context.Background(), sent)
		_, err = client.Authorize(ctx, &holdfastv1.AuthorizeRequest{})
		cancel()
		require.NoError(t, err)
		about(sent)
	}

	stream, err := client.AuthorizeStream(testContext(t))
	require.NoError(t, err)
	_, _ = stream.Recv()
	require.Equal(t, time.Duration(-1), <-left, "a stream has no default deadline")
}

func TestDeadlineEndsTheCall(t *testing.T) {
	wait := func(ctx context.Context, _ *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error) {
		<-ctx.Done()
		return nil, submitStatus(ctx.Err())
	}
	s := serveEdge(t, EdgeConfig{Deadline: 50 * time.Millisecond}, &standIn{authorize: wait})
	_, err := s.client(t).Authorize(testContext(t), &holdfastv1.AuthorizeRequest{})
	require.Equal(t, codes.DeadlineExceeded, status.Code(err))
	require.Equal(t, "DEADLINE_EXCEEDED", errorInfo(t, err))
	s.log.line(t, "level=WARN", "code=DeadlineExceeded")
}
