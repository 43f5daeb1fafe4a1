package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/figures"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

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
