package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/writer"
)

// streamWindow is how many requests of one stream may be under way; the stream is not read further beyond that.
const streamWindow = 4_096

// AuthorizeStream reads requests and starts each, and writes answers as they become durable. Requests of one stream
// become durable in the order in which they were started, so waiting for them in that order holds nothing up.
func (s *authorizations) AuthorizeStream(stream holdfastv1.AuthorizationService_AuthorizeStreamServer) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	started := make(chan streamed, streamWindow)
	read := make(chan error, 1)
	go func() { // it ends with the stream at the latest, which ends when this call returns
		defer close(started)
		defer func() {
			if p := recover(); p != nil {
				read <- fmt.Errorf("a request of a stream panicked: %v\n%s", p, debug.Stack())
			}
		}()
		read <- s.startRequests(ctx, stream, started)
	}()
	err := s.sendAnswers(ctx, stream, started)
	select {
	case readErr := <-read:
		if readErr != nil {
			return readErr
		}
	default:
	}
	return err
}

// streamed is a request of a stream on its way.
type streamed struct {
	id      uint64
	request *holdfastv1.AuthorizeStreamRequest // kept where it may have to be sent on
	pending writer.Pending
	sent    <-chan hopped // instead: it is another node's to answer
	err     error         // it could not be started
	scene   ledger.Scene
	answer  func(*ledger.Outcome, *holdfastv1.AuthorizeStreamResponse)
}

func (s *authorizations) startRequests(ctx context.Context, stream holdfastv1.AuthorizationService_AuthorizeStreamServer, started chan<- streamed) error {
	caller := callerOf(ctx)
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case started <- s.startRequest(ctx, caller, r):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// startRequest translates one request and has its shard start it.
func (s *authorizations) startRequest(ctx context.Context, caller ledger.Caller, r *holdfastv1.AuthorizeStreamRequest) streamed {
	one := streamed{id: r.GetCorrelationId()}
	cmd, account, order, err := one.prepare(caller, r)
	if err == nil && s.node != nil && !s.node.leads(int(account.Shard())) {
		one.sent = s.sendOn(ctx, r)
		return one
	}
	if err == nil && order != "" {
		err = s.claim(ctx, caller, order, account)
	}
	var w *writer.Writer
	if err == nil {
		w, err = s.of(account)
	}
	if err == nil {
		if one.pending, err = w.Start(cmd); err != nil {
			err = submitStatus(err)
		}
	}
	if one.err = err; s.node != nil {
		one.request = r
	}
	return one
}

// prepare makes the command of a request, and remembers how its outcome becomes an answer.
func (o *streamed) prepare(caller ledger.Caller, r *holdfastv1.AuthorizeStreamRequest) (ledger.Command, ledger.AccountID, ledger.OrderID, error) {
	switch r := r.GetCall().(type) {
	case *holdfastv1.AuthorizeStreamRequest_Authorize:
		c, err := prepareAuthorize(caller, r.Authorize)
		o.answer, o.scene = answerAuthorize, c.Scene
		return c, c.Account, c.Order, err
	case *holdfastv1.AuthorizeStreamRequest_Capture:
		c, err := prepareCapture(caller, r.Capture)
		o.answer = answerCapture
		return c, c.Authorization.Account, "", err
	case *holdfastv1.AuthorizeStreamRequest_Void:
		c, err := prepareVoid(caller, r.Void)
		o.answer = answerVoid
		return c, c.Authorization.Account, "", err
	case *holdfastv1.AuthorizeStreamRequest_Charge:
		c, err := prepareCharge(caller, r.Charge)
		o.answer, o.scene = answerCharge, c.Scene
		return c, c.Account, c.Order, err
	case *holdfastv1.AuthorizeStreamRequest_Increment:
		c, err := prepareIncrement(caller, r.Increment)
		o.answer = answerIncrement
		return c, c.Authorization.Account, "", err
	case *holdfastv1.AuthorizeStreamRequest_Extend:
		c, err := prepareExtend(caller, r.Extend)
		o.answer = answerExtend
		return c, c.Authorization.Account, "", err
	case *holdfastv1.AuthorizeStreamRequest_MarkSubmitted:
		c, err := prepareMarkSubmitted(caller, r.MarkSubmitted)
		o.answer = answerMarkSubmitted
		return c, c.Authorization.Account, "", err
	case *holdfastv1.AuthorizeStreamRequest_Reverse:
		c, err := prepareReverse(caller, r.Reverse)
		o.answer = answerReverse
		return c, c.Account, c.Order, err
	case *holdfastv1.AuthorizeStreamRequest_Refund:
		c, err := prepareRefund(caller, r.Refund)
		o.answer = answerRefund
		return c, c.Authorization.Account, "", err
	case *holdfastv1.AuthorizeStreamRequest_Advise:
		c, err := prepareAdvise(caller, r.Advise)
		o.answer = answerAdvise
		return c, c.Account, c.Order, err
	case *holdfastv1.AuthorizeStreamRequest_Check:
		c, err := prepareCheck(caller, r.Check)
		o.answer = answerCheck
		return c, c.Account, "", err
	}
	var c check
	c.fault("call", "is required")
	return nil, 0, "", c.err()
}

func answerAuthorize(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_Authorize{Authorize: authorizeReply(out)}
}

func answerCapture(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_Capture{Capture: captureReply(out)}
}

func answerVoid(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_Void{Void: voidReply(out)}
}

func answerCharge(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_Charge{Charge: chargeReply(out)}
}

func answerIncrement(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_Increment{Increment: incrementReply(out)}
}

func answerExtend(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_Extend{Extend: extendReply(out)}
}

func answerMarkSubmitted(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_MarkSubmitted{MarkSubmitted: markSubmittedReply(out)}
}

func answerReverse(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_Reverse{Reverse: reverseReply(out)}
}

func answerRefund(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_Refund{Refund: refundReply(out)}
}

func answerAdvise(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_Advise{Advise: adviseReply(out)}
}

func answerCheck(out *ledger.Outcome, m *holdfastv1.AuthorizeStreamResponse) {
	m.Answer = &holdfastv1.AuthorizeStreamResponse_Check{Check: checkReply(out)}
}

// sendAnswers waits for requests in the order in which they were started and answers them. When the stream is over it
// still waits for nothing: what was started is carried out whether anybody is told or not. When the server goes down it
// answers what has been started and ends the stream, which its client would else keep open for ever.
func (s *authorizations) sendAnswers(ctx context.Context, stream holdfastv1.AuthorizationService_AuthorizeStreamServer, started <-chan streamed) error {
	for {
		one, err := s.next(started)
		if err != nil || one == nil {
			return err
		}
		m := &holdfastv1.AuthorizeStreamResponse{CorrelationId: one.id}
		if err := s.await(ctx, one, m); err != nil {
			m.Answer = &holdfastv1.AuthorizeStreamResponse_Fault{Fault: faultProto(err)}
			s.metrics.Fault(reasonOf(status.Convert(err)))
		}
		if err := stream.Send(m); err != nil {
			return err
		}
	}
}

// next is the next request that has been started, nil when there are no more, or an error when the server goes down.
func (s *authorizations) next(started <-chan streamed) (*streamed, error) {
	select {
	case one, ok := <-started:
		if !ok {
			return nil, nil
		}
		return &one, nil
	case <-s.draining:
	}
	select {
	case one, ok := <-started:
		if ok {
			return &one, nil
		}
		return nil, nil
	default:
		return nil, failed(codes.Unavailable, "DRAINING",
			"the server is going down; send what has not been answered again with the same request_id", retryIn(time.Second))
	}
}

func (s *authorizations) await(ctx context.Context, one *streamed, m *holdfastv1.AuthorizeStreamResponse) error {
	err := s.awaitHere(ctx, one, m)
	if err != nil && one.request != nil && passes(err) { // the shard has moved meanwhile, or is about to
		return s.carryRequest(ctx, one.request, m)
	}
	return err
}

func (s *authorizations) awaitHere(ctx context.Context, one *streamed, m *holdfastv1.AuthorizeStreamResponse) error {
	if one.err != nil {
		return one.err
	}
	if one.sent != nil {
		select {
		case h := <-one.sent:
			if h.err == nil {
				m.Answer = h.answer.Answer
			}
			return h.err
		case <-ctx.Done():
			return submitStatus(ctx.Err())
		}
	}
	out, err := one.pending.Wait(ctx)
	if err != nil {
		return submitStatus(err)
	}
	if out.Fault != nil {
		return faultStatus(out.Fault)
	}
	if one.scene != ledger.NoScene {
		s.decided(one.scene, out)
	}
	one.answer(out, m)
	return nil
}

func faultProto(err error) *holdfastv1.Fault {
	st, ok := status.FromError(err)
	if !ok {
		return &holdfastv1.Fault{Code: int32(codes.Internal), Message: err.Error()}
	}
	p := st.Proto()
	return &holdfastv1.Fault{Code: p.GetCode(), Message: p.GetMessage(), Details: append([]*anypb.Any(nil), p.GetDetails()...)}
}
