// Package state keeps the rows of one shard: a bounded cache in memory in front of a bbolt file.
//
// The journal is the database; this is a materialized view of it that makes decisions fast and restarts short.
//
//   - Accounts are in memory encoded. A row's bytes are never changed in place: a change is a new slice, so a reader of
//     the old one is never surprised. An account is dirty from its change until it is in the file, and pinned in memory
//     for that long; clean ones may be evicted at any time, since the file has them.
//   - Receipts, orders, consumers, what an account's history has (ended authorizations, items, statements, lines of batches), and what is known
//     of applicants (themselves, applications, reviews) are looked for by name, and hardly ever again once they are written. A buffer holds them until then, in memtables without
//     pointers that are frozen, written and dropped whole.
//   - The Book is the ledger's view of the rows. It belongs to the one goroutine that decides; in a replay there are several,
//     each for the accounts of one goroutine.
//   - The flusher writes dirty rows into the file in small, key-ordered, throttled transactions, in cycles.
//   - A filter for each kind knows every name (order, request, consumer, applicant) that may be in the file, so that the common question,
//     about a fresh name, is answered without touching it.
//
// What keeps a half-written file sound: a cycle first notes the head S of the journal, then collects the dirty
// accounts and applicants, then freezes the rows that these depend on (they were put before), waits until all that is
// durable in the journal, writes the latter, then the applicants and the accounts, and last the mark "everything up to S is
// here". After a crash the journal is replayed from that mark. Accounts and applicants that were written already know it by
// their own sequence, and what depends on them was written before them.
//
// Caveats: a cycle costs a bbolt page or more per account when accounts are many and touched at random; that is why
// it is put off until it pays (Options.Interval, Options.CacheBytes) and why a restart replays a tail. The file is
// never ahead of the durable journal.
package state
