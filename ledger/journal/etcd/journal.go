package etcd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// Journal is a handle on one log. It implements journal.Journal.
type Journal struct {
	cluster *Cluster
	name    string
	keys    keys
	log     *slog.Logger
	tail    *tail

	ctx    context.Context // ended by Close
	cancel context.CancelFunc

	// appending is held through an append and through Acquire. It owns mine.
	appending sync.Mutex
	mine      *holding // what Acquire got; nil before, and once somebody else is known to have acquired
}

var _ journal.Journal = (*Journal)(nil)

// holding is what an owner knows of the log.
type holding struct {
	epoch   uint64
	owner   string // the value of the owner key
	head    place
	tries   uint64 // as in the value of the head key
	unknown error  // why nobody knows whether the last append has happened
}

// longestName bounds the names of logs and of owners, in bytes, so that no request is larger than the probe.
const longestName = 256

// Open opens a log, which is empty if the cluster has none of that name. It asks nothing of the cluster.
func (c *Cluster) Open(name string) (*Journal, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	j := &Journal{cluster: c, name: name, keys: keysOf(c.config.Prefix, name), log: c.config.Logger.With("log", name)}
	j.ctx, j.cancel = context.WithCancel(c.ctx)
	j.tail = newTail(j)
	return j, nil
}

// Close implements journal.Journal. It waits for the answer to a request of an append under way, so as to know what
// becomes of it, but does not look into one that is lost: that ends with ErrUnknown.
func (j *Journal) Close() error {
	j.cancel()
	j.tail.done()
	j.appending.Lock()
	defer j.appending.Unlock()
	j.mine = nil
	return nil
}

// Acquire implements journal.Journal. The first transaction takes the log to be new; one that finds an owner tells
// who it is, and the next one takes over from it. Nobody's appends stand in the way.
func (j *Journal) Acquire(ctx context.Context, owner string) (journal.Head, error) {
	j.appending.Lock()
	defer j.appending.Unlock()
	ctx, cancel := j.within(ctx)
	defer cancel()
	ctx, cancelPatience := context.WithTimeout(ctx, j.cluster.config.Patience)
	defer cancelPatience()
	if len(owner) > longestName {
		owner = owner[:longestName]
	}
	j.mine = nil
	before := ""
	for try := (pauses{}); ; {
		epoch, err := epochAfter(before)
		if err != nil {
			return journal.Head{}, err
		}
		h := holding{epoch: epoch, owner: newOwnership(epoch, owner).encode(), head: start}
		resp, err := j.commit(ctx, h.acquiring(j.keys, before))
		switch {
		case err == nil && resp.Succeeded:
			if before != "" {
				if h.head, h.tries, err = decodeHead(valueOf(resp, len(resp.Responses)-1)); err != nil {
					return journal.Head{}, err
				}
			}
			j.cluster.wrote(resp.Header.Revision)
			j.mine = &h
			return h.at(), nil
		case err == nil && valueOf(resp, 0) == nil:
			return journal.Head{}, &journal.CorruptError{Detail: "the log has a head and no owner"}
		case err == nil:
			before = string(valueOf(resp, 0))
		case isNoSpace(err):
			return journal.Head{}, fmt.Errorf("%w: %w", journal.ErrFull, err)
		case !passing(err) || try.wait(ctx) != nil:
			return journal.Head{}, j.because(ctx, fmt.Errorf("journal/etcd: acquiring %s: %w", j.name, err))
		}
	}
}

// epochAfter is the epoch of whoever takes over from the owner with that value; "" is nobody.
func epochAfter(before string) (uint64, error) {
	if before == "" {
		return 1, nil
	}
	o, err := decodeOwnership([]byte(before))
	return o.epoch + 1, err
}

// acquiring is the transaction that takes over from the owner with the value before, or makes the log if that is "".
func (h *holding) acquiring(k keys, before string) txn {
	if before == "" {
		return txn{
			compare: []clientv3.Cmp{absent(k.owner), absent(k.head)},
			then: []clientv3.Op{
				clientv3.OpPut(k.owner, h.owner),
				clientv3.OpPut(k.head, encodeHead(h.head, h.tries)),
				clientv3.OpPut(k.base, encodeBase(start)),
				clientv3.OpPut(k.whole, isWhole),
			},
			otherwise: []clientv3.Op{clientv3.OpGet(k.owner)},
		}
	}
	return txn{
		compare:   []clientv3.Cmp{clientv3.Compare(clientv3.Value(k.owner), "=", before)},
		then:      []clientv3.Op{clientv3.OpPut(k.owner, h.owner), clientv3.OpGet(k.head)},
		otherwise: []clientv3.Op{clientv3.OpGet(k.owner)},
	}
}

func (h *holding) at() journal.Head {
	return journal.Head{Epoch: h.epoch, Next: h.head.next, Hash: h.head.hash}
}

// within makes a context that also ends when the journal is closed.
func (j *Journal) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(j.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// because is the error to answer with where err came up: that the journal was closed or ctx is over comes first.
func (j *Journal) because(ctx context.Context, err error) error {
	switch {
	case j.ctx.Err() != nil:
		return journal.ErrClosed
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", err, ctx.Err())
	}
	return err
}

// commit commits a transaction, within the timeout.
func (j *Journal) commit(ctx context.Context, t txn) (resp *clientv3.TxnResponse, err error) {
	return j.commitWithin(ctx, j.cluster.config.Timeout, t)
}

// commitWithin commits a transaction within a time of its own, which the timeout bounds.
func (j *Journal) commitWithin(ctx context.Context, within time.Duration, t txn) (resp *clientv3.TxnResponse, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err = j.cluster.call(ctx, func(ctx context.Context) error {
		resp, err = j.cluster.commit(ctx, j.name, t)
		return err
	})
	return resp, err
}

func absent(key string) clientv3.Cmp { return clientv3.Compare(clientv3.CreateRevision(key), "=", 0) }

// valueOf is the value that the n-th operation of a transaction got, or nil if there is none.
func valueOf(resp *clientv3.TxnResponse, n int) []byte {
	if kv := kvOf(resp, n); kv != nil {
		return kv.Value
	}
	return nil
}
