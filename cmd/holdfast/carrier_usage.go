package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"

	"github.com/holdfast-credit/holdfast/client"
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/usage"
	"github.com/holdfast-credit/holdfast/server"
)

// CarrierUsageCmd tells what consumers bought of a carrier.
type CarrierUsageCmd struct {
	Carrier  string        `arg:"" help:"The carrier's id."`
	From     string        `help:"The first of the carrier's business days; the first that there is if left out." placeholder:"YYYY-MM-DD"`
	To       string        `help:"The last of them, itself included; the last that there is if left out." placeholder:"YYYY-MM-DD"`
	Currency string        `help:"The currency to tell of; without it that of most orders." placeholder:"CODE"`
	Data     string        `help:"Read this data directory instead of asking a server; none may be running on it." type:"path" placeholder:"DIR"`
	Backup   string        `help:"Read this backup instead of asking a server." type:"existingfile" placeholder:"FILE"`
	Target   string        `help:"The running server (${default})." default:"127.0.0.1:7600" placeholder:"HOST:PORT"`
	Timeout  time.Duration `help:"How long the server may take (${default})." default:"1m" placeholder:"D"`
	JSON     bool          `name:"json" help:"Print JSON, as the API tells it, of all currencies."`
	Pictures string        `help:"Write pictures into this directory, as SVG and PNG." type:"path" placeholder:"DIR"`

	DialFlags `group:"Reaching the server:"`
}

// Help teaches.
func (CarrierUsageCmd) Help() string {
	return `Prints what consumers bought of a carrier on each of its business days: orders and amounts, what was declined, captured and refunded,
how many accounts ordered and how many of them came again within 30 days; and over all of these days the hours of the day and the
amounts that were ordered most.

  holdfast carrier usage cmcc
  holdfast carrier usage cmcc --from 2026-03-01 --to 2026-03-31 --pictures pictures
  holdfast carrier usage cmcc --data data            ./data, with the server stopped
  holdfast carrier usage cmcc --json | jq '.usages[].sum.hours'

A carrier's own callers, those that the registry names as its principals, may ask of their carrier. docs/CARRIERS.md defines the
figures.`
}

// Validate refuses flags that contradict each other.
func (c *CarrierUsageCmd) Validate() error {
	for _, day := range []string{c.From, c.To} {
		if _, err := calendar.ParseDate(day); day != "" && err != nil {
			return fmt.Errorf("--from and --to: %w", err)
		}
	}
	switch {
	case c.From != "" && c.To != "" && c.To < c.From:
		return errors.New("--to lies before --from")
	case c.Data != "" && c.Backup != "":
		return errors.New("--data and --backup: one of them at a time")
	}
	return c.check(c.Target)
}

// Run prints.
func (c *CarrierUsageCmd) Run(ctx context.Context) error {
	read := c.ask
	if c.Data != "" || c.Backup != "" {
		read = c.fold
	}
	resp, known, err := read(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printProto(os.Stdout, resp); err != nil {
			return err
		}
	}
	r, err := c.report(resp, known)
	if err != nil {
		return err
	}
	if !c.JSON {
		r.print()
	}
	if c.Pictures == "" {
		return nil
	}
	return r.draw(c.Pictures)
}

// ask asks a server.
func (c *CarrierUsageCmd) ask(ctx context.Context) (*holdfastv1.GetUsageResponse, currencies, error) {
	sdk, err := c.dial(c.Target, client.WithTimeout(c.Timeout))
	if err != nil {
		return nil, nil, err
	}
	defer sdk.Close()
	resp, err := sdk.GetUsage(ctx, &holdfastv1.GetUsageRequest{CarrierId: c.Carrier, FromDate: c.From, ToDate: c.To})
	if err != nil {
		return nil, nil, c.explain(err)
	}
	known, err := currenciesOf(ctx, sdk)
	if err != nil {
		return nil, nil, c.explain(err)
	}
	return resp, known, nil
}

// fold reads the journals of a book at rest.
func (c *CarrierUsageCmd) fold(ctx context.Context) (_ *holdfastv1.GetUsageResponse, _ currencies, err error) {
	book, err := openRested(ctx, c.Data, c.Backup)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, book.close()) }()
	var from, to calendar.Date
	if c.From != "" {
		from, _ = calendar.ParseDate(c.From) // it was checked
	}
	if c.To != "" {
		to, _ = calendar.ParseDate(c.To)
	}
	known, resp, all := newCurrencies(), new(holdfastv1.GetUsageResponse), [][]usage.Usage{}
	for shard := range book.data.Meta.Shards {
		f := usage.New(uint16(shard))
		err := book.entries(ctx, shard, 0, "folding", func(e *ledger.Entry) error {
			return errors.Join(f.Add(e), known.learnFrom(e))
		})
		if err != nil {
			return nil, nil, err
		}
		all = append(all, f.Usage(ledger.CarrierID(c.Carrier), from, to))
		resp.Marks = append(resp.Marks, &holdfastv1.UsageMark{Shard: int32(shard), Sequence: f.Sequence()})
	}
	for _, u := range usage.Merge(all...) {
		resp.Usages = append(resp.Usages, server.UsageProto(&u))
	}
	return resp, known, nil
}

// usageReport is the usage of a carrier in a currency with what it takes to print it.
type usageReport struct {
	*usage.Usage
	sum    usage.Figures
	money  amountWriter
	others []string // currencies that are left out
}

// report chooses a currency.
func (c *CarrierUsageCmd) report(resp *holdfastv1.GetUsageResponse, known currencies) (*usageReport, error) {
	list := resp.GetUsages()
	if len(list) == 0 {
		return nil, fmt.Errorf("nothing was ever ordered of carrier %s", c.Carrier)
	}
	orders := func(u *holdfastv1.CarrierUsage) int64 {
		return u.GetSum().GetApproved().GetCount() + u.GetSum().GetAdvised().GetCount()
	}
	chosen := slices.MaxFunc(list, func(a, b *holdfastv1.CarrierUsage) int { return cmp.Compare(orders(a), orders(b)) })
	r := &usageReport{}
	var all []string
	for _, u := range list {
		if all = append(all, u.GetCurrency()); u.GetCurrency() == c.Currency {
			chosen = u
		}
	}
	if c.Currency != "" && chosen.GetCurrency() != c.Currency {
		return nil, fmt.Errorf("--currency: nothing was ordered in %s, but in %s", c.Currency, strings.Join(all, ", "))
	}
	var err error
	if r.Usage, err = server.UsageOf(chosen); err != nil {
		return nil, err
	}
	r.sum, r.money = r.Sum(), known.of(money.Currency(chosen.GetCurrency()))
	r.others = slices.DeleteFunc(all, func(s string) bool { return s == chosen.GetCurrency() })
	return r, nil
}
