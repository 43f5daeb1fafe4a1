package etcd

import (
	"context"
	"iter"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Follow implements journal.Journal. A follower that is behind reads pages; one that has caught up is handed what the
// journal's one watch sees. While the cluster does not answer it waits.
func (j *Journal) Follow(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		ctx, cancel := j.within(ctx)
		defer cancel()
		w := walk{from: max(from, 1), yield: yield}
		if err := j.follow(ctx, &w); err != nil && !w.over {
			yield(journal.Entry{}, j.because(ctx, err))
		}
	}
}

func (j *Journal) follow(ctx context.Context, w *walk) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.tail.join()
	defer j.tail.leave()
	// Entries that were trimmed are not waited for.
	if v, err := j.patientView(ctx); err != nil {
		return err
	} else if w.from < v.base.next {
		return journal.ErrTrimmed
	}
	for !w.over {
		value, err := j.tail.wait(ctx, w.next())
		switch {
		case err != nil:
			return err
		case value != nil:
			err = w.pass(value)
		default:
			err = j.catchUp(ctx, w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// catchUp reads what the watch no longer has, up to where the log ends now.
func (j *Journal) catchUp(ctx context.Context, w *walk) error {
	for try := (pauses{}); ; {
		v, err := j.view(ctx)
		if err == nil {
			err = j.read(ctx, w, v)
		}
		if err == nil || !waitable(err) {
			return err
		}
		if err := try.wait(ctx); err != nil {
			return err
		}
	}
}

// patientView is view, for as long as ctx allows.
func (j *Journal) patientView(ctx context.Context) (view, error) {
	for try := (pauses{}); ; {
		v, err := j.view(ctx)
		if err == nil || !waitable(err) {
			return v, err
		}
		if err := try.wait(ctx); err != nil {
			return v, err
		}
	}
}
