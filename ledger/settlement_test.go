package ledger_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// TestDueThrough is what is to be settled next: of what is open, and settled so far, at an instant.
func TestDueThrough(t *testing.T) {
	day := func(s string) calendar.Date {
		if s == "" {
			return 0
		}
		d, err := calendar.ParseDate(s)
		require.NoError(t, err)
		return d
	}
	for name, c := range map[string]struct {
		cycle      ledger.PayCycle
		open       []string // business days with something in them; empty for what has none
		after, now string
		want       string
	}{
		"nothing is open":                        {cycle: ledger.Daily, now: "2026-03-10T12:00:00Z"},
		"the day has not ended":                  {ledger.Daily, []string{"2026-03-10"}, "2026-03-08", "2026-03-10T22:59:59Z", ""},
		"the day has ended":                      {ledger.Daily, []string{"2026-03-10"}, "2026-03-08", "2026-03-10T23:00:00Z", "2026-03-10"},
		"the oldest day first":                   {ledger.Daily, []string{"2026-03-07", "2026-03-09"}, "2026-03-05", "2026-03-10T12:00:00Z", "2026-03-07"},
		"what is late waits for a day to end":    {ledger.Daily, []string{"2026-03-07"}, "2026-03-09", "2026-03-10T12:00:00Z", ""},
		"and then is due, whatever else is open": {ledger.Daily, []string{"2026-03-07"}, "2026-03-09", "2026-03-10T23:00:00Z", "2026-03-10"},
		"so is what has no day":                  {ledger.Daily, []string{""}, "2026-03-08", "2026-03-10T12:00:00Z", "2026-03-09"},
		"what has no day, before any":            {ledger.Daily, []string{""}, "", "2026-03-10T12:00:00Z", "2026-03-09"},
		"the month has not ended":                {ledger.Monthly, []string{"2026-03-10"}, "2026-02-28", "2026-03-31T22:59:59Z", ""},
		"the month has ended":                    {ledger.Monthly, []string{"2026-03-10"}, "2026-02-28", "2026-03-31T23:00:00Z", "2026-03-31"},
		"a month that was missed":                {ledger.Monthly, []string{"2026-01-10", "2026-02-10"}, "2025-12-31", "2026-03-31T12:00:00Z", "2026-01-31"},
		"the rest of a month closed by hand":     {ledger.Monthly, []string{"2026-03-20"}, "2026-03-15", "2026-04-02T12:00:00Z", "2026-03-31"},
		"a month with nothing but what is late":  {ledger.Monthly, []string{"2026-01-20"}, "2026-02-28", "2026-04-02T12:00:00Z", "2026-03-31"},
		"no cycle":                               {ledger.NoCycle, []string{"2026-03-10"}, "", "2026-04-02T12:00:00Z", ""},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.now)
			require.NoError(t, err)
			shards := []*ledger.Shard{{}, {}}
			for i, d := range c.open {
				shard := shards[i%2]
				if len(shard.Payables) == 0 {
					shard.Payables = []ledger.Payable{{Carrier: "cmcc", Currency: "CNY"}}
				}
				shard.Payables[0].Open = append(shard.Payables[0].Open, ledger.OpenDay{Date: day(d)})
			}
			terms := ledger.SettlementTerms{Cycle: c.cycle, CutOff: 23 * time.Hour}
			got := terms.DueThrough(shards, "cmcc", "CNY", day(c.after), calendar.InstantOf(at), calendar.UTC)
			require.Equal(t, day(c.want), got, got.String())
		})
	}
}
