package server

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// settlements is SettlementService. What it closes, the settler closes as well when nobody asks.
type settlements struct {
	holdfastv1.UnimplementedSettlementServiceServer
	*feed
	settler *settler
}

// settlementHome is the shard in which a carrier's settlements are.
func (r *router) settlementHome(id ledger.CarrierID) int { return r.hash(string(id)) }

// readsOf says whether a caller may read what is between the lender and a carrier: nobody may who speaks for others only.
func (r *router) readsOf(ctx context.Context, id ledger.CarrierID) error {
	of, bound, err := r.speaksFor(ctx, callerOf(ctx))
	if err != nil || !bound || slices.Contains(of, id) {
		return err
	}
	return failed(codes.PermissionDenied, "NOT_OF_CARRIER", fmt.Sprintf("caller %q may not read what is carrier %q's", callerOf(ctx), id),
		&errdetails.ResourceInfo{ResourceName: string(id)})
}

// settlementNamed is the settlement that a request names.
func (c *check) settlementNamed(r interface {
	GetCarrierId() string
	GetCurrency() string
	GetNumber() int32
}) ledger.SettlementID {
	id := ledger.SettlementID{Carrier: token[ledger.CarrierID](c, "carrier_id", r.GetCarrierId()), Currency: c.currency(r.GetCurrency())}
	if r.GetNumber() < 1 {
		c.fault("number", "%d is not a number of a settlement: they are 1, 2, 3, ...", r.GetNumber())
	}
	id.N = uint32(max(0, r.GetNumber()))
	return id
}

func (s *settlements) CloseSettlement(ctx context.Context, r *holdfastv1.CloseSettlementRequest) (*holdfastv1.CloseSettlementResponse, error) {
	var c check
	begin := &ledger.BeginSettlement{
		Request: c.request(callerOf(ctx), r.GetRequestId()), Carrier: token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId()),
		Currency: c.currency(r.GetCurrency()), Through: c.date("through_date", r.GetThroughDate()),
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	closed, replayed, err := s.settler.settle(ctx, begin)
	if err != nil {
		return nil, err
	}
	return &holdfastv1.CloseSettlementResponse{Settlement: settlementProto(closed), Replayed: replayed}, nil
}

func (s *settlements) GetSettlement(ctx context.Context, r *holdfastv1.GetSettlementRequest) (*holdfastv1.GetSettlementResponse, error) {
	var c check
	id := c.settlementNamed(r)
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := s.readsOf(ctx, id.Carrier); err != nil {
		return nil, err
	}
	out, err := submit(ctx, s.writers[s.settlementHome(id.Carrier)], &ledger.GetSettlement{ID: id})
	if err != nil {
		return nil, err
	}
	return &holdfastv1.GetSettlementResponse{Settlement: settlementProto(out.Settlement.Settlement)}, nil
}

func (s *settlements) ListSettlements(ctx context.Context, r *holdfastv1.ListSettlementsRequest) (*holdfastv1.ListSettlementsResponse, error) {
	var c check
	list := &ledger.ListSettlements{
		Carrier: token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId()), Currency: c.currency(r.GetCurrency()), Limit: c.page(r.GetPageSize()),
	}
	if r.GetPageToken() != "" {
		before, err := strconv.ParseUint(r.GetPageToken(), 10, 32)
		if err != nil || before == 0 {
			c.fault("page_token", "is not a token of this list")
		}
		list.Before = uint32(before)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := s.readsOf(ctx, list.Carrier); err != nil {
		return nil, err
	}
	out, err := submit(ctx, s.writers[s.settlementHome(list.Carrier)], list)
	if err != nil {
		return nil, err
	}
	resp := new(holdfastv1.ListSettlementsResponse)
	for _, v := range out.Settlement.Settlements {
		resp.Settlements = append(resp.Settlements, settlementProto(v))
		if out.More {
			resp.NextPageToken = strconv.Itoa(int(v.N))
		}
	}
	return resp, nil
}

func (s *settlements) GetUnsettled(ctx context.Context, r *holdfastv1.GetUnsettledRequest) (*holdfastv1.GetUnsettledResponse, error) {
	var c check
	id := token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId())
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := s.readsOf(ctx, id); err != nil {
		return nil, err
	}
	if _, err := s.moment(ctx); err != nil {
		return nil, err
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, err
	}
	resp := new(holdfastv1.GetUnsettledResponse)
	for _, d := range unsettled(shards, id) {
		resp.Days = append(resp.Days, &holdfastv1.UnsettledDay{Currency: string(d.currency), Date: dateProto(d.date), Sums: sumsOfLines(&d.sums)})
	}
	return resp, nil
}

// unsettledDay is what is in no settlement yet of a carrier's business day, of all shards.
type unsettledDay struct {
	carrier  ledger.CarrierID
	currency money.Currency
	date     calendar.Date
	sums     ledger.Sums
}

// unsettled is what is in no settlement yet of a carrier, in order of currency and business day.
func unsettled(shards []*ledger.Shard, id ledger.CarrierID) (days []unsettledDay) {
	for _, shard := range shards {
		for i := range shard.Payables {
			p := &shard.Payables[i]
			if p.Carrier != id {
				continue
			}
			for j := range p.Open {
				key := unsettledDay{carrier: id, currency: p.Currency, date: p.Open[j].Date}
				at, found := slices.BinarySearchFunc(days, key, unsettledDay.compare)
				if !found {
					days = slices.Insert(days, at, key)
				}
				days[at].sums.Add(&p.Open[j].Sums)
			}
		}
	}
	return days
}

func (s *settlements) ConfirmSettlement(ctx context.Context, r *holdfastv1.ConfirmSettlementRequest) (*holdfastv1.ConfirmSettlementResponse, error) {
	var c check
	cmd := &ledger.ConfirmSettlement{
		Request: c.request(callerOf(ctx), r.GetRequestId()), ID: c.settlementNamed(r), Reference: c.note("bank_reference", r.GetBankReference()),
		ValueDate: c.date("value_date", r.GetValueDate()), Amount: money.Amount(r.GetAmount()),
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	out, err := submit(ctx, s.writers[s.settlementHome(cmd.ID.Carrier)], cmd)
	if err != nil {
		return nil, err
	}
	if !out.Replayed {
		s.settler.metrics.settled(ledger.SettlementConfirmed)
	}
	return &holdfastv1.ConfirmSettlementResponse{Settlement: settlementProto(out.Settlement.Settlement), Replayed: out.Replayed}, nil
}

func settlementProto(s *ledger.Settlement) *holdfastv1.Settlement {
	p := &holdfastv1.Settlement{
		CarrierId: string(s.Carrier), Currency: string(s.Currency), Number: int32(s.N), State: holdfastv1.SettlementState(s.State),
		AfterDate: dateProto(s.After), ThroughDate: s.Through.String(), CreateTime: timestamp(s.Begun), Caller: string(s.Caller),
	}
	if s.State != ledger.SettlementClosing {
		p.Sums, p.Late, p.CloseTime = sumsOfLines(&s.Sums), sumsOfLines(&s.Late), timestamp(s.Closed)
	}
	if s.State == ledger.SettlementConfirmed {
		p.ConfirmTime, p.ConfirmedBy, p.BankReference, p.ValueDate = timestamp(s.Confirmed), string(s.ConfirmedBy), s.Reference, s.ValueDate.String()
	}
	return p
}

func sumsOfLines(s *ledger.Sums) *holdfastv1.SettlementSums {
	sum := func(k ledger.LineKind) (int64, int64) { v := s.Of(k); return int64(v.Amount), v.Count }
	p := &holdfastv1.SettlementSums{NetAmount: int64(s.Net()), FeeAmount: int64(s.Fees), LineCount: s.Count()}
	p.CapturedAmount, p.CapturedCount = sum(ledger.LineCaptured)
	p.RefundedAmount, p.RefundedCount = sum(ledger.LineRefunded)
	p.ReversedAmount, p.ReversedCount = sum(ledger.LineReversed)
	p.SubsidyAmount, p.SubsidyCount = sum(ledger.LineSubsidy)
	p.CollectedAmount, p.CollectedCount = sum(ledger.LineCollected)
	p.BoughtBackAmount, p.BoughtBackCount = sum(ledger.LineBoughtBack)
	p.AdjustedAmount, p.AdjustedCount = sum(ledger.LineAdjusted)
	return p
}
