package vectors

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/holdfast-credit/holdfast/ledger/rate"
)

// longest is the most months of a plan, and periods of a loan.
const longest = 1200

// payment is the level payment at the end of each period that repays a present value.
func payment(o *object) []Figure {
	in := o.object("inputs")
	interest, n, value := in.fraction("rate"), in.count("nper", 1, longest), in.number("pv")
	if interest.Cmp(apd.New(-1, 0)) <= 0 || interest.Cmp(apd.New(1000, 0)) > 0 {
		in.fail("rate", "%s is not above -1 and up to 1000", show(interest, 8))
	}
	expected, tolerance := o.number("expected_payment"), o.tolerance("tolerance")
	if *o.fault != nil {
		return nil
	}
	return []Figure{compare("payment", expected, level(value, interest, n), tolerance, 12)}
}

// level is principal x rate / (1 - (1 + rate)^-n), the payment of an annuity.
func level(principal, interest *apd.Decimal, n int) *apd.Decimal {
	if interest.IsZero() {
		return quo(principal, apd.New(int64(n), 0))
	}
	one := apd.New(1, 0)
	growth := power(add(one, interest), n)
	return quo(mul(mul(principal, interest), growth), sub(growth, one))
}

// fraction is a number, or two as a/b.
func (o *object) fraction(name string) *apd.Decimal {
	if !o.has(name) {
		return o.number(name)
	}
	above, below, ok := strings.Cut(strings.Trim(string(o.fields[name]), `"`), "/")
	if !ok {
		return o.number(name)
	}
	a, err := parseDecimal(strings.TrimSpace(above))
	if err != nil {
		o.fail(name, "%v", err)
	}
	b, err := parseDecimal(strings.TrimSpace(below))
	if err != nil {
		o.fail(name, "%v", err)
	}
	if b.IsZero() {
		o.fail(name, "%s/%s has nothing below the line", above, below)
		return b
	}
	return quo(a, b)
}

// money is an amount above zero in major units, with two places.
func (o *object) money(name string) *apd.Decimal {
	d := o.number(name)
	if d.Sign() <= 0 {
		o.fail(name, "%s is not above zero", d.Text('f'))
	} else if !distance(round(d, 2, apd.RoundDown), d).IsZero() {
		o.fail(name, "%s has more than two places", d.Text('f'))
	}
	return d
}

// row is an installment, and what is left after it; a total has no balance.
type row struct{ principal, interest, due, balance *apd.Decimal }

func (r row) String() string {
	s := fmt.Sprintf("%s + %s = %s", r.principal.Text('f'), r.interest.Text('f'), r.due.Text('f'))
	if r.balance != nil {
		s += fmt.Sprintf(", %s left", r.balance.Text('f'))
	}
	return s
}

func (r row) amounts() []*apd.Decimal {
	list := []*apd.Decimal{r.principal, r.interest, r.due}
	if r.balance != nil {
		list = append(list, r.balance)
	}
	return list
}

// schedule is an annuity in equal months: a level payment, interest of a twelfth of the year on what is outstanding, both
// rounded to 0.01, half to even; the last installment absorbs what rounding left.
func schedule(o *object) []Figure {
	in := o.object("inputs")
	principal, annual, n := in.money("principal"), in.within("annual_pct", 0, 100_000), in.count("n", 1, longest)
	rows := o.objects("expected_rows")
	if len(rows) != n {
		o.fail("expected_rows", "there are %d, and %d installments", len(rows), n)
	}
	if *o.fault != nil {
		return nil
	}
	var figures []Figure
	zero := round(new(apd.Decimal), 2, apd.RoundDown)
	total := row{principal: zero, interest: zero, due: zero}
	for i, r := range annuity(principal, annual, n) {
		figures = append(figures, compareRows(fmt.Sprintf("row %d", i+1), rows[i].row(true), r))
		total.principal, total.interest = add(total.principal, r.principal), add(total.interest, r.interest)
		total.due = add(total.due, r.due)
	}
	if o.has("expected_totals") {
		figures = append(figures, compareRows("total", o.object("expected_totals").row(false), total))
	}
	return figures
}

// annuity are the rows of schedule.
func annuity(principal, annual *apd.Decimal, n int) (rows []row) {
	monthly := quo(annual, apd.New(1200, 0))
	due := round(level(principal, monthly, n), 2, apd.RoundHalfEven)
	balance := round(principal, 2, apd.RoundDown)
	for k := 1; k <= n; k++ {
		r := row{interest: round(mul(balance, monthly), 2, apd.RoundHalfEven), due: due}
		if r.principal = sub(due, r.interest); k == n || r.principal.Cmp(balance) > 0 {
			r.principal = balance
			r.due = add(r.principal, r.interest)
		}
		balance = sub(balance, r.principal)
		r.balance = balance
		rows = append(rows, r)
	}
	return rows
}

// row reads a row; a total has no balance.
func (o *object) row(balance bool) row {
	two := func(name string) *apd.Decimal {
		d := o.number(name)
		if rounded := round(d, 2, apd.RoundDown); distance(rounded, d).IsZero() {
			return rounded
		}
		o.fail(name, "%s has more than two places", d.Text('f'))
		return d
	}
	r := row{principal: two("principal"), interest: two("interest"), due: two("due")}
	if balance {
		r.balance = two("balance")
	}
	return r
}

func compareRows(name string, expected, got row) Figure {
	f := largest(name, expected.amounts(), got.amounts())
	f.Expected, f.Got = expected.String(), got.String()
	return f
}

// largest compares lists of amounts, which must be equal.
func largest(name string, expected, got []*apd.Decimal) Figure {
	worst := new(apd.Decimal)
	for i := range expected {
		if d := distance(expected[i], got[i]); d.Cmp(worst) > 0 {
			worst = d
		}
	}
	return Figure{Name: name, Difference: brief(worst), Tolerance: "0", Agrees: worst.IsZero()}
}

// split makes equal parts, rounded down to 0.01; the last takes what is left, and so is never below zero.
func split(o *object) []Figure {
	in := o.object("inputs")
	amount, parts := in.money("amount"), in.count("parts", 1, longest)
	expected := o.numbers("expected")
	if len(expected) != parts {
		o.fail("expected", "there are %d, and %d parts", len(expected), parts)
	}
	if *o.fault != nil {
		return nil
	}
	part := round(quo(amount, apd.New(int64(parts), 0)), 2, apd.RoundDown)
	got := make([]*apd.Decimal, parts)
	left := round(amount, 2, apd.RoundDown)
	for i := range parts - 1 {
		got[i] = part
		left = sub(left, part)
	}
	got[parts-1] = left
	figure := largest("parts", expected, got)
	figure.Expected, figure.Got = list(expected), list(got)
	return []Figure{figure}
}

func list(amounts []*apd.Decimal) string {
	var texts []string
	for _, a := range amounts {
		texts = append(texts, a.Text('f'))
	}
	return strings.Join(texts, " ")
}

// flatFee is a plan of equal parts with a fee each month on the original principal, nothing of it rounded: the nominal rate,
// and the effective one in equal months.
func flatFee(o *object) []Figure {
	in := o.object("inputs")
	principal, n, fee := in.number("principal"), in.count("n", 1, longest), in.within("fee_pct_per_month", 0, 1000)
	if principal.Sign() <= 0 {
		in.fail("principal", "%s is not above zero", principal.Text('f'))
	}
	expected, tolerance := o.number("expected_apr_pct"), o.tolerance("tolerance_pct")
	if *o.fault != nil {
		return nil
	}
	monthly, err := rate.Periodic(flatFlows(principal, fee, n))
	if err != nil {
		o.fail("inputs", "%v", err)
		return nil
	}
	figures := []Figure{compare("nominal", expected, mul(monthly, apd.New(12, 0)), tolerance, 8)}
	if o.has("effective_pct") {
		growth := power(add(apd.New(1, 0), quo(monthly, apd.New(100, 0))), 12)
		got := mul(sub(growth, apd.New(1, 0)), apd.New(100, 0))
		figures = append(figures, compare("effective", o.number("effective_pct"), got, tolerance, 8))
	}
	return figures
}

// flatFlows are the flows of a plan of n equal parts of a principal, each with a fee of so many percent of the whole principal,
// nothing of it rounded.
func flatFlows(principal, feePercent *apd.Decimal, n int) []rate.PeriodFlow {
	fee := quo(mul(principal, feePercent), apd.New(100, 0))
	part := quo(principal, apd.New(int64(n), 0))
	due := round(add(part, fee), 30, apd.RoundHalfEven)
	flows := []rate.PeriodFlow{{Amount: principal}}
	for k := 1; k <= n; k++ {
		flows = append(flows, rate.PeriodFlow{Amount: new(apd.Decimal).Neg(due), Period: k})
	}
	return flows
}
