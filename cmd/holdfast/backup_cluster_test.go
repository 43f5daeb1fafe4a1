package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// A backup of a cluster is of one moment, whichever node it is asked of and whatever goes on: no order is in it without the
// claim to its id, which is in another shard. Restored and migrated, it is a cluster again.
func TestBackupOfACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("runs nine processes")
	}
	f := newFleet(t, 1)
	f.start("a", "--shards", "4")
	f.start("b", "--shards", "4")
	f.well("a", 2)

	over := make(chan struct{})
	var load sync.WaitGroup
	for i := range 4 {
		target := f.nodes[[]string{"a", "b"}[i%2]].Listen
		load.Go(func() {
			for n := 0; ; n += 2 {
				select {
				case <-over:
					return
				default:
					f.fill(target, 1_000_000*i+n, 1_000_000*i+n+2)
				}
			}
		})
	}
	var last string
	for i := range 4 {
		time.Sleep(300 * time.Millisecond)
		last = f.path(fmt.Sprintf("book-%d.hfa", i))
		f.want("MiB in", "backup", "--target", f.nodes[[]string{"a", "b"}[i%2]].Listen, last)
		f.want(`(?s)shard 3: sound`, "verify", "--backup", last)
		restored := fmt.Sprintf("restored-%d", i)
		f.want(`restored in`, "restore", "--data", f.path(restored), last)
		s := f.embedded(restored)
		if orders := f.claimed(s.Listen); orders < 20 {
			t.Errorf("there are only %d orders in backup %d", orders, i)
		}
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	}
	close(over)
	load.Wait()

	f.want(`restored in`, "restore", "--data", f.path("x"), last)
	f.want(`cluster again begins here`, "migrate", "--data", f.path("x"), "--etcd", f.endpoints(), "--cluster", "again", "--node", "x")
	f.start("x", "--cluster", "again")
	f.start("y", "--cluster", "again", "--shards", "4")
	f.well("y", 2)
	f.claimed(f.nodes["y"].Listen)
	f.fill(f.nodes["y"].Listen, 9_000_000, 9_000_010)
	for _, id := range []string{"x", "y"} {
		f.want(`^sound: `, "verify", "--target", f.nodes[id].Listen)
	}
}

// claimed looks up every order that was ever approved, and says how many they are.
func (f *fleet) claimed(target string) (orders int) {
	f.t.Helper()
	c, err := client.Dial(target, client.WithInsecure())
	if err != nil {
		f.t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for e, err := range c.WatchEvents(ctx, &holdfastv1.WatchEventsRequest{UntilNow: true}) {
		if err != nil {
			f.t.Fatal(err)
		}
		order := e.GetOrderId()
		if e.GetAuthorizationId() == "" {
			continue // a claim by itself promises nothing
		}
		orders++
		if _, err := c.LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: order}); err != nil {
			f.t.Errorf("order %s has no claim: %v", order, err)
		}
	}
	return orders
}
