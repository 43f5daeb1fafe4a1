package server

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/reconcile"
)

// mostRecords is how many records a message has at most.
const mostRecords = 1_000

// itemOf is a carrier's record.
func itemOf(r *holdfastv1.CarrierRecord, date calendar.Date) (*reconcile.Item, error) {
	i := &reconcile.Item{
		Order: r.GetOrderId(), Reference: r.GetCarrierReference(), Kind: reconcile.Kind(r.GetKind()), Status: reconcile.Status(r.GetStatus()),
		Date: date, Amount: money.Amount(r.GetAmount()), Fee: money.Amount(r.GetFee()),
	}
	if r.GetStatus() == holdfastv1.RecordStatus_RECORD_STATUS_UNSPECIFIED {
		i.Status = reconcile.Delivered
	}
	switch k, s := r.GetKind(), r.GetStatus(); {
	case k <= 0 || k > holdfastv1.RecordKind_RECORD_KIND_REVERSAL:
		return nil, errors.New("kind is required: SALE, REFUND or REVERSAL")
	case s < 0 || s > holdfastv1.RecordStatus_RECORD_STATUS_PENDING:
		return nil, fmt.Errorf("status %d is none", s)
	case i.Order == "" && i.Reference == "":
		return nil, errors.New("order_id or carrier_reference is required")
	case i.Amount < 0 || i.Amount > money.Max:
		return nil, fmt.Errorf("amount %d is not within 0 and %d", i.Amount, money.Max)
	case i.Fee < 0 || i.Fee > money.Max:
		return nil, fmt.Errorf("fee %d is not within 0 and %d", i.Fee, money.Max)
	}
	for _, s := range []string{i.Order, i.Reference} {
		if len(s) > 64 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return nil, errors.New("order_id and carrier_reference have at most 64 printable characters")
		}
	}
	if t := r.GetTime(); t != nil {
		if t.CheckValid() != nil || t.GetSeconds() < 0 || t.GetSeconds() > maxSeconds {
			return nil, errors.New("time is none")
		}
		i.Time = calendar.InstantOf(t.AsTime())
	}
	return i, nil
}

// maxSeconds is a time beyond which instants do not go.
const maxSeconds = 9_000_000_000

func breakMessage(b *ledger.KeptBreak) *holdfastv1.ReconcileResponse {
	return &holdfastv1.ReconcileResponse{Part: &holdfastv1.ReconcileResponse_Break{Break: breakProto(b)}}
}

func breakProto(b *ledger.KeptBreak) *holdfastv1.ReconciliationBreak {
	return &holdfastv1.ReconciliationBreak{
		BreakNumber: int32(b.N), Kind: holdfastv1.BreakKind(b.Kind), Ours: recordProto(&b.Ours), Theirs: recordProto(&b.Theirs),
		Difference: int64(b.Diff), FeeDifference: int64(b.FeeDiff),
		Resolution: holdfastv1.BreakResolution(b.How), AdjustedAmount: int64(b.Adjusted), Operator: string(b.Operator), Reason: b.Reason,
		ResolveTime: timeProto(b.Resolved),
	}
}

// timeProto is an instant; nil for none.
func timeProto(at calendar.Instant) *timestamppb.Timestamp {
	if at == 0 {
		return nil
	}
	return timestamp(at)
}

func recordProto(i *reconcile.Item) *holdfastv1.ReconciledRecord {
	if i.Kind == 0 {
		return nil
	}
	p := &holdfastv1.ReconciledRecord{
		OrderId: i.Order, CarrierReference: i.Reference, Kind: holdfastv1.RecordKind(i.Kind), Status: holdfastv1.RecordStatus(i.Status),
		BusinessDate: dateProto(i.Date), Time: timeProto(i.Time), Amount: int64(i.Amount), Fee: int64(i.Fee), Count: max(1, i.Count),
	}
	if i.N != 0 {
		p.AuthorizationId = ledger.AuthorizationID{Account: ledger.AccountID(i.Account), N: i.N}.String()
	}
	if i.State != 0 && i.State <= uint8(ledger.Declined) {
		p.AuthorizationState = ledger.State(i.State).String()
	}
	return p
}

// proto is a reconciliation, as this server knows it.
func (s *reconciliations) proto(r *ledger.Reconciliation, replayed bool) *holdfastv1.Reconciliation {
	p := &holdfastv1.Reconciliation{
		CarrierId: string(r.Carrier), Number: int32(r.N), Caller: string(r.Caller), Currency: string(r.Currency), BusinessDate: r.Date.String(),
		HasFees: r.Fees, Interruption: r.Failed, CreateTime: timeProto(r.Began), EndTime: timeProto(r.Ended), ReadTime: timeProto(r.Read),
		Ours: recordSumsProto(&r.Tally.Ours), Theirs: recordSumsProto(&r.Tally.Theirs),
		SilentCount: r.Tally.Silent, MatchedCount: r.Tally.Matched, CancelledCount: r.Tally.Cancelled,
		BreakCount: int32(r.Breaks), OpenCount: int32(r.Open), AdjustedAmount: int64(r.Adjusted), Replayed: replayed,
	}
	switch {
	case r.Done():
		p.State = holdfastv1.ReconciliationState_RECONCILIATION_STATE_DONE
	case r.Ended == 0 && s.isRunning(r):
		p.State = holdfastv1.ReconciliationState_RECONCILIATION_STATE_UNDER_WAY
	default:
		p.State = holdfastv1.ReconciliationState_RECONCILIATION_STATE_INTERRUPTED
	}
	for k := range r.Tally.Breaks {
		if b := &r.Tally.Breaks[k]; b.Count > 0 {
			p.Breaks = append(p.Breaks, &holdfastv1.BreakSums{
				Kind: holdfastv1.BreakKind(k + 1), Count: b.Count, Difference: int64(b.Diff), FeeDifference: int64(b.FeeDiff)})
		}
	}
	return p
}

func recordSumsProto(s *reconcile.Sums) *holdfastv1.RecordSums {
	return &holdfastv1.RecordSums{Count: s.Count, Amount: int64(s.Amount), Fee: int64(s.Fee)}
}
