package writer

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/state"
)

// keeper keeps the state file of a shard, be it decided here or followed.
type keeper struct {
	*rows
	ctx      context.Context
	pipeline state.Pipeline
	fail     func(error) // ends what keeps the rows
	purge    purge
}

// run runs flush cycles in the background: when memory fills up with dirty rows, and otherwise once an
// interval. A cycle that fails, for want of disk space say, is tried again; dirty rows stay in memory until then.
func (k *keeper) run() {
	const look = 200 * time.Millisecond
	last := time.Now()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-k.ctx.Done():
			return
		case <-tick.C:
		}
		if err := k.state.Damage(); err != nil {
			k.fail(err)
			return
		}
		if !k.state.Pressed() && time.Since(last) < k.state.Interval() {
			continue
		}
		err := k.state.Flush(k.ctx, k.pipeline, true)
		if err == nil {
			err = k.purge.step(k)
		}
		if err != nil && k.ctx.Err() == nil && !errors.Is(err, ErrStopped) && !errors.Is(err, ErrFull) && !errors.Is(err, ErrStandby) {
			k.config.Logger.Error("flush failed; trying again", "shard", k.config.Shard, "error", err)
			failIfCorrupt(k.fail, err)
		}
		last = time.Now()
	}
}

// purge walks round the receipts, a stretch after each flush, and deletes those that have outlived their keeping.
type purge struct{ after []byte }

func (p *purge) step(k *keeper) error {
	shard, err := k.pipeline.Checkpoint()
	if err != nil {
		return err
	}
	// By the journal's time, not the clock's: an audit knows no other.
	before := min(k.config.Clock(), k.state.FlushedTime()).Add(-shard.RequestsKept(k.config.Terms))
	p.after, _, err = k.state.PurgeReceipts(p.after, int64(before), 20_000)
	return err
}

// The bounds of one Tick and of one look at the index of deadlines, and how the sweep in the background gives way: it rests so
// many times as long as either took, waiting included, and longer while the flusher has much to do.
const (
	tickAccounts  = 32
	sweepLooks    = 4_096
	restTimes     = 2
	restOfFlusher = 10 * time.Millisecond
)

// keepSweeping lets what is due happen, in the background of what is asked: a Tick waits in the queue like a call, so it is
// slow when there are many calls, and then the sweep rests long. Nothing depends on its being on time: every read and every
// decision applies what is due on its account first.
func (s *session) keepSweeping() {
	rest := s.config.Sweep
	var sweep sweep
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-time.After(rest):
		}
		_, err := sweep.step(s.ctx, s, s.config.Clock(), s.giveWay)
		if rest = s.config.Sweep; sweep.after != nil {
			rest = 0 // it has rested on the way
		}
		if err != nil && s.ctx.Err() == nil && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrFull) {
			s.config.Logger.Error("sweep failed; trying again", "shard", s.config.Shard, "error", err)
			failIfCorrupt(s.fail, err)
		}
	}
}

// giveWay rests after a Tick, or a look at the index. What a sweep makes dirty must not fill memory, or else the flusher
// writes without rests of its own, and that is what callers feel most.
func (s *session) giveWay(took time.Duration) {
	rest := restTimes * took
	if s.state.Pressed() {
		rest = max(rest, restOfFlusher)
	}
	select {
	case <-time.After(rest):
	case <-s.ctx.Done():
	}
}

// failIfCorrupt ends what keeps a state file when it is corrupt: trying again would never help, and starting again builds
// it anew.
func failIfCorrupt(fail func(error), err error) {
	if corrupt := (*state.CorruptError)(nil); errors.As(err, &corrupt) {
		fail(err)
	}
}

// sweep lets everything that is due at an instant happen, and tells how many holds expired. What happens may make more
// due, such as a window that closed long ago and whose due date has passed as well: that too.
func (s *session) sweep(ctx context.Context, now calendar.Instant) (expired int, err error) {
	for {
		var sweep sweep
		n := 0
		for more := true; more && err == nil; more = sweep.after != nil {
			var some swept
			some, err = sweep.step(ctx, s, now, func(time.Duration) {})
			expired += some.expired
			n += some.expired + some.booked
		}
		if err != nil || n == 0 {
			return expired, err
		}
		if err := s.state.Flush(ctx, s.pipeline(), false); err != nil {
			return expired, err
		}
	}
}

// swept is what a sweep did.
type swept struct{ expired, booked int }

// sweep is a walk along the index of deadlines. What falls due behind it is found by the next.
type sweep struct{ after []byte }

// step lets a bounded amount of what is due at an instant happen, one Tick after the other, so that others' calls come in
// between; rest is told how long each took, and the look at the index before them.
func (w *sweep) step(ctx context.Context, s *session, now calendar.Instant, rest func(took time.Duration)) (done swept, err error) {
	begun := time.Now()
	due, next, err := s.state.Due(w.after, int64(now), sweepLooks)
	if next != nil {
		rest(time.Since(begun))
	}
	for len(due) > 0 && err == nil {
		some := due[:min(len(due), tickAccounts)]
		for _, id := range some {
			s.state.Prefetch(id)
		}
		begun = time.Now()
		var out *ledger.Outcome
		if out, err = s.submit(ctx, &call{command: &ledger.Tick{Accounts: some}}); err == nil {
			done.expired += out.Expired
			done.booked += out.Booked
			rest(time.Since(begun))
		}
		due = due[len(some):]
	}
	if w.after = next; err != nil {
		w.after = nil
	}
	return done, err
}
