package sim

import (
	"fmt"
	"math/rand/v2"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// open opens an account for the next consumer.
func (w *Workload) open(r *rand.Rand) *ledger.OpenAccount {
	w.accounts++
	c := &ledger.OpenAccount{
		Request: w.request(r), Consumer: ledger.ConsumerToken(fmt.Sprintf("c%d", w.accounts)), Currency: "CNY",
		Limit: money.Amount(r.IntN(10_000)),
	}
	if w.options.Debts {
		c.Channel, c.Day = ledger.ByHand, calendar.StatementDay(r.IntN(29)) // 0 for that of the terms
	}
	for s := ledger.TopUp; s.Valid(); s++ {
		if r.IntN(4) > 0 {
			c.Lines = append(c.Lines, opening(r, s))
		}
	}
	return c
}

func opening(r *rand.Rand, s ledger.Scene) ledger.LineOpening {
	o := ledger.LineOpening{Scene: s, Limit: money.Amount(r.IntN(8000)), Agreement: "v1", Accepted: "v1"}
	switch r.IntN(12) {
	case 0:
		o.Accepted = ""
	case 1:
		o.Agreement = "v2"
	}
	if r.IntN(3) == 0 {
		o.Controls = controls(r)
	}
	return o
}

// controls are controls that get in the way now and then.
func controls(r *rand.Rand) (c ledger.Controls) {
	limit := func(most int) money.Amount {
		if r.IntN(3) > 0 {
			return 0
		}
		return money.Amount(1 + r.IntN(most))
	}
	c = ledger.Controls{
		PerOrder: limit(2000), DailyAmount: limit(5000), DailyCount: int32(limit(6)), MonthlyAmount: limit(12_000),
		MonthlyCount: int32(limit(20)), MaxHolds: int32(limit(4)),
	}
	if r.IntN(6) == 0 {
		c.Carriers = []ledger.CarrierID{carrier(r), "other"}
	}
	if r.IntN(6) == 0 {
		c.Phones = []ledger.PhoneToken{phone(r)}
	}
	return c
}

// onAccount changes an account, or opens one more.
func (w *Workload) onAccount(r *rand.Rand) ledger.Command {
	id, q, s := w.account(r), w.request(r), scene(r)
	switch r.IntN(14) {
	case 0:
		return w.open(r)
	case 1:
		if r.IntN(2) == 0 {
			return w.open(r)
		}
		c := w.open(r)
		w.accounts--
		c.Consumer = ledger.ConsumerToken(fmt.Sprintf("c%d", 1+r.IntN(w.accounts)))
		return c
	case 2, 3:
		c := &ledger.SetLimits{Request: q, Account: id, Currency: w.currency(r), SetAccount: r.IntN(2) == 0, Limit: money.Amount(r.IntN(30_000))}
		if !c.SetAccount {
			c.Limit = 0
		}
		if r.IntN(3) > 0 {
			c.Lines = []ledger.LimitOfLine{{Scene: s, Limit: money.Amount(r.IntN(20_000))}}
		}
		return c
	case 4, 5:
		return w.raise(r)
	case 6:
		if r.IntN(3) > 0 {
			return w.open(r)
		}
		return &ledger.Freeze{Request: q, Account: id, Reason: "call"}
	case 7, 8:
		return &ledger.Unfreeze{Request: q, Account: id, Reason: "resolved"}
	case 9:
		if r.IntN(3) > 0 {
			id = ledger.NewAccountID(w.options.Shard, uint64(1+r.IntN(w.accounts))) // spares the hot ones, which could not be closed anyway
		}
		return &ledger.CloseAccount{Request: q, Account: id, Reason: "asked"}
	case 10, 11:
		return &ledger.OpenLine{Request: q, Account: id, Currency: w.currency(r), Line: opening(r, s)}
	case 12:
		if r.IntN(2) == 0 {
			return &ledger.CloseLine{Request: q, Account: id, Scene: s, Reason: "asked"}
		}
		return &ledger.AcceptAgreement{Request: q, Account: id, Scene: s, Version: fmt.Sprintf("v%d", 1+r.IntN(2))}
	}
	return &ledger.SetControls{Request: q, Account: id, Scene: s, Currency: w.currency(r), Controls: controls(r)}
}

func (w *Workload) raise(r *rand.Rand) ledger.Command {
	c := &ledger.SetTemporaryLimit{Request: w.request(r), Account: w.account(r), Currency: w.currency(r)}
	if r.IntN(3) > 0 {
		c.Scene = scene(r)
	}
	if r.IntN(5) > 0 {
		c.Raise = ledger.TemporaryLimit{
			Limit:   money.Amount(1 + r.IntN(14_000)),
			LastDay: w.options.Zone.DateAt(w.Now) + calendar.Date(r.IntN(8)-1),
		}
	}
	return c
}

// byOperator suspends, and soon resumes; claims orders, and lets the clock do its work.
func (w *Workload) byOperator(r *rand.Rand) ledger.Command {
	if n := len(w.stopped); n > 0 {
		scope := w.stopped[n-1]
		w.stopped = w.stopped[:n-1]
		return &ledger.Resume{Request: w.request(r), Scope: scope, Reason: "over"}
	}
	scope := []ledger.Scope{{}, {Scene: ledger.TopUp}, {Scene: ledger.Bill}, {Carrier: "cmcc"}, {Carrier: "cucc"}}[r.IntN(5)]
	switch r.IntN(8) {
	case 0, 1:
		w.stopped = append(w.stopped, scope)
		return &ledger.Suspend{Request: w.request(r), Scope: scope, Reason: "incident"}
	case 3, 6:
		if w.options.Carriers {
			return w.onCarriers(r)
		}
	case 2:
		return &ledger.Resume{Request: w.request(r), Scope: scope, Reason: "over"}
	case 4:
		w.orders++
		c := &ledger.ClaimOrder{Caller: w.caller(r), Order: ledger.OrderID(fmt.Sprintf("o%d", w.orders)), Account: w.account(r)}
		if len(w.used) > 0 && r.IntN(2) == 0 {
			old := w.used[r.IntN(len(w.used))]
			c.Caller, c.Order = old.caller, old.order
		}
		w.used = keep(w.used, usedOrder{c.Caller, c.Order, c.Account})
		return c
	case 5:
		return &ledger.AdvanceClock{}
	}
	return &ledger.Tick{Accounts: []ledger.AccountID{w.account(r), w.account(r), w.account(r)}}
}

// reading asks without changing anything.
func (w *Workload) reading(r *rand.Rand) ledger.Command {
	switch r.IntN(8) {
	case 0, 1, 2:
		p := w.purchase(r, w.caller(r), true)
		return &ledger.Check{Purchase: p}
	case 3, 4:
		return &ledger.GetAccount{Account: w.account(r)}
	case 5:
		return &ledger.GetAuthorization{Authorization: w.hold(r)}
	case 6:
		if len(w.used) > 0 {
			old := w.used[r.IntN(len(w.used))]
			return &ledger.LookupOrder{Caller: old.caller, Order: old.order}
		}
	}
	return &ledger.ListAuthorizations{Account: w.account(r), Before: uint32(r.IntN(20)), Limit: 1 + r.IntN(5)}
}
