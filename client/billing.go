package client

import (
	"context"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of BillingService. What each means, and which errors it has, is documented with the service.

// GetBilling reads what an account owes as of today, and its newest statement.
func (c *Client) GetBilling(ctx context.Context, req *holdfastv1.GetBillingRequest) (
	*holdfastv1.GetBillingResponse, error,
) {
	return do(ctx, c, &getBillingMethod, req)
}

// GetStatement reads a statement with all its lines, and what has happened to its debt since.
func (c *Client) GetStatement(ctx context.Context, req *holdfastv1.GetStatementRequest) (
	*holdfastv1.GetStatementResponse, error,
) {
	return do(ctx, c, &getStatementMethod, req)
}

// ListStatements reads a page of the statements of an account, newest first.
func (c *Client) ListStatements(ctx context.Context, req *holdfastv1.ListStatementsRequest) (
	*holdfastv1.ListStatementsResponse, error,
) {
	return do(ctx, c, &listStatementsMethod, req)
}

// ListItems reads a page of what happened to what an account owes, newest first.
func (c *Client) ListItems(ctx context.Context, req *holdfastv1.ListItemsRequest) (
	*holdfastv1.ListItemsResponse, error,
) {
	return do(ctx, c, &listItemsMethod, req)
}

// GetPayoff reckons what pays everything off on a day.
func (c *Client) GetPayoff(ctx context.Context, req *holdfastv1.GetPayoffRequest) (
	*holdfastv1.GetPayoffResponse, error,
) {
	return do(ctx, c, &getPayoffMethod, req)
}

// Quote reckons what a purchase today would cost, with a plan its installments and annual rates.
func (c *Client) Quote(ctx context.Context, req *holdfastv1.QuoteRequest) (
	*holdfastv1.QuoteResponse, error,
) {
	return do(ctx, c, &quoteMethod, req)
}

// PostRepayment posts a payment. Principal that is repaid is free for new orders at once.
func (c *Client) PostRepayment(ctx context.Context, req *holdfastv1.PostRepaymentRequest) (
	*holdfastv1.PostRepaymentResponse, error,
) {
	return do(ctx, c, &postRepaymentMethod, req)
}

// ReverseRepayment takes a payment back that bounced.
func (c *Client) ReverseRepayment(ctx context.Context, req *holdfastv1.ReverseRepaymentRequest) (
	*holdfastv1.ReverseRepaymentResponse, error,
) {
	return do(ctx, c, &reverseRepaymentMethod, req)
}

// RefundCreditBalance records that the credit balance, or some of it, was paid out. For operators.
func (c *Client) RefundCreditBalance(ctx context.Context, req *holdfastv1.RefundCreditBalanceRequest) (
	*holdfastv1.RefundCreditBalanceResponse, error,
) {
	return do(ctx, c, &refundCreditBalanceMethod, req)
}

// ReportCollection tells what became of a collection. The same report again changes nothing.
func (c *Client) ReportCollection(ctx context.Context, req *holdfastv1.ReportCollectionRequest) (
	*holdfastv1.ReportCollectionResponse, error,
) {
	return do(ctx, c, &reportCollectionMethod, req)
}

// WaiveCharges takes back penalty, interest or fees of one window. For operators.
func (c *Client) WaiveCharges(ctx context.Context, req *holdfastv1.WaiveChargesRequest) (
	*holdfastv1.WaiveChargesResponse, error,
) {
	return do(ctx, c, &waiveChargesMethod, req)
}

// PausePenalty lets no penalty accrue between two days. For operators.
func (c *Client) PausePenalty(ctx context.Context, req *holdfastv1.PausePenaltyRequest) (
	*holdfastv1.PausePenaltyResponse, error,
) {
	return do(ctx, c, &pausePenaltyMethod, req)
}

// ReageDebt spreads all that is overdue over windows to come. For operators.
func (c *Client) ReageDebt(ctx context.Context, req *holdfastv1.ReageDebtRequest) (
	*holdfastv1.ReageDebtResponse, error,
) {
	return do(ctx, c, &reageDebtMethod, req)
}

// PlanStatement converts a statement to installments, before its due date.
func (c *Client) PlanStatement(ctx context.Context, req *holdfastv1.PlanStatementRequest) (
	*holdfastv1.PlanStatementResponse, error,
) {
	return do(ctx, c, &planStatementMethod, req)
}

// PayOffPlan bills all that is to come of a plan, or of all plans, with the window that is open.
func (c *Client) PayOffPlan(ctx context.Context, req *holdfastv1.PayOffPlanRequest) (
	*holdfastv1.PayOffPlanResponse, error,
) {
	return do(ctx, c, &payOffPlanMethod, req)
}

// AcceptTerms records that the consumer accepted a version of the terms.
func (c *Client) AcceptTerms(ctx context.Context, req *holdfastv1.AcceptTermsRequest) (
	*holdfastv1.AcceptTermsResponse, error,
) {
	return do(ctx, c, &acceptTermsMethod, req)
}

// SetStatementDay moves the day of the month on which windows open.
func (c *Client) SetStatementDay(ctx context.Context, req *holdfastv1.SetStatementDayRequest) (
	*holdfastv1.SetStatementDayResponse, error,
) {
	return do(ctx, c, &setStatementDayMethod, req)
}

// SetCollectionChannel says how what is due is collected from now on.
func (c *Client) SetCollectionChannel(ctx context.Context, req *holdfastv1.SetCollectionChannelRequest) (
	*holdfastv1.SetCollectionChannelResponse, error,
) {
	return do(ctx, c, &setCollectionChannelMethod, req)
}

// StreamCollections yields every collection that was issued after req.Cursor, oldest first, and goes on with new ones as
// they are issued. It streams again from the last one that was yielded whenever the stream breaks, as WatchEvents does,
// and ends as that does.
//
// Delivery is at least once. To go on after a restart, store the Cursor of each answer once its collection has been
// reported. Derive the request id of ReportCollection from the collection's id, so that what is collected twice for a
// lost cursor is reported once.
func (c *Client) StreamCollections(ctx context.Context, req *holdfastv1.StreamCollectionsRequest) iter.Seq2[
	*holdfastv1.StreamCollectionsResponse, error,
] {
	first := proto.CloneOf(req)
	if first == nil {
		first = new(holdfastv1.StreamCollectionsRequest)
	}
	return follow(ctx, c, "StreamCollections", first.Cursor, first.UntilNow, func(
		ctx context.Context, on grpc.ClientConnInterface, cursor string,
	) (
		grpc.ServerStreamingClient[holdfastv1.StreamCollectionsResponse], error,
	) {
		req := proto.CloneOf(first)
		req.Cursor = cursor
		return holdfastv1.NewBillingServiceClient(on).StreamCollections(ctx, req)
	}, func(resp *holdfastv1.StreamCollectionsResponse) *holdfastv1.StreamCollectionsResponse { return resp }, nil)
}

var (
	getBillingMethod = method[holdfastv1.GetBillingRequest, holdfastv1.GetBillingResponse]{
		name: "GetBilling",
		full: holdfastv1.BillingService_GetBilling_FullMethodName,
		key:  (*holdfastv1.GetBillingRequest).GetAccountId,
	}
	getStatementMethod = method[holdfastv1.GetStatementRequest, holdfastv1.GetStatementResponse]{
		name: "GetStatement",
		full: holdfastv1.BillingService_GetStatement_FullMethodName,
		key:  (*holdfastv1.GetStatementRequest).GetAccountId,
	}
	listStatementsMethod = method[holdfastv1.ListStatementsRequest, holdfastv1.ListStatementsResponse]{
		name: "ListStatements",
		full: holdfastv1.BillingService_ListStatements_FullMethodName,
		key:  (*holdfastv1.ListStatementsRequest).GetAccountId,
	}
	listItemsMethod = method[holdfastv1.ListItemsRequest, holdfastv1.ListItemsResponse]{
		name: "ListItems",
		full: holdfastv1.BillingService_ListItems_FullMethodName,
		key:  (*holdfastv1.ListItemsRequest).GetAccountId,
	}
	getPayoffMethod = method[holdfastv1.GetPayoffRequest, holdfastv1.GetPayoffResponse]{
		name: "GetPayoff",
		full: holdfastv1.BillingService_GetPayoff_FullMethodName,
		key:  (*holdfastv1.GetPayoffRequest).GetAccountId,
	}
	quoteMethod = method[holdfastv1.QuoteRequest, holdfastv1.QuoteResponse]{
		name: "Quote",
		full: holdfastv1.BillingService_Quote_FullMethodName,
		key:  (*holdfastv1.QuoteRequest).GetAccountId,
	}
	postRepaymentMethod = method[holdfastv1.PostRepaymentRequest, holdfastv1.PostRepaymentResponse]{
		name:      "PostRepayment",
		full:      holdfastv1.BillingService_PostRepayment_FullMethodName,
		key:       (*holdfastv1.PostRepaymentRequest).GetAccountId,
		requestID: func(r *holdfastv1.PostRepaymentRequest) *string { return &r.RequestId },
	}
	reverseRepaymentMethod = method[holdfastv1.ReverseRepaymentRequest, holdfastv1.ReverseRepaymentResponse]{
		name:      "ReverseRepayment",
		full:      holdfastv1.BillingService_ReverseRepayment_FullMethodName,
		key:       (*holdfastv1.ReverseRepaymentRequest).GetRepaymentId,
		requestID: func(r *holdfastv1.ReverseRepaymentRequest) *string { return &r.RequestId },
	}
	refundCreditBalanceMethod = method[holdfastv1.RefundCreditBalanceRequest, holdfastv1.RefundCreditBalanceResponse]{
		name:      "RefundCreditBalance",
		full:      holdfastv1.BillingService_RefundCreditBalance_FullMethodName,
		key:       (*holdfastv1.RefundCreditBalanceRequest).GetAccountId,
		requestID: func(r *holdfastv1.RefundCreditBalanceRequest) *string { return &r.RequestId },
	}
	reportCollectionMethod = method[holdfastv1.ReportCollectionRequest, holdfastv1.ReportCollectionResponse]{
		name:      "ReportCollection",
		full:      holdfastv1.BillingService_ReportCollection_FullMethodName,
		key:       (*holdfastv1.ReportCollectionRequest).GetCollectionId,
		requestID: func(r *holdfastv1.ReportCollectionRequest) *string { return &r.RequestId },
	}
	waiveChargesMethod = method[holdfastv1.WaiveChargesRequest, holdfastv1.WaiveChargesResponse]{
		name:      "WaiveCharges",
		full:      holdfastv1.BillingService_WaiveCharges_FullMethodName,
		key:       (*holdfastv1.WaiveChargesRequest).GetAccountId,
		requestID: func(r *holdfastv1.WaiveChargesRequest) *string { return &r.RequestId },
	}
	pausePenaltyMethod = method[holdfastv1.PausePenaltyRequest, holdfastv1.PausePenaltyResponse]{
		name:      "PausePenalty",
		full:      holdfastv1.BillingService_PausePenalty_FullMethodName,
		key:       (*holdfastv1.PausePenaltyRequest).GetAccountId,
		requestID: func(r *holdfastv1.PausePenaltyRequest) *string { return &r.RequestId },
	}
	reageDebtMethod = method[holdfastv1.ReageDebtRequest, holdfastv1.ReageDebtResponse]{
		name:      "ReageDebt",
		full:      holdfastv1.BillingService_ReageDebt_FullMethodName,
		key:       (*holdfastv1.ReageDebtRequest).GetAccountId,
		requestID: func(r *holdfastv1.ReageDebtRequest) *string { return &r.RequestId },
	}
	planStatementMethod = method[holdfastv1.PlanStatementRequest, holdfastv1.PlanStatementResponse]{
		name:      "PlanStatement",
		full:      holdfastv1.BillingService_PlanStatement_FullMethodName,
		key:       (*holdfastv1.PlanStatementRequest).GetAccountId,
		requestID: func(r *holdfastv1.PlanStatementRequest) *string { return &r.RequestId },
	}
	payOffPlanMethod = method[holdfastv1.PayOffPlanRequest, holdfastv1.PayOffPlanResponse]{
		name:      "PayOffPlan",
		full:      holdfastv1.BillingService_PayOffPlan_FullMethodName,
		key:       (*holdfastv1.PayOffPlanRequest).GetAccountId,
		requestID: func(r *holdfastv1.PayOffPlanRequest) *string { return &r.RequestId },
	}
	acceptTermsMethod = method[holdfastv1.AcceptTermsRequest, holdfastv1.AcceptTermsResponse]{
		name:      "AcceptTerms",
		full:      holdfastv1.BillingService_AcceptTerms_FullMethodName,
		key:       (*holdfastv1.AcceptTermsRequest).GetAccountId,
		requestID: func(r *holdfastv1.AcceptTermsRequest) *string { return &r.RequestId },
	}
	setStatementDayMethod = method[holdfastv1.SetStatementDayRequest, holdfastv1.SetStatementDayResponse]{
		name:      "SetStatementDay",
		full:      holdfastv1.BillingService_SetStatementDay_FullMethodName,
		key:       (*holdfastv1.SetStatementDayRequest).GetAccountId,
		requestID: func(r *holdfastv1.SetStatementDayRequest) *string { return &r.RequestId },
	}
	setCollectionChannelMethod = method[holdfastv1.SetCollectionChannelRequest, holdfastv1.SetCollectionChannelResponse]{
		name:      "SetCollectionChannel",
		full:      holdfastv1.BillingService_SetCollectionChannel_FullMethodName,
		key:       (*holdfastv1.SetCollectionChannelRequest).GetAccountId,
		requestID: func(r *holdfastv1.SetCollectionChannelRequest) *string { return &r.RequestId },
	}
)
