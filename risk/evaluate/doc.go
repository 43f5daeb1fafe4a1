// Package evaluate says how well a score tells good from bad, and whether what it was made from still looks the same.
//
// The nouns:
//
//   - A Sample is consumers with their scores and what became of them. More points are better: a good score tells the good
//     from the bad by being higher.
//   - Discrimination is AUC, Gini and KS: how well the order of the scores is that of what became of them.
//   - Calibration holds the probability that was foretold against what was seen, by tenths of the sample.
//   - A gain table says what is declined, and how many of the bad, with a cutoff at each tenth.
//   - The population stability index (PSI) says how much a distribution has moved.
//   - A bootstrap draws samples from the sample, with a seed, to say how far a figure is to be trusted.
//
// All sums go in one order, so the same sample and seed give the same figures.
package evaluate
