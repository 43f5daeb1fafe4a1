package etcd

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// resolve finds out what has become of an append that was answered with err, or not at all.
//
// To read the head is not enough: if it is still the old one, the request may be on its way yet, in a buffer or in
// the log of a leader that is about to be elected again. So the owner puts the head as it was with one more try in it,
// under the condition that it is as it was. Either that succeeds, and then what was sent before can never succeed; or
// it does not, and then the answer tells what is there instead. An answer of this request that is lost as well does no
// harm: the next one finds the try already counted.
//
// No space is an answer, so nothing is on its way. But etcd gives it to the request that uses up the quota and carries
// that one out all the same; so the head is read, and nothing put, for which there would be no space.
func (j *Journal) resolve(ctx context.Context, batch journal.Batch, cause error) (verdict, error) {
	ctx, cancel := j.within(ctx)
	defer cancel()
	h, lost := j.mine, !isNoSpace(cause)
	for try, within, err := (pauses{}), (patiences{}), cause; ; {
		t := h.fencing(j.keys, batch)
		spaceless := isNoSpace(err)
		if spaceless {
			t = txn{then: look(j.keys, batch)}
		}
		var resp *clientv3.TxnResponse
		resp, err = j.commitWithin(ctx, within.next(), t)
		v := unknown
		switch {
		case err == nil && resp.Succeeded && !spaceless:
			h.tries++
			v = unwritten
		case err == nil:
			v = h.judge(resp, batch)
		case passing(err) || isNoSpace(err):
			v = pending
		}
		switch {
		case v == pending && spaceless && !lost && err == nil, v == unwritten && spaceless:
			return full, cause
		case v != pending && v != unknown:
			return v, cause
		case v == unknown && err != nil:
			return unknown, err
		case v == unknown || try.wait(ctx) != nil:
			return unknown, cause
		}
	}
}

// fencing is the transaction after which no append sent before can succeed: it changes the head key, and nothing else.
func (h *holding) fencing(k keys, batch journal.Batch) txn {
	return txn{
		compare:   h.unchanged(k),
		then:      []clientv3.Op{clientv3.OpPut(k.head, encodeHead(h.head, h.tries+1))},
		otherwise: look(k, batch),
	}
}
