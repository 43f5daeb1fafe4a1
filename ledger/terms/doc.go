// Package terms has the product's parameters as a document: versioned, in YAML, read and written by people who price and
// limit credit.
//
// A document is the whole product. Every field is written out, so that nothing is decided by what is not there, and two
// documents can be laid side by side. The nouns:
//
//   - Terms is what a document says, in exact integers: rates in millionths, amounts in minor units, civil days, durations.
//   - schema.go lists the fields of a document once: package document reads, writes and compares by that list, and
//     docs/TERMS.md is held to it.
//   - Faults are all that is wrong with a document, and not what comes first only.
//   - A rule is what must hold between fields: days that ascend, buckets without gaps, rates below the annual cap. Reread does
//     without the one that takes long, for documents that were accepted once.
//
// Parse and Format are inverse to each other: Format writes the canonical form, and what Parse has accepted is written and
// read again as the same Terms. Comments are not kept; Explain writes the form with comments of its own.
//
// Days are civil days of the business zone and are numbers; durations go by the clock and have a unit, "24 hours" being
// the same as "1 day". Percentages are of the time that their field names: a day, a month or a year. Nothing here reads a
// clock or a file, and no float is used.
package terms
