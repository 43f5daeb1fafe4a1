package ledger_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// whole is an account with a history, all sound.
func whole() (*ledger.Account, []*ledger.Authorization, *ledger.Shard) {
	a := &ledger.Account{ID: ledger.NewAccountID(0, 1), Sequence: 9, Status: ledger.AccountActive, Currency: "CNY", LastN: 3}
	a.Lines[0] = ledger.Line{Status: ledger.LineOpen, Held: 30, Holds: 2, Posted: 25}
	a.Holds = []ledger.Authorization{
		{N: 1, Sequence: 4, Scene: ledger.TopUp, State: ledger.Held, Carrier: "cmcc", Requested: 20, Authorized: 20, Held: 20, Expires: 1},
		{N: 2, Sequence: 9, Scene: ledger.TopUp, State: ledger.PartiallyCaptured, Carrier: "cmcc", Requested: 15, Authorized: 15, Held: 10, Captured: 5,
			Captures: []ledger.Capture{{Amount: 5}}, Expires: 1},
	}
	a.Billing = ledger.Billing{Agenda: 1, Open: ledger.Cycle{
		Window: calendar.Window{Opens: 1, Closes: 2, Due: 3}, Purchases: [ledger.Scenes]money.Amount{25}, Flows: ledger.Flows{Purchases: 25},
	}}
	ended := []*ledger.Authorization{{N: 3, Scene: ledger.TopUp, State: ledger.Captured, Carrier: "ctcc", Requested: 30, Authorized: 30, Captured: 30, Refunded: 10,
		Captures: []ledger.Capture{{Amount: 30}}, Refunds: []ledger.Refund{{Amount: 10}}, Advised: true, Reasons: 1 << ledger.LineLimit}}
	s := &ledger.Shard{Accounts: 1, OpenHolds: 2, Totals: []ledger.Totals{
		{Carrier: "cmcc", Currency: "CNY", Held: 30, Captured: 5},
		{Carrier: "ctcc", Currency: "CNY", Captured: 30, Refunded: 10, Exceeded: 30},
		{Carrier: "none", Currency: "CNY"}, // it only ever declined
	}}
	return a, ended, s
}

// TestTallyFinds breaks one thing at a time: each is found.
func TestTallyFinds(t *testing.T) {
	check := func(change func(a *ledger.Account, ended []*ledger.Authorization, s *ledger.Shard)) error {
		a, ended, s := whole()
		change(a, ended, s)
		var tally ledger.Tally
		if err := tally.Add(a, slices.Values(ended)); err != nil {
			return err
		}
		return tally.Check(s)
	}
	type (
		account = *ledger.Account
		history = []*ledger.Authorization
		shard   = *ledger.Shard
	)
	require.NoError(t, check(func(account, history, shard) {}))
	for name, change := range map[string]func(account, history, shard){
		"no status":              func(a account, _ history, _ shard) { a.Status = 0 },
		"status beyond":          func(a account, _ history, _ shard) { a.Status = 4 },
		"line's held":            func(a account, _ history, _ shard) { a.Lines[0].Held++ },
		"line's holds":           func(a account, _ history, _ shard) { a.Lines[0].Holds-- },
		"line's posted":          func(a account, _ history, _ shard) { a.Lines[0].Posted++ },
		"balance":                func(a account, _ history, _ shard) { a.Billing.Open.Flows.Fees++ },
		"purchases":              func(a account, _ history, _ shard) { a.Billing.Open.Purchases[0]-- },
		"credit":                 func(a account, _ history, _ shard) { a.Billing.Credit-- },
		"never closes":           func(a account, _ history, _ shard) { a.Billing.Agenda = 0 },
		"debt of nothing":        func(a account, _ history, _ shard) { a.Billing.Debts = make([]ledger.Debt, 1) },
		"plan of nothing":        func(a account, _ history, _ shard) { a.Billing.Plans = make([]ledger.Plan, 1) },
		"negative posted":        func(a account, _ history, _ shard) { a.Lines[1].Posted-- },
		"held on no line":        func(a account, _ history, _ shard) { a.Lines[0].Status = ledger.NoLine },
		"negative use":           func(a account, _ history, _ shard) { a.Lines[0].Use.DailyAmount = -1 },
		"use of two months":      func(a account, _ history, _ shard) { a.Lines[0].Use = ledger.Use{Day: 20_000, Month: 7} },
		"more of a day":          func(a account, _ history, _ shard) { a.Lines[0].Use.DailyCount = 1 },
		"ended among open":       func(a account, _ history, _ shard) { a.Holds[0].State = ledger.Voided },
		"open among ended":       func(_ account, h history, _ shard) { h[0].State = ledger.Held },
		"order of holds":         func(a account, _ history, _ shard) { slices.Reverse(a.Holds) },
		"number beyond last":     func(a account, _ history, _ shard) { a.LastN = 1 },
		"one is missing":         func(a account, _ history, _ shard) { a.LastN = 4 },
		"hold newer than row":    func(a account, _ history, _ shard) { a.Sequence = 8 },
		"hold of nothing":        func(a account, _ history, _ shard) { a.Holds[0].Held, a.Lines[0].Held = 0, 10 },
		"hold without an end":    func(a account, _ history, _ shard) { a.Holds[0].Expires = 0 },
		"held above authorized":  func(a account, _ history, _ shard) { a.Holds[0].Held, a.Lines[0].Held = 21, 31 },
		"above requested":        func(a account, _ history, _ shard) { a.Holds[0].Requested = 19 },
		"captured while held":    func(a account, _ history, _ shard) { a.Holds[1].State = ledger.Held },
		"reasons of an approval": func(a account, _ history, _ shard) { a.Holds[1].Reasons = 2 },
		"negative lapsed":        func(_ account, h history, _ shard) { h[0].Lapsed = -1 },
		"lapsed above":           func(_ account, h history, _ shard) { h[0].Lapsed = 1 },
		"captures":               func(_ account, h history, _ shard) { h[0].Captures[0].Amount = 29 },
		"no capture":             func(_ account, h history, _ shard) { h[0].Captures[0].Amount = 0 },
		"refunds":                func(_ account, h history, _ shard) { h[0].Refunds[0].Amount = 9 },
		"no refund":              func(_ account, h history, _ shard) { h[0].Refunds[0].Amount = 0 },
		"refunded above":         func(_ account, h history, _ shard) { h[0].Refunded, h[0].Refunds[0].Amount = 31, 31 },
		"no scene":               func(_ account, h history, _ shard) { h[0].Scene = 0 },
		"voided and captured":    func(_ account, h history, _ shard) { h[0].State = ledger.Voided },
		"expired and captured":   func(_ account, h history, _ shard) { h[0].State = ledger.Expired },
		"reversed in part":       func(_ account, h history, _ shard) { h[0].State = ledger.Reversed },
		"declined and captured":  func(_ account, h history, _ shard) { h[0].State = ledger.Declined },
		"no state":               func(_ account, h history, _ shard) { h[0].State = ledger.NoState },
		"accounts":               func(_ account, _ history, s shard) { s.Accounts++ },
		"open holds":             func(_ account, _ history, s shard) { s.OpenHolds++ },
		"totals held":            func(_ account, _ history, s shard) { s.Totals[0].Held++ },
		"totals refunded":        func(_ account, _ history, s shard) { s.Totals[1].Refunded++ },
		"totals exceeded":        func(_ account, _ history, s shard) { s.Totals[1].Exceeded++ },
		"totals out of order":    func(_ account, _ history, s shard) { slices.Reverse(s.Totals) },
		"totals missing":         func(_ account, _ history, s shard) { s.Totals = s.Totals[:1] },
		"totals of nobody":       func(_ account, _ history, s shard) { s.Totals[2].Captured = 1 },
	} {
		require.Error(t, check(change), name)
	}
}
