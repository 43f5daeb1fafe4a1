package server

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// phone is 3,000.00 less 600.00 down: 2,400.00 over 12 months, 200.00 and a fee of 0.5 %, 12.00, each.
func phone(r holdfastv1.BundleTermination) *holdfastv1.BundleOfferSettings {
	return &holdfastv1.BundleOfferSettings{
		CarrierId: "cmcc", Name: "a phone", Currency: "CNY", Price: 300_000, DownPayment: 60_000, Termination: r, CoolingOffDays: 40,
		Plan: &holdfastv1.PlanOffer{Method: holdfastv1.PlanMethod_PLAN_METHOD_FLAT_FEE, Months: 12, MonthlyFeePercent: "0.5"},
	}
}

func (b *book) putOffer(id string, s *holdfastv1.BundleOfferSettings) *holdfastv1.BundleOffer {
	b.t.Helper()
	resp, err := b.PutBundleOffer(b.t.Context(), &holdfastv1.PutBundleOfferRequest{RequestId: b.fresh("put"), BundleOfferId: id, Settings: s})
	require.NoError(b.t, err)
	return resp.GetOffer()
}

// bundled opens an account for bundles.
func (b *book) bundled(limit int64) *holdfastv1.Account {
	b.t.Helper()
	resp, err := b.OpenAccount(b.t.Context(), &holdfastv1.OpenAccountRequest{
		RequestId: b.fresh("open"), ConsumerToken: b.fresh("consumer"), Currency: "CNY", Limit: limit,
		CollectionChannel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_MANUAL,
		Lines:             []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_BUNDLE, Limit: limit, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
	})
	require.NoError(b.t, err)
	return resp.GetAccount()
}

func bundleOrder(b *book, a *holdfastv1.Account, offer string) *holdfastv1.AuthorizeRequest {
	o := orderOf(a, b.fresh("r"), b.fresh("order"), 0)
	o.Scene, o.BundleOfferId = holdfastv1.Scene_SCENE_BUNDLE, offer
	return o
}

func (b *book) contract(id string) *holdfastv1.Bundle {
	b.t.Helper()
	resp, err := b.GetBundle(b.t.Context(), &holdfastv1.GetBundleRequest{AuthorizationId: id})
	require.NoError(b.t, err)
	return resp.GetBundle()
}

// replayed restarts the book without its state, so that all of it is folded from the journal again.
func (b *book) replayed() {
	b.t.Helper()
	b.conn.Close()
	require.NoError(b.t, b.server.Shutdown())
	require.NoError(b.t, <-b.served)
	states, err := filepath.Glob(filepath.Join(b.config.Data, "*", "state.db"))
	require.NoError(b.t, err)
	require.NotEmpty(b.t, states)
	for _, path := range states {
		require.NoError(b.t, os.Remove(path))
	}
	b.start()
}

// TestALifeOfABundle quotes, orders and activates a bundle, has three windows close and the carrier cancel it, over a connection.
func TestALifeOfABundle(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	ctx := t.Context()
	offer := b.putOffer("phone", phone(holdfastv1.BundleTermination_BUNDLE_TERMINATION_BUY_BACK))
	require.EqualValues(t, 1, offer.GetVersion())
	require.EqualValues(t, 240_000, offer.GetFinancedAmount())
	require.True(t, proto.Equal(phone(holdfastv1.BundleTermination_BUNDLE_TERMINATION_BUY_BACK), offer.GetSettings()), "%v", offer)
	a := b.bundled(1_000_000)

	quote, err := b.Quote(ctx, &holdfastv1.QuoteRequest{AccountId: a.GetAccountId(), Scene: holdfastv1.Scene_SCENE_BUNDLE, Currency: "CNY", BundleOfferId: "phone"})
	require.NoError(t, err)
	require.Len(t, quote.GetInstallments(), 12)
	require.EqualValues(t, 21_200, quote.GetInstallments()[0].GetPrincipal()+quote.GetInstallments()[0].GetFee())
	require.EqualValues(t, 12*21_200, quote.GetTotalAmount())
	require.EqualValues(t, 60_000+12*21_200, quote.GetTotalCost())
	require.Zero(t, quote.GetSubsidyAmount())
	require.Equal(t, "10.90", quote.GetNominalAnnualRate(), "0.5 %% of the original principal a month")
	require.True(t, proto.Equal(offer, quote.GetBundle()))

	order := bundleOrder(b, a, "phone")
	approved, err := b.Authorize(ctx, order)
	require.NoError(t, err)
	held := approved.GetAuthorization()
	require.Equal(t, "phone", held.GetBundleOfferId())
	require.EqualValues(t, 1, held.GetBundleOfferVersion())
	require.EqualValues(t, 240_000, held.GetHeldAmount(), "the down payment is no part of the hold")
	require.Equal(t, holdfastv1.BundleState_BUNDLE_STATE_ORDERED, b.contract(held.GetAuthorizationId()).GetState())

	b.on("2026-01-07")
	captured, err := b.Capture(ctx, &holdfastv1.CaptureRequest{
		RequestId: "activate", AuthorizationId: held.GetAuthorizationId(), Currency: "CNY", ActivationDate: "2026-01-06", CarrierReference: "C-1",
	})
	require.NoError(t, err)
	require.EqualValues(t, 240_000, captured.GetAuthorization().GetCapturedAmount())
	began := b.contract(held.GetAuthorizationId())
	require.Equal(t, holdfastv1.BundleState_BUNDLE_STATE_ACTIVE, began.GetState())
	require.Equal(t, "2026-01-06 2026-02-15 C-1", began.GetActivationDate()+" "+began.GetReturnableUntil()+" "+began.GetCarrierReference())

	b.on("2026-04-06") // windows closed on February 5, March 5 and April 5
	three := b.contract(held.GetAuthorizationId())
	require.EqualValues(t, 3, three.GetBilledInstallments())
	require.EqualValues(t, 180_000, three.GetRemainingPrincipal())
	require.Equal(t, "10.90", three.GetPlan().GetNominalAnnualRate())
	owed := b.billing(a)
	_, err = b.ReturnBundle(ctx, &holdfastv1.ReturnBundleRequest{RequestId: "late", AuthorizationId: held.GetAuthorizationId(), Reason: "broken"})
	requireReason(t, err, codes.FailedPrecondition, "COOLING_OFF_OVER")
	require.ErrorContains(t, err, "2026-02-15")

	cancel := &holdfastv1.CancelBundleRequest{RequestId: "cancel", AuthorizationId: held.GetAuthorizationId(), Reason: "ported out", EffectiveDate: "2026-04-01"}
	cancelled, err := b.CancelBundle(ctx, cancel)
	require.NoError(t, err)
	c := cancelled.GetBundle()
	require.Equal(t, holdfastv1.BundleState_BUNDLE_STATE_CANCELLED, c.GetState())
	require.EqualValues(t, 180_000, c.GetBoughtBackAmount())
	require.Equal(t, "2026-04-01", c.GetCancellationDate())
	require.Nil(t, c.GetPlan())
	require.EqualValues(t, 3, c.GetBilledInstallments())
	after := b.billing(a)
	require.Equal(t, owed.GetBalance(), after.GetBalance(), "what was billed stays owed")
	require.Zero(t, after.GetUnbilledPrincipal())

	told := b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_BUNDLE_CANCELLED}})
	require.Len(t, told, 1)
	require.EqualValues(t, 180_000, told[0].GetAmount())
	require.Equal(t, "cmcc", told[0].GetCarrierId())
	sums := map[string]int64{}
	for _, p := range told[0].GetPostings() {
		sums[p.GetBook()] += p.GetAmount()
	}
	require.Equal(t, map[string]int64{"payable/cmcc": 180_000, "receivable/" + a.GetAccountId() + "/BUNDLE": -180_000}, sums)

	again, err := b.CancelBundle(ctx, cancel)
	require.NoError(t, err)
	require.True(t, again.GetReplayed())
	cancel.RequestId = "cancel-2"
	_, err = b.CancelBundle(ctx, cancel)
	requireReason(t, err, codes.FailedPrecondition, "BUNDLE_CANCELLED")

	b.sound()
	b.replayed()
	b.sound()
	require.True(t, proto.Equal(c, b.contract(held.GetAuthorizationId())), "folded from the journal it is the same")
	require.True(t, proto.Equal(after, b.billing(a)))
	for shard := range b.server.router.writers {
		known, err := look(ctx, b.server.router.writers[shard], &ledger.GetShard{})
		require.NoError(t, err)
		require.Len(t, known.Shard.BundleOffers, 1)
	}
}

// TestADeviceIsReturned has a consumer pay an installment and return the device: nothing is owed, and all of it is there again.
func TestADeviceIsReturned(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	ctx := t.Context()
	b.putOffer("phone", phone(holdfastv1.BundleTermination_BUNDLE_TERMINATION_KEEP))
	a := b.bundled(1_000_000)
	held, err := b.Authorize(ctx, bundleOrder(b, a, "phone"))
	require.NoError(t, err)
	id := held.GetAuthorization().GetAuthorizationId()
	_, err = b.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: "activate", AuthorizationId: id, Currency: "CNY"})
	require.NoError(t, err)
	b.on("2026-02-10")
	b.repaid(a, 21_200)
	returned, err := b.ReturnBundle(ctx, &holdfastv1.ReturnBundleRequest{RequestId: "return", AuthorizationId: id, Reason: "unopened"})
	require.NoError(t, err)
	require.EqualValues(t, 240_000, returned.GetRefundedAmount())
	require.Equal(t, holdfastv1.BundleState_BUNDLE_STATE_RETURNED, returned.GetBundle().GetState())
	require.Equal(t, "2026-02-10", returned.GetBundle().GetReturnDate())
	owed := b.billing(a)
	require.EqualValues(t, 21_200, owed.GetCreditBalance())
	require.Zero(t, owed.GetUnbilledPrincipal())
	require.Empty(t, owed.GetDebts())
	items, err := b.ListItems(ctx, &holdfastv1.ListItemsRequest{AccountId: a.GetAccountId()})
	require.NoError(t, err)
	require.Equal(t, holdfastv1.ItemKind_ITEM_KIND_DEVICE_RETURNED, items.GetItems()[0].GetKind())
	require.Equal(t, "unopened", items.GetItems()[0].GetNote())
	require.Len(t, b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_BUNDLE_RETURNED}}), 1)
	b.replayed()
	require.True(t, proto.Equal(returned.GetBundle(), b.contract(id)))
	require.True(t, proto.Equal(owed, b.billing(a)))
}

// TestFaultsOfBundles asks for bundles in ways that are refused, and names what is wrong.
func TestFaultsOfBundles(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	ctx := t.Context()
	b.putOffer("phone", phone(holdfastv1.BundleTermination_BUNDLE_TERMINATION_KEEP))
	a := b.bundled(1_000_000)
	for name, c := range map[string]struct {
		change func(*holdfastv1.AuthorizeRequest)
		code   codes.Code
		reason string
		field  string
	}{
		"another scene":   {func(r *holdfastv1.AuthorizeRequest) { r.Scene = holdfastv1.Scene_SCENE_TOPUP }, codes.InvalidArgument, "INVALID_REQUEST", "bundle_offer_id"},
		"a plan beside":   {func(r *holdfastv1.AuthorizeRequest) { r.Plan = flat3 }, codes.InvalidArgument, "INVALID_REQUEST", "plan"},
		"a part":          {func(r *holdfastv1.AuthorizeRequest) { r.AcceptPartial = true }, codes.InvalidArgument, "INVALID_REQUEST", "accept_partial"},
		"another amount":  {func(r *holdfastv1.AuthorizeRequest) { r.Amount = 300_000 }, codes.InvalidArgument, "BUNDLE_AMOUNT_MISMATCH", "amount"},
		"no such offer":   {func(r *holdfastv1.AuthorizeRequest) { r.BundleOfferId = "none" }, codes.NotFound, "BUNDLE_OFFER_NOT_FOUND", "bundle_offer_id"},
		"another carrier": {func(r *holdfastv1.AuthorizeRequest) { r.CarrierId = "ct" }, codes.InvalidArgument, "BUNDLE_OFFER_OF_ANOTHER_CARRIER", "carrier_id"},
		"no amount":       {func(r *holdfastv1.AuthorizeRequest) { r.BundleOfferId = "" }, codes.InvalidArgument, "INVALID_REQUEST", "amount"},
	} {
		r := bundleOrder(b, a, "phone")
		c.change(r)
		_, err := b.Authorize(ctx, r)
		requireReason(t, err, c.code, c.reason)
		require.Contains(t, violations(err), c.field, name)
	}

	// All that is wrong with an offer is told at once.
	_, err := b.PutBundleOffer(ctx, &holdfastv1.PutBundleOfferRequest{RequestId: "bad", BundleOfferId: "bad", Settings: &holdfastv1.BundleOfferSettings{
		CarrierId: "cmcc", Name: "x", Currency: "CNY", Price: 100, DownPayment: 100, CoolingOffDays: 61, ValidFrom: "2026-02-01", ValidUntil: "2026-01-01",
		Plan: &holdfastv1.PlanOffer{Method: holdfastv1.PlanMethod_PLAN_METHOD_FLAT_FEE, Months: 37, MonthlyFeePercent: "much"},
	}})
	require.Equal(t, []string{"settings.down_payment", "settings.plan.months", "settings.plan.monthly_fee_percent", "settings.termination",
		"settings.cooling_off_days", "settings.valid_until"}, violations(err))
	dear := phone(holdfastv1.BundleTermination_BUNDLE_TERMINATION_KEEP)
	dear.Plan.MonthlyFeePercent = "1.5"
	_, err = b.PutBundleOffer(ctx, &holdfastv1.PutBundleOfferRequest{RequestId: "dear", BundleOfferId: "dear", Settings: dear})
	requireReason(t, err, codes.FailedPrecondition, "BUNDLE_ABOVE_CAP")
	require.Equal(t, []string{"settings.plan"}, violations(err))
	_, err = b.GetBundle(ctx, &holdfastv1.GetBundleRequest{AuthorizationId: b.held(b.account(1000), 10).GetAuthorizationId()})
	requireReason(t, err, codes.FailedPrecondition, "NOT_A_BUNDLE")

	// An offer that was withdrawn is listed still, and what was ordered goes on.
	held, err := b.Authorize(ctx, bundleOrder(b, a, "phone"))
	require.NoError(t, err)
	gone := phone(holdfastv1.BundleTermination_BUNDLE_TERMINATION_KEEP)
	gone.Withdrawn = true
	require.EqualValues(t, 2, b.putOffer("phone", gone).GetVersion())
	require.EqualValues(t, 2, b.putOffer("phone", gone).GetVersion(), "the same makes no other version")
	_, err = b.Authorize(ctx, bundleOrder(b, a, "phone"))
	requireReason(t, err, codes.FailedPrecondition, "BUNDLE_OFFER_WITHDRAWN")
	_, err = b.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: "activate", AuthorizationId: held.GetAuthorization().GetAuthorizationId(), Currency: "CNY"})
	require.NoError(t, err)
	list, err := b.ListBundleOffers(ctx, &holdfastv1.ListBundleOffersRequest{CarrierId: "cmcc"})
	require.NoError(t, err)
	require.Len(t, list.GetOffers(), 1)
	require.True(t, list.GetOffers()[0].GetSettings().GetWithdrawn())
	none, err := b.ListBundleOffers(ctx, &holdfastv1.ListBundleOffersRequest{CarrierId: "ct"})
	require.NoError(t, err)
	require.Empty(t, none.GetOffers())
}

// TestWhoMayChangeBundles has operators, a carrier's principals and others put offers and end contracts.
func TestWhoMayChangeBundles(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	settings := agreedWith("ours")
	settings.PrincipalsOnly = false
	b.putCarrier("cmcc", settings)
	others := agreedWith("theirs")
	others.Principals = []string{"ct-gateway"}
	b.putCarrier("ct", others)
	s := &bundles{billing: &billing{feed: &feed{router: b.server.router}, terms: newTermsBook(b.server.router)}}
	as := func(name string, role Role) context.Context {
		return WithCaller(t.Context(), Caller{Name: name, Role: role})
	}
	operator, gateway, other, shop := as("op", RoleOperator), as("cmcc-gateway", RoleGateway), as("ct-gateway", RoleGateway), as("shop", RoleStorefront)

	put := func(ctx context.Context) error {
		_, err := s.PutBundleOffer(ctx, &holdfastv1.PutBundleOfferRequest{
			RequestId: b.fresh("put"), BundleOfferId: b.fresh("offer"), Settings: phone(holdfastv1.BundleTermination_BUNDLE_TERMINATION_ACCELERATE)})
		return err
	}
	require.NoError(t, put(operator))
	require.NoError(t, put(gateway))
	for _, ctx := range []context.Context{other, shop} {
		requireReason(t, put(ctx), codes.PermissionDenied, "NOT_OF_CARRIER")
	}
	b.putOffer("phone", phone(holdfastv1.BundleTermination_BUNDLE_TERMINATION_ACCELERATE))
	a := b.bundled(1_000_000)
	activated := func() string {
		held, err := b.Authorize(t.Context(), bundleOrder(b, a, "phone"))
		require.NoError(t, err)
		id := held.GetAuthorization().GetAuthorizationId()
		_, err = b.Capture(t.Context(), &holdfastv1.CaptureRequest{RequestId: b.fresh("cap"), AuthorizationId: id, Currency: "CNY"})
		require.NoError(t, err)
		return id
	}
	id := activated()
	cancel := func(ctx context.Context) error {
		_, err := s.CancelBundle(ctx, &holdfastv1.CancelBundleRequest{RequestId: b.fresh("cancel"), AuthorizationId: id, Reason: "over"})
		return err
	}
	for _, ctx := range []context.Context{other, shop} {
		requireReason(t, cancel(ctx), codes.PermissionDenied, "NOT_OF_CARRIER")
	}
	require.NoError(t, cancel(gateway))
	id = activated()
	require.NoError(t, cancel(operator))
	back := func(ctx context.Context) error {
		_, err := s.ReturnBundle(ctx, &holdfastv1.ReturnBundleRequest{RequestId: b.fresh("return"), AuthorizationId: id, Reason: "over"})
		return err
	}
	requireReason(t, back(other), codes.PermissionDenied, "NOT_OF_CARRIER")
	require.NoError(t, back(shop), "who may refund for a carrier may do so")
	requireReason(t, back(operator), codes.FailedPrecondition, "BUNDLE_RETURNED")
}
