package outbox

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The errors of an outbox, to be compared with errors.Is.
var (
	// ErrFull: there is no room; nothing was written.
	ErrFull = errors.New("outbox: no room")
	// ErrClosed: Close was called; nothing was written.
	ErrClosed = errors.New("outbox: closed")
	// ErrBroken: a commit failed. What was put may be in the file or not; nothing more is written until it is opened again.
	ErrBroken = errors.New("outbox: a commit failed, and what the file has is not known")
	// ErrLocked: another process has the file.
	ErrLocked = errors.New("outbox: another process has the file")
	// ErrNotFound: there is no such dead letter.
	ErrNotFound = errors.New("outbox: no such dead letter")
)

// An Outbox holds messages until the core has answered them. It is safe for concurrent use.
type Outbox struct {
	opts Options
	core Core
	db   *bolt.DB

	mu           sync.Mutex
	queued       sync.Cond // there is something to write, or an end
	lanesChanged sync.Cond // there may be something to deliver, or nothing left, or an end

	// All below is guarded by mu.
	steps    []step
	sequence uint64 // the last one given
	size     int    // messages and reserved room, what is queued to be written included
	notes    map[string]Note
	lanes    map[string]*lane
	ready    []*lane // that have something to deliver, each once; served from the front
	stats    Stats
	gate     gate
	broken   error
	closing  bool // nothing is accepted or begun any more
	sealed   bool // nothing is queued any more

	attempts context.Context // of all attempts
	stop     context.CancelFunc
	workers  sync.WaitGroup
	written  chan struct{} // closed when the goroutine that commits has ended
}

// Stats are figures of an outbox.
type Stats struct {
	Pending   int       // messages that the core has not answered, without dead letters
	Dead      int       // dead letters
	Reserved  int       // room kept by notes
	Oldest    time.Time // when the oldest pending message was put; zero if there is none
	Outage    bool      // whether the last attempt found no core
	Delivered uint64    // since it was opened
	Attempts  uint64    // since it was opened
	Failures  uint64    // attempts that found no core, or that are repeated for another reason
}

// A lane is the messages of an order, oldest first.
type lane struct {
	order    string
	messages []place
	queued   bool // in ready, under way, or waiting for a timer
	dead     bool // the first message is a dead letter
	failures int  // in a row, of the first message
}

// place is what is known of a message without reading it.
type place struct {
	sequence uint64
	put      time.Time
}

// Open opens the outbox in a file, makes the file if there is none, and begins to deliver what is in it. The caller must
// Close it.
func Open(path string, core Core, opts Options) (*Outbox, error) {
	db, err := openFile(path)
	if err != nil {
		return nil, err
	}
	o := &Outbox{opts: opts.withDefaults(), core: core, db: db, notes: map[string]Note{}, lanes: map[string]*lane{}, written: make(chan struct{})}
	o.queued.L, o.lanesChanged.L = &o.mu, &o.mu
	o.attempts, o.stop = context.WithCancel(context.Background())
	if err := db.View(o.load); err != nil {
		o.stop()
		return nil, errors.Join(err, db.Close())
	}
	go o.write()
	for range o.opts.Lanes {
		o.workers.Go(o.deliver)
	}
	return o, nil
}

// load reads what is in the file. Of a lane only the first message can be dead, so the dead come first.
func (o *Outbox) load(tx *bolt.Tx) error {
	for _, bucket := range [][]byte{deadBucket, messagesBucket} {
		dead := string(bucket) == string(deadBucket)
		err := tx.Bucket(bucket).ForEach(func(k, v []byte) error {
			m, _, err := decode(binary.BigEndian.Uint64(k), v)
			if err != nil {
				return err
			}
			o.size++
			o.line(&m, dead)
			return nil
		})
		if err != nil {
			return err
		}
	}
	o.sequence = tx.Bucket(messagesBucket).Sequence()
	return tx.Bucket(notesBucket).ForEach(func(k, v []byte) error {
		var w noteWritten
		if err := json.Unmarshal(v, &w); err != nil {
			return fmt.Errorf("outbox: note %q is damaged: %w", k, err)
		}
		o.notes[string(k)] = Note{string(k), w.Value, w.Reserve}
		o.size += w.Reserve
		o.stats.Reserved += w.Reserve
		return nil
	})
}

// line appends a message to its lane and has it served. Called under the lock, or before there is anybody else.
func (o *Outbox) line(m *Message, dead bool) {
	l := o.lanes[m.OrderID]
	if l == nil {
		l = &lane{order: m.OrderID}
		o.lanes[m.OrderID] = l
	}
	l.messages = append(l.messages, place{m.Sequence, m.PutTime})
	if dead {
		l.dead = true
		o.stats.Dead++
	} else {
		o.stats.Pending++
	}
	o.serve(l)
}

// A Change is written whole or not at all.
type Change struct {
	Messages []Message
	Notes    []Note
}

// Put writes a change and returns when it is on the disk; the messages' sequences are set then. ErrFull and ErrClosed say that
// nothing was written.
func (o *Outbox) Put(c Change) error {
	now := o.opts.now()
	for i := range c.Messages {
		if err := c.Messages[i].check(); err != nil {
			return err
		}
		c.Messages[i].PutTime = now
	}
	done := make(chan error, 1)
	if err := o.begin(c, done); err != nil {
		return err
	}
	return <-done
}

// begin queues a change if there is room for it. Sequences are given here, so that they are in the order of the writing.
func (o *Outbox) begin(c Change, done chan error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.usable(); err != nil {
		return err
	}
	grows := len(c.Messages)
	for _, n := range c.Notes {
		grows += n.reserve() - o.notes[n.Key].Reserve
	}
	if grows > 0 && o.size+grows > o.opts.Max {
		return fmt.Errorf("%w: %d of %d", ErrFull, o.size, o.opts.Max)
	}
	values := make([][]byte, len(c.Messages))
	for i := range c.Messages {
		var err error
		if values[i], err = encode(&c.Messages[i], nil); err != nil {
			return err
		}
	}
	o.size += grows
	for i := range c.Messages {
		o.sequence++
		c.Messages[i].Sequence = o.sequence
	}
	for _, n := range c.Notes {
		o.stats.Reserved += n.reserve() - o.notes[n.Key].Reserve
		if n.Value == nil {
			delete(o.notes, n.Key)
		} else {
			o.notes[n.Key] = n
		}
	}
	o.queue(step{
		apply: func(tx *bolt.Tx) error { return c.apply(tx, values) },
		durable: func() {
			for i := range c.Messages {
				o.line(&c.Messages[i], false)
			}
		},
		done: done,
	})
	return nil
}

func (n *Note) reserve() int {
	if n.Value == nil {
		return 0
	}
	return n.Reserve
}

func (c *Change) apply(tx *bolt.Tx, values [][]byte) error {
	b := tx.Bucket(messagesBucket)
	for i := range c.Messages {
		if err := b.Put(key(c.Messages[i].Sequence), values[i]); err != nil {
			return err
		}
		if err := b.SetSequence(c.Messages[i].Sequence); err != nil {
			return err
		}
	}
	for i := range c.Notes {
		if err := putNote(tx, &c.Notes[i]); err != nil {
			return err
		}
	}
	return nil
}

// usable tells why nothing can be written, if so. Called under the lock.
func (o *Outbox) usable() error {
	if o.broken != nil {
		return o.broken
	}
	if o.closing {
		return ErrClosed
	}
	return nil
}

// Notes are all notes, as of all changes that were put, those under way included.
func (o *Outbox) Notes() []Note {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]Note, 0, len(o.notes))
	for _, n := range o.notes {
		all = append(all, n)
	}
	return all
}

// Messages are all that the core has not answered, dead letters included, oldest first. They are read from the file.
func (o *Outbox) Messages() (all []Message, err error) {
	err = o.db.View(func(tx *bolt.Tx) error {
		dead, live := tx.Bucket(deadBucket).Cursor(), tx.Bucket(messagesBucket).Cursor()
		dk, dv := dead.First()
		lk, lv := live.First()
		for dk != nil || lk != nil {
			k, v := lk, lv
			if lk == nil || dk != nil && string(dk) < string(lk) {
				k, v = dk, dv
				dk, dv = dead.Next()
			} else {
				lk, lv = live.Next()
			}
			m, _, err := decode(binary.BigEndian.Uint64(k), v)
			if err != nil {
				return err
			}
			all = append(all, m)
		}
		return nil
	})
	return all, err
}

// Stats are the figures of this moment.
func (o *Outbox) Stats() Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.stats
	s.Outage = o.gate.failures > 0
	for _, l := range o.lanes {
		if p := l.messages[0]; !l.dead && (s.Oldest.IsZero() || p.put.Before(s.Oldest)) {
			s.Oldest = p.put
		}
	}
	return s
}

// Drain waits until nothing is pending but what waits behind dead letters, or until the context is done. New messages may be
// put meanwhile.
func (o *Outbox) Drain(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.lanesChanged.Broadcast()
	})()
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.deliverable() {
		if err := o.usable(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		o.lanesChanged.Wait()
	}
	return o.broken
}

// deliverable tells whether some lane is not yet at its end, or at a dead letter.
func (o *Outbox) deliverable() bool {
	for _, l := range o.lanes {
		if !l.dead {
			return true
		}
	}
	return false
}

// Close accepts and begins nothing more, lets what is under way end until the context is done and cuts it off then, writes what
// became of it and closes the file. What is not delivered is delivered when the file is opened again. Close does not wait
// until all is delivered: Drain does.
func (o *Outbox) Close(ctx context.Context) error {
	o.mu.Lock()
	if o.closing {
		o.mu.Unlock()
		<-o.written
		return nil
	}
	o.closing = true
	o.lanesChanged.Broadcast()
	o.mu.Unlock()

	cut := context.AfterFunc(ctx, o.stop)
	o.workers.Wait()
	cut()
	o.stop()

	o.mu.Lock()
	o.sealed = true
	o.queued.Signal()
	o.mu.Unlock()
	<-o.written
	return errors.Join(o.broken, o.db.Close())
}
