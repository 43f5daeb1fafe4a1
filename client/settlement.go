package client

import (
	"context"
	"errors"
	"io"
	"iter"

	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of SettlementService. What each means, and which errors it has, is documented with the service.

// CloseSettlement closes a settlement by hand. For operators.
func (c *Client) CloseSettlement(ctx context.Context, req *holdfastv1.CloseSettlementRequest) (*holdfastv1.CloseSettlementResponse, error) {
	return do(ctx, c, &closeSettlementMethod, req)
}

// GetSettlement reads a settlement.
func (c *Client) GetSettlement(ctx context.Context, req *holdfastv1.GetSettlementRequest) (*holdfastv1.GetSettlementResponse, error) {
	return do(ctx, c, &getSettlementMethod, req)
}

// ListSettlements reads the settlements of a carrier in a currency, newest first.
func (c *Client) ListSettlements(ctx context.Context, req *holdfastv1.ListSettlementsRequest) (*holdfastv1.ListSettlementsResponse, error) {
	return do(ctx, c, &listSettlementsMethod, req)
}

// GetUnsettled reads what is payable to a carrier and in no settlement yet.
func (c *Client) GetUnsettled(ctx context.Context, req *holdfastv1.GetUnsettledRequest) (*holdfastv1.GetUnsettledResponse, error) {
	return do(ctx, c, &getUnsettledMethod, req)
}

// ConfirmSettlement records that a settlement was paid. For operators.
func (c *Client) ConfirmSettlement(ctx context.Context, req *holdfastv1.ConfirmSettlementRequest) (*holdfastv1.ConfirmSettlementResponse, error) {
	return do(ctx, c, &confirmSettlementMethod, req)
}

// ExportSettlement yields the lines of a settlement and last the control, or the pieces of a file. When the stream breaks it ends
// with one *Error: what was yielded is not whole then. An export says the same whenever it is asked, so begin again. WithTimeout
// does not apply.
func (c *Client) ExportSettlement(ctx context.Context, req *holdfastv1.ExportSettlementRequest) iter.Seq2[*holdfastv1.ExportSettlementResponse, error] {
	return func(yield func(*holdfastv1.ExportSettlementResponse, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := holdfastv1.NewSettlementServiceClient(c.fleet.seed().conns).ExportSettlement(ctx, req)
		for err == nil {
			var resp *holdfastv1.ExportSettlementResponse
			if resp, err = stream.Recv(); err == nil && !yield(resp, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(nil, &Error{Method: "ExportSettlement", Attempts: 1, status: status.Convert(err)})
		}
	}
}

var (
	closeSettlementMethod = method[holdfastv1.CloseSettlementRequest, holdfastv1.CloseSettlementResponse]{
		name:      "CloseSettlement",
		full:      holdfastv1.SettlementService_CloseSettlement_FullMethodName,
		requestID: func(r *holdfastv1.CloseSettlementRequest) *string { return &r.RequestId },
	}
	getSettlementMethod = method[holdfastv1.GetSettlementRequest, holdfastv1.GetSettlementResponse]{
		name: "GetSettlement",
		full: holdfastv1.SettlementService_GetSettlement_FullMethodName,
	}
	listSettlementsMethod = method[holdfastv1.ListSettlementsRequest, holdfastv1.ListSettlementsResponse]{
		name: "ListSettlements",
		full: holdfastv1.SettlementService_ListSettlements_FullMethodName,
	}
	getUnsettledMethod = method[holdfastv1.GetUnsettledRequest, holdfastv1.GetUnsettledResponse]{
		name: "GetUnsettled",
		full: holdfastv1.SettlementService_GetUnsettled_FullMethodName,
	}
	confirmSettlementMethod = method[holdfastv1.ConfirmSettlementRequest, holdfastv1.ConfirmSettlementResponse]{
		name:      "ConfirmSettlement",
		full:      holdfastv1.SettlementService_ConfirmSettlement_FullMethodName,
		requestID: func(r *holdfastv1.ConfirmSettlementRequest) *string { return &r.RequestId },
	}
)
