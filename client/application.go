package client

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of RiskService on applications, consents and reviews. What each means, and which errors it has, is documented with
// the service.

// SubmitApplication asks for an account: the answer is an offer, or a decline with reasons.
func (c *Client) SubmitApplication(ctx context.Context, req *holdfastv1.SubmitApplicationRequest) (*holdfastv1.SubmitApplicationResponse, error) {
	return do(ctx, c, &submitApplicationMethod, req)
}

// ScoreOnly reckons what SubmitApplication would answer, and keeps nothing.
func (c *Client) ScoreOnly(ctx context.Context, req *holdfastv1.ScoreOnlyRequest) (*holdfastv1.ScoreOnlyResponse, error) {
	return do(ctx, c, &scoreOnlyMethod, req)
}

// AcceptOffer accepts an offer: the account opens with its lines, or its limits are raised.
func (c *Client) AcceptOffer(ctx context.Context, req *holdfastv1.AcceptOfferRequest) (*holdfastv1.AcceptOfferResponse, error) {
	return do(ctx, c, &acceptOfferMethod, req)
}

// WithdrawOffer ends an offer that the consumer does not want.
func (c *Client) WithdrawOffer(ctx context.Context, req *holdfastv1.WithdrawOfferRequest) (*holdfastv1.WithdrawOfferResponse, error) {
	return do(ctx, c, &withdrawOfferMethod, req)
}

// WithdrawConsent ends a consent, and the open offer that was made with it.
func (c *Client) WithdrawConsent(ctx context.Context, req *holdfastv1.WithdrawConsentRequest) (*holdfastv1.WithdrawConsentResponse, error) {
	return do(ctx, c, &withdrawConsentMethod, req)
}

// RequestLimitReview scores the consumer of an account again: a higher limit is an offer, a lower one takes effect.
func (c *Client) RequestLimitReview(ctx context.Context, req *holdfastv1.RequestLimitReviewRequest) (*holdfastv1.RequestLimitReviewResponse, error) {
	return do(ctx, c, &requestLimitReviewMethod, req)
}

// RequestHumanReview asks that a person look at a decision.
func (c *Client) RequestHumanReview(ctx context.Context, req *holdfastv1.RequestHumanReviewRequest) (*holdfastv1.RequestHumanReviewResponse, error) {
	return do(ctx, c, &requestHumanReviewMethod, req)
}

// ResolveReview records what the person found. For operators.
func (c *Client) ResolveReview(ctx context.Context, req *holdfastv1.ResolveReviewRequest) (*holdfastv1.ResolveReviewResponse, error) {
	return do(ctx, c, &resolveReviewMethod, req)
}

// GetReview reads a review, with the application that it is about.
func (c *Client) GetReview(ctx context.Context, req *holdfastv1.GetReviewRequest) (*holdfastv1.GetReviewResponse, error) {
	return do(ctx, c, &getReviewMethod, req)
}

// ListReviews reads a page of reviews. For operators.
func (c *Client) ListReviews(ctx context.Context, req *holdfastv1.ListReviewsRequest) (*holdfastv1.ListReviewsResponse, error) {
	return do(ctx, c, &listReviewsMethod, req)
}

// GetApplication reads an application as it is now.
func (c *Client) GetApplication(ctx context.Context, req *holdfastv1.GetApplicationRequest) (*holdfastv1.GetApplicationResponse, error) {
	return do(ctx, c, &getApplicationMethod, req)
}

// ExplainDecision tells why an application or an order was decided as it was.
func (c *Client) ExplainDecision(ctx context.Context, req *holdfastv1.ExplainDecisionRequest) (*holdfastv1.ExplainDecisionResponse, error) {
	return do(ctx, c, &explainDecisionMethod, req)
}

// EraseConsumer takes away what law does not oblige to keep, and tells what is kept. For operators.
func (c *Client) EraseConsumer(ctx context.Context, req *holdfastv1.EraseConsumerRequest) (*holdfastv1.EraseConsumerResponse, error) {
	return do(ctx, c, &eraseConsumerMethod, req)
}

// ExportConsumer yields all that is held on a consumer's token, a record each. The last one is a note: without it there was an
// error, which is yielded. Nothing is tried again: what was yielded would come twice. For operators.
func (c *Client) ExportConsumer(ctx context.Context, req *holdfastv1.ExportConsumerRequest) iter.Seq2[*holdfastv1.ExportConsumerResponse, error] {
	return func(yield func(*holdfastv1.ExportConsumerResponse, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		c.fleet.begin(ctx, time.Time{})
		stream, err := holdfastv1.NewRiskServiceClient(c.fleet.route("", nil, false).conns).ExportConsumer(ctx, req)
		for err == nil {
			var record *holdfastv1.ExportConsumerResponse
			if record, err = stream.Recv(); err == nil && !yield(record, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(nil, &Error{Method: "ExportConsumer", Attempts: 1, status: status.Convert(err)})
		}
	}
}

var (
	submitApplicationMethod = method[holdfastv1.SubmitApplicationRequest, holdfastv1.SubmitApplicationResponse]{
		name:      "SubmitApplication",
		full:      holdfastv1.RiskService_SubmitApplication_FullMethodName,
		requestID: func(r *holdfastv1.SubmitApplicationRequest) *string { return &r.RequestId },
	}
	scoreOnlyMethod = method[holdfastv1.ScoreOnlyRequest, holdfastv1.ScoreOnlyResponse]{
		name: "ScoreOnly",
		full: holdfastv1.RiskService_ScoreOnly_FullMethodName,
	}
	acceptOfferMethod = method[holdfastv1.AcceptOfferRequest, holdfastv1.AcceptOfferResponse]{
		name:      "AcceptOffer",
		full:      holdfastv1.RiskService_AcceptOffer_FullMethodName,
		key:       (*holdfastv1.AcceptOfferRequest).GetApplicationId,
		requestID: func(r *holdfastv1.AcceptOfferRequest) *string { return &r.RequestId },
	}
	withdrawOfferMethod = method[holdfastv1.WithdrawOfferRequest, holdfastv1.WithdrawOfferResponse]{
		name:      "WithdrawOffer",
		full:      holdfastv1.RiskService_WithdrawOffer_FullMethodName,
		key:       (*holdfastv1.WithdrawOfferRequest).GetApplicationId,
		requestID: func(r *holdfastv1.WithdrawOfferRequest) *string { return &r.RequestId },
	}
	withdrawConsentMethod = method[holdfastv1.WithdrawConsentRequest, holdfastv1.WithdrawConsentResponse]{
		name:      "WithdrawConsent",
		full:      holdfastv1.RiskService_WithdrawConsent_FullMethodName,
		requestID: func(r *holdfastv1.WithdrawConsentRequest) *string { return &r.RequestId },
	}
	requestLimitReviewMethod = method[holdfastv1.RequestLimitReviewRequest, holdfastv1.RequestLimitReviewResponse]{
		name:      "RequestLimitReview",
		full:      holdfastv1.RiskService_RequestLimitReview_FullMethodName,
		key:       (*holdfastv1.RequestLimitReviewRequest).GetAccountId,
		requestID: func(r *holdfastv1.RequestLimitReviewRequest) *string { return &r.RequestId },
	}
	requestHumanReviewMethod = method[holdfastv1.RequestHumanReviewRequest, holdfastv1.RequestHumanReviewResponse]{
		name: "RequestHumanReview",
		full: holdfastv1.RiskService_RequestHumanReview_FullMethodName,
		key: func(r *holdfastv1.RequestHumanReviewRequest) string {
			return cmp.Or(r.GetApplicationId(), r.GetAuthorizationId(), r.GetAccountId())
		},
		requestID: func(r *holdfastv1.RequestHumanReviewRequest) *string { return &r.RequestId },
	}
	resolveReviewMethod = method[holdfastv1.ResolveReviewRequest, holdfastv1.ResolveReviewResponse]{
		name:      "ResolveReview",
		full:      holdfastv1.RiskService_ResolveReview_FullMethodName,
		key:       (*holdfastv1.ResolveReviewRequest).GetReviewId,
		requestID: func(r *holdfastv1.ResolveReviewRequest) *string { return &r.RequestId },
	}
	getReviewMethod = method[holdfastv1.GetReviewRequest, holdfastv1.GetReviewResponse]{
		name: "GetReview",
		full: holdfastv1.RiskService_GetReview_FullMethodName,
		key:  (*holdfastv1.GetReviewRequest).GetReviewId,
	}
	listReviewsMethod = method[holdfastv1.ListReviewsRequest, holdfastv1.ListReviewsResponse]{
		name: "ListReviews",
		full: holdfastv1.RiskService_ListReviews_FullMethodName,
	}
	getApplicationMethod = method[holdfastv1.GetApplicationRequest, holdfastv1.GetApplicationResponse]{
		name: "GetApplication",
		full: holdfastv1.RiskService_GetApplication_FullMethodName,
		key:  (*holdfastv1.GetApplicationRequest).GetApplicationId,
	}
	explainDecisionMethod = method[holdfastv1.ExplainDecisionRequest, holdfastv1.ExplainDecisionResponse]{
		name: "ExplainDecision",
		full: holdfastv1.RiskService_ExplainDecision_FullMethodName,
		key: func(r *holdfastv1.ExplainDecisionRequest) string {
			return cmp.Or(r.GetApplicationId(), r.GetAuthorizationId())
		},
	}
	eraseConsumerMethod = method[holdfastv1.EraseConsumerRequest, holdfastv1.EraseConsumerResponse]{
		name:      "EraseConsumer",
		full:      holdfastv1.RiskService_EraseConsumer_FullMethodName,
		requestID: func(r *holdfastv1.EraseConsumerRequest) *string { return &r.RequestId },
	}
)
