package client

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// method is all that the SDK knows of one rpc: its name, where the request id is, and its place on AuthorizeStream.
type method[Req, Resp any] struct {
	name string // for errors
	full string // /package.Service/Method

	// key finds the id that says which shard the call is for; nil for what belongs to no shard, or to one that only a
	// server can tell.
	key func(*Req) string

	// requestID finds the identity of a write; nil for reads.
	requestID func(*Req) *string

	// wrap and answer are the request's and the answer's place on AuthorizeStream; nil when it has none.
	wrap   func(*Req) *holdfastv1.AuthorizeStreamRequest
	answer func(*holdfastv1.AuthorizeStreamResponse) *Resp
}

// do makes one call: it gives the request its identity, sends it by the way the client has for it, and repeats it as
// the policy allows. Every attempt has the same request id and body. An error is always an *Error.
func do[Req, Resp any](ctx context.Context, c *Client, m *method[Req, Resp], req *Req) (*Resp, error) {
	var id string
	if m.requestID != nil {
		p := m.requestID(req)
		c.identify(p)
		id = *p
	}
	var a attempts
	if m.key != nil {
		a.key = m.key(req)
	}
	if m.requestID == nil {
		a.local = localOf(ctx)
	}
	var resp *Resp
	var err error
	if c.opts.streams > 0 && m.wrap != nil && a.local == nil {
		resp, err = overStream(ctx, c, m, req, &a)
	} else {
		resp, err = overUnary(ctx, c, m, req, &a)
	}
	if err != nil {
		return nil, &Error{
			Method:         m.name,
			RequestID:      id,
			Attempts:       a.made,
			OutcomeUnknown: a.unknown && m.requestID != nil,
			status:         status.Convert(err),
		}
	}
	c.budget.succeeded()
	return resp, nil
}

// overUnary sends every attempt as an HTTP/2 stream of its own.
func overUnary[Req, Resp any](ctx context.Context, c *Client, m *method[Req, Resp], req *Req, a *attempts) (
	*Resp, error,
) {
	if deadline, ok := ctx.Deadline(); ok {
		a.deadline = deadline
	} else if c.opts.timeout > 0 {
		a.deadline = c.opts.now().Add(c.opts.timeout)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.opts.timeout)
		defer cancel()
	}
	if a.local != nil {
		ctx = metadata.AppendToOutgoingContext(ctx, readKey, readLocal)
	}
	c.fleet.begin(ctx, a.deadline)
	for {
		var f failure
		resp := new(Resp)
		a.node = c.fleet.route(a.key, a.avoid, a.local != nil)
		f.err = a.node.cause(a.node.conns.Invoke(ctx, m.full, req, resp, c.callOptions(a, &f)...))
		if f.err == nil {
			c.fleet.told(a, f.header)
			return resp, nil
		}
		if !c.again(ctx, a, &f) {
			return nil, f.err
		}
	}
}

// callOptions are those of one attempt. The header is copied for those who look at it only.
func (c *Client) callOptions(a *attempts, f *failure) []grpc.CallOption {
	if a.local == nil && !c.fleet.view.Load().clustered() {
		return []grpc.CallOption{grpc.StaticMethod(), grpc.Trailer(&f.trailer)}
	}
	return []grpc.CallOption{grpc.StaticMethod(), grpc.Trailer(&f.trailer), grpc.Header(&f.header)}
}

// overStream sends every attempt over one of the pooled streams.
func overStream[Req, Resp any](ctx context.Context, c *Client, m *method[Req, Resp], req *Req, a *attempts) (
	*Resp, error,
) {
	w, err := newWaiter(m.wrap(req))
	if err != nil {
		a.made = 1
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	defer w.release()
	if deadline, ok := ctx.Deadline(); ok {
		a.deadline = deadline
	} else if c.opts.timeout > 0 {
		a.deadline = c.opts.now().Add(c.opts.timeout)
		w.expireAfter(c.opts.timeout)
	}
	c.fleet.begin(ctx, a.deadline)
	for {
		a.node = c.fleet.route(a.key, a.avoid, false)
		got, f := a.node.pool.next().call(ctx, w)
		if f.err == nil {
			if resp := m.answer(got); resp != nil {
				return resp, nil
			}
			f.err = status.Errorf(codes.Internal, "the stream answered %s with %T", m.name, got.GetAnswer())
		}
		if !c.again(ctx, a, &f) {
			return nil, f.err
		}
		w.reuse()
	}
}
