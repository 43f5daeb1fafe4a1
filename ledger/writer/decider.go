package writer

import (
	"fmt"
	"runtime/debug"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// The caps of one batch. An entry is some hundred bytes, at most some ten thousand, and a batch may run over by one
// command.
const (
	maxBatchEntries = 4_096
	maxBatchBytes   = journal.MaxBatchBytes * 3 / 4
)

// decider is what the deciding goroutine owns.
type decider struct {
	*session
	builder journal.Builder
	buffers [2][]byte // the batch being built, and the one in flight
	turn    int       // which is being built
	size    int       // of the batch being built
	groups  []*group  // decided, waiting for the batch being built
	idle    bool      // whether the appender is

	now    calendar.Instant
	entry  *ledger.Entry
	encode func([]byte) []byte
	add    func(*ledger.Entry)
}

// decide is the deciding goroutine: it takes groups, decides them and hands batches to the appender, until the session
// has failed.
func (s *session) decide() {
	defer close(s.built)
	d := &decider{session: s, idle: true}
	d.encode = func(b []byte) []byte { return record.AppendEntry(b, d.entry) }
	d.add = func(e *ledger.Entry) {
		d.entry = e
		_, d.size = d.builder.Add(int64(d.now), d.encode)
	}
	d.builder.Reset(s.durable.Load()+1, s.head.Load().Hash, nil)
	defer d.drop()
	for {
		if d.idle && (len(d.groups) > 0 || d.builder.Count() > 0) {
			d.handOver()
		}
		select {
		case <-s.failed:
			return
		case <-s.free:
			d.idle = true
		case <-s.filled:
		case <-s.arrived:
			if g := s.take(); g != nil && !d.decideGroup(g) {
				return
			}
		}
		if s.full.Load() {
			d.tellFull()
		}
	}
}

// decideGroup decides the calls of a group; false when the session has failed.
func (d *decider) decideGroup(g *group) bool {
	d.now = d.stamp()
	d.groups = append(d.groups, g)
	for i, c := range g.calls {
		if c.inside != nil {
			c.inside()
			continue
		}
		if err := d.decideCall(c); err != nil {
			d.fail(err)
			return false
		}
		if d.builder.Count() >= maxBatchEntries || d.size >= maxBatchBytes {
			last := i == len(g.calls)-1
			if !d.handOverFull(last) {
				return false
			}
		}
	}
	d.commands.Add(uint64(len(g.calls)))
	d.accounts.Store(d.book.Shard().Accounts)
	d.points.Store(int64(d.book.Shard().Points.Outstanding()))
	return true
}

// decideCall applies one command. A panic of the ledger is a bug, or state that cannot be: the session must not go on
// from it, and the shard starts again from what is durable.
func (d *decider) decideCall(c *call) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if err = d.book.Err(); err == nil { // or it met a row that was not there because it cannot be read
				err = fmt.Errorf("decide %T: %v\n%s", c.command, p, debug.Stack())
			}
		}
	}()
	c.outcome = d.ledger.Apply(d.now, c.command, d.add)
	d.book.Settle()
	return d.book.Err()
}

// handOver gives what has been built, and those who wait for it, to the appender, which must be idle.
func (d *decider) handOver() {
	w := &work{groups: d.groups}
	if d.builder.Count() > 0 {
		w.batch = d.builder.Batch()
	}
	d.built <- w
	d.idle, d.groups, d.size = false, nil, 0
	if d.builder.Count() > 0 {
		d.buffers[d.turn] = w.batch.Bytes
		d.turn = 1 - d.turn
		d.builder.Reset(w.batch.First+uint64(w.batch.Count), w.batch.Last, d.buffers[d.turn])
	}
}

// handOverFull is handOver in the middle of a group, when the batch is full: it waits for the appender. Unless the
// group is over it stays with the next batch. False when the session has failed.
func (d *decider) handOverFull(over bool) bool {
	if !d.idle {
		select {
		case <-d.free:
			d.idle = true
		case <-d.failed:
			return false
		}
	}
	open := d.groups[len(d.groups)-1]
	if !over {
		d.groups = d.groups[:len(d.groups)-1]
	}
	d.handOver()
	if !over {
		d.groups = []*group{open}
	}
	return true
}

// tellFull answers those who wait for the batch being built that the journal has no room. The batch stays: it is
// appended when there is room again.
func (d *decider) tellFull() {
	for _, g := range d.groups {
		d.answer(g, ErrFull)
	}
	d.groups = nil
}

// drop answers those whose batch will never be handed over.
func (d *decider) drop() {
	for _, g := range d.groups {
		d.answer(g, fmt.Errorf("%w: %w", ErrStopped, d.failure))
	}
}
