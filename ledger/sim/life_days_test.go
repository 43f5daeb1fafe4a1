package sim

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// lateFrom is a life of which 177.77 was due on 2026-02-16, on a later day, and what does something in it.
func lateFrom(t *testing.T, day string) (v *living, at calendar.Instant, do func(calendar.Instant, ledger.Command)) {
	product := terms.Default()
	product.Delinquency.NoticeDays = nil
	at = noon(t, "2026-01-10")
	b := &birth{zone: calendar.UTC, versions: []*terms.Terms{product}, at: at, open: ledger.OpenAccount{
		Request: ledger.Request{Caller: "life", ID: "open"}, Consumer: "c", Currency: "CNY", Limit: money.Max / 2, Day: 5, Channel: ledger.ByHand,
		Lines: []ledger.LineOpening{{Scene: ledger.TopUp, Limit: money.Max / 2, Agreement: "v1", Accepted: "v1"}},
	}}
	v, err := b.begin()
	require.NoError(t, err)
	do = func(at calendar.Instant, c ledger.Command) {
		t.Helper()
		require.NoError(t, v.do(act{at: at, command: c}))
	}
	do(at, &ledger.Charge{Purchase: ledger.Purchase{Account: v.id, Scene: ledger.TopUp, Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 177_77, Order: "o"}})
	return v, noon(t, day), do
}

// TestLifeOfManyPayments pays a late debt on more days than the ledger keeps apart, and takes payments of all ages back.
func TestLifeOfManyPayments(t *testing.T) {
	v, at, do := lateFrom(t, "2026-02-20")
	for range 100 {
		do(at, &ledger.PostRepayment{Account: v.id, Currency: "CNY", Amount: 73, Reference: "bank"})
		at = at.Add(24 * time.Hour)
	}
	a := v.core.Book.Account(v.id)
	require.Len(t, a.Billing.Debts, 1)
	require.Greater(t, a.Billing.Debts[0].Summed, a.Billing.Debts[0].First, "the oldest days are a sum")
	for _, n := range []int{0, 99, 50, 1, 60, 30} {
		do(at, &ledger.ReverseRepayment{Account: v.id, Item: uint32(v.life.payments[n].item), Reason: "bounced"})
		at = at.Add(24 * time.Hour)
	}
	do(at, &ledger.PostRepayment{Account: v.id, Currency: "CNY", Amount: 90_00, ValueDate: v.life.earliest(), Reference: "bank"})
	do(at, &ledger.ReverseRepayment{Account: v.id, Item: uint32(v.life.payments[2].item), Reason: "bounced"})
	require.NoError(t, v.finish())
}

// TestLifeOfAnOldDebt goes on with a debt as books had it when what accrued was a sum: as that of all days so far.
func TestLifeOfAnOldDebt(t *testing.T) {
	v, at, do := lateFrom(t, "2026-03-08")
	do(at, &ledger.PostRepayment{Account: v.id, Currency: "CNY", Amount: 40_00, Reference: "bank"})
	a := v.core.Book.Account(v.id)
	x := &a.Billing.Debts[0]
	require.EqualValues(t, 20, x.Through-x.First)
	x.Summed, x.Changes = x.Through, nil
	x.Accrual.Penalty.Exact = money.Accrued(177_77, 500, 20)
	v.core.Book.PutAccount(a)
	at = at.Add(3 * 24 * time.Hour)
	do(at, &ledger.PostRepayment{Account: v.id, Currency: "CNY", Amount: 50_00, ValueDate: v.life.earliest(), Reference: "bank"})
	do(at, &ledger.PostRepayment{Account: v.id, Currency: "CNY", Amount: 30_00, ValueDate: v.life.today - 1, Reference: "bank"})
	at = at.Add(10 * 24 * time.Hour)
	for i := range 3 {
		do(at, &ledger.ReverseRepayment{Account: v.id, Item: uint32(v.life.payments[i].item), Reason: "bounced"})
	}
}
