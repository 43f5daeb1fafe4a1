// Package backtest decides the past again, under another risk policy.
//
//   - A Test folds the entries of a shard's journal through a real ledger, so that at every order the account is as it was when the
//     order was decided: limits, holds, what is owed, velocity. It asks the other policy about the same features, and keeps what
//     became of the order since.
//   - A Class is how the two decisions differ: newly approved, newly declined, capped, and so on. Together they are the swap set.
//   - An outcome is that of the window in which an order was captured: bad when the account was so many days past due on the
//     debt of that window, or any of it was charged off; good when the debt is paid and never was; not known yet otherwise.
//
// Applications for accounts are judged again by the inputs in their entries; their outcome is that of the account that they opened.
//
// Hard limits stay as they were: what was declined for another reason than the risk policy is declined under any.
//
// What cannot be known: an order that was declined has no outcome, so that of those newly approved is not known. What is told instead is
// how the other orders of the same accounts turned out, which is no more than a hint. And the past is taken as it was: an order
// that would be declined still counts in the velocity and the debts of its account.
package backtest
