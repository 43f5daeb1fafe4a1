package replica

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Options are what a replica is made of.
type Options struct {
	Log  journal.Journal // that decides; closed by Close
	Copy journal.Journal // on this machine, in which nobody else appends; closed by Close

	// Peer reads a peer's copy from a sequence on, as far as it goes. It is asked when the log has been trimmed beyond
	// the end of the copy. Nil when there are no peers.
	Peer func(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error]

	Logger *slog.Logger // default slog.Default()
}

// Journal implements journal.Journal.
type Journal struct {
	log    journal.Journal
	copied journal.Journal
	peer   func(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error]
	logger *slog.Logger

	mu     sync.Mutex
	grown  *sync.Cond   // the copy has grown, or nothing more will come
	end    journal.Head // of the copy
	known  uint64       // what the log is known to have: everything before this sequence
	handed handed       // what was appended here and is not in the copy yet
	fault  error        // why the copy does not grow
	closed bool

	stop    context.CancelFunc
	workers sync.WaitGroup
	once    sync.Once
	err     error // of Close
}

var _ journal.Journal = (*Journal)(nil)

// Open begins to copy. It takes Log and Copy over, and closes them if it fails.
func Open(ctx context.Context, o Options) (*Journal, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	end, err := o.Copy.Acquire(ctx, "copier")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("journal/replica: acquire the copy: %w", err), o.Copy.Close(), o.Log.Close())
	}
	j := &Journal{log: o.Log, copied: o.Copy, peer: o.Peer, logger: o.Logger, end: end}
	j.grown = sync.NewCond(&j.mu)
	j.handed.news = make(chan struct{}, 1)
	run, stop := context.WithCancel(context.Background())
	j.stop = stop
	j.workers.Go(func() { j.copy(run) })
	return j, nil
}

// Acquire implements journal.Journal.
func (j *Journal) Acquire(ctx context.Context, owner string) (journal.Head, error) {
	head, err := j.log.Acquire(ctx, owner)
	if err != nil {
		return head, err
	}
	j.knows(head.Next)
	return head, nil
}

// knows notes that the log has everything before a sequence.
func (j *Journal) knows(next uint64) {
	j.mu.Lock()
	j.known = max(j.known, next)
	j.mu.Unlock()
	j.handed.tell()
}

// Append implements journal.Journal.
func (j *Journal) Append(ctx context.Context, head journal.Head, batch journal.Batch) (journal.Head, error) {
	head, err := j.log.Append(ctx, head, batch)
	if err == nil {
		j.mu.Lock()
		j.handed.add(batch, time.Now())
		j.mu.Unlock()
		j.knows(head.Next)
	}
	return head, err
}

// Confirm implements journal.Journal.
func (j *Journal) Confirm(ctx context.Context, head journal.Head) error {
	return j.log.Confirm(ctx, head)
}

// Replay implements journal.Journal. It reads the copy, once that has all that this handle knows the log to have.
func (j *Journal) Replay(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	end := j.knownEnd()
	return func(yield func(journal.Entry, error) bool) {
		if err := j.Await(ctx, end); err != nil {
			yield(journal.Entry{}, err)
			return
		}
		if from >= end {
			return
		}
		for e, err := range j.copied.Replay(ctx, from) {
			if !yield(e, err) || err != nil || e.Sequence+1 == end {
				return
			}
		}
	}
}

// Follow implements journal.Journal.
func (j *Journal) Follow(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	return j.copied.Follow(ctx, from)
}

// Trim implements journal.Journal: it trims the log, once the copy has what is trimmed. The copy is kept whole.
func (j *Journal) Trim(ctx context.Context, before uint64) error {
	if before <= j.knownEnd() {
		if err := j.Await(ctx, before); err != nil {
			return err
		}
	}
	return j.log.Trim(ctx, before)
}

// knownEnd is what the log is known to have: everything before it.
func (j *Journal) knownEnd() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return max(j.known, j.end.Next)
}

// End is where the copy ends.
func (j *Journal) End() journal.Head {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.end
}

// Fault is why the copy does not grow at present; nil when it does, or when there is nothing to copy.
func (j *Journal) Fault() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.fault
}

// Copy is the copy on this machine, to be read only.
func (j *Journal) Copy() journal.Journal { return j.copied }

// Await returns when the copy has everything before a sequence.
func (j *Journal) Await(ctx context.Context, next uint64) error {
	stop := context.AfterFunc(ctx, func() {
		j.mu.Lock() // or the wake-up could fall between the look at ctx and the wait
		defer j.mu.Unlock()
		j.grown.Broadcast()
	})
	defer stop()
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.end.Next < next {
		corrupt := (*journal.CorruptError)(nil)
		switch {
		case j.closed:
			return journal.ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(j.fault, &corrupt):
			return j.fault
		}
		j.grown.Wait()
	}
	return nil
}

// Close implements journal.Journal.
func (j *Journal) Close() error {
	j.once.Do(func() {
		j.mu.Lock()
		j.closed = true
		j.grown.Broadcast()
		j.mu.Unlock()
		j.stop()
		j.err = j.log.Close() // ends a look at it that is under way
		j.workers.Wait()
		j.err = errors.Join(j.err, j.copied.Close())
	})
	return j.err
}
