package client

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// patient is for tests in which a shard is nobody's for a while. What is learned is learned of calls.
func patient(o *options) {
	o.refreshEvery = time.Hour
	o.timeout = 30 * time.Second
	o.retry = RetryPolicy{MaxAttempts: 200, InitialBackoff: 5 * time.Millisecond, MaxBackoff: 20 * time.Millisecond, Multiplier: 2, MaxTokens: 100000, TokenRatio: 1}
}

// load has callers authorize orders on all shards until it is told to stop. Afterwards every order was answered, with the
// answer of its own, and is held once.
func load(t *testing.T, c *Client, nodes []*Fake, shards int) (stop func() (orders int)) {
	var callers sync.WaitGroup
	over := make(chan struct{})
	var mu sync.Mutex
	approved := map[string]string{} // order -> request id
	for i := range 8 {
		callers.Go(func() {
			for j := 0; ; j++ {
				select {
				case <-over:
					return
				default:
				}
				req := orderOf((i+j)%shards, fmt.Sprintf("o-%d-%d", i, j))
				resp, err := c.Authorize(t.Context(), req)
				if err != nil || resp.Authorization.OrderId != req.OrderId || resp.Authorization.AccountId != req.AccountId {
					t.Errorf("%s: %v, %v", req.OrderId, resp, err)
					return
				}
				mu.Lock()
				approved[req.OrderId] = req.RequestId
				mu.Unlock()
			}
		})
	}
	return func() int {
		close(over)
		callers.Wait()
		book := nodes[0].book
		book.mu.Lock()
		defer book.mu.Unlock()
		if len(book.auths) != len(approved) || len(book.outcomes) != len(approved) {
			t.Errorf("%d orders answered, %d held, %d request ids decided", len(approved), len(book.auths), len(book.outcomes))
		}
		held := map[string]bool{}
		for _, a := range book.auths {
			if held[a.OrderId] || approved[a.OrderId] == "" {
				t.Errorf("%s is held twice, or its caller does not know", a.OrderId)
			}
			held[a.OrderId] = true
		}
		for order, id := range approved {
			if _, ok := book.outcomes["shop/"+id]; !ok {
				t.Errorf("%s was answered under %s, which nobody decided", order, id)
			}
		}
		return len(approved)
	}
}

// TestOwnersMoveUnderLoad moves shards about, with a time in between in which nobody decides, and tells late. Answers are
// lost on the way as well, so that only the request id keeps a hold from being made twice.
func TestOwnersMoveUnderLoad(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		nodes, c := startAll(t, 3, 6, true, patient, way)
		stop := load(t, c, nodes, 6)
		for i := range 12 {
			to := make([]*Fake, 6)
			nodes[0].Own(to...) // nobody
			time.Sleep(5 * time.Millisecond)
			for shard := range to {
				to[shard] = nodes[(shard+i)%3]
			}
			nodes[0].Own(to...)
			for _, n := range nodes {
				n.Script("Authorize", Act{Err: Refusal(codes.Unavailable, "OUTCOME_UNKNOWN", nil), CarryOut: true}, Act{Err: unavailable})
			}
			time.Sleep(5 * time.Millisecond)
			TellAll(int64(i+2), nodes...)
			time.Sleep(40 * time.Millisecond)
		}
		if n := stop(); n < 50 {
			t.Errorf("only %d orders: there was no load", n)
		}
		if v := c.fleet.view.Load(); v.revision < 3 {
			t.Errorf("knows revision %d", v.revision)
		}
	})
}

// TestNodeIsKilledUnderLoad: its shards are nobody's for a while, then another's.
func TestNodeIsKilledUnderLoad(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		for _, strict := range []bool{true, false} {
			nodes, c := startAll(t, 3, 6, strict, patient, way)
			stop := load(t, c, nodes, 6)
			time.Sleep(30 * time.Millisecond)
			nodes[1].Kill()
			time.Sleep(50 * time.Millisecond)
			nodes[0].Own(nodes[0], nodes[0], nodes[2], nodes[0], nodes[2], nodes[2])
			TellAll(2, nodes[0], nodes[0], nodes[2])
			eventually(t, "the survivors are known", func() bool { return c.fleet.view.Load().revision == 2 })
			before := len(nodes[2].Seen("Authorize"))
			eventually(t, "they are called", func() bool { return len(nodes[2].Seen("Authorize")) > before+10 })
			stop()
			if spent := (c.budget.max - c.budget.tokens.Load()) / 1000; spent > 1000 {
				t.Errorf("the death of a node cost %d tokens", spent)
			}
		}
	})
}

// TestStreamAcrossAMove: what is in flight on a stream that breaks goes to the new owner, as it was.
func TestStreamAcrossAMove(t *testing.T) {
	nodes, c := startAll(t, 2, 2, true, patient, WithStreams(1))
	routed(t, c, 1)
	gate := make(chan struct{})
	nodes[0].hold = func(*pb.AuthorizeStreamRequest) <-chan struct{} { return gate } // it decides and does not answer
	const calls = 20
	done := make(chan *pb.AuthorizeResponse, calls)
	for i := range calls {
		go func() {
			resp, err := c.Authorize(t.Context(), orderOf(0, fmt.Sprint("o-", i)))
			if err != nil {
				t.Error(err)
			}
			done <- resp
		}()
	}
	eventually(t, "all are decided", func() bool {
		nodes[0].mu.Lock()
		defer nodes[0].mu.Unlock()
		return len(nodes[0].auths) == calls
	})
	nodes[0].Own(nodes[1])
	TellAll(2, nodes...)
	nodes[0].Kill()
	close(gate)
	for range calls {
		if resp := <-done; !resp.GetReplayed() {
			t.Errorf("%v was decided anew", resp)
		}
	}
	for _, s := range nodes[1].Seen("Authorize") {
		if !slices.Contains(nodes[0].Seen("Authorize"), s) {
			t.Fatalf("the new owner got %+v, which the old one did not", s)
		}
	}
	if spent := c.budget.max - c.budget.tokens.Load(); spent > 2000 {
		t.Errorf("one stream broke, at %d thousandths of a token", spent)
	}
}

// TestDrainingNodeIsLeft: what a node that goes down asks its callers to wait for does not hold for the next one.
func TestDrainingNodeIsLeft(t *testing.T) {
	var clock noWait
	nodes, c := startAll(t, 2, 2, false, clock.option())
	routed(t, c, 1)
	after := time.Minute
	draining := Refusal(codes.Unavailable, "DRAINING", &after)
	for range 100 {
		nodes[0].Script("GetAccount", Act{Err: draining})
	}
	for range 100 {
		nodes[0].mu.Lock()
		nodes[0].owners[0] = nodes[1]
		nodes[0].mu.Unlock()
		if _, err := c.GetAccount(t.Context(), &pb.GetAccountRequest{AccountId: AccountOf(0)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, wait := range clock.taken() {
		if wait > time.Second {
			t.Fatalf("waited %v", wait)
		}
	}
	if n := len(nodes[0].Seen("GetAccount")); n > 10 {
		t.Fatalf("it was called %d times", n)
	}
}

// TestWatchGoesOnAtAnotherNode: the cursor is the cluster's.
func TestWatchGoesOnAtAnotherNode(t *testing.T) {
	nodes, c := startAll(t, 3, 3, false, patient)
	routed(t, c, 1)
	happens := func(order string) {
		nodes[0].mu.Lock()
		defer nodes[0].mu.Unlock()
		nodes[0].event(pb.EventType_EVENT_TYPE_AUTHORIZED, "shop", &pb.Authorization{OrderId: order}, 1)
	}
	killWatched := func() {
		for _, n := range nodes {
			if len(n.Seen("WatchEvents")) > 0 && !n.isDead() {
				n.Kill()
			}
		}
	}
	happens("o-1")
	var got []string
	for e, err := range c.WatchEvents(t.Context(), &pb.WatchEventsRequest{}) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, e.OrderId); len(got) == 4 {
			break
		}
		if len(got) < 3 {
			killWatched()
		}
		happens(fmt.Sprint("o-", len(got)+1))
	}
	if want := []string{"o-1", "o-2", "o-3", "o-4"}; !slices.Equal(got, want) {
		t.Fatal(got)
	}
	if !nodes[0].isDead() && !nodes[1].isDead() && !nodes[2].isDead() {
		t.Fatal("no node was killed")
	}
}

func (f *Fake) isDead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

func TestCollectionsGoOnAtAnotherNode(t *testing.T) {
	nodes, c := startAll(t, 2, 2, false, patient)
	routed(t, c, 1)
	nodes[0].Issue(AccountOf(0))
	nodes[0].Issue(AccountOf(1))
	var got []string
	for one, err := range c.StreamCollections(t.Context(), &pb.StreamCollectionsRequest{}) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, one.Cursor); len(got) == 2 {
			break
		}
		for _, n := range nodes {
			if len(n.Seen("StreamCollections")) > 0 {
				n.Kill()
			}
		}
	}
	if !slices.Equal(got, []string{"1", "2"}) {
		t.Fatal(got)
	}
}

// TestGoneNodeIsClosed: connections to a node that the topology does not name any more are closed after a while, and
// what still waits there goes on elsewhere.
func TestGoneNodeIsClosed(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		nodes, c := startAll(t, 2, 2, true, patient, soon, way)
		routed(t, c, 1)
		nodes[1].Script("Authorize", Act{Delay: time.Hour}) // it hangs
		done := make(chan error)
		go func() {
			_, err := c.Authorize(t.Context(), orderOf(1, "o-1"))
			done <- err
		}()
		eventually(t, "the call is there", func() bool { return len(nodes[1].Seen("Authorize")) == 1 })
		nodes[0].Own(nodes[0], nodes[0])
		nodes[0].mu.Lock()
		gone := nodes[1].tells
		nodes[0].mu.Unlock()
		TellAll(2, nodes[0])
		if nodes[1].tells != gone {
			t.Fatal("the node knows that it is gone")
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		c.fleet.mu.Lock()
		defer c.fleet.mu.Unlock()
		if len(c.fleet.nodes) != 1 {
			t.Fatalf("%d nodes are connected to", len(c.fleet.nodes))
		}
	})
}

func TestNoGoroutineIsLeftOfACluster(t *testing.T) {
	before := runtime.NumGoroutine()
	nodes, c := startAll(t, 3, 6, true, patient, soon, WithStreams(2))
	stop := load(t, c, nodes, 6)
	time.Sleep(50 * time.Millisecond)
	stop()
	_ = c.Close()
	for _, n := range nodes {
		n.Stop()
	}
	eventually(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= before })
}

// TestCloseWhileAsking: calls end, and so does the asking.
func TestCloseWhileAsking(t *testing.T) {
	nodes, c := startAll(t, 2, 2, false, soon)
	var failed atomic.Int32
	var callers sync.WaitGroup
	for i := range 4 {
		callers.Go(func() {
			for j := 0; ; j++ {
				if _, err := c.Check(context.Background(), topupCheck((i+j)%2)); err != nil {
					if status.Code(err) != codes.Canceled {
						t.Error(err)
					}
					failed.Add(1)
					return
				}
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	TellAll(2, nodes...)
	_ = c.Close()
	callers.Wait()
	if failed.Load() != 4 {
		t.Fatal("calls of a closed client went on")
	}
}

// TestWhatAFailureMeans: whom the next attempt avoids, and what it costs the budget.
func TestWhatAFailureMeans(t *testing.T) {
	_, c := startAll(t, 3, 3, false)
	routed(t, c, 1)
	owner := c.fleet.view.Load().owners[0]
	other := c.fleet.view.Load().owners[1]
	for name, tt := range map[string]struct {
		err   error
		at    *node
		cure  cure
		avoid bool
		down  bool
		paid  bool // it costs nothing
	}{
		"transport":             {status.Error(codes.Unavailable, "broken pipe"), owner, otherNode, true, true, false},
		"transport, elsewhere":  {status.Error(codes.Unavailable, "broken pipe"), other, otherNode, true, true, false},
		"draining":              {Refusal(codes.Unavailable, "DRAINING", nil), owner, otherNode, true, true, false},
		"the owner's draining":  {Refusal(codes.Unavailable, "DRAINING", nil), other, newOwner, false, false, false},
		"not the owner":         {Refusal(codes.Unavailable, "NOT_OWNER", nil), owner, otherNode, true, false, true},
		"owner not reached":     {Refusal(codes.Unavailable, "PEER_UNREACHABLE", nil), other, otherNode, true, false, false},
		"starting":              {Refusal(codes.Unavailable, "STARTING", nil), owner, newOwner, false, false, false},
		"outcome unknown":       {Refusal(codes.Unavailable, "OUTCOME_UNKNOWN", nil), owner, newOwner, false, false, false},
		"no room for the queue": {throttled, owner, noCure, false, false, false},
		"refused":               {Refusal(codes.NotFound, "ACCOUNT_NOT_FOUND", nil), owner, noCure, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, f := attempts{key: AccountOf(0), node: tt.at}, failure{err: tt.err}
			c.fleet.diagnose(&a, &f)
			if f.cure != tt.cure || (a.avoid == tt.at) != tt.avoid || (tt.at.until.Load() != 0) != tt.down || f.paid != tt.paid {
				t.Fatalf("%+v, avoids %v, down until %d", f, a.avoid, tt.at.until.Load())
			}
			if tt.down {
				again := failure{err: tt.err}
				if c.fleet.diagnose(&a, &again); !again.paid {
					t.Fatal("the same failure of a node costs again")
				}
			}
			tt.at.until.Store(0)
		})
	}
}
