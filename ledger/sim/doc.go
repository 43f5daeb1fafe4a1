// Package sim finds out whether the ledger does what it says, by doing very much with it.
//
//   - A Book is a ledger.Book of plain maps that copies what is put and spoils what was handed out too long ago.
package sim
