package sim

import (
	"math/rand/v2"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// seenDues is what the workload has seen of what an account owes.
type seenDues struct {
	account    ledger.AccountID
	owed       money.Amount // of all windows
	writtenOff money.Amount
	opens      calendar.Date // of a window that was not paid
	plan       uint32
}

// sawDebts remembers what was told of what is owed. A payment may bounce at once; later it could have paid what others dealt
// with since.
func (w *Workload) sawDebts(out ledger.Outcome) {
	if !w.options.Debts || out.Fault != nil || out.Billing == nil {
		return
	}
	if a := out.Billing.Account; a != nil {
		b := &a.Billing
		d := seenDues{account: a.ID, owed: b.Balance(), writtenOff: b.WrittenOff, plan: b.LastPlan}
		if n := len(b.Debts); n > 0 {
			d.opens = b.Debts[n-1].Opens
		}
		w.dues = keep(w.dues, d)
	}
	if i := out.Billing.Item; i != nil && i.Kind == ledger.RepaymentPosted && i.Amount%4 == 0 && len(w.dues) > 0 && !out.Replayed {
		w.bounce = &ledger.ReverseRepayment{
			Request: ledger.Request{Caller: "caller-0"}, Account: w.dues[len(w.dues)-1].account, Item: i.N, Reason: "no funds",
		}
	}
}

// onDebts is about what is owed: mostly it is paid.
func (w *Workload) onDebts(r *rand.Rand) ledger.Command {
	if n := len(w.dues); n > 0 && r.IntN(3) > 0 {
		return w.onDues(r, w.dues[n-1-min(r.IntN(n), r.IntN(n))])
	}
	return &ledger.GetBilling{Account: w.account(r)}
}

func (w *Workload) onDues(r *rand.Rand, d seenDues) ledger.Command {
	q := w.request(r)
	switch r.IntN(20) {
	case 0:
		return &ledger.RefundCredit{Request: q, Account: d.account, Currency: w.currency(r), Amount: amount(r) - 1}
	case 1:
		part := []ledger.Part{ledger.PenaltyPart, ledger.FeePart, ledger.InterestPart}[min(r.IntN(3), r.IntN(3))]
		return &ledger.WaiveCharges{Request: q, Account: d.account, Currency: w.currency(r), Opens: d.opens, Part: part, Reason: "asked"}
	case 2:
		from := w.options.Zone.DateAt(w.Now).AddDays(1 + r.IntN(20))
		return &ledger.PausePenalty{Request: q, Account: d.account, Pause: ledger.Pause{From: from, To: from.AddDays(r.IntN(30) - 1)}, Reason: "ill"}
	case 3:
		return &ledger.ReageDebt{Request: q, Account: d.account, Windows: 2 + r.IntN(6), Reason: "hardship"}
	case 4, 5:
		o := w.options.Terms.Installments.Offers[r.IntN(len(w.options.Terms.Installments.Offers))]
		return &ledger.PlanStatement{Request: q, Account: d.account, Opens: d.opens, Choice: ledger.PlanChoice{Method: o.Method, Months: o.Months}}
	case 6:
		return &ledger.PayOffPlan{Request: q, Account: d.account, Plan: uint32(r.IntN(int(d.plan) + 1))}
	case 7:
		return &ledger.SetStatementDay{Request: q, Account: d.account, Day: calendar.StatementDay(1 + r.IntN(28))}
	case 8:
		return &ledger.AcceptTerms{Request: q, Account: d.account, Version: []string{w.options.Terms.Version, "none"}[r.IntN(8)/7]}
	case 9:
		return &ledger.GetBilling{Account: d.account}
	}
	c := &ledger.PostRepayment{Request: q, Account: d.account, Currency: w.currency(r), Amount: max(d.owed, 0) + d.writtenOff, Reference: "bank"}
	switch r.IntN(4) {
	case 0:
		c.Amount += amount(r)
	case 1:
		c.Amount = amount(r)
	}
	c.Amount = max(c.Amount, 1)
	return c
}
