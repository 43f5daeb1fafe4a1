package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The carrier's story goes on: its day is settled, reconciled and paid.

// cutOff lets the carrier's day end, and waits for the settlement that the server closes by itself.
func (d *story) cutOff() {
	d.at(time.January, 5, 23)
	d.chapter("The cut-off", "The server closes the carrier's day: what was sold, less what was taken back and the fees. Every line is in it.\n")
	d.settled(1)
}

// settled prints a settlement, when the server has closed it.
func (d *story) settled(number int32) {
	if d.err != nil {
		return
	}
	s := d.waitForSettlement(number)
	if s == nil {
		return
	}
	d.line(fmt.Sprintf("GetSettlement cmcc CNY %d", number), strings.ToLower(strings.TrimPrefix(s.GetState().String(), "SETTLEMENT_STATE_"))+
		", through "+s.GetThroughDate(), nil)
	d.settlementLines(number)
	sums := s.GetSums()
	d.line("", fmt.Sprintf("captured %s  refunded %s  reversed %s  adjusted %s  fees %s  net payable %s", yuan(sums.GetCapturedAmount()),
		yuan(-sums.GetRefundedAmount()), yuan(-sums.GetReversedAmount()), signedYuan(sums.GetAdjustedAmount()), yuan(sums.GetFeeAmount()), yuan(sums.GetNetAmount())), nil)
}

// waitForSettlement waits for the server, which looks at the clock once a second.
func (d *story) waitForSettlement(number int32) *holdfastv1.Settlement {
	for range 600 {
		resp, err := d.client.GetSettlement(d.ctx, &holdfastv1.GetSettlementRequest{CarrierId: "cmcc", Currency: "CNY", Number: number})
		if err == nil && resp.GetSettlement().GetState() == holdfastv1.SettlementState_SETTLEMENT_STATE_CLOSED {
			return resp.GetSettlement()
		}
		select {
		case <-d.ctx.Done():
			d.err = d.ctx.Err()
			return nil
		case <-time.After(50 * time.Millisecond):
		}
	}
	d.err = errors.New("the server has not closed the settlement after half a minute")
	return nil
}

// settlementLines prints the lines of a settlement.
func (d *story) settlementLines(number int32) {
	for part, err := range d.client.ExportSettlement(d.ctx, &holdfastv1.ExportSettlementRequest{CarrierId: "cmcc", Currency: "CNY", Number: number}) {
		if err != nil {
			d.err = err
			return
		}
		if l := part.GetLine(); l != nil {
			late := ""
			if l.GetLate() {
				late = "  late"
			}
			d.printf("  %34s | %-8s %-9s %9s  fee %6s  of %s%s\n", "", cmp.Or(l.GetOrderId(), "-"),
				strings.ToLower(strings.TrimPrefix(l.GetKind().String(), "SETTLEMENT_LINE_KIND_")), signedYuan(l.GetAmount()), signedYuan(l.GetFee()), l.GetDate(), late)
		}
	}
}

// theirs are the carrier's own records of the 5th: it knows nothing of order-2, and has a sale that we do not have, another amount
// and another fee, and one sale twice.
func (d *story) theirs() iter.Seq2[*holdfastv1.CarrierRecord, error] {
	sale := func(order string, amount, fee int64) *holdfastv1.CarrierRecord {
		return &holdfastv1.CarrierRecord{
			OrderId: order, Kind: holdfastv1.RecordKind_RECORD_KIND_SALE, Status: holdfastv1.RecordStatus_RECORD_STATUS_DELIVERED,
			Amount: amount, Fee: fee, Time: timestamppb.New(time.Date(2026, time.January, 5, 10, 0, 0, 0, demoZone)),
		}
	}
	of := func(r *holdfastv1.CarrierRecord, kind holdfastv1.RecordKind) *holdfastv1.CarrierRecord {
		r.Kind = kind
		return r
	}
	records := []*holdfastv1.CarrierRecord{
		sale("order-1", 5000, 30), sale("order-1", 5000, 30), sale("order-3", 2500, 12), sale("order-4", 2000, 15), sale("order-5", 1000, 6),
		of(sale("order-4", 500, 3), holdfastv1.RecordKind_RECORD_KIND_REFUND), of(sale("order-5", 1000, 6), holdfastv1.RecordKind_RECORD_KIND_REVERSAL),
		sale("order-6", 3000, 18), sale("order-77", 1000, 6),
	}
	return func(yield func(*holdfastv1.CarrierRecord, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// reconcile compares the carrier's records with ours, and resolves each break.
func (d *story) reconcile() {
	d.chapter("The carrier's own records", "Line by line against ours. What does not agree is a break, of a kind that says what to do.\n")
	if d.err != nil {
		return
	}
	r, err := d.client.Reconcile(d.ctx, &holdfastv1.ReconcileHeader{CarrierId: "cmcc", Currency: "CNY", BusinessDate: "2026-01-05", HasFees: true}, d.theirs(), nil)
	if err != nil {
		d.err = err
		return
	}
	d.line(fmt.Sprintf("Reconcile, %d records", r.GetTheirs().GetCount()), fmt.Sprintf("%d agree, %d breaks; ours %s, theirs %s", r.GetMatchedCount(),
		r.GetBreakCount(), yuan(r.GetOurs().GetAmount()), yuan(r.GetTheirs().GetAmount())), nil)
	breaks, err := d.client.ListBreaks(d.ctx, &holdfastv1.ListBreaksRequest{CarrierId: "cmcc", Number: r.GetNumber()})
	if err != nil {
		d.err = err
		return
	}
	for _, b := range breaks.GetBreaks() {
		d.line("", fmt.Sprintf("%d %-18s %-8s ours less theirs %s, fee %s", b.GetBreakNumber(), breakName(b), cmp.Or(b.GetOurs().GetOrderId(), b.GetTheirs().GetOrderId()),
			signedYuan(b.GetDifference()), signedYuan(b.GetFeeDifference())), nil)
	}
	d.chapter("Each break is resolved", "Theirs is right about one amount, ours about the rest. What is adjusted goes into the settlement of today.\n")
	for _, b := range breaks.GetBreaks() {
		d.resolve(r, b)
	}
}

func breakName(b *holdfastv1.ReconciliationBreak) string {
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(b.GetKind().String(), "BREAK_KIND_"), "_", " "))
}

func (d *story) resolve(r *holdfastv1.Reconciliation, b *holdfastv1.ReconciliationBreak) {
	if d.err != nil {
		return
	}
	how, reason := holdfastv1.BreakResolution_BREAK_RESOLUTION_ACCEPT_OURS, "the carrier corrects its record"
	if b.GetKind() == holdfastv1.BreakKind_BREAK_KIND_AMOUNT {
		how, reason = holdfastv1.BreakResolution_BREAK_RESOLUTION_ACCEPT_THEIRS, "delivered with the bonus that was agreed"
	}
	resp, err := d.client.ResolveBreak(d.ctx, &holdfastv1.ResolveBreakRequest{
		CarrierId: "cmcc", Number: r.GetNumber(), BreakNumber: b.GetBreakNumber(), Resolution: how, Reason: reason,
	})
	if err != nil {
		d.err = err
		return
	}
	answer := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(how.String(), "BREAK_RESOLUTION_"), "_", " ")) + ": " + reason
	if posted := resp.GetBreak().GetAdjustedAmount(); posted != 0 {
		answer += ", posted " + signedYuan(posted)
	}
	d.line(fmt.Sprintf("ResolveBreak %d, %s", b.GetBreakNumber(), breakName(b)), answer, nil)
}

// pay confirms what the bank has paid.
func (d *story) pay(number int32) {
	if d.err != nil {
		return
	}
	got, err := d.client.GetSettlement(d.ctx, &holdfastv1.GetSettlementRequest{CarrierId: "cmcc", Currency: "CNY", Number: number})
	if err != nil {
		d.err = err
		return
	}
	net := got.GetSettlement().GetSums().GetNetAmount()
	_, err = d.client.ConfirmSettlement(d.ctx, &holdfastv1.ConfirmSettlementRequest{
		CarrierId: "cmcc", Currency: "CNY", Number: number, BankReference: fmt.Sprintf("wire-%d", number), ValueDate: d.now.In(demoZone).Format(time.DateOnly), Amount: net,
	})
	if err != nil {
		d.err = err
		return
	}
	d.line(fmt.Sprintf("ConfirmSettlement cmcc CNY %d", number), fmt.Sprintf("paid %s, bank reference wire-%d", yuan(net), number), nil)
}

// payAll pays both settlements, the second when it is closed.
func (d *story) payAll() {
	d.chapter("The bank pays", "The first settlement is confirmed; the second is closed at the next cut-off, with what was late and what was adjusted.\n")
	d.pay(1)
	d.at(time.January, 6, 23)
	d.settled(2)
	d.pay(2)
}

// books adds up what the journal posted to the carrier's books: nothing is left.
func (d *story) books() {
	d.chapter("The carrier's books", "All postings of the journal added up: what was payable has been paid, and what is left is what the fees earned.\n")
	left := map[string]int64{}
	if d.err != nil {
		return
	}
	for e, err := range d.client.WatchEvents(d.ctx, &holdfastv1.WatchEventsRequest{UntilNow: true}) {
		if err != nil {
			d.err = err
			return
		}
		for _, p := range e.GetPostings() {
			left[p.GetBook()] += p.GetAmount()
		}
	}
	for _, book := range []string{"payable/cmcc", "fees/cmcc", "adjustment/cmcc", "cash"} {
		d.line(book, signedYuan(left[book]), nil)
	}
}
