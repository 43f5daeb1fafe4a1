package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
)

// An etcd that is full is mended as docs/CLUSTER.md says: status names it, a greater quota and the end of the alarm have calls
// carried out again, and a node can join, which none can meanwhile.
func TestEtcdThatIsFull(t *testing.T) {
	if testing.Short() {
		t.Skip("fills etcd")
	}
	f := newFleetOf(t, 1, etcdtest.Member{QuotaBackendBytes: 2 << 20})
	f.start("a", "--shards", "1") // alone: nothing is trimmed without a second copy
	at := f.nodes["a"].Listen
	c, err := client.Dial(at, client.WithInsecure(), client.WithRetry(client.RetryPolicy{MaxAttempts: 1, Multiplier: 1}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	open := func(id string) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := c.OpenAccount(ctx, &holdfastv1.OpenAccountRequest{RequestId: id, ConsumerToken: "consumer-" + id, Currency: "CNY", Limit: 100})
		return err
	}
	var full atomic.Pointer[string] // the request that there was no room for
	var filling sync.WaitGroup
	for k := range 32 {
		filling.Go(func() {
			for i := 0; full.Load() == nil && i < 5000; i++ {
				id := fmt.Sprintf("%d-%d", k, i)
				if err := open(id); client.ReasonOf(err) == "JOURNAL_FULL" {
					full.Store(&id)
				} else if err != nil {
					t.Errorf("request %s: %v", id, err)
				}
			}
		})
	}
	filling.Wait()
	if full.Load() == nil {
		t.Fatal("etcd does not get full")
	}
	f.want(`(?s)FAULT: etcd .*NOSPACE.*it takes no writes`, "!", "cluster", "status", "--target", at)

	if err := f.etcd.Restart(0, func(m *etcdtest.Member) { m.QuotaBackendBytes = 256 << 20 }); err != nil {
		t.Fatal(err)
	}
	var mended error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if mended = disarm(f); mended == nil {
			if mended = open(*full.Load()); mended == nil {
				break
			}
		}
	}
	if mended != nil {
		t.Fatalf("what there was no room for is not carried out: %v", mended)
	}
	f.start("b", "--shards", "1")
	f.well("b", 2)
	f.want(`^sound: `, "verify", "--target", f.nodes["b"].Listen)
}

// disarm ends the alarms, as etcdctl alarm disarm does.
func disarm(f *fleet) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := f.etcd.Client().AlarmDisarm(ctx, &clientv3.AlarmMember{})
	return err
}
