package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// StatementCmd prints statements.
type StatementCmd struct {
	Target  string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Account string `help:"The account, acc_..." required:"" placeholder:"ID"`
	Window  string `help:"The day on which the statement's window opened; without it the newest statement." placeholder:"YYYY-MM-DD"`
	List    bool   `help:"List all statements of the account, newest first, without their lines."`
	CSV     bool   `name:"csv" help:"Print CSV: a line for each entry, and a last one with their sum."`
	JSON    bool   `name:"json" help:"Print JSON, as the API tells it."`
	Zone    string `help:"Business zone of the server, for the days of captures (${default})." default:"Asia/Shanghai" placeholder:"ZONE"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (StatementCmd) Help() string {
	return `A statement is what a billing window came to: every capture with its order, refunds, installments, fees, interest, penalty
and payments, from the balance with which the window opened to that with which it closed. It is named by the day on which its
window opened, and never changes; what happened to it later, and what is left to pay today, is printed below it.

  holdfast statement --account acc_0000000000001                        the newest
  holdfast statement --account acc_0000000000001 --list                 all of them
  holdfast statement --account acc_0000000000001 --window 2026-01-05
  holdfast statement --account acc_0000000000001 --csv > 2026-01.csv    for partners: the same text whenever it is printed
  holdfast statement --account acc_0000000000001 --json | jq .statement.totalDue

The last line adds the statement up; exit code 1 when it does not add up. In CSV every line has what it adds to the balance, the
first being the opening balance, and the total line has their sum, the closing balance. Amounts of JSON are minor units.

A purchase that is paid by installments adds nothing by itself: each installment does, with the window that bills it. Its fee or
interest says what the plan costs a year, and interest and penalty what they do; in CSV that is in the last two columns.`
}

// Validate refuses flags that contradict each other.
func (c *StatementCmd) Validate() error {
	switch {
	case c.CSV && c.JSON:
		return errors.New("--csv and --json are two ways to print: give one")
	case c.List && c.Window != "":
		return errors.New("--list is for all statements, not for --window")
	}
	return c.check(c.Target)
}

// Run prints.
func (c *StatementCmd) Run(ctx context.Context) error {
	zone, err := calendar.LoadZone(c.Zone)
	if err != nil {
		return fmt.Errorf("--zone: %w", err)
	}
	sdk, err := c.dial(c.Target, client.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	if c.List {
		return c.explain(c.list(ctx, sdk))
	}
	s, err := fetchStatement(ctx, sdk, c.Account, c.Window, zone)
	if err != nil {
		return c.explain(err)
	}
	switch {
	case c.JSON:
		err = printProto(os.Stdout, s.GetStatementResponse)
	case c.CSV:
		err = s.printCSV(os.Stdout)
	default:
		err = s.print(os.Stdout)
	}
	if err != nil {
		return err
	}
	return s.sound()
}

// list prints all statements of the account.
func (c *StatementCmd) list(ctx context.Context, sdk *client.Client) error {
	all := &holdfastv1.ListStatementsResponse{}
	for {
		page, err := sdk.ListStatements(ctx, &holdfastv1.ListStatementsRequest{AccountId: c.Account, PageSize: 500, PageToken: all.GetNextPageToken()})
		if err != nil {
			return err
		}
		all.Statements, all.NextPageToken = append(all.Statements, page.GetStatements()...), page.GetNextPageToken()
		if page.GetNextPageToken() == "" {
			break
		}
	}
	if c.JSON {
		return printProto(os.Stdout, all)
	}
	digits := digitsOf{sdk: sdk}
	t, lines := &table{align: "rllll"}, &csvLines{}
	head := []string{"", "opens", "closes", "due", "terms", "opening", "changes", "closing", "total due", "minimum due", "currency"}
	t.row(head...)
	lines.add("number", "window", "closes", "due", "terms", "opening_balance", "changes", "closing_balance", "total_due", "minimum_due", "currency")
	for _, s := range all.GetStatements() {
		money, err := digits.writer(ctx, s)
		if err != nil {
			return err
		}
		row := []string{
			fmt.Sprint(s.GetNumber()), s.GetOpeningDate(), s.GetClosingDate(), s.GetDueDate(), s.GetTermsVersion(),
		}
		for _, amount := range []int64{
			s.GetOpeningBalance(), s.GetClosingBalance() - s.GetOpeningBalance(), s.GetClosingBalance(), s.GetTotalDue(), s.GetMinimumDue(),
		} {
			if c.CSV {
				row = append(row, money.plain(amount))
			} else {
				row = append(row, money.write(amount))
			}
		}
		t.row(append(row, s.GetCurrency())...)
		lines.add(append(row, s.GetCurrency())...)
	}
	switch {
	case c.CSV:
		return lines.write(os.Stdout)
	case len(all.GetStatements()) == 0:
		fmt.Printf("%s has no statements yet: the first is written when its first billing window closes.\n", c.Account)
		return nil
	}
	fmt.Print(t)
	return nil
}

// statement is a statement with what it takes to print it.
type statement struct {
	*holdfastv1.GetStatementResponse
	billing *holdfastv1.Billing // as of today
	orders  map[string]string   // order id by authorization, of those that items are about
	money   amountWriter
	zone    calendar.Zone
}

// fetchStatement reads a statement, the newest if window is empty, and what there is to say about it.
func fetchStatement(ctx context.Context, sdk *client.Client, account, window string, zone calendar.Zone) (*statement, error) {
	resp, err := fetchLines(ctx, sdk, account, window)
	if client.ReasonOf(err) == "STATEMENT_NOT_FOUND" && window == "" {
		return nil, fmt.Errorf("%s has no statements yet: the first is written when its first billing window closes", account)
	}
	if err != nil {
		return nil, err
	}
	now, err := sdk.GetBilling(ctx, &holdfastv1.GetBillingRequest{AccountId: account})
	if err != nil {
		return nil, err
	}
	s := &statement{GetStatementResponse: resp, billing: now.GetBilling(), orders: map[string]string{}, zone: zone}
	digits := digitsOf{sdk: sdk}
	if s.money, err = digits.writer(ctx, resp.GetStatement()); err != nil {
		return nil, err
	}
	for _, x := range resp.GetCaptures() {
		s.orders[x.GetAuthorizationId()] = x.GetOrderId()
	}
	for _, i := range append(append([]*holdfastv1.Item{}, resp.GetItems()...), resp.GetLaterItems()...) {
		id := i.GetAuthorizationId()
		if _, known := s.orders[id]; known || id == "" {
			continue
		}
		found, err := sdk.GetAuthorization(ctx, &holdfastv1.GetAuthorizationRequest{AuthorizationId: id})
		if err != nil {
			return nil, err
		}
		s.orders[id] = found.GetAuthorization().GetOrderId()
	}
	return s, nil
}

// fetchLines reads a statement with all its lines, page by page.
func fetchLines(ctx context.Context, sdk *client.Client, account, window string) (*holdfastv1.GetStatementResponse, error) {
	ask := &holdfastv1.GetStatementRequest{AccountId: account, OpeningDate: window}
	all, err := sdk.GetStatement(ctx, ask)
	for err == nil && all.GetNextPageToken() != "" {
		ask.OpeningDate, ask.PageToken = all.GetStatement().GetOpeningDate(), all.GetNextPageToken() // the newest may be another by now
		var page *holdfastv1.GetStatementResponse
		if page, err = sdk.GetStatement(ctx, ask); err == nil {
			all.Captures = append(all.Captures, page.GetCaptures()...)
			all.Items, all.LaterItems = append(all.Items, page.GetItems()...), append(all.LaterItems, page.GetLaterItems()...)
			all.Debt, all.NextPageToken = page.GetDebt(), page.GetNextPageToken()
		}
	}
	return all, err
}

// digitsOf finds out how many digits after the point the amounts of a statement have: its terms say so.
type digitsOf struct {
	sdk     *client.Client
	version string
	terms   *terms.Terms
}

func (d *digitsOf) writer(ctx context.Context, s *holdfastv1.Statement) (amountWriter, error) {
	if d.terms == nil || d.version != s.GetTermsVersion() {
		resp, err := d.sdk.GetTerms(ctx, &holdfastv1.GetTermsRequest{Version: s.GetTermsVersion()})
		if err != nil {
			return amountWriter{}, err
		}
		if d.terms, err = terms.Parse([]byte(resp.GetTerms().GetDocument())); err != nil {
			return amountWriter{}, fmt.Errorf("terms %s: %w", s.GetTermsVersion(), err)
		}
		d.version = s.GetTermsVersion()
	}
	if string(d.terms.Currency) != s.GetCurrency() {
		return amountWriter{currency: s.GetCurrency(), minor: true}, nil
	}
	return amountWriter{currency: s.GetCurrency(), digits: d.terms.MinorDigits}, nil
}

// amountWriter writes amounts of a currency.
type amountWriter struct {
	currency string
	digits   int
	minor    bool // nobody says how many digits it has: amounts are written as minor units
}

// unit says what amounts are in.
func (w amountWriter) unit() string {
	if w.minor {
		return "minor units of " + w.currency
	}
	return w.currency
}

// write is an amount for people.
func (w amountWriter) write(v int64) string { return writeAmount(v, w.digits) }

// signed is an amount with its sign.
func (w amountWriter) signed(v int64) string {
	if v > 0 {
		return "+" + w.write(v)
	}
	return w.write(v)
}

// plain is an amount for programs: without commas.
func (w amountWriter) plain(v int64) string { return strings.ReplaceAll(w.write(v), ",", "") }

// printProto prints a message as indented JSON, always in the same way.
func printProto(out io.Writer, m proto.Message) error {
	text, err := protojson.Marshal(m)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = out.Write(b.Bytes())
	return err
}
