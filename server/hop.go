package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/holdfast-credit/holdfast/server/cluster"
)

// Metadata of calls between nodes, and of calls and answers as ClusterService's comment has it.
const (
	forKey   = "holdfast-for"   // from a peer: the caller's name and role
	shardKey = "holdfast-shard" // from a peer: the shard that the call is to be carried out in, and no other
	readKey  = "holdfast-read"
	asOfKey  = "holdfast-as-of"
	ownerKey = "holdfast-owner"
)

// How a call waits for a shard that nobody decides for, and how long at most.
const (
	hopRetryFirst = 2 * time.Millisecond
	hopRetryMost  = 100 * time.Millisecond
	hopPatience   = 10 * time.Second
	// hopMargin is what is kept of a call's time, so that its caller is answered whatever becomes of the hop.
	hopMargin = 20 * time.Millisecond
)

// asPeer is a context for a call to a peer.
func (n *node) asPeer(ctx context.Context) context.Context {
	if n.config.Peers.Token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, authorizationKey, "Bearer "+n.config.Peers.Token)
}

// onBehalf is a context for a call to a peer that carries its caller along.
func (n *node) onBehalf(ctx context.Context, more ...string) context.Context {
	c := CallerOf(ctx)
	return metadata.AppendToOutgoingContext(n.asPeer(ctx), append(more, forKey, c.Name+" "+c.Role.String())...)
}

// leads says whether this node decides for a shard, as far as it knows.
func (n *node) leads(shard int) bool {
	owner, ok := n.view().Owner(shard)
	return ok && owner.Node == n.config.Node
}

func (n *node) view() *cluster.View {
	if c := n.cluster.Load(); c != nil {
		return c.View()
	}
	return new(cluster.View)
}

// carry has a call carried out where its place is: here, or by the node that decides, to which it is one hop. While nobody
// decides, or who does changes, it waits and tries again; that is safe, because every write has a request_id.
func (n *node) carry(ctx context.Context, method string, req any, here grpc.UnaryHandler) (any, error) {
	if cameFromPeer(ctx) {
		return here(ctx, req)
	}
	shard := n.router.placeOf(ctx, req)
	if shard == anywhere {
		return here(ctx, req)
	}
	if local(ctx) && reads(method) {
		if resp, err := here(ctx, req); reasonOf(status.Convert(err)) != "NOT_OWNER" {
			return resp, err
		}
	}
	var resp any
	if n.leads(shard) { // as with a client that knows where to go
		resp, err := here(ctx, req)
		if err == nil || !passes(err) {
			return resp, err
		}
	}
	err := n.at(ctx, shard, func() (err error) {
		resp, err = here(ctx, req)
		return err
	}, func(ctx context.Context, owner cluster.Node, conn *grpc.ClientConn) error {
		answer, err := answerOf(method)
		if err != nil {
			return err
		}
		_ = grpc.SetHeader(ctx, metadata.Pairs(ownerKey, owner.Address))
		resp = answer
		err = conn.Invoke(n.onBehalf(ctx), method, req, answer)
		n.metrics.sent(method, err)
		return err
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// at does something about a shard where that is decided: here, or there over a connection to its owner.
func (n *node) at(ctx context.Context, shard int, here func() error, there func(context.Context, cluster.Node, *grpc.ClientConn) error) error {
	deadline := time.Now().Add(hopPatience)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	hop, cancel := context.WithDeadline(ctx, deadline.Add(-hopMargin))
	defer cancel()
	for wait := hopRetryFirst; ; wait = min(2*wait, hopRetryMost) {
		v := n.view()
		err := n.once(hop, v, shard, here, there)
		if err == nil || !passes(err) {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-v.Replaced():
		case <-timer.C:
		case <-n.left: // its view is the last one: whoever asks another node is sooner answered
			timer.Stop()
			return err
		case <-hop.Done():
			timer.Stop()
			return err
		}
		timer.Stop()
	}
}

func (n *node) once(ctx context.Context, v *cluster.View, shard int, here func() error, there func(context.Context, cluster.Node, *grpc.ClientConn) error) error {
	owner, ok := v.Owner(shard)
	switch {
	case ok && owner.Node == n.config.Node:
		return here()
	case !ok || !owner.Leads():
		return failed(codes.Unavailable, "NOT_OWNER", fmt.Sprintf("no node decides for shard %d at present; nothing was done", shard), retryIn(hopRetryMost))
	}
	to, ok := v.Node(owner.Node)
	if !ok {
		return failed(codes.Unavailable, "NOT_OWNER", fmt.Sprintf("the node that decides for shard %d is going; nothing was done", shard), retryIn(hopRetryMost))
	}
	conn, err := n.peers.conn(to.Address)
	if err != nil {
		return failed(codes.Unavailable, "PEER_UNREACHABLE", err.Error())
	}
	err = there(ctx, to, conn)
	st, ok := status.FromError(err)
	switch {
	case !ok || len(st.Details()) > 0: // the owner's own word
	case st.Code() == codes.DeadlineExceeded:
		return submitStatus(context.DeadlineExceeded)
	case st.Code() == codes.Unavailable: // nobody knows how far the call came
		return failed(codes.Unavailable, "OUTCOME_UNKNOWN",
			"the node that decides could not be reached; the request may have been carried out: send it again with the same request_id", retryIn(hopRetryMost))
	}
	return err
}

// passes says whether the same call may succeed in a moment, here or at another node.
func passes(err error) bool {
	st, ok := status.FromError(err)
	if !ok || st.Code() != codes.Unavailable {
		return false
	}
	switch reasonOf(st) {
	case "NOT_OWNER", "STARTING", "OUTCOME_UNKNOWN", "DRAINING", "PEER_UNREACHABLE":
		return true
	}
	return false
}

// cameFromPeer says whether a call has made its hop.
func cameFromPeer(ctx context.Context) bool {
	c, ok := ctx.Value(callerContextKey{}).(*callContext)
	return ok && c.hopped
}

// local says whether a call wants to be answered by this node.
func local(ctx context.Context) bool {
	values := metadata.ValueFromIncomingContext(ctx, readKey)
	return len(values) == 1 && values[0] == "local"
}

// onlyShard is the shard that a peer wants a call to be carried out in.
func onlyShard(ctx context.Context) (shard int, ok bool) {
	if !cameFromPeer(ctx) {
		return 0, false
	}
	values := metadata.ValueFromIncomingContext(ctx, shardKey)
	if len(values) != 1 {
		return 0, false
	}
	_, err := fmt.Sscanf(values[0], "%d", &shard)
	return shard, err == nil
}

// behalf is the caller that a peer speaks for; false when it speaks for itself.
func behalf(ctx context.Context) (Caller, bool, error) {
	values := metadata.ValueFromIncomingContext(ctx, forKey)
	if len(values) == 0 {
		return Caller{}, false, nil
	}
	name, role, _ := strings.Cut(values[0], " ")
	for r := RoleGateway; r <= RolePeer; r++ {
		if r.String() == role && len(values) == 1 && validCallerName(name) {
			return Caller{name, r}, true, nil
		}
	}
	return Caller{}, false, failed(codes.Unauthenticated, "UNAUTHENTICATED_CALLER", "the peer does not say properly whom it speaks for")
}

// answers are the messages that methods answer with, by the methods' names.
var answers sync.Map // string to protoreflect.MessageType

// answerOf is a new message to receive a method's answer in.
func answerOf(method string) (proto.Message, error) {
	if known, ok := answers.Load(method); ok {
		return known.(protoreflect.MessageType).New().Interface(), nil
	}
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", "."))
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return nil, fmt.Errorf("method %s: %w", method, err)
	}
	m, ok := d.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, errors.New("no method: " + method)
	}
	t, err := protoregistry.GlobalTypes.FindMessageByName(m.Output().FullName())
	if err != nil {
		return nil, fmt.Errorf("method %s: %w", method, err)
	}
	answers.Store(method, t)
	return t.New().Interface(), nil
}
