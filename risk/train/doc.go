// Package train makes a scorecard of what is known of consumers and of what became of them.
//
// The nouns:
//
//   - A Spec says how, in YAML: which column is the outcome, which rows test, what the features are, which way the risk of each
//     goes, and by which method. Parse finds everything that is wrong with one.
//   - A Feature is a column, or is reckoned from features before it by an operator. Its Formula goes into the policy, for whoever
//     sends applications has to reckon the same.
//   - Data is a table as a spec sees it: outcomes, features, and which rows test. A row tests by its id alone, and what tests
//     never trains.
//   - A shape is one characteristic before it has points: its bins, and the log odds of bad that each adds. A model is shapes,
//     and pairs of them.
//   - Trained is the scorecard of a model, with how it came about.
//
// There are two methods, and both end in a points table. Logistic is the classical one: bins with their weight of evidence, and a
// factor for each feature. Additive finds the points of all bins together by boosting, and then grids of two features; it tells
// good from bad a little better. Where a spec says which way risk goes with a feature, the points go that way in both, in
// grids as well.
//
// What is protected (sex, marital status, age, religion, ethnicity, nationality, health) is not scored, by whatever way it
// would come in.
//
// The same spec, data and seed make the same scorecard on the same kind of machine: nothing depends on the time or on the order
// of a map. Training is in floats, whose last digits may differ between kinds of processors; what was trained is whole
// points, and scores from it do not.
package train
