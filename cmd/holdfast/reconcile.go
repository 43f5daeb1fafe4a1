package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// ReconcileCmd compares carriers' records with what is here.
type ReconcileCmd struct {
	Run     ReconcileRunCmd     `cmd:"" default:"withargs" help:"Reconcile a carrier's file (the default)."`
	List    ReconcileListCmd    `cmd:"" help:"List the reconciliations of a carrier."`
	Breaks  ReconcileBreaksCmd  `cmd:"" help:"Print the breaks of a reconciliation."`
	Resolve ReconcileResolveCmd `cmd:"" help:"Resolve a break."`
}

// Help teaches.
func (ReconcileCmd) Help() string {
	return `A carrier's own records of a business date are matched with what is here, record by record: by order id, and what is left by the
carrier's reference. What does not agree is told, kept, and resolved by a person.

  holdfast reconcile --file 20261128.csv --map carrier --carrier cmcc --currency CNY --date 2026-11-28
  holdfast reconcile list cmcc
  holdfast reconcile breaks cmcc 3 --open
  holdfast reconcile resolve cmcc 3 7 --accept-theirs --reason "receipt of the carrier's seen"

With --request a file may be sent again; holdfast reconcile run --help has all that there is to say of a file.`
}

// ReconcileRunCmd reconciles a file.
type ReconcileRunCmd struct {
	File     string `help:"The carrier's file, CSV." required:"" placeholder:"FILE"`
	Map      string `help:"How it is to be read: a YAML file, or the name of one that ships." required:"" placeholder:"MAP"`
	Carrier  string `help:"The carrier's id." required:"" placeholder:"ID"`
	Currency string `help:"Currency of the records (${default})." default:"CNY" placeholder:"CUR"`
	Date     string `help:"The carrier's business day that the file is of. It must have ended." required:"" placeholder:"YYYY-MM-DD"`
	Lines    int    `help:"How many breaks of each kind are printed (${default})." default:"10" placeholder:"N"`
	JSON     bool   `name:"json" help:"Print the summary and all breaks as JSON, a line for each."`
	Request  string `help:"Identity of this request: sent again it has the kept result. Made up if left out." placeholder:"ID"`
	Target   string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (ReconcileRunCmd) Help() string {
	return `The file is read once to find all that is wrong with it, and once to be sent; neither this program nor the server has it in memory.
The map says what the columns are and what their words mean. Shipped are carrier, to copy and change, and settlement, which
reads what holdfast settlement export writes.

  holdfast reconcile --file 20261128.csv --map carrier --carrier cmcc --currency CNY --date 2026-11-28
  holdfast reconcile --file 20261128.csv --map cmcc.yaml --carrier cmcc --date 2026-11-28 --request 20261128 --lines 50

Interrupted, it is begun again by the same command with the same --request; one that has a result answers with it.

The exit code is 0 when both sides agree, 3 when there are breaks, and 1 when there is no result.`
}

// Validate refuses flags that make no sense.
func (c *ReconcileRunCmd) Validate() error {
	if c.Lines < 0 {
		return errors.New("--lines: want 0 or more")
	}
	return c.check(c.Target)
}

// Run reconciles.
func (c *ReconcileRunCmd) Run(ctx context.Context) error {
	m, err := loadRecordMap(c.Map)
	if err != nil {
		return err
	}
	file := &recordFile{path: c.File, m: m, carrier: c.Carrier, currency: c.Currency, date: c.Date}
	show := newProgress("reading " + c.File)
	total, err := file.check(func(n int64) {
		if n%10_000 == 0 {
			show.say(thousands(n) + " records")
		}
	})
	show.end()
	if err != nil {
		return err
	}
	sdk, err := c.dial(c.Target)
	if err != nil {
		return err
	}
	defer sdk.Close()
	report := &reconcileReport{lines: c.Lines, digits: m.MinorDigits}
	if c.JSON {
		report.json = os.Stdout
	}
	summary, err := c.send(ctx, sdk, file, total, report)
	if err != nil {
		return c.explain(err)
	}
	report.summary = summary
	if c.JSON {
		err = report.line(summary)
	} else {
		err = report.print(os.Stdout)
	}
	if err == nil && summary.GetBreakCount() > 0 {
		err = &ended{code: exitBreaks, text: fmt.Sprintf("there are %s breaks", thousands(int64(summary.GetBreakCount())))}
	}
	return err
}

// send has the server reconcile the file, and shows how far it is.
func (c *ReconcileRunCmd) send(ctx context.Context, sdk *client.Client, file *recordFile, total int64, report *reconcileReport) (*holdfastv1.Reconciliation, error) {
	show := newProgress("reconciling")
	defer show.end()
	header := &holdfastv1.ReconcileHeader{
		RequestId: c.Request, CarrierId: c.Carrier, Currency: c.Currency, BusinessDate: c.Date, HasFees: file.m.Columns.Fee != "",
	}
	return sdk.Reconcile(ctx, header, file.records(), func(m *holdfastv1.ReconcileResponse) {
		switch p := m.GetProgress(); {
		case p == nil:
			report.add(m.GetBreak())
		case p.GetReceived() < total:
			show.update(p.GetReceived(), total)
		case p.GetCompared() == 0:
			show.say(thousands(p.GetEntries()) + " entries of the journals read")
		default:
			show.say(thousands(p.GetCompared()) + " records of both sides compared")
		}
	})
}

// ReconcileListCmd lists reconciliations.
type ReconcileListCmd struct {
	Carrier string `arg:"" help:"The carrier's id."`
	Digits  int    `help:"Digits of an amount after the decimal point (${default})." default:"2" placeholder:"N"`
	Target  string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Validate refuses flags that contradict each other.
func (c *ReconcileListCmd) Validate() error { return c.check(c.Target) }

// Run lists.
func (c *ReconcileListCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	t := table{align: "rllrrr"}
	t.row("no.", "business date", "state", "breaks", "open", "difference")
	for token := ""; ; {
		page, err := sdk.ListReconciliations(ctx, &holdfastv1.ListReconciliationsRequest{CarrierId: c.Carrier, PageSize: 500, PageToken: token})
		if err != nil {
			return c.explain(err)
		}
		for _, r := range page.GetReconciliations() {
			t.row(thousands(int64(r.GetNumber())), r.GetBusinessDate()+" "+r.GetCurrency(), word(r.GetState(), "RECONCILIATION_STATE_"),
				thousands(int64(r.GetBreakCount())), thousands(int64(r.GetOpenCount())), writeAmount(r.GetOurs().GetAmount()-r.GetTheirs().GetAmount(), c.Digits))
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	fmt.Print(t.String())
	return nil
}

// ReconcileBreaksCmd prints breaks.
type ReconcileBreaksCmd struct {
	Carrier string `arg:"" help:"The carrier's id."`
	Number  int32  `arg:"" help:"Number of the reconciliation."`
	Open    bool   `help:"Only those that are open."`
	Kind    string `help:"Only those of a kind, such as missing-here." placeholder:"KIND"`
	Digits  int    `help:"Digits of an amount after the decimal point (${default})." default:"2" placeholder:"N"`
	JSON    bool   `name:"json" help:"Print JSON, a line for each."`
	Target  string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Validate refuses flags that contradict each other.
func (c *ReconcileBreaksCmd) Validate() error {
	if _, err := breakKind(c.Kind); err != nil {
		return err
	}
	return c.check(c.Target)
}

// Run prints.
func (c *ReconcileBreaksCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	kind, err := breakKind(c.Kind)
	if err != nil {
		return err
	}
	req := &holdfastv1.ListBreaksRequest{CarrierId: c.Carrier, Number: c.Number, OnlyOpen: c.Open, Kind: kind, PageSize: 500}
	report := &reconcileReport{lines: 1 << 30, digits: c.Digits}
	if c.JSON {
		report.json = os.Stdout
	}
	for {
		page, err := sdk.ListBreaks(ctx, req)
		if err != nil {
			return c.explain(err)
		}
		for _, b := range page.GetBreaks() {
			report.add(b)
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	report.printBreaks(os.Stdout)
	return report.failed
}

// ReconcileResolveCmd resolves a break.
type ReconcileResolveCmd struct {
	Carrier      string `arg:"" help:"The carrier's id."`
	Number       int32  `arg:"" help:"Number of the reconciliation."`
	Break        int32  `arg:"" help:"Number of the break."`
	AcceptTheirs bool   `help:"The carrier is right: what is payable becomes what it says." xor:"how"`
	AcceptOurs   bool   `help:"Ours is right: nothing is posted." xor:"how"`
	Adjust       string `help:"Add an amount to what is payable, or take it away." xor:"how" placeholder:"AMOUNT"`
	Digits       int    `help:"Digits of an amount after the decimal point (${default})." default:"2" placeholder:"N"`
	Reason       string `help:"Why." required:"" placeholder:"TEXT"`
	Request      string `help:"Identity of this request; made up if left out." placeholder:"ID"`
	Target       string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (ReconcileResolveCmd) Help() string {
	return `A break is resolved once, by an operator, with a reason. Accepting the carrier's word adjusts what is payable to it to what it says of
the business date; what ours has on another day is taken off that day, so that it is not paid twice. What a consumer owes is
not touched: to charge or refund one, capture, advise or reverse the order, and accept ours.

  holdfast reconcile resolve cmcc 3 7 --accept-theirs --reason "receipt of the carrier's seen"
  holdfast reconcile resolve cmcc 3 8 --accept-ours --reason "the carrier corrects it tomorrow"
  holdfast reconcile resolve cmcc 3 9 --adjust=-12.50 --reason "shared, as agreed"`
}

// Validate wants one way.
func (c *ReconcileResolveCmd) Validate() error {
	if !c.AcceptTheirs && !c.AcceptOurs && c.Adjust == "" {
		return errors.New("say how: --accept-theirs, --accept-ours or --adjust")
	}
	return c.check(c.Target)
}

// Run resolves.
func (c *ReconcileResolveCmd) Run(ctx context.Context) error {
	req := &holdfastv1.ResolveBreakRequest{
		RequestId: c.Request, CarrierId: c.Carrier, Number: c.Number, BreakNumber: c.Break, Reason: c.Reason,
		Resolution: holdfastv1.BreakResolution_BREAK_RESOLUTION_ACCEPT_OURS,
	}
	switch {
	case c.AcceptTheirs:
		req.Resolution = holdfastv1.BreakResolution_BREAK_RESOLUTION_ACCEPT_THEIRS
	case c.Adjust != "":
		v, negative, err := signed(c.Adjust, c.Digits)
		if err != nil {
			return fmt.Errorf("--adjust: %w", err)
		}
		if req.Amount = v; negative {
			req.Amount = -v
		}
		req.Resolution = holdfastv1.BreakResolution_BREAK_RESOLUTION_ADJUST
	}
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.ResolveBreak(ctx, req)
	if err != nil {
		return c.explain(err)
	}
	fmt.Printf("break %d is resolved: %s was added to what is payable\n", c.Break, writeAmount(resp.GetBreak().GetAdjustedAmount(), c.Digits))
	return nil
}
