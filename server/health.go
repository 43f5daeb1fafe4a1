package server

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// healthServices are what can be asked about: the server as a whole, and each of its services.
var healthServices = []string{
	"",
	holdfastv1.AuthorizationService_ServiceDesc.ServiceName,
	holdfastv1.AccountService_ServiceDesc.ServiceName,
	holdfastv1.BillingService_ServiceDesc.ServiceName,
	holdfastv1.PointsService_ServiceDesc.ServiceName,
	holdfastv1.TermsService_ServiceDesc.ServiceName,
	holdfastv1.EventService_ServiceDesc.ServiceName,
	holdfastv1.AdminService_ServiceDesc.ServiceName,
}

// Health is the standard gRPC health service. It begins with NOT_SERVING, and ends with it: after Drain nothing else is
// ever answered.
type Health struct {
	server *health.Server
}

// NewHealth puts the service on a server. It says NOT_SERVING.
func NewHealth(s grpc.ServiceRegistrar) *Health {
	h := &Health{server: health.NewServer()}
	h.SetNotServing()
	grpc_health_v1.RegisterHealthServer(s, h.server)
	return h
}

// SetServing says that calls are answered.
func (h *Health) SetServing() { h.set(grpc_health_v1.HealthCheckResponse_SERVING) }

// SetNotServing says that calls are not answered for now, because a shard is starting.
func (h *Health) SetNotServing() { h.set(grpc_health_v1.HealthCheckResponse_NOT_SERVING) }

func (h *Health) set(status grpc_health_v1.HealthCheckResponse_ServingStatus) {
	for _, service := range healthServices {
		h.server.SetServingStatus(service, status)
	}
}

// Drain says, for good, that new calls should go elsewhere. Those who watch are told at once.
func (h *Health) Drain() { h.server.Shutdown() }
