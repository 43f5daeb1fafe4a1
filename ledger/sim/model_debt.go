package sim

import (
	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// debtCall predicts the calls on what is owed: the life of the account knows.
func (q *asking) debtCall(c ledger.Command) (p Prediction, happen func(), mine bool) {
	id, currency, open, mine := onDebts(c)
	if !mine {
		return p, nil, false
	}
	a := q.find(id)
	switch {
	case a == nil:
		return Prediction{Fault: "ACCOUNT_NOT_FOUND"}, nil, true
	case open && a.closed:
		return Prediction{Fault: "ACCOUNT_CLOSED"}, nil, true
	case currency != "" && currency != a.currency:
		return Prediction{Fault: "CURRENCY_MISMATCH"}, nil, true
	}
	if _, reads := c.(*ledger.GetBilling); reads {
		dues := a.life.Dues()
		dues.Status = a.status()
		return Prediction{Dues: &dues}, nil, true
	}
	if fault := a.life.Clone().Do(c); fault != "" {
		return Prediction{Fault: fault}, nil, true
	}
	return changed(a), func() { a.life.Do(c) }, true
}

// onDebts says which account a command on what is owed is about, in which currency, and whether it must be open.
func onDebts(c ledger.Command) (id ledger.AccountID, currency money.Currency, open, mine bool) {
	switch c := c.(type) {
	case *ledger.AcceptTerms:
		return c.Account, "", true, true
	case *ledger.SetStatementDay:
		return c.Account, "", true, true
	case *ledger.SetChannel:
		return c.Account, "", true, true
	case *ledger.PausePenalty:
		return c.Account, "", true, true
	case *ledger.ReageDebt:
		return c.Account, "", true, true
	case *ledger.PlanStatement:
		return c.Account, "", true, true
	case *ledger.PostRepayment:
		return c.Account, c.Currency, false, true
	case *ledger.RefundCredit:
		return c.Account, c.Currency, false, true
	case *ledger.WaiveCharges:
		return c.Account, c.Currency, false, true
	case *ledger.ReverseRepayment:
		return c.Account, "", false, true
	case *ledger.ReportCollection:
		return c.Account, "", false, true
	case *ledger.PayOffPlan:
		return c.Account, "", false, true
	case *ledger.GetBilling:
		return c.Account, "", false, true
	}
	return 0, "", false, false
}
