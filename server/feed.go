package server

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// feed reads the journals of all shards as one. Every service that streams what happened reads it.
type feed struct {
	*router
	draining      <-chan struct{} // closed when the server goes down
	progressEvery time.Duration   // between messages that only tell how far a stream has come
}

// occurrence is an entry of a shard's journal, or what went wrong in reading it, or its end.
type occurrence struct {
	shard int
	entry ledger.Entry
	err   error
	end   bool
}

// cursor reads where a stream is to begin. The last durable entry of each shard is as far as a cursor can have come; where
// another node gave it, that may be further than this one knows.
func (f *feed) cursor(ctx context.Context, c *check, s string, last []uint64) cursor {
	at, err := parseCursor(s, len(f.writers))
	if err != nil {
		c.fault("cursor", "%v", err)
	}
	for i := range at {
		if at[i] > last[i] && !f.ahead(ctx, i, at[i]) {
			c.fault("cursor", "lies beyond the end of shard %d", i)
		}
	}
	return at
}

// ahead says whether a shard's journal has an entry that this node has not followed yet.
func (f *feed) ahead(ctx context.Context, shard int, sequence uint64) bool {
	if f.node == nil {
		return false
	}
	_, next, err := f.node.logs[shard].Bounds(ctx)
	return err == nil && sequence < next
}

// watch is what a stream tells of the journals.
type watch struct {
	at       cursor // the stream's; it moves on
	last     []uint64
	untilNow bool // end with the last entries that are given

	// wants says whether an entry is told; nil for all of them. It is asked by the reader of the shard, of an entry that is
	// good until it answers: what a filter leaves out costs no more than its decoding.
	wants func(shard int, e *ledger.Entry) (bool, error)
	tell  func(shard int, e *ledger.Entry, at cursor) error
	// progress is told how far the journals have been read, where that is further than the last entry that was told; nil when
	// nobody wants to know.
	progress func(at cursor) error
}

// lane is how far the reader of a shard has come. An entry that it passes on counts as passed before it can be told, and as
// seen only when a later one is left out: where all that was passed is told, the cursor may move to what was seen.
type lane struct{ passed, seen atomic.Uint64 }

// follow tells every entry after a cursor, with the cursor after it, until telling fails or the context ends; with
// untilNow only until the last entries that are given.
func (f *feed) follow(ctx context.Context, at cursor, last []uint64, untilNow bool, tell func(shard int, e *ledger.Entry, at cursor) error) error {
	return f.watch(ctx, &watch{at: at, last: last, untilNow: untilNow, tell: tell})
}

// watch tells what is wanted of the journals, as follow does.
func (f *feed) watch(ctx context.Context, w *watch) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	happened, lanes := make(chan occurrence, 64), make([]lane, len(f.writers))
	for shard := range f.writers {
		go f.read(ctx, w, shard, w.at[shard], &lanes[shard], happened)
	}
	var tick <-chan time.Time
	if w.progress != nil {
		t := time.NewTicker(f.progressEvery)
		defer t.Stop()
		tick = t.C
	}
	for open := len(f.writers); open > 0; {
		select {
		case <-f.draining:
			return failed(codes.Unavailable, "DRAINING", "the server is going down; watch again with the last cursor")
		case <-ctx.Done():
			return ctx.Err()
		case <-tick:
			if err := w.report(lanes); err != nil {
				return err
			}
		case o := <-happened:
			if o.end {
				open--
				continue
			}
			if o.err != nil {
				return watchStatus(o.err)
			}
			w.at[o.shard] = o.entry.Sequence
			if err := w.tell(o.shard, &o.entry, w.at); err != nil {
				return err
			}
		}
	}
	if w.progress != nil {
		return w.report(lanes)
	}
	return nil
}

// report tells progress, if there is any beyond what was told.
func (w *watch) report(lanes []lane) error {
	moved := false
	for shard := range lanes {
		seen := lanes[shard].seen.Load() // before what was passed: see lane
		if lanes[shard].passed.Load() <= w.at[shard] && seen > w.at[shard] {
			w.at[shard], moved = seen, true
		}
	}
	if !moved {
		return nil
	}
	return w.progress(w.at)
}

// read passes on what is wanted of a shard's entries after a sequence, until the last one if that is all that is to be told.
func (f *feed) read(ctx context.Context, w *watch, shard int, after uint64, l *lane, to chan<- occurrence) {
	pass := func(o occurrence) bool {
		select {
		case to <- o:
			return true
		case <-ctx.Done():
			return false
		}
	}
	j, last := f.writers[shard].Journal(), w.last[shard]
	entries := j.Follow
	if w.untilNow {
		entries = j.Replay
	}
	if !w.untilNow || after < last {
		var d record.Decoder
		for e, err := range entries(ctx, after+1) {
			if w.untilNow && e.Sequence > last {
				break
			}
			o := occurrence{shard: shard, err: err}
			if err == nil && w.wants != nil {
				d.Reset()
				var wanted bool
				if wanted, o.err = w.asks(&d, shard, &e); o.err == nil && !wanted {
					l.seen.Store(e.Sequence)
					continue
				}
			}
			if o.err == nil {
				o.err = decode(record.DecodeEntry, slices.Clone(e.Payload), &e, &o.entry)
			}
			l.passed.Store(e.Sequence)
			if !pass(o) || o.err != nil {
				break
			}
		}
	}
	pass(occurrence{shard: shard, end: true})
}

// asks says whether an entry is wanted.
func (w *watch) asks(d *record.Decoder, shard int, e *journal.Entry) (bool, error) {
	var entry ledger.Entry
	if err := decode(d.Decode, e.Payload, e, &entry); err != nil {
		return false, err
	}
	return w.wants(shard, &entry)
}

func decode(by func([]byte, *ledger.Entry) error, payload []byte, from *journal.Entry, e *ledger.Entry) error {
	err := by(payload, e)
	e.Sequence, e.Time = from.Sequence, calendar.Instant(from.Time)
	return err
}
