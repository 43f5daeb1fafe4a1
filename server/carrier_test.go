package server

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
)

// as is a context of calls by a caller, to a server that believes it.
func as(ctx context.Context, name string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, callerKey, name)
}

func (b *book) putCarrier(id string, s *holdfastv1.CarrierSettings) *holdfastv1.Carrier {
	b.t.Helper()
	resp, err := b.PutCarrier(b.t.Context(), &holdfastv1.PutCarrierRequest{RequestId: b.fresh("put"), CarrierId: id, Settings: s})
	require.NoError(b.t, err)
	return resp.GetCarrier()
}

// agreedWith has every field of settings.
func agreedWith(name string) *holdfastv1.CarrierSettings {
	return &holdfastv1.CarrierSettings{
		Name: name, Principals: []string{"cmcc-gateway"}, PrincipalsOnly: true,
		Products: []*holdfastv1.CarrierProduct{
			{ProductId: "topup", Scene: holdfastv1.Scene_SCENE_TOPUP, Currency: "CNY", Denominations: []int64{1000, 3000, 5000}},
			{ProductId: "any", Currency: "CNY"},
		},
		Settlement: &holdfastv1.CarrierSettlement{Cycle: holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, CutOff: "23:30", Zone: "Asia/Shanghai"},
		Fees: []*holdfastv1.CarrierFee{
			{Scene: holdfastv1.Scene_SCENE_TOPUP, ProductId: "topup", Currency: "CNY", BasisPoints: 60, FixedAmount: 5}, {Currency: "CNY", BasisPoints: 100},
		},
		CaptureToleranceBasisPoints: proto.Int32(1000), HoldLifetime: durationpb.New(10 * time.Minute),
		StandInFloorLimits: []*holdfastv1.CurrencyAmount{{Currency: "CNY", Amount: 5000}}, Collects: true,
	}
}

// TestCarriers registers carriers and changes what was agreed with them; what was decided before stays as it was.
func TestCarriers(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	ctx := t.Context()
	a := b.account(1e6)
	order := func() *holdfastv1.Authorization {
		resp, err := b.Authorize(ctx, orderOf(a, b.fresh("r"), b.fresh("o"), 1000))
		require.NoError(t, err)
		return resp.GetAuthorization()
	}
	unregistered := order()
	require.Zero(t, unregistered.GetCarrierVersion())
	carrier := unregistered.GetCarrierId()

	first := agreedWith("first")
	first.PrincipalsOnly = false
	require.True(t, proto.Equal(first, b.putCarrier(carrier, first).GetSettings()))
	tolerant := order()
	require.EqualValues(t, 1, tolerant.GetCarrierVersion())
	require.Equal(t, 10*time.Minute, tolerant.GetExpireTime().AsTime().Sub(tolerant.GetCreateTime().AsTime()))

	second := proto.CloneOf(first)
	second.CaptureToleranceBasisPoints, second.HoldLifetime = proto.Int32(0), nil
	require.EqualValues(t, 2, b.putCarrier(carrier, second).GetVersion())
	require.EqualValues(t, 2, b.putCarrier(carrier, second).GetVersion(), "the same makes no other version")
	strictly := order()
	require.EqualValues(t, 2, strictly.GetCarrierVersion())
	require.Equal(t, unregistered.GetExpireTime().AsTime().Sub(unregistered.GetCreateTime().AsTime()),
		strictly.GetExpireTime().AsTime().Sub(strictly.GetCreateTime().AsTime()), "as the terms say")
	b.restart()
	capture := func(v *holdfastv1.Authorization, amount int64) error {
		_, err := b.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: b.fresh("cap"), AuthorizationId: v.GetAuthorizationId(), Currency: "CNY", Amount: amount})
		return err
	}
	require.NoError(t, capture(tolerant, 1100), "each order keeps the tolerance that it was decided under")
	requireReason(t, capture(strictly, 1001), codes.InvalidArgument, "CAPTURE_EXCEEDS_HOLD")

	for shard := range b.server.router.writers { // each has the same, after a restart too
		known, err := look(ctx, b.server.router.writers[shard], &ledger.GetShard{})
		require.NoError(t, err)
		require.Len(t, known.Shard.Carriers, 2)
	}
	_, err := b.Suspend(ctx, &holdfastv1.SuspendRequest{RequestId: "s", Reason: "down", Scope: &holdfastv1.SuspendRequest_CarrierId{CarrierId: carrier}})
	require.NoError(t, err)
	list, err := b.ListCarriers(ctx, &holdfastv1.ListCarriersRequest{})
	require.NoError(t, err)
	require.Len(t, list.GetCarriers(), 1)
	require.True(t, list.GetCarriers()[0].GetSuspended())
	require.EqualValues(t, 2, list.GetCarriers()[0].GetVersion())
	old, err := b.GetCarrier(ctx, &holdfastv1.GetCarrierRequest{CarrierId: carrier, Version: 1})
	require.NoError(t, err)
	require.Equal(t, "first", old.GetCarrier().GetSettings().GetName())
	_, err = b.GetCarrier(ctx, &holdfastv1.GetCarrierRequest{CarrierId: carrier, Version: 3})
	requireReason(t, err, codes.NotFound, "CARRIER_NOT_FOUND")
	require.Len(t, b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_CARRIER_PUT}}), 2*4)
}

// TestWhoSpeaksForACarrier has callers make orders for carriers that are theirs and that are not.
func TestWhoSpeaksForACarrier(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	a := b.account(1e6)
	order := func(caller, carrier string) (*holdfastv1.Authorization, error) {
		r := orderOf(a, b.fresh("r"), b.fresh("o"), 100)
		r.CarrierId = carrier
		resp, err := b.Authorize(as(t.Context(), caller), r)
		return resp.GetAuthorization(), err
	}
	denied := func(err error) {
		t.Helper()
		requireReason(t, err, codes.PermissionDenied, "NOT_OF_CARRIER")
		require.Equal(t, []string{"carrier_id"}, violations(err))
	}
	open, closed := agreedWith("open"), agreedWith("closed")
	open.PrincipalsOnly, open.Principals, closed.Principals = false, []string{"g1", "both"}, []string{"g2", "both"}
	b.putCarrier("open", open)
	b.putCarrier("closed", closed)
	for _, c := range []struct {
		caller, carrier string
		may             bool
	}{
		{"g1", "open", true}, {"g1", "closed", false}, {"g1", "unregistered", false}, {"g2", "open", false}, {"g2", "closed", true},
		{"both", "open", true}, {"both", "closed", true}, {"shop", "open", true}, {"shop", "closed", false}, {"shop", "unregistered", true},
	} {
		_, err := order(c.caller, c.carrier)
		if c.may {
			require.NoError(t, err, "%v", c)
		} else {
			denied(err)
		}
		check := &holdfastv1.CheckRequest{AccountId: a.GetAccountId(), Scene: holdfastv1.Scene_SCENE_TOPUP, CarrierId: c.carrier, PhoneToken: "p", Currency: "CNY", Amount: 1}
		_, err = b.Check(as(t.Context(), c.caller), check)
		require.Equal(t, c.may, err == nil, "check: %v", c)
	}

	// What follows an order is for those who speak for its carrier.
	held, err := order("g2", "closed")
	require.NoError(t, err)
	for _, caller := range []string{"g1", "shop"} {
		_, err = b.Capture(as(t.Context(), caller), &holdfastv1.CaptureRequest{RequestId: b.fresh("cap"), AuthorizationId: held.GetAuthorizationId(), Currency: "CNY"})
		denied(err)
		_, err = b.Void(as(t.Context(), caller), &holdfastv1.VoidRequest{RequestId: b.fresh("void"), AuthorizationId: held.GetAuthorizationId()})
		denied(err)
	}
	_, err = b.Capture(as(t.Context(), "g2"), &holdfastv1.CaptureRequest{RequestId: b.fresh("cap"), AuthorizationId: held.GetAuthorizationId(), Currency: "CNY"})
	require.NoError(t, err)

	// Who is named no more is bound no more.
	closed.Principals = []string{"both"}
	b.putCarrier("closed", closed)
	_, err = order("g2", "open")
	require.NoError(t, err)
	_, err = order("g2", "closed")
	denied(err)
}

// TestAnInterruptedPutIsCompleted puts a carrier in some shards only, and has the same request complete it.
func TestAnInterruptedPutIsCompleted(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	r := &holdfastv1.PutCarrierRequest{RequestId: "put", CarrierId: "cmcc", Settings: agreedWith("first")}
	cmd, err := preparePutCarrier(LocalCaller, r)
	require.NoError(t, err)
	cmd.Version = 1
	for _, w := range b.server.router.writers[:2] {
		_, err := submit(t.Context(), w, cmd)
		require.NoError(t, err)
	}
	_, err = b.GetCarrier(t.Context(), &holdfastv1.GetCarrierRequest{CarrierId: "cmcc"})
	requireReason(t, err, codes.NotFound, "CARRIER_NOT_FOUND")
	put, err := b.PutCarrier(t.Context(), r)
	require.NoError(t, err)
	require.False(t, put.GetReplayed())
	require.EqualValues(t, 1, put.GetCarrier().GetVersion())
	put, err = b.PutCarrier(t.Context(), r)
	require.NoError(t, err)
	require.True(t, put.GetReplayed())

	r = proto.CloneOf(r)
	r.Settings = agreedWith("second")
	_, err = b.PutCarrier(t.Context(), r)
	requireReason(t, err, codes.InvalidArgument, "REQUEST_ID_REUSED")
	r.RequestId, r.Version = "put-2", 1
	_, err = b.PutCarrier(t.Context(), r)
	requireReason(t, err, codes.AlreadyExists, "CARRIER_VERSION_EXISTS")
}

// TestAnExposureLimitSpansShards sells up to a carrier's limit from accounts of all shards: each shard spends its part, parts
// are moved to where they are wanted, and no order ever goes beyond the whole.
func TestAnExposureLimitSpansShards(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	ctx := t.Context()
	const limit = 100_000
	settings := agreedWith("limited")
	settings.PrincipalsOnly, settings.Principals = false, nil
	settings.ExposureLimits = []*holdfastv1.CurrencyAmount{{Currency: "CNY", Amount: limit}}
	b.putCarrier("cmcc", settings)
	a := b.account(1e9)
	order := func(amount int64) *holdfastv1.AuthorizeResponse {
		resp, err := b.Authorize(ctx, orderOf(a, b.fresh("r"), b.fresh("o"), amount))
		require.NoError(t, err)
		return resp
	}
	exposed := func() *holdfastv1.CarrierExposure {
		resp, err := b.GetCarrier(ctx, &holdfastv1.GetCarrierRequest{CarrierId: "cmcc"})
		require.NoError(t, err)
		require.Len(t, resp.GetCarrier().GetExposures(), 1)
		e := resp.GetCarrier().GetExposures()[0]
		require.LessOrEqual(t, e.GetHeldAmount()+e.GetUnpaidAmount(), int64(limit))
		require.EqualValues(t, limit, e.GetLimit())
		return e
	}

	// One account is in one shard, and has all of the limit before long.
	beyond := order(limit + 1)
	require.Equal(t, []holdfastv1.DeclineReason{holdfastv1.DeclineReason_DECLINE_REASON_CARRIER_EXPOSURE_LIMIT}, beyond.GetReasons())
	var held []*holdfastv1.Authorization
	for range 200 { // an account may have 64 open holds
		if exposed().GetHeldAmount() >= limit*8/10 {
			break
		}
		resp := order(2_000)
		if resp.GetDecision() == holdfastv1.Decision_DECISION_APPROVED {
			held = append(held, resp.GetAuthorization())
			continue
		}
		require.Equal(t, beyond.GetReasons(), resp.GetReasons())
		require.NoError(t, b.server.exposure.pass(ctx))
	}
	require.EqualValues(t, limit*8/10, exposed().GetHeldAmount())

	// A capture stays committed, a void frees, a restart changes nothing.
	_, err := b.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: b.fresh("cap"), AuthorizationId: held[0].GetAuthorizationId(), Currency: "CNY"})
	require.NoError(t, err)
	_, err = b.Void(ctx, &holdfastv1.VoidRequest{RequestId: b.fresh("void"), AuthorizationId: held[1].GetAuthorizationId()})
	require.NoError(t, err)
	before := exposed()
	require.EqualValues(t, 2_000, before.GetUnpaidAmount())
	b.restart()
	after := exposed()
	require.Equal(t, before.GetHeldAmount(), after.GetHeldAmount())
	require.Equal(t, before.GetUnpaidAmount(), after.GetUnpaidAmount())
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, order(2_000).GetDecision(), "what was voided can be sold again")

	// What the carrier has been paid for does not count.
	b.on("2026-01-08")
	require.Zero(t, exposed().GetUnpaidAmount())
	require.Zero(t, exposed().GetHeldAmount())

	require.NoError(t, b.server.exposure.pass(ctx))
	text := scrape(t, b.server.metrics)
	require.Contains(t, text, `holdfast_carrier_exposure{carrier="cmcc",currency="CNY"} 0`)
	require.Contains(t, text, `holdfast_carrier_exposure_limit{carrier="cmcc",currency="CNY"} 100000`)
	given := b.events(&holdfastv1.WatchEventsRequest{Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_EXPOSURE_GIVEN}})
	require.NotEmpty(t, given)
	require.Equal(t, "cmcc", given[0].GetCarrierId())
}
