package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

// clusterService is ClusterService.
type clusterService struct {
	holdfastv1.UnimplementedClusterServiceServer
	*router
	server *Server
}

func (s *clusterService) GetTopology(context.Context, *holdfastv1.GetTopologyRequest) (*holdfastv1.GetTopologyResponse, error) {
	resp := &holdfastv1.GetTopologyResponse{}
	if s.node == nil {
		resp.Nodes = []*holdfastv1.Node{{Version: s.server.config.Version, StartTime: timestamp(calendar.InstantOf(s.server.started))}}
		for _, st := range s.server.Stats() {
			resp.Shards = append(resp.Shards, &holdfastv1.ShardOwner{Shard: int32(st.Shard), Epoch: st.Epoch})
		}
		return resp, nil
	}
	v := s.node.view()
	resp.Revision, resp.Nodes = v.Revision, nodesProto(v)
	for shard := range s.writers {
		resp.Shards = append(resp.Shards, ownerProto(v, shard))
	}
	return resp, nil
}

func nodesProto(v *cluster.View) (nodes []*holdfastv1.Node) {
	for _, n := range v.Nodes() {
		p := &holdfastv1.Node{
			NodeId: n.ID, Address: n.Address, Version: n.Version, StartTime: timestamppb.New(n.Started), Drained: v.Drained(n.ID), Leaving: n.Leaving,
		}
		for _, shard := range n.Warm {
			p.WarmShards = append(p.WarmShards, int32(shard))
		}
		nodes = append(nodes, p)
	}
	return nodes
}

func ownerProto(v *cluster.View, shard int) *holdfastv1.ShardOwner {
	owner, _ := v.Owner(shard)
	return &holdfastv1.ShardOwner{Shard: int32(shard), NodeId: owner.Node, Epoch: owner.Epoch}
}

// clustered refuses what takes a cluster.
func (s *clusterService) clustered() error {
	if s.node == nil || s.node.cluster.Load() == nil {
		return failed(codes.FailedPrecondition, "NOT_CLUSTERED", "this server is no cluster's node")
	}
	return nil
}

func memberProto(m *cluster.Member) *holdfastv1.EtcdMember {
	p := &holdfastv1.EtcdMember{
		Endpoint: m.Endpoint, Version: m.Version, Leader: m.Leader, DbSize: m.SizeBytes, DbSizeInUse: m.InUseBytes, Quota: m.QuotaBytes,
		Alarms: m.Alarms, EtcdCluster: int32(m.Cluster),
	}
	if m.Err != nil {
		p.Error = m.Err.Error()
	}
	return p
}

// statusWithin bounds how long etcd may take for a status.
const statusWithin = 3 * time.Second

func (s *clusterService) GetClusterStatus(ctx context.Context, _ *holdfastv1.GetClusterStatusRequest) (*holdfastv1.GetClusterStatusResponse, error) {
	if err := s.clustered(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, statusWithin)
	defer cancel()
	v := s.node.view()
	resp := &holdfastv1.GetClusterStatusResponse{Nodes: nodesProto(v), Differences: v.Differences()}
	for _, m := range s.node.health(ctx) {
		resp.Members = append(resp.Members, memberProto(&m))
	}
	for shard := range s.writers {
		resp.Shards = append(resp.Shards, s.shardStatus(ctx, v, shard))
	}
	return resp, nil
}

// shardStatus is how a shard is doing; what etcd does not tell in time is left out.
func (s *clusterService) shardStatus(ctx context.Context, v *cluster.View, shard int) *holdfastv1.ShardStatus {
	owner, _ := v.Owner(shard)
	p := &holdfastv1.ShardStatus{Owner: ownerProto(v, shard), PreferredNodeId: v.Preferred(shard), PinnedNodeId: v.Pin(shard)}
	if !owner.Since.IsZero() {
		p.Since = timestamppb.New(owner.Since)
	}
	if first, next, err := s.node.logs[shard].Bounds(ctx); err == nil {
		p.FirstSequence, p.LastSequence = first, next-1
	}
	replicas, err := s.node.cluster.Load().Replicas(ctx, shard)
	if err != nil {
		return p
	}
	for _, r := range replicas {
		p.Replicas = append(p.Replicas, &holdfastv1.ShardReplica{
			NodeId: r.Node, Sequence: r.Sequence, Lag: p.LastSequence - min(p.LastSequence, r.Sequence), ReportTime: timestamppb.New(r.At),
		})
	}
	return p
}

func (s *clusterService) MoveShard(ctx context.Context, r *holdfastv1.MoveShardRequest) (*holdfastv1.MoveShardResponse, error) {
	if err := s.clustered(); err != nil {
		return nil, err
	}
	shard, v := int(r.GetShard()), s.node.view()
	if shard < 0 || shard >= len(s.writers) {
		var c check
		c.fault("shard", "must be 0 to %d", len(s.writers)-1)
		return nil, c.err()
	}
	if r.GetNodeId() == "" {
		if err := s.node.cluster.Load().Unpin(ctx, shard); err != nil {
			return nil, registryStatus(err)
		}
	} else {
		n, ok := v.Node(r.GetNodeId())
		switch {
		case !ok:
			return nil, failed(codes.NotFound, "NODE_NOT_FOUND", fmt.Sprintf("there is no node %q", r.GetNodeId()))
		case !v.Ready(shard, n.ID):
			return nil, failed(codes.FailedPrecondition, "NODE_NOT_READY", fmt.Sprintf("node %q is drained, leaving, failing, or has not caught up with shard %d", n.ID, shard))
		}
		if err := s.node.cluster.Load().Pin(ctx, shard, n.ID); err != nil {
			return nil, registryStatus(err)
		}
	}
	now, err := s.node.cluster.Load().Await(ctx, func(v *cluster.View) bool {
		owner, ok := v.Owner(shard)
		to := r.GetNodeId()
		if to == "" {
			to = v.Preferred(shard)
		}
		return v.Pin(shard) == r.GetNodeId() && ok && owner.Leads() && owner.Node == to
	})
	if err != nil {
		return nil, submitStatus(err)
	}
	return &holdfastv1.MoveShardResponse{Owner: ownerProto(now, shard)}, nil
}

func (s *clusterService) DrainNode(ctx context.Context, r *holdfastv1.DrainNodeRequest) (*holdfastv1.DrainNodeResponse, error) {
	if err := s.known(r.GetNodeId()); err != nil {
		return nil, err
	}
	if err := s.node.cluster.Load().Drain(ctx, r.GetNodeId()); err != nil {
		return nil, registryStatus(err)
	}
	_, err := s.node.cluster.Load().Await(ctx, func(v *cluster.View) bool {
		for shard := range s.writers {
			if owner, ok := v.Owner(shard); !ok || !owner.Leads() || owner.Node == r.GetNodeId() {
				return false
			}
		}
		return true
	})
	if err != nil {
		return nil, submitStatus(err)
	}
	return &holdfastv1.DrainNodeResponse{}, nil
}

func (s *clusterService) UndrainNode(ctx context.Context, r *holdfastv1.UndrainNodeRequest) (*holdfastv1.UndrainNodeResponse, error) {
	if err := s.known(r.GetNodeId()); err != nil {
		return nil, err
	}
	if err := s.node.cluster.Load().Undrain(ctx, r.GetNodeId()); err != nil {
		return nil, registryStatus(err)
	}
	return &holdfastv1.UndrainNodeResponse{}, nil
}

func (s *clusterService) ForgetNode(ctx context.Context, r *holdfastv1.ForgetNodeRequest) (*holdfastv1.ForgetNodeResponse, error) {
	if err := s.clustered(); err != nil {
		return nil, err
	}
	if _, live := s.node.view().Node(r.GetNodeId()); live {
		return nil, failed(codes.FailedPrecondition, "NODE_LIVE", fmt.Sprintf("node %q is there", r.GetNodeId()))
	}
	if err := s.node.cluster.Load().Forget(ctx, r.GetNodeId()); err != nil {
		return nil, registryStatus(err)
	}
	return &holdfastv1.ForgetNodeResponse{}, nil
}

// known refuses what is about a node that is not there.
func (s *clusterService) known(id string) error {
	if err := s.clustered(); err != nil {
		return err
	}
	if _, ok := s.node.view().Node(id); !ok {
		return failed(codes.NotFound, "NODE_NOT_FOUND", fmt.Sprintf("there is no node %q", id))
	}
	return nil
}

// registryStatus is an error of the registry as a status.
func registryStatus(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return submitStatus(err)
	}
	return failed(codes.Unavailable, "REGISTRY_UNREACHABLE", err.Error(), retryIn(time.Second))
}
