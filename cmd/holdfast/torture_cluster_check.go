package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	peerv1 "github.com/holdfast-credit/holdfast/proto/holdfast/peer/v1"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/journal"
	"github.com/holdfast-credit/holdfast/ledger/record"
	"github.com/holdfast-credit/holdfast/server"
)

// checkCluster holds the nodes to what any of them has acknowledged, and to each other. Nothing is in doubt any more.
func (t *clusterTorture) checkCluster(ctx context.Context, l *clusterLoad, r *clusterRound) error {
	for _, s := range slices.Concat(t.pool, l.sales) {
		s.account.sales[s] = struct{}{}
	}
	if err := t.checkSales(ctx, &l.load, &r.tortureRound); err != nil {
		return err
	}
	if err := t.checkEverywhere(ctx, l, r); err != nil {
		return err
	}
	if err := t.checkAccounts(ctx, t.accounts, false); err != nil {
		return err
	}
	if err := t.checkPayers(ctx); err != nil {
		return err
	}
	if err := t.checkJournals(ctx, l, r); err != nil {
		return err
	}
	if r.audited {
		if err := t.checkStates(ctx); err != nil {
			return err
		}
	}
	t.forget(&l.load)
	return nil
}

// askedOnce and askedEverywhere are how many acknowledged requests of a round are sent again to one node or other, and
// to every node.
const askedOnce, askedEverywhere = 900, 300

// checkEverywhere sends a sample of what was acknowledged again: of this round, and of all before.
func (t *clusterTorture) checkEverywhere(ctx context.Context, l *clusterLoad, r *clusterRound) error {
	all := l.all()
	t.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	every := slices.Clone(all[:min(len(all), askedEverywhere)])
	for range min(len(t.earlier), askedEverywhere/3) {
		every = append(every, t.earlier[t.random.IntN(len(t.earlier))])
	}
	once := all[len(all[:min(len(all), askedEverywhere)]):min(len(all), askedEverywhere+askedOnce)]
	r.replayed = len(every)*len(t.sdks) + len(once)
	err := eachOf(ctx, every, func(i int) error {
		for node := range t.sdks {
			if err := t.checkReplay(ctx, every[i], node); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, eachOf(ctx, once, func(i int) error { return t.checkReplay(ctx, once[i], i) }))
}

// checkPayers looks at the accounts that repay.
func (t *clusterTorture) checkPayers(ctx context.Context) error {
	return eachOf(ctx, t.payers, func(i int) error {
		p := t.payers[i]
		resp, err := t.sdks[i%len(t.sdks)].GetAccount(ctx, &holdfastv1.GetAccountRequest{AccountId: p.account.id})
		if err == nil && resp.GetAccount().GetPosted() != p.posted {
			t.fault("account %s: posted is %d, it was charged and repaid to %d", p.account.id, resp.GetAccount().GetPosted(), p.posted)
		}
		return err
	})
}

// journalBook is what the nodes' copies of the journals say.
type journalBook struct {
	next  [][]uint64       // by node and shard: the entry to read next
	last  [][]journal.Hash // of the entry before that
	times map[string][]int // by request id: how often each node's copies have it
}

func newJournalBook(nodes, shards int) journalBook {
	b := journalBook{times: map[string][]int{}}
	for range nodes {
		b.next = append(b.next, slices.Repeat([]uint64{1}, shards))
		b.last = append(b.last, make([]journal.Hash, shards))
	}
	return b
}

// checkJournals reads what is new in every node's copies: they must be alike to the last byte, have every acknowledged
// request once, and none that was refused.
func (t *clusterTorture) checkJournals(ctx context.Context, l *clusterLoad, r *clusterRound) error {
	for until := time.Now().Add(healthyWithin); ; {
		if err := t.readJournals(ctx); err != nil {
			return err
		}
		differs := t.book.differs()
		if differs == "" {
			break
		}
		if time.Now().After(until) {
			t.fault("copies differ: %s", differs)
			return nil
		}
		if err := sleepUntil(ctx, time.Now().Add(50*time.Millisecond)); err != nil {
			return err
		}
	}
	r.entries = 0
	for _, next := range t.book.next[0] {
		r.entries += next - 1
	}
	for _, c := range l.all() {
		t.countOf(c, 1, "acknowledged")
	}
	for _, c := range l.refused {
		t.countOf(c, 0, "refused")
	}
	for id, times := range t.book.times {
		for node, n := range times {
			if n > 1 {
				t.fault("request %s: %d times in the journal of node %s", id, n, t.nodes[node].id)
			}
		}
	}
	return nil
}

func (t *clusterTorture) countOf(c *call, want int, why string) {
	times := t.book.times[requestID(c.req)]
	for node := range t.nodes {
		have := 0
		if times != nil {
			have = times[node]
		}
		if have != want {
			t.fault("%v: %s, and %d times in the journal of node %s", c, why, have, t.nodes[node].id)
		}
	}
}

// differs says which copies are not alike: one behind the other, or others altogether.
func (b *journalBook) differs() string {
	for node := range b.next {
		for shard := range b.next[node] {
			if b.next[node][shard] != b.next[0][shard] || b.last[node][shard] != b.last[0][shard] {
				return fmt.Sprintf("shard %d ends with entry %d, hash %v at one node, and %d, %v at another", shard,
					b.next[0][shard]-1, b.last[0][shard], b.next[node][shard]-1, b.last[node][shard])
			}
		}
	}
	return ""
}

// readJournals reads on in all copies.
func (t *clusterTorture) readJournals(ctx context.Context) error {
	var mu sync.Mutex
	return eachOf(ctx, t.nodes, func(node int) error {
		for shard := range t.Shards {
			if err := t.readJournal(ctx, node, shard, &mu); err != nil {
				return fmt.Errorf("journal of shard %d at node %s: %w", shard, t.nodes[node].id, err)
			}
		}
		return nil
	})
}

func (t *clusterTorture) readJournal(ctx context.Context, node, shard int, mu *sync.Mutex) error {
	next, last := &t.book.next[node][shard], &t.book.last[node][shard]
	stream, err := peerv1.NewPeerServiceClient(t.nodes[node].conn).ReadJournal(ctx, &peerv1.ReadJournalRequest{Shard: int32(shard), From: *next})
	for err == nil {
		var m *peerv1.ReadJournalResponse
		if m, err = stream.Recv(); err != nil {
			break
		}
		var b journal.Batch
		if b, err = journal.Open(m.GetBatch()); err != nil {
			break
		}
		for e, err := range journal.Entries(b.Bytes, *next, *last) {
			if err != nil {
				t.fault("journal of shard %d at node %s: %v", shard, t.nodes[node].id, err)
				return nil
			}
			var entry ledger.Entry
			if err := record.DecodeEntry(slices.Clone(e.Payload), &entry); err != nil {
				return err
			}
			*next, *last = e.Sequence+1, e.Hash()
			if id := string(entry.Request.ID); id != "" && entry.Request.Caller != server.MonitorName { // which asks every shard
				mu.Lock()
				if t.book.times[id] == nil {
					t.book.times[id] = make([]int, len(t.nodes))
				}
				t.book.times[id][node]++
				mu.Unlock()
			}
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// checkStates has every node check its whole book. Where two have walked a shard to the same entry, journal and state must
// be the same.
func (t *clusterTorture) checkStates(ctx context.Context) error {
	verdicts := make([]*holdfastv1.VerifyResponse, len(t.nodes))
	for tries := 0; ; tries++ {
		err := eachOf(ctx, t.nodes, func(i int) (err error) {
			verdicts[i], err = auditBook(ctx, t.nodes[i].sdk)
			return err
		})
		if err != nil {
			return err
		}
		uneven := false
		for i, v := range verdicts {
			for _, fault := range v.GetFaults() {
				t.fault("node %s's check: %s", t.nodes[i].id, fault)
			}
			for shard, s := range v.GetShards() {
				first := verdicts[0].GetShards()[shard]
				uneven = uneven || s.GetSequence() != first.GetSequence()
				if s.GetSequence() == first.GetSequence() && !proto.Equal(s, first) {
					t.fault("shard %d differs at entry %d: node %s has journal %s, state %s, node %s journal %s, state %s", shard, s.GetSequence(),
						t.nodes[0].id, first.GetHash(), first.GetStateHash(), t.nodes[i].id, s.GetHash(), s.GetStateHash())
				}
			}
		}
		if !uneven || t.wrong > 0 {
			return nil
		}
		if tries == 10 {
			return errors.New("the nodes' checks never came to the same entries")
		}
	}
}
