package server

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestConnectionsAge has connections end after a moment: no call notices.
func TestConnectionsAge(t *testing.T) {
	peers := map[string]bool{}
	s := serveEdge(t, EdgeConfig{MaxConnectionAge: 50 * time.Millisecond}, &standIn{
		authorize: func(ctx context.Context, _ *holdfastv1.AuthorizeRequest) (*holdfastv1.AuthorizeResponse, error) {
			p, _ := peer.FromContext(ctx)
			peers[p.Addr.String()] = true
			return &holdfastv1.AuthorizeResponse{}, nil
		},
	})
	client := s.client(t)
	for end := time.Now().Add(20 * time.Second); len(peers) < 3 && time.Now().Before(end); {
		_, err := client.Authorize(testContext(t), &holdfastv1.AuthorizeRequest{})
		require.NoError(t, err)
		time.Sleep(time.Millisecond)
	}
	require.GreaterOrEqual(t, len(peers), 3, "connections that the client had to make")
}

func TestMessageSizeIsBounded(t *testing.T) {
	s := serveEdge(t, EdgeConfig{}, &standIn{})
	_, err := s.client(t).Authorize(testContext(t), &holdfastv1.AuthorizeRequest{OrderId: strings.Repeat("x", 256<<10)})
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
	_, err = s.client(t).Authorize(testContext(t), &holdfastv1.AuthorizeRequest{OrderId: strings.Repeat("x", 255<<10)})
	require.NoError(t, err)
}

func TestTracing(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	s := serveEdge(t, EdgeConfig{Tracing: true, Tracer: tracer}, &standIn{})
	_, err := s.client(t).Authorize(testContext(t), &holdfastv1.AuthorizeRequest{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(spans.GetSpans()) == 1 }, patience, 5*time.Millisecond)
	require.Equal(t, "holdfast.v1.AuthorizationService/Authorize", spans.GetSpans()[0].Name)
}

func TestTracingConfigured(t *testing.T) {
	for _, name := range []string{"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		t.Setenv(name, "")
	}
	require.False(t, TracingConfigured())
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317")
	require.True(t, TracingConfigured())
	t.Setenv("OTEL_TRACES_EXPORTER", "none")
	require.False(t, TracingConfigured())
	t.Setenv("OTEL_TRACES_EXPORTER", "otlp")
	t.Setenv("OTEL_SDK_DISABLED", "true")
	require.False(t, TracingConfigured())

	tracer, err := NewTracer(context.Background(), "http://127.0.0.1:1")
	require.NoError(t, err, "the collector need not be there")
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = tracer.Shutdown(ctx)
}
