package bolt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

var (
	// ErrLocked says that the directory is open elsewhere. It is wrapped with the directory's name.
	ErrLocked = errors.New("journal/bolt: in use by another process or handle")
	// ErrReadOnly says that the journal was opened to be read only.
	ErrReadOnly = errors.New("journal/bolt: opened read only")
)

// Options are what Open can be told. The zero value is right for production.
type Options struct {
	// SegmentBytes is the size of each of the two segments, settled when the directory is made and kept in it;
	// default 32 MiB. A batch that does not fit into an empty segment answers ErrTooLarge, so anything much below
	// 2*journal.MaxBatchBytes is for tests.
	SegmentBytes int64
	// Logger hears of torn tails, failed moves and the like; default slog.Default().
	Logger *slog.Logger
	// ReadOnly opens for Replay, Follow and Verify: nothing in the directory is written. Several may be open at once.
	ReadOnly bool

	disk disk // tests put faults here
}

// disk is the seam to the segment files, so that tests can make them fail.
type disk struct {
	write func(f *os.File, buf []byte, offset int64) (int, error)
	sync  func(f *os.File) error
}

// defaultSegmentBytes holds about half a second of appends at full speed, so that the mover works in long strides.
const defaultSegmentBytes = 32 << 20

// idleAfter is how long no append must have come before the marker is written.
const idleAfter = 5 * time.Millisecond

// Journal is one open directory. It implements journal.Journal.
type Journal struct {
	dir    string
	log    *slog.Logger
	disk   disk
	lock   *os.File
	store  *store
	marker *os.File // the marker's file
	reads  bool     // opened read only

	// appending is held through an append, I/O included, and through Acquire. It owns these:
	appending sync.Mutex
	head      journal.Head
	scratch   []byte // the record being written
	broken    error  // why the outcome of an append is unknown; appends are refused until Acquire has recovered

	// moving is held while a chunk is moved and through recovery. Taken after appending where both are.
	moving sync.Mutex

	// mu guards the picture that readers share, and is never held over I/O. Taken last.
	mu       sync.Mutex
	grown    *sync.Cond // durable advanced, or closed
	vacated  *sync.Cond // a segment was emptied, a move failed, or closed
	segments [2]*segment
	active   int // index of the segment that takes appends
	epoch    uint64
	base     place // the kept log begins here
	stored   place // the store's batches end here
	durable  place // the log ends here
	tries    int   // moves begun so far
	failed   int   // which of them failed last
	moveErr  error // its error
	closed   bool

	published atomic.Uint64 // durable.next, for a look without the lock

	marking sync.Mutex // held while the marker is written; owns marked
	marked  marker     // what the marker file says
	asleep  atomic.Bool
	stirred chan struct{} // wakes the goroutine that keeps the marker
	full    chan struct{} // wakes the mover
	done    chan struct{} // closed by Close
	workers sync.WaitGroup
}

var _ journal.Journal = (*Journal)(nil)

// Acquire implements journal.Journal. After an append of unknown outcome it first reads what is really on disk.
func (j *Journal) Acquire(ctx context.Context, owner string) (journal.Head, error) {
	if err := ctx.Err(); err != nil {
		return journal.Head{}, err
	}
	j.appending.Lock()
	defer j.appending.Unlock()
	if j.isClosed() {
		return journal.Head{}, journal.ErrClosed
	}
	if j.reads {
		return journal.Head{}, ErrReadOnly
	}
	if j.broken != nil {
		if err := j.recoverFiles(); err != nil {
			return journal.Head{}, fmt.Errorf("journal/bolt: recovering %s: %w", j.dir, err)
		}
		j.broken = nil
	}
	m, err := j.store.change(func(_ *bbolt.Bucket, m *meta) error {
		m.epoch++
		m.owner = owner
		return nil
	})
	if err != nil {
		return journal.Head{}, fmt.Errorf("journal/bolt: acquiring %s: %w", j.dir, err)
	}
	j.mu.Lock()
	j.epoch = m.epoch
	j.mu.Unlock()
	j.head.Epoch = m.epoch
	if err := j.mark(); err != nil {
		return journal.Head{}, fmt.Errorf("journal/bolt: marking the head: %w", err)
	}
	return j.head, nil
}

// Append implements journal.Journal.
func (j *Journal) Append(ctx context.Context, head journal.Head, batch journal.Batch) (journal.Head, error) {
	if len(batch.Bytes) > journal.MaxBatchBytes {
		return head, journal.ErrTooLarge
	}
	j.appending.Lock()
	defer j.appending.Unlock()
	if err := j.admit(head, batch); err != nil {
		return head, err
	}
	s, offset, err := j.room(ctx, int64(recordHeader+len(batch.Bytes)))
	if err != nil {
		return head, err
	}
	j.scratch = appendRecord(j.scratch[:0], s.generation, batch.Bytes)
	if _, err := j.disk.write(s.file, j.scratch, offset); isFull(err) {
		// At most a part of the record is there, which is no record; the next append writes over it.
		return head, fmt.Errorf("%w: %w", journal.ErrFull, err)
	} else if err != nil {
		return head, j.lose(err)
	}
	if err := j.disk.sync(s.file); err != nil {
		return head, j.lose(err)
	}
	j.head = head.After(batch)
	j.publish(s, span{first: batch.First, offset: offset, length: int64(len(j.scratch))})
	return j.head, nil
}

// Confirm implements journal.Journal. The directory is locked, so another owner can only be in this process.
func (j *Journal) Confirm(ctx context.Context, head journal.Head) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.closed:
		return journal.ErrClosed
	case j.reads:
		return ErrReadOnly
	case head.Epoch != j.epoch || head.Epoch == 0:
		return journal.ErrFenced
	}
	return nil
}

// admit answers why the append may not go ahead, or nil; appending is held.
func (j *Journal) admit(head journal.Head, batch journal.Batch) error {
	switch {
	case j.isClosed():
		return journal.ErrClosed
	case j.reads:
		return ErrReadOnly
	case head.Epoch != j.head.Epoch || head.Epoch == 0:
		return journal.ErrFenced
	case j.broken != nil:
		return fmt.Errorf("%w: since an earlier append: %w", journal.ErrUnknown, j.broken)
	case head != j.head:
		return journal.ErrFenced
	}
	return batch.Follows(head)
}

// lose notes that nobody knows whether the append under way has happened; appending is held.
func (j *Journal) lose(err error) error {
	j.broken = err
	j.log.Error("journal append failed; refusing appends until acquired again", "dir", j.dir, "error", err)
	return fmt.Errorf("%w: %w", journal.ErrUnknown, err)
}

// room finds the segment and offset for a record of size bytes. If the active segment is too full for it, it is
// sealed and the other one takes over, once the mover has emptied that.
func (j *Journal) room(ctx context.Context, size int64) (*segment, int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s, other := j.segments[j.active], j.segments[1-j.active]
	if !s.sealed && s.end+size <= s.size {
		return s, s.end, nil
	}
	if size > s.size {
		return nil, 0, journal.ErrTooLarge
	}
	s.sealed = true
	poke(j.full)
	if other.sealed {
		stop := context.AfterFunc(ctx, func() {
			j.mu.Lock()
			defer j.mu.Unlock()
			j.vacated.Broadcast()
		})
		defer stop()
	}
	// A move that is under way may have met with what has been put right since; the next one counts.
	for try := j.tries + 1; other.sealed; j.vacated.Wait() {
		switch {
		case j.closed:
			return nil, 0, journal.ErrClosed
		case ctx.Err() != nil:
			return nil, 0, ctx.Err()
		case j.failed >= try:
			return nil, 0, fmt.Errorf("%w: %w", journal.ErrFull, j.moveErr)
		}
	}
	j.active = 1 - j.active
	return other, other.end, nil
}

// publish shows a durable record to readers.
func (j *Journal) publish(s *segment, at span) {
	j.mu.Lock()
	s.index = append(s.index, at)
	s.end = at.offset + at.length
	j.durable = place{next: j.head.Next, hash: j.head.Hash}
	j.published.Store(j.durable.next)
	j.mu.Unlock()
	j.grown.Broadcast()
	j.stir()
}

// isFull tells errors of a write that found no room from all others.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) || errors.Is(err, syscall.EDQUOT)
}

func (j *Journal) isClosed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.closed
}

// poke wakes whoever waits on a channel of capacity one, now or when it next looks.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Close implements journal.Journal. It waits for an append under way, and leaves the marker at the head.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	close(j.done)
	j.mu.Unlock()
	j.grown.Broadcast()
	j.vacated.Broadcast()
	j.workers.Wait()

	j.appending.Lock()
	defer j.appending.Unlock()
	var err error
	if !j.reads && j.broken == nil {
		err = j.mark()
	}
	return errors.Join(err, j.release())
}

// release gives up every file, the lock last.
func (j *Journal) release() error {
	var errs []error
	for _, s := range j.segments {
		if s != nil && s.file != nil {
			errs = append(errs, s.file.Close())
		}
	}
	if j.marker != nil {
		errs = append(errs, j.marker.Close())
	}
	if j.store != nil {
		errs = append(errs, j.store.close())
	}
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
	}
	return errors.Join(errs...)
}
