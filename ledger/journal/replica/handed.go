package replica

import (
	"bytes"
	"context"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// handed is what this handle has appended to the log and its copy does not have yet. An owner who appends all the time need
// not have it sent back by the log: the copier takes it from here, as long as it goes on where the copy ends. Whatever else
// is in the log, of this owner or another, comes by following.
//
// It is guarded by the journal's mu.
type handed struct {
	batches []journal.Batch // in the order of the log, with bytes of their own
	bytes   int
	since   time.Time     // when the count began
	count   int           // of batches since
	last    time.Time     // when a batch was added
	news    chan struct{} // capacity 1: there is something to look at
}

const (
	// handedBusy batches within handedWindow make it worth while to stop following; none within it, to follow again.
	// Otherwise a quiet owner would begin to follow anew after each of its appends.
	handedBusy   = 10
	handedWindow = 250 * time.Millisecond
	// handedBytes bounds what waits for a slow disk. What is dropped comes by following.
	handedBytes = 8 << 20
)

// add takes a batch that the log has acknowledged; mu is held.
func (h *handed) add(b journal.Batch, now time.Time) {
	if now.Sub(h.since) > handedWindow {
		h.since, h.count = now, 0
	}
	h.count++
	h.last = now
	b.Bytes = bytes.Clone(b.Bytes) // the owner's, who uses them again
	h.batches, h.bytes = append(h.batches, b), h.bytes+len(b.Bytes)
	if h.bytes > handedBytes {
		h.drop(len(h.batches))
	}
}

// drop forgets the first n batches; mu is held.
func (h *handed) drop(n int) {
	for _, b := range h.batches[:n] {
		h.bytes -= len(b.Bytes)
	}
	clear(h.batches[:n])
	if h.batches = h.batches[n:]; len(h.batches) == 0 {
		h.batches = nil
	}
}

// at is the batch that goes on where the copy ends, and nothing when there is none; mu is held. Those before it are dropped.
func (h *handed) at(end journal.Head) (b journal.Batch, ok bool) {
	n := 0
	for n < len(h.batches) && h.batches[n].First < end.Next {
		n++
	}
	h.drop(n)
	if len(h.batches) == 0 || h.batches[0].First != end.Next || h.batches[0].Prev() != end.Hash {
		return b, false
	}
	return h.batches[0], true
}

// tell has the copier look.
func (h *handed) tell() {
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// handsOn says whether the copier had better take what is handed to it than follow.
func (j *Journal) handsOn() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, ok := j.handed.at(j.end)
	return ok && j.handed.count >= handedBusy && time.Since(j.handed.since) <= 2*handedWindow
}

// takeHanded appends what is handed to it until the copy must follow the log: because nothing has come for a while, or
// because the log has something else.
func (j *Journal) takeHanded(ctx context.Context) error {
	timer := time.NewTimer(handedWindow)
	defer timer.Stop()
	for {
		j.mu.Lock()
		b, ok := j.handed.at(j.end)
		rest := handedWindow - time.Since(j.handed.last)
		behind := j.end.Next < j.known
		j.mu.Unlock()
		switch {
		case ok:
			if err := j.append(ctx, b); err != nil {
				return err
			}
			continue
		case behind || rest <= 0:
			return nil
		}
		timer.Reset(rest)
		select {
		case <-j.handed.news:
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
