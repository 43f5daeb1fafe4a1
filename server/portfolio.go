package server

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// portfolioService is PortfolioService.
type portfolioService struct {
	holdfastv1.UnimplementedPortfolioServiceServer
	*router
	portfolios *portfolios // nil where none is kept
}

// DefaultLossGivenDefault is assumed where nobody says otherwise: consumer credit without security, most of which is lost.
const DefaultLossGivenDefault portfolio.Millionths = 750_000

func (s *portfolioService) GetPortfolio(ctx context.Context, r *holdfastv1.GetPortfolioRequest) (*holdfastv1.GetPortfolioResponse, error) {
	asOf, lgd, grades, err := s.parse(r)
	if err != nil {
		return nil, err
	}
	if s.portfolios == nil {
		return nil, failed(codes.FailedPrecondition, "NO_PORTFOLIO", "this server keeps no portfolio: it was started with --no-portfolio")
	}
	last, err := s.durable()
	if err != nil {
		return nil, err
	}
	var all []*portfolio.Portfolio
	for shard := range s.writers {
		var p *portfolio.Portfolio
		if sequence, given := asOf[shard]; given {
			p, err = s.portfolios.asOf(ctx, shard, sequence)
		} else {
			p, err = s.portfolios.folds[shard].since(ctx, last[shard])
		}
		if err != nil {
			return nil, portfolioStatus(err)
		}
		all = append(all, p)
	}
	whole := portfolio.Merge(all...)
	return &holdfastv1.GetPortfolioResponse{Portfolio: PortfolioProto(whole, whole.Losses(lgd, grades))}, nil
}

// parse checks a request.
func (s *portfolioService) parse(r *holdfastv1.GetPortfolioRequest) (map[int]uint64, portfolio.Millionths, map[string]portfolio.Millionths, error) {
	var c check
	asOf := map[int]uint64{}
	for _, a := range r.GetAsOf() {
		shard := int(a.GetShard())
		switch _, twice := asOf[shard]; {
		case shard < 0 || shard >= len(s.writers):
			c.fault("as_of", "shard %d is not within 0 and %d", shard, len(s.writers)-1)
		case twice:
			c.fault("as_of", "names shard %d twice", shard)
		}
		asOf[shard] = a.GetSequence()
	}
	share := func(field string, v int32) portfolio.Millionths {
		if v < 0 || portfolio.Millionths(v) > portfolio.Whole {
			c.fault(field, "must be within 0 and 1,000,000")
		}
		return portfolio.Millionths(v)
	}
	lgd := DefaultLossGivenDefault
	if r.GetLossGivenDefault() != 0 {
		lgd = share("loss_given_default", r.GetLossGivenDefault())
	}
	grades := map[string]portfolio.Millionths{}
	for _, g := range r.GetGrades() {
		if _, twice := grades[g.GetGrade()]; twice {
			c.fault("grades", "name grade %q twice", g.GetGrade())
		}
		grades[g.GetGrade()] = share("grades", g.GetDefaultProbability())
	}
	return asOf, lgd, grades, c.err()
}

// portfolioStatus is what went wrong as a status.
func portfolioStatus(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return failed(codes.DeadlineExceeded, "DEADLINE_EXCEEDED", "the deadline passed before the entry had been folded; give the call more time")
	case errors.Is(err, context.Canceled):
		return failed(codes.Canceled, "CANCELLED", "the caller went away")
	case errors.Is(err, errPortfolioBusy):
		return failed(codes.ResourceExhausted, "PORTFOLIO_BUSY", err.Error(), retryIn(followEvery))
	case errors.Is(err, journal.ErrClosed):
		return failed(codes.Unavailable, "DRAINING", "the server is going down")
	}
	return watchStatus(err)
}
