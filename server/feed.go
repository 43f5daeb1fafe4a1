package server

import (
	"context"
	"slices"

	"google.golang.org/grpc/codes"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// feed reads the journals of all shards as one. Every service that streams what happened reads it.
type feed struct {
	*router
	draining <-chan struct{} // closed when the server goes down
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

// follow tells every entry after a cursor, with the cursor after it, until telling fails or the context ends; with
// untilNow only until the last entries that are given.
func (f *feed) follow(ctx context.Context, at cursor, last []uint64, untilNow bool, tell func(shard int, e *ledger.Entry, at cursor) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from := slices.Clone(at) // at moves on while the shards are read
	happened := make(chan occurrence, 64)
	for shard := range f.writers {
		go f.read(ctx, shard, from[shard], last[shard], untilNow, happened)
	}
	for open := len(f.writers); open > 0; {
		select {
		case <-f.draining:
			return failed(codes.Unavailable, "DRAINING", "the server is going down; watch again with the last cursor")
		case <-ctx.Done():
			return ctx.Err()
		case o := <-happened:
			if o.end {
				open--
				continue
			}
			if o.err != nil {
				return watchStatus(o.err)
			}
			at[o.shard] = o.entry.Sequence
			if err := tell(o.shard, &o.entry, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// read passes on a shard's entries after a sequence, until the last one if that is all that is wanted.
func (f *feed) read(ctx context.Context, shard int, after, last uint64, untilNow bool, to chan<- occurrence) {
	pass := func(o occurrence) bool {
		select {
		case to <- o:
			return true
		case <-ctx.Done():
			return false
		}
	}
	j := f.writers[shard].Journal()
	entries := j.Follow
	if untilNow {
		entries = j.Replay
	}
	if !untilNow || after < last {
		for e, err := range entries(ctx, after+1) {
			o := occurrence{shard: shard, err: err}
			if err == nil {
				o.err = record.DecodeEntry(slices.Clone(e.Payload), &o.entry)
				o.entry.Sequence, o.entry.Time = e.Sequence, calendar.Instant(e.Time)
			}
			if untilNow && e.Sequence > last || !pass(o) || o.err != nil {
				break
			}
		}
	}
	pass(occurrence{shard: shard, end: true})
}
