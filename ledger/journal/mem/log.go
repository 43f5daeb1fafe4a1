package mem

import (
	"bytes"
	"sort"
	"sync"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Log is what a disk would hold: the batches, who owns them and how they begin. It outlives its handles.
// The zero value is not ready; use NewLog.
type Log struct {
	mu      sync.Mutex
	changed *sync.Cond // the log grew, was acquired or a handle was closed; uses mu

	batches []journal.Batch // in order; their bytes are the Log's own
	base    journal.Head    // where the kept log begins: first kept sequence and the hash before it
	head    journal.Head    // where it ends, and the newest epoch
	owner   string
	unknown bool // an append of this epoch had an unknown outcome: its owner may not append any more
	torn    int  // bytes of a half-written batch after the last one, until the next Acquire

	script []Fault
	hook   func(journal.Head, journal.Batch) Fault
}

// NewLog makes an empty log.
func NewLog() *Log {
	l := &Log{base: journal.Head{Next: 1}, head: journal.Head{Next: 1}}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// Open makes a handle on the log.
func (l *Log) Open() *Journal { return &Journal{log: l} }

// Owner is the name given by whoever acquired the log last.
func (l *Log) Owner() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owner
}

// Torn tells how many bytes of a half-written batch lie at the end of the log.
func (l *Log) Torn() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.torn
}

// find gives the index of the batch that holds sequence, or of the first one after it. The lock is held.
func (l *Log) find(sequence uint64) int {
	return sort.Search(len(l.batches), func(i int) bool {
		b := l.batches[i]
		return b.First+uint64(b.Count) > sequence
	})
}

// admit answers why an append at head may not go ahead, or nil. The lock is held.
func (l *Log) admit(head journal.Head, batch journal.Batch) error {
	if head.Epoch == l.head.Epoch && l.unknown {
		return journal.ErrUnknown
	}
	if head != l.head || head.Epoch == 0 {
		return journal.ErrFenced
	}
	return batch.Follows(head)
}

// write puts a copy of the batch after the head. The lock is held and the batch has been admitted.
func (l *Log) write(batch journal.Batch) {
	batch.Bytes = bytes.Clone(batch.Bytes)
	l.batches = append(l.batches, batch)
	l.head = l.head.After(batch)
	l.changed.Broadcast()
}
