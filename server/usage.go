package server

import (
	"context"
	"io"
	"slices"

	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/usage"
)

// usageService is UsageService.
type usageService struct {
	holdfastv1.UnimplementedUsageServiceServer
	*router
	used *followers[*usage.Fold] // nil where it is not kept
}

func newUsages(s *Server, grew func(by int64)) *followers[*usage.Fold] {
	fs := &followers[*usage.Fold]{grew: grew}
	for i, w := range s.router.writers {
		shard := uint16(i)
		fs.list = append(fs.list, &follower[*usage.Fold]{
			what: "the usage of carriers", shard: shard, path: s.data.UsagePath(i), journal: w.Journal(),
			logger: s.config.Logger.With("shard", i), poke: make(chan struct{}, 1), moved: make(chan struct{}),
			fresh: func() *usage.Fold { return usage.New(shard) },
			read:  func(r io.Reader) (*usage.Fold, error) { return usage.Read(r, shard) },
		})
	}
	return fs
}

func (s *usageService) GetUsage(ctx context.Context, r *holdfastv1.GetUsageRequest) (*holdfastv1.GetUsageResponse, error) {
	var c check
	id := token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId())
	from, to := c.dateOr("from_date", r.GetFromDate()), c.dateOr("to_date", r.GetToDate())
	if from != 0 && to != 0 && to < from {
		c.fault("to_date", "lies before from_date")
	}
	var currency money.Currency
	if r.GetCurrency() != "" {
		currency = c.currency(r.GetCurrency())
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	of, bound, err := s.speaksFor(ctx, callerOf(ctx))
	switch {
	case err != nil:
		return nil, err
	case bound && !slices.Contains(of, id):
		return nil, failed(codes.PermissionDenied, "NOT_OF_CARRIER", "caller "+string(callerOf(ctx))+" may not speak for carrier "+string(id))
	case s.used == nil:
		return nil, failed(codes.FailedPrecondition, "NO_USAGE", "this server does not keep the usage of carriers: it was started with --no-usage")
	}
	return s.sum(ctx, id, currency, from, to)
}

// sum adds up what all shards have.
func (s *usageService) sum(ctx context.Context, id ledger.CarrierID, currency money.Currency, from, to calendar.Date) (*holdfastv1.GetUsageResponse, error) {
	last, err := s.durable()
	if err != nil {
		return nil, err
	}
	resp, all := new(holdfastv1.GetUsageResponse), make([][]usage.Usage, len(s.used.list))
	for shard, f := range s.used.list {
		err := f.since(ctx, last[shard], func(fold *usage.Fold) {
			all[shard] = fold.Usage(id, from, to)
			resp.Marks = append(resp.Marks, &holdfastv1.UsageMark{Shard: int32(shard), Sequence: fold.Sequence()})
		})
		if err != nil {
			return nil, portfolioStatus(err)
		}
	}
	for _, u := range usage.Merge(all...) {
		if currency == "" || u.Currency == currency {
			resp.Usages = append(resp.Usages, UsageProto(&u))
		}
	}
	return resp, nil
}
