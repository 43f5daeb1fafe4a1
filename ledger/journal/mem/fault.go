package mem

import (
	"time"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Kind is what happens to an append.
type Kind int

// The kinds.
const (
	Pass       Kind = iota // the append succeeds
	FailBefore             // nothing is written; the owner is told ErrUnknown
	FailAfter              // the batch is written and visible; the owner is told ErrUnknown
	Torn                   // half the batch is written, which the next Acquire drops; the owner is told ErrUnknown
	Full                   // nothing is written; the owner is told ErrFull and may try again
)

// Fault is what happens to one append.
type Fault struct {
	Kind  Kind
	Delay time.Duration // waited before anything is written; a context that ends meanwhile does not stop the append
	Err   error         // told to the owner in place of the kind's own error; ignored for Pass
}

// Script queues faults, one for each append to come, over all handles. Appends past the end of the script pass.
func (l *Log) Script(faults ...Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.script = append(l.script, faults...)
}

// Hook makes decide choose the fault of every append that the script leaves alone; nil removes it. It is called
// once an append has been admitted and before anything is written, and may block: that is a slow disk.
func (l *Log) Hook(decide func(head journal.Head, batch journal.Batch) Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hook = decide
}

// Corrupt flips the bits of mask in the byte at offset of the stored batch that holds sequence. It reports whether
// there was such a byte.
func (l *Log) Corrupt(sequence uint64, offset int, mask byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := l.find(sequence)
	if i == len(l.batches) || l.batches[i].First > sequence || offset >= len(l.batches[i].Bytes) {
		return false
	}
	l.batches[i].Bytes[offset] ^= mask
	return true
}

// fault takes the next fault of the script or asks the hook. The Log's lock is not held.
func (l *Log) fault(head journal.Head, batch journal.Batch) Fault {
	l.mu.Lock()
	if len(l.script) > 0 {
		f := l.script[0]
		l.script = l.script[1:]
		l.mu.Unlock()
		return f
	}
	hook := l.hook
	l.mu.Unlock()
	if hook == nil {
		return Fault{}
	}
	return hook(head, batch)
}

// told is the error that the owner hears for the fault.
func (f Fault) told() error {
	switch {
	case f.Kind == Pass:
		return nil
	case f.Err != nil:
		return f.Err
	case f.Kind == Full:
		return journal.ErrFull
	default:
		return journal.ErrUnknown
	}
}
