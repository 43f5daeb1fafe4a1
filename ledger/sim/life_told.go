package sim

import (
	"fmt"
	"strings"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// Dues are what an account owes as a reader is told of it, with charges as of today.
type Dues struct {
	Status      ledger.AccountStatus
	Posted      [ledger.Scenes]money.Amount
	Credit      money.Amount
	WrittenOff  money.Amount
	DaysPastDue int
	Statements  uint32
	Open        OpenDues
	Debts       []DebtDues
	Plans       []PlanDues
}

// OpenDues are those of the open window.
type OpenDues struct {
	calendar.Window
	Terms     ledger.TermsID
	Purchases [ledger.Scenes]money.Amount
	Fee       money.Amount
	Opening   money.Amount
	Flows     ledger.Flows
}

// DebtDues are those of a window that has closed.
type DebtDues struct {
	calendar.Window
	First  calendar.Date
	Terms  ledger.TermsID
	Billed money.Amount
	ledger.Owed
}

// PlanDues are those of a plan with something to come.
type PlanDues struct {
	N         uint32
	Principal [ledger.Scenes]money.Amount
	Billed    int
	ToCome    []plan.Installment
}

// Dues are what is owed as of the instant up to which time has passed.
func (l *Life) Dues() Dues {
	l = l.Clone()
	d := Dues{
		Status: l.status, Credit: l.credit, WrittenOff: l.writtenOff, DaysPastDue: l.DaysPastDue(), Statements: uint32(len(l.statements)),
	}
	for _, o := range l.owing() {
		due, _ := l.dueOf(o)
		l.reckon(o, l.today)
		w := o.Window
		w.Due = due
		d.Debts = append(d.Debts, DebtDues{w, o.Due, o.termsID, o.billed, o.owed()})
	}
	for i := range d.Posted {
		d.Posted[i] = l.Posted(ledger.Scene(i + 1))
	}
	if w := l.open; w != nil {
		d.Open = OpenDues{w.Window, w.terms, w.purchases, w.fee, w.opening, w.flows}
	}
	for _, p := range l.running() {
		q := PlanDues{N: p.n, Principal: p.rest, Billed: p.billed}
		for i, m := range p.toCome {
			q.ToCome = append(q.ToCome, plan.Installment{
				Number: p.billed + i + 1, Principal: m.principal, Interest: m.interest, Fee: m.fee, Subsidy: m.subsidy,
			})
		}
		d.Plans = append(d.Plans, q)
	}
	return d
}

// DuesOf reads an account as the model writes it. Its charges must have been reckoned as of today.
func DuesOf(a *ledger.Account, today calendar.Date) Dues {
	b := &a.Billing
	d := Dues{
		Status: a.Status, Credit: b.Credit, WrittenOff: b.WrittenOff, DaysPastDue: b.DaysPastDue(today), Statements: b.Statements,
	}
	for i := range a.Lines {
		d.Posted[i] = a.Lines[i].Posted
	}
	if w := &b.Open; w.IsOpen() {
		d.Open = OpenDues{w.Window, w.Terms, w.Purchases, w.Fee, w.Opening, w.Flows}
	}
	for i := range b.Debts {
		o := &b.Debts[i]
		d.Debts = append(d.Debts, DebtDues{o.Window, o.First, o.Terms, o.Billed, o.Owed})
	}
	for i := range b.Plans {
		if p := &b.Plans[i]; len(p.Plan.Unbilled()) > 0 {
			d.Plans = append(d.Plans, PlanDues{p.N, p.Principal, p.Plan.Billed, p.Plan.Unbilled()})
		}
	}
	return d
}

// Compare says how what an account owes differs from what the model says; nil when it does not.
func (d *Dues) Compare(have Dues) error {
	if same(*d, have) {
		return nil
	}
	var b strings.Builder
	differ := func(what string, have, want any) {
		if !same(have, want) {
			fmt.Fprintf(&b, "\n  %s\n    ledger %+v\n    model  %+v", what, have, want)
		}
	}
	differ("status", have.Status, d.Status)
	differ("posted", have.Posted, d.Posted)
	differ("credit", have.Credit, d.Credit)
	differ("written off", have.WrittenOff, d.WrittenOff)
	differ("days past due", have.DaysPastDue, d.DaysPastDue)
	differ("statements", have.Statements, d.Statements)
	differ("open window", have.Open, d.Open)
	for i := range max(len(have.Debts), len(d.Debts)) {
		differ("debt", at(have.Debts, i), at(d.Debts, i))
	}
	for i := range max(len(have.Plans), len(d.Plans)) {
		differ("plan", at(have.Plans, i), at(d.Plans, i))
	}
	return fmt.Errorf("what is owed:%s", b.String())
}

func at[T any](list []T, i int) (v T) {
	if i < len(list) {
		return list[i]
	}
	return v
}

// CompareStatement says how a statement differs from the model's; nil when it does not. Left out are the numbers of orders
// and items, and when it was written.
func CompareStatement(have, want *ledger.Statement) error {
	h := *have
	h.FirstN, h.LastN, h.FirstItem, h.LastItem, h.Closed = 0, 0, 0, 0, want.Closed
	if same(&h, want) {
		return nil
	}
	return fmt.Errorf("statement of %s:\n  ledger %+v\n  model  %+v", want.Opens, h, *want)
}
