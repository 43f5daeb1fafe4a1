package gateway

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/client/outbox"
)

// A Sale is the answer to Sell.
type Sale struct {
	// Approved says that the carrier may deliver.
	Approved bool
	// Amount is what may be delivered, minor units: less than was asked for if the request accepts that.
	Amount int64
	// StandIn says that the gateway approved by itself.
	StandIn bool
	// Unreachable says that the core was not reached, and that it was too much for stand-in.
	Unreachable bool
	// Reasons are why the core declined, and Authorization is what it decided; both empty without the core.
	Reasons       []holdfastv1.DeclineReason
	Authorization *holdfastv1.Authorization
}

// Sell asks whether an order may be sold. The request is the order; its request id is made here and must be empty. It is on the
// disk before the core is asked, and the answer stands through any crash: an approved order is in hand until Delivered or
// NotDelivered is said of it.
//
// An error says that the order is not sold. If what the core decided is not known, a reversal is in the outbox. ErrInHand and ErrOver
// are for an order id that was used before, outbox.ErrFull for when there is no room for another order, and outbox.ErrBroken for
// a disk that failed: then nobody knows whether it was sold until the gateway is opened again, and the carrier must not deliver.
func (g *Gateway) Sell(ctx context.Context, req *holdfastv1.AuthorizeRequest) (Sale, error) {
	if req.GetRequestId() != "" || req.GetOrderId() == "" {
		return Sale{}, errors.New("gateway: an order has an order id, and gets its request id here")
	}
	o, err := g.begin(req)
	if err != nil {
		return Sale{}, err
	}
	defer o.Unlock()
	if g.trust.away() {
		return g.withoutCore(o, false)
	}
	if err := g.write(o); err != nil {
		g.disown(o, err)
		return Sale{}, err
	}
	asked, cancel := context.WithTimeout(ctx, g.opts.AskTimeout)
	defer cancel()
	resp, err := g.core.Authorize(asked, o.request)
	switch {
	case err == nil:
		g.trust.reached()
		return g.decided(o, resp)
	case ctx.Err() != nil: // whoever wanted it is gone
		return Sale{}, errors.Join(err, g.finish(o, unreachable, g.reversal(o)))
	case unreached(err):
		g.trust.missed()
		return g.withoutCore(o, true)
	case client.IsOutcomeUnknown(err):
		return Sale{}, errors.Join(err, g.finish(o, refused, g.reversal(o)))
	}
	g.trust.reached()
	return Sale{}, errors.Join(err, g.finish(o, refused))
}

// begin takes an order in hand. It is locked then.
func (g *Gateway) begin(req *holdfastv1.AuthorizeRequest) (*order, error) {
	now := g.opts.now()
	o := &order{id: req.OrderId, account: req.AccountId, state: asking, begun: now, heard: now, request: proto.CloneOf(req)}
	o.request.RequestId = g.core.NewRequestID()
	g.mu.Lock()
	known := g.orders[o.id]
	if known == nil {
		o.Lock()
		g.orders[o.id] = o
	}
	g.mu.Unlock()
	if known == nil {
		return o, nil
	}
	if !known.TryLock() {
		return nil, fmt.Errorf("%w: %s", ErrInHand, o.id)
	}
	defer known.Unlock()
	if known.state == over {
		return nil, fmt.Errorf("%w: %s: %s", ErrOver, o.id, known.end)
	}
	return nil, fmt.Errorf("%w: %s", ErrInHand, o.id)
}

// disown forgets an order of which nothing was written and nobody asked.
func (g *Gateway) disown(o *order, err error) {
	if errors.Is(err, outbox.ErrBroken) {
		return // perhaps it was
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.orders, o.id)
}

// decided takes the core's answer. An approval is not written: if it is lost in a crash the core is asked again.
func (g *Gateway) decided(o *order, resp *holdfastv1.AuthorizeResponse) (Sale, error) {
	a := resp.GetAuthorization()
	sale := Sale{Reasons: resp.GetReasons(), Authorization: a}
	if resp.GetDecision() != holdfastv1.Decision_DECISION_APPROVED {
		g.count(func(s *Stats) { s.Declined++ })
		return sale, g.finish(o, declined)
	}
	g.count(func(s *Stats) { s.Approved++ })
	g.trust.approves(o.account)
	sale.Approved, sale.Amount = true, a.GetAuthorizedAmount()
	o.approved, o.heard = a, g.opts.now()
	return sale, nil
}

// withoutCore sells in stand-in, or does not sell. If the core was asked, it may have decided, or may yet.
func (g *Gateway) withoutCore(o *order, asked bool) (Sale, error) {
	if g.trust.lend(o.request) {
		o.state, o.heard = stoodIn, g.opts.now()
		if err := g.write(o, g.advice(o, "")); err != nil {
			o.state = asking
			g.trust.settled(o.id)
			if !asked {
				g.disown(o, err)
			}
			return Sale{}, err
		}
		g.count(func(s *Stats) { s.StoodIn++ })
		return Sale{Approved: true, Amount: o.request.Amount, StandIn: true}, nil
	}
	g.count(func(s *Stats) { s.Unreachable++ })
	if !asked {
		g.disown(o, nil)
		return Sale{Unreachable: true}, nil
	}
	return Sale{Unreachable: true}, g.finish(o, unreachable, g.reversal(o))
}

// advice tells of the order as of a sale that took place, now.
func (g *Gateway) advice(o *order, reference string) outbox.Message {
	r := o.request
	return outbox.Advise(&holdfastv1.AdviseRequest{
		RequestId: g.core.NewRequestID(), AccountId: r.AccountId, Scene: r.Scene, OrderId: r.OrderId, CarrierId: r.CarrierId,
		PhoneToken: r.PhoneToken, Currency: r.Currency, Amount: r.Amount, SaleTime: timestamppb.New(g.opts.now()), Plan: r.Plan,
		BillReference: r.BillReference, MandateId: r.MandateId, ProductId: r.ProductId, BundleOfferId: r.BundleOfferId,
		PointsToRedeem: r.PointsToRedeem, CarrierReference: reference,
	})
}

// reversal undoes the order, whatever became of it.
func (g *Gateway) reversal(o *order) outbox.Message {
	return outbox.Reverse(&holdfastv1.ReverseRequest{RequestId: g.core.NewRequestID(), AccountId: o.account, OrderId: o.id})
}

// unreached tells whether an error says that the core did not answer, or had no room for the question.
func unreached(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Canceled:
		return true
	}
	return false
}
