package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// ClusterCmd is about a running cluster.
type ClusterCmd struct {
	Status  ClusterStatusCmd  `cmd:"" help:"Tell how a cluster is doing, and what to do about it."`
	Move    ClusterMoveCmd    `cmd:"" help:"Have a node decide for a shard."`
	Drain   ClusterDrainCmd   `cmd:"" help:"Take all shards away from a node."`
	Undrain ClusterUndrainCmd `cmd:"" help:"Let a node have shards again."`
	Forget  ClusterForgetCmd  `cmd:"" help:"Forget a node that will not come back."`
}

// Help teaches.
func (ClusterCmd) Help() string {
	return `A cluster is several servers that have one book, each deciding for some of its shards. Any node may be asked.

  holdfast cluster status                     what is wrong, who decides for what, how etcd is
  holdfast cluster move 3 b                   shard 3 to node b, for as long as b is there
  holdfast cluster move 3 --auto              wherever hashing puts it, again
  holdfast cluster drain b                    before node b is stopped for long; it goes on following
  holdfast cluster undrain b
  holdfast cluster forget b                   when b will not come back

docs/CLUSTER.md has the rest. Only operators and admins of a server's callers file may call these.`
}

// NodeFlags are the flags with which these commands reach a node.
type NodeFlags struct {
	Target string        `help:"Any node of the cluster (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Within time.Duration `help:"How long it may take." default:"20s"`

	DialFlags `group:"Reaching the node:"`
}

// Validate refuses flags that contradict each other.
func (f *NodeFlags) Validate() error { return f.check(f.Target) }

// call calls a node, and has its errors say what to do.
func (f *NodeFlags) call(ctx context.Context, do func(context.Context, *client.Client) error) error {
	sdk, err := f.dial(f.Target, client.WithoutRouting()) // this node, and not one that it names
	if err != nil {
		return err
	}
	defer sdk.Close()
	within, cancel := context.WithTimeout(ctx, f.Within)
	defer cancel()
	if err = do(within, sdk); err == nil {
		return nil
	}
	var advice string
	switch reason := client.ReasonOf(err); {
	case reason == "NOT_CLUSTERED":
		advice = "it has its book to itself; serve --journal=etcd makes nodes of a cluster"
	case reason == "NODE_NOT_FOUND", reason == "NODE_NOT_READY", reason == "NODE_LIVE":
		advice = f.nodes(ctx, sdk)
	case reason == "REGISTRY_UNREACHABLE":
		advice = "the node does not get an answer of etcd in time: are its members there, and do they have a majority?"
	case status.Code(err) == codes.DeadlineExceeded:
		advice = "what was asked for is noted, and may still come about: holdfast cluster status tells"
	case status.Code(err) == codes.Unavailable:
		if explained := f.explain(err); explained.Error() != err.Error() {
			return explained
		}
		advice = "is there a node at " + f.Target + "? Any other will do: --target"
	case status.Code(err) == codes.InvalidArgument:
		return errors.New(status.Convert(err).Message())
	default:
		return f.explain(err)
	}
	return fmt.Errorf("%s\n%s", status.Convert(err).Message(), advice)
}

// nodes says which nodes there are, for whoever named one that is not.
func (f *NodeFlags) nodes(ctx context.Context, c *client.Client) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	topology, err := c.GetTopology(ctx, &holdfastv1.GetTopologyRequest{})
	if err != nil {
		return "holdfast cluster status tells which nodes there are"
	}
	var nodes []string
	for _, n := range topology.GetNodes() {
		text := n.GetNodeId()
		switch {
		case n.GetLeaving():
			text += " (leaving)"
		case n.GetDrained():
			text += " (drained)"
		case len(n.GetWarmShards()) < len(topology.GetShards()):
			text += fmt.Sprintf(" (has caught up with %s)", shardNames(n.GetWarmShards()))
		}
		nodes = append(nodes, text)
	}
	return "there are: " + strings.Join(nodes, ", ")
}

// shardNames writes some shards.
func shardNames(shards []int32) string {
	if len(shards) == 0 {
		return "no shard"
	}
	return "shards " + numbers(shards)
}

// numbers writes ascending numbers, runs of them as a range.
func numbers(list []int32) string {
	var parts []string
	for i := 0; i < len(list); {
		end := i
		for end+1 < len(list) && list[end+1] == list[end]+1 {
			end++
		}
		switch {
		case end-i > 1:
			parts = append(parts, fmt.Sprintf("%d-%d", list[i], list[end]))
		default:
			for _, n := range list[i : end+1] {
				parts = append(parts, fmt.Sprint(n))
			}
		}
		i = end + 1
	}
	return strings.Join(parts, " ")
}

// ClusterStatusCmd tells how a cluster is doing.
type ClusterStatusCmd struct {
	JSON bool `name:"json" help:"Print JSON, as the API tells it."`

	NodeFlags
}

// Help teaches.
func (ClusterStatusCmd) Help() string {
	return `Says first what is wrong and what to do about it; then which nodes there are, who decides for which shard, how far the
nodes' copies are, and how the members of etcd are. Exit code 1 when anything is wrong.

  holdfast cluster status
  holdfast cluster status --target core-2.example:7600 --tls-ca ca.pem --token-file token
  holdfast cluster status --json | jq '.shards[].owner.nodeId'`
}

// Run prints the status.
func (c *ClusterStatusCmd) Run(ctx context.Context) error {
	var resp *holdfastv1.GetClusterStatusResponse
	err := c.call(ctx, func(ctx context.Context, cluster *client.Client) (err error) {
		resp, err = cluster.GetClusterStatus(ctx, &holdfastv1.GetClusterStatusRequest{})
		return err
	})
	if err != nil {
		return err
	}
	s := &clusterStatus{resp, time.Now()}
	if c.JSON {
		if err := printProto(os.Stdout, resp); err != nil {
			return err
		}
	} else if err := s.print(os.Stdout); err != nil {
		return err
	}
	if len(s.faults()) > 0 {
		return errNotWell
	}
	return nil
}

// errNotWell says that something is wrong with a cluster; what, has been printed.
var errNotWell = errors.New("the cluster is not well")

// ClusterMoveCmd moves a shard.
type ClusterMoveCmd struct {
	Shard int32  `arg:"" help:"The shard."`
	Node  string `arg:"" optional:"" help:"The node that is to decide for it."`
	Auto  bool   `help:"Let hashing choose the node, as for shards that nobody moved."`

	NodeFlags
}

// Help teaches.
func (ClusterMoveCmd) Help() string {
	return `Has a node decide for a shard from now on, for as long as it is there and has caught up; when it is not, the shard goes
elsewhere, and comes back with it. The shard pauses for the time of a few messages with etcd; calls wait for that long and
are not refused. It answers when the shard has moved.

  holdfast cluster move 3 b
  holdfast cluster move 3 --auto`
}

// Validate refuses a command line that does not say where to.
func (c *ClusterMoveCmd) Validate() error {
	if (c.Node == "") != c.Auto {
		return errors.New("say where to: a node, or --auto")
	}
	return c.NodeFlags.Validate()
}

// Run moves.
func (c *ClusterMoveCmd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cluster *client.Client) error {
		resp, err := cluster.MoveShard(ctx, &holdfastv1.MoveShardRequest{Shard: c.Shard, NodeId: c.Node})
		if err != nil {
			return err
		}
		o := resp.GetOwner()
		how := "pinned: it stays there until holdfast cluster move " + fmt.Sprint(c.Shard) + " --auto"
		if c.Auto {
			how = "chosen by hashing"
		}
		fmt.Printf("shard %d: node %s decides, epoch %d; %s\n", o.GetShard(), o.GetNodeId(), o.GetEpoch(), how)
		return nil
	})
}

// ClusterDrainCmd takes all shards away from a node.
type ClusterDrainCmd struct {
	Node string `arg:"" help:"The node."`

	NodeFlags
}

// Help teaches.
func (ClusterDrainCmd) Help() string {
	return `Takes all shards away from a node and gives it none until it is undrained, even if it starts anew. It goes on following
and answering. It answers when the node decides for nothing. A node that is only restarted need not be drained: SIGTERM
gives its shards away too.

  holdfast cluster drain b`
}

// Run drains.
func (c *ClusterDrainCmd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cluster *client.Client) error {
		if _, err := cluster.DrainNode(ctx, &holdfastv1.DrainNodeRequest{NodeId: c.Node}); err != nil {
			return err
		}
		fmt.Printf("node %s decides for nothing, until holdfast cluster undrain %s\n", c.Node, c.Node)
		return nil
	})
}

// ClusterUndrainCmd ends that.
type ClusterUndrainCmd struct {
	Node string `arg:"" help:"The node."`

	NodeFlags
}

// Run undrains.
func (c *ClusterUndrainCmd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cluster *client.Client) error {
		if _, err := cluster.UndrainNode(ctx, &holdfastv1.UndrainNodeRequest{NodeId: c.Node}); err != nil {
			return err
		}
		fmt.Printf("node %s may have shards again; those that hashing gives it come to it by themselves\n", c.Node)
		return nil
	})
}

// ClusterForgetCmd forgets a node.
type ClusterForgetCmd struct {
	Node string `arg:"" help:"The node, which must be stopped."`

	NodeFlags
}

// Help teaches.
func (ClusterForgetCmd) Help() string {
	return `Forgets what the cluster knows of a node that will not come back: how far its copies were, what was pinned to it, and that
it was drained. It does no harm if it does come back: its data directory catches up as that of a new node.

  holdfast cluster forget b`
}

// Run forgets.
func (c *ClusterForgetCmd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cluster *client.Client) error {
		if _, err := cluster.ForgetNode(ctx, &holdfastv1.ForgetNodeRequest{NodeId: c.Node}); err != nil {
			return err
		}
		fmt.Printf("node %s is forgotten\n", c.Node)
		return nil
	})
}
