package bolt

import (
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// recoverFiles is opening over again, after an append of unknown outcome: nothing that the page cache or an open
// handle says is believed. appending is held, so no append is under way; readers go on with what was durable.
func (j *Journal) recoverFiles() error {
	j.moving.Lock()
	defer j.moving.Unlock()
	for _, s := range j.segments {
		forget(s.file)
	}
	if err := j.openFiles(); err != nil {
		return err
	}
	for _, s := range j.segments {
		forget(s.file)
	}
	return j.load()
}

// load reads the meta, the marker and the segments, checks that they make one chain, makes the last record durable
// and takes over what it found. The caller holds appending and moving, or is alone.
func (j *Journal) load() error {
	m, err := j.store.meta()
	if err != nil {
		return err
	}
	if err := j.checkStore(m); err != nil {
		return err
	}
	marked, err := readMarker(j.path(markerName))
	if err != nil {
		return missing(err)
	}
	if t := j.store.transaction.Load(); marked.transaction > t || marked.epoch > m.epoch {
		return &journal.CorruptError{Sequence: m.stored.next,
			Detail: fmt.Sprintf("journal.db is at transaction %d, epoch %d, but was at %d, epoch %d", t, m.epoch, marked.transaction, marked.epoch)}
	}
	laps, err := j.scanSegments(m)
	if err != nil {
		return err
	}
	c := joint{at: m.stored, base: m.base, marked: place{next: marked.next, hash: marked.hash}}
	older, newer := 0, 1
	if m.generations[0] > m.generations[1] {
		older, newer = 1, 0
	}
	if err := c.start(); err != nil {
		return err
	}
	for _, i := range []int{older, newer} {
		if err := c.join(laps[i]); err != nil {
			return err
		}
	}
	if err := c.finish(); err != nil {
		return err
	}
	active := older
	if len(laps[newer].spans) > 0 {
		active = newer
	}
	if err := j.settle(active, laps[active], c.at.next); err != nil {
		return err
	}
	j.adopt(m, laps, older, active, c.at, marked)
	return nil
}

// checkStore compares the end of the stored batches with what the meta says of it.
func (j *Journal) checkStore(m meta) error {
	if m.stored.next <= m.base.next {
		return nil // all that was stored has been trimmed
	}
	end, ok, err := j.store.end()
	if err != nil {
		return err
	}
	if !ok || end != m.stored {
		return &journal.CorruptError{Sequence: min(end.next, m.stored.next),
			Detail: fmt.Sprintf("journal.db ends at %d, its meta says %d", end.next, m.stored.next)}
	}
	return nil
}

func (j *Journal) scanSegments(m meta) (laps [2]lap, err error) {
	data := make([]byte, m.segmentBytes)
	for i, s := range j.segments {
		info, err := s.file.Stat()
		if err != nil {
			return laps, err
		}
		if info.Size() != m.segmentBytes {
			return laps, &journal.CorruptError{Sequence: m.stored.next,
				Detail: fmt.Sprintf("%s has %d bytes in place of %d", s.path, info.Size(), m.segmentBytes)}
		}
		if err := s.read(s.file, data, 0); err != nil {
			return laps, err
		}
		if laps[i], err = scan(data, m.generations[i], m.stored.next); err != nil {
			return laps, err
		}
	}
	return laps, nil
}

// joint walks the batches of the segments on from where the store ends, and passes base and marker on the way.
type joint struct {
	at           place
	base, marked place
}

// start looks at the place where the store ends.
func (c *joint) start() error { return c.pass() }

// join adds a lap. Batches that the mover has already stored are passed over.
func (c *joint) join(l lap) error {
	for i, b := range l.batches {
		after := placeAfter(b)
		if after.next <= c.at.next {
			if after.next == c.at.next && after.hash != c.at.hash {
				return &journal.CorruptError{Sequence: b.First, Detail: "segment and journal.db disagree"}
			}
			continue
		}
		if b.First != c.at.next || l.prevs[i] != c.at.hash {
			return &journal.CorruptError{Sequence: c.at.next, Detail: fmt.Sprintf("segment goes on at %d, or with another past", b.First)}
		}
		c.at = after
		if err := c.pass(); err != nil {
			return err
		}
	}
	return nil
}

// pass compares hashes where the walk meets the marker or the base.
func (c *joint) pass() error {
	for _, p := range []place{c.marked, c.base} {
		if p.next == c.at.next && p.hash != c.at.hash {
			return &journal.CorruptError{Sequence: c.at.next - 1, Detail: "hash is not the one noted for it"}
		}
	}
	return nil
}

// finish looks whether the walk got as far as was ever acknowledged.
func (c *joint) finish() error {
	if c.at.next < c.marked.next || c.at.next < c.base.next {
		return &journal.CorruptError{Sequence: c.at.next,
			Detail: fmt.Sprintf("the log ends here, but was acknowledged up to %d", max(c.marked.next, c.base.next)-1)}
	}
	return nil
}

// settle makes the last record durable before anyone is shown it: a process that was killed, or a sync that failed,
// may have left it in the page cache alone, there even marked as clean. Writing the same bytes again is harmless.
func (j *Journal) settle(active int, l lap, head uint64) error {
	s := j.segments[active]
	if l.torn {
		j.log.Warn("dropped a torn record at the end of the journal, which was never acknowledged",
			"dir", j.dir, "segment", s.path, "offset", l.end, "sequence", head)
	}
	if j.reads || len(l.spans) == 0 {
		return nil
	}
	last := l.spans[len(l.spans)-1]
	buf := make([]byte, last.length)
	if err := s.read(s.file, buf, last.offset); err != nil {
		return err
	}
	if _, err := j.disk.write(s.file, buf, last.offset); err != nil {
		return err
	}
	return j.disk.sync(s.file)
}

// adopt takes over what was found.
func (j *Journal) adopt(m meta, laps [2]lap, older, active int, end place, marked marker) {
	j.head = journal.Head{Epoch: m.epoch, Next: end.next, Hash: end.hash}
	j.marking.Lock()
	j.marked = marked
	j.marking.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, s := range j.segments {
		s.size = m.segmentBytes
		s.generation = m.generations[i]
		s.index = laps[i].spans
		s.end = laps[i].end
		s.sealed = i == older && active != older
	}
	j.active = active
	j.epoch, j.base, j.stored, j.durable = m.epoch, m.base, m.stored, end
	j.published.Store(end.next)
	j.grown.Broadcast()
}
