package server

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

const (
	linePending    = holdfastv1.CollectionLineOutcome_COLLECTION_LINE_OUTCOME_PENDING
	lineCollected  = holdfastv1.CollectionLineOutcome_COLLECTION_LINE_OUTCOME_COLLECTED
	linePartly     = holdfastv1.CollectionLineOutcome_COLLECTION_LINE_OUTCOME_PARTLY
	lineRefused    = holdfastv1.CollectionLineOutcome_COLLECTION_LINE_OUTCOME_REFUSED
	lineUnreported = holdfastv1.CollectionLineOutcome_COLLECTION_LINE_OUTCOME_UNREPORTED
)

// onBillOf lets a carrier collect what an account owes.
func (b *book) onBillOf(a *holdfastv1.Account, carrier string) {
	b.t.Helper()
	resp, err := b.SetCollectionChannel(b.t.Context(), &holdfastv1.SetCollectionChannelRequest{
		RequestId: b.fresh("chn"), AccountId: a.GetAccountId(), CollectionChannel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_CARRIER,
		CarrierId: carrier, PhoneToken: "phone-" + a.GetAccountId(),
	})
	require.NoError(b.t, err)
	require.Equal(b.t, carrier, resp.GetBilling().GetCollectionCarrierId())
}

// lines exports a batch behind a cursor.
func (b *book) lines(carrier, month, cursor string) (lines []*holdfastv1.CollectionLine, cursors []string) {
	b.t.Helper()
	stream, err := b.ExportCollectionBatch(b.t.Context(), &holdfastv1.ExportCollectionBatchRequest{CarrierId: carrier, Currency: "CNY", Month: month, Cursor: cursor})
	require.NoError(b.t, err)
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return lines, cursors
		}
		require.NoError(b.t, err)
		lines, cursors = append(lines, resp.GetLine()), append(cursors, resp.GetCursor())
	}
}

func (b *book) batches(carrier string) []*holdfastv1.CollectionBatch {
	b.t.Helper()
	resp, err := b.ListCollectionBatches(b.t.Context(), &holdfastv1.ListCollectionBatchesRequest{CarrierId: carrier})
	require.NoError(b.t, err)
	return resp.GetBatches()
}

// collected adds up what the event feed says of a book.
func (b *book) posted(name string) (sum int64) {
	b.t.Helper()
	for _, e := range b.events(&holdfastv1.WatchEventsRequest{}) {
		for _, p := range e.GetPostings() {
			if p.GetBook() == name {
				sum += p.GetAmount()
			}
		}
	}
	return sum
}

// TestCarrierBill has a carrier collect for three months: everything, some, nothing, and without a word.
func TestCarrierBill(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	ctx := t.Context()
	agreed := agreedWith("China Mobile")
	agreed.PrincipalsOnly = false
	b.putCarrier("cmcc", agreed)
	accounts := make([]*holdfastv1.Account, 8)
	for i := range accounts {
		accounts[i] = b.account(1e6)
		b.onBillOf(accounts[i], "cmcc")
		b.charged(accounts[i], int64(1000*(i+1)), nil)
	}
	require.Empty(t, b.batches("cmcc"))

	// The due date: no direct debits, but lines.
	b.on("2026-02-16")
	for _, a := range accounts {
		pending := b.billing(a).GetPendingCollections()
		require.Len(t, pending, 1)
		require.Equal(t, "cmcc", pending[0].GetCarrierId())
		require.Equal(t, "2026-02", pending[0].GetMonth())
		require.Equal(t, "2026-04-05", pending[0].GetFallBackDate())
	}
	require.Empty(t, b.collections(&holdfastv1.StreamCollectionsRequest{Channel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_DIRECT_DEBIT}))
	all := b.batches("cmcc")
	require.Len(t, all, 1)
	require.Equal(t, "2026-02", all[0].GetMonth())
	require.False(t, all[0].GetClosed())
	require.EqualValues(t, 8, all[0].GetLines())
	require.EqualValues(t, 36_000, all[0].GetAmount())

	// The month is over: the carrier takes the batch. Nobody is late meanwhile.
	b.on("2026-03-10")
	require.True(t, b.batches("cmcc")[0].GetClosed())
	lines, cursors := b.lines("cmcc", "2026-02", "")
	require.Len(t, lines, 8)
	rest, _ := b.lines("cmcc", "2026-02", cursors[2])
	require.Len(t, rest, 5, "a broken export goes on behind its cursor")
	require.Equal(t, lines[3].GetCollectionId(), rest[0].GetCollectionId())
	of := map[string]*holdfastv1.CollectionLine{}
	for _, l := range lines {
		require.Equal(t, linePending, l.GetOutcome())
		require.Equal(t, "phone-"+l.GetAccountId(), l.GetPhoneToken())
		of[l.GetAccountId()] = l
	}
	require.Zero(t, b.billing(accounts[0]).GetDaysPastDue())
	require.Zero(t, b.billing(accounts[0]).GetOverdueAmount())

	result := func(i int, outcome holdfastv1.CollectionLineOutcome, amount int64, reason string) *holdfastv1.CollectionLineResult {
		return &holdfastv1.CollectionLineResult{CollectionId: of[accounts[i].GetAccountId()].GetCollectionId(), Outcome: outcome, Currency: "CNY",
			Amount: amount, Reason: reason, Reference: fmt.Sprintf("cmcc-%d", i)}
	}
	report := &holdfastv1.ReportCollectionLinesRequest{Results: []*holdfastv1.CollectionLineResult{
		result(0, lineCollected, 1000, ""), result(1, lineCollected, 2000, ""), result(2, linePartly, 1200, "no more on the account"),
		result(3, lineRefused, 0, "number ported"), result(4, lineCollected, 4999, ""),
		{CollectionId: "item_ffff000000010000001", Outcome: lineRefused, Currency: "CNY", Reason: "x"},
	}}
	report.Results[5].CollectionId = lines[0].GetCollectionId()[:len(lines[0].GetCollectionId())-1] + "9"
	told, err := b.ReportCollectionLines(ctx, report)
	require.NoError(t, err)
	reasons := make([]string, len(told.GetAnswers()))
	for i, a := range told.GetAnswers() {
		reasons[i] = a.GetReason()
		require.Equal(t, report.GetResults()[i].GetCollectionId(), a.GetCollectionId())
		require.False(t, a.GetReplayed())
	}
	require.Equal(t, []string{"", "", "", "", "LINE_AMOUNT", "ITEM_NOT_FOUND"}, reasons)
	require.Equal(t, "2026-02-16", told.GetAnswers()[0].GetLine().GetValueDate(), "as if paid on the due date")
	require.EqualValues(t, 4200, b.posted("collected/cmcc"), "which the carrier owes us")
	require.Zero(t, b.posted("cash"))

	again, err := b.ReportCollectionLines(ctx, &holdfastv1.ReportCollectionLinesRequest{Results: report.GetResults()[:4]})
	require.NoError(t, err)
	for i, a := range again.GetAnswers() {
		require.True(t, a.GetReplayed())
		require.Equal(t, told.GetAnswers()[i].GetLine().GetOutcome(), a.GetLine().GetOutcome())
	}
	require.EqualValues(t, 4200, b.posted("collected/cmcc"))

	// What was not collected is a direct debit at once, and late from the next day.
	b.on("2026-03-11")
	for _, a := range accounts {
		b.billing(a)
	}
	debits := b.collections(&holdfastv1.StreamCollectionsRequest{Channel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_DIRECT_DEBIT})
	amounts := make([]int64, 0, len(debits))
	for _, d := range debits {
		amounts = append(amounts, d.GetCollection().GetAmount())
	}
	slices.Sort(amounts)
	require.Equal(t, []int64{1800, 4000}, amounts)
	require.EqualValues(t, 1, b.billing(accounts[3]).GetDaysPastDue())
	b.restart()

	// The rest is not reported. 35 days after the month it falls back.
	b.on("2026-04-05")
	for _, a := range accounts {
		b.billing(a) // what is due has happened, whether or not the clock was first
	}
	batch := b.batches("cmcc")[0]
	byOutcome := map[holdfastv1.CollectionLineOutcome]int64{}
	for _, o := range batch.GetOutcomes() {
		byOutcome[o.GetOutcome()] = o.GetLines()
	}
	require.Equal(t, map[holdfastv1.CollectionLineOutcome]int64{lineCollected: 2, linePartly: 1, lineRefused: 1, lineUnreported: 4}, byOutcome)
	require.EqualValues(t, 4200, batch.GetCollectedAmount())
	debits = b.collections(&holdfastv1.StreamCollectionsRequest{Channel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_DIRECT_DEBIT})
	require.Len(t, debits, 2+4)
	issued := b.events(&holdfastv1.WatchEventsRequest{CarrierId: "cmcc", Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_COLLECTION_FAILED}})
	require.Len(t, issued, 1+4, "one that was refused, and those that were not reported")
	unreported := 0
	for _, e := range issued { // shards are told as they are read
		require.Equal(t, "2026-02", e.GetCollectionMonth())
		if e.GetCollectionLineOutcome() == lineUnreported {
			unreported++
		}
	}
	require.Equal(t, 4, unreported)

	// The carrier no longer collects: the next due date is a direct debit, and the event says why.
	agreed.Collects = false
	b.putCarrier("cmcc", agreed)
	b.charged(accounts[0], 700, nil)
	b.on("2026-05-17")
	b.billing(accounts[0])
	require.Len(t, b.batches("cmcc"), 1)
	notes := b.events(&holdfastv1.WatchEventsRequest{AccountId: accounts[0].GetAccountId(), Types: []holdfastv1.EventType{holdfastv1.EventType_EVENT_TYPE_COLLECTION_ISSUED}})
	require.Equal(t, "carrier cmcc does not collect", notes[len(notes)-1].GetNote())
	_, err = b.SetCollectionChannel(ctx, &holdfastv1.SetCollectionChannelRequest{RequestId: "no", AccountId: accounts[0].GetAccountId(),
		CollectionChannel: holdfastv1.CollectionChannel_COLLECTION_CHANNEL_CARRIER, CarrierId: "cmcc", PhoneToken: "p"})
	requireReason(t, err, codes.FailedPrecondition, "CARRIER_DOES_NOT_COLLECT")
	b.sound()
}

// TestCarrierBillFaults refuses what is malformed as a whole, naming every field.
func TestCarrierBillFaults(t *testing.T) {
	b := billed(t, "2026-01-05", 1)
	ctx := t.Context()
	a := b.account(1e6)
	set := func(channel holdfastv1.CollectionChannel, carrier, phone string) error {
		_, err := b.SetCollectionChannel(ctx, &holdfastv1.SetCollectionChannelRequest{RequestId: b.fresh("c"), AccountId: a.GetAccountId(),
			CollectionChannel: channel, CarrierId: carrier, PhoneToken: phone})
		return err
	}
	require.Equal(t, []string{"carrier_id", "phone_token"}, violations(set(holdfastv1.CollectionChannel_COLLECTION_CHANNEL_CARRIER, "", "")))
	require.Equal(t, []string{"carrier_id"}, violations(set(holdfastv1.CollectionChannel_COLLECTION_CHANNEL_MANUAL, "cmcc", "")))
	requireReason(t, set(holdfastv1.CollectionChannel_COLLECTION_CHANNEL_CARRIER, "cmcc", "p"), codes.FailedPrecondition, "CARRIER_DOES_NOT_COLLECT")

	_, err := b.ReportCollectionLines(ctx, &holdfastv1.ReportCollectionLinesRequest{Results: []*holdfastv1.CollectionLineResult{
		{CollectionId: "x", Currency: "CNY", Outcome: linePending},
		{CollectionId: "item_00000000000010000001", Currency: "CNY", Outcome: lineRefused, Amount: 3},
	}})
	require.Equal(t, []string{"results[0].collection_id", "results[0].outcome", "results[1].reason", "results[1].amount"}, violations(err))
	_, err = b.ReportCollectionLines(ctx, &holdfastv1.ReportCollectionLinesRequest{})
	require.Equal(t, []string{"results"}, violations(err))
	_, err = b.ListCollectionBatches(ctx, &holdfastv1.ListCollectionBatchesRequest{CarrierId: "cmcc", FromMonth: "2026", ToMonth: "2026-13"})
	require.Equal(t, []string{"from_month", "to_month"}, violations(err))
	stream, err := b.ExportCollectionBatch(ctx, &holdfastv1.ExportCollectionBatchRequest{CarrierId: "cmcc", Currency: "CNY", Month: "2026-02"})
	require.NoError(t, err)
	_, err = stream.Recv()
	requireReason(t, err, codes.NotFound, "BATCH_NOT_FOUND")
	stream, err = b.ExportCollectionBatch(ctx, &holdfastv1.ExportCollectionBatchRequest{CarrierId: "cmcc", Currency: "CNY", Month: "2026-02", Cursor: "1.1"})
	require.NoError(t, err)
	_, err = stream.Recv()
	require.Equal(t, []string{"cursor"}, violations(err))
}

// TestWhoMayAskForABatch lets a carrier's principals see and report what is its own, and nobody else but operators.
func TestWhoMayAskForABatch(t *testing.T) {
	b := billed(t, "2026-01-05", fourShards)
	b.putCarrier("cmcc", &holdfastv1.CarrierSettings{Name: "C", Collects: true, Principals: []string{"cmcc-gateway"}})
	b.putCarrier("cuc", &holdfastv1.CarrierSettings{Name: "U", Collects: true, Principals: []string{"cuc-gateway"}})
	a := b.account(1e6)
	b.onBillOf(a, "cmcc")
	b.charged(a, 1000, nil)
	b.on("2026-02-16")
	b.billing(a)
	lines, _ := b.lines("cmcc", "2026-02", "")
	require.Len(t, lines, 1)
	service := &carrierBills{router: b.server.router, zone: b.server.zone, now: b.server.now, metrics: b.server.metrics}
	report := &holdfastv1.ReportCollectionLinesRequest{Results: []*holdfastv1.CollectionLineResult{
		{CollectionId: lines[0].GetCollectionId(), Outcome: lineCollected, Currency: "CNY", Amount: 1000},
	}}
	for _, c := range []struct {
		caller Caller
		may    bool
	}{
		{Caller{"cuc-gateway", RoleGateway}, false}, {Caller{"shop", RoleStorefront}, false},
		{Caller{"cmcc-gateway", RoleGateway}, true}, {Caller{"ops", RoleOperator}, true},
	} {
		ctx := WithCaller(t.Context(), c.caller)
		_, err := service.ListCollectionBatches(ctx, &holdfastv1.ListCollectionBatchesRequest{CarrierId: "cmcc"})
		told, failed := service.ReportCollectionLines(ctx, report)
		require.NoError(t, failed)
		if c.may {
			require.NoError(t, err)
			require.Empty(t, told.GetAnswers()[0].GetReason())
			continue
		}
		requireReason(t, err, codes.PermissionDenied, "NOT_OF_CARRIER")
		require.Equal(t, "NOT_OF_CARRIER", told.GetAnswers()[0].GetReason())
	}
}
