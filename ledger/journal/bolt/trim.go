package bolt

import (
	"context"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// trimKeys is how many batches one transaction forgets: its syncs compete with those of appends.
const trimKeys = 1000

// Trim implements journal.Journal. It forgets the whole batches before the given sequence, in the store and in the
// segments alike; the first transaction settles that, the others give the space back.
func (j *Journal) Trim(ctx context.Context, before uint64) error {
	if j.reads {
		return ErrReadOnly
	}
	base, err := j.boundary(before)
	if err != nil {
		return err
	}
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := j.store.change(func(batches *bbolt.Bucket, m *meta) error {
			if m.base.next < base.next {
				m.base = base
			}
			more = forgetBatches(batches, m.base.next)
			return nil
		})
		if err != nil {
			return fmt.Errorf("journal/bolt: trimming %s: %w", j.dir, err)
		}
		j.mu.Lock()
		if j.base.next < m.base.next {
			j.base = m.base
		}
		j.mu.Unlock()
	}
	j.stir()
	return nil
}

// boundary gives the last place at or before the sequence where a batch begins or the log ends.
func (j *Journal) boundary(before uint64) (place, error) {
	j.mu.Lock()
	base, durable, closed := j.base, j.durable, j.closed
	j.mu.Unlock()
	switch {
	case closed:
		return place{}, journal.ErrClosed
	case before > durable.next:
		return place{}, fmt.Errorf("journal/bolt: trim before %d lies beyond the head at %d", before, durable.next)
	case before == durable.next:
		return durable, nil
	case before <= base.next:
		return base, nil
	}
	var c chunk
	if err := j.fetch(before, &c); err != nil {
		return place{}, err
	}
	b, err := j.firstOf(before, &c)
	if err != nil {
		return place{}, err
	}
	return j.placeBefore(b.First, &c)
}

// forgetBatches deletes some of the batches before base and reports whether there are more.
func forgetBatches(batches *bbolt.Bucket, base uint64) (more bool) {
	cursor := batches.Cursor()
	var keys [][]byte
	for k, _ := cursor.First(); k != nil && binary.BigEndian.Uint64(k) < base; k, _ = cursor.Next() {
		if len(keys) == trimKeys {
			more = true
			break
		}
		keys = append(keys, k)
	}
	for _, k := range keys {
		_ = batches.Delete(k) // fails only for a key that is a bucket, which Verify reports
	}
	return more
}
