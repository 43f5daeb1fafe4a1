package server

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

var incidentID = regexp.MustCompile(`inc_[0-9a-f]{12}`)

func valueOf(t *testing.T, c prometheus.Metric) float64 {
	t.Helper()
	var m dto.Metric
	require.NoError(t, c.Write(&m))
	return m.GetCounter().GetValue() + m.GetGauge().GetValue()
}

func TestPanicBecomesAnIncident(t *testing.T) {
	calls := 0
	s := serveEdge(t, EdgeConfig{}, &standIn{
		authorize: func(_ context.Context, r *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error) {
			if calls++; calls == 1 {
				panic(fmt.Sprintf("no room for %s", r.GetPhoneToken()))
			}
			return &holdfastv1.AuthorizeResponse{}, nil
		},
		stream: func(holdfastv1.AuthorizationService_AuthorizeStreamServer) error {
			var broken map[string]int
			broken["x"]++
			return nil
		},
	})
	ctx, client := testContext(t), s.client(t)

	_, err := client.Authorize(ctx, &holdfastv1.AuthorizeRequest{PhoneToken: "ph-secret"})
	require.Equal(t, codes.Internal, status.Code(err))
	require.Equal(t, "INTERNAL", errorInfo(t, err))
	require.NotContains(t, err.Error(), "no room")
	id := incidentID.FindString(err.Error())
	require.NotEmpty(t, id)
	line := s.log.line(t, id, "a call panicked", "no room for [token]", "caller=local", "Authorize")
	require.Contains(t, line, "recovery_test.go", "the stack is that of the panic")
	require.NotContains(t, line, "ph-secret")

	_, err = client.Authorize(ctx, &holdfastv1.AuthorizeRequest{})
	require.NoError(t, err, "the server goes on")

	stream, err := client.AuthorizeStream(ctx)
	require.NoError(t, err)
	_, err = stream.Recv()
	require.Equal(t, codes.Internal, status.Code(err))
	s.log.line(t, incidentID.FindString(err.Error()), "nil map")
	require.Equal(t, 2.0, valueOf(t, s.metrics.panics))
}

func TestErrorWithoutAStatus(t *testing.T) {
	var fails error
	s := serveEdge(t, EdgeConfig{}, &standIn{
		authorize: func(context.Context, *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error) {
			return nil, fails
		},
	})
	for _, c := range []struct {
		name string
		err  error
		code codes.Code
	}{
		{"a status is passed on", failed(codes.NotFound, "ACCOUNT_NOT_FOUND", "no such account"), codes.NotFound},
		{"also when wrapped", fmt.Errorf("x: %w", failed(codes.NotFound, "ACCOUNT_NOT_FOUND", "")), codes.NotFound},
		{"a context's end is what it is", fmt.Errorf("x: %w", context.DeadlineExceeded), codes.DeadlineExceeded},
		{"anything else is a bug", errors.New("/var/lib/secret: no such file"), codes.Internal},
	} {
		t.Run(c.name, func(t *testing.T) {
			fails = c.err
			_, err := s.client(t).Authorize(testContext(t), &holdfastv1.AuthorizeRequest{})
			require.Equal(t, c.code, status.Code(err))
			if c.code == codes.Internal {
				require.NotContains(t, err.Error(), "secret")
				s.log.line(t, incidentID.FindString(err.Error()), "/var/lib/secret")
			}
		})
	}
}
