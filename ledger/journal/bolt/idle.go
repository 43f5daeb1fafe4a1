package bolt

import "time"

// mark writes the marker for the head as it is, unless it says so already. Callers may be many.
func (j *Journal) mark() error {
	j.marking.Lock()
	defer j.marking.Unlock()
	// The order matters not: each of these is durable by the time it can be read here.
	transaction := j.store.transaction.Load()
	j.mu.Lock()
	m := marker{epoch: j.epoch, next: j.durable.next, hash: j.durable.hash, transaction: transaction}
	j.mu.Unlock()
	if m == j.marked {
		return nil
	}
	if _, err := j.marker.WriteAt(m.encode(), 0); err != nil {
		return err
	}
	if err := datasync(j.marker); err != nil {
		return err
	}
	j.marked = m
	return nil
}

// stir tells keepMarker that the log is not idle. Under load it is one atomic read.
func (j *Journal) stir() {
	if j.asleep.Load() && j.asleep.CompareAndSwap(true, false) {
		poke(j.stirred)
	}
}

// keepMarker writes the marker whenever the log has been idle for a while.
func (j *Journal) keepMarker() {
	defer j.workers.Done()
	tick := time.NewTicker(idleAfter)
	defer tick.Stop()
	seen := j.published.Load()
	for {
		select {
		case <-tick.C:
		case <-j.done:
			return
		}
		if next := j.published.Load(); next != seen {
			seen = next
			continue
		}
		j.asleep.Store(true)
		if j.published.Load() != seen {
			continue // an append came before it could see that it has to stir
		}
		if err := j.mark(); err != nil {
			j.log.Error("marking the head of the journal failed", "dir", j.dir, "error", err)
		}
		tick.Stop()
		select {
		case <-j.stirred:
		case <-j.done:
			return
		}
		tick.Reset(idleAfter)
	}
}
