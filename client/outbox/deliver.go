package outbox

import (
	"context"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The gate stands before all lanes while the core cannot be reached: one attempt at a time passes, after a wait that doubles.
type gate struct {
	failures int       // outages in a row; 0 while the gate is open
	until    time.Time // nobody passes before
	probing  bool      // somebody has passed
}

// deliver is one of the goroutines that deliver.
func (o *Outbox) deliver() {
	for {
		l, at, probe, ok := o.next()
		if !ok {
			return
		}
		m, err := o.read(at.sequence)
		if err == nil {
			err = o.attempt(&m)
		}
		o.settle(l, &m, err, probe)
	}
}

// next takes a lane whose first message may be sent now; not ok says that nothing more is to be begun.
func (o *Outbox) next() (l *lane, at place, probe, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if o.closing || o.broken != nil {
			return nil, place{}, false, false
		}
		if len(o.ready) > 0 {
			if ok, probe = o.pass(); ok {
				l, o.ready = o.ready[0], o.ready[1:]
				o.stats.Attempts++
				return l, l.messages[0], probe, true
			}
		}
		o.lanesChanged.Wait()
	}
}

// pass tells whether the gate lets somebody through, and whether as its probe, behind which it is closed.
func (o *Outbox) pass() (ok, probe bool) {
	if o.gate.failures == 0 {
		return true, false
	}
	if o.gate.probing || o.opts.now().Before(o.gate.until) {
		return false, false
	}
	o.gate.probing = true
	return true, true
}

func (o *Outbox) read(sequence uint64) (m Message, err error) {
	err = o.db.View(func(tx *bolt.Tx) error {
		m, _, err = decode(sequence, tx.Bucket(messagesBucket).Get(key(sequence)))
		return err
	})
	return m, err
}

func (o *Outbox) attempt(m *Message) error {
	ctx, cancel := context.WithTimeout(o.attempts, o.opts.AttemptTimeout)
	defer cancel()
	return send(ctx, o.core, m)
}

// settle draws the conclusion of an attempt.
func (o *Outbox) settle(l *lane, m *Message, err error, probe bool) {
	v := judge(err)
	var buried <-chan error
	r := refusalOf(err, o.opts.now())
	o.mu.Lock()
	if probe {
		o.gate.probing = false
	}
	if v == outage {
		o.shut(probe)
	} else {
		o.gate.failures = 0
	}
	switch v {
	case answered:
		o.stats.Delivered++
		l.failures = 0
		o.remove(l, m.Sequence)
	case refused:
		buried = o.bury(l, m, r)
	case outage:
		// At the end of the queue: if only some of the core is gone, another lane may find the rest.
		o.stats.Failures++
		o.ready = append(o.ready, l)
	case again:
		o.stats.Failures++
		l.failures++
		time.AfterFunc(o.opts.backoff(l.failures), func() { o.resume(l) })
	}
	o.lanesChanged.Broadcast()
	o.mu.Unlock()
	switch v {
	case answered:
		o.opts.Delivered(*m)
	case outage, again:
		o.opts.Failed(*m, err)
	case refused:
		if <-buried == nil {
			o.opts.Dead(letter(*m, r))
		}
	}
}

// shut closes the gate for a while. Of many attempts that fail together only the first counts, and each probe after it.
func (o *Outbox) shut(probe bool) {
	if o.gate.failures > 0 && !probe {
		return
	}
	o.gate.failures++
	wait := o.opts.backoff(o.gate.failures)
	o.gate.until = o.opts.now().Add(wait)
	time.AfterFunc(wait+time.Millisecond, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.lanesChanged.Broadcast()
	})
}

// Wake ends the waiting in an outage: somebody has heard from the core.
func (o *Outbox) Wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gate.until = time.Time{}
	o.lanesChanged.Broadcast()
}

// resume has a lane served again whose first message waited.
func (o *Outbox) resume(l *lane) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l.queued = false
	o.serve(l)
	o.lanesChanged.Broadcast()
}

// serve puts a lane at the end of the queue, unless it is in it or has nothing to deliver.
func (o *Outbox) serve(l *lane) {
	if !l.queued && !l.dead && len(l.messages) > 0 {
		l.queued = true
		o.ready = append(o.ready, l)
	}
}

// remove takes the first message off a lane once that is on the disk; until then the lane is under way. So a message is never sent
// again after the next one was: an Advise that became a capture would then be refused, if a Reverse followed it.
func (o *Outbox) remove(l *lane, sequence uint64) {
	o.queue(step{
		apply: func(tx *bolt.Tx) error { return tx.Bucket(messagesBucket).Delete(key(sequence)) },
		durable: func() {
			o.stats.Pending--
			o.size--
			o.advance(l)
		},
	})
}

// advance has the lane go on behind its first message.
func (o *Outbox) advance(l *lane) {
	l.messages = l.messages[1:]
	l.queued, l.dead = false, false
	if len(l.messages) == 0 {
		delete(o.lanes, l.order)
	}
	o.serve(l)
}
