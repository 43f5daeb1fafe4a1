package client

import (
	"context"
	"errors"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// A Client calls one Holdfast deployment. It is safe for concurrent use.
type Client struct {
	opts   options
	fleet  *fleet
	budget *budget
}

// Dial makes a client for a target in grpc-go's syntax, such as "localhost:7420" or "dns:///holdfast.example:7420". Of a
// cluster it is any node; WithSeeds names more. It does not wait for a connection: the first call does, within its
// deadline. An error is always one of the options.
//
// The caller must Close the client.
func Dial(target string, opts ...Option) (*Client, error) {
	o, err := newOptions(target, opts)
	if err != nil {
		return nil, err
	}
	c := &Client{opts: o, budget: newBudget(o.retry)}
	if c.fleet, err = newFleet(append([]string{target}, o.seeds...), &c.opts, c.budget); err != nil {
		return nil, err
	}
	return c, nil
}

// Close ends the connections. Calls that are under way, and later ones, end with CANCELED; of the former the outcome
// may be unknown. After it no goroutine of the client runs.
func (c *Client) Close() error { return c.fleet.close() }

// Portfolio is the generated client of PortfolioService, as the same caller. It reads only, and every node answers it.
func (c *Client) Portfolio() holdfastv1.PortfolioServiceClient {
	return holdfastv1.NewPortfolioServiceClient(c.fleet.seed().conns)
}

// Admin is the generated client of AdminService, as the same caller. What an administrator asks of a server is asked of
// the one that Dial was told, or of the next of WithSeeds if that one is down, and not of whom a cluster's topology
// names. Its calls have no default deadline, get no request ids and are not retried.
func (c *Client) Admin() holdfastv1.AdminServiceClient {
	return holdfastv1.NewAdminServiceClient(c.fleet.seed().conns)
}

// conns are the connections to one node, used in turn. It is the one place where a call gets its metadata.
type conns struct {
	all      []*grpc.ClientConn
	turn     atomic.Uint32
	metadata []string    // key, value, ...
	outgoing metadata.MD // the same; shared by all calls and never changed
}

var _ grpc.ClientConnInterface = (*conns)(nil)

func dialAll(target string, o *options) (*conns, error) {
	cs := &conns{metadata: o.metadata}
	if len(o.metadata) > 0 {
		cs.outgoing = metadata.Pairs(o.metadata...)
	}
	for range o.connections {
		cc, err := grpc.NewClient(target, o.dialOptions()...)
		if err != nil {
			return nil, errors.Join(err, cs.close())
		}
		cs.all = append(cs.all, cc)
	}
	return cs, nil
}

// next is the connection whose turn it is.
func (cs *conns) next() *grpc.ClientConn {
	if len(cs.all) == 1 {
		return cs.all[0]
	}
	return cs.all[cs.turn.Add(1)%uint32(len(cs.all))]
}

// Invoke makes a unary call.
func (cs *conns) Invoke(ctx context.Context, method string, req, resp any, opts ...grpc.CallOption) error {
	return cs.next().Invoke(cs.outgoingContext(ctx), method, req, resp, opts...)
}

// NewStream opens a stream.
func (cs *conns) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (
	grpc.ClientStream, error,
) {
	return cs.next().NewStream(cs.outgoingContext(ctx), desc, method, opts...)
}

// outgoingContext adds the client's metadata to that of the call.
func (cs *conns) outgoingContext(ctx context.Context) context.Context {
	if cs.outgoing == nil {
		return ctx
	}
	if _, has := metadata.FromOutgoingContext(ctx); has {
		return metadata.AppendToOutgoingContext(ctx, cs.metadata...)
	}
	return metadata.NewOutgoingContext(ctx, cs.outgoing)
}

func (cs *conns) close() error {
	var errs []error
	for _, cc := range cs.all {
		errs = append(errs, cc.Close())
	}
	return errors.Join(errs...)
}
