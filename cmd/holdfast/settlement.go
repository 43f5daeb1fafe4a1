package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
)

// SettlementCmd is about what carriers are owed and paid.
type SettlementCmd struct {
	List      SettlementListCmd      `cmd:"" help:"List the settlements of a carrier."`
	Show      SettlementShowCmd      `cmd:"" help:"Print what a settlement comes to."`
	Unsettled SettlementUnsettledCmd `cmd:"" help:"Print what is in no settlement yet, day by day."`
	Close     SettlementCloseCmd     `cmd:"" help:"Close a settlement by hand."`
	Export    SettlementExportCmd    `cmd:"" help:"Write the lines of a settlement as CSV."`
	Confirm   SettlementConfirmCmd   `cmd:"" help:"Record that a settlement was paid."`
}

// Help teaches.
func (SettlementCmd) Help() string {
	return `Everything that is payable to a carrier is in one settlement, or unsettled. The server closes settlements by itself, when a business
day of the carrier has ended, or a month.

  holdfast settlement unsettled cmcc                 what there is to settle
  holdfast settlement list cmcc                      what was settled
  holdfast settlement export cmcc 12 -o cmcc-12.csv  the lines, and a line with their control totals
  holdfast settlement confirm cmcc 12 --reference 20260306-0017 --amount 1843020`
}

// settlementFlags name a carrier's settlements of a running server.
type settlementFlags struct {
	Currency string `help:"Of the settlements (${default})." default:"CNY" placeholder:"CODE"`
	Target   string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	JSON     bool   `name:"json" help:"Print JSON, as the API tells it."`

	DialFlags `group:"Reaching the server:"`
}

// Validate refuses flags that contradict each other.
func (f *settlementFlags) Validate() error { return f.check(f.Target) }

// at does something with a client for the server.
func (f *settlementFlags) at(do func(*client.Client) error) error {
	sdk, err := f.dial(f.Target, client.WithTimeout(30*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	return f.explain(do(sdk))
}

// SettlementListCmd lists settlements.
type SettlementListCmd struct {
	Carrier string `arg:"" help:"The carrier's id."`
	Most    int32  `help:"How many at most, the newest (${default})." default:"30" placeholder:"N"`

	settlementFlags
}

// Help teaches.
func (SettlementListCmd) Help() string {
	return `Lists settlements, newest first, amounts in minor units. What is net below zero, the carrier owes.

  holdfast settlement list cmcc
  holdfast settlement list cmcc --most 400`
}

// Run lists.
func (c *SettlementListCmd) Run(ctx context.Context) error {
	var all holdfastv1.ListSettlementsResponse
	err := c.at(func(sdk *client.Client) error {
		for req := (&holdfastv1.ListSettlementsRequest{CarrierId: c.Carrier, Currency: c.Currency}); ; {
			req.PageSize = min(500, c.Most-int32(len(all.GetSettlements())))
			if req.PageSize <= 0 {
				return nil
			}
			resp, err := sdk.ListSettlements(ctx, req)
			if err != nil {
				return err
			}
			all.Settlements = append(all.Settlements, resp.GetSettlements()...)
			if req.PageToken = resp.GetNextPageToken(); req.PageToken == "" {
				return nil
			}
		}
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return printProto(os.Stdout, &all)
	}
	t := &table{align: "rlrrrrl"}
	t.row("number", "through", "lines", "late", "fees", "net", "")
	for _, s := range all.GetSettlements() {
		t.row(strconv.Itoa(int(s.GetNumber())), s.GetThroughDate(), thousands(s.GetSums().GetLineCount()), thousands(s.GetLate().GetLineCount()),
			thousands(s.GetSums().GetFeeAmount()), thousands(s.GetSums().GetNetAmount()), settlementState(s))
	}
	fmt.Print(t)
	return nil
}

func settlementState(s *holdfastv1.Settlement) string {
	state := strings.ToLower(strings.TrimPrefix(s.GetState().String(), "SETTLEMENT_STATE_"))
	if s.GetBankReference() != "" {
		state += " " + s.GetValueDate() + ", " + s.GetBankReference()
	}
	return state
}

// SettlementShowCmd prints a settlement.
type SettlementShowCmd struct {
	Carrier string `arg:"" help:"The carrier's id."`
	Number  int32  `arg:"" help:"Number of the settlement."`

	settlementFlags
}

// Help teaches.
func (SettlementShowCmd) Help() string {
	return `Prints what a settlement comes to, and what of that is late: of business days that an earlier one went through.

  holdfast settlement show cmcc 12`
}

// Run prints.
func (c *SettlementShowCmd) Run(ctx context.Context) error {
	return c.at(func(sdk *client.Client) error {
		resp, err := sdk.GetSettlement(ctx, &holdfastv1.GetSettlementRequest{CarrierId: c.Carrier, Currency: c.Currency, Number: c.Number})
		if err != nil {
			return err
		}
		if c.JSON {
			return printProto(os.Stdout, resp.GetSettlement())
		}
		printSettlement(os.Stdout, resp.GetSettlement())
		return nil
	})
}

func printSettlement(to io.Writer, s *holdfastv1.Settlement) {
	fmt.Fprintf(to, "settlement %s/%s/%d through %s: %s\n", s.GetCarrierId(), s.GetCurrency(), s.GetNumber(), s.GetThroughDate(), settlementState(s))
	if s.GetSums() == nil {
		return
	}
	t := &table{align: "lrrr"}
	t.row("", "lines", "amount", "of that late")
	sums, late := s.GetSums(), s.GetLate()
	for _, r := range []struct {
		name                string
		count, amount, late int64
	}{
		{"captured", sums.GetCapturedCount(), sums.GetCapturedAmount(), late.GetCapturedAmount()},
		{"refunded", sums.GetRefundedCount(), sums.GetRefundedAmount(), late.GetRefundedAmount()},
		{"reversed", sums.GetReversedCount(), sums.GetReversedAmount(), late.GetReversedAmount()},
		{"subsidies", sums.GetSubsidyCount(), sums.GetSubsidyAmount(), late.GetSubsidyAmount()},
		{"collected", sums.GetCollectedCount(), sums.GetCollectedAmount(), late.GetCollectedAmount()},
		{"bought back", sums.GetBoughtBackCount(), sums.GetBoughtBackAmount(), late.GetBoughtBackAmount()},
		{"adjusted", sums.GetAdjustedCount(), sums.GetAdjustedAmount(), late.GetAdjustedAmount()},
	} {
		if r.count != 0 {
			t.row(r.name, thousands(r.count), thousands(r.amount), thousands(r.late))
		}
	}
	t.row("fees", "", thousands(-sums.GetFeeAmount()), thousands(-late.GetFeeAmount()))
	t.row("net", thousands(sums.GetLineCount()), thousands(sums.GetNetAmount()), thousands(late.GetNetAmount()))
	fmt.Fprint(to, t)
}

// SettlementUnsettledCmd prints what is in no settlement yet.
type SettlementUnsettledCmd struct {
	Carrier string `arg:"" help:"The carrier's id."`

	Target string `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	JSON   bool   `name:"json" help:"Print JSON, as the API tells it."`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (SettlementUnsettledCmd) Help() string {
	return `Prints what is payable to a carrier and in no settlement yet, by currency and business day of the carrier.

  holdfast settlement unsettled cmcc`
}

// Validate refuses flags that contradict each other.
func (c *SettlementUnsettledCmd) Validate() error { return c.check(c.Target) }

// Run prints.
func (c *SettlementUnsettledCmd) Run(ctx context.Context) error {
	sdk, err := c.dial(c.Target, client.WithTimeout(30*time.Second))
	if err != nil {
		return err
	}
	defer sdk.Close()
	resp, err := sdk.GetUnsettled(ctx, &holdfastv1.GetUnsettledRequest{CarrierId: c.Carrier})
	if err != nil {
		return c.explain(err)
	}
	if c.JSON {
		return printProto(os.Stdout, resp)
	}
	t := &table{align: "llrrr"}
	t.row("currency", "day", "lines", "fees", "net")
	for _, d := range resp.GetDays() {
		day := d.GetDate()
		if day == "" {
			day = "of no day"
		}
		t.row(d.GetCurrency(), day, thousands(d.GetSums().GetLineCount()), thousands(d.GetSums().GetFeeAmount()), thousands(d.GetSums().GetNetAmount()))
	}
	fmt.Print(t)
	return nil
}

// SettlementCloseCmd closes a settlement.
type SettlementCloseCmd struct {
	Carrier string `arg:"" help:"The carrier's id."`
	Through string `arg:"" help:"The last business day, YYYY-MM-DD. It must have ended."`
	Request string `help:"Identity of this request, to complete one that was interrupted; made up if left out." placeholder:"ID"`

	settlementFlags
}

// Help teaches.
func (SettlementCloseCmd) Help() string {
	return `Closes a settlement of everything that is payable through a business day, before the server would do so by itself. For operators.

  holdfast settlement close cmcc 2026-03-05`
}

// Run closes.
func (c *SettlementCloseCmd) Run(ctx context.Context) error {
	return c.at(func(sdk *client.Client) error {
		resp, err := sdk.CloseSettlement(ctx, &holdfastv1.CloseSettlementRequest{
			RequestId: c.Request, CarrierId: c.Carrier, Currency: c.Currency, ThroughDate: c.Through})
		if err != nil {
			return err
		}
		if c.JSON {
			return printProto(os.Stdout, resp.GetSettlement())
		}
		printSettlement(os.Stdout, resp.GetSettlement())
		return nil
	})
}

// SettlementConfirmCmd confirms a settlement.
type SettlementConfirmCmd struct {
	Carrier   string `arg:"" help:"The carrier's id."`
	Number    int32  `arg:"" help:"Number of the settlement."`
	Amount    int64  `required:"" help:"What was paid, minor units: what the settlement is net. Below zero when the carrier paid." placeholder:"N"`
	Reference string `required:"" help:"The bank's reference." placeholder:"TEXT"`
	ValueDate string `help:"Value date; today if left out." placeholder:"YYYY-MM-DD"`
	Request   string `help:"Identity of this request; made up if left out." placeholder:"ID"`

	settlementFlags
}

// Help teaches.
func (SettlementConfirmCmd) Help() string {
	return `Records that a settlement was paid: its amounts move from the carrier's books to cash. For operators.

  holdfast settlement confirm cmcc 12 --reference 20260306-0017 --amount 1843020
  holdfast settlement confirm cmcc 13 --reference 20260307-0003 --amount=-2040 --value-date 2026-03-07`
}

// Run confirms.
func (c *SettlementConfirmCmd) Run(ctx context.Context) error {
	if c.ValueDate == "" {
		c.ValueDate = time.Now().Format(time.DateOnly)
	}
	return c.at(func(sdk *client.Client) error {
		resp, err := sdk.ConfirmSettlement(ctx, &holdfastv1.ConfirmSettlementRequest{
			RequestId: c.Request, CarrierId: c.Carrier, Currency: c.Currency, Number: c.Number,
			BankReference: c.Reference, ValueDate: c.ValueDate, Amount: c.Amount,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printProto(os.Stdout, resp.GetSettlement())
		}
		printSettlement(os.Stdout, resp.GetSettlement())
		return nil
	})
}
