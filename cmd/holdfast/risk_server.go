package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// RiskPutCmd adds a version to a server.
type RiskPutCmd struct {
	File    string `arg:"" help:"Document to put."`
	Target  string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Request string `help:"Identity of this request, to complete one that was interrupted; made up if left out." placeholder:"ID"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (RiskPutCmd) Help() string {
	return `Adds a policy to the versions of a running server. A version never changes and is never taken back; it decides nothing before it is
activated. Check it first: holdfast risk check.

  holdfast risk put 2027-02.yaml
  holdfast risk put --target core.example:7600 --tls-ca ca.pem --token-file token 2027-02.yaml

What the server finds wrong is told as holdfast risk check tells it, with exit code 1. Only operators and admins of a server's
callers file may put policies.`
}

// Validate refuses flags that contradict each other.
func (c *RiskPutCmd) Validate() error { return c.check(c.Target) }

// Run puts.
func (c *RiskPutCmd) Run(ctx context.Context) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.PutPolicy(ctx, &holdfastv1.PutPolicyRequest{RequestId: c.Request, Document: string(text)})
	if faults := faultsOf(c.File, noPolicy, "INVALID_POLICY", err); faults != nil {
		fmt.Print(faults.lines())
		return errFaults
	}
	if err != nil {
		return c.explain(err)
	}
	if resp.GetReplayed() {
		fmt.Printf("%s: the policy was put by this request before\n", c.File)
		return nil
	}
	version := resp.GetPolicy().GetVersion()
	fmt.Printf("%s: the server has policy %s now; holdfast risk activate %s puts it in force\n", c.File, version, version)
	return nil
}

// RiskActivateCmd says from when on a version is in force.
type RiskActivateCmd struct {
	Version   string `arg:"" optional:"" help:"The version."`
	At        string `help:"From when on; now if left out." placeholder:"TIME"`
	Shadow    bool   `help:"Have it decide alongside, only recorded."`
	EndShadow bool   `help:"Have no version decide alongside any more."`
	Target    string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Request   string `help:"Identity of this request, to complete one that was interrupted; made up if left out." placeholder:"ID"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (RiskActivateCmd) Help() string {
	return `Says from when on a version is in force. What was decided before stays as it was decided. The same version may be activated again,
which is how to go back. A shadow decides alongside the version in force and is only recorded, to be looked at before it is
trusted.

  holdfast risk activate 2027-02                                  from now on
  holdfast risk activate 2027-02 --at 2027-02-01T00:00:00+08:00   from then on
  holdfast risk activate 2027-02 --shadow                         alongside
  holdfast risk activate --end-shadow`
}

// Validate refuses flags that contradict each other.
func (c *RiskActivateCmd) Validate() error {
	switch {
	case c.EndShadow == (c.Version != ""):
		return errors.New("want a version, or --end-shadow")
	case c.EndShadow && c.Shadow:
		return errors.New("--shadow begins one, --end-shadow ends it: give one")
	}
	if c.At != "" {
		if _, err := parseTime(c.At); err != nil {
			return fmt.Errorf("--at: %w", err)
		}
	}
	return c.check(c.Target)
}

// Run activates.
func (c *RiskActivateCmd) Run(ctx context.Context) error {
	req := &holdfastv1.ActivatePolicyRequest{RequestId: c.Request, Version: c.Version, Shadow: c.Shadow || c.EndShadow}
	if c.At != "" {
		at, err := parseTime(c.At)
		if err != nil {
			return err
		}
		req.FromTime = timestamppb.New(at)
	}
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.ActivatePolicy(ctx, req)
	if err != nil {
		return c.explain(err)
	}
	printActivations(resp.GetActivations())
	return nil
}

// printActivations says what is in force, and what will be.
func printActivations(list []*holdfastv1.PolicyActivation) {
	for _, a := range list {
		from, what := a.GetFromTime().AsTime().UTC().Format("2006-01-02 15:04:05 UTC"), "in force"
		switch {
		case a.GetShadow() && a.GetVersion() == "":
			fmt.Printf("from %s no shadow\n", from)
			continue
		case a.GetShadow():
			what = "the shadow"
		}
		fmt.Printf("from %s %s is %s\n", from, a.GetVersion(), what)
	}
}

// RiskListCmd lists the versions of a server.
type RiskListCmd struct {
	Target   string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Document string `help:"Print the document of this version instead." placeholder:"VERSION"`
	JSON     bool   `name:"json" help:"Print JSON, as the API tells it."`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (RiskListCmd) Help() string {
	return `Lists the versions that a running server has, oldest first, which of them is in force and which is the shadow, and what has been
activated for later. The first is the one that it was started with.

  holdfast risk list
  holdfast risk list --document 2027-02 > again.yaml`
}

// Validate refuses flags that contradict each other.
func (c *RiskListCmd) Validate() error {
	if c.JSON && c.Document != "" {
		return errors.New("--json lists versions, --document prints one: give one")
	}
	return c.check(c.Target)
}

// Run lists.
func (c *RiskListCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	if c.Document != "" {
		resp, err := sdk.GetPolicy(ctx, &holdfastv1.GetPolicyRequest{Version: c.Document})
		if err != nil {
			return c.explain(err)
		}
		_, err = os.Stdout.WriteString(resp.GetPolicy().GetDocument())
		return err
	}
	resp, err := sdk.ListPolicies(ctx, &holdfastv1.ListPoliciesRequest{})
	if err != nil {
		return c.explain(err)
	}
	if c.JSON {
		return printProto(os.Stdout, resp)
	}
	t := &table{align: "lll"}
	t.row("version", "put", "")
	for _, v := range resp.GetPolicies() {
		put := "at the beginning"
		if v.GetCreateTime() != nil {
			put = v.GetCreateTime().AsTime().UTC().Format("2006-01-02 15:04 UTC")
		}
		if v.GetCaller() != "" {
			put += " by " + v.GetCaller()
		}
		state := ""
		switch v.GetVersion() {
		case resp.GetActiveVersion():
			state = "in force"
		case resp.GetShadowVersion():
			state = "the shadow"
		}
		t.row(v.GetVersion(), put, state)
	}
	fmt.Print(t)
	printActivations(resp.GetActivations())
	return nil
}
