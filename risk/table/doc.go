// Package table reads a table of consumers, and what became of them, from CSV: the columns that somebody wants, of the kinds
// that they want them as.
//
// The nouns:
//
//   - A Want is a column to be read: its name in the header, its kind, and which texts mean that a value is missing.
//   - A Table is the columns that were wanted, and the line of each row.
//   - A Column has numbers, or categories as indices into their names, in the order in which they were first seen.
//   - A Fault is what is wrong at a line, in a column. Read tells the first twenty.
//   - Limits bound what is read, so that a wrong file is refused and does not fill the memory.
//
// A table is strict: every line has as many fields as the header, a number is written in digits, and a name stands in the header
// once. Columns that nobody wants need not make sense, but they must be there on every line.
package table
