package journal

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Journal is one ordered, fenced, hash-chained log. Implementations are safe for concurrent use; Append is
// meant to be called by one owner at a time, and answers ErrFenced to every other.
type Journal interface {
	// Acquire makes owner the only one who may append and answers with the head of the log. When it returns,
	// no append by an earlier owner can succeed any more, not even one that is in flight.
	// The owner's name is kept for people; it need not be unique.
	Acquire(ctx context.Context, owner string) (Head, error)

	// Append makes the batch durable after head and answers with the new head. It is all or nothing, and
	// compares before it writes: the head must be the one that the log has, in epoch, next sequence and hash.
	//
	// Errors: ErrFenced (another owner acquired, or the head is not the log's: nothing was written), ErrFull
	// (no room: nothing was written, the same head may be tried again later), ErrTooLarge (the batch exceeds
	// MaxBatchBytes: nothing was written), ErrMisplaced (the batch does not begin at head: a mistake of the
	// caller's, nothing was written), ErrClosed, the error of ctx if it ended while Append waited for room (nothing
	// was written), and ErrUnknown (the outcome cannot be told).
	// The batch's bytes may be reused once Append has returned.
	Append(ctx context.Context, head Head, batch Batch) (Head, error)

	// Confirm answers whether the owner who has head could still append: nil says that nobody acquired the log before
	// Confirm was called, so that what this owner knows is all there is. It writes nothing.
	//
	// Errors: ErrFenced, ErrClosed, the error of ctx, and any other when the log does not tell; it may be asked again then.
	Confirm(ctx context.Context, head Head) error

	// Replay yields every durable entry from the given sequence to the end of the log as it stands when Replay
	// is called, in order, each verified against the hash chain. The payload is valid until the next step.
	// It yields an error and ends on the first fault: a *CorruptError names the first bad sequence, ErrTrimmed
	// says that from lies before what is kept.
	Replay(ctx context.Context, from uint64) iter.Seq2[Entry, error]

	// Follow is Replay that does not end: past the last entry it waits for the next one, until ctx is done
	// (it then yields ctx.Err()) or the journal is closed (ErrClosed). Only durable entries are yielded.
	Follow(ctx context.Context, from uint64) iter.Seq2[Entry, error]

	// Trim forgets entries before the given sequence, which must not lie beyond the head. An engine may keep
	// more than asked (whole batches are trimmed).
	Trim(ctx context.Context, before uint64) error

	// Close releases the log. Appends and followers under way end with ErrClosed.
	Close() error
}

// Head is the place after the last entry of a log, as one owner knows it.
type Head struct {
	Epoch uint64 // how many times the log had been acquired when this owner acquired it; first is 1
	Next  uint64 // the sequence that the next entry gets; first is 1
	Hash  Hash   // hash of the last entry; zero for an empty log
}

// Entry is one payload of the log.
type Entry struct {
	Sequence uint64 // 1, 2, 3, ... without gaps
	Time     int64  // nanoseconds since the Unix epoch, UTC; never smaller than the entry's before it
	Prev     Hash   // hash of the entry before it; zero for the first
	Payload  []byte
}

// MaxBatchBytes bounds the encoded size of a batch, so that every engine can hold one as one value.
const MaxBatchBytes = 1 << 20

var (
	// ErrFenced says that the log has another owner or another head than the caller thinks. Nothing was written.
	ErrFenced = errors.New("journal: fenced by another owner")
	// ErrUnknown says that an append may or may not have become durable. The caller must stop and acquire again.
	ErrUnknown = errors.New("journal: outcome of the append is unknown")
	// ErrFull says that there is no room (disk, quota). Nothing was written; it may be tried again.
	ErrFull = errors.New("journal: no space left")
	// ErrTooLarge says that a batch exceeds MaxBatchBytes. Nothing was written.
	ErrTooLarge = errors.New("journal: batch too large")
	// ErrMisplaced says that a batch does not begin at the head it was appended with. Nothing was written.
	ErrMisplaced = errors.New("journal: batch does not begin at its head")
	// ErrClosed says that the journal has been closed.
	ErrClosed = errors.New("journal: closed")
	// ErrTrimmed says that the entries asked for have been trimmed.
	ErrTrimmed = errors.New("journal: entries trimmed")
)

// CorruptError says that the log's bytes are not what was written.
type CorruptError struct {
	Sequence uint64 // the first sequence that cannot be trusted; 0 if the damage cannot be laid to an entry
	Detail   string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("journal: corrupt at sequence %d: %s", e.Sequence, e.Detail)
}
