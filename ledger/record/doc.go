// Package record is how the ledger is written as bytes.
//
// Two encodings, for two lives:
//
//   - An entry goes into the journal and is read back for ever: it is the protobuf message that
//     proto/holdfast/journal/v1 declares, written and read by hand here because it is on the hot path. A test holds
//     both to each other through the generated code.
//   - A row (account, ended authorization, item, statement, line of a batch, order, receipt, applicant, application, review, shard) goes into the
//     state file, which can always be rebuilt from the journal: it is what is fastest to read and write, behind a version byte. A new version
//     of a row means a rebuilt state file.
//
// Each thing is described once, by a function that walks its fields; encoding and decoding are the same walk.
//
// Caveat: strings of a decoded value share memory with the bytes it was decoded from. Those bytes must not change.
package record
