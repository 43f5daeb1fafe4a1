// Package writer is the one writer of a shard: it decides, makes durable, and only then tells.
//
// The pipeline has two goroutines and hands work on in one direction:
//
//		Submit -> group -> decider (ledger.Apply, encode) -> appender (journal.Append) -> group is done
//
//	  - A group is the calls that were queued up together. Its callers wait on one channel and are woken together.
//	  - The decider takes whatever groups there are, applies them to the book and encodes their entries into the batch
//	    that is being built. It goes on doing so for as long as an append is in flight, so a batch is as large as one
//	    append is slow: there is no timer and nothing to tune. When the appender is free the batch is handed over.
//	  - The appender appends one batch at a time and wakes the batch's groups. Reads are calls like any other: they
//	    see everything decided before them and are answered when that is durable, so nothing that a crash could take
//	    back is ever shown; and the journal confirms that nobody else owns it, so nothing out of date is.
//
// Invariants: entries are appended in the order in which they were decided; the book is ahead of the journal by at most
// the batch in flight and the one being built; a call is answered exactly once.
//
// When an append's outcome is unknown, or the book cannot be read, the session ends: everybody who waits is told that
// the outcome is unknown, memory is thrown away, and a new session begins the way the first one did (acquire, open the
// state, replay the tail). Recovery has no code of its own. A journal without room is different: nothing was written,
// so the same batch is tried again until there is room, and meanwhile everything new is refused at once.
//
// A session begins with a replay of the journal's tail, in which nothing is decided:
//
//		journal.Replay -> reader (decode, fold the shard's row) -> stretch -> folders (all other rows)
//
//	  - A stretch is a run of entries, decoded into memory that is used again.
//	  - Each folder folds the entries of its own accounts, through a book of its own over the same state.
//	  - When a tail is so long that its rows would fill memory, they are flushed while the replay goes on.
//
// Rejected: a B+tree transaction for each call (an fsync or two for each, 12 k/s); a delay timer that waits for a fuller
// batch (bbolt's DB.Batch: 10 ms); one channel per call (waking 256 callers one by one costs more than deciding).
package writer
