// Package checkpoint writes what a fold of the journal is, so that a restart need not read the journal again, and reads it back.
//
//   - A fold walks all that it is through a Coder, once and in one order: the same walk writes and reads.
//   - A file begins with a line that names the fold and the version of what follows, and ends with SHA-256 of all of it. There is
//     no migration: what is of another version, or damaged, is left aside, and the journal is read again.
//
// Numbers are varints. A reader trusts nothing: what leads out of what is there is an error and no panic.
package checkpoint
