// Package sim finds out whether the ledger does what it says, by doing very much with it.
//
//   - A Workload makes commands up from a seed: hot accounts, retries, request and order ids used again, a clock that
//     creeps and jumps.
//   - A Model predicts what each is answered with. It is the ledger written a second time, in another way: slow, plain,
//     and sharing nothing with the first but ids, enumerations, amounts and the commands.
//   - A Book is a ledger.Book of plain maps that copies what is put and wipes what was lent too long ago.
//   - A Core is a ledger over a Book with a journal of bytes; it checks the invariants after every command, folds the
//     journal into a second book, and at the end folds it again over books that a crash left half flushed.
//   - A Life predicts what an account owes: its statements, debts, plans and history, reckoned a day at a time from
//     nothing but what was bought, paid and changed. Random lives, alone in their shards, are compared with it after every
//     command; one that differs is told with all left out that is not needed.
//
// To run a workload through something larger, a writer with a real journal and crashes, say: take commands from
// Workload.Next, stamp them as the thing under test does, tell Workload.Saw what came of each, and hand those whose
// entries became durable to Model.Observe in the order of their sequences. Prediction.Compare then says whether the
// answer was right. A command that was lost in a crash is not observed; sent again, it is a new one.
//
// Caveat: a Prediction from Predict names an account that would change, and does not say what it would be like; one
// from Observe does. How many holds a Tick lets expire is not predicted: the model lets them expire when their time
// comes and does not wait for a Tick.
package sim
