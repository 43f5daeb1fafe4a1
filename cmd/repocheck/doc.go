// Package repocheck holds the tests of the repository as a whole: what no single package can promise.
//
//   - arrows_test.go: who may import whom, as ARCHITECTURE.md draws it;
//   - purity_test.go: what the domain may not do: read a clock, roll dice, start goroutines, use floats, let the order
//     of a map show;
//   - layout_test.go: what lies at the top, that every package introduces itself, that nothing is left to do later;
//   - readme_test.go: the README's commands are run, against a server of their own, and their answers compared;
//   - docs_test.go: links lead somewhere; flags, metrics, reasons and declines that the documents name are those of the
//     code, and the other way round.
//
// Nothing imports it, and it has no code but tests.
package repocheck
