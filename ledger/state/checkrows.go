package state

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger"
)

// checkRows looks at every row of the file, and for it: one that is damaged, or is not where its key is looked for, would be
// missed.
func (s *State) checkRows() error {
	return s.view(func(tx *bolt.Tx) error {
		for _, name := range bucketRows {
			if string(name) == string(bucketDeadlines) {
				continue // these are keys alone
			}
			b := tx.Bucket(name)
			c := b.Cursor()
			for k, v := c.First(); k != nil; k, v = c.Next() {
				if _, ok := unseal(k, v); !ok || string(b.Get(k)) != string(v) {
					return &CorruptError{s.path, fmt.Sprintf("row %q of %s is damaged", k, name)}
				}
			}
		}
		return s.checkDeadlines(tx)
	})
}

// checkDeadlines looks for the deadline of every account in the index. The index may have more than it must.
func (s *State) checkDeadlines(tx *bolt.Tx) error {
	due := tx.Bucket(bucketDeadlines).Cursor()
	accounts := tx.Bucket(bucketAccounts).Cursor()
	for k, v := accounts.First(); k != nil; k, v = accounts.Next() {
		at := deadlineOf(v)
		if at == 0 {
			continue
		}
		id := ledger.AccountID(binary.BigEndian.Uint64(k))
		key := deadlineKey(nil, at, id)
		if found, _ := due.Seek(key); string(found) != string(key) {
			return &CorruptError{s.path, fmt.Sprintf("the deadline of account %s is gone", id)}
		}
	}
	return nil
}
