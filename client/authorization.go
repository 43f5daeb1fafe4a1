package client

import (
	"context"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of AuthorizationService. What each means, and which errors it has, is documented with the service; what all
// have in common, with this package. Those that AuthorizeStream can carry go over the pooled streams if there are any.

// Check asks whether an order would be approved now. It reserves nothing and promises nothing.
func (c *Client) Check(ctx context.Context, req *holdfastv1.CheckRequest) (
	*holdfastv1.CheckResponse, error,
) {
	return do(ctx, c, &checkMethod, req)
}

// Authorize decides on an order and, if approved, holds its amount. A decline is an answer, not an error.
func (c *Client) Authorize(ctx context.Context, req *holdfastv1.AuthorizeRequest) (
	*holdfastv1.AuthorizeResponse, error,
) {
	return do(ctx, c, &authorizeMethod, req)
}

// Increment adds to an open hold, decided like a new order of the added amount.
func (c *Client) Increment(ctx context.Context, req *holdfastv1.IncrementRequest) (
	*holdfastv1.IncrementResponse, error,
) {
	return do(ctx, c, &incrementMethod, req)
}

// Extend moves the expiry of an open hold.
func (c *Client) Extend(ctx context.Context, req *holdfastv1.ExtendRequest) (
	*holdfastv1.ExtendResponse, error,
) {
	return do(ctx, c, &extendMethod, req)
}

// MarkSubmitted says that the carrier has the order and the outcome is open, so that the hold does not expire.
func (c *Client) MarkSubmitted(ctx context.Context, req *holdfastv1.MarkSubmittedRequest) (
	*holdfastv1.MarkSubmittedResponse, error,
) {
	return do(ctx, c, &markSubmittedMethod, req)
}

// Capture posts an amount of a hold: the sale took place. Once approved it is never refused for limits or status.
func (c *Client) Capture(ctx context.Context, req *holdfastv1.CaptureRequest) (
	*holdfastv1.CaptureResponse, error,
) {
	return do(ctx, c, &captureMethod, req)
}

// Charge authorizes and captures in one step.
func (c *Client) Charge(ctx context.Context, req *holdfastv1.ChargeRequest) (
	*holdfastv1.ChargeResponse, error,
) {
	return do(ctx, c, &chargeMethod, req)
}

// Void releases what is left of a hold, or a part of it.
func (c *Client) Void(ctx context.Context, req *holdfastv1.VoidRequest) (
	*holdfastv1.VoidResponse, error,
) {
	return do(ctx, c, &voidMethod, req)
}

// Reverse undoes an order whatever its state, and refuses it should it still be under way.
func (c *Client) Reverse(ctx context.Context, req *holdfastv1.ReverseRequest) (
	*holdfastv1.ReverseResponse, error,
) {
	return do(ctx, c, &reverseMethod, req)
}

// Refund gives back a captured amount, in part and several times.
func (c *Client) Refund(ctx context.Context, req *holdfastv1.RefundRequest) (
	*holdfastv1.RefundResponse, error,
) {
	return do(ctx, c, &refundMethod, req)
}

// Advise records a sale that was completed while the core could not be reached.
func (c *Client) Advise(ctx context.Context, req *holdfastv1.AdviseRequest) (
	*holdfastv1.AdviseResponse, error,
) {
	return do(ctx, c, &adviseMethod, req)
}

// GetAuthorization reads one authorization by its id.
func (c *Client) GetAuthorization(ctx context.Context, req *holdfastv1.GetAuthorizationRequest) (
	*holdfastv1.GetAuthorizationResponse, error,
) {
	return do(ctx, c, &getAuthorizationMethod, req)
}

// LookupOrder reads the latest authorization of an order of this caller. NOT_FOUND, reason ORDER_NOT_FOUND, says
// that nothing is durable yet, not that nothing will be: see the package documentation on timeouts.
func (c *Client) LookupOrder(ctx context.Context, req *holdfastv1.LookupOrderRequest) (
	*holdfastv1.LookupOrderResponse, error,
) {
	return do(ctx, c, &lookupOrderMethod, req)
}

// ListAuthorizations reads a page of the authorizations of an account, newest first.
func (c *Client) ListAuthorizations(ctx context.Context, req *holdfastv1.ListAuthorizationsRequest) (
	*holdfastv1.ListAuthorizationsResponse, error,
) {
	return do(ctx, c, &listAuthorizationsMethod, req)
}

var (
	checkMethod = method[holdfastv1.CheckRequest, holdfastv1.CheckResponse]{
		name: "Check",
		full: holdfastv1.AuthorizationService_Check_FullMethodName,
		key:  (*holdfastv1.CheckRequest).GetAccountId,
		wrap: func(r *holdfastv1.CheckRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Check{Check: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetCheck,
	}
	authorizeMethod = method[holdfastv1.AuthorizeRequest, holdfastv1.AuthorizeResponse]{
		name:      "Authorize",
		full:      holdfastv1.AuthorizationService_Authorize_FullMethodName,
		key:       (*holdfastv1.AuthorizeRequest).GetAccountId,
		requestID: func(r *holdfastv1.AuthorizeRequest) *string { return &r.RequestId },
		wrap: func(r *holdfastv1.AuthorizeRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Authorize{Authorize: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetAuthorize,
	}
	incrementMethod = method[holdfastv1.IncrementRequest, holdfastv1.IncrementResponse]{
		name:      "Increment",
		full:      holdfastv1.AuthorizationService_Increment_FullMethodName,
		key:       (*holdfastv1.IncrementRequest).GetAuthorizationId,
		requestID: func(r *holdfastv1.IncrementRequest) *string { return &r.RequestId },
		wrap: func(r *holdfastv1.IncrementRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Increment{Increment: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetIncrement,
	}
	extendMethod = method[holdfastv1.ExtendRequest, holdfastv1.ExtendResponse]{
		name:      "Extend",
		full:      holdfastv1.AuthorizationService_Extend_FullMethodName,
		key:       (*holdfastv1.ExtendRequest).GetAuthorizationId,
		requestID: func(r *holdfastv1.ExtendRequest) *string { return &r.RequestId },
		wrap: func(r *holdfastv1.ExtendRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Extend{Extend: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetExtend,
	}
	markSubmittedMethod = method[holdfastv1.MarkSubmittedRequest, holdfastv1.MarkSubmittedResponse]{
		name:      "MarkSubmitted",
		full:      holdfastv1.AuthorizationService_MarkSubmitted_FullMethodName,
		key:       (*holdfastv1.MarkSubmittedRequest).GetAuthorizationId,
		requestID: func(r *holdfastv1.MarkSubmittedRequest) *string { return &r.RequestId },
		wrap: func(r *holdfastv1.MarkSubmittedRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_MarkSubmitted{MarkSubmitted: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetMarkSubmitted,
	}
	captureMethod = method[holdfastv1.CaptureRequest, holdfastv1.CaptureResponse]{
		name:      "Capture",
		full:      holdfastv1.AuthorizationService_Capture_FullMethodName,
		key:       (*holdfastv1.CaptureRequest).GetAuthorizationId,
		requestID: func(r *holdfastv1.CaptureRequest) *string { return &r.RequestId },
		wrap: func(r *holdfastv1.CaptureRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Capture{Capture: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetCapture,
	}
	chargeMethod = method[holdfastv1.ChargeRequest, holdfastv1.ChargeResponse]{
		name:      "Charge",
		full:      holdfastv1.AuthorizationService_Charge_FullMethodName,
		key:       (*holdfastv1.ChargeRequest).GetAccountId,
		requestID: func(r *holdfastv1.ChargeRequest) *string { return &r.RequestId },
		wrap: func(r *holdfastv1.ChargeRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Charge{Charge: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetCharge,
	}
	voidMethod = method[holdfastv1.VoidRequest, holdfastv1.VoidResponse]{
		name:      "Void",
		full:      holdfastv1.AuthorizationService_Void_FullMethodName,
		key:       (*holdfastv1.VoidRequest).GetAuthorizationId,
		requestID: func(r *holdfastv1.VoidRequest) *string { return &r.RequestId },
		wrap: func(r *holdfastv1.VoidRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Void{Void: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetVoid,
	}
	reverseMethod = method[holdfastv1.ReverseRequest, holdfastv1.ReverseResponse]{
		name:      "Reverse",
		full:      holdfastv1.AuthorizationService_Reverse_FullMethodName,
		key:       (*holdfastv1.ReverseRequest).GetAccountId,
		requestID: func(r *holdfastv1.ReverseRequest) *string { return &r.RequestId },
		wrap: func(r *holdfastv1.ReverseRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Reverse{Reverse: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetReverse,
	}
	refundMethod = method[holdfastv1.RefundRequest, holdfastv1.RefundResponse]{
		name:      "Refund",
		full:      holdfastv1.AuthorizationService_Refund_FullMethodName,
		key:       (*holdfastv1.RefundRequest).GetAuthorizationId,
		requestID: func(r *holdfastv1.RefundRequest) *string { return &r.RequestId },
		wrap: func(r *holdfastv1.RefundRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Refund{Refund: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetRefund,
	}
	adviseMethod = method[holdfastv1.AdviseRequest, holdfastv1.AdviseResponse]{
		name:      "Advise",
		full:      holdfastv1.AuthorizationService_Advise_FullMethodName,
		key:       (*holdfastv1.AdviseRequest).GetAccountId,
		requestID: func(r *holdfastv1.AdviseRequest) *string { return &r.RequestId },
		wrap: func(r *holdfastv1.AdviseRequest) *holdfastv1.AuthorizeStreamRequest {
			return &holdfastv1.AuthorizeStreamRequest{Call: &holdfastv1.AuthorizeStreamRequest_Advise{Advise: r}}
		},
		answer: (*holdfastv1.AuthorizeStreamResponse).GetAdvise,
	}
	getAuthorizationMethod = method[holdfastv1.GetAuthorizationRequest, holdfastv1.GetAuthorizationResponse]{
		name: "GetAuthorization",
		full: holdfastv1.AuthorizationService_GetAuthorization_FullMethodName,
		key:  (*holdfastv1.GetAuthorizationRequest).GetAuthorizationId,
	}
	lookupOrderMethod = method[holdfastv1.LookupOrderRequest, holdfastv1.LookupOrderResponse]{
		name: "LookupOrder",
		full: holdfastv1.AuthorizationService_LookupOrder_FullMethodName,
	}
	listAuthorizationsMethod = method[holdfastv1.ListAuthorizationsRequest, holdfastv1.ListAuthorizationsResponse]{
		name: "ListAuthorizations",
		full: holdfastv1.AuthorizationService_ListAuthorizations_FullMethodName,
		key:  (*holdfastv1.ListAuthorizationsRequest).GetAccountId,
	}
)
