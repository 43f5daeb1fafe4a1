package client

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// What the fakes are as a cluster: each node listens by itself, all have one book, and the book knows who decides for
// which shard. What a node tells of the topology is its own affair: it may be old.

// StartFakes starts the nodes of a cluster. Shard i belongs to node i modulo their number, and has account AccountOf(i).
func StartFakes(nodes, shards int) []*Fake {
	first := StartFake()
	all := []*Fake{first}
	for range nodes - 1 {
		all = append(all, startFake(first.book))
	}
	for i := range shards {
		first.owners = append(first.owners, all[i%nodes])
		id := AccountOf(i)
		first.accounts[id] = &pb.Account{AccountId: id, Currency: "CNY", Limit: 1 << 40, Available: 1 << 40}
	}
	TellAll(1, all...)
	return all
}

// AccountOf is the id of an account of a shard.
func AccountOf(shard int) string {
	const digits = "0123456789abcdefghjkmnpqrstvwxyz"
	n := shard * 4
	return fmt.Sprintf("acc_%c%c%c0000000001", digits[n>>10], digits[n>>5&31], digits[n&31])
}

// TellAll has nodes tell how things stand now, with all of them as the cluster's nodes.
func TellAll(revision int64, nodes ...*Fake) {
	book := nodes[0].book
	book.mu.Lock()
	defer book.mu.Unlock()
	t := &pb.GetTopologyResponse{Revision: revision}
	names := map[*Fake]string{}
	for i, f := range nodes {
		names[f] = fmt.Sprintf("node-%d", i)
		n := &pb.Node{NodeId: names[f], Address: f.Addr}
		for shard := range book.owners {
			n.WarmShards = append(n.WarmShards, int32(shard))
		}
		t.Nodes = append(t.Nodes, n)
	}
	for shard, owner := range book.owners {
		t.Shards = append(t.Shards, &pb.ShardOwner{Shard: int32(shard), NodeId: names[owner], Epoch: 1})
	}
	for _, f := range nodes {
		f.tells = t
	}
}

// Own has nodes decide for shards from now on, beginning with the first shard. It tells nobody.
func (b *book) Own(nodes ...*Fake) {
	b.mu.Lock()
	defer b.mu.Unlock()
	copy(b.owners, nodes)
}

// Kill drops all connections for good.
func (f *Fake) Kill() {
	f.mu.Lock()
	f.dead = true
	f.mu.Unlock()
	f.Stop()
}

// Asked is how often the topology was asked for.
func (f *Fake) Asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *Fake) GetTopology(ctx context.Context, req *pb.GetTopologyRequest) (*pb.GetTopologyResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.tells == nil {
		return f.UnimplementedClusterServiceServer.GetTopology(ctx, req)
	}
	return proto.CloneOf(f.tells), nil
}

// keyFields are where requests name what they are about.
var keyFields = []protoreflect.Name{"account_id", "authorization_id", "repayment_id", "collection_id", "mandate_id", "application_id", "review_id"}

// keyOf is the id by which a request belongs to a shard.
func keyOf(req proto.Message) string {
	r := req.ProtoReflect()
	for _, name := range keyFields {
		if field := r.Descriptor().Fields().ByName(name); field != nil && r.Get(field).String() != "" {
			return r.Get(field).String()
		}
	}
	return ""
}

// admit refuses what this node can neither decide nor send on, and tells in the header where it sends it. The lock is
// held.
func (f *Fake) admit(ctx context.Context, req proto.Message) error {
	shard, ok := ShardOf(keyOf(req))
	if !ok || shard >= len(f.owners) {
		return nil
	}
	owner := f.owners[shard]
	md, _ := metadata.FromIncomingContext(ctx)
	switch {
	case owner == f:
		return nil
	case first(md.Get("holdfast-read")) == "local" && !f.behind:
		return grpc.SetHeader(ctx, metadata.Pairs("holdfast-as-of", fmt.Sprintf("%d 17 2026-02-16T09:30:00.25Z", shard)))
	case owner == nil || owner.dead:
		return Refusal(codes.Unavailable, "STARTING", nil)
	case f.strict:
		return Refusal(codes.Unavailable, "NOT_OWNER", nil)
	}
	_ = grpc.SetHeader(ctx, metadata.Pairs("holdfast-owner", owner.Addr)) // on a stream it comes too late
	return nil
}

// startAll is a cluster of strict or forwarding nodes and a client of its first node.
func startAll(t testing.TB, nodes, shards int, strict bool, opts ...Option) ([]*Fake, *Client) {
	t.Helper()
	all := StartFakes(nodes, shards)
	for _, f := range all {
		f.strict = strict
		t.Cleanup(f.Stop)
	}
	return all, dial(t, all[0], opts...)
}

// routed waits until the client knows the topology of a revision.
func routed(t *testing.T, c *Client, revision int64) {
	t.Helper()
	c.fleet.begin(t.Context(), time.Time{})
	eventually(t, fmt.Sprintf("revision %d", revision), func() bool { return c.fleet.view.Load().revision >= revision })
}

// soon has the topology asked for often, and nodes that are gone forgotten quickly.
func soon(o *options) { o.refreshEvery, o.linger = 20*time.Millisecond, 50*time.Millisecond }
