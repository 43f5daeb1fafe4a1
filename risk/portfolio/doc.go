// Package portfolio watches the whole book: what is out, how much of it is late, how lateness rolls on from month to month,
// what became of each vintage, and what is likely to be lost.
//
//   - A Fold absorbs the entries of one shard's journal, in order, and keeps 48 bytes for each account besides a few
//     dozen for those that are or were late. It decides nothing, reads no clock, and is exact: integers throughout.
//   - A Portfolio is what a Fold answers as of the last entry that it absorbed. Those of several shards Merge into one.
//   - A bucket is where an account stands at the end of a day: nothing owed, current, one of the buckets of its terms by the
//     days that its oldest unpaid due date is over, or charged off.
//   - A roll is an account's way from its bucket at one month's end to that at the next. Month ends are the field's
//     standard; windows of different accounts close on different days, and their closes could not be laid side by side.
//   - A vintage is what began in one month: accounts by the month of their opening, debts by the month in which their
//     window opened. Months on book are counted from there; the month of the beginning is 0.
//   - Bad is who was 30 days past due, or charged off, ever. An account is 30 days past due from the first instant of the
//     thirtieth day after the due date.
//   - A Loss is expected loss by grade: the probability of default times what is lost given default times what is exposed.
//
// Month ends are those that the entries tell: after downtime a booking is dated with the day that it belongs to, so an
// account is reckoned up to its next entry and not when the month ends. What is learned late is not: a payment that bounces makes
// the account late from that day on, a value date does not undo a month end.
//
// Caveat: carriers are known of what is held, captured and refunded. A repayment pays a window, so what is owed has scenes and no
// carriers.
package portfolio
