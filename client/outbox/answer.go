package outbox

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// Core is what an outbox calls. A *client.Client is one.
type Core interface {
	Advise(context.Context, *holdfastv1.AdviseRequest) (*holdfastv1.AdviseResponse, error)
	Capture(context.Context, *holdfastv1.CaptureRequest) (*holdfastv1.CaptureResponse, error)
	Void(context.Context, *holdfastv1.VoidRequest) (*holdfastv1.VoidResponse, error)
	Reverse(context.Context, *holdfastv1.ReverseRequest) (*holdfastv1.ReverseResponse, error)
	GetAuthorization(context.Context, *holdfastv1.GetAuthorizationRequest) (*holdfastv1.GetAuthorizationResponse, error)
	LookupOrder(context.Context, *holdfastv1.LookupOrderRequest) (*holdfastv1.LookupOrderResponse, error)
}

var _ Core = (*client.Client)(nil)

// send makes the call of a message. No error says that what the message wants is so.
func send(ctx context.Context, core Core, m *Message) (err error) {
	switch c := m.Call.GetCall().(type) {
	case *holdfastv1.AuthorizeStreamRequest_Advise:
		return advise(ctx, core, c.Advise)
	case *holdfastv1.AuthorizeStreamRequest_Capture:
		_, err = core.Capture(ctx, c.Capture)
	case *holdfastv1.AuthorizeStreamRequest_Void:
		return void(ctx, core, c.Void)
	case *holdfastv1.AuthorizeStreamRequest_Reverse:
		_, err = core.Reverse(ctx, c.Reverse)
	}
	return err
}

// advise tells of a sale. If its order was authorized after all, by a request whose answer was lost, the sale is captured from
// that hold. The capture's request id is made of the advice's, so that it too is the same for ever: had it been made before a
// crash, it is answered as it was then, and a capture of anybody else's is refused.
func advise(ctx context.Context, core Core, req *holdfastv1.AdviseRequest) error {
	_, err := core.Advise(ctx, req)
	if client.ReasonOf(err) != "ORDER_EXISTS" {
		return err
	}
	found, lost := core.LookupOrder(ctx, &holdfastv1.LookupOrderRequest{OrderId: req.OrderId})
	if lost != nil {
		return lost
	}
	a := found.GetAuthorization()
	if a.GetAccountId() != req.AccountId || a.GetCurrency() != req.Currency {
		return err
	}
	_, err = core.Capture(ctx, &holdfastv1.CaptureRequest{
		RequestId: capturing(req.RequestId), AuthorizationId: a.GetAuthorizationId(),
		Currency: req.Currency, Amount: req.Amount, Final: true, CarrierReference: req.CarrierReference,
	})
	return err
}

// capturing is the request id of the capture that stands in for an advice. An id has at most 64 characters.
func capturing(id string) string {
	const suffix = ".capture"
	return id[:min(len(id), 64-len(suffix))] + suffix
}

// void releases what is held. There is nothing to be told if nothing is held any more because it has expired, or was undone.
func void(ctx context.Context, core Core, req *holdfastv1.VoidRequest) error {
	_, err := core.Void(ctx, req)
	if client.ReasonOf(err) != "AUTHORIZATION_NOT_OPEN" || req.Amount != 0 {
		return err
	}
	found, lost := core.GetAuthorization(ctx, &holdfastv1.GetAuthorizationRequest{AuthorizationId: req.AuthorizationId})
	if lost != nil {
		return lost
	}
	switch found.GetAuthorization().GetState() {
	case holdfastv1.AuthorizationState_AUTHORIZATION_STATE_EXPIRED, holdfastv1.AuthorizationState_AUTHORIZATION_STATE_VOIDED,
		holdfastv1.AuthorizationState_AUTHORIZATION_STATE_REVERSED:
		return nil
	}
	return err
}

// verdict is what an attempt says about the message.
type verdict int

const (
	answered verdict = iota
	refused          // for good
	outage           // nothing about the message: the core was not reached, or had no room
	again            // something that people, or time, can mend
)

// judge tells what an attempt says. Only the core's own word, which has a reason, refuses a message for good: a proxy on the
// way may say what it likes. A caller who is not let in is told so by the core, and lets himself be put on its list.
func judge(err error) verdict {
	if err == nil {
		return answered
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Canceled:
		return outage
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition, codes.OutOfRange:
		switch client.ReasonOf(err) {
		case "":
			return again
		case "SALE_IN_FUTURE": // this machine's clock is ahead of the core's
			return again
		}
		return refused
	}
	return again
}
