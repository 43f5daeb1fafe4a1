package etcd

import (
	"context"
	"slices"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/holdfast-credit/holdfast/ledger/journal"
)

// together sends the appends of a process's logs. A transaction costs the members much the same whether it puts one
// batch or twenty: each is a proposal, agreed on and applied by itself. So while one is under way, what other logs want to
// append waits, and goes as one transaction of transactions, each with its own conditions; none has a part in what
// becomes of another. An append that nobody waits with goes as it is, at once. One is under way at a time: with two, what
// goes together is half as much, and sixteen logs were slower by a third on a small machine.
//
// A request takes no longer than the most patient of those in it: then they look into what has become of theirs, and what
// waits may go. One that is given up while it waits is not sent, unless that comes just too late.
type together struct {
	ctx  context.Context // ends what is under way
	send committing

	mu      sync.Mutex
	waiting []*joined // guarded by mu
	sending bool      // guarded by mu; whether there is a goroutine that sends
}

// joined is an append that waits for its answer.
type joined struct {
	ctx  context.Context
	txn  txn
	resp *clientv3.TxnResponse // set before done is closed, as err is
	err  error
	done chan struct{}
}

const (
	// togetherLogs and togetherBytes bound what goes at once; Connect makes sure that the members take that.
	togetherLogs  = 32
	togetherBytes = journal.MaxBatchBytes
)

// commit commits an append; ctx has a deadline. When ctx ends before the answer is there, nobody knows what becomes of it.
func (g *together) commit(ctx context.Context, t txn, spawn func(func())) (*clientv3.TxnResponse, error) {
	j := &joined{ctx: ctx, txn: t, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, j)
	if !g.sending {
		g.sending = true
		spawn(g.sendAll)
	}
	g.mu.Unlock()
	select {
	case <-j.done:
		return j.resp, j.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// sendAll sends until nothing waits.
func (g *together) sendAll() {
	for {
		g.mu.Lock()
		g.waiting = slices.DeleteFunc(g.waiting, func(j *joined) bool { return j.ctx.Err() != nil })
		these := g.next()
		if len(these) == 0 {
			g.sending = false
			g.mu.Unlock()
			return
		}
		g.waiting = slices.Clone(g.waiting[len(these):]) // what has gone is kept no longer than it takes
		g.mu.Unlock()
		g.sendThese(these)
	}
}

// next is what goes together of what waits; mu is held. Two handles on a log may both append, of which one is fenced: those
// do not go together, since a transaction puts a key once.
func (g *together) next() []*joined {
	n, bytes, logs := 0, 0, map[string]bool{}
	for _, j := range g.waiting[:min(len(g.waiting), togetherLogs)] {
		if bytes += j.txn.bytes; logs[j.txn.log] || n > 0 && bytes > togetherBytes {
			break
		}
		logs[j.txn.log] = true
		n++
	}
	return g.waiting[:n:n]
}

// sendThese sends some as one, and hands out the answers.
func (g *together) sendThese(these []*joined) {
	var txns []txn
	var until time.Time
	for _, j := range these {
		txns = append(txns, j.txn)
		if d, ok := j.ctx.Deadline(); ok && d.After(until) {
			until = d
		}
	}
	ctx, cancel := context.WithDeadline(g.ctx, until)
	defer cancel()
	resp, err := g.send(ctx, joinTxns(txns))
	for i, j := range these {
		j.resp, j.err = resp, err
		if err == nil && len(these) > 1 {
			j.resp = (*clientv3.TxnResponse)(resp.Responses[i].GetResponseTxn())
			j.resp.Header = resp.Header
		}
		close(j.done)
	}
}

// joinTxns makes one transaction of several, which is carried out whatever becomes of each.
func joinTxns(txns []txn) txn {
	if len(txns) == 1 {
		return txns[0]
	}
	var all txn
	for _, t := range txns {
		all.then = append(all.then, clientv3.OpTxn(t.compare, t.then, t.otherwise))
	}
	return all
}
