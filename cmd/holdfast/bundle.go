package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// BundleCmd is about contract financing.
type BundleCmd struct {
	Offer  BundleOfferCmd  `cmd:"" help:"What carriers offer by installments."`
	Show   BundleShowCmd   `cmd:"" help:"Print how a contract stands."`
	Cancel BundleCancelCmd `cmd:"" help:"Record that the carrier cancelled a contract."`
	Return BundleReturnCmd `cmd:"" help:"Record that a device came back in time, and undo its contract."`
}

// Help teaches.
func (BundleCmd) Help() string {
	return `A bundle is a device or a package that a carrier sells with a contract, and that the consumer pays by installments. An order names an
offer and has its amount and plan from it; to capture the order is to activate the contract.

  holdfast bundle offer put phone-24 phone.yaml    offer it, or change what is offered
  holdfast bundle offer list --carrier cmcc        what a carrier offers
  holdfast bundle show auth_...                    how a contract stands
  holdfast bundle cancel auth_... "ported out"     the carrier cancelled it
  holdfast bundle return auth_... "unopened"       the device came back within its cooling-off days`
}

// contractFlags are those of commands on one contract.
type contractFlags struct {
	Authorization string `arg:"" help:"The authorization that finances it, auth_..."`
	JSON          bool   `name:"json" help:"Print JSON, as the API tells it."`
	Target        string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Validate refuses flags that contradict each other.
func (c *contractFlags) Validate() error { return c.check(c.Target) }

// with asks a server for a contract, and prints it.
func (c *contractFlags) with(ask func(*client.Client) (*holdfastv1.Bundle, error)) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	b, err := ask(sdk)
	switch {
	case err != nil:
		return c.explain(err)
	case c.JSON:
		return printProto(os.Stdout, b)
	}
	printBundle(os.Stdout, b)
	return nil
}

// BundleShowCmd prints a contract.
type BundleShowCmd struct{ contractFlags }

// Help teaches.
func (BundleShowCmd) Help() string {
	return `Prints a contract: its offer, how much of its plan has been billed, and until when the device may be returned.

  holdfast bundle show auth_00000000000010000001`
}

// Run prints.
func (c *BundleShowCmd) Run(ctx context.Context) error {
	return c.with(func(sdk *client.Client) (*holdfastv1.Bundle, error) {
		resp, err := sdk.GetBundle(ctx, &holdfastv1.GetBundleRequest{AuthorizationId: c.Authorization})
		return resp.GetBundle(), err
	})
}

// BundleCancelCmd cancels a contract.
type BundleCancelCmd struct {
	contractFlags

	Reason    string `arg:"" help:"Why, for people."`
	Effective string `help:"As of when; today if left out." placeholder:"YYYY-MM-DD"`
	Request   string `help:"Identity of this request; made up if left out." placeholder:"ID"`
}

// Help teaches.
func (BundleCancelCmd) Help() string {
	return `Records that the carrier cancelled a contract. What becomes of the plan is as the offer says: all that is to come is billed with the
next statement, without its charges; or the plan goes on; or the carrier pays what is to come. What was billed stays owed.

  holdfast bundle cancel auth_00000000000010000001 "ported out" --effective 2026-04-01

For operators and admins, and for principals of the carrier.`
}

// Run cancels.
func (c *BundleCancelCmd) Run(ctx context.Context) error {
	return c.with(func(sdk *client.Client) (*holdfastv1.Bundle, error) {
		resp, err := sdk.CancelBundle(ctx, &holdfastv1.CancelBundleRequest{
			RequestId: c.Request, AuthorizationId: c.Authorization, EffectiveDate: c.Effective, Reason: c.Reason})
		return resp.GetBundle(), err
	})
}

// BundleReturnCmd undoes a contract.
type BundleReturnCmd struct {
	contractFlags

	Reason  string `arg:"" help:"Why, for people."`
	Request string `help:"Identity of this request; made up if left out." placeholder:"ID"`
}

// Help teaches.
func (BundleReturnCmd) Help() string {
	return `Records that the device came back within the offer's cooling-off days, and undoes all that the contract did: what the consumer paid for
it pays what else is owed, or is to the consumer's credit.

  holdfast bundle return auth_00000000000010000001 unopened`
}

// Run undoes.
func (c *BundleReturnCmd) Run(ctx context.Context) error {
	return c.with(func(sdk *client.Client) (*holdfastv1.Bundle, error) {
		resp, err := sdk.ReturnBundle(ctx, &holdfastv1.ReturnBundleRequest{RequestId: c.Request, AuthorizationId: c.Authorization, Reason: c.Reason})
		return resp.GetBundle(), err
	})
}

// printBundle prints a contract for people. Amounts are minor units.
func printBundle(out io.Writer, b *holdfastv1.Bundle) {
	o, s := b.GetOffer(), b.GetOffer().GetSettings()
	t := &table{align: "ll"}
	row := func(name, text string) {
		if text != "" {
			t.row(name, text)
		}
	}
	amount := func(name string, v int64) {
		if v != 0 {
			t.row(name, fmt.Sprintf("%d %s", v, s.GetCurrency()))
		}
	}
	row("contract", b.GetAuthorizationId()+" of "+b.GetAccountId()+", order "+b.GetOrderId())
	row("carrier", s.GetCarrierId()+withSpace(b.GetCarrierReference()))
	row("offer", fmt.Sprintf("%s, version %d: %s", o.GetBundleOfferId(), o.GetVersion(), s.GetName()))
	row("state", plainName(b.GetState().String(), "BUNDLE_STATE_"))
	row("price", fmt.Sprintf("%d %s, %d of it down, %d financed over %d months", s.GetPrice(), s.GetCurrency(), s.GetDownPayment(), o.GetFinancedAmount(),
		s.GetPlan().GetMonths()))
	row("activated", b.GetActivationDate())
	row("returnable until", b.GetReturnableUntil())
	row("billed", fmt.Sprintf("%d of %d installments", b.GetBilledInstallments(), s.GetPlan().GetMonths()))
	amount("principal to come", b.GetRemainingPrincipal())
	row("cancelled", b.GetCancellationDate())
	amount("bought back", b.GetBoughtBackAmount())
	row("returned", b.GetReturnDate())
	fmt.Fprint(out, t)
}

func withSpace(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}
