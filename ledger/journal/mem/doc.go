// Package mem is the journal engine of tests: a log in memory that can be told to fail.
//
// Nouns:
//
//   - a Log is what a disk would hold. It survives its handles, so closing a handle and opening another is a
//     restart, and several handles may be open at once, as several processes could be on a replicated log;
//   - a Journal is a handle on a Log, with all that the journal contract says of an engine;
//   - a Fault is what happens to one append. Script queues faults for the appends to come; Hook asks a function.
//
// Who owns what: a Log owns copies of the batches appended to it. Hooks run outside the Log's lock and may call it.
//
// Caveats: nothing is written anywhere. After a fault that answers ErrUnknown the owner's appends go on answering
// ErrUnknown until someone acquires, as the embedded engine has it, so that a writer that carries on is found out.
package mem
