package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/figures"
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

// mostMonths is how many months a table tells of.
const mostMonths = 12

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

// months are the months that rows tell of, the last ones.
func months[T any](rows []T, of func(T) calendar.Month) (list []calendar.Month) {
	for _, x := range rows {
		if m := of(x); !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	slices.Sort(list)
	return list[max(0, len(list)-mostMonths):]
}

// matrix is how accounts rolled in the last months.
func (r *portfolioReport) matrix() (m *portfolio.Matrix, from, to calendar.Month) {
	var own []portfolio.Roll
	for _, x := range r.Rolls {
		if x.Currency == r.currency {
			own = append(own, x)
		}
	}
	list := months(own, func(x portfolio.Roll) calendar.Month { return x.Month })
	if len(list) == 0 {
		return nil, 0, 0
	}
	from, to = list[0], list[len(list)-1]
	return r.Matrix(r.currency, int(from), int(to)), from, to
}

func (r *portfolioReport) rolls() {
	m, from, to := r.matrix()
	if m == nil {
		return
	}
	r.section(fmt.Sprintf("Roll rates, month end to month end, %s to %s", from, to), "of the accounts in the bucket on the left at the end of one month, how many were where at the end of the next")
	t := &table{align: "lr"}
	head := []string{"", "account months"}
	for _, b := range m.Buckets {
		head = append(head, string(b.Bucket))
	}
	t.row(head...)
	for i, b := range m.Buckets {
		row := []string{string(b.Bucket), thousands(m.Row(i))}
		for j := range m.Buckets {
			row = append(row, shareOf(m.Counts[i][j], m.Row(i)))
		}
		if m.Row(i) > 0 {
			t.row(row...)
		}
	}
	fmt.Print(t)
}

// shareOf writes a share, and nothing for none.
func shareOf(n, of int64) string {
	if n == 0 || of == 0 {
		return "·"
	}
	return percent(n, of)
}

func (r *portfolioReport) ends() {
	list := months(r.Ends, func(e portfolio.MonthEnd) calendar.Month { return e.Month })
	if len(list) == 0 {
		return
	}
	r.section("At month ends", "what was owed, and how much of it by accounts in the buckets past due; accounts charged off by then")
	t := &table{align: "lr"}
	head := []string{"", "owed"}
	for _, b := range r.Buckets {
		if b.PastDue() {
			head = append(head, string(b.Bucket))
		}
	}
	t.row(append(head, "charged off")...)
	for _, m := range list {
		owed := map[portfolio.Bucket]money.Amount{}
		var all money.Amount
		lost := int64(0)
		for _, e := range r.Ends {
			if e.Month == m {
				owed[e.Bucket] += e.Owed
				if all += e.Owed; e.Bucket == portfolio.ChargedOff {
					lost += e.Accounts
				}
			}
		}
		row := []string{m.String(), r.write(all)}
		for _, b := range r.Buckets {
			if b.PastDue() {
				row = append(row, shareOf(int64(owed[b.Bucket]), int64(all)))
			}
		}
		t.row(append(row, thousands(lost))...)
	}
	fmt.Print(t)
}

// The months of age that tables have: what is bad is so soon, what is charged off is half a year old.
var (
	badAges  = []int{1, 2, 3, 4, 6, 9, 12, 18, 24}
	lostAges = []int{5, 6, 7, 8, 9, 10, 12, 18, 24}
)

// upTo adds up what happened to a vintage by an age, if that is over.
func upTo[T ~int64](list []T, age int) (sum int64) {
	for _, n := range list[:min(age+1, len(list))] {
		sum += int64(n)
	}
	return sum
}

// aged is a row of shares by age, as far as the vintage has come.
func (r *portfolioReport) aged(ages []int, row []string, month calendar.Month, list []int64, of int64) []string {
	for _, age := range r.agesOf(ages) {
		cell := ""
		if int(r.Day.Month()-month) > age { // the month of that age is over
			cell = percent(upTo(list, age), of)
		}
		row = append(row, cell)
	}
	return row
}

// agesOf are the ages that any vintage has come to.
func (r *portfolioReport) agesOf(ages []int) []int {
	oldest := r.Day.Month()
	for _, c := range r.Cohorts {
		oldest = min(oldest, c.Month)
	}
	for i, age := range ages {
		if int(r.Day.Month()-oldest) <= age {
			return ages[:i]
		}
	}
	return ages
}

func (r *portfolioReport) vintages() {
	accounts := months(r.Cohorts, func(c portfolio.Cohort) calendar.Month { return c.Month })
	r.vintage(badAges, "Vintages of accounts, by the month of their opening", "share ever 30 days past due, so many months later", []string{"opened", "accounts", "bought"}, func(t *table) {
		for _, c := range r.Cohorts {
			if slices.Contains(accounts, c.Month) {
				t.row(r.aged(badAges, []string{c.Month.String(), thousands(c.Accounts), r.write(c.Bought)}, c.Month, c.Bad, c.Accounts)...)
			}
		}
	})
	r.vintage(lostAges, "", "charged off, of all that was bought", []string{"opened", "charged off", "of bought"}, func(t *table) {
		for _, c := range r.Cohorts {
			if lost := upTo(c.Lost, len(c.Lost)); slices.Contains(accounts, c.Month) {
				t.row(r.aged(lostAges, []string{c.Month.String(), r.money.write(lost), percent(lost, int64(c.Bought))}, c.Month, integers(c.Lost), int64(c.Bought))...)
			}
		}
	})
	debts := months(r.Origins, func(o portfolio.Origin) calendar.Month { return o.Month })
	if len(debts) == 0 {
		return
	}
	r.vintage(badAges, "Vintages of debts, by the month in which their window opened", "share of the principal billed that was ever 30 days past due, so many months later",
		[]string{"window", "debts", "billed"}, func(t *table) {
			for _, o := range r.Origins {
				if slices.Contains(debts, o.Month) {
					t.row(r.aged(badAges, []string{o.Month.String(), thousands(o.Debts), r.write(o.Billed)}, o.Month, integers(o.BadBilled), int64(o.Billed))...)
				}
			}
		})
	r.vintage(lostAges, "", "charged off, charges included, of the principal billed", []string{"window", "charged off", "of billed"}, func(t *table) {
		for _, o := range r.Origins {
			if lost := upTo(o.Lost, len(o.Lost)); slices.Contains(debts, o.Month) {
				t.row(r.aged(lostAges, []string{o.Month.String(), r.money.write(lost), percent(lost, int64(o.Billed))}, o.Month, integers(o.Lost), int64(o.Billed))...)
			}
		}
	})
}

// vintage is a table of shares by age.
func (r *portfolioReport) vintage(ages []int, title, note string, head []string, rows func(*table)) {
	if title != "" {
		fmt.Printf("\n%s\n", title)
	}
	fmt.Printf("  %s\n\n", note)
	for _, age := range r.agesOf(ages) {
		head = append(head, fmt.Sprintf("by %d", age))
	}
	t := &table{}
	t.row(head...)
	rows(t)
	fmt.Println(strings.TrimRight(t.String(), "\n"))
	if title != "" {
		fmt.Println()
	}
}

func (r *portfolioReport) first() {
	list := months(r.Firsts, func(f portfolio.FirstDue) calendar.Month { return f.Month })
	if len(list) == 0 {
		return
	}
	r.section("First payments", "accounts whose first debt was due in the month, and was 30 days past due")
	t := &table{}
	t.row("due", "accounts", "known", "defaulted", "of known")
	for _, f := range r.Firsts {
		if slices.Contains(list, f.Month) {
			t.row(f.Month.String(), thousands(f.Accounts), thousands(f.Matured), thousands(f.Defaulted), percent(f.Defaulted, f.Matured))
		}
	}
	fmt.Print(t)
}

func (r *portfolioReport) applications() {
	list := months(r.Applied, func(a portfolio.Applied) calendar.Month { return a.Month })
	if len(list) == 0 {
		return
	}
	r.section("Applications", "offers are counted in the month in which they were made, acceptances in theirs")
	t := &table{align: "ll"}
	t.row("month", "", "decided", "offered", "share", "limits offered", "accepted", "declined")
	var all int64
	for _, a := range r.Applied {
		if !slices.Contains(list, a.Month) {
			continue
		}
		kind := "new accounts"
		if a.Kind == ledger.LimitReview {
			kind = "limit reviews"
		}
		all += a.Decided()
		t.row(a.Month.String(), kind, thousands(a.Decided()), thousands(a.Offered), percent(a.Offered, a.Decided()), r.write(a.Limit), thousands(a.Accepted), thousands(a.Declined))
	}
	fmt.Print(t)
	r.refused(list, all)
	r.grades(list, all)
}

// stability tells how far those who apply are from those whom the scorecard was made from.
func (r *portfolioReport) stability() {
	if r.policy == nil || r.policy.Document().Scorecard == nil {
		return
	}
	r.section("Stability of those who apply", fmt.Sprintf("the points of this month and the last, by policy %s, against its training part: below 0.10 is alike, above 0.25 is not",
		r.policy.Version()))
	t := &table{align: "lrrl"}
	t.row("characteristic", "applications", "index")
	for _, s := range figures.Stabilities(r.Portfolio, r.policy.Document().Scorecard, r.policy.Version()) {
		index, word := "-", "not told: too few applications, or the scorecard has no shares"
		if s.Told {
			index = fmt.Sprintf("%.3f", s.Index)
			switch {
			case s.Index < 0.1:
				word = "alike"
			case s.Index <= 0.25:
				word = "shifted"
			default:
				word = "not alike"
			}
		}
		t.row(s.Characteristic, thousands(s.Applications), index, word)
	}
	fmt.Print(t)
}

// refused are the reasons of applications that were declined.
func (r *portfolioReport) refused(list []calendar.Month, all int64) {
	first, either := map[string]int64{}, map[string]int64{}
	for _, x := range r.Refused {
		if slices.Contains(list, x.Month) {
			first[x.Code] += x.First
			either[x.Code] += x.Any
		}
	}
	if len(either) == 0 {
		return
	}
	t := &table{}
	t.row("declined for", "applications", "of all", "among others")
	for _, code := range slices.Sorted(maps.Keys(either)) {
		t.row(code, thousands(first[code]), percent(first[code], all), thousands(either[code]-first[code]))
	}
	fmt.Printf("\n%s", t)
}

// grades are those of the offers.
func (r *portfolioReport) grades(list []calendar.Month, all int64) {
	offers, limits := map[string]int64{}, map[string]money.Amount{}
	for _, g := range r.Grades {
		if slices.Contains(list, g.Month) {
			offers[g.Grade] += g.Offered
			limits[g.Grade] += g.Limit
		}
	}
	if len(offers) == 0 {
		return
	}
	t := &table{}
	t.row("offered with grade", "applications", "of all", "limits")
	for _, g := range slices.Sorted(maps.Keys(offers)) {
		t.row(g, thousands(offers[g]), percent(offers[g], all), r.write(limits[g]))
	}
	fmt.Printf("\n%s", t)
}

func (r *portfolioReport) decisions() {
	list := months(r.Mixes, func(m portfolio.Mix) calendar.Month { return m.Month })
	if len(list) == 0 {
		return
	}
	r.section("Decisions on orders", fmt.Sprintf("%s to %s", list[0], list[len(list)-1]))
	t := &table{align: "ll"}
	t.row("month", "scene", "orders", "approved", "share", "amount", "granted of asked", "reviewed", "capped", "declined")
	var all portfolio.Mix
	for _, m := range r.Mixes {
		if !slices.Contains(list, m.Month) {
			continue
		}
		orders := m.Approved.Orders + m.Declined.Orders
		t.row(m.Month.String(), strings.ToLower(m.Scene.String()), thousands(orders), thousands(m.Approved.Orders), percent(m.Approved.Orders, orders),
			r.write(m.Granted), percent(int64(m.Granted), int64(m.Approved.Amount+m.Declined.Amount)), thousands(m.Reviewed.Orders), thousands(m.Capped.Orders), thousands(m.Declined.Orders))
		all.Approved.Orders += m.Approved.Orders
		all.Declined.Orders += m.Declined.Orders
		all.Declined.Amount += m.Declined.Amount
		for i := range m.First {
			all.First[i].Orders += m.First[i].Orders
			all.First[i].Amount += m.First[i].Amount
			all.Any[i].Orders += m.Any[i].Orders
		}
	}
	fmt.Print(t)
	if all.Declined.Orders == 0 {
		return
	}
	fmt.Println()
	t = &table{align: "lrrrrl"}
	t.row("declined for", "orders", "of all orders", "amount", "among others")
	for i := range all.First {
		if all.Any[i].Orders > 0 {
			t.row(reasonText(ledger.Reason(i)), thousands(all.First[i].Orders), percent(all.First[i].Orders, all.Approved.Orders+all.Declined.Orders),
				r.write(all.First[i].Amount), thousands(all.Any[i].Orders-all.First[i].Orders), bar(all.First[i].Orders, all.Declined.Orders, 30))
		}
	}
	fmt.Print(t)
	r.codes(list)
}

// reasonText is a reason in words.
func reasonText(r ledger.Reason) string {
	return strings.ToLower(strings.ReplaceAll(r.String(), "_", " "))
}

// codes are the reason codes of the policy's rules.
func (r *portfolioReport) codes(list []calendar.Month) {
	type sum struct{ declined, passed portfolio.Tally }
	sums, names := map[string]*sum{}, []string{}
	for _, c := range r.Codes {
		if !slices.Contains(list, c.Month) {
			continue
		}
		if sums[c.Code] == nil {
			sums[c.Code] = &sum{}
			names = append(names, c.Code)
		}
		s := sums[c.Code]
		s.declined.Orders += c.Declined.Orders
		s.declined.Amount += c.Declined.Amount
		s.passed.Orders += c.Passed.Orders
		s.passed.Amount += c.Passed.Amount
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	fmt.Println()
	t := &table{}
	t.row("rule's reason", "declined", "amount", "passed all the same", "amount")
	for _, n := range names {
		s := sums[n]
		t.row(n, thousands(s.declined.Orders), r.write(s.declined.Amount), thousands(s.passed.Orders), r.write(s.passed.Amount))
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
