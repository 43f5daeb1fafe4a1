package portfolio_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// TestAccountsHaveTheirGrades: that which they were opened with, until a limit review gives them another.
func TestAccountsHaveTheirGrades(t *testing.T) {
	f := portfolio.New(0, product(), calendar.UTC)
	facts := []ledger.Fact{
		&ledger.AccountOpened{Account: ledger.NewAccountID(0, 1), Currency: "CNY", Limit: 100, Risk: ledger.Risk{Grade: "B", Application: 1}},
		&ledger.AccountOpened{Account: ledger.NewAccountID(0, 2), Currency: "CNY", Limit: 10},
		&ledger.LimitsSet{Account: ledger.NewAccountID(0, 1), SetAccount: true, Limit: 300, Risk: ledger.Risk{Grade: "A", Application: 2}},
		&ledger.LimitsSet{Account: ledger.NewAccountID(0, 1), SetAccount: true, Limit: 200},
	}
	for i, fact := range facts {
		require.NoError(t, f.Add(&ledger.Entry{Sequence: uint64(i + 1), Time: calendar.UTC.Start(20_000), Fact: fact}))
	}
	require.Equal(t, []portfolio.Standing{
		{Currency: "CNY", Bucket: portfolio.NothingOwed, Accounts: 1, Limit: 10},
		{Currency: "CNY", Grade: "A", Bucket: portfolio.NothingOwed, Accounts: 1, Limit: 200},
	}, f.Portfolio().Standing)
}

// TestRulesHaveTheirReasons: a code of the policy's rules has the orders that were declined for it, and those that passed with it.
func TestRulesHaveTheirReasons(t *testing.T) {
	id := ledger.NewAccountID(0, 1)
	day := must(calendar.ParseDate("2026-03-02"))
	at := calendar.UTC.Start(day)
	f := portfolio.New(0, product(), calendar.UTC)
	var sequence uint64
	add := func(fact ledger.Fact) {
		sequence++
		require.NoError(t, f.Add(&ledger.Entry{Sequence: sequence, Time: at, Fact: fact}))
	}
	add(&ledger.AccountOpened{Account: id, Currency: "CNY", Limit: 10_000})
	order := func(kind ledger.OrderKind, requested, approved int64, reasons ledger.Reasons, v ledger.Verdict) {
		o := &ledger.OrderDecided{Kind: kind, Requested: amount(requested), Amount: amount(approved), Reasons: reasons, Day: day, Verdict: v}
		o.HoldRef = ledger.HoldRef{Account: id, N: uint32(sequence), Scene: ledger.TopUp, Carrier: "cmcc", Currency: "CNY"}
		add(o)
	}
	order(ledger.OrderDeclined, 500, 0, 1<<ledger.RiskPolicy, ledger.Verdict{Policy: "p", Action: ledger.ActionDecline, Reasons: "BURST,NIGHT"})
	order(ledger.OrderAuthorized, 300, 200, 0, ledger.Verdict{Policy: "p", Action: ledger.ActionCap, Cap: 200, Reasons: "NIGHT"})
	order(ledger.OrderAuthorized, 100, 100, 0, ledger.Verdict{Policy: "p", Action: ledger.ActionReview, Reasons: "NEW_PHONE"})
	order(ledger.OrderAuthorized, 40, 40, 0, ledger.Verdict{Policy: "p", Action: ledger.ActionApprove})
	p := f.Portfolio()
	require.Len(t, p.Mixes, 1)
	m := p.Mixes[0]
	require.Equal(t, portfolio.Tally{Orders: 3, Amount: 440}, m.Approved)
	require.EqualValues(t, 340, m.Granted)
	require.Equal(t, portfolio.Tally{Orders: 1, Amount: 300}, m.Capped)
	require.Equal(t, portfolio.Tally{Orders: 1, Amount: 100}, m.Reviewed)
	require.Equal(t, portfolio.Tally{Orders: 1, Amount: 500}, m.First[ledger.RiskPolicy])
	code := func(name string, declined, passed portfolio.Tally) portfolio.Code {
		return portfolio.Code{Month: day.Month(), Currency: "CNY", Scene: ledger.TopUp, Code: name, Declined: declined, Passed: passed}
	}
	require.Equal(t, []portfolio.Code{
		code("BURST", portfolio.Tally{Orders: 1, Amount: 500}, portfolio.Tally{}),
		code("NEW_PHONE", portfolio.Tally{}, portfolio.Tally{Orders: 1, Amount: 100}),
		code("NIGHT", portfolio.Tally{Orders: 1, Amount: 500}, portfolio.Tally{Orders: 1, Amount: 300}),
	}, p.Codes)
	require.Equal(t, 2*m.Capped.Orders, portfolio.Merge(p, p).Mixes[0].Capped.Orders)
	require.Equal(t, p.Codes, portfolio.Merge(p).Codes)
}
