package client

import (
	"context"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of RiskService. What each means, and which errors it has, is documented with the service.

// PutPolicy adds a version of the risk policy. An error names everything that is wrong with the document. For operators.
func (c *Client) PutPolicy(ctx context.Context, req *holdfastv1.PutPolicyRequest) (*holdfastv1.PutPolicyResponse, error) {
	return do(ctx, c, &putPolicyMethod, req)
}

// ActivatePolicy says from when on a version of the risk policy is in force, or is the shadow. For operators.
func (c *Client) ActivatePolicy(ctx context.Context, req *holdfastv1.ActivatePolicyRequest) (*holdfastv1.ActivatePolicyResponse, error) {
	return do(ctx, c, &activatePolicyMethod, req)
}

// GetPolicy reads a version of the risk policy with its document.
func (c *Client) GetPolicy(ctx context.Context, req *holdfastv1.GetPolicyRequest) (*holdfastv1.GetPolicyResponse, error) {
	return do(ctx, c, &getPolicyMethod, req)
}

// ListPolicies reads all versions of the risk policy without their documents, and which are in force.
func (c *Client) ListPolicies(ctx context.Context, req *holdfastv1.ListPoliciesRequest) (*holdfastv1.ListPoliciesResponse, error) {
	return do(ctx, c, &listPoliciesMethod, req)
}

// WatchAlerts yields every alert that was raised after req.Cursor, oldest first, and goes on with new ones as they are raised.
// It watches again from the last one that was yielded whenever the stream breaks, as WatchEvents does, and ends as that does.
//
// Delivery is at least once. To go on after a restart, store the Cursor of each answer once its alert has been dealt with. Who
// sets req.TellProgress is yielded answers without an alert as well, which say how far the journal has been read.
func (c *Client) WatchAlerts(ctx context.Context, req *holdfastv1.WatchAlertsRequest) iter.Seq2[*holdfastv1.WatchAlertsResponse, error] {
	first := proto.CloneOf(req)
	if first == nil {
		first = new(holdfastv1.WatchAlertsRequest)
	}
	var bare func(*holdfastv1.WatchAlertsResponse) bool
	if !first.TellProgress {
		first.TellProgress = true
		bare = func(resp *holdfastv1.WatchAlertsResponse) bool { return resp.GetAlert() == nil }
	}
	return follow(ctx, c, "WatchAlerts", first.Cursor, first.UntilNow, func(
		ctx context.Context, on grpc.ClientConnInterface, cursor string,
	) (
		grpc.ServerStreamingClient[holdfastv1.WatchAlertsResponse], error,
	) {
		req := proto.CloneOf(first)
		req.Cursor = cursor
		return holdfastv1.NewRiskServiceClient(on).WatchAlerts(ctx, req)
	}, func(resp *holdfastv1.WatchAlertsResponse) *holdfastv1.WatchAlertsResponse { return resp }, bare)
}

var (
	putPolicyMethod = method[holdfastv1.PutPolicyRequest, holdfastv1.PutPolicyResponse]{
		name:      "PutPolicy",
		full:      holdfastv1.RiskService_PutPolicy_FullMethodName,
		requestID: func(r *holdfastv1.PutPolicyRequest) *string { return &r.RequestId },
	}
	activatePolicyMethod = method[holdfastv1.ActivatePolicyRequest, holdfastv1.ActivatePolicyResponse]{
		name:      "ActivatePolicy",
		full:      holdfastv1.RiskService_ActivatePolicy_FullMethodName,
		requestID: func(r *holdfastv1.ActivatePolicyRequest) *string { return &r.RequestId },
	}
	getPolicyMethod = method[holdfastv1.GetPolicyRequest, holdfastv1.GetPolicyResponse]{
		name: "GetPolicy",
		full: holdfastv1.RiskService_GetPolicy_FullMethodName,
	}
	listPoliciesMethod = method[holdfastv1.ListPoliciesRequest, holdfastv1.ListPoliciesResponse]{
		name: "ListPolicies",
		full: holdfastv1.RiskService_ListPolicies_FullMethodName,
	}
)
