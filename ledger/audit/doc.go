// Package audit checks a shard: it folds the journal anew, entry by entry, and holds the state to it.
//
// What is checked: the hash chain; that the postings of every entry sum to zero; that every entry can be folded; that
// the state's rows are those of the fold, byte by byte, where there is a state; the invariants of every account with its
// whole history; that its statements follow each other and add up; that the accounts add up to the shard's totals; and the
// invariants of every applicant with all its applications and reviews, which together are those of the shard. The fold has a state file of its own in a temporary directory, so a book that is larger than memory can be checked.
package audit
