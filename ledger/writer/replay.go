package writer

import (
	"context"
	"fmt"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/record"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// replay folds the journal's tail, from what the state file has to the head, into the book.
func (s *session) replay(ctx context.Context, head journal.Head, progress func(done, total uint64)) error {
	from := s.book.Shard().Sequence + 1
	if from == head.Next {
		return nil
	}
	total := head.Next - from
	for e, err := range s.config.Journal.Replay(ctx, from) {
		if err != nil {
			return err
		}
		if e.Sequence >= head.Next {
			break
		}
		if err := s.fold(e); err != nil {
			return err
		}
		if done := e.Sequence - from + 1; done%65_536 == 0 {
			if progress != nil {
				progress(done, total)
			}
			if err := s.relieve(ctx); err != nil {
				return err
			}
		}
	}
	if last := s.book.Shard().Sequence; last != head.Next-1 {
		return &journal.CorruptError{Sequence: last + 1, Detail: fmt.Sprintf("replay ends before the head at %d", head.Next-1)}
	}
	return nil
}

// fold absorbs one entry of the journal.
func (s *session) fold(e journal.Entry) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if err = s.book.Err(); err == nil {
				err = fmt.Errorf("entry %d does not fit the state: %v", e.Sequence, p)
			}
		}
	}()
	var entry ledger.Entry
	if err := record.DecodeEntry(slices.Clone(e.Payload), &entry); err != nil {
		return fmt.Errorf("entry %d: %w", e.Sequence, err)
	}
	entry.Sequence, entry.Time = e.Sequence, calendar.Instant(e.Time)
	s.ledger.Fold(&entry)
	s.book.Settle()
	return s.book.Err()
}

// relieve flushes in the middle of a long replay, when memory is almost full of dirty rows. All of them are durable.
func (s *session) relieve(ctx context.Context) error {
	if !s.state.Overdue() {
		return nil
	}
	return s.state.Flush(ctx, state.Pipeline{
		Checkpoint: func() (*ledger.Shard, error) { return s.book.Shard().Clone(), nil },
		Barrier:    func() error { return nil },
	}, false)
}
