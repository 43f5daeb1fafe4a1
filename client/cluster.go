package client

import (
	"context"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The calls of ClusterService. What each means, and which errors it has, is documented with the service. Those that
// change something say how it shall be, so that saying it twice is saying it once; they are retried like reads.

// GetTopology asks where the shards are. Topology makes it easier to read.
func (c *Client) GetTopology(ctx context.Context, req *holdfastv1.GetTopologyRequest) (
	*holdfastv1.GetTopologyResponse, error,
) {
	return do(ctx, c, &getTopologyMethod, req)
}

// GetClusterStatus asks how the cluster is doing: replicas, journals, members of etcd. For operators.
func (c *Client) GetClusterStatus(ctx context.Context, req *holdfastv1.GetClusterStatusRequest) (
	*holdfastv1.GetClusterStatusResponse, error,
) {
	return do(ctx, c, &getClusterStatusMethod, req)
}

// MoveShard has a node decide for a shard, and answers when it does. Give it a deadline of some seconds: after
// DEADLINE_EXCEEDED the shard may still move. For operators.
func (c *Client) MoveShard(ctx context.Context, req *holdfastv1.MoveShardRequest) (
	*holdfastv1.MoveShardResponse, error,
) {
	return do(ctx, c, &moveShardMethod, req)
}

// DrainNode takes all shards away from a node, and answers when it has none any more. Its deadline is as MoveShard's. For
// operators.
func (c *Client) DrainNode(ctx context.Context, req *holdfastv1.DrainNodeRequest) (
	*holdfastv1.DrainNodeResponse, error,
) {
	return do(ctx, c, &drainNodeMethod, req)
}

// UndrainNode lets a node have shards again. For operators.
func (c *Client) UndrainNode(ctx context.Context, req *holdfastv1.UndrainNodeRequest) (
	*holdfastv1.UndrainNodeResponse, error,
) {
	return do(ctx, c, &undrainNodeMethod, req)
}

// ForgetNode forgets the replicas of a node that will not come back. For operators.
func (c *Client) ForgetNode(ctx context.Context, req *holdfastv1.ForgetNodeRequest) (
	*holdfastv1.ForgetNodeResponse, error,
) {
	return do(ctx, c, &forgetNodeMethod, req)
}

// A Topology is where the shards were when it was asked for. It does not change.
type Topology struct {
	// Revision grows with every change.
	Revision int64
	// Nodes are the servers, by id. A server that is no cluster's node is one without an address.
	Nodes []*holdfastv1.Node
	// Shards have each shard's owner, in order of the shards.
	Shards []*holdfastv1.ShardOwner
}

// Topology asks where the shards are. The client routes by the answer from then on, if it is newer than what it knows.
func (c *Client) Topology(ctx context.Context) (*Topology, error) {
	resp, err := c.GetTopology(ctx, new(holdfastv1.GetTopologyRequest))
	if err != nil {
		return nil, err
	}
	if !alone(resp) && !c.opts.unrouted {
		c.fleet.learn(reply{resp: resp})
	}
	return &Topology{Revision: resp.GetRevision(), Nodes: resp.GetNodes(), Shards: resp.GetShards()}, nil
}

// Node is the node of an id, or nil.
func (t *Topology) Node(id string) *holdfastv1.Node {
	for _, n := range t.Nodes {
		if n.GetNodeId() == id {
			return n
		}
	}
	return nil
}

// Owner is the node that decides for a shard, or nil while nobody does, or where there is no such shard.
func (t *Topology) Owner(shard int) *holdfastv1.Node {
	if shard < 0 || shard >= len(t.Shards) {
		return nil
	}
	return t.Node(t.Shards[shard].GetNodeId())
}

// OwnerOf is the node that decides for an account, or for anything whose id begins with its account's; or nil.
func (t *Topology) OwnerOf(id string) *holdfastv1.Node {
	shard, ok := ShardOf(id)
	if !ok {
		return nil
	}
	return t.Owner(shard)
}

var (
	getTopologyMethod = method[holdfastv1.GetTopologyRequest, holdfastv1.GetTopologyResponse]{
		name: "GetTopology",
		full: holdfastv1.ClusterService_GetTopology_FullMethodName,
	}
	getClusterStatusMethod = method[holdfastv1.GetClusterStatusRequest, holdfastv1.GetClusterStatusResponse]{
		name: "GetClusterStatus",
		full: holdfastv1.ClusterService_GetClusterStatus_FullMethodName,
	}
	moveShardMethod = method[holdfastv1.MoveShardRequest, holdfastv1.MoveShardResponse]{
		name: "MoveShard",
		full: holdfastv1.ClusterService_MoveShard_FullMethodName,
	}
	drainNodeMethod = method[holdfastv1.DrainNodeRequest, holdfastv1.DrainNodeResponse]{
		name: "DrainNode",
		full: holdfastv1.ClusterService_DrainNode_FullMethodName,
	}
	undrainNodeMethod = method[holdfastv1.UndrainNodeRequest, holdfastv1.UndrainNodeResponse]{
		name: "UndrainNode",
		full: holdfastv1.ClusterService_UndrainNode_FullMethodName,
	}
	forgetNodeMethod = method[holdfastv1.ForgetNodeRequest, holdfastv1.ForgetNodeResponse]{
		name: "ForgetNode",
		full: holdfastv1.ClusterService_ForgetNode_FullMethodName,
	}
)
