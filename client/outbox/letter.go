package outbox

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/grpc/status"

	"github.com/holdfast-credit/holdfast/client"
)

// A Letter is a message that the core refused for good.
type Letter struct {
	Message
	// Code and Reason are those of the refusal; Text is for people.
	Code, Reason, Text string
	// RefusedTime is when it was refused, by the gateway's clock.
	RefusedTime time.Time
}

func refusalOf(err error, now time.Time) *refusal {
	if err == nil {
		return nil
	}
	return &refusal{Code: status.Code(err).String(), Reason: client.ReasonOf(err), Text: err.Error(), Time: now}
}

// bury makes a dead letter of a lane's first message. The answer comes when it is written; until then the lane is under way.
func (o *Outbox) bury(l *lane, m *Message, r *refusal) <-chan error {
	done := make(chan error, 1)
	o.queue(step{
		apply: func(tx *bolt.Tx) error {
			value, err := encode(m, r)
			if err != nil {
				return err
			}
			if err := tx.Bucket(messagesBucket).Delete(key(m.Sequence)); err != nil {
				return err
			}
			return tx.Bucket(deadBucket).Put(key(m.Sequence), value)
		},
		durable: func() {
			l.dead, l.queued = true, false
			o.stats.Pending--
			o.stats.Dead++
		},
		done: done,
	})
	return done
}

func letter(m Message, r *refusal) Letter {
	if r == nil {
		r = &refusal{}
	}
	return Letter{Message: m, Code: r.Code, Reason: r.Reason, Text: r.Text, RefusedTime: r.Time}
}

// Dead are the dead letters, oldest first.
func (o *Outbox) Dead() ([]Letter, error) { return deadIn(o.db) }

// Retry has a dead letter sent again, as the message that it was.
func (o *Outbox) Retry(sequence uint64) error {
	_, err := o.exhume(sequence, putBack, func(l *lane) {
		o.stats.Pending++
		l.dead = false
		o.serve(l)
	})
	return err
}

// Drop forgets a dead letter: somebody has settled the matter otherwise. What waits behind it goes on.
func (o *Outbox) Drop(sequence uint64) error {
	m, err := o.exhume(sequence, func(*bolt.Tx, *Message) error { return nil }, func(l *lane) {
		o.size--
		o.advance(l)
	})
	if err == nil {
		o.opts.Dropped(m)
	}
	return err
}

// exhume takes a dead letter away, with what else is to be written, and then has its lane go on.
func (o *Outbox) exhume(sequence uint64, also func(*bolt.Tx, *Message) error, then func(*lane)) (Message, error) {
	var m Message
	done := make(chan error, 1)
	found := false
	o.mu.Lock()
	if err := o.usable(); err != nil {
		o.mu.Unlock()
		return m, err
	}
	o.queue(step{
		apply: func(tx *bolt.Tx) (err error) {
			m, err = exhumed(tx, sequence)
			if errors.Is(err, ErrNotFound) {
				return nil // that fails nobody else's commit
			}
			if err != nil {
				return err
			}
			found = true
			return also(tx, &m)
		},
		durable: func() {
			if found {
				o.stats.Dead--
				then(o.lanes[m.OrderID])
			}
		},
		done: done,
	})
	o.mu.Unlock()
	if err := <-done; err != nil {
		return m, err
	}
	if !found {
		return m, fmt.Errorf("%w: %d", ErrNotFound, sequence)
	}
	return m, nil
}
