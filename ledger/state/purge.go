package state

import (
	"bytes"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/record"
)

// PurgeReceipts looks at up to limit receipts after a key and deletes those made before the instant, which have
// outlived their keeping. It answers with the key to go on after, empty at the end.
func (s *State) PurgeReceipts(after []byte, before int64, limit int) (next []byte, purged int, err error) {
	var old [][]byte
	err = s.view(func(tx *bolt.Tx) error {
		c := tx.Bucket(bucketReceipts).Cursor()
		k, v := c.Seek(after)
		if k != nil && bytes.Equal(k, after) {
			k, v = c.Next()
		}
		for n := 0; k != nil && n < limit; n++ {
			if outlived(k, v, before) {
				old = append(old, slices.Clone(k))
			}
			next = append(next[:0], k...)
			k, v = c.Next()
		}
		if k == nil {
			next = nil
		}
		return nil
	})
	if err != nil || len(old) == 0 {
		return next, 0, err
	}
	err = s.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketReceipts)
		for _, k := range old {
			if !outlived(k, b.Get(k), before) {
				continue // the request was made again since, and a flush cycle wrote its new receipt
			}
			if err := b.Delete(k); err != nil {
				return err
			}
			purged++
		}
		return nil
	})
	s.generation.Add(1)
	return next, purged, err
}

// outlived says whether a receipt in the file was made before an instant.
func outlived(key, value []byte, before int64) bool {
	var r ledger.Receipt
	row, ok := unseal(key, value)
	return ok && record.DecodeReceipt(row, &r) == nil && int64(r.Time) < before
}
