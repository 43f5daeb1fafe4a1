package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

// mostMonths is how many months a table tells of.
const mostMonths = 12

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
