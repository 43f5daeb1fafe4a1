// Package plan has installment plans: what is to be paid in which month, to the minor unit.
//
// An Offer is what a plan costs: a method, a number of months, a rate. A Schedule is the installments of a plan, month by
// month, each with its principal and its charges. A Plan is a schedule under way: some installments have been billed and
// never change again, the others change with refunds, early payoff and acceleration.
//
// It is pure, and everything in it is a value: an operation returns the plan that comes of it and leaves the one that it
// was asked of as it was. Nobody changes a Schedule in place, because plans share them.
//
// Amounts are minor units, rates are integers in millionths. Arithmetic is exact up to one rounding for each figure, to the
// nearest minor unit and half to even; only equal parts are rounded down, so that the last one, which takes what is left,
// is never negative. What holds of any schedule:
//
//   - its principal sums to exactly what was lent, and of a plan, to what was lent less what was refunded before it was
//     billed;
//   - no part of any installment is negative;
//   - no sum leaves the range of money.Amount: principal, months and rates are limited, and beyond the limits is an error.
//
// A month is a month: which window an installment is billed into, and what happens to it there, is the ledger's affair, and
// so is what a plan may cost.
package plan
