package mem

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Journal is a handle on a Log.
type Journal struct {
	log       *Log
	appending sync.Mutex // held through an append, so that its faults are taken in order
	closed    bool       // guarded by log.mu
}

var _ journal.Journal = (*Journal)(nil)

// Acquire implements journal.Journal. A half-written batch is dropped here, as recovery from a disk would.
func (j *Journal) Acquire(ctx context.Context, owner string) (journal.Head, error) {
	if err := ctx.Err(); err != nil {
		return journal.Head{}, err
	}
	l := j.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if j.closed {
		return journal.Head{}, journal.ErrClosed
	}
	l.head.Epoch++
	l.owner, l.unknown, l.torn = owner, false, 0
	return l.head, nil
}

// Append implements journal.Journal.
func (j *Journal) Append(_ context.Context, head journal.Head, batch journal.Batch) (journal.Head, error) {
	if len(batch.Bytes) > journal.MaxBatchBytes {
		return head, journal.ErrTooLarge
	}
	j.appending.Lock()
	defer j.appending.Unlock()
	l := j.log
	if err := j.admit(head, batch); err != nil {
		return head, err
	}
	fault := l.fault(head, batch)
	if fault.Delay > 0 {
		time.Sleep(fault.Delay)
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	// Another handle may have acquired while the fault was slow: compare again in the step that writes.
	if j.closed {
		return head, journal.ErrClosed
	}
	if err := l.admit(head, batch); err != nil {
		return head, err
	}
	switch fault.Kind {
	case FailBefore:
		l.unknown = true
	case Torn:
		l.unknown, l.torn = true, len(batch.Bytes)/2
	case FailAfter:
		l.unknown = true
		l.write(batch)
	case Pass:
		l.write(batch)
		return l.head, nil
	}
	return head, fault.told()
}

func (j *Journal) admit(head journal.Head, batch journal.Batch) error {
	j.log.mu.Lock()
	defer j.log.mu.Unlock()
	if j.closed {
		return journal.ErrClosed
	}
	return j.log.admit(head, batch)
}

// Confirm implements journal.Journal.
func (j *Journal) Confirm(ctx context.Context, head journal.Head) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.log.mu.Lock()
	defer j.log.mu.Unlock()
	switch {
	case j.closed:
		return journal.ErrClosed
	case head.Epoch != j.log.head.Epoch || head.Epoch == 0:
		return journal.ErrFenced
	}
	return nil
}

// Replay implements journal.Journal.
func (j *Journal) Replay(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	j.log.mu.Lock()
	end := j.log.head.Next
	j.log.mu.Unlock()
	return func(yield func(journal.Entry, error) bool) { j.read(ctx, from, end, false, yield) }
}

// Follow implements journal.Journal.
func (j *Journal) Follow(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) { j.read(ctx, from, 0, true, yield) }
}

// read yields the entries in [from, end), or without end when following.
func (j *Journal) read(ctx context.Context, from, end uint64, follow bool, yield func(journal.Entry, error) bool) {
	from = max(from, 1)
	stop := context.AfterFunc(ctx, func() {
		j.log.mu.Lock() // or the wake-up could fall between a reader's look at ctx and its wait
		defer j.log.mu.Unlock()
		j.log.changed.Broadcast()
	})
	defer stop()
	for follow || from < end {
		batch, prev, err := j.next(ctx, from)
		if err != nil {
			yield(journal.Entry{}, err)
			return
		}
		for e, err := range journal.Entries(batch.Bytes, batch.First, prev) {
			if err != nil {
				yield(journal.Entry{}, err)
				return
			}
			if e.Sequence >= from && !yield(e, nil) {
				return
			}
		}
		from = batch.First + uint64(batch.Count)
	}
}

// next waits for the batch that holds sequence and answers with it and the hash of the entry before it.
func (j *Journal) next(ctx context.Context, sequence uint64) (batch journal.Batch, prev journal.Hash, err error) {
	l := j.log
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case j.closed:
			return batch, prev, journal.ErrClosed
		case ctx.Err() != nil:
			return batch, prev, ctx.Err()
		case sequence < l.base.Next:
			return batch, prev, journal.ErrTrimmed
		case sequence < l.head.Next:
			i := l.find(sequence)
			prev = l.base.Hash
			if i > 0 {
				prev = l.batches[i-1].Last
			}
			batch = l.batches[i]
			batch.Bytes = append([]byte(nil), batch.Bytes...) // Corrupt may write to the log's own
			return batch, prev, nil
		}
		l.changed.Wait()
	}
}

// Trim implements journal.Journal.
func (j *Journal) Trim(_ context.Context, before uint64) error {
	l := j.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if j.closed {
		return journal.ErrClosed
	}
	if before > l.head.Next {
		return fmt.Errorf("journal/mem: trim before %d lies beyond the head at %d", before, l.head.Next)
	}
	for len(l.batches) > 0 {
		b := l.batches[0]
		if b.First+uint64(b.Count) > before {
			break
		}
		l.base = journal.Head{}.After(b)
		l.batches = l.batches[1:]
	}
	return nil
}

// Close implements journal.Journal. The log stays as it is and can be opened again.
func (j *Journal) Close() error {
	j.log.mu.Lock()
	defer j.log.mu.Unlock()
	j.closed = true
	j.log.changed.Broadcast()
	return nil
}
