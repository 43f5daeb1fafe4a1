package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// bundleLife is a consumer who buys bundles and pays for them, or does not. The core checks after every command that the
// invariants hold, that the journal folds to the same, and that all books add up: receivable, charges, credit balance,
// payable, income, subsidy and cash.
type bundleLife struct {
	*rapid.T
	core     *sim.Core
	zone     calendar.Zone
	now      calendar.Instant
	until    calendar.Instant // beyond which no days pass; 0 when there is none
	serial   int
	account  ledger.AccountID
	bundles  []ledger.AuthorizationID
	orders   map[ledger.AuthorizationID]ledger.OrderID
	paid     money.Amount // by the consumer, less what bounced
	payments []uint32     // items that have not bounced
	snapshot []*sim.Book
}

func newBundleLife(t *rapid.T) *bundleLife {
	z, err := calendar.LoadZone("Asia/Shanghai")
	require.NoError(t, err)
	product := terms.Default()
	if rapid.Bool().Draw(t, "minimum") {
		product.MinimumDue.Rate, product.MinimumDue.DailyInterestRate = 100_000, 400
	}
	product.Installments.EarlyPayoffFees = plan.Share(rapid.SampledFrom([]int{0, 300_000, 1_000_000}).Draw(t, "early fees"))
	l := &bundleLife{T: t, core: sim.NewCore(0, product, z), zone: z, orders: map[ledger.AuthorizationID]ledger.OrderID{}}
	day, _ := calendar.DateOf(2026, time.January, rapid.IntRange(1, 31).Draw(t, "day"))
	l.now = z.Start(day).Add(9 * time.Hour)
	l.do(&ledger.PutCarrier{Request: l.request(), ID: "cmcc", Version: 1, Shards: 1, Settings: ledger.CarrierSettings{
		Name: "cmcc", Settlement: ledger.SettlementTerms{Cycle: ledger.Daily, Zone: "Asia/Shanghai"}, Fees: []ledger.CarrierFee{{Currency: "CNY", Share: 6_000, Fixed: 5}},
	}})
	out := l.do(&ledger.OpenAccount{Request: l.request(), Consumer: "c", Currency: "CNY", Limit: 1e12, Channel: ledger.ByHand, Lines: []ledger.LineOpening{
		{Scene: ledger.Bundle, Limit: 1e12}, {Scene: ledger.TopUp, Limit: 1e12},
	}})
	l.account = out.Account.ID
	return l
}

func (l *bundleLife) request() ledger.Request {
	l.serial++
	return ledger.Request{Caller: "shop", ID: ledger.RequestID(fmt.Sprint(l.serial))}
}

// do carries a command out, which may be refused.
func (l *bundleLife) do(c ledger.Command) ledger.Outcome {
	l.Helper()
	out, _, err := l.core.Apply(l.now, c)
	require.NoError(l, err, "%T %+v", c, c)
	if l.serial%4 == 0 {
		l.snapshot = append(l.snapshot, l.core.Book.Clone())
	}
	return out
}

// buy has a bundle activated, mostly some days after it was ordered.
func (l *bundleLife) buy() {
	id := ledger.BundleOfferID(fmt.Sprint("offer-", l.serial))
	o := plan.Offer{Method: rapid.SampledFrom([]plan.Method{plan.MethodFlatFee, plan.MethodAnnuity, plan.MethodInterestFree}).Draw(l.T, "method"),
		Months: rapid.IntRange(ledger.BundleMonthsLeast, ledger.BundleMonthsMost).Draw(l.T, "months")}
	if o.Method == plan.MethodAnnuity {
		o.Interest = plan.AnnualRate(rapid.IntRange(0, 200_000).Draw(l.T, "interest"))
	} else {
		o.Fee = plan.MonthlyRate(rapid.IntRange(0, 8_000).Draw(l.T, "fee"))
	}
	price := money.Amount(rapid.IntRange(2_000, 1_000_000).Draw(l.T, "price"))
	out := l.do(&ledger.PutBundleOffer{Request: l.request(), ID: id, Version: 1, Operator: true, Settings: ledger.BundleSettings{
		Carrier: "cmcc", Name: "a phone", Currency: "CNY", Price: price, DownPayment: price / money.Amount(rapid.IntRange(2, 20).Draw(l.T, "down")),
		Plan: o, Termination: rapid.SampledFrom([]ledger.Termination{ledger.Accelerates, ledger.Keeps, ledger.BuysBack}).Draw(l.T, "rule"), CoolingOff: ledger.MostCoolingOff,
	}})
	require.Nil(l, out.Fault)
	out = l.do(&ledger.Authorize{Request: l.request(), Purchase: ledger.Purchase{
		Account: l.account, Scene: ledger.Bundle, Order: ledger.OrderID(id), Carrier: "cmcc", Phone: "p", Currency: "CNY", Bundle: id,
	}})
	if out.Fault != nil || out.Decision != ledger.Approve {
		return // past due, say
	}
	ordered := l.zone.DateAt(l.now)
	l.pass(3)
	c := &ledger.CaptureHold{Request: l.request(), Authorization: out.ID, Currency: "CNY"}
	if rapid.Bool().Draw(l.T, "backdated") {
		c.Activated = ordered
	}
	captured := l.do(c)
	require.Nil(l, captured.Fault)
	require.Equal(l, out.Authorization.Authorized, captured.Authorization.Captured)
	l.bundles, l.orders[out.ID] = append(l.bundles, out.ID), out.Authorization.Order
}

// pass lets some days pass.
func (l *bundleLife) pass(most int) {
	l.now = l.now.Add(time.Duration(rapid.IntRange(0, most).Draw(l.T, "days")) * 24 * time.Hour)
	if l.until != 0 {
		l.now = min(l.now, l.until)
	}
	l.do(&ledger.Tick{Accounts: []ledger.AccountID{l.account}})
}

func (l *bundleLife) billing() *ledger.Billing {
	return &l.do(&ledger.GetBilling{Account: l.account}).Billing.Account.Billing
}

// pay pays something, some of it late and told of late.
func (l *bundleLife) pay() {
	amount := money.Amount(rapid.IntRange(1, 200_000).Draw(l.T, "amount"))
	c := &ledger.PostRepayment{Request: l.request(), Account: l.account, Currency: "CNY", Amount: amount}
	if rapid.Bool().Draw(l.T, "dated") {
		c.ValueDate = l.zone.DateAt(l.now).AddDays(-rapid.IntRange(0, 10).Draw(l.T, "ago"))
	}
	if out := l.do(c); out.Fault == nil {
		l.paid += amount
		// What had been put to the credit balance and spent is owed by itself when it bounces: a debt of its own, with its own penalty.
		credited := slices.ContainsFunc(out.Billing.Item.Moves, func(m ledger.Move) bool { return m.Part == ledger.CreditPart })
		if !credited || l.until == 0 {
			l.payments = append(l.payments, out.Billing.Item.N)
		}
	}
}

// bounce has the newest payment bounce that may.
func (l *bundleLife) bounce() {
	if n := len(l.payments); n > 0 {
		if out := l.do(&ledger.ReverseRepayment{Request: l.request(), Account: l.account, Item: l.payments[n-1], Reason: "bounced"}); out.Fault == nil {
			l.paid -= out.Billing.Item.Amount
			l.payments = l.payments[:n-1]
		}
	}
}

// some is one of the bundles.
func (l *bundleLife) some() ledger.AuthorizationID {
	if len(l.bundles) == 0 {
		return ledger.AuthorizationID{Account: l.account, N: 1}
	}
	return rapid.SampledFrom(l.bundles).Draw(l.T, "bundle")
}

func (l *bundleLife) cancel() {
	l.do(&ledger.CancelBundle{Request: l.request(), Authorization: l.some(), Reason: "over", Operator: true})
}

func (l *bundleLife) giveBack() {
	l.do(&ledger.ReturnBundle{Request: l.request(), Authorization: l.some(), Reason: "unopened", Operator: true})
}

// act does one of several things.
func (l *bundleLife) act(acts ...func()) { rapid.SampledFrom(acts).Draw(l.T, "act")() }

// finish asks everything again, and folds the journal over half-flushed books.
func (l *bundleLife) finish() {
	require.NoError(l, l.core.AskAgain(l.now))
	require.NoError(l, l.core.Refold(l.snapshot, rand.New(rand.NewPCG(1, 2))))
}

// TestBundleLives has bundles end in every way, beside other purchases, plans and refunds: all books always add up.
func TestBundleLives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newBundleLife(t)
		l.buy()
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			l.act(l.buy, l.pay, l.pay, l.bounce, l.cancel, l.giveBack,
				func() { l.pass(20) }, func() { l.pass(20) },
				func() {
					l.do(&ledger.Charge{Request: l.request(), Purchase: ledger.Purchase{
						Account: l.account, Scene: ledger.TopUp, Order: ledger.OrderID(fmt.Sprint(l.serial)), Carrier: "cmcc", Phone: "p", Currency: "CNY", Amount: 5_000,
					}})
				},
				func() { l.do(&ledger.PayOffPlan{Request: l.request(), Account: l.account}) },
				func() {
					l.do(&ledger.RefundCapture{Request: l.request(), Authorization: l.some(), Currency: "CNY", Amount: money.Amount(rapid.IntRange(1, 50_000).Draw(t, "refund"))})
				},
				func() { l.do(&ledger.Reverse{Request: l.request(), Account: l.account, Order: l.orders[l.some()]}) },
				func() {
					l.do(&ledger.ReageDebt{Request: l.request(), Account: l.account, Windows: 3, Reason: "hardship"})
				},
				func() {
					l.do(&ledger.PlanStatement{Request: l.request(), Account: l.account, Opens: l.billing().LastStatement,
						Choice: ledger.PlanChoice{Method: plan.MethodFlatFee, Months: 3}})
				},
				func() { l.do(&ledger.RefundCredit{Request: l.request(), Account: l.account, Currency: "CNY"}) })
		}
		l.finish()
	})
}

// TestAReturnCostsNothing has bundles paid for in every way, in time and late, cancelled and paid off, and all of them returned:
// the consumer has what was paid, the carrier is owed nothing, and nothing was earned.
func TestAReturnCostsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newBundleLife(t)
		for range rapid.IntRange(1, 2).Draw(t, "bundles") {
			l.buy()
		}
		l.until = l.now.Add((ledger.MostCoolingOff - 6) * 24 * time.Hour) // the first may have begun six days ago
		for range rapid.IntRange(0, 15).Draw(t, "steps") {
			l.act(l.pay, l.pay, l.bounce, l.cancel, func() { l.pass(20) }, func() { l.pass(20) },
				func() { l.do(&ledger.PayOffPlan{Request: l.request(), Account: l.account}) },
				func() {
					l.do(&ledger.RefundCapture{Request: l.request(), Authorization: l.some(), Currency: "CNY", Amount: money.Amount(rapid.IntRange(1, 50_000).Draw(t, "refund"))})
				})
		}
		for _, id := range l.bundles {
			out := l.do(&ledger.ReturnBundle{Request: l.request(), Authorization: id, Reason: "unopened", Operator: true})
			if out.Fault != nil {
				require.Equal(t, "NOTHING_CAPTURED", out.Fault.Reason)
			}
		}
		b := l.billing()
		require.Empty(t, b.Plans, "nothing is to come")
		require.Equal(t, -l.paid, b.Balance(), "all that was paid is there again, and nothing else is owed")
		s := l.core.Book.Shard()
		for _, d := range s.Debts {
			require.Zero(t, d.Fees+d.Interest+d.Penalty, "nothing was earned: %+v", d)
		}
		for _, c := range s.Totals {
			require.Zero(t, c.Subsidy, "the carrier pays nothing for it")
			require.Equal(t, c.Captured, c.Refunded+c.Bought, "and is owed nothing of it")
		}
		l.finish()
	})
}
