package client

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// method is all that the SDK knows of one rpc: its name, where the request id is, and its place on AuthorizeStream.
type method[Req, Resp any] struct {
	name string // for errors
	full string // /package.Service/Method

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
	var resp *Resp
	var a attempts
	var err error
	if c.pool != nil && m.wrap != nil {
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
	for {
		var f failure
		resp := new(Resp)
		f.err = c.conns.Invoke(ctx, m.full, req, resp, grpc.StaticMethod(), grpc.Trailer(&f.trailer))
		if f.err == nil {
			return resp, nil
		}
		if !c.again(ctx, a, &f) {
			return nil, f.err
		}
	}
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
	for {
		got, f := c.pool.next().call(ctx, w)
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
