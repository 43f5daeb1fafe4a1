package client

import (
	"context"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of PointsService. What each means, and which errors it has, is documented with the service.

// GrantPoints gives points to a consumer on behalf of a partner. For operators.
func (c *Client) GrantPoints(ctx context.Context, req *holdfastv1.GrantPointsRequest) (*holdfastv1.GrantPointsResponse, error) {
	return do(ctx, c, &grantPointsMethod, req)
}

// GetPoints reads the points of an account as they are now.
func (c *Client) GetPoints(ctx context.Context, req *holdfastv1.GetPointsRequest) (*holdfastv1.GetPointsResponse, error) {
	return do(ctx, c, &getPointsMethod, req)
}

// ListPointsItems lists what changed the points of an account, newest first.
func (c *Client) ListPointsItems(ctx context.Context, req *holdfastv1.ListPointsItemsRequest) (*holdfastv1.ListPointsItemsResponse, error) {
	return do(ctx, c, &listPointsItemsMethod, req)
}

var (
	grantPointsMethod = method[holdfastv1.GrantPointsRequest, holdfastv1.GrantPointsResponse]{
		name:      "GrantPoints",
		full:      holdfastv1.PointsService_GrantPoints_FullMethodName,
		key:       (*holdfastv1.GrantPointsRequest).GetAccountId,
		requestID: func(r *holdfastv1.GrantPointsRequest) *string { return &r.RequestId },
	}
	getPointsMethod = method[holdfastv1.GetPointsRequest, holdfastv1.GetPointsResponse]{
		name: "GetPoints",
		full: holdfastv1.PointsService_GetPoints_FullMethodName,
		key:  (*holdfastv1.GetPointsRequest).GetAccountId,
	}
	listPointsItemsMethod = method[holdfastv1.ListPointsItemsRequest, holdfastv1.ListPointsItemsResponse]{
		name: "ListPointsItems",
		full: holdfastv1.PointsService_ListPointsItems_FullMethodName,
		key:  (*holdfastv1.ListPointsItemsRequest).GetAccountId,
	}
)
