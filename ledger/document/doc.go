// Package document reads, writes and compares YAML documents whose fields are listed once: the terms, and policies of risk.
//
// The nouns:
//
//   - A Field is one key of a mapping, with what it means. It has a Leaf, which is a value with what may be written there;
//     Fields of its own; or Items, a list of mappings that are alike. A list of Fields, bound to the variables that they are
//     kept in, is a schema. Reading, writing, comparing and the tables of the manuals go by it, so that none of them knows a
//     field that the others do not.
//   - A Fault is what is wrong with one field, with its line and column. Read finds all of them, not the first only, and then
//     asks what must hold between fields of those that are good by themselves.
//   - A Change is what two documents have differently.
//
// Every value is written out: anchors, aliases, tags and several documents in one are refused, and so are fields that nobody
// knows or that are there twice. Format writes the canonical form, without the comments; Explain writes it with comments of
// its own.
package document
