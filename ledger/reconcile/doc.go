// Package reconcile compares what a carrier has of a business date with what is here, record by record.
//
// An Item is one record of either side: a sale, a refund, or a reversal, with its amount, its fee and its business date.
// Ours are the lines that settlement is made of, of the business date and of the days beside it; theirs are what the
// carrier sent for the business date. A Matcher is given both in order of a key, and makes Breaks of what does not agree:
// first by order id, then of what is left by the carrier's own reference, and last of what is still left of theirs by what
// is known of the order whatever its day (Judge). A Tally is what all of it comes to.
//
// It is pure: items come sorted, from wherever the caller has them, and never more than one key's are in memory.
//
// # What agrees
//
// Refunds and reversals are of one class, returns: what one side calls a refund the other may call a reversal. Within an
// order, or a reference, items of a class match in this order:
//
//  1. equal amounts of the business date;
//  2. equal amounts of different days;
//  3. all that is left of the business date, if it adds up to the same: captures in parts and one record of the whole;
//  4. one by one, the larger amounts first, of the business date before others.
//
// A sale and a return of it that only one side has, of one day and one amount, cancel out: nothing is owed. A record of the
// carrier's that nothing was delivered, or not yet, agrees with nothing being here, and counts for nothing.
//
// # What breaks
//
// Each item is in one break at most. Where more than one kind would fit, the first of these counts:
//
//   - Duplicate: theirs has more records of an order, class and amount than ours has.
//   - Outcome: one side says that it took place and the other that it did not: theirs failed or is pending and ours was
//     captured, by then, or theirs was delivered and the order is here without any capture.
//   - Amount: both have it, with different amounts.
//   - RefundCrossing: both have a return, on different business dates, so that different settlements have it.
//   - WrongDay: both have a sale, on different business dates. The day on which ours has it and theirs does not tells it as
//     MissingThere: what the carrier is going to send tomorrow is not known today.
//   - Fee: both have it, with different fees. Only where the carrier's records have fees.
//   - LateReversal: theirs took a sale of an earlier business date back, and here nothing was given back.
//   - MissingHere: theirs has it, ours does not.
//   - MissingThere: ours has it on the business date, theirs does not.
//
// The difference of a break is ours less theirs, each as far as it counts for the business date: ours if it is of that
// day, theirs if it was delivered; sales above zero, returns below. So always, whatever the items are,
//
//	sum of ours - sum of theirs == sum of the differences of all breaks,
//
// and the same of fees.
package reconcile
