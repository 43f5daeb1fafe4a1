package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/rate"
)

// AprCmd tells what installments cost a year, and checks published cases.
type AprCmd struct {
	Months      int    `help:"Number of installments, one a month." placeholder:"N"`
	FeePerMonth string `help:"Fee of each month, in percent of the whole principal." placeholder:"PERCENT"`
	Payment     string `help:"What each installment comes to, in the place of a fee." placeholder:"AMOUNT"`
	Principal   string `help:"What is lent, in major units." placeholder:"AMOUNT"`
	MinorDigits int    `help:"Digits of an amount after the point." default:"2"`

	Captured     string `help:"Date of the purchase: the effective rate is then that of actual due dates." placeholder:"YYYY-MM-DD"`
	StatementDay int    `help:"Day of the month on which the account's windows open, for --captured." placeholder:"1-28"`

	Vectors string `help:"Check the cases of this file instead." type:"existingfile" placeholder:"FILE"`
	JSON    bool   `help:"Print JSON."`
}

// Help teaches.
func (AprCmd) Help() string {
	return `Tells the annual percentage rates of a plan, all fees included, on the principal that is outstanding.

  holdfast apr --months 6 --fee-per-month 1.2
        A flat 1.2 % a month is 24.28 % a year and not 14.4 %: the fee is on the whole principal, of which
        every month less is outstanding. Over 12 months it is 25.60 %.
  holdfast apr --principal 100.00 --months 6 --fee-per-month 1.2
        The installments of 100.00 too. They are rounded down to the minor unit and the last takes what is
        left, so what is billed may cost a hundredth of a percent less than what is offered.
  holdfast apr --principal 1200 --months 12 --payment 108.31
        What an offer costs of which only the installment is known: 15.00 %.
  holdfast apr --principal 100 --months 3 --fee-per-month 0.8 --captured 2026-01-20 --statement-day 5
        The same by actual dates: each installment is due when the window that bills it is.

Nominal is 12 times the rate of a month (12 CFR 1026, Appendix J), with installment k after k months. Effective is compound,
over a year, in equal months or by actual dates (Directive (EU) 2023/2225, Annex III). Both are rounded half-up.

  holdfast apr --vectors apr.json
        Checks published cases: each with what was expected, what came out, the difference and what is
        tolerated. Exit code 1 if one does not agree or is malformed; that is said on a line of its own.
  holdfast apr --vectors apr.json --json | jq '.cases[] | select(.agrees | not)'

A file of cases is {"vectors": [{"id", "method", ...}]}, with the methods regz_actuarial, eu_effective, irr_periodic, pmt,
schedule, split and flat_fee. In JSON, amounts and rates are decimals in quotes.`
}

// Validate refuses flags that do not go together.
func (c *AprCmd) Validate() error {
	priced := c.Months != 0 || c.FeePerMonth != "" || c.Payment != "" || c.Principal != "" || c.Captured != "" || c.StatementDay != 0
	switch {
	case c.Vectors != "" && priced:
		return errors.New("--vectors checks a file: leave out the flags of a plan")
	case c.Vectors != "":
		return nil
	case !priced:
		return errors.New("want --months and --fee-per-month, or --vectors: see holdfast apr --help")
	case c.Months < 1 || c.Months > plan.MaxMonths:
		return fmt.Errorf("--months: want 1 to %d", plan.MaxMonths)
	case (c.FeePerMonth == "") == (c.Payment == ""):
		return errors.New("--fee-per-month or --payment: want one of them")
	case c.MinorDigits < 0 || c.MinorDigits > 6:
		return errors.New("--minor-digits: want 0 to 6")
	case c.Principal == "" && (c.Payment != "" || c.Captured != ""):
		return errors.New("--payment and --captured want a --principal")
	case (c.Captured == "") != (c.StatementDay == 0):
		return errors.New("--captured and --statement-day go together")
	}
	return nil
}

// Run tells.
func (c *AprCmd) Run(context.Context) error {
	if c.Vectors != "" {
		return checkVectors(c.Vectors, c.JSON)
	}
	price, err := c.price()
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(price.object(c.MinorDigits))
	}
	price.print(c)
	return nil
}

func printJSON(object any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(object)
}

// aprPrice is what a plan costs.
type aprPrice struct {
	offer  *aprRates // of the fee, whatever the principal; nil if there is none
	billed *aprRates // of the installments, to the minor unit; nil without a principal
	parts  []aprPart
	dated  bool
}

type aprRates struct{ nominal, effective rate.Percent }

// aprPart is an installment in minor units.
type aprPart struct {
	principal, fee int64
	due            calendar.Date
}

func (c *AprCmd) price() (*aprPrice, error) {
	p := &aprPrice{dated: c.Captured != ""}
	var fee plan.MonthlyRate
	if c.FeePerMonth != "" {
		millionths, err := parseAmount(c.FeePerMonth, 4)
		if fee = plan.MonthlyRate(millionths); err != nil || fee > plan.MaxMonthlyRate {
			return nil, errors.New("--fee-per-month: want 0 to 10 percent, with up to four digits after the point")
		}
		const each = 1_000_000 // minor units for each month: nothing has to be rounded
		offered, err := plan.FlatFee(money.Amount(c.Months)*each, c.Months, fee)
		if err == nil {
			p.offer, err = ratesOf(calendar.None, partsOf(offered))
		}
		if err != nil {
			return nil, err
		}
	}
	if c.Principal == "" {
		return p, nil
	}
	var err error
	var captured calendar.Date
	if p.parts, err = c.parts(fee); err == nil {
		captured, err = c.dates(p.parts)
	}
	if err == nil {
		p.billed, err = ratesOf(captured, p.parts)
	}
	return p, err
}

// parts are the installments in minor units, as they would be billed.
func (c *AprCmd) parts(fee plan.MonthlyRate) ([]aprPart, error) {
	principal, err := parseAmount(c.Principal, c.MinorDigits)
	if err != nil {
		return nil, fmt.Errorf("--principal: %w", err)
	}
	if principal < 1 || principal > 1e10 {
		return nil, errors.New("--principal: want 1 to 10,000,000,000 minor units")
	}
	billed, err := plan.FlatFee(money.Amount(principal), c.Months, fee)
	parts := partsOf(billed)
	if err != nil || c.Payment == "" {
		return parts, err
	}
	payment, err := parseAmount(c.Payment, c.MinorDigits)
	if err != nil {
		return nil, fmt.Errorf("--payment: %w", err)
	}
	if payment < 1 || payment > 1e12 {
		return nil, errors.New("--payment: want 1 to 1,000,000,000,000 minor units")
	}
	for k := range parts {
		parts[k].fee = payment - parts[k].principal
	}
	return parts, nil
}

func partsOf(s plan.Schedule) []aprPart {
	parts := make([]aprPart, len(s))
	for k, i := range s {
		parts[k] = aprPart{principal: int64(i.Principal), fee: int64(i.Fee)}
	}
	return parts
}

// dates puts the due dates into parts, if there is a date of the purchase: installment k is billed in the k-th window from
// the one that took it.
func (c *AprCmd) dates(parts []aprPart) (captured calendar.Date, err error) {
	if c.Captured == "" {
		return calendar.None, nil
	}
	if captured, err = calendar.ParseDate(c.Captured); err != nil {
		return 0, fmt.Errorf("--captured: %w", err)
	}
	cycle, err := calendar.NewCycle(c.StatementDay, calendar.DefaultDeferralDays)
	if err != nil {
		return 0, fmt.Errorf("--statement-day: %w", err)
	}
	window := cycle.WindowOf(captured)
	for k := range parts {
		parts[k].due = window.Due
		window = cycle.Next(window)
	}
	return captured, nil
}

// ratesOf are the rates of installments; in equal months, if there is no date of the purchase.
func ratesOf(captured calendar.Date, parts []aprPart) (*aprRates, error) {
	equal := captured == calendar.None
	if equal {
		captured = 0 // the first of a month, from which every month is a twelfth of a year
	}
	var lent money.Amount
	var flows []rate.Flow
	var dated []rate.DatedFlow
	for k, p := range parts {
		lent += money.Amount(p.principal)
		pays := -money.Amount(p.principal + p.fee)
		due := p.due
		if equal {
			var err error
			if due, err = firstOfMonth(k + 1); err != nil {
				return nil, err
			}
		}
		flows = append(flows, rate.Flow{Amount: pays, Month: k + 1})
		dated = append(dated, rate.DatedFlow{Amount: pays, Date: due})
	}
	flows = append(flows, rate.Flow{Amount: lent})
	dated = append(dated, rate.DatedFlow{Amount: lent, Date: captured})
	var r aprRates
	var err error
	if r.nominal, err = rate.Nominal(flows); err == nil {
		r.effective, err = rate.Effective(dated)
	}
	return &r, err
}
