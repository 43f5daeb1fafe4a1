package main

import (
	"fmt"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/usage"
)

// usageTop is how many denominations are told one by one.
const usageTop = 10

func (r *usageReport) write(a money.Amount) string { return r.money.write(int64(a)) }

func (r *usageReport) print() {
	r.head()
	if len(r.Days) == 0 {
		return
	}
	r.days()
	r.hours()
	r.denominations()
}

func (r *usageReport) head() {
	fmt.Printf("Usage of %s", r.Carrier)
	if n := len(r.Days); n > 0 {
		fmt.Printf(", %s to %s", r.Days[0].Date, r.Days[n-1].Date)
	}
	fmt.Printf("; business days in %s, amounts in %s", r.Zone, r.money.unit())
	if len(r.others) > 0 {
		fmt.Printf("; left out: %s", strings.Join(r.others, ", "))
	}
	fmt.Print("\n\n")
	if len(r.Days) == 0 {
		fmt.Println("  Nothing happened on these days.")
		return
	}
	s, orders := &r.sum, r.sum.Orders()
	t := &table{align: "lrrl"}
	tally := func(name string, v usage.Tally, note string) {
		t.row(name, thousands(v.Count), r.write(v.Amount), note)
	}
	tally("orders approved", s.Approved, percent(s.Approved.Count, s.Approved.Count+s.Declined.Count)+" of those asked for")
	if s.Advised.Count > 0 {
		tally("sales advised", s.Advised, "")
	}
	tally("orders declined", s.Declined, "")
	tally("captured", s.Captured, "")
	tally("refunded", s.Refunded, percent(int64(s.Refunded.Amount), int64(s.Captured.Amount))+" of what was captured")
	tally("given up", s.Released, "")
	if orders.Count > 0 {
		t.row("an order on average", "", r.write(orders.Amount/money.Amount(orders.Count)), "")
	}
	fmt.Print(t)
	accounts, returned := r.Repeat()
	switch {
	case accounts > 0:
		fmt.Printf("\n  Came again within %d days: %s, %s of the %s accounts that ordered on days of which that is known.\n",
			usage.ReturnDays, percent(returned, accounts), thousands(returned), thousands(accounts))
	default:
		fmt.Printf("\n  Who came again within %d days is known when these are over.\n", usage.ReturnDays)
	}
}

func (r *usageReport) days() {
	fmt.Print("\nBy day\n\n")
	t := &table{align: "lrrrrrrrl"}
	t.row("", "orders", "amount", "declined", "captured", "refunded", "accounts", "came again", "")
	most := int64(0)
	for i := range r.Days {
		most = max(most, r.Days[i].Orders().Count)
	}
	for i := range r.Days {
		d := &r.Days[i]
		orders, again := d.Orders(), "not known yet"
		if r.Settled(d.Date) {
			again = percent(d.Returned, d.Accounts)
		}
		note := ""
		if d.Date == r.Today {
			note = " (not over)"
		}
		t.row(d.Date.String(), thousands(orders.Count), r.write(orders.Amount), thousands(d.Declined.Count), r.write(d.Captured.Amount),
			r.write(d.Refunded.Amount), thousands(d.Accounts), again, bar(orders.Count, most, 20)+note)
	}
	fmt.Print(t)
}

func (r *usageReport) hours() {
	fmt.Printf("\nBy hour of the day, in %s\n\n", r.Zone)
	most, all := int64(0), int64(0)
	for _, n := range r.sum.Hours {
		most, all = max(most, n), all+n
	}
	t := &table{align: "rrrl"}
	t.row("", "orders", "share", "")
	for h, n := range r.sum.Hours {
		t.row(fmt.Sprintf("%02d:00", h), thousands(n), percent(n, all), bar(n, most, 30))
	}
	fmt.Print(t)
}

func (r *usageReport) denominations() {
	d := &r.sum.Denominations
	top, others, sum := d.Top(usageTop)
	fmt.Print("\nAmounts that were ordered most\n\n")
	t := &table{align: "rrrrl"}
	t.row("amount", "orders", "share", "comes to", "")
	for _, n := range top {
		t.row(r.write(n.Amount), thousands(n.Orders), percent(n.Orders, d.Orders), r.write(n.Amount*money.Amount(n.Orders)), bar(n.Orders, top[0].Orders, 30))
	}
	if others > 0 {
		t.row("others", thousands(others), percent(others, d.Orders), r.write(sum), "")
	}
	fmt.Print(t)
	if d.Missed > 0 {
		fmt.Printf("\n  A day had more than %d amounts: of each, up to %s orders may be among the others.\n", usage.Most, thousands(d.Missed))
	}
}
