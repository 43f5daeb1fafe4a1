package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/policy"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// portfolioReport is a portfolio with what it takes to print it. After choose it is of one currency.
type portfolioReport struct {
	*portfolio.Portfolio
	losses   []portfolio.Loss
	policy   *policy.Policy // whose scorecard's applicants are compared; nil for none
	lgd      portfolio.Millionths
	known    currencies
	zone     string // empty when a server did not say
	currency money.Currency
	money    amountWriter
	others   []string // currencies that are left out
}

func (r *portfolioReport) print() {
	r.head()
	r.buckets()
	r.scenes()
	r.utilisation()
	r.rolls()
	r.ends()
	r.vintages()
	r.first()
	r.applications()
	r.stability()
	r.decisions()
	r.expected()
}

// sum is all standing rows together, and those of one bucket.
func (r *portfolioReport) sum(of func(*portfolio.Standing) bool) (all portfolio.Standing) {
	for i := range r.Standing {
		if s := &r.Standing[i]; of(s) {
			all.Accounts += s.Accounts
			all.Frozen += s.Frozen
			all.Closed += s.Closed
			all.Limit += s.Limit
			all.Held += s.Held
			all.Principal += s.Principal
			all.Charges += s.Charges
			all.Overdue += s.Overdue
		}
	}
	return all
}

func everything(*portfolio.Standing) bool { return true }

func in(b portfolio.Bucket) func(*portfolio.Standing) bool {
	return func(s *portfolio.Standing) bool { return s.Bucket == b }
}

// from is the accounts that are past due from a day on, and not charged off.
func (r *portfolioReport) from(day int) func(*portfolio.Standing) bool {
	return func(s *portfolio.Standing) bool {
		b := r.Buckets[slices.IndexFunc(r.Buckets, func(b portfolio.BucketInfo) bool { return b.Bucket == s.Bucket })]
		return b.PastDue() && b.FromDay >= day
	}
}

func (r *portfolioReport) write(a money.Amount) string { return r.money.write(int64(a)) }

func (r *portfolioReport) head() {
	var marks []string
	var last calendar.Instant
	for _, m := range r.Marks {
		last = max(last, m.Time)
		marks = append(marks, thousands(int64(m.Sequence)))
	}
	of := "entry"
	if len(marks) > 1 {
		of = "entries"
	}
	fmt.Printf("Portfolio as of %s %s, %s (%s)\n", of, strings.Join(marks, " + "), r.Day, last.Time().Format(time.RFC3339))
	unit := r.money.unit()
	fmt.Printf("%s accounts opened; amounts in %s", thousands(r.Opened), unit)
	if len(r.others) > 0 {
		fmt.Printf("; left out: %s", strings.Join(r.others, ", "))
	}
	all, late, serious := r.sum(everything), r.sum(r.from(1)), r.sum(r.from(portfolio.BadDays+1))
	fmt.Print("\n\n")
	t := &table{align: "lrl"}
	t.row("exposed", r.write(all.Exposed()), fmt.Sprintf("held %s, principal %s, charges %s", r.write(all.Held), r.write(all.Principal), r.write(all.Charges)))
	t.row("limits", r.write(all.Limit), fmt.Sprintf("%s of them used; %s accounts frozen, %s closed", percent(int64(all.Held+all.Principal), int64(all.Limit)), thousands(all.Frozen-all.Closed), thousands(all.Closed)))
	t.row("past due", r.write(late.Owed()), fmt.Sprintf("%s of what is owed, by %s accounts; %s of it is overdue", percent(int64(late.Owed()), int64(all.Owed())), thousands(late.Accounts), r.write(late.Overdue)))
	t.row("past due 31 days and more", r.write(serious.Owed()), fmt.Sprintf("%s of what is owed, by %s accounts", percent(int64(serious.Owed()), int64(all.Owed())), thousands(serious.Accounts)))
	for _, x := range r.Totals {
		t.row("charged off, ever", r.write(x.ChargedOff), fmt.Sprintf("of which %s was recovered (%s)", r.write(x.Recovered), percent(int64(x.Recovered), int64(x.ChargedOff))))
		t.row("to consumers' credit", r.write(x.Credit), "")
	}
	fmt.Print(t)
}

func (r *portfolioReport) section(title, note string) {
	fmt.Printf("\n%s\n", title)
	if note != "" {
		fmt.Printf("  %s\n", note)
	}
	fmt.Println()
}

func (r *portfolioReport) buckets() {
	r.section("By bucket", "all that an account owes is in its bucket")
	t := &table{align: "llrrrrrl"}
	t.row("", "days past due", "accounts", "share", "owed", "share", "overdue")
	all, most := r.sum(everything), int64(0)
	for _, b := range r.Buckets {
		s := r.sum(in(b.Bucket))
		most = max(most, int64(s.Owed()))
	}
	for i, b := range r.Buckets {
		s := r.sum(in(b.Bucket))
		overdue := ""
		if b.PastDue() {
			overdue = r.write(s.Overdue)
		}
		t.row(string(b.Bucket), r.days(i), thousands(s.Accounts), percent(s.Accounts, all.Accounts), r.write(s.Owed()),
			percent(int64(s.Owed()), int64(all.Owed())), overdue, bar(int64(s.Owed()), most, 30))
	}
	fmt.Print(t)
}

// days are the days past due of a bucket.
func (r *portfolioReport) days(i int) string {
	b := &r.Buckets[i]
	switch {
	case b.FromDay == 0:
		return ""
	case b.Bucket == portfolio.ChargedOff:
		return fmt.Sprintf("after %d", b.FromDay-1)
	}
	return fmt.Sprintf("%d to %d", b.FromDay, r.Buckets[i+1].FromDay-1)
}

func (r *portfolioReport) scenes() {
	r.section("By scene and carrier", "a repayment pays a window and no carrier: what is owed has none")
	t := &table{align: "ll"}
	t.row("scene", "carrier", "held", "captured, ever", "refunded, ever", "principal owed")
	for s := ledger.TopUp; s.Valid(); s++ {
		var held, captured, refunded money.Amount
		carriers := 0
		for _, v := range r.Volumes {
			if v.Scene == s {
				held, captured, refunded = held+v.Held, captured+v.Captured, refunded+v.Refunded
				carriers++
			}
		}
		if carriers == 0 {
			continue
		}
		owed := money.Amount(0)
		for _, x := range r.Totals {
			owed += x.Principal[s-1]
		}
		t.row(strings.ToLower(s.String()), "all", r.write(held), r.write(captured), r.write(refunded), r.write(owed))
		for _, v := range r.Volumes {
			if v.Scene == s && carriers > 1 {
				t.row("", string(v.Carrier), r.write(v.Held), r.write(v.Captured), r.write(v.Refunded))
			}
		}
	}
	fmt.Print(t)
}

// usedName says how much of a limit is used.
func usedName(u portfolio.Used) string {
	switch {
	case u == 0:
		return "nothing"
	case u == portfolio.OverLimit:
		return "over the limit"
	case u == portfolio.NoLimit:
		return "the limit is 0"
	case u == 1:
		return "up to 10 %"
	}
	return fmt.Sprintf("%d to %d %%", 10*(u-1), 10*u)
}

func (r *portfolioReport) utilisation() {
	r.section("How much of their limits accounts use", "held and principal; accounts that are not closed")
	t := &table{align: "lrrrrl"}
	t.row("used", "accounts", "share", "limits", "used")
	var all, most int64
	for _, b := range r.Bands {
		all, most = all+b.Accounts, max(most, b.Accounts)
	}
	for _, b := range r.Bands {
		t.row(usedName(b.Used), thousands(b.Accounts), percent(b.Accounts, all), r.write(b.Limit), r.write(b.Amount), bar(b.Accounts, most, 30))
	}
	fmt.Print(t)
}

func (r *portfolioReport) expected() {
	by := "by the roll rates of all months"
	if r.policy != nil {
		by = fmt.Sprintf("by policy %s at the least score of the grade while nothing is past due, else by the roll rates of all months", r.policy.Version())
	}
	r.section("Expected loss within a year", fmt.Sprintf("probability of default %s;\n  loss given default %s, which is an assumption", by, millionths(r.lgd)))
	t := &table{}
	t.row("grade", "exposed", "probability", "expected loss", "of exposed", "unknown")
	for _, l := range r.losses {
		grade := l.Grade
		if grade == "" {
			grade = "none given"
		}
		t.row(grade, r.write(l.Exposed), millionths(l.Default), r.write(l.Expected), percent(int64(l.Expected), int64(l.Exposed)), r.write(l.Unknown))
	}
	fmt.Print(t)
	for _, l := range r.losses {
		if l.Unknown > 0 {
			fmt.Println("\n  Unknown is exposed in buckets that no account was yet seen to leave; no loss is reckoned of it.")
			break
		}
	}
}

func millionths(m portfolio.Millionths) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(m)/10_000), ".0") + " %"
}
