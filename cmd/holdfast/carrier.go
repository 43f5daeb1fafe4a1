package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// CarrierCmd is about the registry of carriers.
type CarrierCmd struct {
	Put   CarrierPutCmd   `cmd:"" help:"Register a carrier, or change what was agreed with it."`
	List  CarrierListCmd  `cmd:"" help:"List the carriers of a running server."`
	Show  CarrierShowCmd  `cmd:"" help:"Print what was agreed with a carrier."`
	Bill  CarrierBillCmd  `cmd:"" help:"What carriers collect on their own bills."`
	Usage CarrierUsageCmd `cmd:"" help:"Print what consumers bought of a carrier, by day, hour and amount."`
}

// Help teaches.
func (CarrierCmd) Help() string {
	return `The registry says what was agreed with each carrier: who may speak for it, what it sells, when it is paid and what it is charged,
how much more than authorized it may capture, how long its holds last. A carrier that is not registered works as the terms say.

  holdfast carrier put cmcc cmcc.yaml              register it, or change what was agreed
  holdfast carrier list                            all carriers
  holdfast carrier show cmcc                       what is agreed with one
  holdfast carrier show cmcc --settings > cmcc.yaml
  holdfast carrier usage cmcc                      what consumers bought of it`
}

// CarrierPutCmd puts a version of a carrier.
type CarrierPutCmd struct {
	Carrier string `arg:"" help:"The carrier's id, as orders name it."`
	File    string `arg:"" help:"What was agreed, in YAML."`
	Version int32  `help:"Which version it is to become; one more than the last if left out." placeholder:"N"`
	Target  string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Request string `help:"Identity of this request, to complete one that was interrupted; made up if left out." placeholder:"ID"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (CarrierPutCmd) Help() string {
	return `Puts all that was agreed with a carrier, which is in force at once. A version never changes: what was decided before stays as it
was decided. The fields are those of CarrierSettings in the API.

  name: China Mobile
  principals: [cmcc-gateway]
  settlement: {cycle: SETTLEMENT_CYCLE_DAILY, cut_off: "23:00", zone: Asia/Shanghai}
  fees:
    - {scene: SCENE_TOPUP, currency: CNY, basis_points: 60}
  capture_tolerance_basis_points: 100
  hold_lifetime: 1800s

  holdfast carrier put cmcc cmcc.yaml
  holdfast carrier put --target core.example:7600 --tls-ca ca.pem --token-file token cmcc cmcc.yaml

To change one thing, begin with holdfast carrier show --settings. Only operators and admins of a server's callers file may put
carriers.`
}

// Validate refuses flags that contradict each other.
func (c *CarrierPutCmd) Validate() error { return c.check(c.Target) }

// Run puts.
func (c *CarrierPutCmd) Run(ctx context.Context) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	settings, err := carrierSettings(text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.PutCarrier(ctx, &holdfastv1.PutCarrierRequest{RequestId: c.Request, CarrierId: c.Carrier, Version: c.Version, Settings: settings})
	if err != nil {
		return c.explain(err)
	}
	if resp.GetReplayed() {
		fmt.Printf("%s: version %d was put by this request before\n", c.Carrier, resp.GetCarrier().GetVersion())
		return nil
	}
	fmt.Printf("%s: version %d is in force now\n", c.Carrier, resp.GetCarrier().GetVersion())
	return nil
}

// carrierSettings reads settings from YAML, whose fields are those of the API.
func carrierSettings(text []byte) (*holdfastv1.CarrierSettings, error) {
	settings := new(holdfastv1.CarrierSettings)
	return settings, readSettings(text, settings, nil)
}

// CarrierListCmd lists the carriers of a server.
type CarrierListCmd struct {
	Target string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	JSON   bool   `name:"json" help:"Print JSON, as the API tells it."`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (CarrierListCmd) Help() string {
	return `Lists the carriers that are registered, in order of id, with the version that is in force.

  holdfast carrier list`
}

// Validate refuses flags that contradict each other.
func (c *CarrierListCmd) Validate() error { return c.check(c.Target) }

// Run lists.
func (c *CarrierListCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.ListCarriers(ctx, &holdfastv1.ListCarriersRequest{})
	if err != nil {
		return c.explain(err)
	}
	if c.JSON {
		return printProto(os.Stdout, resp)
	}
	t := &table{align: "lrlll"}
	t.row("carrier", "version", "name", "put", "")
	for _, v := range resp.GetCarriers() {
		t.row(v.GetCarrierId(), strconv.Itoa(int(v.GetVersion())), v.GetSettings().GetName(), carrierPut(v), suspendedNote(v))
	}
	fmt.Print(t)
	return nil
}

func carrierPut(v *holdfastv1.Carrier) string {
	return v.GetCreateTime().AsTime().UTC().Format("2006-01-02 15:04 UTC") + " by " + v.GetCaller()
}

func suspendedNote(v *holdfastv1.Carrier) string {
	if v.GetSuspended() {
		return "suspended"
	}
	return ""
}

// CarrierShowCmd prints what was agreed with a carrier.
type CarrierShowCmd struct {
	Carrier  string `arg:"" help:"The carrier's id."`
	Version  int32  `help:"Which version; that in force if left out." placeholder:"N"`
	Settings bool   `help:"Print only what was agreed, as carrier put reads it."`
	JSON     bool   `name:"json" help:"Print JSON, as the API tells it."`
	Target   string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (CarrierShowCmd) Help() string {
	return `Prints a version of what was agreed with a carrier, as carrier put reads it, below who put it and when.

  holdfast carrier show cmcc
  holdfast carrier show cmcc --version 1
  holdfast carrier show cmcc --settings > cmcc.yaml`
}

// Validate refuses flags that contradict each other.
func (c *CarrierShowCmd) Validate() error { return c.check(c.Target) }

// Run prints.
func (c *CarrierShowCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.GetCarrier(ctx, &holdfastv1.GetCarrierRequest{CarrierId: c.Carrier, Version: c.Version})
	if err != nil {
		return c.explain(err)
	}
	v := resp.GetCarrier()
	if c.JSON {
		return printProto(os.Stdout, v)
	}
	text, err := settingsText(v.GetSettings())
	if err != nil {
		return err
	}
	if !c.Settings {
		fmt.Printf("# %s, version %d, put %s\n", v.GetCarrierId(), v.GetVersion(), carrierPut(v))
		if v.GetSuspended() {
			fmt.Println("# suspended")
		}
		for _, e := range v.GetExposures() {
			fmt.Printf("# %s: %d held and %d not paid, of a limit of %d\n", e.GetCurrency(), e.GetHeldAmount(), e.GetUnpaidAmount(), e.GetLimit())
		}
	}
	_, err = os.Stdout.Write(text)
	return err
}
