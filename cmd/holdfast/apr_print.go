package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
)

// firstOfMonth is the first day of the month n months after the zero date, which is a first of January.
func firstOfMonth(n int) (calendar.Date, error) {
	return calendar.DateOf(1970+n/12, time.Month(n%12+1), 1)
}

// print is the price for people.
func (p *aprPrice) print(c *AprCmd) {
	if len(p.parts) > 0 {
		fmt.Printf("%s\n%s\n", p.title(c), p.installments(c.MinorDigits))
	}
	var rates table
	rates.row("", "nominal", "effective")
	if p.offer != nil {
		rates.row("as offered", p.offer.nominal.String()+" %", p.offer.effective.String()+" %")
	}
	if p.billed != nil {
		rates.row("as billed", p.billed.nominal.String()+" %", p.billed.effective.String()+" %")
	}
	fmt.Print(rates.String())
	if p.dated {
		fmt.Println("\nThe effective rate as billed is by the due dates; all others are of equal months.")
	}
}

func (p *aprPrice) title(c *AprCmd) string {
	lent, _ := p.totals()
	title := fmt.Sprintf("%s in %d installments", writeAmount(lent, c.MinorDigits), c.Months)
	if c.FeePerMonth != "" {
		title += fmt.Sprintf(", each with a fee of %s %% of it", c.FeePerMonth)
	}
	return title
}

func (p *aprPrice) totals() (principal, fee int64) {
	for _, part := range p.parts {
		principal += part.principal
		fee += part.fee
	}
	return principal, fee
}

// installments are a table; where only the installment is known, it is not taken apart.
func (p *aprPrice) installments(digits int) string {
	var t table
	line := func(name, due string, principal, fee int64) {
		cells := []string{name}
		if p.dated {
			cells = append(cells, due)
		}
		if p.offer != nil {
			cells = append(cells, writeAmount(principal, digits), writeAmount(fee, digits))
		}
		t.row(append(cells, writeAmount(principal+fee, digits))...)
	}
	head := []string{"month"}
	if p.dated {
		head = append(head, "due")
	}
	if p.offer != nil {
		head = append(head, "principal", "fee")
	}
	t.row(append(head, "to pay")...)
	for k, part := range p.parts {
		line(strconv.Itoa(k+1), part.due.String(), part.principal, part.fee)
	}
	principal, fee := p.totals()
	line("total", "", principal, fee)
	return t.String()
}

// object is the price as JSON.
func (p *aprPrice) object(digits int) any {
	type rates struct {
		Nominal   string `json:"nominal"`
		Effective string `json:"effective"`
	}
	type installment struct {
		Month     int    `json:"month"`
		Due       string `json:"due,omitempty"`
		Principal string `json:"principal,omitempty"`
		Fee       string `json:"fee,omitempty"`
		ToPay     string `json:"to_pay"`
	}
	var o struct {
		Offered      *rates        `json:"as_offered,omitempty"`
		Billed       *rates        `json:"as_billed,omitempty"`
		Installments []installment `json:"installments,omitempty"`
	}
	if p.offer != nil {
		o.Offered = &rates{p.offer.nominal.String(), p.offer.effective.String()}
	}
	if p.billed != nil {
		o.Billed = &rates{p.billed.nominal.String(), p.billed.effective.String()}
	}
	for k, part := range p.parts {
		i := installment{Month: k + 1, ToPay: plainAmount(part.principal+part.fee, digits)}
		if p.dated {
			i.Due = part.due.String()
		}
		if p.offer != nil {
			i.Principal, i.Fee = plainAmount(part.principal, digits), plainAmount(part.fee, digits)
		}
		o.Installments = append(o.Installments, i)
	}
	return &o
}

// plainAmount is an amount above zero in major units, without commas.
func plainAmount(a int64, digits int) string {
	text := fmt.Sprintf("%0*d", digits+1, a)
	if digits == 0 {
		return text
	}
	return text[:len(text)-digits] + "." + text[len(text)-digits:]
}
