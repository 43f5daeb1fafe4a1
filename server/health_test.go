package server

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

func TestHealth(t *testing.T) {
	callers, faults := parseCallers([]byte("- {name: gw, role: gateway, token_sha256: " + digestOf("secret") + "}"))
	require.Empty(t, faults)
	s := serveEdge(t, EdgeConfig{Callers: callers}, &standIn{})
	ctx := testContext(t)
	client := grpc_health_v1.NewHealthClient(s.dial(t)) // it has no token: health is open to everybody
	everywhere := func(want grpc_health_v1.HealthCheckResponse_ServingStatus) {
		t.Helper()
		for _, service := range healthServices {
			got, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
			require.NoError(t, err)
			require.Equal(t, want, got.GetStatus(), "service %q", service)
		}
	}
	watch, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: "holdfast.v1.AuthorizationService"})
	require.NoError(t, err)
	next := func() grpc_health_v1.HealthCheckResponse_ServingStatus {
		t.Helper()
		got, err := watch.Recv()
		require.NoError(t, err)
		return got.GetStatus()
	}

	everywhere(grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, next())
	s.health.SetServing()
	everywhere(grpc_health_v1.HealthCheckResponse_SERVING)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, next())
	s.health.SetNotServing()
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, next())
	s.health.SetServing()
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, next())
	s.health.Drain()
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, next())
	s.health.SetServing()
	everywhere(grpc_health_v1.HealthCheckResponse_NOT_SERVING) // draining is for good

	_, err = client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "holdfast.v1.NoService"})
	require.Equal(t, codes.NotFound, status.Code(err))
	list, err := client.List(context.Background(), &grpc_health_v1.HealthListRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetStatuses(), len(healthServices))
}
