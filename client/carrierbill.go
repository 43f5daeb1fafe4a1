package client

import (
	"context"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of CarrierBillService. What each means, and which errors it has, is documented with the service.

// ListCollectionBatches reads what a carrier has to collect on its own bill, by currency and month.
func (c *Client) ListCollectionBatches(ctx context.Context, req *holdfastv1.ListCollectionBatchesRequest) (
	*holdfastv1.ListCollectionBatchesResponse, error,
) {
	return do(ctx, c, &listCollectionBatchesMethod, req)
}

// ExportCollectionBatch yields the lines of a batch, each as it stands. It goes on behind the last line that was yielded when the
// stream breaks, as WatchEvents does, and ends with the batch.
func (c *Client) ExportCollectionBatch(ctx context.Context, req *holdfastv1.ExportCollectionBatchRequest) iter.Seq2[
	*holdfastv1.ExportCollectionBatchResponse, error,
] {
	first := proto.CloneOf(req)
	if first == nil {
		first = new(holdfastv1.ExportCollectionBatchRequest)
	}
	return follow(ctx, c, "ExportCollectionBatch", first.Cursor, true, func(
		ctx context.Context, on grpc.ClientConnInterface, cursor string,
	) (
		grpc.ServerStreamingClient[holdfastv1.ExportCollectionBatchResponse], error,
	) {
		req := proto.CloneOf(first)
		req.Cursor = cursor
		return holdfastv1.NewCarrierBillServiceClient(on).ExportCollectionBatch(ctx, req)
	}, func(resp *holdfastv1.ExportCollectionBatchResponse) *holdfastv1.ExportCollectionBatchResponse {
		return resp
	}, nil)
}

// ReportCollectionLines tells what a carrier's bill brought, at most 500 lines at a time. What was said before changes nothing
// when it is said again: after an error, send the same lines again.
func (c *Client) ReportCollectionLines(ctx context.Context, req *holdfastv1.ReportCollectionLinesRequest) (
	*holdfastv1.ReportCollectionLinesResponse, error,
) {
	return do(ctx, c, &reportCollectionLinesMethod, req)
}

var (
	listCollectionBatchesMethod = method[holdfastv1.ListCollectionBatchesRequest, holdfastv1.ListCollectionBatchesResponse]{
		name: "ListCollectionBatches",
		full: holdfastv1.CarrierBillService_ListCollectionBatches_FullMethodName,
	}
	reportCollectionLinesMethod = method[holdfastv1.ReportCollectionLinesRequest, holdfastv1.ReportCollectionLinesResponse]{
		name: "ReportCollectionLines",
		full: holdfastv1.CarrierBillService_ReportCollectionLines_FullMethodName,
	}
)
