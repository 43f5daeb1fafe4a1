package client

import (
	"context"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of BundleService. What each means, and which errors it has, is documented with the service.

// PutBundleOffer makes an offer of a bundle, changes it or withdraws it. For operators and the carrier's principals.
func (c *Client) PutBundleOffer(ctx context.Context, req *holdfastv1.PutBundleOfferRequest) (*holdfastv1.PutBundleOfferResponse, error) {
	return do(ctx, c, &putBundleOfferMethod, req)
}

// GetBundleOffer reads a version of an offer.
func (c *Client) GetBundleOffer(ctx context.Context, req *holdfastv1.GetBundleOfferRequest) (*holdfastv1.GetBundleOfferResponse, error) {
	return do(ctx, c, &getBundleOfferMethod, req)
}

// ListBundleOffers reads what is offered, by one carrier or by all.
func (c *Client) ListBundleOffers(ctx context.Context, req *holdfastv1.ListBundleOffersRequest) (*holdfastv1.ListBundleOffersResponse, error) {
	return do(ctx, c, &listBundleOffersMethod, req)
}

// GetBundle reads a contract: its offer, its plan, and until when the device may be returned.
func (c *Client) GetBundle(ctx context.Context, req *holdfastv1.GetBundleRequest) (*holdfastv1.GetBundleResponse, error) {
	return do(ctx, c, &getBundleMethod, req)
}

// CancelBundle records that the carrier cancelled a contract. For operators and the carrier's principals.
func (c *Client) CancelBundle(ctx context.Context, req *holdfastv1.CancelBundleRequest) (*holdfastv1.CancelBundleResponse, error) {
	return do(ctx, c, &cancelBundleMethod, req)
}

// ReturnBundle undoes a contract whose device came back within its cooling-off days.
func (c *Client) ReturnBundle(ctx context.Context, req *holdfastv1.ReturnBundleRequest) (*holdfastv1.ReturnBundleResponse, error) {
	return do(ctx, c, &returnBundleMethod, req)
}

var (
	putBundleOfferMethod = method[holdfastv1.PutBundleOfferRequest, holdfastv1.PutBundleOfferResponse]{
		name:      "PutBundleOffer",
		full:      holdfastv1.BundleService_PutBundleOffer_FullMethodName,
		requestID: func(r *holdfastv1.PutBundleOfferRequest) *string { return &r.RequestId },
	}
	getBundleOfferMethod = method[holdfastv1.GetBundleOfferRequest, holdfastv1.GetBundleOfferResponse]{
		name: "GetBundleOffer",
		full: holdfastv1.BundleService_GetBundleOffer_FullMethodName,
	}
	listBundleOffersMethod = method[holdfastv1.ListBundleOffersRequest, holdfastv1.ListBundleOffersResponse]{
		name: "ListBundleOffers",
		full: holdfastv1.BundleService_ListBundleOffers_FullMethodName,
	}
	getBundleMethod = method[holdfastv1.GetBundleRequest, holdfastv1.GetBundleResponse]{
		name: "GetBundle",
		full: holdfastv1.BundleService_GetBundle_FullMethodName,
		key:  (*holdfastv1.GetBundleRequest).GetAuthorizationId,
	}
	cancelBundleMethod = method[holdfastv1.CancelBundleRequest, holdfastv1.CancelBundleResponse]{
		name:      "CancelBundle",
		full:      holdfastv1.BundleService_CancelBundle_FullMethodName,
		key:       (*holdfastv1.CancelBundleRequest).GetAuthorizationId,
		requestID: func(r *holdfastv1.CancelBundleRequest) *string { return &r.RequestId },
	}
	returnBundleMethod = method[holdfastv1.ReturnBundleRequest, holdfastv1.ReturnBundleResponse]{
		name:      "ReturnBundle",
		full:      holdfastv1.BundleService_ReturnBundle_FullMethodName,
		key:       (*holdfastv1.ReturnBundleRequest).GetAuthorizationId,
		requestID: func(r *holdfastv1.ReturnBundleRequest) *string { return &r.RequestId },
	}
)
