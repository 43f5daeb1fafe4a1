package etcd

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// ErrBegun says that a log has been begun already, and has not the end at which it should begin.
var ErrBegun = errors.New("journal/etcd: the log has been begun already")

// Begin makes a log that goes on where another ends: its first entry will be the one after head, and follow that hash; what
// lies before is elsewhere, as after Trim. Whoever acquires it next has the epoch after head's. It never touches a log that is
// there: one with just that end, whether Begin made it or an owner came to it, is what was asked for, and any other is
// ErrBegun. So it may be repeated.
//
// The owner puts its name there for people; nobody owns the log yet.
func (c *Cluster) Begin(ctx context.Context, name, owner string, head journal.Head) error {
	j, err := c.Open(name)
	if err != nil {
		return err
	}
	defer j.Close()
	if len(owner) > longestName {
		owner = owner[:longestName]
	}
	at := placeOf(head)
	t := txn{
		compare: []clientv3.Cmp{absent(j.keys.owner), absent(j.keys.head)},
		then: []clientv3.Op{
			clientv3.OpPut(j.keys.owner, newOwnership(head.Epoch, owner).encode()),
			clientv3.OpPut(j.keys.head, encodeHead(at, 0)),
			clientv3.OpPut(j.keys.base, encodeBase(at)),
		},
		otherwise: []clientv3.Op{clientv3.OpGet(j.keys.head), clientv3.OpGet(j.keys.base)},
	}
	// An answer that is lost needs no care: the next try finds what the one before it has written.
	var found error
	err = j.persist(ctx, func(ctx context.Context) error {
		resp, err := c.commit(ctx, name, t)
		switch {
		case isNoSpace(err):
			return fmt.Errorf("%w: %w", journal.ErrFull, err)
		case err != nil:
			return err
		case resp.Succeeded:
			c.wrote(resp.Header.Revision)
			return nil
		}
		found, err = begun(name, at, valueOf(resp, 0), valueOf(resp, 1))
		return err
	})
	if err != nil {
		return j.because(ctx, fmt.Errorf("journal/etcd: beginning %s: %w", name, err))
	}
	return found
}

// begun says in what a log that is there differs from one that ends at a place; the second error is that it cannot be read.
func begun(name string, at place, headValue, baseValue []byte) (differs, err error) {
	head, _, err := decodeHead(headValue)
	if err != nil {
		return nil, err
	}
	base, err := decodeBase(baseValue)
	if err != nil {
		return nil, err
	}
	switch {
	case head == at:
		return nil, nil
	case head.next == at.next:
		return fmt.Errorf("%w: %s ends at %d as well, and its last entry is another one", ErrBegun, name, at.next-1), nil
	default:
		return fmt.Errorf("%w: %s has entries from %d, its last is %d, and not %d", ErrBegun, name, base.next, head.next-1, at.next-1), nil
	}
}
