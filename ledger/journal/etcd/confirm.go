package etcd

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Confirm implements journal.Journal: a quorum tells who the owner is.
func (j *Journal) Confirm(ctx context.Context, head journal.Head) error {
	j.appending.Lock()
	h := j.mine
	j.appending.Unlock()
	if j.ctx.Err() != nil {
		return journal.ErrClosed
	}
	if h == nil || head.Epoch != h.epoch {
		return journal.ErrFenced
	}
	ctx, cancel := j.within(ctx)
	defer cancel()
	var owner string
	err := j.persist(ctx, func(ctx context.Context) error {
		resp, err := j.cluster.client.Get(ctx, j.keys.owner, clientv3.WithLimit(1))
		if err == nil && len(resp.Kvs) > 0 {
			owner = string(resp.Kvs[0].Value)
		}
		return err
	})
	switch {
	case err != nil:
		return j.because(ctx, err)
	case owner != h.owner:
		return journal.ErrFenced
	}
	return nil
}
