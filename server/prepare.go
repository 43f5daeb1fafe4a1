package server

import (
	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Commands from requests. Each collects everything that is wrong with the request before it refuses it.

// order is the part that the requests on a purchase have in common.
type order interface {
	GetAccountId() string
	GetScene() holdfastv1.Scene
	GetCarrierId() string
	GetPhoneToken() string
	GetCurrency() string
	GetAmount() int64
	GetPlan() *holdfastv1.PlanChoice
	GetProductId() string
	GetBundleOfferId() string
	GetPointsToRedeem() int64
	bill
}

// bill is what a request says of the bill that it pays.
type bill interface {
	GetBillReference() string
	GetMandateId() string
}

func purchase(c *check, r order, orderID string) ledger.Purchase {
	p := ledger.Purchase{
		Account:  c.account(r.GetAccountId()),
		Scene:    c.scene("scene", r.GetScene()),
		Carrier:  token[ledger.CarrierID](c, "carrier_id", r.GetCarrierId()),
		Phone:    token[ledger.PhoneToken](c, "phone_token", r.GetPhoneToken()),
		Currency: c.currency(r.GetCurrency()),
		Amount:   c.amount("amount", r.GetAmount(), leastAmount(r)),
		Order:    ledger.OrderID(orderID),
		Plan:     c.plan(r.GetPlan(), false),
		Points:   c.points("points_to_redeem", r.GetPointsToRedeem(), 0),
	}
	if r.GetProductId() != "" {
		p.Product = token[ledger.ProductID](c, "product_id", r.GetProductId())
	}
	if r.GetBillReference() != "" || r.GetMandateId() != "" {
		payBill(c, r, &p)
	}
	if r.GetBundleOfferId() != "" {
		p.Bundle = c.bundle(r.GetBundleOfferId(), p.Scene, p.Plan)
	}
	return p
}

// leastAmount is the least that may be given: that of a bundle may be left out.
func leastAmount(r interface{ GetBundleOfferId() string }) money.Amount {
	if r.GetBundleOfferId() != "" {
		return 0
	}
	return 1
}

// bundle takes what a request says of the bundle that it is of.
func (c *check) bundle(id string, s ledger.Scene, p ledger.PlanChoice) ledger.BundleOfferID {
	if s != ledger.Bundle {
		c.fault("bundle_offer_id", "is only for SCENE_BUNDLE")
	}
	if p != (ledger.PlanChoice{}) {
		c.fault("plan", "is that of the bundle: leave it out")
	}
	return token[ledger.BundleOfferID](c, "bundle_offer_id", id)
}

// payBill takes what a request says of the bill that it pays.
func payBill(c *check, r bill, p *ledger.Purchase) {
	if r.GetBillReference() != "" {
		p.Bill = token[ledger.BillID](c, "bill_reference", r.GetBillReference())
	}
	if r.GetMandateId() != "" {
		p.Mandate = c.mandateOf(p.Account, r.GetMandateId())
	}
	if p.Scene != ledger.Bill {
		c.fault("bill_reference", "and mandate_id are only for SCENE_BILL")
	}
}

func partial(c *check, p *ledger.Purchase, accept bool, minimum int64) {
	p.Partial = accept
	switch {
	case accept && p.Bundle != "":
		c.fault("accept_partial", "is not for bundles, which are financed as a whole")
	case !accept && minimum != 0:
		c.fault("minimum_amount", "is only for accept_partial")
	case minimum < 0 || money.Amount(minimum) > p.Amount:
		c.fault("minimum_amount", "%d is not within 0 and amount", minimum)
	}
	p.Minimum = money.Amount(minimum)
}

func prepareCheck(caller ledger.Caller, r *holdfastv1.CheckRequest) (*ledger.Check, error) {
	var c check
	cmd := &ledger.Check{Caller: caller, Purchase: purchase(&c, r, "")}
	partial(&c, &cmd.Purchase, r.GetAcceptPartial(), r.GetMinimumAmount())
	return cmd, c.err()
}

func prepareAuthorize(caller ledger.Caller, r *holdfastv1.AuthorizeRequest) (*ledger.Authorize, error) {
	var c check
	cmd := &ledger.Authorize{Request: c.request(caller, r.GetRequestId())}
	cmd.Purchase = purchase(&c, r, token[string](&c, "order_id", r.GetOrderId()))
	partial(&c, &cmd.Purchase, r.GetAcceptPartial(), r.GetMinimumAmount())
	cmd.Lifetime = c.lifetime(r.GetHoldLifetime(), false)
	return cmd, c.err()
}

func prepareCharge(caller ledger.Caller, r *holdfastv1.ChargeRequest) (*ledger.Charge, error) {
	var c check
	cmd := &ledger.Charge{Request: c.request(caller, r.GetRequestId()), Reference: c.reference(r.GetCarrierReference())}
	cmd.Purchase = purchase(&c, r, token[string](&c, "order_id", r.GetOrderId()))
	return cmd, c.err()
}

func prepareAdvise(caller ledger.Caller, r *holdfastv1.AdviseRequest) (*ledger.Advise, error) {
	var c check
	cmd := &ledger.Advise{Request: c.request(caller, r.GetRequestId()), Reference: c.reference(r.GetCarrierReference())}
	cmd.Purchase = purchase(&c, r, token[string](&c, "order_id", r.GetOrderId()))
	cmd.SaleTime = c.instant("sale_time", r.GetSaleTime())
	return cmd, c.err()
}

func prepareReverse(caller ledger.Caller, r *holdfastv1.ReverseRequest) (*ledger.Reverse, error) {
	var c check
	cmd := &ledger.Reverse{
		Request: c.request(caller, r.GetRequestId()),
		Account: c.account(r.GetAccountId()),
		Order:   token[ledger.OrderID](&c, "order_id", r.GetOrderId()),
	}
	return cmd, c.err()
}

func prepareIncrement(caller ledger.Caller, r *holdfastv1.IncrementRequest) (*ledger.Increment, error) {
	var c check
	cmd := &ledger.Increment{
		Request:       c.request(caller, r.GetRequestId()),
		Authorization: c.authorization(r.GetAuthorizationId()),
		Currency:      c.currency(r.GetCurrency()),
		Amount:        c.amount("amount", r.GetAmount(), 1),
	}
	return cmd, c.err()
}

func prepareExtend(caller ledger.Caller, r *holdfastv1.ExtendRequest) (*ledger.Extend, error) {
	var c check
	cmd := &ledger.Extend{
		Request:       c.request(caller, r.GetRequestId()),
		Authorization: c.authorization(r.GetAuthorizationId()),
		Lifetime:      c.lifetime(r.GetHoldLifetime(), true),
	}
	return cmd, c.err()
}

func prepareMarkSubmitted(caller ledger.Caller, r *holdfastv1.MarkSubmittedRequest) (*ledger.MarkSubmitted, error) {
	var c check
	cmd := &ledger.MarkSubmitted{
		Request:       c.request(caller, r.GetRequestId()),
		Authorization: c.authorization(r.GetAuthorizationId()),
		Reference:     c.reference(r.GetCarrierReference()),
	}
	return cmd, c.err()
}

func prepareCapture(caller ledger.Caller, r *holdfastv1.CaptureRequest) (*ledger.CaptureHold, error) {
	var c check
	cmd := &ledger.CaptureHold{
		Request:       c.request(caller, r.GetRequestId()),
		Authorization: c.authorization(r.GetAuthorizationId()),
		Currency:      c.currency(r.GetCurrency()),
		Amount:        c.amount("amount", r.GetAmount(), 0),
		Final:         r.GetFinal(),
		Reference:     c.reference(r.GetCarrierReference()),
		Activated:     c.dateOr("activation_date", r.GetActivationDate()),
	}
	return cmd, c.err()
}

func prepareVoid(caller ledger.Caller, r *holdfastv1.VoidRequest) (*ledger.Void, error) {
	var c check
	cmd := &ledger.Void{
		Request:       c.request(caller, r.GetRequestId()),
		Authorization: c.authorization(r.GetAuthorizationId()),
		Amount:        c.amount("amount", r.GetAmount(), 0),
	}
	if r.GetAmount() != 0 || r.GetCurrency() != "" {
		cmd.Currency = c.currency(r.GetCurrency())
	}
	return cmd, c.err()
}

func prepareRefund(caller ledger.Caller, r *holdfastv1.RefundRequest) (*ledger.RefundCapture, error) {
	var c check
	cmd := &ledger.RefundCapture{
		Request:       c.request(caller, r.GetRequestId()),
		Authorization: c.authorization(r.GetAuthorizationId()),
		Currency:      c.currency(r.GetCurrency()),
		Amount:        c.amount("amount", r.GetAmount(), 1),
	}
	return cmd, c.err()
}
