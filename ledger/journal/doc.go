// Package journal is the contract of the log that Holdfast is built on, and the bytes of its batches.
//
// The journal is the database: everything else is a fold over it. It holds ordered, opaque payloads and knows
// nothing of credit. Five nouns:
//
//   - an Entry is one payload with its sequence, its time and the hash of the entry before it;
//   - a Batch is a run of entries encoded as one value, made by a Builder, appended all or nothing;
//   - a Head is the place after the last entry, as one owner knows it: the epoch that owner was given, the next
//     sequence and the hash of the last entry;
//   - a Journal is an engine: bolt (embedded), mem (tests, with fault hooks), etcd (replicated);
//   - an owner is whoever called Acquire last. Every earlier owner is fenced from that moment on.
//
// Who owns what: the writer owns the Head between Acquire and the first error; an engine owns the bytes it was
// given once Append has returned. Nothing in this package reads a clock: time arrives with the entry.
//
// Caveat: an Append that answers ErrUnknown may or may not have happened. The only safe continuation is to stop
// and Acquire again, which reads what is really there; start-up is the same code path.
package journal
