package portfolio_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// TestApplicationsAreCounted by month, kind, reason and grade; an acceptance is of a new account when that was opened just before.
func TestApplicationsAreCounted(t *testing.T) {
	march, april := must(calendar.ParseDate("2026-03-02")), must(calendar.ParseDate("2026-04-02"))
	id := ledger.NewAccountID(0, 1)
	decided := func(kind ledger.ApplicationKind, state ledger.ApplicationState, grade string, limit int64, codes ...string) *ledger.ApplicationDecided {
		a := &ledger.ApplicationDecided{Kind: kind, State: state, Currency: "CNY"}
		a.Grade, a.Offer.Limit, a.Decision = grade, amount(limit), ledger.Approve
		for _, c := range codes {
			a.Reasons = append(a.Reasons, ledger.Explanation{Code: c})
		}
		return a
	}
	var sequence uint64
	f := portfolio.New(0, product(), calendar.UTC)
	add := func(day calendar.Date, fact ledger.Fact) {
		sequence++
		require.NoError(t, f.Add(&ledger.Entry{Sequence: sequence, Time: calendar.UTC.Start(day), Fact: fact}))
	}
	add(march, decided(ledger.NewLine, ledger.ApplicationDeclined, "", 0, "MINOR", "DENY_LIST", "MINOR"))
	add(march, decided(ledger.NewLine, ledger.ApplicationDeclined, "", 0, "DENY_LIST"))
	add(march, decided(ledger.NewLine, ledger.Offered, "B", 500, "SHORT_TENURE"))
	add(april, decided(ledger.NewLine, ledger.Offered, "A", 900))
	add(april, &ledger.AccountOpened{Account: id, Currency: "CNY", Limit: 500, Risk: ledger.Risk{Grade: "B", Application: 3}})
	add(april, &ledger.OfferAccepted{Account: id})
	add(april, decided(ledger.LimitReview, ledger.Offered, "A", 800))
	add(april, &ledger.LimitsSet{Account: id, SetAccount: true, Limit: 800, Risk: ledger.Risk{Grade: "A", Application: 4}})
	add(april, &ledger.OfferAccepted{Account: id})
	p := f.Portfolio()
	require.Equal(t, []portfolio.Applied{
		{Month: march.Month(), Currency: "CNY", Kind: ledger.NewLine, Offered: 1, Limit: 500, Declined: 2},
		{Month: april.Month(), Currency: "CNY", Kind: ledger.NewLine, Offered: 1, Limit: 900, Accepted: 1},
		{Month: april.Month(), Currency: "CNY", Kind: ledger.LimitReview, Offered: 1, Limit: 800, Accepted: 1},
	}, p.Applied)
	require.Equal(t, []portfolio.AppliedReason{
		{Month: march.Month(), Currency: "CNY", Code: "DENY_LIST", First: 1, Any: 2}, {Month: march.Month(), Currency: "CNY", Code: "MINOR", First: 1, Any: 1},
	}, p.Refused)
	require.Equal(t, []portfolio.AppliedGrade{
		{Month: march.Month(), Currency: "CNY", Grade: "B", Offered: 1, Limit: 500}, {Month: april.Month(), Currency: "CNY", Grade: "A", Offered: 2, Limit: 1_700},
	}, p.Grades)
	require.Equal(t, p, portfolio.Merge(p))
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	again, err := portfolio.Read(&b, 0, product(), calendar.UTC)
	require.NoError(t, err)
	require.Equal(t, p, again.Portfolio())
}
