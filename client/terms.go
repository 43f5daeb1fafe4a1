package client

import (
	"context"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of TermsService. What each means, and which errors it has, is documented with the service.

// PutTerms adds a version of the terms. An error names everything that is wrong with the document. For operators.
func (c *Client) PutTerms(ctx context.Context, req *holdfastv1.PutTermsRequest) (
	*holdfastv1.PutTermsResponse, error,
) {
	return do(ctx, c, &putTermsMethod, req)
}

// GetTerms reads a version of the terms with its document.
func (c *Client) GetTerms(ctx context.Context, req *holdfastv1.GetTermsRequest) (
	*holdfastv1.GetTermsResponse, error,
) {
	return do(ctx, c, &getTermsMethod, req)
}

// ListTerms reads all versions of the terms, oldest first, without their documents.
func (c *Client) ListTerms(ctx context.Context, req *holdfastv1.ListTermsRequest) (
	*holdfastv1.ListTermsResponse, error,
) {
	return do(ctx, c, &listTermsMethod, req)
}

var (
	putTermsMethod = method[holdfastv1.PutTermsRequest, holdfastv1.PutTermsResponse]{
		name:      "PutTerms",
		full:      holdfastv1.TermsService_PutTerms_FullMethodName,
		requestID: func(r *holdfastv1.PutTermsRequest) *string { return &r.RequestId },
	}
	getTermsMethod = method[holdfastv1.GetTermsRequest, holdfastv1.GetTermsResponse]{
		name: "GetTerms",
		full: holdfastv1.TermsService_GetTerms_FullMethodName,
	}
	listTermsMethod = method[holdfastv1.ListTermsRequest, holdfastv1.ListTermsResponse]{
		name: "ListTerms",
		full: holdfastv1.TermsService_ListTerms_FullMethodName,
	}
)
