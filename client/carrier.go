package client

import (
	"context"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of CarrierService. What each means, and which errors it has, is documented with the service.

// PutCarrier registers a carrier, or changes what was agreed with it. For operators.
func (c *Client) PutCarrier(ctx context.Context, req *holdfastv1.PutCarrierRequest) (*holdfastv1.PutCarrierResponse, error) {
	return do(ctx, c, &putCarrierMethod, req)
}

// GetCarrier reads a version of a carrier, with whether it is suspended.
func (c *Client) GetCarrier(ctx context.Context, req *holdfastv1.GetCarrierRequest) (*holdfastv1.GetCarrierResponse, error) {
	return do(ctx, c, &getCarrierMethod, req)
}

// ListCarriers reads what is agreed with each carrier.
func (c *Client) ListCarriers(ctx context.Context, req *holdfastv1.ListCarriersRequest) (*holdfastv1.ListCarriersResponse, error) {
	return do(ctx, c, &listCarriersMethod, req)
}

// GetUsage tells what there was of a carrier, day by day. It is a call of UsageService.
func (c *Client) GetUsage(ctx context.Context, req *holdfastv1.GetUsageRequest) (*holdfastv1.GetUsageResponse, error) {
	return do(ctx, c, &getUsageMethod, req)
}

var (
	getUsageMethod = method[holdfastv1.GetUsageRequest, holdfastv1.GetUsageResponse]{
		name: "GetUsage",
		full: holdfastv1.UsageService_GetUsage_FullMethodName,
	}
	putCarrierMethod = method[holdfastv1.PutCarrierRequest, holdfastv1.PutCarrierResponse]{
		name:      "PutCarrier",
		full:      holdfastv1.CarrierService_PutCarrier_FullMethodName,
		requestID: func(r *holdfastv1.PutCarrierRequest) *string { return &r.RequestId },
	}
	getCarrierMethod = method[holdfastv1.GetCarrierRequest, holdfastv1.GetCarrierResponse]{
		name: "GetCarrier",
		full: holdfastv1.CarrierService_GetCarrier_FullMethodName,
	}
	listCarriersMethod = method[holdfastv1.ListCarriersRequest, holdfastv1.ListCarriersResponse]{
		name: "ListCarriers",
		full: holdfastv1.CarrierService_ListCarriers_FullMethodName,
	}
)
