package state

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// Pipeline is what a flush cycle needs of the writer.
type Pipeline struct {
	// Checkpoint answers, from the goroutine that decides and between two commands, with the shard's row.
	Checkpoint func() (*ledger.Shard, error)
	// Barrier returns when everything decided before the call is durable in the journal.
	Barrier func() error
}

// Flush runs one cycle: everything that is dirty when it begins is in the file when it returns, and Flushed has
// moved up. Paced cycles sleep between transactions, so that a flush takes a small share of a processor and disk.
func (s *State) Flush(ctx context.Context, p Pipeline, paced bool) error {
	s.cycle.Lock()
	defer s.cycle.Unlock()
	shard, err := p.Checkpoint()
	if err != nil {
		return err
	}
	if shard.Sequence == s.flushed.Load() {
		return nil
	}
	changed := s.accounts.changes()     // first: what they depend on was put before them
	applicants := s.applicants.freeze() // likewise
	reconciliations := s.reconciliations.freeze()
	settlements := s.settlements.freeze()
	f := flusher{State: s, ctx: ctx, paced: paced}
	for _, in := range []*buffer{s.receipts, s.orders, s.consumers, s.ended, s.items, s.statements, s.lines, s.applications, s.reviews, s.breaks} {
		for _, m := range in.freeze() {
			f.steps = append(f.steps, in.step(m))
		}
	}
	for _, m := range reconciliations {
		f.steps = append(f.steps, s.reconciliations.step(m))
	}
	for _, m := range applicants {
		f.steps = append(f.steps, s.applicants.step(m))
	}
	for _, m := range settlements {
		f.steps = append(f.steps, s.settlements.step(m))
	}
	f.steps = append(f.steps, s.accounts.step(changed))
	if err := p.Barrier(); err != nil {
		return err
	}
	err = f.run(shard)
	s.accounts.trim()
	return err
}

// flusher is one cycle: its steps, in the order in which their rows must reach the file, cut into transactions.
type flusher struct {
	*State
	ctx   context.Context
	paced bool
	steps []*step
}

// step is rows of one bucket that a cycle writes, in order of their keys.
type step struct {
	left    int
	write   func(tx *bolt.Tx, n int) error // writes the next n rows
	written func(n int)                    // the transaction that wrote the next n rows has been committed
}

// fill is how full bbolt leaves the pages that it splits: keys mostly grow.
const fill = 0.9

// step writes a frozen table of a buffer, and lets go of it when all of it is in the file.
func (b *buffer) step(m *memtable) *step {
	var places []uint32
	s := &step{left: m.rows}
	s.write = func(tx *bolt.Tx, n int) error {
		if n == 0 {
			return nil
		}
		if places == nil {
			places = m.sorted()
		}
		bucket := tx.Bucket(b.bucket)
		bucket.FillPercent = fill
		for _, place := range places[:n] {
			key, value := m.record(place)
			if err := bucket.Put(key, sum(key, value)); err != nil { // bbolt keeps the value until it commits
				return err
			}
		}
		return nil
	}
	s.written = func(n int) {
		if n == 0 {
			return
		}
		if places, s.left = places[n:], s.left-n; s.left == 0 {
			b.written()
		}
	}
	return s
}

// step writes changed accounts and keeps the index of deadlines in step with them.
func (t *accounts) step(list []change) *step {
	s := &step{left: len(list)}
	due := new(deadlines)
	s.write = func(tx *bolt.Tx, n int) error {
		bucket := tx.Bucket(bucketAccounts)
		bucket.FillPercent = fill
		var key [8]byte
		for i := range list[:n] {
			c := &list[i]
			accountKey(key[:0], c.id)
			due.note(c.id, deadlineOf(bucket.Get(key[:])), deadlineOf(c.value))
			if err := bucket.Put(key[:], sum(key[:], c.value)); err != nil { // bbolt keeps the value until it commits
				return err
			}
		}
		return due.apply(tx)
	}
	s.written = func(n int) {
		for i := range list[:n] {
			t.flushed(&list[i])
		}
		list, s.left = list[n:], s.left-n
	}
	return s
}

// run writes all rows, a chunk of them in each transaction, and in the last one the mark that everything up to the
// shard's sequence is there.
func (f *flusher) run(shard *ledger.Shard) error {
	for last := false; !last; {
		var counts []int
		begun := time.Now()
		err := f.transact(func(tx *bolt.Tx) error {
			room := f.options.ChunkRows
			counts, last = counts[:0], true
			for _, s := range f.steps {
				n := min(s.left, room)
				if err := s.write(tx, n); err != nil {
					return err
				}
				counts, room, last = append(counts, n), room-n, last && n == s.left
			}
			if last {
				return putMark(tx, shard)
			}
			return nil
		})
		if err != nil {
			return err
		}
		f.generation.Add(1)
		for i, n := range counts {
			f.steps[i].written(n)
			f.touch(n)
		}
		f.rest(time.Since(begun))
	}
	f.flushedTime.Store(int64(shard.Time))
	f.flushed.Store(shard.Sequence)
	return nil
}

// putMark says in the file that everything up to the shard's sequence is there.
func putMark(tx *bolt.Tx, shard *ledger.Shard) error {
	meta := tx.Bucket(bucketMeta)
	if err := meta.Put(keyShard, seal(keyShard, record.AppendShard(nil, shard))); err != nil {
		return err
	}
	return meta.Put(keyFlushed, seal(keyFlushed, binary.BigEndian.AppendUint64(nil, shard.Sequence)))
}

// rest lets a paced cycle sleep nine times as long as a transaction took, unless memory is filling up with dirty rows.
func (f *flusher) rest(took time.Duration) {
	if f.paced && f.memory.dirty.Load() < f.memory.limit/2 {
		select {
		case <-time.After(min(9*took, 2*time.Second)):
		case <-f.ctx.Done():
		}
	}
}

// transact runs one transaction. A panic of bbolt is how it meets nearly all corruption.
func (f *flusher) transact(change func(*bolt.Tx) error) (err error) {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &CorruptError{f.path, fmt.Sprint(p)}
		}
	}()
	switch err := f.db.Update(change); {
	case errors.Is(err, berrors.ErrIncompatibleValue): // where a row is, the page says that there is a bucket: a bit has flipped
		return &CorruptError{f.path, err.Error()}
	case err != nil:
		return fmt.Errorf("flush state: %w", err)
	}
	return nil
}

// Pressed says that it is time for a flush cycle, whatever the interval: a third of memory is dirty.
func (s *State) Pressed() bool { return s.memory.dirty.Load() > s.memory.limit/3 }

// Interval is the longest that a dirty row should wait for the file.
func (s *State) Interval() time.Duration { return s.options.Interval }
