package writer

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/state"
)

// role is what a writer is at a time: the one who decides, or one who stands by. Each goes on until something ends it, and
// answers with the next; nil when the writer is closed.
type role interface {
	begin(w *Writer)
	serve(ctx context.Context, w *Writer) role
}

// turn is a wish that the writer change its role.
type turn struct {
	lead   bool
	ctx    context.Context
	done   chan struct{}
	failed error // set before done is closed
}

// goOn begins a role and goes on from there.
func (w *Writer) goOn(r role) {
	run, stop := context.WithCancel(context.Background())
	w.stop = stop
	r.begin(w)
	go func() {
		defer close(w.stopped)
		for r != nil {
			if r = r.serve(run, w); r != nil {
				r.begin(w)
			}
		}
	}()
}

// Lead makes a standby decide: it acquires the journal, so that nobody else can append any more, and folds what is left of
// it. It answers with the epoch. A writer that decides already does the same: another may have acquired the journal since.
func (w *Writer) Lead(ctx context.Context) (epoch uint64, err error) {
	if err := w.turn(ctx, true); err != nil {
		return 0, err
	}
	return w.Stats().Epoch, nil
}

// Release makes a writer that decides stand by. It takes no more commands, and returns when those that it had taken are
// durable: nothing more will be appended. When ctx ends before, those that are not are given up: nobody knows what becomes of
// them. A standby goes on.
func (w *Writer) Release(ctx context.Context) error { return w.turn(ctx, false) }

func (w *Writer) turn(ctx context.Context, lead bool) error {
	t := &turn{lead: lead, ctx: ctx, done: make(chan struct{})}
	select {
	case w.turns <- t:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stopped:
		return ErrClosed
	}
	<-t.done
	return t.failed
}

func (t *turn) answer(err error) {
	t.failed = err
	close(t.done)
}

func (s *session) begin(w *Writer) {
	s.start()
	w.session.Store(s)
}

// serve decides until the session fails, the shard is released or the writer closed.
func (s *session) serve(ctx context.Context, w *Writer) role {
	for {
		select {
		case <-s.failed:
			return w.lost(ctx, s, s.failure)
		case <-ctx.Done():
			w.session.Store(nil)
			w.err = w.closed(s.close())
			return nil
		case t := <-w.turns:
			if w.alone && !t.lead {
				t.answer(errors.New("writer: nobody else could decide"))
				continue
			}
			if w.alone {
				t.answer(nil)
				continue
			}
			return s.release(ctx, w, t)
		}
	}
}

// release ends the session for a turn: when that is answered nothing more will be appended, or it decides anew.
func (s *session) release(ctx context.Context, w *Writer, t *turn) role {
	err := s.drain(t.ctx, ErrStandby)
	w.session.Store(nil)
	if !t.lead && err == nil {
		t.answer(nil) // the rest is nobody's to wait for
	}
	var next role
	if err == nil {
		next = w.standOver(ctx, s.handOn())
	} else { // the journal has no room or does not answer, or the session has failed meanwhile: what waits is told so
		s.fail(err)
		s.abandon()
		next = w.standAgain(ctx)
	}
	by, ok := next.(*standby)
	switch {
	case !ok:
		if t.lead || err != nil {
			t.answer(ErrClosed)
		}
	case t.lead:
		again, err := by.lead(t.ctx, w)
		t.answer(err)
		if again != nil {
			return again
		}
	case err != nil:
		t.answer(nil)
	}
	return next
}

// lost goes on after a session that failed.
func (w *Writer) lost(ctx context.Context, s *session, err error) role {
	w.fault.Store(&err)
	w.session.Store(nil)
	w.config.Logger.Error("shard stopped; starting again", "shard", w.config.Shard, "error", err)
	s.abandon()
	w.setAsideIfCorrupt(err)
	if w.alone {
		if s := again(ctx, w, func() (*session, error) { return newSession(ctx, w.config, nil) }); s != nil {
			w.config.Logger.Info("shard is back", "shard", w.config.Shard, "sequence", s.durable.Load())
			return s
		}
		return nil
	}
	if w.config.OnLost != nil {
		w.config.OnLost(err)
	}
	return w.standAgain(ctx)
}

func (s *standby) begin(w *Writer) {
	s.start()
	w.standby.Store(s)
}

// serve stands by until the standby fails, the shard is to decide or the writer closed.
func (s *standby) serve(ctx context.Context, w *Writer) role {
	for {
		select {
		case <-s.failed:
			err := s.failure
			w.fault.Store(&err)
			w.standby.Store(nil)
			w.config.Logger.Error("standby stopped; starting again", "shard", w.config.Shard, "error", err)
			s.end(err)
			w.closeState(s.rows)
			w.setAsideIfCorrupt(err)
			return w.standAgain(ctx)
		case <-ctx.Done():
			w.err = w.closed(s.close(w))
			return nil
		case t := <-w.turns:
			if !t.lead {
				t.answer(nil)
				continue
			}
			next, err := s.lead(t.ctx, w)
			t.answer(err)
			if next == nil {
				continue
			}
			return next
		}
	}
}

// lead acquires the journal, while reads are still answered, and then goes on with the rows as the one who decides. It
// answers with no role when it goes on standing by.
func (s *standby) lead(ctx context.Context, w *Writer) (role, error) {
	head, err := w.config.Journal.Acquire(ctx, w.config.Owner)
	if err != nil {
		return nil, err
	}
	w.standby.Store(nil)
	s.end(errHalted)
	select {
	case <-s.failed:
		if err := s.failure; !errors.Is(err, errHalted) {
			w.closeState(s.rows)
			w.setAsideIfCorrupt(err)
			return w.standAgain(ctx), err
		}
	default:
	}
	next, err := sessionOver(ctx, s.rows, head, nil)
	if err != nil {
		w.closeState(s.rows)
		w.setAsideIfCorrupt(err)
		return w.standAgain(ctx), err
	}
	next.begin(w) // now, so that it decides when Lead has returned
	return &begun{next}, nil
}

// begun is a session that has begun.
type begun struct{ *session }

func (begun) begin(*Writer) {}

// close writes what was followed into the state file.
func (s *standby) close(w *Writer) error {
	w.standby.Store(nil)
	ctx, cancel := context.WithTimeout(context.Background(), closeFlush)
	defer cancel()
	err := s.state.Flush(ctx, s.pipeline(), false)
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	s.end(ErrClosed)
	return errors.Join(err, s.state.Close())
}

func openStandby(ctx context.Context, c Config, progress func(done, total uint64)) (*standby, error) {
	r, err := openRows(c)
	if err != nil {
		return nil, err
	}
	s, err := newStandby(ctx, r, progress)
	if err != nil {
		return nil, errors.Join(err, r.state.Close())
	}
	return s, nil
}

// standOver stands by with rows that are at hand.
func (w *Writer) standOver(ctx context.Context, r *rows) role {
	s, err := newStandby(ctx, r, nil)
	if err == nil {
		return s
	}
	w.fault.Store(&err)
	w.closeState(r)
	w.setAsideIfCorrupt(err)
	return w.standAgain(ctx)
}

// standAgain stands by with rows that are read anew.
func (w *Writer) standAgain(ctx context.Context) role {
	if s := again(ctx, w, func() (*standby, error) { return openStandby(ctx, w.config, nil) }); s != nil {
		return s
	}
	return nil
}

// again tries to open a role until it succeeds, or answers nil when the writer is closed.
func again[R any](ctx context.Context, w *Writer, open func() (*R, error)) *R {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		r, err := afresh(w, open)
		if err == nil {
			return r
		}
		if ctx.Err() != nil {
			return nil
		}
		w.fault.Store(&err)
		w.config.Logger.Error("shard cannot start; trying again", "shard", w.config.Shard, "error", err, "in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil
		}
	}
}

// afresh opens a role. A state file that is corrupt is set aside and built anew: the journal is the database.
func afresh[R any](w *Writer, open func() (*R, error)) (*R, error) {
	r, err := open()
	if corrupt := (*state.CorruptError)(nil); errors.As(err, &corrupt) {
		if err := w.setAside(corrupt); err != nil {
			return nil, err
		}
		return open()
	}
	return r, err
}

func (w *Writer) closeState(r *rows) {
	if err := r.state.Close(); err != nil {
		w.config.Logger.Error("close state file", "error", err)
	}
}

// closed is how the end of a role is told. A state file that only the last flush finds to be corrupt is set aside, and that is no
// error: everything is in the journal, and the next start builds the file anew.
func (w *Writer) closed(err error) error {
	if corrupt := (*state.CorruptError)(nil); errors.As(err, &corrupt) {
		return w.setAside(corrupt)
	}
	return err
}

// setAsideIfCorrupt sets a corrupt state file aside, when that is what an error says.
func (w *Writer) setAsideIfCorrupt(err error) {
	if corrupt := (*state.CorruptError)(nil); errors.As(err, &corrupt) {
		if err := w.setAside(corrupt); err != nil {
			w.config.Logger.Error("state file cannot be set aside", "error", err)
		}
	}
}
