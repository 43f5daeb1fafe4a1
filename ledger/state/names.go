package state

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// namesExpected is how many names of one kind a filter has room for before it grows.
func (s *State) namesExpected() int {
	var size int64
	_ = s.view(func(tx *bolt.Tx) error { size = tx.Size(); return nil })
	return 1<<20 + int(size/bytesPerName)
}

// bytesPerName is about how many bytes the file has for each name of one kind, or fewer.
const bytesPerName = 1_000

// named are the buffers that have a filter, those first that orders ask.
func (s *State) named() []*buffer { return []*buffer{s.orders, s.receipts, s.consumers, s.applicants} }

// nameless says whether the file has no names, for certain. That nothing has been marked as flushed does not say so: a
// crash in the middle of the first cycle leaves rows without a mark.
func (s *State) nameless() bool {
	empty := true
	err := s.view(func(tx *bolt.Tx) error {
		for _, in := range s.named() {
			if k, _ := tx.Bucket(in.bucket).Cursor().First(); k != nil {
				empty = false
			}
		}
		return nil
	})
	return err == nil && empty
}

// loadNames tells the filters of every name in the file. Until one is done every name is a maybe to it. On the way it checks
// every row, because a damaged name would be missed by the one lookup that must not miss it: whether a request has been
// carried out before.
func (s *State) loadNames() {
	begun, count := time.Now(), 0
	for _, in := range s.named() {
		var after []byte
		for done := false; !done; {
			select {
			case <-s.stop:
				return
			default:
			}
			err := s.view(func(tx *bolt.Tx) (err error) {
				after, done, err = s.loadStretch(tx, in, after, &count)
				return err
			})
			s.touch(50_000 / 16) // in order: some names lie on one page
			if err != nil {
				if corrupt := (*CorruptError)(nil); errors.As(err, &corrupt) {
					s.damage.Store(&err)
				}
				return // or closed
			}
		}
		in.names.ready.Store(true)
	}
	s.options.Logger.Debug("names loaded", "count", count, "took", time.Since(begun))
}

// loadStretch tells a buffer's filter of some 50,000 names after one, up to the end of a leaf, and answers with the last of them.
func (s *State) loadStretch(tx *bolt.Tx, in *buffer, after []byte, count *int) (last []byte, done bool, err error) {
	b := tx.Bucket(in.bucket)
	c, l := b.Cursor(), newLeaves(tx, b)
	k, v := c.First()
	if after != nil {
		if k, v = c.Seek(after); string(k) == string(after) {
			l.goOn(k, v)
			k, v = c.Next()
		}
	}
	last = after
	for n := 0; k != nil; n++ {
		whole, begins := l.row(k, v)
		if begins && n > 50_000 {
			return last, false, nil
		}
		if _, ok := unseal(k, v); !ok || !whole || last != nil && string(k) <= string(last) {
			return nil, false, &CorruptError{s.path, fmt.Sprintf("row %q of %s is damaged", k, in.bucket)}
		}
		in.names.add(in.hash(k))
		*count++
		last = append(last[:0], k...)
		k, v = c.Next()
	}
	if !l.whole() {
		return nil, false, &CorruptError{s.path, fmt.Sprintf("rows of %s after %q are gone", in.bucket, last)}
	}
	return last, true, nil
}
