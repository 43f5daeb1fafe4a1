package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

const (
	// ahead is how many entries are read ahead of the copy.
	ahead = 4_096
	// batchBytes is what is appended to the copy at once, but for the entry that fills it.
	batchBytes = journal.MaxBatchBytes / 4
	// retry is how long the copier rests after a fault, longer after each that follows, up to retryMost.
	retry     = 20 * time.Millisecond
	retryMost = 2 * time.Second
)

// copy is the copier: it goes on until the journal is closed. What it cannot do it tries again, since a log that cannot be
// reached, a peer that is down and a disk without room all come back.
func (j *Journal) copy(ctx context.Context) {
	wait := retry
	for {
		from := j.End().Next
		err := j.takeHanded(ctx)
		if err == nil {
			err = j.take(ctx, j.log.Follow)
		}
		if errors.Is(err, journal.ErrTrimmed) && j.peer != nil {
			if err = j.take(ctx, j.peer); err == nil && j.End().Next == from {
				err = fmt.Errorf("no peer has entry %d: %w", from, journal.ErrTrimmed)
			}
		}
		if ctx.Err() != nil || errors.Is(err, journal.ErrClosed) {
			return
		}
		j.note(err)
		if err == nil || j.End().Next > from {
			wait = retry
		}
		if err == nil {
			continue
		}
		j.logger.Warn("copy of the journal is held up; trying again", "sequence", j.End().Next, "error", err, "in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		wait = min(2*wait, retryMost)
	}
}

// note notes why the copy does not grow.
func (j *Journal) note(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fault = err
	j.grown.Broadcast()
}

// read is an entry that was read, or why no more are.
type read struct {
	entry journal.Entry
	err   error
}

// take appends what a source has after the end of the copy, until that ends, or until this handle's owner hands over so much
// that the copy need not follow. One goroutine reads while the other appends, so a batch is as large as the append before it
// was slow.
func (j *Journal) take(ctx context.Context, source func(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error]) error {
	ctx, cancel := context.WithCancel(ctx)
	reads := make(chan read, ahead)
	done := make(chan struct{})
	from := j.End().Next
	defer func() {
		cancel()
		<-done
	}()
	go func() {
		defer close(done)
		defer close(reads)
		for e, err := range source(ctx, from) {
			e.Payload = bytes.Clone(e.Payload)
			select {
			case reads <- read{e, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	var b journal.Builder
	var buffer []byte
	var next *read // that did not fit
	for {
		for next == nil {
			select {
			case r, ok := <-reads:
				if !ok {
					return nil
				}
				next = &r
			case <-j.handed.news:
				if j.handsOn() {
					return nil
				}
			}
		}
		if next.err != nil {
			return next.err
		}
		end := j.End()
		b.Reset(end.Next, end.Hash, buffer)
		var err error
		if next, err = fill(&b, end.Next, next, reads); err != nil {
			return err
		}
		batch := b.Batch()
		buffer = batch.Bytes
		if err := j.append(ctx, batch); err != nil {
			return err
		}
	}
}

// fill adds an entry to a batch that begins with a sequence, and those after it that have been read by now and fit. It
// answers with one that was read and is not in it.
func fill(b *journal.Builder, first uint64, e *read, reads <-chan read) (next *read, err error) {
	for {
		switch sequence := first + uint64(b.Count()); {
		case e.entry.Sequence != sequence:
			return e, &journal.CorruptError{Sequence: sequence, Detail: fmt.Sprintf("the log goes on with entry %d", e.entry.Sequence)}
		case e.entry.Prev != b.Last():
			return e, &journal.CorruptError{Sequence: sequence, Detail: "the log does not follow what the copy has before it"}
		}
		_, size := b.Add(e.entry.Time, func(to []byte) []byte { return append(to, e.entry.Payload...) })
		select {
		case r, ok := <-reads:
			if !ok {
				return nil, nil
			}
			if e = &r; e.err != nil || size+len(e.entry.Payload) > batchBytes {
				return e, nil
			}
		default:
			return nil, nil
		}
	}
}

// append appends a batch to the copy.
func (j *Journal) append(ctx context.Context, batch journal.Batch) error {
	end, err := j.copied.Append(ctx, j.End(), batch)
	if errors.Is(err, journal.ErrUnknown) {
		err = errors.Join(err, j.reopen(ctx))
	}
	if err != nil {
		return fmt.Errorf("journal/replica: append to the copy: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.end, j.fault = end, nil
	j.grown.Broadcast()
	return nil
}

// reopen finds out where the copy ends after an append of unknown outcome.
func (j *Journal) reopen(ctx context.Context) error {
	end, err := j.copied.Acquire(ctx, "copier")
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.end = end
	j.grown.Broadcast()
	return nil
}
