package gateway

import (
	"fmt"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client/outbox"
)

// Known tells whether an order has begun, and is in hand or remembered: whoever sells from a list can go on where a crash ended it.
func (g *Gateway) Known(orderID string) bool {
	_, err := g.find(orderID)
	return err == nil
}

// Delivered says that the carrier has delivered an order, and returns when a capture of it is in the outbox. Said again it does
// nothing. ErrOver is for an order that was not sold, or of which NotDelivered was said before.
func (g *Gateway) Delivered(orderID string) error { return g.DeliveredAs(orderID, "") }

// DeliveredAs is Delivered with the carrier's own id of the sale, which the core keeps as carrier_reference: records of the carrier
// that lack the order id are reconciled by it. The core has heard of a sale in stand-in without it.
func (g *Gateway) DeliveredAs(orderID, reference string) error {
	o, err := g.find(orderID)
	if err != nil {
		return err
	}
	o.Lock()
	defer o.Unlock()
	if o.state == over {
		if o.end == delivered || o.end == reversed {
			return nil
		}
		return fmt.Errorf("%w: %s: %s", ErrOver, o.id, o.end)
	}
	return g.deliver(o, reference)
}

// deliver ends an order that was delivered. Called with its lock.
func (g *Gateway) deliver(o *order, reference string) error {
	switch {
	case o.state == stoodIn: // the advice is in the outbox
		return g.finish(o, delivered)
	case o.approved != nil:
		return g.finish(o, delivered, g.capture(o, reference))
	}
	// A crash took the core's answer along. The sale took place; if there is a hold the outbox captures it.
	m := g.advice(o, reference)
	g.trust.owe(o.id, o.request.Amount)
	if err := g.finish(o, delivered, m); err != nil {
		g.trust.settled(o.id)
		return err
	}
	return nil
}

// capture takes what the core approved.
func (g *Gateway) capture(o *order, reference string) outbox.Message {
	return outbox.Capture(o.id, &holdfastv1.CaptureRequest{
		RequestId: g.core.NewRequestID(), AuthorizationId: o.approved.AuthorizationId, Currency: o.approved.Currency,
		Amount: o.approved.AuthorizedAmount, Final: true, CarrierReference: reference,
	})
}

// NotDelivered says that the carrier has not delivered an order and never will, and returns when the end of its hold is in the
// outbox. Said again it does nothing. ErrOver is for an order of which Delivered was said before: that is Reverse.
func (g *Gateway) NotDelivered(orderID string) error {
	o, err := g.find(orderID)
	if err != nil {
		return err
	}
	o.Lock()
	defer o.Unlock()
	switch {
	case o.state != over:
		return g.fail(o)
	case o.end == delivered:
		return fmt.Errorf("%w: %s: %s", ErrOver, o.id, o.end)
	}
	return nil
}

// fail ends an order that was not delivered. Called with its lock.
func (g *Gateway) fail(o *order) error {
	if o.state == asking && o.approved != nil {
		return g.finish(o, notDelivered, outbox.Void(o.id, &holdfastv1.VoidRequest{
			RequestId: g.core.NewRequestID(), AuthorizationId: o.approved.AuthorizationId,
		}))
	}
	return g.finish(o, notDelivered, g.reversal(o))
}

// Reverse says that the carrier has taken a delivery back, and returns when the reversal is in the outbox. Said again it does
// nothing. Of an order that is in hand it is NotDelivered. The account is needed only for an order that the gateway remembers no more.
func (g *Gateway) Reverse(accountID, orderID string) error {
	o, err := g.find(orderID)
	if err != nil && accountID == "" {
		return err
	}
	if err != nil {
		return g.box.Put(outbox.Change{Messages: []outbox.Message{
			outbox.Reverse(&holdfastv1.ReverseRequest{RequestId: g.core.NewRequestID(), AccountId: accountID, OrderId: orderID}),
		}})
	}
	o.Lock()
	defer o.Unlock()
	switch {
	case o.state != over:
		return g.fail(o)
	case o.end == delivered:
		return g.finish(o, reversed, g.reversal(o))
	}
	return nil // nothing was sold, or it was undone before
}
