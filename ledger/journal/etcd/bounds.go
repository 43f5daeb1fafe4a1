package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Bounds are where the log begins and ends, as a quorum tells it: the sequence of the first entry that is kept, and the one
// that the next entry gets.
func (j *Journal) Bounds(ctx context.Context) (first, next uint64, err error) {
	v, err := j.view(ctx)
	return v.base.next, v.head.next, err
}

// End is where the log ends, as a quorum tells it. It is nobody's head: it has no epoch.
func (j *Journal) End(ctx context.Context) (journal.Head, error) {
	v, err := j.view(ctx)
	return journal.Head{Next: v.head.next, Hash: v.head.hash}, err
}

// ID is the id that the etcd cluster gave itself when it was made, in hexadecimal digits. A cluster that is restored from a
// snapshot has another.
func (c *Cluster) ID(ctx context.Context) (id string, err error) {
	err = c.call(ctx, func(ctx context.Context) error {
		resp, err := c.client.Get(ctx, c.config.Prefix, clientv3.WithCountOnly())
		if err == nil {
			id = fmt.Sprintf("%x", resp.Header.ClusterId)
		}
		return err
	})
	return id, err
}

// endsAtOnce is how many keys are asked for in one transaction; etcd takes 128 operations unless told otherwise.
const endsAtOnce = 100

// Ends are the sequences that the next entries of some logs get, all as of one moment: one revision of the etcd cluster. So
// whoever appended to one log only when an append to another had been acknowledged, is seen with both, or with the first, or
// with neither.
func (c *Cluster) Ends(ctx context.Context, names []string) (next []uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Patience)
	defer cancel()
	for try := (pauses{}); ; {
		next, err = c.ends(ctx, names)
		again := waitable(err) || errors.Is(err, rpctypes.ErrCompacted) // the moment was forgotten on the way: another is as good
		if err == nil || !again || try.wait(ctx) != nil {
			return next, err
		}
	}
}

func (c *Cluster) ends(ctx context.Context, names []string) (next []uint64, err error) {
	revision := int64(0) // that of the first answer, which a quorum has agreed on
	for some := range slices.Chunk(names, endsAtOnce) {
		var gets []clientv3.Op
		for _, name := range some {
			gets = append(gets, clientv3.OpGet(keysOf(c.config.Prefix, name).head, clientv3.WithRev(revision)))
		}
		var resp *clientv3.TxnResponse
		err := c.call(ctx, func(ctx context.Context) (err error) {
			resp, err = c.commit(ctx, "", txn{then: gets})
			return err
		})
		if err != nil {
			return nil, err
		}
		if revision == 0 {
			revision = resp.Header.Revision
		}
		for i := range some {
			at := start // nobody has acquired it yet
			if value := valueOf(resp, i); value != nil {
				if at, _, err = decodeHead(value); err != nil {
					return nil, err
				}
			}
			next = append(next, at.next)
		}
	}
	return next, nil
}
