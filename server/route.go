package server

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	peerv1 "github.com/holdfast-credit/holdfast/proto/holdfast/peer/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/writer"
	"github.com/holdfast-credit/holdfast/server/cluster"
)

// router finds the shard that a command belongs to. Every id that the server made names its shard; a consumer's
// account is opened in the shard that its token hashes to; and a caller's order id has a home shard that it hashes to.
// Where an order's account lives in another shard than the order's home, the home keeps a claim: which account the
// order id belongs to. That is what makes an order id unique across shards and findable by itself.
type router struct {
	writers []*writer.Writer
	node    *node      // nil where all shards are decided here
	one     sync.Mutex // held while something is carried out everywhere: all shards get such commands in one order
}

// submit has a writer carry out a command, and makes a status of what went wrong.
func submit(ctx context.Context, w *writer.Writer, c ledger.Command) (*ledger.Outcome, error) {
	out, err := w.Submit(ctx, c)
	if errors.Is(err, writer.ErrStandby) && local(ctx) && !cameFromPeer(ctx) {
		out, err = peek(ctx, w, c)
	}
	if err != nil {
		return nil, submitStatus(err)
	}
	if out.Fault != nil {
		return nil, faultStatus(out.Fault)
	}
	return out, nil
}

// peek has a writer answer a command that reads from what it has followed, and says in a header how much that is.
func peek(ctx context.Context, w *writer.Writer, c ledger.Command) (*ledger.Outcome, error) {
	out, at, err := w.Peek(ctx, c)
	if err == nil {
		asOf := fmt.Sprintf("%d %d %s", w.Stats().Shard, at.Sequence, at.Time.Time().Format(time.RFC3339Nano))
		_ = grpc.SetHeader(ctx, metadata.Pairs(asOfKey, asOf))
	}
	return out, err
}

// look has a writer answer a command that reads, whether it decides or follows.
func look(ctx context.Context, w *writer.Writer, c ledger.Command) (*ledger.Outcome, error) {
	out, _, err := w.Peek(ctx, c)
	if err != nil {
		return nil, submitStatus(err)
	}
	if out.Fault != nil {
		return nil, faultStatus(out.Fault)
	}
	return out, nil
}

// of is the writer of an account's shard.
func (r *router) of(id ledger.AccountID) (*writer.Writer, error) {
	if n := int(id.Shard()); n < len(r.writers) {
		return r.writers[n], nil
	}
	return nil, failed(codes.NotFound, "ACCOUNT_NOT_FOUND", "there is no account "+id.String())
}

// on carries out a command on an account.
func (r *router) on(ctx context.Context, id ledger.AccountID, c ledger.Command) (*ledger.Outcome, error) {
	w, err := r.of(id)
	if err != nil {
		return nil, err
	}
	return submit(ctx, w, c)
}

func (r *router) hash(parts ...string) int {
	if len(r.writers) == 1 {
		return 0
	}
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return int(h.Sum64() % uint64(len(r.writers)))
}

// consumer is the writer of the shard that a consumer's account is in.
func (r *router) consumer(t ledger.ConsumerToken) *writer.Writer { return r.writers[r.hash(string(t))] }

func (r *router) home(c ledger.Caller, o ledger.OrderID) int { return r.hash(string(c), string(o)) }

// foreign says whether an order's home is another shard than its account's.
func (r *router) foreign(c ledger.Caller, o ledger.OrderID, id ledger.AccountID) bool {
	return len(r.writers) > 1 && r.home(c, o) != int(id.Shard())
}

// claim makes sure that an order id belongs to an account, before anything is decided about the order.
func (r *router) claim(ctx context.Context, c ledger.Caller, o ledger.OrderID, id ledger.AccountID) error {
	if !r.foreign(c, o, id) || int(id.Shard()) >= len(r.writers) {
		return nil
	}
	// An order id must not be used up by a request for an account that is not there.
	if opened, err := r.writers[id.Shard()].Opened(id); err != nil {
		return submitStatus(err)
	} else if !opened {
		return nil // the account's shard says so
	}
	home := r.home(c, o)
	here := func() error {
		_, err := submit(ctx, r.writers[home], &ledger.ClaimOrder{Caller: c, Order: o, Account: id})
		return err
	}
	if r.node == nil {
		return here()
	}
	return r.node.at(ctx, home, here, func(ctx context.Context, _ cluster.Node, conn *grpc.ClientConn) error {
		_, err := peerv1.NewPeerServiceClient(conn).ClaimOrder(r.node.asPeer(ctx), &peerv1.ClaimOrderRequest{
			Caller: string(c), OrderId: string(o), AccountId: id.String(),
		})
		r.node.metrics.sent(peerv1.PeerService_ClaimOrder_FullMethodName, err)
		return err
	})
}

// order carries out a command on an order, having claimed it.
func (r *router) order(ctx context.Context, caller ledger.Caller, o ledger.OrderID, id ledger.AccountID, c ledger.Command) (*ledger.Outcome, error) {
	if err := r.claim(ctx, caller, o, id); err != nil {
		return nil, err
	}
	return r.on(ctx, id, c)
}

// replayable is an answer that says whether the request had been carried out before.
type replayable interface {
	proto.Message
	GetReplayed() bool
}

// everywhere carries out a command in every shard, in order, and tells whether all had done so before. If one cannot, the
// same request sent again completes it: a shard that has carried it out does not do so twice. A shard that another node
// decides for gets it as the request that it is, of the method whose answers are like the one given.
func (r *router) everywhere(ctx context.Context, c ledger.Command, method string, request proto.Message, like replayable) (replayed bool, err error) {
	r.one.Lock()
	defer r.one.Unlock()
	replayed = true
	only, one := onlyShard(ctx)
	for shard, w := range r.writers {
		if one && shard != only {
			continue
		}
		did := false
		here := func() error {
			out, err := submit(ctx, w, c)
			did = err == nil && out.Replayed
			return err
		}
		if r.node == nil || one {
			err = here()
		} else {
			err = r.node.at(ctx, shard, here, func(ctx context.Context, _ cluster.Node, conn *grpc.ClientConn) error {
				answer := like.ProtoReflect().New().Interface().(replayable)
				err := conn.Invoke(r.node.onBehalf(ctx, shardKey, strconv.Itoa(shard)), method, request, answer)
				did = err == nil && answer.GetReplayed()
				r.node.metrics.sent(method, err)
				return err
			})
		}
		if err != nil {
			return false, err
		}
		replayed = replayed && did
	}
	return replayed, nil
}

// everybodys is the shard whose registries have what every shard has: what is carried out everywhere gets there last.
func (r *router) everybodys() int { return len(r.writers) - 1 }

// firsts is the shard that has what is carried out everywhere first. Who has just done so asks it what came of it: this server
// decides for it, while of the others it may still have to hear.
const firsts = 0

// durable is the last durable sequence of every shard, all as of one moment: they only grow, so when none has grown
// while all were read, all of them stood so at once. Without that a backup could have an order and not the claim to its
// id, which is in another shard and was made before it.
func (r *router) durable() (at []uint64, err error) {
	for before := []uint64(nil); ; before = at {
		at = make([]uint64, len(r.writers))
		for i, w := range r.writers {
			if at[i], err = w.Durable(); err != nil {
				return nil, submitStatus(err)
			}
		}
		if slices.Equal(at, before) {
			return at, nil
		}
	}
}

// moment is the last durable sequence of every shard as of one moment, all of which this server has to read.
func (r *router) moment(ctx context.Context) ([]uint64, error) {
	if r.node == nil {
		return r.durable()
	}
	return r.node.moment(ctx)
}

// lookup finds an order: in its home shard, or where the home says that its account is, which another node may decide for.
func (r *router) lookup(ctx context.Context, q *ledger.LookupOrder, elsewhere func(ctx context.Context, conn *grpc.ClientConn) error) (*ledger.Outcome, error) {
	home, only := r.home(q.Caller, q.Order), false
	if shard, ok := onlyShard(ctx); ok {
		home, only = shard, true // it was claimed for an account there
	}
	w := r.writers[home]
	out, err := w.Submit(ctx, q)
	if errors.Is(err, writer.ErrStandby) && local(ctx) && !cameFromPeer(ctx) {
		out, err = peek(ctx, w, q)
	}
	if err != nil {
		return nil, submitStatus(err)
	}
	id := out.ID.Account
	switch {
	case out.Fault == nil:
		return out, nil
	case id == 0 || only || !r.foreign(q.Caller, q.Order, id):
		return nil, faultStatus(out.Fault)
	case r.node == nil:
		return r.on(ctx, id, q)
	}
	out = nil
	err = r.node.at(ctx, int(id.Shard()), func() (err error) {
		out, err = r.on(ctx, id, q)
		return err
	}, func(ctx context.Context, _ cluster.Node, conn *grpc.ClientConn) error {
		return elsewhere(r.node.onBehalf(ctx, shardKey, strconv.Itoa(int(id.Shard()))), conn)
	})
	return out, err
}
