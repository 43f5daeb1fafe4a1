// Package usage tells what consumers bought of each carrier: how many orders, of what amounts, on which days and at what hours, and
// who came again.
//
//   - A Fold absorbs the entries of one shard's journal, in order. It decides nothing, reads no clock, and is exact but for what is
//     said of denominations: integers throughout.
//   - A Day is what there was of a carrier on one of its business days, in its zone and with its cut-off by the registry that was in
//     force when it happened. A carrier that is not registered, or is paid in no zone, has days from midnight to midnight UTC.
//     What was captured and refunded is on the day that it clears on; hours are those of a clock in the same zone.
//   - An order is approved, declined, or advised: a sale that had taken place, which is on the day of the sale. Hours and
//     denominations are of those approved and advised.
//   - Denominations are the amounts ordered. The first 64 of a day are counted exactly. If there are more, the rarest make room, by
//     the algorithm of Misra and Gries: no amount is counted too often, none is missed more often than is said, and that is at
//     most one in 65 of the day's orders. Sums over days and shards keep that.
//   - Accounts of a day are those that ordered on it; those of them that order again on one of the 30 days after it have Returned.
//     That is known when these days are over. Both are exact, because an account is in one shard: there are 4 bytes for each account,
//     and a little more for one that orders of several carriers within 30 days. A sale that is advised for a day before the
//     account's last, or more than three days late, is an order of that day and not counted here.
//
// A row takes some 500 bytes, and 16 for each of at most 64 denominations. Of 4,096 carriers each is told by itself; what is
// beyond them is told as that of the carrier without a name. Days are not forgotten.
package usage
