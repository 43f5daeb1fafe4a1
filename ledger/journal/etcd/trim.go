package etcd

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// trimKeys is how many batches one transaction deletes: appends wait while it is applied.
const trimKeys = 128

// Trim implements journal.Journal. First it puts where the kept log begins; then it deletes what lies before. If it is
// interrupted in between, the next Trim deletes what was left.
func (j *Journal) Trim(ctx context.Context, before uint64) error {
	ctx, cancel := j.within(ctx)
	defer cancel()
	if err := j.trim(ctx, before); err != nil {
		return j.because(ctx, err)
	}
	return nil
}

func (j *Journal) trim(ctx context.Context, before uint64) error {
	v, err := j.view(ctx)
	if err != nil {
		return err
	}
	if before > v.head.next {
		return fmt.Errorf("journal/etcd: trim before %d lies beyond the head at %d", before, v.head.next)
	}
	for before > v.base.next {
		to, err := j.boundary(ctx, v, before)
		if err != nil {
			return err
		}
		if to == v.base {
			break
		}
		if err := j.rebase(ctx, v.base, to); err != nil {
			return fmt.Errorf("journal/etcd: trimming %s: %w", j.name, err)
		}
		// Somebody else may have been quicker. The base only ever grows.
		if v, err = j.view(ctx); err != nil {
			return err
		}
	}
	return j.deleteBefore(ctx, v.base.next)
}

// boundary gives the last place at or before the sequence where a batch begins or the log ends.
func (j *Journal) boundary(ctx context.Context, v view, before uint64) (place, error) {
	if before == v.head.next {
		return v.head, nil
	}
	first, err := j.beginning(ctx, v, before)
	if err != nil {
		return place{}, err
	}
	if first == v.base.next {
		return v.base, nil
	}
	return j.placeAt(ctx, v, first)
}

// rebase makes the kept log begin at to, if it begins at from. It may be repeated.
func (j *Journal) rebase(ctx context.Context, from, to place) error {
	return j.persist(ctx, func(ctx context.Context) error {
		resp, err := commit(ctx, j.cluster.client, j.name, txn{
			compare: []clientv3.Cmp{clientv3.Compare(clientv3.Value(j.keys.base), "=", encodeBase(from))},
			then:    []clientv3.Op{clientv3.OpPut(j.keys.base, encodeBase(to))},
		})
		if err == nil {
			j.cluster.wrote(resp.Header.Revision)
		}
		if isNoSpace(err) {
			err = fmt.Errorf("%w: %w", journal.ErrFull, err)
		}
		return err
	})
}

// deleteBefore deletes the batches before the kept log, some at a time.
func (j *Journal) deleteBefore(ctx context.Context, base uint64) error {
	for {
		var more bool
		err := j.persist(ctx, func(ctx context.Context) error {
			old, err := j.cluster.client.Get(ctx, j.keys.batches, clientv3.WithRange(j.keys.batch(base)),
				clientv3.WithLimit(trimKeys), clientv3.WithKeysOnly())
			if more = err == nil && len(old.Kvs) > 0; !more {
				return err
			}
			last := string(old.Kvs[len(old.Kvs)-1].Key)
			gone, err := j.cluster.client.Delete(ctx, j.keys.batches, clientv3.WithRange(last+"\x00"))
			if err == nil {
				j.cluster.wrote(gone.Header.Revision)
			}
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}
