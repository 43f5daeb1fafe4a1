package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// carrierBills is CarrierBillService. Reports are in carrierbillreport.go.
type carrierBills struct {
	holdfastv1.UnimplementedCarrierBillServiceServer
	*router
	zone    calendar.Zone
	now     func() calendar.Instant
	metrics *Metrics
}

// linePage is how many lines an export reads at a time, so that no decision waits long for it.
const linePage = 500

// mayAsk says what stands against a caller's asking about a carrier: operators may ask about every one, others about those
// that name them.
func (s *carrierBills) mayAsk(ctx context.Context, id ledger.CarrierID) error {
	if CallerOf(ctx).Role.operates() {
		return nil
	}
	known, err := look(ctx, s.writers[len(s.writers)-1], &ledger.GetShard{})
	if err != nil {
		return err
	}
	if c := known.Shard.Carrier(id); c == nil || !slices.Contains(c.Principals, callerOf(ctx)) {
		return failed(codes.PermissionDenied, "NOT_OF_CARRIER", fmt.Sprintf("caller %q may not speak for carrier %q", callerOf(ctx), id))
	}
	return nil
}

// month reads YYYY-MM.
func (c *check) month(field, s string) calendar.Month {
	d, err := calendar.ParseDate(s + "-01")
	if err != nil {
		c.fault(field, "%q is not a month: want YYYY-MM", s)
		return 0
	}
	return d.Month()
}

func (s *carrierBills) ListCollectionBatches(ctx context.Context, r *holdfastv1.ListCollectionBatchesRequest) (*holdfastv1.ListCollectionBatchesResponse, error) {
	var c check
	id := token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId())
	currency, from, to := money.Currency(""), calendar.Month(0), calendar.Month(1<<31-1)
	if r.GetCurrency() != "" {
		currency = c.currency(r.GetCurrency())
	}
	if r.GetFromMonth() != "" {
		from = c.month("from_month", r.GetFromMonth())
	}
	if r.GetToMonth() != "" {
		to = c.month("to_month", r.GetToMonth())
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	if err := s.mayAsk(ctx, id); err != nil {
		return nil, err
	}
	all, err := s.batches(ctx)
	if err != nil {
		return nil, err
	}
	resp, present := new(holdfastv1.ListCollectionBatchesResponse), s.zone.DateAt(s.now()).Month()
	for i := range all {
		if b := &all[i]; b.Carrier == id && (currency == "" || b.Currency == currency) && b.Month >= from && b.Month <= to {
			resp.Batches = append(resp.Batches, batchProto(b, present))
		}
	}
	return resp, nil
}

// batches are those of all shards, the parts of each added up.
func (r *router) batches(ctx context.Context) (all []ledger.Batch, err error) {
	shards, err := r.shards(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range shards {
		for i := range s.Batches {
			part := &s.Batches[i]
			at, found := slices.BinarySearchFunc(all, part.BatchID, func(b ledger.Batch, id ledger.BatchID) int { return b.Compare(id) })
			if !found {
				all = slices.Insert(all, at, ledger.Batch{BatchID: part.BatchID})
			}
			all[at].Add(part)
		}
	}
	return all, nil
}

func batchProto(b *ledger.Batch, present calendar.Month) *holdfastv1.CollectionBatch {
	p := &holdfastv1.CollectionBatch{
		CarrierId: string(b.Carrier), Currency: string(b.Currency), Month: b.Month.String(), Closed: b.Month < present,
		Lines: int64(b.Lines), CollectedAmount: int64(b.Collected()),
	}
	for i, sum := range b.By {
		if p.Amount += int64(sum.Amount); sum.Lines != 0 {
			p.Outcomes = append(p.Outcomes, &holdfastv1.CollectionLineSum{
				Outcome: holdfastv1.CollectionLineOutcome(i + 1), Lines: sum.Lines, Amount: int64(sum.Amount), CollectedAmount: int64(sum.Collected),
			})
		}
	}
	return p
}

// lineCursor is how far an export has come: the shard, and the number of its last line that was told.
type lineCursor struct {
	shard int
	line  uint32
}

func (c lineCursor) String() string { return fmt.Sprintf("%d.%d", c.shard, c.line) }

func parseLineCursor(s string, shards int) (c lineCursor, ok bool) {
	if s == "" {
		return c, true
	}
	shard, line, _ := strings.Cut(s, ".")
	n, err := strconv.ParseUint(line, 10, 32)
	at, wrong := strconv.Atoi(shard)
	return lineCursor{at, uint32(n)}, errors.Join(err, wrong) == nil && at >= 0 && at < shards
}

func (s *carrierBills) ExportCollectionBatch(r *holdfastv1.ExportCollectionBatchRequest, stream holdfastv1.CarrierBillService_ExportCollectionBatchServer) error {
	ctx := stream.Context()
	var c check
	id := ledger.BatchID{
		Carrier: token[ledger.CarrierID](&c, "carrier_id", r.GetCarrierId()), Currency: c.currency(r.GetCurrency()), Month: c.month("month", r.GetMonth()),
	}
	at, ok := parseLineCursor(r.GetCursor(), len(s.writers))
	if !ok {
		c.fault("cursor", "was not made by this service")
	}
	if err := c.err(); err != nil {
		return err
	}
	if err := s.mayAsk(ctx, id.Carrier); err != nil {
		return err
	}
	all, err := s.batches(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(b ledger.Batch) bool { return b.BatchID == id }) {
		return failed(codes.NotFound, "BATCH_NOT_FOUND", fmt.Sprintf("there is no batch of %s in %s of %s", id.Carrier, id.Currency, id.Month))
	}
	for ; at.shard < len(s.writers); at = (lineCursor{at.shard + 1, 0}) {
		for more := true; more; {
			out, err := look(ctx, s.writers[at.shard], &ledger.ListBatchLines{Batch: id, After: at.line, Limit: linePage})
			if err != nil {
				return err
			}
			for i := range out.BatchLines {
				line := &out.BatchLines[i]
				at.line = line.N
				if err := stream.Send(&holdfastv1.ExportCollectionBatchResponse{Cursor: at.String(), Line: lineProto(id.Currency, line)}); err != nil {
					return err
				}
			}
			more = out.More
		}
	}
	return nil
}

func lineProto(c money.Currency, l *ledger.BatchLine) *holdfastv1.CollectionLine {
	p := &holdfastv1.CollectionLine{
		CollectionId: itemID(l.Account, l.Item), AccountId: l.Account.String(), PhoneToken: string(l.Phone), OpeningDate: dateProto(l.Opens),
		Day: dateProto(l.Day), FallBackDate: dateProto(l.Until), Currency: string(c), Amount: int64(l.Amount),
		Outcome: holdfastv1.CollectionLineOutcome(l.Outcome) + 1, CollectedAmount: int64(l.Collected), ValueDate: dateProto(l.ValueDate),
		RepaymentId: itemID(l.Account, l.Repayment), Reference: l.Reference, Reason: l.Reason,
	}
	if l.Time != 0 {
		p.ReportTime = timestamp(l.Time)
	}
	return p
}

// payer reads on whose bill an account lets be collected what it owes.
func (c *check) payer(channel ledger.Channel, carrier, phone string) (p ledger.Payer) {
	if channel == ledger.OnCarrier {
		return ledger.Payer{Carrier: token[ledger.CarrierID](c, "carrier_id", carrier), Phone: token[ledger.PhoneToken](c, "phone_token", phone)}
	}
	if cmp.Or(carrier, phone) != "" {
		c.fault("carrier_id", "and phone_token are only for COLLECTION_CHANNEL_CARRIER")
	}
	return p
}

// firstChannel is the channel of an account that is opened: a carrier has to be named, which SetCollectionChannel does.
func (c *check) firstChannel(v holdfastv1.CollectionChannel) ledger.Channel {
	channel := c.channel("collection_channel", v, false)
	if channel == ledger.OnCarrier {
		c.fault("collection_channel", "is CARRIER once SetCollectionChannel names the carrier")
	}
	return channel
}
