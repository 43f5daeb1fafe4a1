package writer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// fullRetry is how often an append is tried again while the journal has no room.
const fullRetry = 100 * time.Millisecond

// append is the appending goroutine: it makes one batch at a time durable and wakes those who wait for it.
func (s *session) append() {
	for w := range s.built {
		err := s.appendWork(w)
		for _, g := range w.groups {
			s.answer(g, err)
		}
		select {
		case s.free <- struct{}{}:
		case <-s.failed:
		}
	}
}

func (s *session) appendWork(w *work) error {
	select {
	case <-s.failed:
		return fmt.Errorf("%w: %w", ErrStopped, s.failure)
	default:
	}
	if w.batch.Count == 0 {
		return s.confirm(w)
	}
	begun := time.Now()
	head, err := s.config.Journal.Append(s.ctx, *s.head.Load(), w.batch)
	if errors.Is(err, journal.ErrFull) {
		head, err = s.appendWhenRoom(w, err)
	}
	if err != nil {
		s.fail(fmt.Errorf("append: %w", err))
		return fmt.Errorf("%w: %w", ErrStopped, err)
	}
	s.head.Store(&head)
	s.durable.Store(head.Next - 1)
	s.batches.Add(1)
	if f := s.config.OnAppend; f != nil {
		f(w.batch.Count, len(w.batch.Bytes), time.Since(begun))
	}
	return nil
}

// confirmWithin bounds how long reads wait for the journal to say who owns it.
const confirmWithin = 2 * time.Second

// confirm makes sure that reads which nothing was appended with are answered by the journal's owner: one that was stopped
// for a while, or cut off, may have been fenced without knowing, and what it knows is then out of date.
func (s *session) confirm(w *work) error {
	asked := slices.ContainsFunc(w.groups, func(g *group) bool {
		return slices.ContainsFunc(g.calls, func(c *call) bool { return c.inside == nil })
	})
	if !asked {
		return nil
	}
	ctx, cancel := context.WithTimeout(s.ctx, confirmWithin)
	defer cancel()
	err := s.config.Journal.Confirm(ctx, *s.head.Load())
	switch {
	case errors.Is(err, journal.ErrFenced):
		s.fail(fmt.Errorf("confirm: %w", err))
		return fmt.Errorf("%w: %w", ErrStopped, err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrStarting, err)
	}
	return nil
}

// appendWhenRoom tries again until the journal has room. Those who wait are told at once that it has none; their
// entries are appended when it has, so that the same request sent again finds its outcome. Everything new is refused
// meanwhile.
func (s *session) appendWhenRoom(w *work, err error) (journal.Head, error) {
	s.full.Store(true)
	defer s.full.Store(false)
	s.config.Logger.Error("journal has no room; refusing commands until it has", "shard", s.config.Shard, "error", err)
	for _, g := range w.groups {
		s.answer(g, ErrFull)
	}
	w.groups = nil
	select {
	case s.filled <- struct{}{}:
	default:
	}
	tick := time.NewTicker(fullRetry)
	defer tick.Stop()
	for {
		select {
		case <-s.failed:
			return journal.Head{}, s.failure
		case <-s.ctx.Done():
			return journal.Head{}, err
		case <-tick.C:
		}
		head, again := s.config.Journal.Append(s.ctx, *s.head.Load(), w.batch)
		if again == nil {
			s.config.Logger.Info("journal has room again", "shard", s.config.Shard)
		}
		if !errors.Is(again, journal.ErrFull) {
			return head, again
		}
	}
}
