package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// BundleOfferCmd is about what carriers offer by installments.
type BundleOfferCmd struct {
	Put  BundleOfferPutCmd  `cmd:"" help:"Make an offer, change it or withdraw it."`
	List BundleOfferListCmd `cmd:"" help:"List the offers of a running server."`
	Show BundleOfferShowCmd `cmd:"" help:"Print what is offered."`
}

// BundleOfferPutCmd puts a version of an offer.
type BundleOfferPutCmd struct {
	Offer   string `arg:"" help:"The offer's id, as orders name it."`
	File    string `arg:"" help:"What is offered, in YAML."`
	Version int32  `help:"Which version it is to become; one more than the last if left out." placeholder:"N"`
	Target  string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Request string `help:"Identity of this request, to complete one that was interrupted; made up if left out." placeholder:"ID"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (BundleOfferPutCmd) Help() string {
	return `Puts all that is offered, which is in force at once. A version never changes: what was ordered keeps the one that it was decided under.
The fields are those of BundleOfferSettings in the API; amounts are minor units. withdrawn: true ends an offer.

  carrier_id: cmcc
  name: A phone and 24 months
  currency: CNY
  price: 300000
  down_payment: 60000
  plan: {method: PLAN_METHOD_FLAT_FEE, months: 24, monthly_fee_percent: "0.5"}
  termination: BUNDLE_TERMINATION_BUY_BACK
  cooling_off_days: 7

  holdfast bundle offer put phone-24 phone.yaml

To change one thing, begin with holdfast bundle offer show --settings. For operators and admins, and for principals of the carrier.`
}

// Validate refuses flags that contradict each other.
func (c *BundleOfferPutCmd) Validate() error { return c.check(c.Target) }

// Run puts.
func (c *BundleOfferPutCmd) Run(ctx context.Context) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	settings, err := offerSettings(text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.PutBundleOffer(ctx, &holdfastv1.PutBundleOfferRequest{RequestId: c.Request, BundleOfferId: c.Offer, Version: c.Version, Settings: settings})
	switch {
	case err != nil:
		return c.explain(err)
	case resp.GetReplayed():
		fmt.Printf("%s: version %d was put by this request before\n", c.Offer, resp.GetOffer().GetVersion())
	default:
		fmt.Printf("%s: version %d is in force now\n", c.Offer, resp.GetOffer().GetVersion())
	}
	return nil
}

// offerSettings reads an offer from YAML, whose fields are those of the API.
func offerSettings(text []byte) (*holdfastv1.BundleOfferSettings, error) {
	settings := new(holdfastv1.BundleOfferSettings)
	return settings, readSettings(text, settings, func(document map[string]any) {
		p, _ := document["plan"].(map[string]any) // percentages are texts, and people leave the quotes out
		for _, name := range []string{"monthly_fee_percent", "annual_interest_percent"} {
			if v, ok := p[name]; ok {
				p[name] = fmt.Sprint(v)
			}
		}
	})
}

// BundleOfferListCmd lists the offers of a server.
type BundleOfferListCmd struct {
	Carrier string `help:"Only those of a carrier." placeholder:"ID"`
	Target  string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	JSON    bool   `name:"json" help:"Print JSON, as the API tells it."`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (BundleOfferListCmd) Help() string {
	return `Lists offers in order of id, each in the version that is in force.

  holdfast bundle offer list --carrier cmcc`
}

// Validate refuses flags that contradict each other.
func (c *BundleOfferListCmd) Validate() error { return c.check(c.Target) }

// Run lists.
func (c *BundleOfferListCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.ListBundleOffers(ctx, &holdfastv1.ListBundleOffersRequest{CarrierId: c.Carrier})
	if err != nil {
		return c.explain(err)
	}
	if c.JSON {
		return printProto(os.Stdout, resp)
	}
	t := &table{align: "lrllrrlll"}
	t.row("offer", "version", "carrier", "name", "price", "financed", "plan", "cancelled", "")
	for _, o := range resp.GetOffers() {
		s := o.GetSettings()
		t.row(o.GetBundleOfferId(), strconv.Itoa(int(o.GetVersion())), s.GetCarrierId(), s.GetName(), fmt.Sprintf("%d %s", s.GetPrice(), s.GetCurrency()),
			strconv.FormatInt(o.GetFinancedAmount(), 10), planName(s.GetPlan()), plainName(s.GetTermination().String(), "BUNDLE_TERMINATION_"), withdrawnNote(s))
	}
	fmt.Print(t)
	return nil
}

// planName is what a plan costs, for people.
func planName(p *holdfastv1.PlanOffer) string {
	name := fmt.Sprintf("%s %d", plainName(p.GetMethod().String(), "PLAN_METHOD_"), p.GetMonths())
	switch {
	case p.GetMonthlyFeePercent() != "":
		return name + ", " + p.GetMonthlyFeePercent() + " % a month"
	case p.GetAnnualInterestPercent() != "":
		return name + ", " + p.GetAnnualInterestPercent() + " % a year"
	}
	return name
}

// plainName is the name of an enumeration's value, for people.
func plainName(name, prefix string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, prefix)), "_", " ")
}

func withdrawnNote(s *holdfastv1.BundleOfferSettings) string {
	if s.GetWithdrawn() {
		return "withdrawn"
	}
	return ""
}

// BundleOfferShowCmd prints an offer.
type BundleOfferShowCmd struct {
	Offer    string `arg:"" help:"The offer's id."`
	Version  int32  `help:"Which version; that in force if left out." placeholder:"N"`
	Settings bool   `help:"Print only what is offered, as bundle offer put reads it."`
	JSON     bool   `name:"json" help:"Print JSON, as the API tells it."`
	Target   string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (BundleOfferShowCmd) Help() string {
	return `Prints a version of an offer, as bundle offer put reads it, below who put it and when.

  holdfast bundle offer show phone-24
  holdfast bundle offer show phone-24 --settings > phone.yaml`
}

// Validate refuses flags that contradict each other.
func (c *BundleOfferShowCmd) Validate() error { return c.check(c.Target) }

// Run prints.
func (c *BundleOfferShowCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.GetBundleOffer(ctx, &holdfastv1.GetBundleOfferRequest{BundleOfferId: c.Offer, Version: c.Version})
	if err != nil {
		return c.explain(err)
	}
	o := resp.GetOffer()
	if c.JSON {
		return printProto(os.Stdout, o)
	}
	text, err := settingsText(o.GetSettings())
	if err != nil {
		return err
	}
	if !c.Settings {
		fmt.Printf("# %s, version %d, put %s by %s\n", o.GetBundleOfferId(), o.GetVersion(), o.GetCreateTime().AsTime().UTC().Format("2006-01-02 15:04 UTC"), o.GetCaller())
		fmt.Printf("# %d %s are financed\n", o.GetFinancedAmount(), o.GetSettings().GetCurrency())
	}
	_, err = os.Stdout.Write(text)
	return err
}
