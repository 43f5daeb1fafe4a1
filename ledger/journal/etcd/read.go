package etcd

import (
	"context"
	"fmt"
	"iter"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Replay implements journal.Journal. Where the log ends is asked when it is called; the entries are read in pages while
// it runs.
func (j *Journal) Replay(ctx context.Context, from uint64) iter.Seq2[journal.Entry, error] {
	within, cancel := j.within(ctx)
	v, err := j.view(within)
	cancel()
	return func(yield func(journal.Entry, error) bool) {
		ctx, cancel := j.within(ctx)
		defer cancel()
		if err == nil {
			err = ctx.Err()
		}
		w := walk{from: max(from, 1), yield: yield}
		if err == nil {
			err = j.read(ctx, &w, v)
		}
		if err != nil && !w.over {
			yield(journal.Entry{}, j.because(ctx, err))
		}
	}
}

// walk is a reader's way along the log: it verifies what it passes and yields what lies at from or after it.
type walk struct {
	from  uint64
	yield func(journal.Entry, error) bool

	at    place // where the next batch has to begin
	known bool  // at is known; or else the reader starts wherever the first batch says
	over  bool  // the reader has had enough
}

// pass takes the next batch.
func (w *walk) pass(value []byte) error {
	b, err := journal.Open(value)
	if err != nil && !w.known {
		return err
	}
	if !w.known {
		w.at, w.known = place{b.First, b.Prev()}, true
	}
	for e, err := range journal.Entries(value, w.at.next, w.at.hash) {
		if err != nil {
			return err
		}
		if e.Sequence >= w.from && !w.yield(e, nil) {
			w.over = true
			return nil
		}
	}
	w.at = after(b)
	return nil
}

// next is the sequence that the reader wants next.
func (w *walk) next() uint64 {
	if w.known {
		return max(w.from, w.at.next)
	}
	return w.from
}

// read walks to the end of the view.
func (j *Journal) read(ctx context.Context, w *walk, v view) error {
	if !w.known && w.from < v.head.next {
		if err := j.enter(ctx, w, v); err != nil {
			return err
		}
	}
	for limit := 4; w.known && w.at.next < v.head.next; {
		from := w.at.next
		page, err := j.page(ctx, &v, from, v.head.next, limit)
		if err != nil {
			return err
		}
		largest := 1
		for _, kv := range page {
			if first, err := j.keys.first(kv.Key); err != nil || first != w.at.next {
				return j.missing(ctx, w.at.next)
			}
			if err := w.pass(kv.Value); err != nil || w.over {
				return err
			}
			largest = max(largest, len(kv.Value))
		}
		if w.at.next == from {
			return j.missing(ctx, from)
		}
		limit = min(2*limit, max(1, pageBytes/largest), pageBatches)
	}
	if w.known && w.at.next == v.head.next && w.at.hash != v.head.hash {
		return &journal.CorruptError{Detail: fmt.Sprintf("the last entry before %d has another hash than the head", v.head.next)}
	}
	if w.known && w.at.next > v.head.next {
		return &journal.CorruptError{Sequence: v.head.next, Detail: "the last batch ends after the head"}
	}
	return nil
}

// enter puts a walk at the batch that holds the first sequence it wants. In the middle of the log the hash before that
// batch is taken from the batch itself, whose first entry's hash covers it.
func (j *Journal) enter(ctx context.Context, w *walk, v view) error {
	if w.from < v.base.next {
		return journal.ErrTrimmed
	}
	first, err := j.beginning(ctx, v, w.from)
	if err != nil {
		return err
	}
	if first == v.base.next {
		w.at, w.known = v.base, true
		return nil
	}
	before, err := j.placeAt(ctx, v, first)
	if err != nil {
		return err
	}
	w.at, w.known = before, true
	return nil
}

// placeAt is the place where the batch with that first sequence begins.
func (j *Journal) placeAt(ctx context.Context, v view, first uint64) (place, error) {
	page, err := j.page(ctx, &v, first, first+1, 1)
	if err != nil {
		return place{}, err
	}
	if len(page) == 0 {
		return place{}, j.missing(ctx, first)
	}
	return startOf(page[0])
}

// startOf is the place where a batch begins, as the batch has it.
func startOf(kv *mvccpb.KeyValue) (place, error) {
	b, err := journal.Open(kv.Value)
	if err != nil {
		return place{}, err
	}
	return place{b.First, b.Prev()}, nil
}
