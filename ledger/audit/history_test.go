package audit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// past is an account with two statements, three items and an open window, one collection not being reported yet.
func past() (*ledger.Account, *state.History) {
	a := &ledger.Account{ID: 1}
	a.Billing.Items, a.Billing.Statements, a.Billing.LastStatement = 3, 2, 131
	a.Billing.Open.Window, a.Billing.Open.Opening = calendar.Window{Opens: 159, Closes: 189, Due: 201}, 70
	a.Billing.Collections = []ledger.Collection{{N: 3}}
	h := &state.History{
		Items: []*ledger.Item{{N: 1, Outcome: ledger.Succeeded}, {N: 2, Outcome: ledger.Failed}, {N: 3}},
		Statements: []*ledger.Statement{
			{N: 1, Window: calendar.Window{Opens: 100}, Flows: ledger.Flows{Purchases: 100}, Closing: 100, Points: &ledger.StatedPoints{Flows: ledger.PointsFlows{Granted: 5}, Closing: 5}},
			{N: 2, Window: calendar.Window{Opens: 131}, Opening: 100, Flows: ledger.Flows{Repayments: -40, Fees: 10}, Closing: 70, Previous: 100, Points: &ledger.StatedPoints{Opening: 5, Flows: ledger.PointsFlows{Redeemed: 2}, Closing: 3}},
		},
	}
	return a, h
}

// TestHistory breaks a sound history in every way that is looked for.
func TestHistory(t *testing.T) {
	a, h := past()
	require.NoError(t, checkHistory(a, h))
	for _, broken := range []struct {
		want string
		how  func(*ledger.Account, *state.History)
	}{
		{"there are 2 items, not 3", func(_ *ledger.Account, h *state.History) { h.Items = h.Items[:2] }},
		{"item 2 says that it is number 4", func(_ *ledger.Account, h *state.History) { h.Items[1].N = 4 }},
		{"there are 1 statements, not 2", func(_ *ledger.Account, h *state.History) { h.Statements = h.Statements[:1] }},
		{"says that it is number 3, not 2", func(_ *ledger.Account, h *state.History) { h.Statements[1].N = 3 }},
		{"comes after", func(_ *ledger.Account, h *state.History) { h.Statements[1].Previous = 99 }},
		{"opens with 99, and", func(_ *ledger.Account, h *state.History) { h.Statements[1].Opening = 99 }},
		{"changes by -29 and closes with 70", func(_ *ledger.Account, h *state.History) { h.Statements[1].Flows.Fees = 11 }},
		{"says nothing of points", func(_ *ledger.Account, h *state.History) { h.Statements[1].Points = nil }},
		{"opens with 4 points", func(_ *ledger.Account, h *state.History) { h.Statements[1].Points.Opening = 4 }},
		{"changes by -3 and closes with 3", func(_ *ledger.Account, h *state.History) { h.Statements[1].Points.Flows.Redeemed = 3 }},
		{"the newest statement is", func(a *ledger.Account, _ *state.History) { a.Billing.LastStatement = 100 }},
		{"the open window opened with 71", func(a *ledger.Account, _ *state.History) { a.Billing.Open.Opening = 71 }},
		{"no window is open", func(a *ledger.Account, _ *state.History) { a.Billing.Open = ledger.Cycle{} }},
		{"item 3 is being collected, and its outcome is known", func(_ *ledger.Account, h *state.History) { h.Items[2].Outcome = ledger.Failed }},
		{"item 4 is being collected", func(a *ledger.Account, _ *state.History) { a.Billing.Collections[0].N = 4 }},
		{"1 items are being collected, the account knows of 0", func(a *ledger.Account, _ *state.History) { a.Billing.Collections = nil }},
	} {
		a, h := past()
		broken.how(a, h)
		require.ErrorContains(t, checkHistory(a, h), broken.want)
	}
}
