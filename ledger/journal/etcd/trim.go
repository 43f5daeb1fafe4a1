package etcd

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
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
	for before > v.base.next || !v.whole {
		to, err := j.boundary(ctx, v, before)
		if err != nil {
			return err
		}
		if to == v.base && v.whole {
			break
		}
		if err = j.rebase(ctx, v, to); isNoSpace(err) {
			return j.trimSpaceless(ctx, v, to)
		} else if err != nil {
			return fmt.Errorf("journal/etcd: trimming %s: %w", j.name, err)
		}
		// Somebody else may have been quicker. The base only ever grows.
		if v, err = j.view(ctx); err != nil {
			return err
		}
	}
	return j.deleteBefore(ctx, v.base.next)
}

// trimSpaceless trims a log in a cluster that is out of space. Nothing can be put there, not even where the kept log
// begins; but only trimming makes space. Deleting is allowed, so first the key goes that says that the base is true.
// From then on the log begins with its first batch, whichever that is, until a later Trim can put the base again.
func (j *Journal) trimSpaceless(ctx context.Context, v view, to place) error {
	err := j.persist(ctx, func(ctx context.Context) error {
		_, err := commit(ctx, j.cluster.client, txn{
			compare: []clientv3.Cmp{clientv3.Compare(clientv3.Value(j.keys.base), "=", encodeBase(v.stored))},
			then:    []clientv3.Op{clientv3.OpDelete(j.keys.whole)},
		})
		return err
	})
	if err == nil {
		v, err = j.view(ctx) // the base may have been put all the same, as the last thing that there was space for
	}
	if err == nil && v.whole && v.base.next < to.next {
		return j.trim(ctx, to.next) // somebody else was quicker, and meant less
	}
	if err == nil {
		err = j.deleteBefore(ctx, max(to.next, v.base.next))
	}
	if err != nil {
		return fmt.Errorf("journal/etcd: trimming %s, out of space: %w", j.name, err)
	}
	j.log.Warn("trimmed a journal in an etcd that is out of space: compact and defragment it, and disarm its alarm", "before", to.next)
	return nil
}

// boundary gives the last place at or before the sequence where a batch begins or the log ends.
func (j *Journal) boundary(ctx context.Context, v view, before uint64) (place, error) {
	switch {
	case before <= v.base.next:
		return v.base, nil
	case before == v.head.next:
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

// rebase puts that the kept log begins at to, if what the view has is still so. It may be repeated.
func (j *Journal) rebase(ctx context.Context, v view, to place) error {
	return j.persist(ctx, func(ctx context.Context) error {
		resp, err := commit(ctx, j.cluster.client, txn{
			compare: []clientv3.Cmp{clientv3.Compare(clientv3.Value(j.keys.base), "=", encodeBase(v.stored))},
			then:    []clientv3.Op{clientv3.OpPut(j.keys.base, encodeBase(to)), clientv3.OpPut(j.keys.whole, isWhole)},
		})
		if err == nil {
			j.cluster.wrote(resp.Header.Revision)
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
