package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger"
)

// deadlines keeps the index of deadlines in step with the accounts' rows. It gathers what a transaction changes and
// makes the changes in order of their keys: accounts come in order of their ids, and bbolt moves everything behind a key
// that is put between others.
type deadlines struct{ gone, due [][]byte }

// note compares an account's deadline with the one that it had in the file.
func (d *deadlines) note(id ledger.AccountID, before, after int64) {
	if before == after {
		return
	}
	if before != 0 {
		d.gone = append(d.gone, deadlineKey(nil, before, id))
	}
	if after != 0 {
		d.due = append(d.due, deadlineKey(nil, after, id))
	}
}

// apply makes the changes and forgets them.
func (d *deadlines) apply(tx *bolt.Tx) error {
	b := tx.Bucket(bucketDeadlines)
	slices.SortFunc(d.gone, bytes.Compare)
	for _, key := range d.gone {
		if err := b.Delete(key); err != nil {
			return err
		}
	}
	slices.SortFunc(d.due, bytes.Compare)
	for _, key := range d.due {
		if err := b.Put(key, nil); err != nil {
			return err
		}
	}
	d.gone, d.due = d.gone[:0], d.due[:0]
	return nil
}

// Due finds accounts whose next deadline is not after the instant, the earliest first, behind a place in the index, and
// answers with the place to go on behind; nil when nothing more is due. It looks at so many deadlines of the file at most,
// and asks memory about those that have changed since they were flushed, which may be all of them: an account that got its
// deadline since then is found after the next flush.
func (s *State) Due(after []byte, now int64, looks int) (due []ledger.AccountID, next []byte, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		c := tx.Bucket(bucketDeadlines).Cursor()
		k, _ := c.Seek(after)
		if k != nil && bytes.Equal(k, after) {
			k, _ = c.Next()
		}
		for ; k != nil; k, _ = c.Next() {
			if len(k) != 16 {
				return &CorruptError{s.path, fmt.Sprintf("deadline %x", k)}
			}
			if int64(binary.BigEndian.Uint64(k)) > now {
				return nil
			}
			if id := ledger.AccountID(binary.BigEndian.Uint64(k[8:])); s.stillDue(id, now) {
				due = append(due, id)
			}
			if looks--; looks == 0 {
				next = slices.Clone(k)
				return nil
			}
		}
		return nil
	})
	return due, next, err
}

// stillDue says whether an account that is due by the file is so by memory too.
func (s *State) stillDue(id ledger.AccountID, now int64) bool {
	value, ok := s.accounts.get(id)
	if !ok {
		return true
	}
	deadline := deadlineOf(value)
	return deadline != 0 && deadline <= now
}
