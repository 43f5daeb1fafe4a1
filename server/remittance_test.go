package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// TestRemittance goes through three months of a carrier that sells and collects: each month's batch is exported and reported, what was
// collected is netted with what was sold, and once settlements are paid the carrier owes nothing but what is in none yet.
func TestRemittance(t *testing.T) {
	b := unattended(t, "2026-01-05", fourShards)
	ctx := t.Context()
	settings := paidBy(holdfastv1.SettlementCycle_SETTLEMENT_CYCLE_MONTHLY, "00:00", "Asia/Shanghai", 0, 0)
	settings.Collects = true
	accounts := make([]*holdfastv1.Account, 6)
	for i := range accounts {
		accounts[i] = b.account(1e6)
	}
	carrier := orderOf(accounts[0], "r", "o", 1).GetCarrierId()
	b.putCarrier(carrier, settings)
	for i, a := range accounts {
		b.onBillOf(a, carrier)
		b.charged(a, int64(1000*(i+1)), nil)
	}
	var sold, collected int64 = 21_000, 0
	report := func(month string, most int) {
		t.Helper()
		lines, _ := b.lines(carrier, month, "")
		require.Len(t, lines, len(accounts))
		r := new(holdfastv1.ReportCollectionLinesRequest)
		for i, l := range lines {
			result := &holdfastv1.CollectionLineResult{CollectionId: l.GetCollectionId(), Currency: "CNY", Outcome: lineCollected, Amount: l.GetAmount()}
			switch {
			case i >= most:
				continue // the carrier says nothing of it
			case i == 1:
				result.Outcome, result.Amount, result.Reason = linePartly, l.GetAmount()/2, "no more"
			case i == 2:
				result.Outcome, result.Amount, result.Reason = lineRefused, 0, "ported"
			}
			collected += result.GetAmount()
			r.Results = append(r.Results, result)
		}
		told, err := b.ReportCollectionLines(ctx, r)
		require.NoError(t, err)
		for _, a := range told.GetAnswers() {
			require.Empty(t, a.GetReason(), a.GetMessage())
		}
	}
	due := func(day string) {
		b.on(day)
		for _, a := range accounts {
			b.billing(a) // what is due has happened
		}
	}
	debit := func() {
		t.Helper()
		for _, a := range accounts { // the bank gets what the carrier did not
			for _, c := range b.billing(a).GetPendingCollections() {
				if c.GetCarrierId() == "" {
					_, err := b.ReportCollection(ctx, &holdfastv1.ReportCollectionRequest{RequestId: b.fresh("r"), CollectionId: c.GetCollectionId(),
						Outcome: holdfastv1.CollectionOutcome_COLLECTION_OUTCOME_SUCCEEDED, Reference: "bank"})
					require.NoError(t, err)
				}
			}
		}
	}
	buy := func() {
		for _, a := range accounts {
			b.charged(a, 500, nil)
			sold += 500
		}
	}
	b.on("2026-02-10")
	buy() // due on 19 March
	due("2026-02-16")
	b.on("2026-03-07")
	buy() // due on 16 April
	b.on("2026-03-10")
	report("2026-02", len(accounts))
	debit()
	b.settleNow()
	due("2026-03-19")
	b.on("2026-04-09")
	report("2026-03", len(accounts))
	debit()
	b.settleNow()
	due("2026-04-16")
	b.on("2026-05-10")
	report("2026-04", 3) // and never a word of the others
	debit()
	b.settleNow()
	require.Equal(t, collected, b.posted("collected/"+carrier))

	// Of the last batch three lines fall back, and are debited.
	due("2026-06-05")
	batch := b.batches(carrier)[2]
	require.Equal(t, lineUnreported, batch.GetOutcomes()[len(batch.GetOutcomes())-1].GetOutcome())
	require.EqualValues(t, 3, batch.GetOutcomes()[len(batch.GetOutcomes())-1].GetLines())
	debit()
	for _, a := range accounts {
		require.Zero(t, b.billing(a).GetBalance(), "everything was paid once")
		require.Zero(t, b.billing(a).GetDaysPastDue())
	}
	b.on("2026-07-01")
	b.settleNow()

	// Each settlement is what was sold less what was collected; paid, nothing is left on the carrier's books.
	var net, settled int64
	for _, s := range b.settlementsOf(carrier) {
		net += s.GetSums().GetNetAmount()
		settled += s.GetSums().GetCollectedAmount()
		lines, control := b.exported(s)
		require.EqualValues(t, len(lines), control.GetSums().GetLineCount())
		_, err := b.ConfirmSettlement(ctx, &holdfastv1.ConfirmSettlementRequest{RequestId: b.fresh("pay"), CarrierId: carrier, Currency: "CNY",
			Number: s.GetNumber(), BankReference: b.fresh("bank"), ValueDate: "2026-07-01", Amount: s.GetSums().GetNetAmount()})
		require.NoError(t, err)
	}
	require.Equal(t, -collected, settled)
	require.Equal(t, sold-collected, net)
	left, _ := b.unsettledOf(carrier)
	require.Zero(t, left)
	require.Zero(t, b.posted("collected/"+carrier), "it was remitted")
	require.Zero(t, b.posted("payable/"+carrier))
	// What consumers owed was paid to the bank or to the carrier, who has been paid for what it sold less what it kept.
	require.Equal(t, -b.posted("income"), b.posted("cash"), "all that is left is what was earned")
	b.sound()
	b.restart()
	b.sound()
}
