package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	holdfastv1 "github.com/holdfast-credit/holdfast/proto/holdfast/v1"
)

// print prints the statement for people.
func (s *statement) print(out io.Writer) error {
	var b bytes.Buffer
	x := s.GetStatement()
	fmt.Fprintf(&b, "Statement %d of %s: %s to %s, due %s\n", x.GetNumber(), x.GetAccountId(), x.GetOpeningDate(), x.GetClosingDate(), x.GetDueDate())
	fmt.Fprintf(&b, "  Amounts in %s. Terms %s: what is overdue costs %s %% a year", s.money.unit(), x.GetTermsVersion(), x.GetPenaltyAnnualRate())
	if rate := x.GetInterestAnnualRate(); rate != "" && rate != "0.00" {
		fmt.Fprintf(&b, ", what is carried %s %%", rate)
	}
	b.WriteString(".\n\n")
	s.printEntries(&b)
	s.printDue(&b)
	s.printPoints(&b)
	s.printPlans(&b)
	s.printLater(&b)
	s.printLeft(&b)
	s.printSum(&b)
	_, err := out.Write(b.Bytes())
	return err
}

func (s *statement) printEntries(b *bytes.Buffer) {
	x, t := s.GetStatement(), &table{align: "lll"}
	t.row(x.GetOpeningDate(), "opening balance", "", s.money.write(x.GetOpeningBalance()))
	for _, e := range s.entries() {
		amount := s.money.signed(e.amount)
		if e.amount == 0 {
			amount = ""
		}
		t.row(e.day, strings.ReplaceAll(e.kind, "_", " "), e.detail(), amount)
	}
	t.row(x.GetClosingDate(), "closing balance", "", s.money.write(x.GetClosingBalance()))
	b.WriteString(t.String())
}

// detail is what an entry is about, for people.
func (e *entry) detail() string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	add(e.order)
	add(e.scene)
	add(e.carrier)
	if e.number > 0 {
		add(fmt.Sprintf("%d of %d,", e.number, e.of))
	}
	add(e.plan)
	add(e.reference)
	if e.nominal != "" {
		add(e.costs())
	}
	if e.note != "" {
		add("(" + e.note + ")")
	}
	return strings.Join(parts, " ")
}

// costs is what a charge costs a year, for people.
func (e *entry) costs() string {
	if e.effective == "" {
		return "at " + e.nominal + " % a year"
	}
	return "at " + e.nominal + " % a year, effective " + e.effective + " %"
}

// printDue says what is to be paid of the statement.
func (s *statement) printDue(b *bytes.Buffer) {
	x, t := s.GetStatement(), &table{}
	t.row("total due by "+x.GetDueDate(), s.money.write(x.GetTotalDue()))
	t.row("minimum due", s.money.write(x.GetMinimumDue()))
	for _, c := range []change{
		{"of it owed of earlier windows", x.GetEarlierAmount()}, {"credit balance", x.GetCreditBalance()},
		{"still to come of plans, not part of it", x.GetUnbilledPrincipal()},
	} {
		if c.amount != 0 {
			t.row("  "+c.name, s.money.write(c.amount))
		}
	}
	fmt.Fprintf(b, "\n%s", t)
}

// printPlans tells what the plans that are under way cost.
func (s *statement) printPlans(b *bytes.Buffer) {
	t := &table{align: "lll"}
	t.row("plan", "offer", "billed", "to come", "nominal a year", "effective")
	for _, p := range s.billing.GetPlans() {
		if p.GetStartDate() > s.GetStatement().GetClosingDate() {
			continue
		}
		rates := []string{"-", "-"}
		if p.GetNominalAnnualRate() != "" {
			rates = []string{p.GetNominalAnnualRate() + " %", p.GetEffectiveAnnualRate() + " %"}
		}
		t.row(p.GetPlanId(), offerName(p.GetOffer()), fmt.Sprintf("%d of %d", p.GetBilledInstallments(), len(p.GetInstallments())),
			s.money.write(p.GetUnbilledPrincipal()), rates[0], rates[1])
	}
	if len(t.rows) > 1 {
		fmt.Fprintf(b, "\nInstallment plans under way\n%s", t)
	}
}

// offerName says how a plan is priced.
func offerName(o *holdfastv1.PlanOffer) string {
	name := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(o.GetMethod().String(), "PLAN_METHOD_"), "_", " "))
	switch {
	case o.GetAnnualInterestPercent() != "":
		name += " " + o.GetAnnualInterestPercent() + " % a year"
	case o.GetMethod() == holdfastv1.PlanMethod_PLAN_METHOD_FLAT_FEE:
		name += " " + o.GetMonthlyFeePercent() + " % a month"
	}
	return fmt.Sprintf("%s over %d months", name, o.GetMonths())
}

// printLater tells what has happened to the statement since it was written.
func (s *statement) printLater(b *bytes.Buffer) {
	t := &table{align: "lll"}
	for _, i := range s.GetLaterItems() {
		for _, e := range s.itemEntries(i) {
			amount := s.money.signed(e.amount)
			if e.amount == 0 {
				amount = ""
			}
			t.row(e.day, strings.ReplaceAll(e.kind, "_", " "), e.detail(), amount)
		}
	}
	if len(t.rows) > 0 {
		fmt.Fprintf(b, "\nSince then\n%s", t)
	}
}

// printLeft says what is left to pay today.
func (s *statement) printLeft(b *bytes.Buffer) {
	today, d := s.billing.GetAsOf(), s.GetDebt()
	if d == nil {
		fmt.Fprintf(b, "\nNothing of it is left to pay today, %s.", today)
	} else {
		o := d.GetOwed()
		fmt.Fprintf(b, "\n%s of it is left to pay today, %s: principal %s", s.money.write(o.GetTotal()), today, s.money.write(o.GetPrincipal()))
		for _, c := range []change{{"fees", o.GetFee()}, {"interest", o.GetInterest()}, {"penalty", o.GetPenalty()}} {
			if c.amount != 0 {
				fmt.Fprintf(b, ", %s %s", c.name, s.money.write(c.amount))
			}
		}
		if d.GetOverdue() {
			fmt.Fprintf(b, "; overdue since %s", d.GetDueDate())
		} else {
			fmt.Fprintf(b, "; due %s", d.GetDueDate())
		}
		b.WriteByte('.')
	}
	fmt.Fprintf(b, " The account owes %s in all", s.money.write(max(0, s.billing.GetBalance())))
	if c := s.billing.GetCreditBalance(); c > 0 {
		fmt.Fprintf(b, ", and has a credit balance of %s", s.money.write(c))
	}
	if days := s.billing.GetDaysPastDue(); days > 0 {
		fmt.Fprintf(b, ", and is %d days past due (%s)", days, s.billing.GetBucket())
	}
	b.WriteString(".\n")
}

// printSum shows that the statement adds up.
func (s *statement) printSum(b *bytes.Buffer) {
	x, verdict := s.GetStatement(), "It adds up"
	if s.sound() != nil {
		verdict = "It does not add up"
	}
	fmt.Fprintf(b, "\n%s: opening %s", verdict, s.money.write(x.GetOpeningBalance()))
	for _, c := range changesOf(x.GetChanges()) {
		if c.amount < 0 {
			fmt.Fprintf(b, " - %s %s", c.name, s.money.write(-c.amount))
		} else {
			fmt.Fprintf(b, " + %s %s", c.name, s.money.write(c.amount))
		}
	}
	fmt.Fprintf(b, " = closing %s\n", s.money.write(x.GetClosingBalance()))
}
