package backtest

import (
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// window is what became of a window in which orders were captured.
type window struct {
	opens  calendar.Date
	due    calendar.Date // that its debt is overdue since; 0 when it is not
	billed bool          // it has closed
	owing  bool          // its debt is there
	bad    bool
}

// Outcome is what became of an order that was approved.
type Outcome uint8

// The outcomes.
const (
	NotCaptured Outcome = iota // nothing of it was captured, or it was not approved
	NotKnown                   // its window has not closed, or its debt is not paid and not bad yet
	Good
	Bad
)

// outcome is what became of the window by a day.
func (w *window) outcome(today calendar.Date, badDays int) Outcome {
	switch {
	case w.bad || w.due != 0 && int(today-w.due) >= badDays:
		return Bad
	case w.billed && !w.owing:
		return Good
	}
	return NotKnown
}

// watch has a window of an account followed from now on.
func (t *Test) watch(id ledger.AccountID, opens calendar.Date) {
	list := t.windows[id]
	if at, known := slices.BinarySearchFunc(list, opens, compareWindow); !known {
		t.windows[id] = slices.Insert(list, at, window{opens: opens})
	}
}

func compareWindow(w window, opens calendar.Date) int { return int(w.opens - opens) }

// pass lets the days go by until the beginning of a day: a debt that was overdue for long enough by then is bad.
func (t *Test) pass(id ledger.AccountID, day calendar.Date) {
	if p := t.people[id]; p != nil {
		p.pass(day, t.options.BadDays)
	}
	list := t.windows[id]
	for i := range list {
		if w := &list[i]; w.due != 0 && int(day-w.due) >= t.options.BadDays {
			w.bad = true
		}
	}
}

// booked takes over what a booking did to the debts of an account.
func (t *Test) booked(id ledger.AccountID, b *ledger.Booking, day calendar.Date) {
	if p := t.people[id]; p != nil {
		p.grow(b)
	}
	list := t.windows[id]
	for i := range list {
		list[i].due, list[i].owing = 0, false
	}
	for i := range b.After.Debts {
		x := &b.After.Debts[i]
		at, known := slices.BinarySearchFunc(list, x.Opens, compareWindow)
		if !known {
			continue
		}
		if list[at].owing = true; x.Overdue {
			list[at].due = x.PayBy()
		}
	}
	if b.Kind == ledger.WindowClosed {
		if at, known := slices.BinarySearchFunc(list, b.Opens, compareWindow); known {
			list[at].billed = true
		}
	}
	for i := range b.Moves {
		if m := &b.Moves[i]; m.Against == ledger.BookLoss && m.Part != ledger.WrittenOffPart {
			if at, known := slices.BinarySearchFunc(list, m.Opens, compareWindow); known && m.Plan == 0 {
				list[at].bad = true
			}
		}
	}
	t.pass(id, day)
}

// outcome is what became of an order by a day.
func (t *Test) outcome(o *order, today calendar.Date) Outcome {
	if o.opens == 0 {
		return NotCaptured
	}
	list := t.windows[o.account]
	if at, known := slices.BinarySearchFunc(list, o.opens, compareWindow); known {
		return list[at].outcome(today, t.options.BadDays)
	}
	return NotKnown
}
