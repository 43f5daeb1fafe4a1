package server

import (
	"context"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// points is PointsService.
type points struct {
	holdfastv1.UnimplementedPointsServiceServer
	*router
}

func (s *points) GrantPoints(ctx context.Context, r *holdfastv1.GrantPointsRequest) (*holdfastv1.GrantPointsResponse, error) {
	var c check
	cmd := &ledger.GrantPoints{
		Request:   c.request(callerOf(ctx), r.GetRequestId()),
		Account:   c.account(r.GetAccountId()),
		Points:    c.points("points", r.GetPoints(), 1),
		LastDay:   c.dateOr("last_day", r.GetLastDay()),
		Reference: c.text("reference", r.GetReference()),
		Reason:    c.text("reason", r.GetReason()),
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.on(ctx, cmd.Account, cmd)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GrantPointsResponse{
		Item: itemProto(cmd.Account, out.Billing.Item), Change: pointsChangeProto(out.Points), Replayed: out.Replayed,
	}, nil
}

func (s *points) GetPoints(ctx context.Context, r *holdfastv1.GetPointsRequest) (*holdfastv1.GetPointsResponse, error) {
	var c check
	q := &ledger.GetPoints{Account: c.account(r.GetAccountId())}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.on(ctx, q.Account, q)
	if err != nil {
		return nil, err
	}
	w := out.Account.Points()
	p := &holdfastv1.PointsBalance{
		AccountId: out.Account.ID.String(), Balance: int64(w.Balance()), Held: int64(w.Held), Ever: pointsFlowsProto(&w.Ever),
	}
	for _, lot := range w.Lots {
		p.Lots = append(p.Lots, lotProto(lot))
	}
	return &holdfastv1.GetPointsResponse{Points: p}, nil
}

func (s *points) ListPointsItems(ctx context.Context, r *holdfastv1.ListPointsItemsRequest) (*holdfastv1.ListPointsItemsResponse, error) {
	var c check
	q := &ledger.ListPointsItems{Account: c.account(r.GetAccountId()), Limit: c.page(r.GetPageSize())}
	if r.GetPageToken() != "" {
		before, err := ledger.ParseItemID(r.GetPageToken())
		if err != nil || before.Account != q.Account {
			c.fault("page_token", "is not a token of this list")
		}
		q.Before = before.N
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := s.on(ctx, q.Account, q)
	if err != nil {
		return nil, err
	}
	resp := &holdfastv1.ListPointsItemsResponse{}
	for _, i := range out.Billing.Items {
		resp.Items = append(resp.Items, itemProto(q.Account, i))
	}
	if out.More {
		resp.NextPageToken = itemID(q.Account, out.Billing.Next.Item)
	}
	return resp, nil
}

// points is a number of points of a request.
func (c *check) points(field string, v, least int64) ledger.Points {
	if v < least || v > int64(money.Max) {
		c.fault(field, "%d is not within %d and %d", v, least, money.Max)
	}
	return ledger.Points(v)
}

func lotProto(l ledger.Lot) *holdfastv1.PointsLot {
	return &holdfastv1.PointsLot{Points: int64(l.Points), LastDay: l.Expires.String()}
}

func pointsFlowsProto(f *ledger.PointsFlows) *holdfastv1.PointsFlows {
	return &holdfastv1.PointsFlows{
		Earned: int64(f.Earned), Granted: int64(f.Granted), Restored: int64(f.Restored), Redeemed: int64(f.Redeemed),
		Expired: int64(f.Expired), TakenBack: int64(f.TakenBack),
	}
}

// pointsChangeProto is what happened to points; nil when nothing did.
func pointsChangeProto(c *ledger.PointsChange) *holdfastv1.PointsChange {
	if c == nil {
		return nil
	}
	return &holdfastv1.PointsChange{
		Flows: pointsFlowsProto(&c.Flows), HeldPoints: int64(c.Held), HeldAmount: int64(c.Pledged), PaidAmount: int64(c.Paid),
		LastDay: dateProto(c.Expires), Balance: int64(c.Balance),
	}
}

// paymentProto is what points pay; nil when there are none.
func paymentProto(p ledger.PointsPart) *holdfastv1.PointsPayment {
	if p == (ledger.PointsPart{}) {
		return nil
	}
	return &holdfastv1.PointsPayment{Points: int64(p.Points), Amount: int64(p.Worth)}
}

func orderPointsProto(r *ledger.Redemption) *holdfastv1.OrderPoints {
	if r == nil {
		return nil
	}
	return &holdfastv1.OrderPoints{
		Authorized: paymentProto(r.Decided), Held: paymentProto(r.Held), Captured: paymentProto(r.Redeemed), Refunded: paymentProto(r.Restored),
		Earned: int64(r.Earned), TakenBack: int64(r.TakenBack),
	}
}

func statementPointsProto(s *ledger.StatedPoints) *holdfastv1.StatementPoints {
	if s == nil {
		return nil
	}
	p := &holdfastv1.StatementPoints{
		Opening: int64(s.Opening), Flows: pointsFlowsProto(&s.Flows), Closing: int64(s.Closing), Held: int64(s.Held),
	}
	if s.Next != (ledger.Lot{}) {
		p.ExpiresNext = lotProto(s.Next)
	}
	return p
}
