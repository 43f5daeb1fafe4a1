package main

import (
	"fmt"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// The first day of the story: orders and what becomes of them.

func (d *story) topUp() *holdfastv1.AuthorizeRequest {
	d.chapter("A top-up of 50.00", "The amount is held; when the carrier has delivered it is captured and becomes a debt.\n")
	r := d.order(5000)
	if resp := d.authorize(r); resp != nil {
		d.capture(resp.GetAuthorization().GetAuthorizationId())
	}
	return r
}

func (d *story) retry(r *holdfastv1.AuthorizeRequest) {
	d.chapter("The storefront sends the same request again", "Same request id, same body: the first answer, and no second hold.\n")
	d.authorize(r)
	d.printf("\n                  The same request id with another amount is a mistake, and is named as one.\n\n")
	if d.err == nil {
		_, err := d.client.Authorize(d.ctx, &holdfastv1.AuthorizeRequest{
			RequestId: r.GetRequestId(), AccountId: r.GetAccountId(), Scene: r.GetScene(), OrderId: r.GetOrderId(), CarrierId: r.GetCarrierId(),
			PhoneToken: r.GetPhoneToken(), Currency: r.GetCurrency(), Amount: 7000,
		})
		d.line("Authorize order-1 70.00", said(err), nil)
	}
}

func (d *story) decline() {
	d.chapter("Too much", "A decline is an answer with its reasons, the first being the one to act on.\n")
	d.authorize(d.order(15500))
	d.printf("\n                  An order that a part will do for gets what the line allows.\n\n")
	r := d.order(18000)
	r.AcceptPartial, r.MinimumAmount = true, 3000
	if resp := d.authorize(r); resp != nil {
		d.void(resp.GetAuthorization().GetAuthorizationId())
	}
}

func (d *story) timeout() {
	d.chapter("A timeout", "The answer was lost on the way. LookupOrder tells what became of the order.\n")
	r := d.order(3000)
	d.authorize(r)
	if d.err != nil {
		return
	}
	found, err := d.client.LookupOrder(d.ctx, &holdfastv1.LookupOrderRequest{OrderId: r.GetOrderId()})
	if err != nil {
		d.err = err
		return
	}
	a := found.GetAuthorization()
	d.line("LookupOrder "+r.GetOrderId(), strings.TrimPrefix(a.GetState().String(), "AUTHORIZATION_STATE_")+" "+yuan(a.GetHeldAmount()), nil)
}

func (d *story) expire() {
	d.at(time.January, 5, 11)
	d.chapter("Nobody captured it", "The hold has expired by itself and its amount is free again. The carrier had delivered after all and\nsays so two hours late: accepted, and flagged.\n")
	if d.err != nil {
		return
	}
	found, err := d.client.LookupOrder(d.ctx, &holdfastv1.LookupOrderRequest{OrderId: fmt.Sprintf("order-%d", d.orders)})
	if err != nil {
		d.err = err
		return
	}
	a := found.GetAuthorization()
	d.line("LookupOrder "+a.GetOrderId(), strings.TrimPrefix(a.GetState().String(), "AUTHORIZATION_STATE_"), nil)
	d.capture(a.GetAuthorizationId())
}

func (d *story) reverse() {
	d.chapter("A reversal overtakes its order", "The carrier takes back an order that has not arrived. When it arrives it is refused.\n")
	r := d.order(2000)
	if d.err == nil {
		resp, err := d.client.Reverse(d.ctx, &holdfastv1.ReverseRequest{AccountId: d.account, OrderId: r.GetOrderId()})
		if err != nil {
			d.err = err
			return
		}
		d.line("Reverse "+r.GetOrderId(), fmt.Sprintf("tombstone: %v", resp.GetTombstone()), nil)
	}
	d.authorize(r)
}

func (d *story) freeze() {
	d.chapter("The account is frozen", "Nothing new is approved; what was approved can still be captured. Then the phone is found.\n")
	held := d.authorize(d.order(1000))
	if d.err != nil || held == nil {
		return
	}
	if _, d.err = d.client.FreezeAccount(d.ctx, &holdfastv1.FreezeAccountRequest{AccountId: d.account, Reason: "phone reported stolen"}); d.err != nil {
		return
	}
	d.line("FreezeAccount", "frozen", nil)
	d.authorize(d.order(1000))
	d.capture(held.GetAuthorization().GetAuthorizationId())
	if _, d.err = d.client.UnfreezeAccount(d.ctx, &holdfastv1.UnfreezeAccountRequest{AccountId: d.account, Reason: "phone found"}); d.err == nil {
		d.line("UnfreezeAccount", "active", nil)
	}
}
