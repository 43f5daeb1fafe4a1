package etcd

import (
	"context"
	"errors"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// view is the log at one revision of the cluster.
type view struct {
	base, head place
	revision   int64

	stored place // what the base key has
	whole  bool  // that is so; or else the log begins with its first batch
}

// view looks at where the log begins and ends, now: it is told by a quorum. Failures that pass are waited for until ctx
// ends, or for the patience.
func (j *Journal) view(ctx context.Context) (v view, err error) {
	err = j.persist(ctx, func(ctx context.Context) error {
		t := txn{then: []clientv3.Op{clientv3.OpGet(j.keys.head), clientv3.OpGet(j.keys.base), clientv3.OpGet(j.keys.whole)}}
		resp, err := commit(ctx, j.cluster.client, t)
		if err != nil {
			return err
		}
		v = view{base: start, head: start, revision: resp.Header.Revision, stored: start, whole: true}
		head, base := valueOf(resp, 0), valueOf(resp, 1)
		if head == nil && base == nil {
			return nil // nobody has acquired it yet
		}
		if v.head, _, err = decodeHead(head); err != nil {
			return err
		}
		if v.stored, err = decodeBase(base); err == nil && v.stored.next > v.head.next {
			err = &journal.CorruptError{Detail: "the log begins after its end"}
		}
		v.base, v.whole = v.stored, valueOf(resp, 2) != nil
		if err == nil && !v.whole {
			err = j.firstKept(ctx, &v)
		}
		return err
	})
	return v, err
}

// firstKept finds the base of a log whose base key is behind.
func (j *Journal) firstKept(ctx context.Context, v *view) error {
	resp, err := j.cluster.client.Get(ctx, j.keys.batches, clientv3.WithRange(j.keys.end), clientv3.WithLimit(1))
	switch {
	case err != nil:
		return err
	case len(resp.Kvs) == 0:
		v.base = v.head
		return nil
	}
	v.base, err = startOf(resp.Kvs[0])
	return err
}

// persist repeats a request that only reads until it is answered.
func (j *Journal) persist(ctx context.Context, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, j.cluster.config.Patience)
	defer cancel()
	var corrupt *journal.CorruptError
	for try := (pauses{}); ; {
		err := j.cluster.call(ctx, request)
		if err == nil || errors.As(err, &corrupt) || !passing(err) || try.wait(ctx) != nil {
			return err
		}
	}
}

// A page is what one request reads of the log: as many batches as come to about pageBytes, going by the largest of the
// page before, and never more than pageBatches of them.
const (
	pageBytes   = 4 << 20
	pageBatches = 64
)

// page reads the batches that begin in [from, to), the first limit of them, as they were at the view's revision, or
// as they are now if etcd has forgotten that: batches never change.
func (j *Journal) page(ctx context.Context, v *view, from, to uint64, limit int) (page []*mvccpb.KeyValue, err error) {
	err = j.persist(ctx, func(ctx context.Context) error {
		get := func() (*clientv3.GetResponse, error) {
			return j.cluster.client.Get(ctx, j.keys.batch(from), clientv3.WithRange(j.keys.batch(to)),
				clientv3.WithLimit(int64(limit)), clientv3.WithRev(v.revision))
		}
		resp, err := get()
		if errors.Is(err, rpctypes.ErrCompacted) {
			v.revision = 0
			resp, err = get()
		}
		if err == nil {
			page = resp.Kvs
		}
		return err
	})
	return page, err
}

// beginning finds the first sequence of the batch that holds the sequence at, which lies between the view's base and
// its head. It counts keys, for which etcd reads no values, in spans that double backwards, and then in halves.
func (j *Journal) beginning(ctx context.Context, v view, at uint64) (uint64, error) {
	begins := func(from uint64) (some bool, err error) {
		err = j.persist(ctx, func(ctx context.Context) error {
			resp, err := j.cluster.client.Get(ctx, j.keys.batch(from), clientv3.WithRange(j.keys.batch(at+1)), clientv3.WithCountOnly())
			some = err == nil && resp.Count > 0
			return err
		})
		return some, err
	}
	low, high := at, at+1 // the batch begins at low or before, until it is known to begin before high
	for span := uint64(1); ; span *= 2 {
		some, err := begins(low)
		if err != nil {
			return 0, err
		}
		if some {
			break
		}
		if low == v.base.next {
			return 0, j.missing(ctx, low)
		}
		high, low = low, max(v.base.next, low-min(low, span))
	}
	for low+1 < high {
		middle := low + (high-low)/2
		some, err := begins(middle)
		if err != nil {
			return 0, err
		}
		if some {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// missing is what to say of a batch that is not where it should be: it has been trimmed meanwhile, or it is lost.
func (j *Journal) missing(ctx context.Context, sequence uint64) error {
	now, err := j.view(ctx)
	switch {
	case err != nil:
		return err
	case now.base.next > sequence:
		return journal.ErrTrimmed
	}
	return &journal.CorruptError{Sequence: sequence, Detail: "its batch is missing"}
}
