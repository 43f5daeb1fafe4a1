package server

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

func (b *book) points(a *holdfastv1.Account) *holdfastv1.PointsBalance {
	b.t.Helper()
	resp, err := b.GetPoints(b.t.Context(), &holdfastv1.GetPointsRequest{AccountId: a.GetAccountId()})
	require.NoError(b.t, err)
	return resp.GetPoints()
}

func (b *book) granted(a *holdfastv1.Account, points int64, lastDay string) *holdfastv1.GrantPointsResponse {
	b.t.Helper()
	resp, err := b.GrantPoints(b.t.Context(), &holdfastv1.GrantPointsRequest{
		RequestId: b.fresh("grant"), AccountId: a.GetAccountId(), Points: points, LastDay: lastDay, Reference: "campaign-7", Reason: "welcome",
	})
	require.NoError(b.t, err)
	return resp
}

// TestALifeOfPoints follows points over a connection: granted, held, redeemed in parts, refunded, expired, and on a statement,
// with what the carrier has and what the books say.
func TestALifeOfPoints(t *testing.T) {
	b := billed(t, "2026-01-05", 2)
	ctx := t.Context()
	a := b.account(100_000)
	require.Zero(t, b.points(a).GetBalance())
	got := b.granted(a, 300, "2026-01-20")
	require.EqualValues(t, 300, got.GetChange().GetBalance())
	require.Equal(t, holdfastv1.ItemKind_ITEM_KIND_POINTS_GRANTED, got.GetItem().GetKind())
	require.Equal(t, "campaign-7 welcome", got.GetItem().GetReference()+" "+got.GetItem().GetNote())
	b.granted(a, 700, "")

	ask := orderOf(a, "auth", b.fresh("order"), 10_000)
	ask.PointsToRedeem = 1_001
	declined, err := b.Authorize(ctx, ask)
	require.NoError(t, err)
	require.Equal(t, []holdfastv1.DeclineReason{holdfastv1.DeclineReason_DECLINE_REASON_POINTS_INSUFFICIENT}, declined.GetReasons())

	ask.RequestId, ask.PointsToRedeem = "auth-2", 500
	checked, err := b.Check(ctx, &holdfastv1.CheckRequest{
		AccountId: ask.GetAccountId(), Scene: ask.GetScene(), CarrierId: "cmcc", PhoneToken: "p-1", Currency: "CNY", Amount: 10_000, PointsToRedeem: 500,
	})
	require.NoError(t, err)
	require.EqualExportedValues(t, holdfastv1.PointsPayment{Points: 500, Amount: 500}, *checked.GetPoints())
	held, err := b.Authorize(ctx, ask)
	require.NoError(t, err)
	require.EqualValues(t, 10_000, held.GetAuthorization().GetHeldAmount(), "the carrier is to have all of it")
	require.EqualValues(t, 9_500, held.GetHeadroom().GetHeld(), "what points are to pay is not lent")
	require.EqualValues(t, 500, held.GetAuthorization().GetPoints().GetHeld().GetPoints())
	require.EqualValues(t, 500, held.GetPoints().GetBalance())
	again, err := b.Authorize(ctx, ask)
	require.NoError(t, err)
	require.True(t, again.GetReplayed())
	again.Replayed = false
	require.EqualExportedValues(t, held, again)

	id := held.GetAuthorization().GetAuthorizationId()
	part, err := b.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: "cap-1", AuthorizationId: id, Currency: "CNY", Amount: 3_333})
	require.NoError(t, err)
	require.EqualValues(t, 166, part.GetPoints().GetPaidAmount(), "166.65 of 500, rounded down")
	require.EqualValues(t, 167, part.GetPoints().GetFlows().GetRedeemed(), "and the points for it rounded up")
	rest, err := b.Capture(ctx, &holdfastv1.CaptureRequest{RequestId: "cap-2", AuthorizationId: id, Currency: "CNY"})
	require.NoError(t, err)
	require.EqualValues(t, 334, rest.GetPoints().GetPaidAmount(), "the last part absorbs")
	require.EqualValues(t, 9_500, rest.GetHeadroom().GetPosted())
	require.Len(t, rest.GetAuthorization().GetCaptures(), 2)
	require.EqualExportedValues(t, holdfastv1.PointsPayment{Points: 167, Amount: 166}, *rest.GetAuthorization().GetCaptures()[0].GetPoints())

	refund, err := b.Refund(ctx, &holdfastv1.RefundRequest{RequestId: "ref-1", AuthorizationId: id, Currency: "CNY", Amount: 5_000})
	require.NoError(t, err)
	require.EqualValues(t, -250, refund.GetPoints().GetPaidAmount())
	require.EqualValues(t, 250, refund.GetPoints().GetFlows().GetRestored())
	require.EqualValues(t, 4_750, refund.GetHeadroom().GetPosted())
	require.EqualValues(t, 750, b.points(a).GetBalance())
	require.Equal(t, "2026-01-20", b.points(a).GetLots()[0].GetLastDay(), "what expires last has come back")
	require.EqualValues(t, 50, b.points(a).GetLots()[0].GetPoints())

	b.on("2026-01-21")
	require.EqualValues(t, 700, b.points(a).GetBalance(), "fifty were left of those that expired")
	b.on("2026-02-05")
	resp, err := b.GetStatement(ctx, &holdfastv1.GetStatementRequest{AccountId: a.GetAccountId()})
	require.NoError(t, err)
	require.EqualValues(t, 4_750, resp.GetStatement().GetTotalDue())
	require.EqualExportedValues(t, holdfastv1.StatementPoints{
		Flows:   &holdfastv1.PointsFlows{Granted: 1_000, Restored: 250, Redeemed: 500, Expired: 50},
		Closing: 700, ExpiresNext: &holdfastv1.PointsLot{Points: 700, LastDay: "2028-01-31"},
	}, *resp.GetStatement().GetPoints())

	items, err := b.ListPointsItems(ctx, &holdfastv1.ListPointsItemsRequest{AccountId: a.GetAccountId(), PageSize: 2})
	require.NoError(t, err)
	var kinds []string
	for token := "first"; token != ""; token = items.GetNextPageToken() {
		if token != "first" {
			items, err = b.ListPointsItems(ctx, &holdfastv1.ListPointsItemsRequest{AccountId: a.GetAccountId(), PageSize: 2, PageToken: token})
			require.NoError(t, err)
		}
		for _, i := range items.GetItems() {
			kinds = append(kinds, i.GetKind().String())
		}
	}
	require.Equal(t, []string{
		"ITEM_KIND_POINTS_EXPIRED", "ITEM_KIND_PURCHASE_REFUNDED", "ITEM_KIND_PURCHASE_POSTED", "ITEM_KIND_PURCHASE_POSTED",
		"ITEM_KIND_POINTS_GRANTED", "ITEM_KIND_POINTS_GRANTED",
	}, kinds)

	books := map[string]int64{}
	for _, e := range b.events(&holdfastv1.WatchEventsRequest{}) {
		units := map[string]int64{}
		if e.GetType() == holdfastv1.EventType_EVENT_TYPE_STATEMENT_CLOSED {
			require.Nil(t, e.GetPoints(), "a statement does nothing to points")
		}
		for _, p := range e.GetPostings() {
			books[p.GetBook()] += p.GetAmount()
			units[p.GetUnit()] += p.GetAmount()
		}
		for unit, sum := range units {
			require.Zero(t, sum, "%s in %q", e.GetType(), unit)
		}
	}
	require.EqualValues(t, -5_000, books["payable/cmcc"], "the carrier has all that was captured and not refunded")
	require.EqualValues(t, 250, books["points_cost"])
	require.EqualValues(t, 0, books["pledged/"+a.GetAccountId()])
	require.EqualValues(t, 4_750, books["receivable/"+a.GetAccountId()+"/TOPUP"])
	require.EqualValues(t, -700, books["points/"+a.GetAccountId()])
	require.EqualValues(t, 700, books["points_issued"])
	require.Contains(t, scrape(t, b.server.metrics), "holdfast_points_outstanding{shard=\"0\"}")
}

// TestFaultsOfPoints asks for what the terms or the request do not allow.
func TestFaultsOfPoints(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	ctx := t.Context()
	a := b.account(100_000)
	for _, c := range []struct {
		ask    *holdfastv1.GrantPointsRequest
		reason string
		code   codes.Code
	}{
		{&holdfastv1.GrantPointsRequest{Points: 0}, "INVALID_REQUEST", codes.InvalidArgument},
		{&holdfastv1.GrantPointsRequest{Points: 1e15 + 1}, "INVALID_REQUEST", codes.InvalidArgument},
		{&holdfastv1.GrantPointsRequest{Points: 1, LastDay: "2026-01-32"}, "INVALID_REQUEST", codes.InvalidArgument},
		{&holdfastv1.GrantPointsRequest{Points: 1, LastDay: "2026-01-04"}, "DAY_PASSED", codes.InvalidArgument},
		{&holdfastv1.GrantPointsRequest{Points: 1, LastDay: "2037-01-04"}, "DAY_OUT_OF_RANGE", codes.InvalidArgument},
		{&holdfastv1.GrantPointsRequest{Points: 1, AccountId: "acc_0000000000099"}, "ACCOUNT_NOT_FOUND", codes.NotFound},
	} {
		c.ask.RequestId = b.fresh("grant")
		if c.ask.AccountId == "" {
			c.ask.AccountId = a.GetAccountId()
		}
		_, err := b.GrantPoints(ctx, c.ask)
		requireReason(t, err, c.code, c.reason)
	}
	ask := orderOf(a, "auth", b.fresh("order"), 100)
	ask.PointsToRedeem = 101
	_, err := b.Authorize(ctx, ask)
	requireReason(t, err, codes.InvalidArgument, "POINTS_OUT_OF_RANGE")
	ask.PointsToRedeem = -1
	_, err = b.Authorize(ctx, ask)
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	_, err = b.GetPoints(ctx, &holdfastv1.GetPointsRequest{AccountId: "acc_0000000000099"})
	requireReason(t, err, codes.NotFound, "ACCOUNT_NOT_FOUND")
	_, err = b.ListPointsItems(ctx, &holdfastv1.ListPointsItemsRequest{AccountId: a.GetAccountId(), PageToken: "x"})
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
}
