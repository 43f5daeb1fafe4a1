package etcd

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// verdict is what is known of an append.
type verdict int

const (
	written   verdict = iota // it has happened
	unwritten                // it has not, and what was sent so far never will
	pending                  // it has not, but what was sent may still arrive
	full                     // there was no room for it
	fenced                   // it has not and cannot: the log has another owner
	unknown                  // it cannot be told
)

// Append implements journal.Journal. An answer that is lost is looked into until it is known what has happened: see
// resolve. Only if that takes longer than the patience, or ctx ends, does it answer ErrUnknown.
func (j *Journal) Append(ctx context.Context, head journal.Head, batch journal.Batch) (journal.Head, error) {
	if len(batch.Bytes) > journal.MaxBatchBytes {
		return head, journal.ErrTooLarge
	}
	j.appending.Lock()
	defer j.appending.Unlock()
	if err := j.admit(head, batch); err != nil {
		return head, err
	}
	h := j.mine
	patient, cancel := context.WithTimeout(ctx, j.cluster.config.Patience)
	defer cancel()
	for within := (patiences{}); ; {
		if ctx.Err() != nil {
			return head, ctx.Err() // nothing was written
		}
		// What is sent is not taken back when ctx ends or the journal is closed, for then nobody would know what has
		// become of it.
		resp, err := j.commitWithin(j.cluster.ctx, within.next(), h.appending(j.keys, batch))
		var v verdict
		switch {
		case err != nil:
			v, err = j.resolve(patient, batch, err)
		case resp.Succeeded:
			v = written
			j.cluster.wrote(resp.Header.Revision)
		default:
			v = h.judge(resp, batch)
			if v == unknown && decodedEpoch(resp) != h.epoch {
				v = fenced // the answer itself says that nothing was written
			}
		}
		switch v {
		case written:
			h.head = placeOf(head.After(batch))
			return h.at(), nil
		case unwritten:
			if patient.Err() != nil && ctx.Err() == nil {
				return head, j.lose(err) // so that the owner begins anew, and others may as well
			}
		case full:
			return head, fmt.Errorf("%w: %w", journal.ErrFull, err)
		case fenced:
			j.mine = nil
			return head, journal.ErrFenced
		default:
			return head, j.lose(err)
		}
	}
}

// admit answers why the append may not go ahead, or nil; appending is held.
func (j *Journal) admit(head journal.Head, batch journal.Batch) error {
	h := j.mine
	switch {
	case j.ctx.Err() != nil:
		return journal.ErrClosed
	case h == nil || head.Epoch != h.epoch:
		return journal.ErrFenced
	case h.unknown != nil:
		return fmt.Errorf("%w: since an earlier append: %w", journal.ErrUnknown, h.unknown)
	case placeOf(head) != h.head:
		return journal.ErrFenced
	}
	return batch.Follows(head)
}

// lose notes that nobody knows whether the append under way has happened; appending is held.
func (j *Journal) lose(err error) error {
	if err == nil {
		err = errors.New("the head key is not what its owner put there")
	}
	j.mine.unknown = err
	if j.ctx.Err() == nil {
		j.log.Error("journal append failed; refusing appends until acquired again", "error", err)
	}
	return fmt.Errorf("%w: %w", journal.ErrUnknown, err)
}

// appending is the transaction of an append. The owner and the head are compared byte for byte with what this owner
// put there, in the step that writes.
func (h *holding) appending(k keys, batch journal.Batch) txn {
	return txn{
		compare: h.unchanged(k),
		then: []clientv3.Op{
			clientv3.OpPut(k.batch(batch.First), string(batch.Bytes)),
			clientv3.OpPut(k.head, encodeHead(after(batch), h.tries)),
		},
		otherwise: look(k, batch),
		log:       k.head,
		bytes:     len(batch.Bytes),
	}
}

func (h *holding) unchanged(k keys) []clientv3.Cmp {
	return []clientv3.Cmp{
		clientv3.Compare(clientv3.Value(k.owner), "=", h.owner),
		clientv3.Compare(clientv3.Value(k.head), "=", encodeHead(h.head, h.tries)),
	}
}

// look gets what judge looks at.
func look(k keys, batch journal.Batch) []clientv3.Op {
	return []clientv3.Op{clientv3.OpGet(k.owner), clientv3.OpGet(k.head), clientv3.OpGet(k.batch(batch.First))}
}

func after(batch journal.Batch) place { return placeOf(journal.Head{}.After(batch)) }

// judge tells from an answer with what look gets whether the append of batch has happened.
func (h *holding) judge(resp *clientv3.TxnResponse, batch journal.Batch) verdict {
	owner, head, there := kvOf(resp, 0), kvOf(resp, 1), kvOf(resp, 2)
	if owner == nil || head == nil {
		return unknown
	}
	if string(owner.Value) == h.owner {
		switch string(head.Value) {
		case encodeHead(after(batch), h.tries):
			return written
		case encodeHead(h.head, h.tries):
			return pending
		case encodeHead(h.head, h.tries+1):
			h.tries++
			return unwritten
		}
		return unknown
	}
	// Another owner. Its head may be past the batch, and what lies there may be the other's as well as ours.
	next, _, err := decodeHead(head.Value)
	switch {
	case err != nil:
		return unknown
	case next.next <= batch.First:
		return fenced
	case there == nil:
		return unknown // trimmed since
	case !bytes.Equal(there.Value, batch.Bytes):
		return fenced
	case decodedEpoch(resp) == h.epoch+1 && there.CreateRevision < owner.ModRevision:
		return written // before the next owner took over, nobody else could
	}
	return unknown
}

// decodedEpoch is the epoch in an answer with what look gets, or 0.
func decodedEpoch(resp *clientv3.TxnResponse) uint64 {
	o, _ := decodeOwnership(valueOf(resp, 0))
	return o.epoch
}

// kvOf is what the n-th operation of a transaction got, or nil if there is nothing.
func kvOf(resp *clientv3.TxnResponse, n int) *mvccpb.KeyValue {
	if got := resp.Responses[n].GetResponseRange(); got != nil && len(got.Kvs) > 0 {
		return got.Kvs[0]
	}
	return nil
}
