// Package scorecard has the points table that a score is read from: what a decision uses, and what a person can check with a
// pencil.
//
// The nouns:
//
//   - A Value is what is known of one feature: a number, a category, or that it is missing. Missing is a value of its own and
//     never zero.
//   - A Characteristic is one feature in bins, and each bin has its points. Bins of numbers are half open, from the bound of
//     the bin before up to and without their own; the first begins at the bottom and the last has no end, so every number is in
//     exactly one. Bins of categories are lists; whatever no list names is in the bin that says other.
//   - A Grid is one table over two features. It adjusts what the characteristics say, where two features together mean something
//     else than each by itself. When either is missing there is nothing to adjust, and it gives no points.
//   - The score is the intercept and the points of all characteristics and grids, whole numbers all of them. More is better.
//   - The odds at a score, good to one bad, double with every so many points; the probability of default follows from them.
//   - A Reason is a code with the points that it cost. See Score for which are told.
//   - A Fault is what is wrong with one field of a scorecard, with the way to it. Faults finds all of them; whoever has read the
//     scorecard from a document knows the line of each.
//
// A score is a matter of comparisons and sums of integers, so it is the same on every machine. Odds and probabilities are
// floats, for people and for grading by bands; what was decided keeps the score.
//
// Nothing here reads a clock or a file, or walks a map.
package scorecard
