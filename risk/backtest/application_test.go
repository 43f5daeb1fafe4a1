package backtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/risk/backtest"
)

// judged is another policy's word on an application: by the score where there is one, and by the first input where not.
func judged(a *ledger.ApplicationDecided) (backtest.Judged, bool) {
	if a.Scored {
		return backtest.Judged{Offered: a.Score > 600, Limit: 700}, true
	}
	switch a.Inputs[0].Value {
	case "0":
		return backtest.Judged{}, false
	case "1":
		return backtest.Judged{}, true
	}
	return backtest.Judged{Offered: true, Limit: 700}, true
}

// TestApplicationsAreSwapped reckons it from the entries, and what became of accounts from how they were after every entry.
func TestApplicationsAreSwapped(t *testing.T) {
	var met backtest.Applications
	for seed := uint64(21); seed < 25; seed++ {
		l := live(t, seed, *steps, true)
		var want backtest.Applications
		for i := range l.entries {
			a, ok := l.entries[i].Fact.(*ledger.ApplicationDecided)
			if !ok || a.Kind != ledger.NewLine {
				continue
			}
			c := backtest.ApplicationCell{Applications: 1, Was: a.Offer.Limit}
			said, can := judged(a)
			class := backtest.NotJudged
			if can {
				class = map[[2]bool]backtest.ApplicationClass{
					{true, true}: backtest.OfferedByBoth, {true, false}: backtest.NewlyRefused, {false, true}: backtest.NewlyOffered, {false, false}: backtest.RefusedByBoth,
				}[[2]bool{a.Decision == ledger.Approve, said.Offered}]
				if said.Offered {
					c.Would = 700
				}
			}
			if id := l.opened(a.ID); id != 0 {
				c.Opened = 1
				switch l.grown(id) {
				case backtest.Bad:
					c.Known, c.Bad = 1, 1
				case backtest.Good:
					c.Known = 1
				}
			}
			for _, sum := range []*backtest.Applications{&want, &met} {
				x := &sum[class]
				x.Applications += c.Applications
				x.Was += c.Was
				x.Would += c.Would
				x.Opened += c.Opened
				x.Known += c.Known
				x.Bad += c.Bad
			}
		}
		book := sim.NewBook(shard)
		test := backtest.New(book, ledger.New(book, l.terms, l.zone), backtest.Options{Policy: other{}, Zone: l.zone, Assess: judged})
		for i := range l.entries {
			test.Add(&l.entries[i])
		}
		have := test.Result()
		var all backtest.Applications
		for _, in := range have.Currencies {
			for c, x := range in.Applications {
				all[c].Applications += x.Applications
				all[c].Was += x.Was
				all[c].Would += x.Would
				all[c].Opened += x.Opened
				all[c].Known += x.Known
				all[c].Bad += x.Bad
			}
		}
		require.Equal(t, want, all, "seed %d", seed)
		require.Equal(t, have, backtest.Merge(have))
	}
	known, bad := int64(0), int64(0)
	for c := range met {
		require.NotZero(t, met[c].Applications, backtest.ApplicationClass(c))
		known, bad = known+met[c].Known, bad+met[c].Bad
	}
	require.Positive(t, bad)
	require.Greater(t, known, bad)
}

// opened is the account that was opened by an application; 0 for none.
func (l *lived) opened(id ledger.ApplicationID) ledger.AccountID {
	for i := range l.entries {
		if o, ok := l.entries[i].Fact.(*ledger.OfferAccepted); ok && o.ID == id {
			return o.Account
		}
	}
	return 0
}

// grown is what became of an account.
func (l *lived) grown(id ledger.AccountID) backtest.Outcome {
	today := l.zone.DateAt(l.entries[len(l.entries)-1].Time)
	first := calendar.Date(0)
	for i, s := range l.states[id] {
		until := today
		if i+1 < len(l.states[id]) {
			until = l.states[id][i+1].day
		}
		if s.account.Billing.DaysPastDue(until) >= backtest.DefaultBadDays {
			return backtest.Bad
		}
		b := ledger.BookingOf(s.fact)
		if b != nil && b.Kind == ledger.ChargedOff {
			return backtest.Bad
		}
		if b != nil && b.Kind == ledger.WindowClosed && first == 0 && b.Statement.Bill.Total() > 0 {
			first = b.Statement.Due
		}
	}
	if first != 0 && today-first >= backtest.DefaultBadDays {
		return backtest.Good
	}
	return backtest.NotKnown
}
