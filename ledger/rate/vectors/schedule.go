package vectors

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/rate"
)

// longest is the most periods of a loan.
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

// scaled is a number with so many places at most, as the whole number that it is without its point.
func (o *object) scaled(name string, places int32) int64 {
	d := new(apd.Decimal).Set(o.number(name))
	d.Exponent += places
	n, err := d.Int64()
	if err != nil {
		o.fail(name, "%s has more than %d places, or is too large", o.number(name).Text('f'), places)
	}
	return n
}

// minor is an amount above zero in major units with two places, in minor ones.
func (o *object) minor(name string) money.Amount {
	a := money.Amount(o.scaled(name, 2))
	if a <= 0 {
		o.fail(name, "%d is not above zero", a)
	}
	return a
}

// major is an amount of minor units in major ones.
func major(a money.Amount) *apd.Decimal { return apd.New(int64(a), -2) }

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

// schedule is an annuity in equal months, as consumers are billed it.
func schedule(o *object) []Figure {
	in := o.object("inputs")
	principal, annual, n := in.minor("principal"), in.scaled("annual_pct", 4), in.count("n", 1, plan.MaxMonths)
	rows := o.objects("expected_rows")
	if len(rows) != n {
		o.fail("expected_rows", "there are %d, and %d installments", len(rows), n)
	}
	if *o.fault != nil {
		return nil
	}
	installments, err := plan.Annuity(principal, n, plan.AnnualRate(annual))
	if err != nil {
		o.fail("inputs", "%v", err)
		return nil
	}
	var figures []Figure
	left := principal
	for i, installment := range installments {
		left -= installment.Principal
		got := rowOf(installment)
		got.balance = major(left)
		figures = append(figures, compareRows(fmt.Sprintf("row %d", i+1), rows[i].row(true), got))
	}
	if o.has("expected_totals") {
		figures = append(figures, compareRows("total", o.object("expected_totals").row(false), rowOf(installments.Total())))
	}
	return figures
}

func rowOf(i plan.Installment) row {
	return row{principal: major(i.Principal), interest: major(i.Interest), due: major(i.Due())}
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

// split makes equal parts, as installments have them.
func split(o *object) []Figure {
	in := o.object("inputs")
	amount, parts := in.minor("amount"), in.count("parts", 1, plan.MaxMonths)
	expected := o.numbers("expected")
	if len(expected) != parts {
		o.fail("expected", "there are %d, and %d parts", len(expected), parts)
	}
	if *o.fault != nil {
		return nil
	}
	amounts, err := plan.Split(amount, parts)
	if err != nil {
		o.fail("inputs", "%v", err)
		return nil
	}
	got := make([]*apd.Decimal, parts)
	for i, a := range amounts {
		got[i] = major(a)
	}
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
