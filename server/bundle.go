package server

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// bundles is BundleService.
type bundles struct {
	holdfastv1.UnimplementedBundleServiceServer
	*billing
}

func (s *bundles) PutBundleOffer(ctx context.Context, r *holdfastv1.PutBundleOfferRequest) (*holdfastv1.PutBundleOfferResponse, error) {
	cmd, err := preparePutBundleOffer(CallerOf(ctx), r)
	if err != nil {
		return nil, err
	}
	if cmd.Version == 0 {
		// The first shard has it first, and so knows which is the last version.
		known, err := look(ctx, s.writers[firsts], &ledger.GetShard{})
		if err != nil {
			return nil, err
		}
		r = proto.CloneOf(r) // the other shards get the same version, whoever decides for them
		cmd.Version = nextBundleVersion(known.Shard, cmd)
		r.Version = int32(cmd.Version)
	}
	replayed, err := s.everywhere(ctx, cmd, holdfastv1.BundleService_PutBundleOffer_FullMethodName, r, &holdfastv1.PutBundleOfferResponse{})
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.PutBundleOfferResponse{Replayed: replayed}
	if _, one := onlyShard(ctx); one {
		return resp, nil
	}
	resp.Offer, err = s.find(ctx, firsts, cmd.ID, cmd.Version)
	return resp, err
}

// nextBundleVersion is the version that a put makes: that which the same request made, or one more than the last. A put of what is
// in force completes that one.
func nextBundleVersion(s *ledger.Shard, cmd *ledger.PutBundleOffer) uint32 {
	for i := range s.BundleOffers {
		if o := &s.BundleOffers[i]; o.ID == cmd.ID && o.Request == cmd.Request {
			return o.Version
		}
	}
	last := s.BundleOffer(cmd.ID)
	switch {
	case last == nil:
		return 1
	case last.BundleSettings == cmd.Settings:
		return last.Version
	}
	return last.Version + 1
}

// known is what a shard has of offers.
func (s *bundles) known(ctx context.Context, shard int) (*ledger.Shard, error) {
	out, err := look(ctx, s.writers[shard], &ledger.GetShard{})
	if err != nil {
		return nil, err
	}
	return out.Shard, nil
}

// find is a version of an offer in a shard, 0 being that in force.
func (s *bundles) find(ctx context.Context, shard int, id ledger.BundleOfferID, version uint32) (*holdfastv1.BundleOffer, error) {
	known, err := s.known(ctx, shard)
	if err != nil {
		return nil, err
	}
	o, name := known.BundleOffer(id), string(id)
	if version != 0 {
		o, name = known.BundleOfferAt(id, version), fmt.Sprintf("%s of version %d", id, version)
	}
	if o == nil {
		return nil, failed(codes.NotFound, "BUNDLE_OFFER_NOT_FOUND", "there is no bundle offer "+name,
			&errdetails.ResourceInfo{ResourceName: string(id), Description: "no carrier has such an offer"})
	}
	return bundleOfferProto(o), nil
}

func (s *bundles) GetBundleOffer(ctx context.Context, r *holdfastv1.GetBundleOfferRequest) (*holdfastv1.GetBundleOfferResponse, error) {
	var c check
	id, version := token[ledger.BundleOfferID](&c, "bundle_offer_id", r.GetBundleOfferId()), c.count("version", r.GetVersion())
	if err := c.err(); err != nil {
		return nil, err
	}
	o, err := s.find(ctx, s.everybodys(), id, uint32(version))
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetBundleOfferResponse{Offer: o}, nil
}

func (s *bundles) ListBundleOffers(ctx context.Context, r *holdfastv1.ListBundleOffersRequest) (*holdfastv1.ListBundleOffersResponse, error) {
	var c check
	if r.GetCarrierId() != "" {
		token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId())
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	known, err := s.known(ctx, s.everybodys())
	if err != nil {
		return nil, err
	}
	resp := new(holdfastv1.ListBundleOffersResponse)
	for i := range known.BundleOffers {
		o := &known.BundleOffers[i]
		if o == known.BundleOffer(o.ID) && (r.GetCarrierId() == "" || r.GetCarrierId() == string(o.Carrier)) {
			resp.Offers = append(resp.Offers, bundleOfferProto(o))
		}
	}
	return resp, nil
}

func (s *bundles) GetBundle(ctx context.Context, r *holdfastv1.GetBundleRequest) (*holdfastv1.GetBundleResponse, error) {
	var c check
	id := c.authorization(r.GetAuthorizationId())
	if err := c.err(); err != nil {
		return nil, err
	}
	b, err := s.contract(ctx, id)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetBundleResponse{Bundle: b}, nil
}

func (s *bundles) CancelBundle(ctx context.Context, r *holdfastv1.CancelBundleRequest) (*holdfastv1.CancelBundleResponse, error) {
	var c check
	caller := CallerOf(ctx)
	cmd := &ledger.CancelBundle{
		Request: c.request(ledger.Caller(caller.Name), r.GetRequestId()), Authorization: c.authorization(r.GetAuthorizationId()),
		Effective: c.dateOr("effective_date", r.GetEffectiveDate()), Reason: c.note("reason", r.GetReason()), Operator: caller.Role.operates(),
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.on(ctx, cmd.Authorization.Account, cmd)
	if err != nil {
		return nil, err
	}
	b, err := s.contract(ctx, cmd.Authorization)
	return &holdfastv1.CancelBundleResponse{Bundle: b, Replayed: out.Replayed}, err
}

func (s *bundles) ReturnBundle(ctx context.Context, r *holdfastv1.ReturnBundleRequest) (*holdfastv1.ReturnBundleResponse, error) {
	var c check
	caller := CallerOf(ctx)
	cmd := &ledger.ReturnBundle{
		Request: c.request(ledger.Caller(caller.Name), r.GetRequestId()), Authorization: c.authorization(r.GetAuthorizationId()),
		Reason: c.note("reason", r.GetReason()), Operator: caller.Role.operates(),
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.on(ctx, cmd.Authorization.Account, cmd)
	if err != nil {
		return nil, err
	}
	b, err := s.contract(ctx, cmd.Authorization)
	return &holdfastv1.ReturnBundleResponse{Bundle: b, RefundedAmount: int64(out.Refunded), Replayed: out.Replayed}, err
}

// contract reads a contract as it is now.
func (s *bundles) contract(ctx context.Context, id ledger.AuthorizationID) (*holdfastv1.Bundle, error) {
	caller := CallerOf(ctx)
	out, err := s.on(ctx, id.Account, &ledger.GetBundle{Caller: ledger.Caller(caller.Name), Authorization: id, Operator: caller.Role.operates()})
	if err != nil {
		return nil, err
	}
	h, v, a := &out.Authorization, &out.Authorization.Bundle, out.Billing.Account
	p := &holdfastv1.Bundle{
		AuthorizationId: id.String(), AccountId: id.Account.String(), OrderId: string(h.Order), CarrierReference: string(h.Reference),
		Offer: bundleOfferProto(out.Billing.Bundle), ActivationDate: dateProto(v.Began.Day), ReturnableUntil: dateProto(v.Began.Until),
		CancellationDate: dateProto(v.Cancelled), BoughtBackAmount: int64(v.BoughtBack), ReturnDate: dateProto(v.Returned),
		BilledInstallments: v.Billed,
	}
	t := s.terms.lookup(ctx, id.Account)
	if at := slices.IndexFunc(a.Billing.Plans, func(x ledger.Plan) bool { return x.N == v.Plan && x.N != 0 }); at >= 0 {
		p.Plan = s.planProto(a, &a.Billing.Plans[at], out.Today, t)
		p.RemainingPrincipal, p.BilledInstallments = p.GetPlan().GetUnbilledPrincipal(), p.GetPlan().GetBilledInstallments()
	}
	if p.State = bundleState(h, p.GetPlan() != nil); p.GetState() == holdfastv1.BundleState_BUNDLE_STATE_COMPLETED {
		p.BilledInstallments = int32(h.Plan.Months)
	}
	return p, t.err
}

// bundleState says where a contract stands, whose plan has something to come or has not.
func bundleState(h *ledger.Authorization, planned bool) holdfastv1.BundleState {
	switch v := &h.Bundle; {
	case v.Returned != 0:
		return holdfastv1.BundleState_BUNDLE_STATE_RETURNED
	case v.Cancelled != 0:
		return holdfastv1.BundleState_BUNDLE_STATE_CANCELLED
	case h.State == ledger.Reversed:
		return holdfastv1.BundleState_BUNDLE_STATE_LAPSED
	case planned:
		return holdfastv1.BundleState_BUNDLE_STATE_ACTIVE
	case v.Began.Day != 0:
		return holdfastv1.BundleState_BUNDLE_STATE_COMPLETED
	case h.State.Open():
		return holdfastv1.BundleState_BUNDLE_STATE_ORDERED
	}
	return holdfastv1.BundleState_BUNDLE_STATE_LAPSED
}
