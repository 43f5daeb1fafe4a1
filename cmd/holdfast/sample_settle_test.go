package main

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// sampleCarrierID is the carrier of sampleRun's seed.
const sampleCarrierID = "sample-7"

// noonZone is a zone in which it is about noon, so that no business day ends during a test.
func noonZone(now time.Time) string {
	return fmt.Sprintf("Etc/GMT%+d", now.UTC().Hour()-12) // whose sign is against all others
}

func (r *sampleRun) sdk() *client.Client {
	r.t.Helper()
	sdk, err := client.Dial(r.server.Listen, client.WithInsecure(), client.WithTimeout(20*time.Second))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = sdk.Close() })
	return sdk
}

// register agrees with the carrier on when it is paid.
func (r *sampleRun) register() {
	r.t.Helper()
	_, err := r.sdk().PutCarrier(r.t.Context(), &holdfastv1.PutCarrierRequest{CarrierId: sampleCarrierID, Settings: &holdfastv1.CarrierSettings{
		Name: "sample", Settlement: &holdfastv1.CarrierSettlement{Cycle: holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_DAILY, Zone: noonZone(time.Now())},
		StandInFloorLimits: []*holdfastv1.CurrencyAmount{{Currency: sampleCurrency, Amount: 3_000}},
	}})
	if err != nil {
		r.t.Fatal(err)
	}
}

// told is the carrier's book, as the carrier tells it.
func (r *sampleRun) told() map[string]*carrierOrder {
	r.t.Helper()
	var book carrierBook
	if code, err := newCarrierClient(r.carrier.Listen).call(r.t.Context(), http.MethodGet, "/orders", nil, &book); err != nil || code != http.StatusOK {
		r.t.Fatalf("the carrier's book: %d, %v", code, err)
	}
	orders := map[string]*carrierOrder{}
	for _, o := range book.Orders {
		orders[o.Order] = o
	}
	return orders
}

// settle starts the server a day later, reconciles the carrier's book with the core's, and closes the settlement: nothing differs,
// and all come to the same, the carrier's book, the settlement, its lines and the postings.
func (r *sampleRun) settle(delivered map[string]*carrierOrder) {
	r.t.Helper()
	must := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	must(r.server.stop())
	var err error
	r.server, err = start(r.t.Context(), "serve", "--data", filepath.Join(r.dir, "data"), "--listen", "127.0.0.1:0", "--ops", "", "--log-level", "warn",
		"--virtual-clock", time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339))
	must(err)
	sdk, ctx := r.sdk(), r.t.Context()

	kept := int64(0)
	for _, o := range delivered {
		if o.State == carrierDelivered {
			kept += o.Amount
		}
	}
	date, posted := r.posted(ctx, sdk)
	if posted != kept {
		r.t.Errorf("the postings owe the carrier %d; it delivered %d", posted, kept)
	}
	result, err := sdk.Reconcile(ctx, &holdfastv1.ReconcileHeader{CarrierId: sampleCarrierID, Currency: sampleCurrency, BusinessDate: date}, recordsOf(delivered),
		func(m *holdfastv1.ReconcileResponse) {
			if b := m.GetBreak(); b != nil {
				r.t.Errorf("the carrier's book and the core's differ: %v", b)
			}
		})
	must(err)
	if result.GetMatchedCount() == 0 || result.GetBreakCount() != 0 || result.GetState() != holdfastv1.ReconciliationState_RECONCILIATION_STATE_DONE {
		r.t.Errorf("reconciled: %v", result)
	}

	// The server closes settlements by itself; whoever is first has closed this one.
	_, err = sdk.CloseSettlement(ctx, &holdfastv1.CloseSettlementRequest{CarrierId: sampleCarrierID, Currency: sampleCurrency, ThroughDate: date})
	if err != nil {
		r.t.Logf("close: %v", err)
	}
	var lines, total int64
	for m, err := range sdk.ExportSettlement(ctx, &holdfastv1.ExportSettlementRequest{CarrierId: sampleCarrierID, Currency: sampleCurrency, Number: 1}) {
		must(err)
		if l := m.GetLine(); l != nil {
			lines++
			total += l.GetAmount()
		}
	}
	found, err := sdk.GetSettlement(ctx, &holdfastv1.GetSettlementRequest{CarrierId: sampleCarrierID, Currency: sampleCurrency, Number: 1})
	must(err)
	if net := found.GetSettlement().GetSums().GetNetAmount(); total != kept || net != kept || lines == 0 {
		r.t.Errorf("%d lines of the settlement come to %d, the settlement to %d; the carrier delivered %d", lines, total, net, kept)
	}
}

// posted is the day on which everything cleared, and what the postings owe the carrier.
func (r *sampleRun) posted(ctx context.Context, sdk *client.Client) (date string, payable int64) {
	r.t.Helper()
	days := map[string]bool{}
	unsettled, err := sdk.GetUnsettled(ctx, &holdfastv1.GetUnsettledRequest{CarrierId: sampleCarrierID})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, d := range unsettled.GetDays() {
		days[d.GetDate()] = true
	}
	settled, err := sdk.ListSettlements(ctx, &holdfastv1.ListSettlementsRequest{CarrierId: sampleCarrierID, Currency: sampleCurrency})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, s := range settled.GetSettlements() {
		days[s.GetThroughDate()] = true
	}
	for e, err := range sdk.WatchEvents(ctx, &holdfastv1.WatchEventsRequest{CarrierIds: []string{sampleCarrierID}, UntilNow: true}) {
		if err != nil {
			r.t.Fatal(err)
		}
		for _, p := range e.GetPostings() {
			if p.GetBook() == "payable/"+sampleCarrierID {
				payable -= p.GetAmount()
			}
		}
	}
	if len(days) != 1 {
		r.t.Fatalf("business days %v", days)
	}
	return slices.Sorted(maps.Keys(days))[0], payable
}

// recordsOf are a carrier's records of what it delivered and did not take back.
func recordsOf(delivered map[string]*carrierOrder) iter.Seq2[*holdfastv1.CarrierRecord, error] {
	return func(yield func(*holdfastv1.CarrierRecord, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(delivered)) {
			if o := delivered[id]; o.State == carrierDelivered && !yield(&holdfastv1.CarrierRecord{
				OrderId: id, Kind: holdfastv1.RecordKind_RECORD_KIND_SALE, Status: holdfastv1.RecordStatus_RECORD_STATUS_DELIVERED, Amount: o.Amount,
			}, nil) {
				return
			}
		}
	}
}
