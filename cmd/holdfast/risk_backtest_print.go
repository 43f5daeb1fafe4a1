package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/backtest"
)

// backtestReport is a result with what it takes to print it.
type backtestReport struct {
	*backtest.Result
	known currencies
	money amountWriter // of the currency that is being told of
}

func (r *backtestReport) print() {
	fmt.Printf("Policy %s over the orders of %s to %s; outcomes as of %s, bad from %d days past due on\n", r.Policy, r.First, r.Last, r.Until, r.BadDays)
	switch {
	case r.Asked == 0:
		fmt.Println("No policy had been asked about them.")
	case r.Asked == r.Same:
		fmt.Printf("A policy had been asked about %s of them, and its inputs were made again to the same hash.\n", thousands(r.Asked))
	default:
		fmt.Printf("A policy had been asked about %s of them; the inputs of %s could NOT be made again.\n", thousands(r.Asked), thousands(r.Asked-r.Same))
	}
	for i := range r.Currencies {
		in := &r.Currencies[i]
		r.money = r.known.of(in.Currency)
		r.applications(in)
		r.swap(in)
		r.sums(in)
		for i := range in.Scenes {
			in.Scenes[i].Name = strings.ToLower(in.Scenes[i].Name)
		}
		r.cuts("scene", in.Scenes)
		r.cuts("carrier", in.Carriers)
		r.cuts("month", in.Months)
		r.cuts("rule of the policy that holds; an order may be in several", in.Rules)
		for _, s := range in.Shadows {
			fmt.Printf("\nWhat the shadow policy %s said when the orders were decided\n\n%s", s.Name, r.classes(&s.Swap))
		}
	}
}

func (r *backtestReport) write(a money.Amount) string { return r.money.write(int64(a)) }

// badRate is the bad rate of a cell with its interval.
func badRate(c *backtest.Cell) (rate, interval string) {
	if c.Known == 0 {
		return "-", ""
	}
	low, high := c.Interval()
	return percent(c.Bad, c.Known), fmt.Sprintf("%.1f to %.1f %%", 100*low, 100*high)
}

// applications tells of applications for accounts.
func (r *backtestReport) applications(in *backtest.InCurrency) {
	all := in.Applications.Decided()
	if all == 0 {
		return
	}
	fmt.Printf("\nApplications for accounts, amounts in %s; accounts that were %d days past due, ever, are bad\n\n", r.money.unit(), r.BadDays)
	t := &table{}
	t.row("", "applications", "share", "limits offered", "would be offered", "accounts opened", "known", "bad", "bad rate", "95 % interval")
	for c := range in.Applications {
		x := &in.Applications[c]
		if x.Applications == 0 {
			continue
		}
		row := []string{backtest.ApplicationClass(c).String(), thousands(x.Applications), percent(x.Applications, all), r.write(x.Was), r.write(x.Would), thousands(x.Opened)}
		if x.Opened > 0 {
			rate, interval := badRate(&backtest.Cell{Known: x.Known, Bad: x.Bad})
			row = append(row, thousands(x.Known), thousands(x.Bad), rate, interval)
		}
		t.row(row...)
	}
	fmt.Print(t)
}

func (r *backtestReport) swap(in *backtest.InCurrency) {
	fmt.Printf("\nSwap set, amounts in %s\n\n%s", r.money.unit(), r.classes(&in.All))
	fmt.Println("\n  known: orders that were captured, and whose window's debt was paid or came to be bad by now.")
}

// classes is a swap set, a line for each class that has orders.
func (r *backtestReport) classes(s *backtest.Swap) *table {
	t := &table{}
	t.row("", "orders", "share", "asked", "was approved", "would be, at most", "captured", "known", "bad", "bad rate", "95 % interval", "bad amount")
	all := int64(0)
	for c := range s {
		all += s[c].Orders
	}
	for c := range s {
		x := &s[c]
		if x.Orders == 0 {
			continue
		}
		row := []string{backtest.Class(c).String(), thousands(x.Orders), percent(x.Orders, all), r.write(x.Asked), r.write(x.Was), r.write(x.Would)}
		if backtest.Class(c).Decided() {
			rate, interval := badRate(x)
			row = append(row, r.write(x.Captured), thousands(x.Known), thousands(x.Bad), rate, interval, percent(int64(x.BadAmount), int64(x.KnownAmount)))
		} else {
			row = append(row, "", "", "", "no outcome")
		}
		t.row(row...)
	}
	return t
}

// sums tells what it comes to.
func (r *backtestReport) sums(in *backtest.InCurrency) {
	s := &in.All
	var all, before, after backtest.Cell
	for c := range s {
		class := backtest.Class(c)
		together(&all, &s[c])
		if class.Decided() {
			together(&before, &s[c])
		}
		if class != backtest.NewlyDeclined && class != backtest.StillDeclined && class != backtest.HardDeclined {
			together(&after, &s[c])
		}
	}
	left := after // of what was approved then, and would be
	rateBefore, intervalBefore := badRate(&before)
	rateAfter, intervalAfter := badRate(&left)
	t := &table{align: "lrrll"}
	t.row("", "as decided", "by the policy")
	t.row("orders approved", percent(before.Orders, all.Orders), percent(after.Orders, all.Orders))
	t.row("approved amount, at most", r.write(before.Was), r.write(after.Would))
	t.row("bad rate of those approved then", rateBefore, rateAfter, "", intervalBefore+"; "+intervalAfter)
	t.row("reviewed by a person", thousands(in.Reviews.Before), thousands(in.Reviews.After), "", fmt.Sprintf("%s by both", thousands(in.Reviews.Both)))
	fmt.Printf("\n%s", t)
	newly := s[backtest.NewlyApproved].Orders + s[backtest.NewlyInPart].Orders
	if newly == 0 {
		return
	}
	rate, interval := badRate(&in.Hint)
	fmt.Printf("\n  How the %s newly approved would turn out is not known: they were declined. As a hint, %s other orders of the\n"+
		"  same accounts were approved; of %s the outcome is known, and %s are bad: %s (%s).\n",
		thousands(newly), thousands(in.Hint.Orders), thousands(in.Hint.Known), thousands(in.Hint.Bad), rate, strings.TrimSpace(interval))
}

func together(to, c *backtest.Cell) {
	to.Orders += c.Orders
	to.Was += c.Was
	to.Would += c.Would
	to.Known += c.Known
	to.Bad += c.Bad
}

// cuts is the swap set by something that orders have in common.
func (r *backtestReport) cuts(by string, list []backtest.Cut) {
	if len(list) == 0 {
		return
	}
	fmt.Printf("\nBy %s\n\n", by)
	t := &table{}
	t.row("", "orders", "newly declined", "amount", "bad rate", "95 % interval", "capped", "newly approved", "amount", "kept", "bad rate", "95 % interval")
	for i := range list {
		s := &list[i].Swap
		n := int64(0)
		for c := range s {
			n += s[c].Orders
		}
		down, up := s[backtest.NewlyDeclined], s[backtest.NewlyApproved]
		together(&up, &s[backtest.NewlyInPart])
		rate, interval := badRate(&down)
		keptRate, keptInterval := badRate(&s[backtest.Kept])
		t.row(list[i].Name, thousands(n), thousands(down.Orders), r.write(down.Was), rate, interval, thousands(s[backtest.Capped].Orders),
			thousands(up.Orders), r.write(up.Would), thousands(s[backtest.Kept].Orders), keptRate, keptInterval)
	}
	fmt.Print(t)
}

// What JSON has. Amounts are minor units, and rates are shares.
type (
	backtestJSON struct {
		Policy        string                 `json:"policy"`
		BadDays       int                    `json:"badDays"`
		FirstMonth    string                 `json:"firstMonth"`
		LastMonth     string                 `json:"lastMonth"`
		OutcomesUntil string                 `json:"outcomesUntil"`
		Asked         int64                  `json:"ordersWithVerdict"`
		Same          int64                  `json:"inputsMadeAgain"`
		Currencies    []backtestCurrencyJSON `json:"currencies"`
	}
	backtestCurrencyJSON struct {
		Currency     string                `json:"currency"`
		Swap         []backtestCellJSON    `json:"swap"`
		Scenes       []backtestCutJSON     `json:"scenes"`
		Carriers     []backtestCutJSON     `json:"carriers"`
		Months       []backtestCutJSON     `json:"months"`
		Rules        []backtestCutJSON     `json:"rules"`
		Shadows      []backtestCutJSON     `json:"shadows"`
		Applications []applicationCellJSON `json:"applications"`
		Reviews      backtest.Reviews      `json:"reviews"`
		Hint         backtestCellJSON      `json:"otherOrdersOfNewlyApprovedAccounts"`
	}
	applicationCellJSON struct {
		Class        string `json:"class"`
		Applications int64  `json:"applications"`
		Was          int64  `json:"limitsOffered"`
		Would        int64  `json:"limitsThatWouldBeOffered"`
		Opened       int64  `json:"accountsOpened"`
		Known        int64  `json:"outcomeKnown"`
		Bad          int64  `json:"bad"`
	}
	backtestCutJSON struct {
		Name string             `json:"name"`
		Swap []backtestCellJSON `json:"swap"`
	}
	backtestCellJSON struct {
		Class       string   `json:"class,omitempty"`
		Orders      int64    `json:"orders"`
		Asked       int64    `json:"asked"`
		Was         int64    `json:"approved"`
		Would       int64    `json:"wouldBeApprovedAtMost"`
		Captured    int64    `json:"captured"`
		Known       int64    `json:"outcomeKnown"`
		Bad         int64    `json:"bad"`
		KnownAmount int64    `json:"outcomeKnownAmount"`
		BadAmount   int64    `json:"badAmount"`
		BadRate     *float64 `json:"badRate,omitempty"`
		Low         *float64 `json:"badRateLow,omitempty"`
		High        *float64 `json:"badRateHigh,omitempty"`
	}
)

func cellJSON(class string, c *backtest.Cell) backtestCellJSON {
	j := backtestCellJSON{
		Class: class, Orders: c.Orders, Asked: int64(c.Asked), Was: int64(c.Was), Would: int64(c.Would), Captured: int64(c.Captured),
		Known: c.Known, Bad: c.Bad, KnownAmount: int64(c.KnownAmount), BadAmount: int64(c.BadAmount),
	}
	if c.Known > 0 {
		rate := float64(c.Bad) / float64(c.Known)
		low, high := c.Interval()
		j.BadRate, j.Low, j.High = &rate, &low, &high
	}
	return j
}

func swapJSON(s *backtest.Swap) []backtestCellJSON {
	var list []backtestCellJSON
	for c := range s {
		list = append(list, cellJSON(backtest.Class(c).String(), &s[c]))
	}
	return list
}

func cutsJSON(cuts []backtest.Cut) []backtestCutJSON {
	list := []backtestCutJSON{}
	for i := range cuts {
		list = append(list, backtestCutJSON{cuts[i].Name, swapJSON(&cuts[i].Swap)})
	}
	return list
}

func applicationsJSON(a *backtest.Applications) (list []applicationCellJSON) {
	for c := range a {
		x := &a[c]
		list = append(list, applicationCellJSON{
			backtest.ApplicationClass(c).String(), x.Applications, int64(x.Was), int64(x.Would), x.Opened, x.Known, x.Bad,
		})
	}
	return list
}

func (r *backtestReport) json(out io.Writer) error {
	j := backtestJSON{
		Policy: r.Policy, BadDays: r.BadDays, FirstMonth: r.First.String(), LastMonth: r.Last.String(), OutcomesUntil: r.Until.String(),
		Asked: r.Asked, Same: r.Same,
	}
	for i := range r.Currencies {
		in := &r.Currencies[i]
		j.Currencies = append(j.Currencies, backtestCurrencyJSON{
			Currency: string(in.Currency), Swap: swapJSON(&in.All), Scenes: cutsJSON(in.Scenes), Carriers: cutsJSON(in.Carriers), Months: cutsJSON(in.Months),
			Rules: cutsJSON(in.Rules), Shadows: cutsJSON(in.Shadows), Applications: applicationsJSON(&in.Applications), Reviews: in.Reviews, Hint: cellJSON("", &in.Hint),
		})
	}
	b, err := json.MarshalIndent(j, "", "  ")
	if err == nil {
		_, err = out.Write(append(b, '\n'))
	}
	return err
}
