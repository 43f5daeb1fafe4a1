package client

import (
	"reflect"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// orderOf is an order on a shard's account.
func orderOf(shard int, order string) *pb.AuthorizeRequest {
	r := topup(order)
	r.AccountId = AccountOf(shard)
	return r
}

func TestShardOf(t *testing.T) {
	for id, want := range map[string]int{
		"acc_0000000000001": 0, "acc_0040000000001": 1, "auth_00c00000000010000001": 3, "item_10000000000010000001": 256,
		"pln_fzz00000000010000001": 4095, "mdt_00700000000010000001": 1,
		"": -1, "acc": -1, "acc_": -1, "acc_01": -1, "acc_0U0": -1, "acc_i00": -1, "acc_l00": -1, "acc_o00": -1, "acc_\xff00": -1, "000000": -1,
	} {
		shard, ok := ShardOf(id)
		if ok != (want >= 0) || ok && shard != want {
			t.Errorf("%q is of shard %d, %v; want %d", id, shard, ok, want)
		}
	}
	for _, shard := range []int{0, 1, 31, 32, 4095} {
		if got, ok := ShardOf(AccountOf(shard)); !ok || got != shard {
			t.Errorf("%s is of shard %d", AccountOf(shard), got)
		}
	}
}

func TestCallsGoToTheOwner(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		nodes, c := startAll(t, 3, 6, true, way, WithRetry(RetryPolicy{MaxAttempts: 1}))
		routed(t, c, 1)
		for shard := range 6 {
			owner := nodes[shard%3]
			before := len(owner.Seen("Authorize"))
			auth, err := c.Authorize(t.Context(), orderOf(shard, AccountOf(shard)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Capture(t.Context(), &pb.CaptureRequest{AuthorizationId: auth.Authorization.AuthorizationId}); err != nil {
				t.Fatal(err)
			}
			if n := len(owner.Seen("Authorize")); n != before+1 {
				t.Fatalf("shard %d: its owner saw %d calls, want %d", shard, n, before+1)
			}
		}
		for range 9 {
			if _, err := c.LookupOrder(t.Context(), &pb.LookupOrderRequest{OrderId: AccountOf(0)}); err != nil {
				t.Fatal(err)
			}
		}
		for i, n := range nodes {
			if got := len(n.Seen("LookupOrder")); got != 3 {
				t.Errorf("node %d got %d of 9 calls that belong to no shard", i, got)
			}
		}
	})
}

// TestEveryCallKnowsItsShard walks the services' descriptors: a call that names an account, or what begins with an
// account's id, goes to the owner, so that a call added to the API without a key fails.
func TestEveryCallKnowsItsShard(t *testing.T) {
	nodes, c := startAll(t, 2, 2, false)
	routed(t, c, 1)
	nodes[0].Kill() // what does not go to node 1 is not answered by it
	for _, file := range []protoreflect.FileDescriptor{
		pb.File_holdfast_v1_authorization_proto, pb.File_holdfast_v1_account_proto, pb.File_holdfast_v1_billing_proto, pb.File_holdfast_v1_risk_proto,
	} {
		methods := file.Services().Get(0).Methods()
		for i := range methods.Len() {
			m := methods.Get(i)
			fn := reflect.ValueOf(c).MethodByName(string(m.Name()))
			if m.IsStreamingClient() || m.IsStreamingServer() {
				continue
			}
			for _, name := range keyFields {
				field := m.Input().Fields().ByName(name)
				if field == nil {
					continue
				}
				in := reflect.New(fn.Type().In(1).Elem())
				in.Interface().(proto.Message).ProtoReflect().Set(field, protoreflect.ValueOfString(AccountOf(1)))
				c.fleet.view.Load().owners[0].until.Store(0) // it looks well
				out := fn.Call([]reflect.Value{reflect.ValueOf(t.Context()), in})
				if err, _ := out[1].Interface().(error); status.Code(err) == codes.Unavailable {
					t.Errorf("%s went elsewhere: %v", m.Name(), err)
				}
				if owners := c.fleet.view.Load().owners; owners[0].until.Load() != 0 {
					t.Errorf("%s tried the node that has nothing to do with it", m.Name())
				}
				break // the first that the request has says it
			}
		}
	}
}

// TestTheFirstCallDoesNotWait: with one address nothing is waited for, and the call that came to the wrong node is sent
// to the right one under the same request id.
func TestTheFirstCallDoesNotWait(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		var clock noWait
		nodes, c := startAll(t, 2, 2, true, way, clock.option())
		resp, err := c.Authorize(t.Context(), orderOf(1, "o-1"))
		if err != nil || resp.Replayed {
			t.Fatal(resp, err)
		}
		first, second := nodes[0].Seen("Authorize"), nodes[1].Seen("Authorize")
		if len(first) != 1 || len(second) != 1 || first[0] != second[0] {
			t.Fatalf("sent as %v, then as %v", first, second)
		}
		if len(clock.taken()) != 0 {
			t.Fatalf("waited %v though the owner was known", clock.taken())
		}
		if c.budget.tokens.Load() != c.budget.max {
			t.Fatal("a call to the wrong node costs nothing")
		}
	})
}

// TestAForwardedAnswerIsAHint: the answer came, and the next call goes to the owner.
func TestAForwardedAnswerIsAHint(t *testing.T) {
	nodes, c := startAll(t, 2, 2, false, patient)
	routed(t, c, 1)
	nodes[0].Own(nodes[1], nodes[1])
	TellAll(2, nodes...)
	eventually(t, "the call goes to the new owner", func() bool {
		if _, err := c.GetAccount(t.Context(), &pb.GetAccountRequest{AccountId: AccountOf(0)}); err != nil {
			t.Fatal(err)
		}
		return len(nodes[1].Seen("GetAccount")) > 0
	})
	if len(nodes[0].Seen("GetAccount")) == 0 {
		t.Fatal("nothing was sent on: the test tests nothing")
	}
}

// TestNewerTopologyWins: nodes that lag behind do not take the client back, and an asking for news goes on past them.
func TestNewerTopologyWins(t *testing.T) {
	nodes, c := startAll(t, 3, 3, true, soon)
	routed(t, c, 1)
	nodes[0].Own(nodes[2])
	TellAll(7, nodes...)
	old := &pb.GetTopologyResponse{Revision: 3, Nodes: nodes[0].tells.Nodes, Shards: []*pb.ShardOwner{{NodeId: "node-1"}, {Shard: 1, NodeId: "node-1"}, {Shard: 2, NodeId: "node-1"}}}
	nodes[0].mu.Lock()
	nodes[0].tells, nodes[1].tells = old, old
	nodes[0].mu.Unlock()
	if _, err := c.Authorize(t.Context(), orderOf(0, "o-1")); err != nil {
		t.Fatal(err) // the others refuse, and are behind when they are asked; node 2 is not
	}
	routed(t, c, 7)
	asked := nodes[0].Asked() + nodes[1].Asked()
	eventually(t, "the others are asked again", func() bool {
		if v := c.fleet.view.Load(); v.revision != 7 {
			t.Fatalf("went back to revision %d", v.revision)
		}
		return nodes[0].Asked()+nodes[1].Asked() > asked+10
	})
}

func TestAllSeedsButOneAreDown(t *testing.T) {
	bothWays(t, func(t *testing.T, way Option) {
		nodes := StartFakes(4, 4)
		for _, n := range nodes {
			n.strict = true
			t.Cleanup(n.Stop)
		}
		nodes[0].Kill()
		nodes[1].Kill()
		nodes[0].Own(nodes[3], nodes[3])
		TellAll(5, nodes[2], nodes[3])
		nodes[2].mu.Lock()
		nodes[2].tells.Shards = []*pb.ShardOwner{{NodeId: "node-1"}, {Shard: 1, NodeId: "node-1"}, {Shard: 2, NodeId: "node-0"}, {Shard: 3, NodeId: "node-1"}}
		nodes[2].mu.Unlock()
		c := dial(t, nodes[0], way, WithSeeds(nodes[1].Addr, nodes[2].Addr), WithRetry(RetryPolicy{MaxAttempts: 1}))
		for shard := range 4 {
			if _, err := c.Authorize(t.Context(), orderOf(shard, AccountOf(shard))); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestOneNodeIsAsBefore: a server without a cluster, of this version or an older one, is asked once.
func TestOneNodeIsAsBefore(t *testing.T) {
	for name, tells := range map[string]*pb.GetTopologyResponse{
		"older": nil, "alone": {Nodes: []*pb.Node{{NodeId: "local"}}, Shards: []*pb.ShardOwner{{NodeId: "local", Epoch: 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, way Option) {
				f, c := start(t, way, soon)
				f.tells = tells
				for i := range 20 {
					if _, err := c.Authorize(t.Context(), topup(AccountOf(i))); err != nil {
						t.Fatal(err)
					}
				}
				eventually(t, "it is known", func() bool { return c.fleet.view.Load().known })
				for i := range 20 {
					if _, err := c.Check(t.Context(), topupCheck(i)); err != nil {
						t.Fatal(err)
					}
				}
				if v := c.fleet.view.Load(); f.Asked() != 1 || v.clustered() || c.fleet.kept || len(c.fleet.nodes) != 1 {
					t.Fatalf("asked %d times, knows %+v", f.Asked(), v)
				}
			})
		})
	}
}

func topupCheck(shard int) *pb.CheckRequest { return &pb.CheckRequest{AccountId: AccountOf(shard)} }

// TestTheOtherSeed: of two addresses of servers without a cluster, the second is for when the first is down.
func TestTheOtherSeed(t *testing.T) {
	f, spare := StartFake(), StartFake()
	defer spare.Stop()
	c := dial(t, f, WithSeeds(spare.Addr))
	check := func() {
		t.Helper()
		if _, err := c.Check(t.Context(), topupCheck(0)); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		check()
	}
	first, other := f, spare
	if len(f.Seen("Check")) == 0 {
		first, other = spare, f
	}
	if len(other.Seen("Check")) != 0 {
		t.Fatal("servers without a cluster are not one book: it must be one of them")
	}
	first.Stop()
	check()
	check()
	if len(other.Seen("Check")) != 2 {
		t.Fatal("the other one was not called")
	}
}

func TestWithoutRouting(t *testing.T) {
	nodes, c := startAll(t, 2, 2, false, WithoutRouting())
	for shard := range 2 {
		if _, err := c.Authorize(t.Context(), orderOf(shard, AccountOf(shard))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Topology(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(nodes[0].Seen("Authorize")) != 2 || len(nodes[1].Seen("Authorize")) != 0 || nodes[0].Asked() != 1 {
		t.Fatal("it was routed")
	}
}

// TestNoTokenInTheClear: a topology cannot have a token sent in the clear to another host.
func TestNoTokenInTheClear(t *testing.T) {
	nodes, c := startAll(t, 2, 2, false, WithBearerToken("secret"))
	nodes[0].tells.Nodes[1].Address = "203.0.113.7:7420"
	routed(t, c, 1)
	if v := c.fleet.view.Load(); v.owners[1] != nil || v.owners[0] == nil || len(c.fleet.nodes) != 1 {
		t.Fatalf("%+v", v)
	}
	if _, err := c.Authorize(t.Context(), orderOf(1, "o-1")); err != nil {
		t.Fatal(err) // node 0 sends it on
	}
	if _, err := Dial("localhost:1", WithInsecure(), WithBearerToken("x"), WithSeeds("holdfast.example:1")); err == nil {
		t.Fatal("a token in the clear to a seed")
	}
}

func TestTopology(t *testing.T) {
	nodes, c := startAll(t, 2, 4, false)
	got, err := c.Topology(t.Context())
	if err != nil || got.Revision != 1 || len(got.Nodes) != 2 {
		t.Fatal(got, err)
	}
	if at := got.OwnerOf(AccountOf(3)).GetAddress(); at != nodes[1].Addr {
		t.Fatal(at)
	}
	if got.Owner(4) != nil || got.Owner(-1) != nil || got.OwnerOf("none") != nil || got.Node("none") != nil {
		t.Fatal("found something in nothing")
	}
	if v := c.fleet.view.Load(); v.revision != 1 {
		t.Fatal("what was told is not used")
	}
}

func TestRoutingAllocatesNothing(t *testing.T) {
	_, c := startAll(t, 3, 6, false)
	routed(t, c, 1)
	keys := []string{AccountOf(0), AccountOf(5), ""}
	i := 0
	if n := testing.AllocsPerRun(1000, func() { c.fleet.route(keys[i%3], nil, false); i++ }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
