// Package replica is a journal whose log is elsewhere, with a whole copy of it on this machine.
//
//   - The log decides: Acquire and Append go there, and what it has acknowledged is durable. It may be trimmed.
//   - The copy is a journal of its own, the embedded engine as a rule, and has every entry from the first. Replay and
//     Follow read it, so that events, verification and backups need nothing of the log, and a node that starts asks it
//     for no more than it missed.
//   - The copier follows the log and appends to the copy what is there, whoever appended it, so nothing changes when
//     ownership does. Only an owner who is busy hands what the log has acknowledged to the copier, which then does not
//     follow: that spares the log the sending, and the owner the reading, of what it has just written.
//   - Where the log has been trimmed beyond the end of the copy, a peer's copy has what is missing (Options.Peer).
//
// Every entry of the copy is checked against the hash chain as it is appended. A copy that does not fit the log, because
// one of them was swapped or damaged, is never appended to: Fault says so, with the sequence.
//
// Caveat: the copy is behind the log by what is on its way. Replay waits until it has all that this handle has acquired
// and appended, so that an owner misses nothing; what another owner appended since may be missing from it.
package replica
