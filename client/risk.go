package client

import (
	"context"

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
