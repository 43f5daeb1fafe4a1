package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
)

// TestPostings shows the books of each fact that moves something.
func TestPostings(t *testing.T) {
	ref := ledger.HoldRef{Account: ledger.NewAccountID(0, 1), N: 1, Scene: ledger.TopUp, Carrier: "cmcc", Currency: "CNY", Order: "o"}
	const held, receivable = "held/acc_0000000000001/TOPUP", "receivable/acc_0000000000001/TOPUP"
	type books map[string]int64
	for _, c := range []struct {
		fact ledger.Fact
		want books
	}{
		{&ledger.OrderDecided{HoldRef: ref, Kind: ledger.OrderAuthorized, Amount: 5}, books{held: 5, "committed/cmcc": -5}},
		{&ledger.OrderDecided{HoldRef: ref, Kind: ledger.OrderCharged, Amount: 5}, books{receivable: 5, "payable/cmcc": -5}},
		{&ledger.OrderDecided{HoldRef: ref, Kind: ledger.OrderAdvised, Amount: 5, Reasons: 2}, books{receivable: 5, "payable/cmcc": -5}},
		{&ledger.OrderDecided{HoldRef: ref, Kind: ledger.OrderDeclined, Requested: 5, Reasons: 2}, nil},
		{&ledger.HoldIncremented{HoldRef: ref, Amount: 5}, books{held: 5, "committed/cmcc": -5}},
		{&ledger.HoldIncremented{HoldRef: ref, Amount: 5, Reasons: 2}, nil},
		{&ledger.HoldExtended{HoldRef: ref}, nil},
		{&ledger.HoldSubmitted{HoldRef: ref}, nil},
		{&ledger.HoldCaptured{HoldRef: ref, Amount: 7, FromHold: 5, Released: 2}, books{held: -7, "committed/cmcc": 7, receivable: 7, "payable/cmcc": -7}},
		{&ledger.HoldCaptured{HoldRef: ref, Amount: 7, Released: 2, Late: true}, books{receivable: 7, "payable/cmcc": -7}},
		{&ledger.HoldReleased{HoldRef: ref, Amount: 5}, books{held: -5, "committed/cmcc": 5}},
		{&ledger.OrderReversed{HoldRef: ref, Released: 3, Refunded: 4}, books{held: -3, "committed/cmcc": 3, receivable: -4, "payable/cmcc": 4}},
		{&ledger.OrderReversed{}, nil},
		{&ledger.CaptureRefunded{HoldRef: ref, Amount: 5}, books{receivable: -5, "payable/cmcc": 5}},
		{&ledger.AccountOpened{Limit: 5}, nil},
		{&ledger.ClockAdvanced{}, nil},
	} {
		var got books
		for _, p := range ledger.Postings(&ledger.Entry{Fact: c.fact}) {
			if got == nil {
				got = books{}
			}
			require.Equal(t, ref.Currency, p.Currency)
			got[p.Book.String()] += int64(p.Amount)
		}
		require.Equal(t, c.want, got, "%T", c.fact)
	}
}
