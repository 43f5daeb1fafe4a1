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

// smallFile is how large a file may be to be read through before it is used: it takes a tenth of a second.
const smallFile = 32 << 20

func (s *State) small() (small bool) {
	return s.view(func(tx *bolt.Tx) error { small = tx.Size() <= smallFile; return nil }) == nil && small
}

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
// carried out before. Closely, each row is looked up as well.
func (s *State) loadNames(closely bool) {
	begun, count := time.Now(), 0
	for _, in := range s.named() {
		var after []byte
		for done := false; !done; {
			select {
			case <-s.stop:
				return
			default:
			}
			err := s.view(func(tx *bolt.Tx) error {
				b := tx.Bucket(in.bucket)
				c := b.Cursor()
				k, v := c.First()
				if after != nil {
					if k, v = c.Seek(after); string(k) == string(after) {
						k, v = c.Next()
					}
				}
				for n := 0; k != nil && n < 50_000; n++ {
					if _, ok := unseal(k, v); !ok || closely && string(b.Get(k)) != string(v) || after != nil && string(k) <= string(after) {
						return &CorruptError{s.path, fmt.Sprintf("row %q of %s is damaged", k, in.bucket)}
					}
					in.names.add(in.hash(k))
					count++
					after = append(after[:0], k...)
					k, v = c.Next()
				}
				done = k == nil
				return nil
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
