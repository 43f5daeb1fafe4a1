package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of ReconciliationService. What each means, and which errors it has, is documented with the service.

// recordsAtOnce is how many records a message carries.
const recordsAtOnce = 500

// Reconcile sends a carrier's records of a business date, and answers with what came of them. tell, unless it is nil, is told
// progress and each break meanwhile, from the goroutine of the call. An error that records yields ends the call with that error.
//
// It is one attempt: a call that failed is made again with the same header, and with all records from the first on. Then the
// server answers with the kept result, or begins again. Without a RequestId the header gets one. WithTimeout does not apply.
func (c *Client) Reconcile(ctx context.Context, header *holdfastv1.ReconcileHeader, records iter.Seq2[*holdfastv1.CarrierRecord, error],
	tell func(*holdfastv1.ReconcileResponse),
) (*holdfastv1.Reconciliation, error) {
	c.identify(&header.RequestId)
	ctx, cancel := context.WithCancelCause(ctx)
	c.fleet.begin(ctx, time.Time{})
	to := c.fleet.route("", nil, false)
	stream, err := holdfastv1.NewReconciliationServiceClient(to.conns).Reconcile(ctx)
	if err != nil {
		cancel(nil)
		return nil, reconcileError(header, err)
	}
	var sending sync.WaitGroup
	defer sending.Wait() // records are the caller's: nobody asks for more once the call has returned
	defer cancel(nil)
	sending.Go(func() {
		err := sendRecords(stream.Send, header, records)
		if err == nil {
			err = stream.CloseSend()
		}
		if err != nil && !errors.Is(err, io.EOF) { // which says that Recv tells why
			cancel(err)
		}
	})
	for {
		resp, err := stream.Recv()
		if err != nil {
			if why := context.Cause(ctx); why != nil && ctx.Err() != nil && !errors.Is(why, context.Canceled) {
				return nil, why // the records'
			}
			if errors.Is(err, io.EOF) {
				err = status.Error(codes.Unavailable, "the server ended without a summary")
			}
			return nil, reconcileError(header, err)
		}
		if summary := resp.GetSummary(); summary != nil {
			return summary, nil
		}
		if tell != nil {
			tell(resp)
		}
	}
}

func reconcileError(header *holdfastv1.ReconcileHeader, err error) error {
	return &Error{Method: "Reconcile", RequestID: header.GetRequestId(), Attempts: 1, status: status.Convert(err)}
}

// sendRecords sends the header, and then the records.
func sendRecords(send func(*holdfastv1.ReconcileRequest) error, header *holdfastv1.ReconcileHeader, records iter.Seq2[*holdfastv1.CarrierRecord, error]) error {
	if err := send(&holdfastv1.ReconcileRequest{Part: &holdfastv1.ReconcileRequest_Header{Header: proto.CloneOf(header)}}); err != nil {
		return err
	}
	batch := make([]*holdfastv1.CarrierRecord, 0, recordsAtOnce)
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := send(&holdfastv1.ReconcileRequest{Part: &holdfastv1.ReconcileRequest_Records{Records: &holdfastv1.CarrierRecords{Records: batch}}})
		batch = make([]*holdfastv1.CarrierRecord, 0, recordsAtOnce) // what was sent is not to be changed
		return err
	}
	for r, err := range records {
		if err != nil {
			return err
		}
		if batch = append(batch, r); len(batch) == recordsAtOnce {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// GetReconciliation reads a reconciliation.
func (c *Client) GetReconciliation(ctx context.Context, req *holdfastv1.GetReconciliationRequest) (*holdfastv1.GetReconciliationResponse, error) {
	return do(ctx, c, &getReconciliationMethod, req)
}

// ListReconciliations pages through the reconciliations of a carrier, newest first.
func (c *Client) ListReconciliations(ctx context.Context, req *holdfastv1.ListReconciliationsRequest) (*holdfastv1.ListReconciliationsResponse, error) {
	return do(ctx, c, &listReconciliationsMethod, req)
}

// ListBreaks pages through the breaks of a reconciliation.
func (c *Client) ListBreaks(ctx context.Context, req *holdfastv1.ListBreaksRequest) (*holdfastv1.ListBreaksResponse, error) {
	return do(ctx, c, &listBreaksMethod, req)
}

// ResolveBreak resolves a break. For operators.
func (c *Client) ResolveBreak(ctx context.Context, req *holdfastv1.ResolveBreakRequest) (*holdfastv1.ResolveBreakResponse, error) {
	return do(ctx, c, &resolveBreakMethod, req)
}

var (
	getReconciliationMethod = method[holdfastv1.GetReconciliationRequest, holdfastv1.GetReconciliationResponse]{
		name: "GetReconciliation",
		full: holdfastv1.ReconciliationService_GetReconciliation_FullMethodName,
	}
	listReconciliationsMethod = method[holdfastv1.ListReconciliationsRequest, holdfastv1.ListReconciliationsResponse]{
		name: "ListReconciliations",
		full: holdfastv1.ReconciliationService_ListReconciliations_FullMethodName,
	}
	listBreaksMethod = method[holdfastv1.ListBreaksRequest, holdfastv1.ListBreaksResponse]{
		name: "ListBreaks",
		full: holdfastv1.ReconciliationService_ListBreaks_FullMethodName,
	}
	resolveBreakMethod = method[holdfastv1.ResolveBreakRequest, holdfastv1.ResolveBreakResponse]{
		name:      "ResolveBreak",
		full:      holdfastv1.ReconciliationService_ResolveBreak_FullMethodName,
		requestID: func(r *holdfastv1.ResolveBreakRequest) *string { return &r.RequestId },
	}
)
