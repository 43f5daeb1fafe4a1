package server

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// TestDuesFollowTheDay has windows before and after a change of the statement day, with due dates moved off days of rest.
func TestDuesFollowTheDay(t *testing.T) {
	date := func(s string) calendar.Date {
		d, err := calendar.ParseDate(s)
		require.NoError(t, err)
		return d
	}
	by := terms.Default()
	by.Window.DueOnRestDay, by.Window.RestDates = 3, []calendar.Date{date("2026-04-16")}
	b := &ledger.Billing{Day: 5, DayFrom: date("2025-01-05"), NextDay: 20, NextFrom: date("2026-04-05")}
	open := calendar.Window{Opens: date("2026-02-05"), Closes: date("2026-03-04"), Due: date("2026-03-19")}
	var got []string
	for _, d := range dues(b, by, open, 2, 7) {
		got = append(got, d.String())
	}
	require.Equal(t, []string{"2026-01-16", "2026-02-16", "2026-03-19", "2026-04-17", "2026-05-17", "2026-06-01", "2026-07-01"}, got,
		"of windows that open on 5 December, January, February, March, on 5 April until 19 April, and on 20 April and May")
}

// TestRatesAreRemembered asks for more plans than are kept, and for the first again.
func TestRatesAreRemembered(t *testing.T) {
	var r rates
	due := []calendar.Date{31, 59, 90}
	schedule, err := plan.FlatFee(10_000, 3, 8_000)
	require.NoError(t, err)
	first := r.of(0, schedule, due)
	require.Equal(t, annual{"14.34", "15.32"}, first)
	require.Len(t, r.known, 1)
	require.Equal(t, first, r.of(0, schedule, due))
	require.Len(t, r.known, 1)
	for i := range mostRates {
		r.known[flows{n: 60, lent: 1, drawn: calendar.Date(i)}] = annual{}
	}
	require.Equal(t, first, r.of(1, schedule, []calendar.Date{32, 60, 91}), "as many days, in other months of no leap year")
	require.Len(t, r.known, 1)
	require.Equal(t, "18.25", perYear(500))
	require.Equal(t, []string{"0.8", "15", "0", "0.0001"}, []string{percent(8_000), percent(150_000), percent(0), percent(1)})
}
