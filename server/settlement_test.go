package server

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// unattended is a book whose settler looks only when it is told to.
func unattended(t *testing.T, day string, shards int) *book {
	b := billed(t, day, shards)
	b.server.settler.close()
	return b
}

// settleNow has the settler look.
func (b *book) settleNow() {
	b.t.Helper()
	b.server.settler.about = "" // whatever it saw last
	require.NoError(b.t, b.server.settler.pass(WithCaller(b.t.Context(), Caller{Name: SettlerName, Role: RoleAdmin})))
}

func (b *book) clock(at time.Time) {
	b.t.Helper()
	_, err := b.AdvanceClock(b.t.Context(), &holdfastv1.AdvanceClockRequest{To: &holdfastv1.AdvanceClockRequest_Time{Time: timestamppb.New(at)}})
	require.NoError(b.t, err)
}

// paidBy are settings of a carrier that is paid in a cycle and charged.
func paidBy(cycle holdfastv1.SettlementCycle, cutOff, zone string, basisPoints int32, fixed int64) *holdfastv1.CarrierSettings {
	return &holdfastv1.CarrierSettings{
		Name: "carrier", Principals: []string{"gateway-" + cutOff[:2]},
		Settlement: &holdfastv1.CarrierSettlement{Cycle: cycle, CutOff: cutOff, Zone: zone},
		Fees:       []*holdfastv1.CarrierFee{{Currency: "CNY", BasisPoints: basisPoints, FixedAmount: fixed}},
	}
}

// settlementsOf are all settlements of a carrier, the oldest first.
func (b *book) settlementsOf(carrier string) (list []*holdfastv1.Settlement) {
	b.t.Helper()
	r := &holdfastv1.ListSettlementsRequest{CarrierId: carrier, Currency: "CNY", PageSize: 7}
	for {
		resp, err := b.ListSettlements(b.t.Context(), r)
		require.NoError(b.t, err)
		for _, s := range resp.GetSettlements() {
			list = append([]*holdfastv1.Settlement{s}, list...)
		}
		if r.PageToken = resp.GetNextPageToken(); r.PageToken == "" {
			return list
		}
	}
}

func (b *book) unsettledOf(carrier string) (net, lines int64) {
	b.t.Helper()
	resp, err := b.GetUnsettled(b.t.Context(), &holdfastv1.GetUnsettledRequest{CarrierId: carrier})
	require.NoError(b.t, err)
	for _, d := range resp.GetDays() {
		net, lines = net+d.GetSums().GetNetAmount(), lines+d.GetSums().GetLineCount()
	}
	return net, lines
}

// exported are the lines of a settlement, and what closes them.
func (b *book) exported(s *holdfastv1.Settlement) (lines []*holdfastv1.SettlementLine, control *holdfastv1.SettlementControl) {
	b.t.Helper()
	stream, err := b.ExportSettlement(b.t.Context(), &holdfastv1.ExportSettlementRequest{CarrierId: s.GetCarrierId(), Currency: s.GetCurrency(), Number: s.GetNumber()})
	require.NoError(b.t, err)
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return lines, control
		}
		require.NoError(b.t, err)
		require.Nil(b.t, control, "nothing comes after the control")
		if control = m.GetControl(); control == nil {
			lines = append(lines, m.GetLine())
		}
	}
}

// file is a settlement as a file.
func (b *book) file(s *holdfastv1.Settlement) []byte {
	b.t.Helper()
	stream, err := b.ExportSettlement(b.t.Context(), &holdfastv1.ExportSettlementRequest{CarrierId: s.GetCarrierId(), Currency: s.GetCurrency(), Number: s.GetNumber(), Csv: true})
	require.NoError(b.t, err)
	var file bytes.Buffer
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return file.Bytes()
		}
		require.NoError(b.t, err)
		file.Write(m.GetCsv())
	}
}

// carrierBooks adds up the postings of the books that settlements are about.
type carrierBooks struct {
	cursor string
	owed   map[string]int64 // payable, subsidy and collected of each carrier, with the sign turned
	cash   int64
}

func (c *carrierBooks) read(b *book) {
	for _, e := range b.events(&holdfastv1.WatchEventsRequest{Cursor: c.cursor}) {
		for _, p := range e.GetPostings() {
			kind, carrier, _ := strings.Cut(p.GetBook(), "/")
			switch kind {
			case "payable", "subsidy", "collected":
				c.owed[carrier] -= p.GetAmount()
			case "cash":
				c.cash += p.GetAmount()
			}
		}
		c.cursor = e.GetCursor()
	}
}

// dealing makes up what happens at carriers.
type dealing struct {
	*book
	random   *rand.Rand
	accounts []*holdfastv1.Account
	sold     []*holdfastv1.Authorization
}

// deal does something: sells, refunds, reverses, or is told of a sale that took place days ago.
func (d *dealing) deal() {
	ctx, a, r := d.t.Context(), d.accounts[d.random.IntN(len(d.accounts))], d.random
	o := orderOf(a, d.fresh("r"), d.fresh("o"), int64(100+r.IntN(3000)))
	o.CarrierId = []string{"cmcc", "ctcc"}[r.IntN(2)]
	switch n := r.IntN(10); {
	case n < 5 || len(d.sold) == 0:
		d.sold = append(d.sold, d.orderFor("shop", o.GetCarrierId(), a, o.GetAmount()))
	case n < 7:
		v := d.sold[r.IntN(len(d.sold))]
		_, err := d.Refund(ctx, &holdfastv1.RefundRequest{
			RequestId: d.fresh("ref"), AuthorizationId: v.GetAuthorizationId(), Currency: "CNY", Amount: 1 + int64(r.IntN(int(v.GetAuthorizedAmount())))})
		if err != nil {
			requireReason(d.t, err, codes.InvalidArgument, "REFUND_EXCEEDS_CAPTURED")
		}
	case n < 8:
		v := d.sold[r.IntN(len(d.sold))]
		_, err := d.Reverse(as(ctx, "shop"), &holdfastv1.ReverseRequest{RequestId: d.fresh("rev"), AccountId: v.GetAccountId(), OrderId: v.GetOrderId()})
		require.NoError(d.t, err)
	default:
		before := time.Duration(r.IntN(96)) * time.Hour
		_, err := d.Advise(ctx, &holdfastv1.AdviseRequest{
			RequestId: o.GetRequestId(), AccountId: o.GetAccountId(), Scene: o.GetScene(), OrderId: o.GetOrderId(), CarrierId: o.GetCarrierId(),
			PhoneToken: o.GetPhoneToken(), Currency: "CNY", Amount: o.GetAmount(), SaleTime: timestamppb.New(d.server.now().Time().Add(-before)),
		})
		require.NoError(d.t, err)
	}
}

// TestMonthOfSettlements sells through two carriers for more than a month, one paid daily and one monthly, whose days end in two
// zones. At every step all settlements and what is unsettled come to the postings of the carriers' books.
func TestMonthOfSettlements(t *testing.T) {
	b := unattended(t, "2026-01-05", fourShards)
	b.putCarrier("cmcc", paidBy(holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, "23:00", "Asia/Shanghai", 60, 5))
	b.putCarrier("ctcc", paidBy(holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_MONTHLY, "17:30", "America/New_York", 125, 0))
	d := &dealing{book: b, random: rand.New(rand.NewPCG(1, 2))}
	for shard := range fourShards {
		d.accounts = append(d.accounts, b.accountIn(shard, 50_000_000), b.accountIn(shard, 50_000_000))
	}
	books := &carrierBooks{owed: map[string]int64{}}
	paid, late := map[string]int64{}, int64(0)
	check := func() {
		books.read(b)
		for _, carrier := range []string{"cmcc", "ctcc"} {
			sum, _ := b.unsettledOf(carrier)
			for _, s := range b.settlementsOf(carrier) {
				sum += s.GetSums().GetNetAmount()
			}
			require.Equal(t, books.owed[carrier]+paid[carrier], sum, carrier)
		}
	}
	seen := map[string]int{}
	look := func() {
		for _, carrier := range []string{"cmcc", "ctcc"} {
			for _, s := range b.settlementsOf(carrier)[seen[carrier]:] {
				seen[carrier]++
				b.requireExport(s)
				late += s.GetLate().GetLineCount()
				if seen[carrier]%3 != 0 {
					paid[carrier] += b.confirmed(s)
				}
				check()
			}
		}
	}
	for at := noon(t, "2026-01-05"); at.Before(noon(t, "2026-02-12")); at = at.Add(7 * time.Hour) {
		b.clock(at)
		for range 3 {
			d.deal()
		}
		b.settleNow()
		look()
		check()
	}
	require.Greater(t, seen["cmcc"], 25, "one for nearly each day")
	require.Equal(t, 1, seen["ctcc"], "January")
	require.Greater(t, late, int64(10))
	require.Equal(t, -paid["cmcc"]-paid["ctcc"], books.cash)
	require.Equal(t, "2026-01-31", b.settlementsOf("ctcc")[0].GetThroughDate())
	files := b.file(b.settlementsOf("ctcc")[0])
	b.restart()
	b.server.settler.close()
	b.settleNow()
	check()
	require.Equal(t, string(files), string(b.file(b.settlementsOf("ctcc")[0])), "an export says the same whenever it is asked")
	b.sound()
}

// requireExport holds an export to its settlement, as messages and as a file.
func (b *book) requireExport(s *holdfastv1.Settlement) {
	t := b.t
	lines, control := b.exported(s)
	require.True(t, proto.Equal(s, control.GetSettlement()))
	require.True(t, proto.Equal(s.GetSums(), control.GetSums()))
	require.EqualValues(t, s.GetSums().GetLineCount(), len(lines))
	var amounts, fees, late int64
	for _, l := range lines {
		require.LessOrEqual(t, l.GetDate(), s.GetThroughDate())
		require.Equal(t, l.GetLate(), l.GetDate() != "" && l.GetDate() <= s.GetAfterDate(), "%v", l)
		amounts, fees = amounts+l.GetAmount(), fees+l.GetFee()
		if l.GetLate() {
			late++
		}
	}
	require.Equal(t, s.GetSums().GetNetAmount(), amounts-fees)
	require.Equal(t, s.GetSums().GetFeeAmount(), fees)
	require.Equal(t, s.GetLate().GetLineCount(), late)
	require.Equal(t, late, control.GetLateCount())

	rows, err := csv.NewReader(bytes.NewReader(b.file(s))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, csvHeader, rows[0])
	total := rows[len(rows)-1]
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		require.NoError(t, err)
		return n
	}
	var amount, fee, net int64
	for i, row := range rows[1 : len(rows)-1] {
		require.Equal(t, "LINE", row[0])
		require.Equal(t, lines[i].GetOrderId(), row[8])
		amount, fee, net = amount+number(row[4]), fee+number(row[5]), net+number(row[6])
	}
	require.Equal(t, []string{"TOTAL", fmt.Sprint(len(lines)), s.GetThroughDate(), fmt.Sprint(late), fmt.Sprint(amount), fmt.Sprint(fee), fmt.Sprint(net), "CNY",
		fmt.Sprintf("%s/CNY/%d", s.GetCarrierId(), s.GetNumber())}, total[:9])
	require.Equal(t, s.GetSums().GetNetAmount(), net)
}

// confirmed confirms a settlement, and answers with what was paid.
func (b *book) confirmed(s *holdfastv1.Settlement) int64 {
	b.t.Helper()
	r := &holdfastv1.ConfirmSettlementRequest{
		RequestId: b.fresh("confirm"), CarrierId: s.GetCarrierId(), Currency: "CNY", Number: s.GetNumber(),
		BankReference: "bank-1", ValueDate: calendar.UTC.DateAt(b.server.now()).String(), Amount: s.GetSums().GetNetAmount() + 1,
	}
	_, err := b.ConfirmSettlement(b.t.Context(), r)
	requireReason(b.t, err, codes.InvalidArgument, "AMOUNT_NOT_NET")
	r.Amount--
	first, err := b.ConfirmSettlement(b.t.Context(), r)
	require.NoError(b.t, err)
	require.Equal(b.t, holdfastv1.SettlementState_SETTLEMENT_STATE_CONFIRMED, first.GetSettlement().GetState())
	again, err := b.ConfirmSettlement(b.t.Context(), r)
	require.NoError(b.t, err)
	require.True(b.t, again.GetReplayed())
	require.True(b.t, proto.Equal(first.GetSettlement(), again.GetSettlement()))
	r.RequestId = b.fresh("confirm")
	_, err = b.ConfirmSettlement(b.t.Context(), r)
	requireReason(b.t, err, codes.FailedPrecondition, "SETTLEMENT_CONFIRMED")
	return r.Amount
}

// TestSettlementGoesOn interrupts the closing of a settlement at every step: before any shard is cut, after each, and before the end.
// Whoever goes on, the settler after a restart or the same request, comes to the same.
func TestSettlementGoesOn(t *testing.T) {
	b := unattended(t, "2026-01-05", fourShards)
	b.putCarrier("cmcc", paidBy(holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, "23:00", "Asia/Shanghai", 100, 0))
	accounts := make([]*holdfastv1.Account, fourShards)
	for shard := range accounts {
		accounts[shard] = b.accountIn(shard, 50_000_000)
	}
	for step := range fourShards + 1 {
		day := fmt.Sprintf("2026-01-%02d", 6+step)
		b.on(day)
		for shard, a := range accounts {
			b.charged(a, int64(1000*(shard+1)), nil)
		}
		b.clock(noon(t, day).Add(12 * time.Hour)) // after the cut-off
		home := b.server.router.writers[b.server.router.settlementHome("cmcc")]
		begin := &ledger.BeginSettlement{Request: ledger.Request{Caller: LocalCaller, ID: ledger.RequestID(fmt.Sprint("close-", step))}, Carrier: "cmcc", Currency: "CNY"}
		begin.Through, _ = calendar.ParseDate(day)
		out, err := submit(t.Context(), home, begin)
		require.NoError(t, err)
		begun := out.Settlement.Settlement
		for shard := range step {
			_, err := b.server.settler.cut(t.Context(), shard, begun)
			require.NoError(t, err)
		}
		got, err := b.GetSettlement(t.Context(), &holdfastv1.GetSettlementRequest{CarrierId: "cmcc", Currency: "CNY", Number: int32(step + 1)})
		require.NoError(t, err)
		require.Equal(t, holdfastv1.SettlementState_SETTLEMENT_STATE_CLOSING, got.GetSettlement().GetState())
		b.requireClosing(int32(step + 1))
		for _, a := range accounts {
			b.charged(a, 77, nil) // of the next day
		}
		b.restart()
		b.server.settler.close()
		if step%2 == 0 {
			b.settleNow()
		}
		resp, err := b.CloseSettlement(t.Context(), &holdfastv1.CloseSettlementRequest{
			RequestId: string(begin.ID), CarrierId: "cmcc", Currency: "CNY", ThroughDate: day})
		require.NoError(t, err)
		require.True(t, resp.GetReplayed())
		s := resp.GetSettlement()
		require.Equal(t, holdfastv1.SettlementState_SETTLEMENT_STATE_CLOSED, s.GetState())
		require.EqualValues(t, step+1, s.GetNumber())
		want := int64(1000 + 2000 + 3000 + 4000)
		if step > 0 {
			want += fourShards * 77
		}
		require.Equal(t, want, s.GetSums().GetCapturedAmount())
		b.requireExport(s)
		_, lines := b.unsettledOf("cmcc")
		require.EqualValues(t, fourShards, lines)
	}
	b.sound()
}

// TestSettlementOfAStrangerGoesOn has the settler go on with what was begun by hand of a carrier that is not registered.
func TestSettlementOfAStrangerGoesOn(t *testing.T) {
	b := unattended(t, "2026-01-05", fourShards)
	b.charged(b.account(50_000_000), 1000, nil)
	begin := &ledger.BeginSettlement{Request: ledger.Request{Caller: LocalCaller, ID: "close"}, Carrier: "cmcc", Currency: "CNY"}
	begin.Through, _ = calendar.ParseDate("2026-01-04")
	_, err := submit(t.Context(), b.server.router.writers[b.server.router.settlementHome("cmcc")], begin)
	require.NoError(t, err)
	b.settleNow()
	all := b.settlementsOf("cmcc")
	require.Len(t, all, 1)
	require.EqualValues(t, 1000, all[0].GetSums().GetNetAmount())
	b.requireExport(all[0])
}

// requireClosing wants that nothing can be made of a settlement that is being closed.
func (b *book) requireClosing(number int32) {
	b.t.Helper()
	ctx := b.t.Context()
	_, err := b.CloseSettlement(ctx, &holdfastv1.CloseSettlementRequest{RequestId: b.fresh("c"), CarrierId: "cmcc", Currency: "CNY", ThroughDate: "2026-01-02"})
	requireReason(b.t, err, codes.FailedPrecondition, "SETTLEMENT_CLOSING")
	_, err = b.ConfirmSettlement(ctx, &holdfastv1.ConfirmSettlementRequest{
		RequestId: b.fresh("c"), CarrierId: "cmcc", Currency: "CNY", Number: number, BankReference: "b", ValueDate: "2026-01-02"})
	requireReason(b.t, err, codes.FailedPrecondition, "SETTLEMENT_CLOSING")
	stream, err := b.ExportSettlement(ctx, &holdfastv1.ExportSettlementRequest{CarrierId: "cmcc", Currency: "CNY", Number: number})
	require.NoError(b.t, err)
	_, err = stream.Recv()
	requireReason(b.t, err, codes.FailedPrecondition, "SETTLEMENT_CLOSING")
}

// TestCloseByHand closes before a period is over, tells why it cannot, and settles a carrier that nothing was agreed with.
func TestCloseByHand(t *testing.T) {
	b := unattended(t, "2026-01-05", fourShards)
	ctx := t.Context()
	a := b.account(50_000_000)
	b.charged(a, 1000, nil) // before the carrier is registered: of no business day
	closing := func(through string) (*holdfastv1.Settlement, error) {
		resp, err := b.CloseSettlement(ctx, &holdfastv1.CloseSettlementRequest{RequestId: b.fresh("c"), CarrierId: "cmcc", Currency: "CNY", ThroughDate: through})
		return resp.GetSettlement(), err
	}
	_, err := closing("2026-01-05")
	requireReason(t, err, codes.FailedPrecondition, "CUT_OFF_NOT_PASSED")
	first, err := closing("2026-01-04")
	require.NoError(t, err)
	require.EqualValues(t, 1000, first.GetSums().GetNetAmount())
	b.requireExport(first)

	b.putCarrier("cmcc", paidBy(holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_MONTHLY, "23:00", "Asia/Shanghai", 100, 1))
	v := b.charged(a, 500, nil)
	b.on("2026-01-06")
	b.settleNow()
	require.Len(t, b.settlementsOf("cmcc"), 1, "a month is not over")
	_, err = closing("2026-01-06")
	requireReason(t, err, codes.FailedPrecondition, "CUT_OFF_NOT_PASSED")
	second, err := closing("2026-01-05")
	require.NoError(t, err)
	require.EqualValues(t, 500-5-1, second.GetSums().GetNetAmount())
	_, err = closing("2026-01-05")
	requireReason(t, err, codes.FailedPrecondition, "SETTLED_ALREADY")
	_, err = b.Refund(ctx, &holdfastv1.RefundRequest{RequestId: "ref", AuthorizationId: v.GetAuthorization().GetAuthorizationId(), Currency: "CNY", Amount: 500})
	require.NoError(t, err)
	b.on("2026-02-02")
	b.settleNow()
	all := b.settlementsOf("cmcc")
	require.Len(t, all, 3)
	require.Equal(t, "2026-01-31", all[2].GetThroughDate())
	require.Equal(t, SettlerName, all[2].GetCaller())
	require.EqualValues(t, -500+5, all[2].GetSums().GetNetAmount(), "the carrier owes; what is fixed of the fee stays")
	b.confirmed(all[2])
	b.on("2026-03-02")
	b.settleNow()
	require.Len(t, b.settlementsOf("cmcc"), 3, "there is nothing in February")
	_, err = b.GetSettlement(ctx, &holdfastv1.GetSettlementRequest{CarrierId: "cmcc", Currency: "CNY", Number: 4})
	requireReason(t, err, codes.NotFound, "SETTLEMENT_NOT_FOUND")
	_, err = b.CloseSettlement(ctx, &holdfastv1.CloseSettlementRequest{ThroughDate: "soon"})
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
}

// TestWhoReadsSettlements has a carrier's own callers read what is theirs, and nothing of another's.
func TestWhoReadsSettlements(t *testing.T) {
	b := unattended(t, "2026-01-05", fourShards)
	b.putCarrier("cmcc", paidBy(holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, "23:00", "Asia/Shanghai", 0, 0))
	b.putCarrier("ctcc", paidBy(holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, "22:00", "Asia/Shanghai", 0, 0))
	a := b.account(50_000_000)
	b.orderFor("gateway-23", "cmcc", a, 100)
	b.on("2026-01-07")
	b.settleNow()
	read := func(ctx context.Context, carrier string) []error {
		_, get := b.GetSettlement(ctx, &holdfastv1.GetSettlementRequest{CarrierId: carrier, Currency: "CNY", Number: 1})
		_, list := b.ListSettlements(ctx, &holdfastv1.ListSettlementsRequest{CarrierId: carrier, Currency: "CNY"})
		_, open := b.GetUnsettled(ctx, &holdfastv1.GetUnsettledRequest{CarrierId: carrier})
		stream, err := b.ExportSettlement(ctx, &holdfastv1.ExportSettlementRequest{CarrierId: carrier, Currency: "CNY", Number: 1})
		require.NoError(t, err)
		_, export := stream.Recv()
		return []error{get, list, open, export}
	}
	for _, err := range read(as(t.Context(), "gateway-23"), "cmcc") {
		require.NoError(t, err)
	}
	for _, err := range read(as(t.Context(), "gateway-22"), "cmcc") {
		requireReason(t, err, codes.PermissionDenied, "NOT_OF_CARRIER")
	}
	for _, err := range read(as(t.Context(), "somebody"), "cmcc") {
		require.NoError(t, err)
	}
}
