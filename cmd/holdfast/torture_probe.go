package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// probesEach is how many orders of each shard a deposed owner is asked about.
const probesEach = 8

// probe has the next owner of each shard acknowledge orders, and asks the deposed one about them: it may not answer, and
// must not answer as if nothing had happened since. A node that is stopped finds the questions when it goes on. What it
// answered is judged by the function that is returned, which waits for it.
func (t *clusterTorture) probe(ctx context.Context, s *strike) (told func(), err error) {
	if s.deposed == nil {
		return func() {}, nil
	}
	at := slices.Index(t.nodes, s.deposed)
	other := t.sdks[(at+1)%len(t.sdks)]
	ids := newIDMaker()
	for _, a := range t.accounts {
		shard := shardWith(a.id)
		of := func(c *call) bool { return shardWith(c.sale.account.id) == shard }
		if !slices.Contains(s.shards, shard) || slices.ContainsFunc(s.probes, func(c *call) bool { return c.sale.account == a }) ||
			len(slices.DeleteFunc(slices.Clone(s.probes), func(c *call) bool { return !of(c) })) == probesEach {
			continue
		}
		order, request := ids.next(time.Now())
		sale := &sale{account: a, scene: tortureScenes[0], order: order, over: true}
		s.probes = append(s.probes, &call{sale: sale, req: &holdfastv1.AuthorizeRequest{
			RequestId: request, AccountId: a.id, Scene: sale.scene, OrderId: order, CarrierId: "carrier-0", PhoneToken: "ph_torture",
			Currency: tortureCurrency, Amount: 1, HoldLifetime: durationpb.New(24 * time.Hour),
		}})
	}
	err = eachOf(ctx, s.probes, func(i int) error {
		c := s.probes[i]
		resp, err := c.settle(ctx, other)
		if err != nil {
			return fmt.Errorf("%v: %w", c, err)
		}
		if err := c.absorb(resp); err != nil {
			t.fault("%v: %v", c, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var asked sync.WaitGroup
	for _, c := range s.probes {
		asked.Go(func() { t.ask(ctx, s.deposed, c) })
	}
	_ = sleepUntil(ctx, time.Now().Add(100*time.Millisecond)) // until the questions are there
	return asked.Wait, nil
}

// ask asks a node about an order that nobody changes.
func (t *clusterTorture) ask(ctx context.Context, n *tortureNode, c *call) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	resp, err := n.sdk.LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: c.sale.order})
	switch {
	case err == nil && !proto.Equal(resp.GetAuthorization(), c.sale.auth):
		t.fault("order %s: acknowledged by the next owner, and node %s, which was the owner, says:\n    %v\n    %v", c.sale.order, n.id, c.sale.auth, resp)
	case refusal(err):
		t.fault("order %s: acknowledged by the next owner, and node %s, which was the owner, says: %v", c.sale.order, n.id, err)
	case err != nil && !mayPass(err):
		t.fault("order %s: node %s, which was the owner, answers as if something were broken: %v", c.sale.order, n.id, err)
	}
}
