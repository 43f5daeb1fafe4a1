package main

import (
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// paying says in words when consumers pay.
var paying = map[repayment]string{
	repaidAsRecorded: "consumers paid on the days that the file has",
	repaidWhenDue:    "consumers paid everything that was billed on its due date",
	repaidNever:      "nobody paid",
}

// debts tells what was billed and repaid, and what is owed at the end.
func (r *replayReport) debts() {
	p := &r.survey
	t := &table{align: "lrr"}
	t.row("", "", r.m.Currency)
	money := func(v int64) string { return writeAmount(v, r.m.MinorDigits) }
	line := func(name string, count int, unit string, amount int64) {
		if count != 1 {
			unit += "s"
		}
		t.row(name, fmt.Sprintf("%s %s", thousands(int64(count)), unit), money(amount))
	}
	line("billed", p.statements, "statement", p.billed)
	t.row("penalty charged", "", money(p.penalty))
	line("repaid", r.payments.orders, "payment", r.payments.amount)
	line("still owed", p.balance.orders, "account", p.balance.amount)
	line("  not overdue", p.notDue.orders, "account", p.notDue.amount)
	by := r.m.terms
	if by == nil {
		by = terms.Default()
	}
	for _, bucket := range by.Delinquency.Buckets {
		one := p.overdue[bucket.Name]
		line(fmt.Sprintf("  overdue %s, %d to %d days", bucket.Name, bucket.FromDay, bucket.ToDay), one.orders, "account", one.amount)
	}
	line("charged off and not recovered", p.chargedOff.orders, "account", p.chargedOff.amount)
	line("declined for being past due", r.pastDue.orders, "order", r.pastDue.amount)
	r.printf("\nWhat is owed on %s; %s\n\n%s", p.asOf, paying[r.m.Repayment], t)
	if r.unposted > 0 {
		r.printf("  The file's consumers paid %s more, which was their lender's own price and is not owed here.\n", money(r.unposted))
	}
	if r.accounts != len(p.standings) {
		return // what the accounts owed before is not known
	}
	verdict, in, out := "It adds up", r.captured.amount+p.penalty, r.payments.amount-p.credit+p.balance.amount+p.chargedOff.amount
	if in != out {
		verdict = "It does not add up"
	}
	r.printf("  %s: captured %s + penalty %s = repaid %s", verdict, money(r.captured.amount), money(p.penalty), money(r.payments.amount))
	if p.credit > 0 {
		r.printf(" - credit balances %s", money(p.credit))
	}
	r.printf(" + owed %s + charged off %s\n", money(p.balance.amount), money(p.chargedOff.amount))
}

// compare holds what became of orders here against what the file says of their repayment.
func (r *replayReport) compare() {
	if r.m.Repayment != repaidAsRecorded {
		return
	}
	kinds := []string{"defaulted", "repaid in time", "repaid late", "repaid", "not repaid"}
	seen := map[string]*[fateNames]int{}
	for i := range r.file.orders {
		o := &r.file.orders[i]
		if o.outcome != outcomeCapture {
			continue
		}
		kind := o.kind()
		if seen[kind] == nil {
			seen[kind] = new([fateNames]int)
		}
		end := isDeclined
		if f := r.fates[o]; f != nil {
			end = r.survey.standings[f.consumer].of(f.window)
		}
		seen[kind][end]++
	}
	t := &table{}
	t.row("orders that the file calls", "all", "settled", "not due", "overdue", "charged off", "declined here")
	for _, kind := range kinds {
		n := seen[kind]
		if n == nil {
			continue
		}
		row, all := []string{}, 0
		for _, count := range n {
			row, all = append(row, thousands(int64(count))), all+count
		}
		t.row(append([]string{"  " + kind, thousands(int64(all))}, row...)...)
	}
	r.printf("\nAgainst the file: how the billing windows of its orders stand\n\n%s", t)
	r.printf("  A payment pays the oldest window first, and not the order that it was made for.\n")
}

// kind is what the file says of an order's repayment.
func (o *order) kind() string {
	at, paid := o.settledBy()
	switch {
	case o.defaulted:
		return "defaulted"
	case !paid:
		return "not repaid"
	case o.due.IsZero():
		return "repaid"
	case at.After(o.due):
		return "repaid late"
	}
	return "repaid in time"
}
