package portfolio

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// account is all that is kept of an account that is not late: 48 bytes, because there may be ten million.
type account struct {
	limit     money.Amount
	held      money.Amount
	principal money.Amount // captured and neither repaid nor refunded, what plans have not billed included
	charges   money.Amount // fees, interest and penalty that are owed

	since    calendar.Date // the oldest due date that is over and unpaid; 0 when there is none
	first    uint16        // opening day of the first window that was billed, as firstOf has it; 0 when there is none
	opened   uint16        // month of the opening, as monthOf has it
	settled  uint16        // the last month whose end has been counted
	currency uint16        // its place in the fold's list
	terms    uint8
	grade    uint8 // its place in the fold's list; 0 is none
	was      place // at the end of the month that was counted last
	flags    flags
}

// accountBytes is the size of an account.
const accountBytes = 48

type flags uint8

const (
	isThere  flags = 1 << iota
	isFrozen       // or closed
	isClosed
	wroteOff // it is charged off
	lost     // it was charged off, ever
	bad      // it was 30 days past due, or charged off, ever
	hasLate  // there is a late row
	hasRaise // there is a raise
)

func (a *account) is(f flags) bool { return a.flags&f != 0 }

func (a *account) set(f flags, on bool) {
	if a.flags &^= f; on {
		a.flags |= f
	}
}

// owed is principal and charges.
func (a *account) owed() money.Amount { return a.principal + a.charges }

// daysPastDue is how many days the oldest unpaid due date is over on a day.
func (a *account) daysPastDue(day calendar.Date) int {
	if a.since == 0 || day <= a.since {
		return 0
	}
	return int(day - a.since)
}

// setStatus takes over a status that is not NoAccountStatus.
func (a *account) setStatus(s ledger.AccountStatus) {
	a.set(isFrozen, s != ledger.AccountActive)
	a.set(isClosed, s == ledger.AccountClosed)
}

// epoch is the month of 1970-01.
const epoch = 1970 * 12

func monthOf(m calendar.Month) uint16    { return uint16(m - epoch) }
func monthAt(m uint16) calendar.Month    { return calendar.Month(m) + epoch }
func firstDay(m uint16) calendar.Date    { return monthAt(m).First() }
func lastDay(m uint16) calendar.Date     { return firstDay(m+1) - 1 }
func monthIn(d calendar.Date) uint16     { return monthOf(d.Month()) }
func monthBefore(d calendar.Date) uint16 { return monthIn(d) - 1 }

// firstLead is how long before an account's month a window may have opened that it bought in, and more.
const firstLead = 100

// firstOf is the opening day of a window as it is kept: days from before the account's month on, so that it is never 0.
func (a *account) firstOf(opens calendar.Date) uint16 {
	return uint16(opens - firstDay(a.opened) + firstLead)
}

// chunkSize is how many accounts are in a chunk of the table. A table grows by chunks, so that nothing is ever copied.
const chunkSize = 1 << 14

// table is the accounts by their numbers, which are dense.
type table []*[chunkSize]account

// at finds an account that is there.
func (t table) at(n uint64) *account {
	if n == 0 || (n-1)/chunkSize >= uint64(len(t)) {
		return nil
	}
	if a := &t[(n-1)/chunkSize][(n-1)%chunkSize]; a.is(isThere) {
		return a
	}
	return nil
}

// add makes room for an account.
func (t *table) add(n uint64) *account {
	for (n-1)/chunkSize >= uint64(len(*t)) {
		*t = append(*t, new([chunkSize]account))
	}
	return &(*t)[(n-1)/chunkSize][(n-1)%chunkSize]
}

// late is what is kept besides of an account that is past due, or was so for long.
type late struct {
	overdue money.Amount // owed of debts whose due date is over
	debts   []lateDebt   // oldest first
}

// lateDebt is a debt whose due date is over, or was for long: a payment that bounces must not make it bad again.
type lateDebt struct {
	opens  calendar.Date
	due    calendar.Date // 0 when nothing of it is overdue any more
	first  calendar.Date // by when it was due at first
	billed money.Amount  // principal that it was for when it fell due
	bad    bool
}

// raise is a temporary limit.
type raise struct {
	limit money.Amount
	last  calendar.Date
}

// limitOn is the limit of an account on a day.
func (f *Fold) limitOn(n uint64, a *account, day calendar.Date) money.Amount {
	if a.is(hasRaise) {
		if r := f.raises[n]; r.limit > a.limit && day <= r.last {
			return r.limit
		}
	}
	return a.limit
}
