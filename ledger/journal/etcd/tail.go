package etcd

import (
	"context"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// tailBytes bounds the batches that are kept for followers. One that is further behind reads them from etcd again.
const tailBytes = 8 << 20

// tail is the end of a log as a watch sees it, for all of a journal's followers. The watch runs while there are any,
// and is always read at once, however slow they are: etcd's client would queue without bounds what is not.
type tail struct {
	journal *Journal
	workers sync.WaitGroup

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced when next grows
	over      bool          // the journal was closed: no watch is started any more
	followers int
	stop      context.CancelFunc // ends the watch
	next      uint64             // sequences before it are in the log, as far as is known here
	recent    []journal.Batch    // the newest batches, without gaps, ending at next
	bytes     int                // of recent
}

func newTail(j *Journal) *tail { return &tail{journal: j, changed: make(chan struct{})} }

// join counts a follower in, and starts the watch for the first.
func (t *tail) join() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.followers++; t.followers > 1 || t.over {
		return
	}
	ctx, cancel := context.WithCancel(t.journal.ctx)
	t.stop = cancel
	t.workers.Go(func() { t.watch(ctx) })
}

// leave counts a follower out, and ends the watch with the last.
func (t *tail) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.followers--; t.followers == 0 && t.stop != nil {
		t.stop()
		t.stop = nil
		t.recent, t.bytes = nil, 0
	}
}

// done waits for the watch to end; the journal has been closed.
func (t *tail) done() {
	t.mu.Lock()
	t.over = true
	t.mu.Unlock()
	t.workers.Wait()
}

// wait waits until the log has the sequence, and answers with the bytes of its batch, or nil if they must be read.
func (t *tail) wait(ctx context.Context, sequence uint64) ([]byte, error) {
	for {
		t.mu.Lock()
		changed, next := t.changed, t.next
		value := t.find(sequence)
		t.mu.Unlock()
		if sequence < next {
			return value, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

// find gives the batch that holds the sequence, if it is kept; mu is held.
func (t *tail) find(sequence uint64) []byte {
	for i := len(t.recent) - 1; i >= 0; i-- {
		if b := t.recent[i]; b.First <= sequence {
			if sequence < b.First+uint64(b.Count) {
				return b.Bytes
			}
			return nil
		}
	}
	return nil
}

// watch keeps the tail until ctx ends. It begins anew, from where the log ends by then, whenever a watch breaks: what
// lies between the followers read for themselves.
func (t *tail) watch(ctx context.Context) {
	j := t.journal
	for try := (pauses{}); ctx.Err() == nil; {
		v, err := j.view(ctx)
		if err == nil {
			t.restart(v.head.next)
			err = t.see(ctx, v, &try)
		}
		if ctx.Err() != nil {
			return
		}
		j.log.Warn("the watch of the journal broke and begins anew", "error", err)
		_ = try.wait(ctx) // the loop asks ctx
	}
}

// see watches from a view on until the watch breaks. A member that has lost its leader would keep still for ever,
// so it is asked to break the watch then. That there is nothing to tell is told now and then, so that the revision to
// go on from after a lost connection is not one that was compacted long ago.
func (t *tail) see(ctx context.Context, v view, try *pauses) error {
	j := t.journal
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	defer cancel()
	answers := j.cluster.client.Watch(ctx, j.keys.batches, clientv3.WithRange(j.keys.end), clientv3.WithRev(v.revision+1),
		clientv3.WithFilterDelete(), clientv3.WithProgressNotify(), clientv3.WithFragment())
	for answer := range answers {
		if err := answer.Err(); err != nil {
			return err
		}
		*try = pauses{}
		for _, event := range answer.Events {
			batch, err := journal.Open(event.Kv.Value)
			if err != nil {
				return err
			}
			if err := t.grow(batch); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// restart makes the tail end at next, with nothing kept.
func (t *tail) restart(next uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.recent, t.bytes = nil, 0
	t.advance(next)
}

// grow adds a batch that the watch saw. A watch that has just been ended may have seen some of them before.
func (t *tail) grow(batch journal.Batch) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case batch.First < t.next:
		return nil
	case batch.First > t.next:
		return &journal.CorruptError{Sequence: t.next, Detail: "a batch was put elsewhere than at the log's end"}
	}
	t.recent, t.bytes = append(t.recent, batch), t.bytes+len(batch.Bytes)
	for t.bytes > tailBytes {
		t.bytes -= len(t.recent[0].Bytes)
		t.recent[0] = journal.Batch{}
		t.recent = t.recent[1:]
	}
	t.advance(batch.First + uint64(batch.Count))
	return nil
}

func (t *tail) advance(next uint64) {
	t.next = max(t.next, next)
	close(t.changed)
	t.changed = make(chan struct{})
}
