// Package spill sorts more than memory holds.
//
// A Sorter takes records, each a key and a value, in any order, and hands them out in order of their keys, those of one key
// as they came. It keeps up to a budget of bytes in memory; beyond, runs that are sorted go to a file each, and are merged
// as they are read, a bounded number at a time.
//
// Its files have no name from the moment on that they are open, where the system can do that: whatever ends the process,
// nothing of them stays. Elsewhere they are removed by Close, and what a crash leaves behind by Clean.
//
// A Sorter belongs to one goroutine.
package spill
