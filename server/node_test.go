package server

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	peerv1 "github.com/holdfast-credit/holdfast/proto/holdfast/peer/v1"
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/journal/etcd/etcdtest"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

// Every call goes well at every node, whoever decides; and all of them end with the same book.
func TestAnyNodeAnswersAnyCall(t *testing.T) {
	ns := serveNodes(t, 3, fourShards, nil)
	for shard := range fourShards {
		for i, b := range ns.list {
			b.serial = (shard*10 + i + 1) * 1000
			a := b.accountIn(shard, 1e9)
			for home := range fourShards {
				id := b.orderAt(home)
				for k, other := range ns.list { // the same request, at each node: it is carried out once
					resp, err := other.Authorize(t.Context(), orderOf(a, "r-"+id, id, 10))
					require.NoError(t, err)
					require.Equal(t, k > 0, resp.GetReplayed())
					found, err := other.LookupOrder(t.Context(), &holdfastv1.LookupOrderRequest{OrderId: id})
					require.NoError(t, err)
					require.Equal(t, resp.GetAuthorization().GetAuthorizationId(), found.GetAuthorization().GetAuthorizationId())
				}
			}
			for _, other := range ns.list {
				got, err := other.GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()})
				require.NoError(t, err)
				require.Equal(t, int64(40), got.GetAccount().GetHeld())
				owed, err := other.GetBilling(t.Context(), &holdfastv1.GetBillingRequest{AccountId: a.GetAccountId()})
				require.NoError(t, err)
				require.Equal(t, a.GetAccountId(), owed.GetBilling().GetAccountId())
			}
		}
	}
	ns.alike()
	// Lists and events are of all shards, with one cursor for all nodes.
	for _, b := range ns.list {
		seen, token := 0, ""
		for {
			page, err := b.ListAccounts(t.Context(), &holdfastv1.ListAccountsRequest{PageSize: 5, PageToken: token})
			require.NoError(t, err)
			seen += len(page.GetAccounts())
			if token = page.GetNextPageToken(); token == "" {
				break
			}
		}
		require.GreaterOrEqual(t, seen, 12)
		require.Equal(t, ns.accounts(), seen)
	}
	all := ns.list[0].events(&holdfastv1.WatchEventsRequest{})
	for i, b := range ns.list {
		half := all[len(all)/2].GetCursor()
		require.Len(t, b.events(&holdfastv1.WatchEventsRequest{Cursor: half}), len(all)-len(all)/2-1, "node %d", i)
	}
}

// A cursor is good at every node, also at one that has not followed as far yet; a made-up one is refused there too.
func TestCursorIsGoodAtEveryNode(t *testing.T) {
	ns := serveNodes(t, 2, 1, nil)
	owner, others := ns.owner(0)
	a := owner.account(1e9)
	for range 20 {
		owner.held(a, 1)
		all := owner.events(&holdfastv1.WatchEventsRequest{})
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		stream, err := others[0].WatchEvents(ctx, &holdfastv1.WatchEventsRequest{Cursor: all[len(all)-1].GetCursor()})
		require.NoError(t, err)
		owner.held(a, 1)
		m, err := stream.Recv()
		require.NoError(t, err)
		require.Equal(t, a.GetAccountId(), m.GetEvent().GetAccountId())
		cancel()
	}
	stream, err := others[0].WatchEvents(t.Context(), &holdfastv1.WatchEventsRequest{Cursor: cursor{1_000_000}.String()})
	require.NoError(t, err)
	_, err = stream.Recv()
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
}

// What holds in all shards is carried out in all, at whichever node it is asked for.
func TestEverywhereIsAllNodes(t *testing.T) {
	ns := serveNodes(t, 3, fourShards, nil)
	var accounts []*holdfastv1.Account
	for shard := range fourShards {
		accounts = append(accounts, ns.list[0].accountIn(shard, 1e9))
	}
	for i, b := range ns.list {
		request := &holdfastv1.SuspendRequest{RequestId: b.fresh(fmt.Sprintf("sus-%d", i)), Scope: &holdfastv1.SuspendRequest_CarrierId{CarrierId: "cmcc"}, Reason: "test"}
		for k, other := range ns.list {
			resp, err := other.Suspend(t.Context(), request)
			require.NoError(t, err)
			require.Equal(t, k > 0, resp.GetReplayed())
		}
		for _, a := range accounts {
			resp, err := b.Authorize(t.Context(), orderOf(a, b.fresh(fmt.Sprintf("no-%d", i)), b.fresh(fmt.Sprintf("no-%d", i)), 10))
			require.NoError(t, err)
			require.Equal(t, holdfastv1.DeclineReason_DECLINE_REASON_CARRIER_SUSPENDED, resp.GetReasons()[0])
		}
		_, err := b.Resume(t.Context(), &holdfastv1.ResumeRequest{RequestId: b.fresh(fmt.Sprintf("res-%d", i)), Scope: &holdfastv1.ResumeRequest_CarrierId{CarrierId: "cmcc"}, Reason: "test"})
		require.NoError(t, err)
		for _, other := range ns.list {
			list, err := other.ListSuspensions(t.Context(), &holdfastv1.ListSuspensionsRequest{})
			require.NoError(t, err)
			require.Empty(t, list.GetSuspensions())
		}
	}
	ns.alike()
}

// A stream is answered by the node that it goes to, whatever node decides for each of its requests, while shards move.
func TestStreamOverAllNodes(t *testing.T) {
	ns := serveNodes(t, 3, fourShards, nil)
	var accounts []*holdfastv1.Account
	for shard := range fourShards {
		accounts = append(accounts, ns.list[0].accountIn(shard, 1e9))
	}
	const requests = 400
	stream, err := ns.list[1].AuthorizeStream(t.Context())
	require.NoError(t, err)
	go func() {
		for i := range requests {
			a := accounts[i%fourShards]
			one := &holdfastv1.AuthorizeStreamRequest{CorrelationId: uint64(i), Call: &holdfastv1.AuthorizeStreamRequest_Authorize{
				Authorize: orderOf(a, fmt.Sprintf("s-%d", i), fmt.Sprintf("so-%d", i), 1),
			}}
			if stream.Send(one) != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
		_ = stream.CloseSend()
	}()
	go func() {
		for shard := range fourShards {
			_, others := ns.owner(shard)
			_, _ = holdfastv1.NewClusterServiceClient(ns.list[0].conn).MoveShard(t.Context(), &holdfastv1.MoveShardRequest{
				Shard: int32(shard), NodeId: others[0].config.Cluster.Node,
			})
		}
	}()
	answered := map[uint64]string{}
	for range requests {
		m, err := stream.Recv()
		require.NoError(t, err)
		require.Nil(t, m.GetFault(), "%v", m.GetFault())
		answered[m.GetCorrelationId()] = m.GetAuthorize().GetAuthorization().GetAuthorizationId()
	}
	require.Len(t, answered, requests)
	for i := range requests { // each was carried out once
		resp, err := ns.list[2].Authorize(t.Context(), orderOf(accounts[i%fourShards], fmt.Sprintf("s-%d", i), fmt.Sprintf("so-%d", i), 1))
		require.NoError(t, err)
		require.True(t, resp.GetReplayed())
		require.Equal(t, answered[uint64(i)], resp.GetAuthorization().GetAuthorizationId())
	}
	ns.alike()
}

// A node answers reads from what it has followed when it is asked to, and says how much that is.
func TestLocalReads(t *testing.T) {
	ns := serveNodes(t, 2, 1, nil)
	a := ns.list[0].account(1e9)
	ns.list[0].held(a, 70)
	ns.alike()
	owner, others := ns.owner(0)
	by := others[0]
	ctx := metadata.AppendToOutgoingContext(t.Context(), readKey, "local")
	var header metadata.MD
	got, err := by.GetAccount(ctx, &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()}, grpc.Header(&header))
	require.NoError(t, err)
	require.Equal(t, int64(70), got.GetAccount().GetHeld())
	require.Len(t, header.Get(asOfKey), 1)
	var shard int
	var sequence uint64
	_, err = fmt.Sscanf(header.Get(asOfKey)[0], "%d %d", &shard, &sequence)
	require.NoError(t, err)
	last, err := owner.server.router.writers[0].Durable()
	require.NoError(t, err)
	require.Equal(t, last, sequence)
	require.Empty(t, header.Get(ownerKey))

	// Not asked for, or of what changes, it is the owner's to answer.
	header = nil
	_, err = by.GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()}, grpc.Header(&header))
	require.NoError(t, err)
	require.Equal(t, []string{owner.server.Addr()}, header.Get(ownerKey))
	require.Empty(t, header.Get(asOfKey))
	resp, err := by.Authorize(ctx, orderOf(a, "local-write", "local-write", 5))
	require.NoError(t, err)
	require.Equal(t, holdfastv1.Decision_DECISION_APPROVED, resp.GetDecision())
}

// Operators move shards and drain nodes; wrong wishes are told what is wrong with them.
func TestOperatorsMoveShards(t *testing.T) {
	ns := serveNodes(t, 3, fourShards, nil)
	a := ns.list[0].accountIn(2, 1e9)
	ops := holdfastv1.NewClusterServiceClient(ns.list[0].conn)
	for _, to := range ns.list {
		resp, err := ops.MoveShard(t.Context(), &holdfastv1.MoveShardRequest{Shard: 2, NodeId: to.config.Cluster.Node})
		require.NoError(t, err)
		require.Equal(t, to.config.Cluster.Node, resp.GetOwner().GetNodeId())
		require.True(t, to.server.router.writers[2].Stats().Leads)
		to.held(a, 1)
	}
	_, err := ops.DrainNode(t.Context(), &holdfastv1.DrainNodeRequest{NodeId: "c"})
	require.NoError(t, err)
	for shard := range fourShards {
		require.False(t, ns.list[2].server.router.writers[shard].Stats().Leads)
	}
	ns.list[2].serial += 1000
	ns.list[2].held(a, 1) // it goes on answering
	_, err = ops.MoveShard(t.Context(), &holdfastv1.MoveShardRequest{Shard: 1, NodeId: "c"})
	requireReason(t, err, codes.FailedPrecondition, "NODE_NOT_READY")
	_, err = ops.MoveShard(t.Context(), &holdfastv1.MoveShardRequest{Shard: 1, NodeId: "z"})
	requireReason(t, err, codes.NotFound, "NODE_NOT_FOUND")
	_, err = ops.MoveShard(t.Context(), &holdfastv1.MoveShardRequest{Shard: 4, NodeId: "a"})
	requireReason(t, err, codes.InvalidArgument, "INVALID_REQUEST")
	_, err = ops.DrainNode(t.Context(), &holdfastv1.DrainNodeRequest{NodeId: "z"})
	requireReason(t, err, codes.NotFound, "NODE_NOT_FOUND")
	_, err = ops.ForgetNode(t.Context(), &holdfastv1.ForgetNodeRequest{NodeId: "b"})
	requireReason(t, err, codes.FailedPrecondition, "NODE_LIVE")
	_, err = ops.UndrainNode(t.Context(), &holdfastv1.UndrainNodeRequest{NodeId: "c"})
	require.NoError(t, err)

	st, err := ops.GetClusterStatus(t.Context(), &holdfastv1.GetClusterStatusRequest{})
	require.NoError(t, err)
	require.Len(t, st.GetMembers(), 3)
	require.Len(t, st.GetShards(), fourShards)
	for _, s := range st.GetShards() {
		require.Len(t, s.GetReplicas(), 3)
	}
	_, err = ops.MoveShard(t.Context(), &holdfastv1.MoveShardRequest{Shard: 2})
	require.NoError(t, err)

	// A server that is no cluster's node has all shards itself.
	single := serveBook(t, Config{Shards: 2})
	alone := holdfastv1.NewClusterServiceClient(single.conn)
	top, err := alone.GetTopology(t.Context(), &holdfastv1.GetTopologyRequest{})
	require.NoError(t, err)
	require.Len(t, top.GetNodes(), 1)
	require.Len(t, top.GetShards(), 2)
	_, err = alone.DrainNode(t.Context(), &holdfastv1.DrainNodeRequest{NodeId: "a"})
	requireReason(t, err, codes.FailedPrecondition, "NOT_CLUSTERED")
}

// An owner that is cut off from etcd acknowledges nothing more. The others take its shards over, callers at their nodes
// wait that long and no longer, and each order is carried out once.
func TestOwnerCutOffFromEtcd(t *testing.T) {
	var proxies []*etcdtest.Proxy
	for _, endpoint := range etcdMembers(t).Endpoints() {
		p, err := etcdtest.NewProxy(endpoint)
		require.NoError(t, err)
		proxies = append(proxies, p)
		defer p.Close()
	}
	ns := serveNodes(t, 3, 2, func(c *Config) {
		if c.Cluster.Node != "a" {
			return
		}
		c.Cluster.Endpoints = nil
		for _, p := range proxies {
			c.Cluster.Endpoints = append(c.Cluster.Endpoints, p.Endpoint())
		}
	})
	ops := holdfastv1.NewClusterServiceClient(ns.list[1].conn)
	_, err := ops.MoveShard(t.Context(), &holdfastv1.MoveShardRequest{Shard: 0, NodeId: "a"})
	require.NoError(t, err)
	a := ns.list[1].accountIn(0, 1e12)

	ctx, cancel := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	var answered, approved atomic.Int64
	for n, b := range ns.list {
		callers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				id := fmt.Sprintf("cut-%d-%d", n, i)
				r := &holdfastv1.ChargeRequest{
					RequestId: id, AccountId: a.GetAccountId(), Scene: holdfastv1.Scene_SCENE_TOPUP, OrderId: id, CarrierId: "cmcc",
					PhoneToken: "p-1", Currency: "CNY", Amount: 1,
				}
				var resp *holdfastv1.ChargeResponse
				for { // until it is answered, at this node or, when that is cut off, at another
					call, done := context.WithTimeout(t.Context(), 4*time.Second)
					var err error
					if resp, err = b.Charge(call, r); err != nil {
						resp, err = ns.list[1+i%2].Charge(call, r)
					}
					done()
					if err == nil {
						break
					}
				}
				if resp.GetDecision() == holdfastv1.Decision_DECISION_APPROVED {
					approved.Add(1)
				}
				answered.Add(1)
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	for _, p := range proxies {
		p.Silence()
	}
	require.Eventually(t, func() bool {
		owner, ok := ns.list[1].server.node.view().Owner(0)
		return ok && owner.Leads() && owner.Node != "a"
	}, patience, 10*time.Millisecond)
	before := answered.Load()
	require.Eventually(t, func() bool { return answered.Load() > before+50 }, patience, 10*time.Millisecond)
	for _, p := range proxies {
		p.Forsake()
		p.Pass()
	}
	time.Sleep(500 * time.Millisecond)
	cancel()
	callers.Wait()
	require.Eventually(t, func() bool { return len(ns.list[1].server.node.view().Nodes()) == 3 }, patience, 50*time.Millisecond)
	ns.settled()
	ns.alike()
	got, err := ns.list[0].GetAccount(t.Context(), &holdfastv1.GetAccountRequest{AccountId: a.GetAccountId()})
	require.NoError(t, err)
	require.Equal(t, approved.Load(), got.GetAccount().GetPosted(), "an order was lost, or carried out twice")
}

// A node that comes when the beginning of the journals has been trimmed gets state and journal from a peer.
func TestNewNodeComesUpFromAPeer(t *testing.T) {
	short := func(c *Config) { c.Cluster.Tail, c.Cluster.Copies = 10, 2 }
	ns := serveNodes(t, 2, 1, short)
	b := ns.list[0]
	a := b.account(1e12)
	for i := range 1_500 {
		_, err := b.Authorize(t.Context(), orderOf(a, fmt.Sprintf("fill-%d", i), fmt.Sprintf("fill-%d", i), 1))
		require.NoError(t, err)
		if i%20 == 19 { // an account has so many holds open
			_, err := b.Reverse(t.Context(), &holdfastv1.ReverseRequest{RequestId: fmt.Sprintf("rev-%d", i), AccountId: a.GetAccountId(), OrderId: fmt.Sprintf("fill-%d", i)})
			require.NoError(t, err)
		}
	}
	log := b.server.node.logs[0]
	require.Eventually(t, func() bool {
		first, _, err := log.Bounds(t.Context())
		return err == nil && first > 1
	}, patience, 50*time.Millisecond)
	ns.add("c", 1, short)
	ns.settled()
	ns.alike()
	n := 0
	for e, err := range ns.list[2].server.node.copies[0].Copy().Replay(t.Context(), 1) {
		require.NoError(t, err)
		n++
		require.Equal(t, uint64(n), e.Sequence)
	}
	require.Greater(t, n, 1_500)
}

// Shards may have their journals in an etcd cluster of their own. A node that looks elsewhere than the others is refused: it
// would decide for a shard that another decides for.
func TestJournalsInTwoEtcdClusters(t *testing.T) {
	other, err := etcdtest.Start(t.TempDir(), 1, etcdtest.Member{})
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Stop()) }()
	apart := func(c *Config) {
		c.Cluster.Journals = []JournalsIn{{First: 2, Last: 3, Endpoints: other.Endpoints()}}
	}
	ns := serveNodes(t, 2, fourShards, apart)
	for shard := range fourShards {
		for i, b := range ns.list {
			b.serial = (shard*10 + i + 1) * 1000
			b.held(b.accountIn(shard, 1e9), 5)
		}
	}
	ns.alike()
	there, err := other.Client().Get(t.Context(), "/holdfast/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	require.NoError(t, err)
	for _, kv := range there.Kvs {
		require.Regexp(t, "/journals/shard-000[23]/", string(kv.Key))
	}
	require.NotEmpty(t, there.Kvs)

	status, err := holdfastv1.NewClusterServiceClient(ns.list[1].conn).GetClusterStatus(t.Context(), &holdfastv1.GetClusterStatusRequest{})
	require.NoError(t, err)
	require.Len(t, status.GetMembers(), 4, "the members of both are told")
	for i, m := range status.GetMembers() {
		require.Equal(t, int32(i/3), m.GetEtcdCluster())
		require.Empty(t, m.GetError())
	}

	c := ns.list[0].config
	mistaken := *c.Cluster
	mistaken.Node, mistaken.Journals = "c", nil
	c.Data, c.Cluster = filepath.Join(t.TempDir(), "c"), &mistaken
	_, err = New(t.Context(), c)
	require.ErrorIs(t, err, cluster.ErrMeta)
	require.ErrorContains(t, err, "for shards 2 to 3")
	for _, b := range ns.list { // before the etcd that has their journals
		require.NoError(t, b.server.Shutdown())
	}
}

// Only peers speak for others, and only to them what peers ask of each other is answered.
func TestPeersAreKnown(t *testing.T) {
	callers, faults := parseCallers([]byte(`
- {name: gw, role: gateway, token_sha256: ` + digestOf("gateway-token") + `}
- {name: ops, role: operator, token_sha256: ` + digestOf("ops-token") + `}
- {name: node, role: peer, token_sha256: ` + digestOf("peer-token") + `}
`))
	require.Empty(t, faults)
	ns := serveNodes(t, 2, 1, func(c *Config) { c.Edge.Callers, c.Cluster.Peers.Token = callers, "peer-token" })
	owner, others := ns.owner(0)
	as := func(token string, more ...string) context.Context {
		return metadata.AppendToOutgoingContext(t.Context(), append(more, authorizationKey, "Bearer "+token)...)
	}
	open := &holdfastv1.OpenAccountRequest{
		RequestId: "open", ConsumerToken: "consumer", Currency: "CNY", Limit: 1000,
		Lines: []*holdfastv1.LineOpening{{Scene: holdfastv1.Scene_SCENE_TOPUP, Limit: 1000, AgreementVersion: "1", AcceptedAgreementVersion: "1"}},
	}
	resp, err := others[0].OpenAccount(as("gateway-token"), open)
	require.NoError(t, err)
	a := resp.GetAccount()
	_, err = others[0].Authorize(as("gateway-token"), orderOf(a, "r", "o", 10))
	require.NoError(t, err)
	// The order is the gateway's, although a peer brought it.
	_, err = owner.LookupOrder(as("gateway-token"), &holdfastv1.LookupOrderRequest{OrderId: "o"})
	require.NoError(t, err)
	_, err = owner.LookupOrder(as("ops-token"), &holdfastv1.LookupOrderRequest{OrderId: "o"})
	requireReason(t, err, codes.NotFound, "ORDER_NOT_FOUND")
	// Nobody but a peer speaks for another.
	_, err = owner.LookupOrder(as("ops-token", forKey, "gw gateway"), &holdfastv1.LookupOrderRequest{OrderId: "o"})
	requireReason(t, err, codes.NotFound, "ORDER_NOT_FOUND")
	_, err = owner.Suspend(as("gateway-token", forKey, "ops operator"), &holdfastv1.SuspendRequest{RequestId: "s", Scope: &holdfastv1.SuspendRequest_All{All: true}, Reason: "x"})
	requireReason(t, err, codes.PermissionDenied, "PERMISSION_DENIED")
	for _, token := range []string{"gateway-token", "ops-token"} {
		_, err = peerv1.NewPeerServiceClient(owner.conn).ClaimOrder(as(token), &peerv1.ClaimOrderRequest{Caller: "gw", OrderId: "x", AccountId: a.GetAccountId()})
		requireReason(t, err, codes.PermissionDenied, "PERMISSION_DENIED")
	}
}

// What is appended is not told to those who watch the registry.
func TestJournalsAreApartFromTheRegistry(t *testing.T) {
	c := ClusterConfig{Name: "x"}
	require.False(t, strings.HasPrefix(c.journals(), c.registry()+"/"))
	require.False(t, strings.HasPrefix(c.registry()+"/", c.journals()))
}

// Two copies of an entry are enough to forget it, but not one; a node that is there is waited for unless it is far behind.
func TestTrimPoint(t *testing.T) {
	c := ClusterConfig{Copies: 2, Tail: 100}
	at := func(sequences ...uint64) (list []cluster.Replica) {
		for i, s := range sequences {
			list = append(list, cluster.Replica{Node: string(rune('a' + i)), Sequence: s})
		}
		return list
	}
	nobody := new(cluster.View)
	require.Zero(t, trimPoint(at(5_000), nobody, c, 5_001))
	require.Equal(t, uint64(4_001), trimPoint(at(5_000, 4_000), nobody, c, 5_001))
	require.Equal(t, uint64(4_901), trimPoint(at(5_000, 5_000, 10), nobody, c, 5_001), "the third is gone")
	require.Zero(t, trimPoint(at(50, 50), nobody, c, 51))
}

// A node that has left sees no longer who decides. Whoever still asks it is told so at once, and is soon answered by another
// node, rather than when the time that the call has is over: a shutdown waits for its calls.
func TestNodeThatHasLeftDoesNotWait(t *testing.T) {
	ns := serveNodes(t, 2, 1, nil)
	owner, _ := ns.owner(0)
	require.NoError(t, owner.server.Shutdown())
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	nobody := func() error { return failed(codes.Unavailable, "NOT_OWNER", "no node decides") }
	begun := time.Now()
	err := owner.server.node.at(ctx, 0, nobody, func(context.Context, cluster.Node, *grpc.ClientConn) error { return nobody() })
	requireReason(t, err, codes.Unavailable, "NOT_OWNER")
	require.Less(t, time.Since(begun), patience)
}
