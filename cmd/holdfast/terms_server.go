package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/ledger/document"
)

// TermsPutCmd adds a version to a server.
type TermsPutCmd struct {
	File    string `arg:"" help:"Document to put."`
	Target  string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Request string `help:"Identity of this request, to complete one that was interrupted; made up if left out." placeholder:"ID"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (TermsPutCmd) Help() string {
	return `Adds a document to the versions of a running server. A version never changes and is never taken back: accounts that are
opened from now on in its currency have it, others when their consumer accepts it. Check it first: holdfast terms check.

  holdfast terms put winter.yaml
  holdfast terms put --target core.example:7600 --tls-ca ca.pem --token-file token winter.yaml

What the server finds wrong is told as holdfast terms check tells it, with exit code 1. Only operators and admins of a server's
callers file may put terms.`
}

// Run puts.
func (c *TermsPutCmd) Run(ctx context.Context) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.PutTerms(ctx, &holdfastv1.PutTermsRequest{RequestId: c.Request, Document: string(text)})
	if faults := faultsOf(c.File, noTerms, "INVALID_TERMS", err); faults != nil {
		fmt.Print(faults.lines())
		return errFaults
	}
	if err != nil {
		return c.explain(err)
	}
	t := resp.GetTerms()
	if resp.GetReplayed() {
		fmt.Printf("%s: terms %s were put by this request before\n", c.File, t.GetVersion())
		return nil
	}
	fmt.Printf("%s: the server has terms %s now; new accounts in %s have them\n", c.File, t.GetVersion(), t.GetCurrency())
	return nil
}

// Validate refuses flags that contradict each other.
func (c *TermsPutCmd) Validate() error { return c.check(c.Target) }

var faultPlace = regexp.MustCompile(`^line (\d+), column (\d+): `)

// faultsOf are the faults of a document that a server found, for a reason; nil for another error.
func faultsOf(name, what, reason string, err error) *fileFaults {
	if client.ReasonOf(err) != reason {
		return nil
	}
	found := &fileFaults{name, what, &document.Faults{}}
	for _, detail := range status.Convert(err).Details() {
		bad, ok := detail.(*errdetails.BadRequest)
		if !ok {
			continue
		}
		for _, v := range bad.GetFieldViolations() {
			fault := document.Fault{Detail: v.GetDescription(), Path: strings.TrimPrefix(strings.TrimPrefix(v.GetField(), "document"), ".")}
			if place := faultPlace.FindStringSubmatch(fault.Detail); place != nil {
				fault.Detail = fault.Detail[len(place[0]):]
				fault.Line, _ = strconv.Atoi(place[1]) // they are digits
				fault.Column, _ = strconv.Atoi(place[2])
			}
			found.faults.List = append(found.faults.List, fault)
		}
	}
	if len(found.faults.List) == 0 {
		return nil
	}
	return found
}

// TermsListCmd lists the versions of a server.
type TermsListCmd struct {
	Target   string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Document string `help:"Print the document of this version instead." placeholder:"VERSION"`
	JSON     bool   `name:"json" help:"Print JSON, as the API tells it."`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (TermsListCmd) Help() string {
	return `Lists the versions that a running server has, oldest first, with what they offer. The first is the one that it began with.
The newest of a currency is that of new accounts.

  holdfast terms list
  holdfast terms list --document default-1 > again.yaml`
}

// Validate refuses flags that contradict each other.
func (c *TermsListCmd) Validate() error {
	if c.JSON && c.Document != "" {
		return errors.New("--json lists versions, --document prints one: give one")
	}
	return c.check(c.Target)
}

// Run lists.
func (c *TermsListCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	if c.Document != "" {
		resp, err := sdk.GetTerms(ctx, &holdfastv1.GetTermsRequest{Version: c.Document})
		if err != nil {
			return c.explain(err)
		}
		_, err = os.Stdout.WriteString(resp.GetTerms().GetDocument())
		return err
	}
	resp, err := sdk.ListTerms(ctx, &holdfastv1.ListTermsRequest{})
	if err != nil {
		return c.explain(err)
	}
	if c.JSON {
		return printProto(os.Stdout, resp)
	}
	t := &table{align: "lllrl"}
	t.row("version", "currency", "put", "cap a year", "installment plans")
	for _, v := range resp.GetTerms() {
		put := "at the beginning"
		if v.GetCreateTime() != nil {
			put = v.GetCreateTime().AsTime().UTC().Format("2006-01-02 15:04 UTC")
		}
		if v.GetCaller() != "" {
			put += " by " + v.GetCaller()
		}
		var offers []string
		for _, o := range v.GetOffers() {
			offers = append(offers, offerName(o))
		}
		t.row(v.GetVersion(), v.GetCurrency(), put, v.GetAnnualCapPercent()+" %", strings.Join(offers, "; "))
	}
	fmt.Print(t)
	return nil
}
