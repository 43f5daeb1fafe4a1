// Package policy has the risk policy as a document: who gets a line, how much, what becomes of every order, and what is
// watched afterwards.
//
// The nouns:
//
//   - A Document is what a policy says, all of it in one YAML text with a version. schema.go and its neighbours list its
//     fields once; package document reads, writes and compares by that list.
//   - A Policy is a document that was found in order, with its rules ready to be asked. It is a ledger.Policy: Decide judges
//     an order. Assess judges an application.
//   - A rule is a condition of package rule with what follows from it. Admission rules read the features that the document
//     declares; decision rules those of package ledger/feature; rules of early warning the closed lists of names.go.
//   - Faults are everything that is wrong with a document, each with its line, column and field: values that are of another
//     form, bands that overlap or are never reached, conditions that nothing meets, features that nobody declared, and
//     attributes by which nobody may be scored.
//
// Everything here is a function of what it is given. Nothing reads a clock or a file.
package policy
