package writer

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

const (
	// progressEvery is after how many entries progress is told.
	progressEvery = 65_536
	// apart is how much of the journal's time is on its way to the folders at once. Receipts are kept for longer by
	// far: when a request id comes again, the entry that it came with first has been folded.
	apart = time.Hour
)

// toEnd is the last entry of a replay that goes on to the end of the journal, wherever that is.
const toEnd = math.MaxUint64

// replay folds the journal's tail, from what the rows have to the last entry asked for, into the rows. The error is that of
// the first entry that is bad; then what has been folded is of no use.
func (s *rows) replay(ctx context.Context, last uint64, progress func(done, total uint64)) error {
	first := s.book.Shard().Sequence + 1
	if first > last {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &reader{rows: s, folders: s.newFolders(), first: first, last: last, clean: first - 1, progress: progress}
	s.book.Forget() // the folders fold through books of their own
	err := r.read(ctx)
	if failure := r.folders.close(); failure != nil {
		err = failure // of an entry before the one that ended the reading
	}
	if err != nil {
		cancel()
	}
	if again := r.flushed(); err == nil {
		err = again
	}
	if at := s.book.Shard().Sequence; err == nil && at != last && last != toEnd {
		err = &journal.CorruptError{Sequence: at + 1, Detail: fmt.Sprintf("replay ends before the head at %d", last)}
	}
	return err
}

// reader reads the journal's tail ahead of the folders.
type reader struct {
	*rows
	folders     *folders
	first, last uint64 // of the tail
	progress    func(done, total uint64)

	next     *stretch         // being filled
	earliest calendar.Instant // of the entries on their way
	flush    *flushing        // under way; nil when none is
	clean    uint64           // the entry at which the last one began
}

// read decodes the tail, folds the shard's row and leaves all other rows to the folders.
func (r *reader) read(ctx context.Context) error {
	defer r.hand()
	for e, err := range r.config.Journal.Replay(ctx, r.first) {
		if err != nil {
			return err
		}
		if err := r.add(ctx, &e); err != nil {
			return err
		}
		if e.Sequence == r.last {
			return nil
		}
		if done := e.Sequence - r.first + 1; done%progressEvery == 0 && r.progress != nil && r.last != toEnd {
			r.progress(done, r.last-r.first+1)
		}
		if r.next.full() {
			if err := r.pass(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) add(ctx context.Context, e *journal.Entry) (err error) {
	if at := calendar.Instant(e.Time); at > r.earliest.Add(apart) {
		if err := r.pass(ctx); err != nil {
			return err
		}
		if err := r.folders.wait(); err != nil {
			return err
		}
		r.earliest = at
	}
	if r.next == nil {
		if r.next, err = r.folders.take(ctx); err != nil {
			return err
		}
	}
	entry, err := r.next.add(e)
	if err != nil {
		return fmt.Errorf("entry %d: %w", e.Sequence, err)
	}
	r.ledger.FoldShard(entry)
	return nil
}

// hand gives the folders what has been read.
func (r *reader) hand() {
	if r.next != nil {
		r.folders.fold(r.next)
		r.next = nil
	}
}

// pass is hand, with a look at how much memory there is.
func (r *reader) pass(ctx context.Context) error {
	r.hand()
	return r.relieve(ctx)
}

// relieve keeps memory from filling up with dirty rows in a long replay. It begins a flush, beside which reading and
// folding go on, when there will not be enough room; and waits for it when there is no more.
func (r *reader) relieve(ctx context.Context) error {
	if r.flush.over() || r.state.Overdue() {
		if err := r.flushed(); err != nil {
			return err
		}
	}
	if r.flush != nil || !r.filling() {
		return nil
	}
	if err := r.folders.wait(); err != nil {
		return err
	}
	shard := r.book.Shard().Clone()
	r.clean = shard.Sequence
	r.flush = &flushing{done: make(chan struct{})}
	go r.flush.run(ctx, r.state, shard)
	return nil
}

// filling says whether the rows of what is still to be read would not fit into memory, by what has been dirtied since the
// last flush.
func (r *reader) filling() bool {
	at := r.book.Shard().Sequence
	// Pressed is a third of memory. One and a half times as many entries would make it five sixths.
	return r.state.Overdue() || r.state.Pressed() && r.last-at > (at-r.clean)*3/2
}

// flushing is a flush of everything up to an entry, while more is folded.
type flushing struct {
	done chan struct{}
	err  error // set before done is closed
}

func (f *flushing) run(ctx context.Context, s *state.State, shard *ledger.Shard) {
	defer close(f.done)
	f.err = s.Flush(ctx, state.Pipeline{
		Checkpoint: func() (*ledger.Shard, error) { return shard, nil },
		Barrier:    func() error { return nil }, // all that is replayed is durable
	}, false)
}

// over says whether there is a flush that has ended.
func (f *flushing) over() bool {
	if f == nil {
		return false
	}
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// flushed waits for the flush that is under way, if one is.
func (r *reader) flushed() error {
	if r.flush == nil {
		return nil
	}
	f := r.flush
	<-f.done
	r.flush = nil
	return f.err
}
