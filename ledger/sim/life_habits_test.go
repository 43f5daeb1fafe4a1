package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// randomBirth is an account of one of several products, opened somewhere at some time.
func randomBirth(r *rand.Rand, seed uint64) *birth {
	zone, err := calendar.LoadZone(pick(r, "Europe/London", "Asia/Shanghai", "America/New_York"))
	if err != nil {
		panic(err)
	}
	b := &birth{
		seed: seed, zone: zone,
		at: calendar.InstantOf(time.Date(2025+r.IntN(4), time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), 0, 0, time.UTC)),
		open: ledger.OpenAccount{
			Request: ledger.Request{Caller: "life", ID: "open"}, Consumer: "c", Currency: "CNY", Limit: money.Max / 2,
			Channel: pick(r, ledger.ByHand, ledger.ByHand, ledger.DirectDebit, ledger.NoChannel, ledger.OnCarrier),
		},
	}
	if r.IntN(3) > 0 {
		b.open.Day = calendar.StatementDay(1 + r.IntN(28))
	}
	for s := ledger.TopUp; s.Valid(); s++ {
		b.open.Lines = append(b.open.Lines, ledger.LineOpening{Scene: s, Limit: money.Max / 2, Agreement: "v1", Accepted: "v1"})
	}
	for i := range 1 + max(0, r.IntN(4)-2) {
		t := terms.Default()
		if i > 0 || r.IntN(3) > 0 {
			product(r, t)
		}
		t.Version = fmt.Sprint("life-", i)
		b.versions = append(b.versions, t)
	}
	if len(b.versions) > 1 {
		b.open.Terms = b.versions[0].Version
	}
	return b
}

// product makes terms unlike those that ship.
func product(r *rand.Rand, t *terms.Terms) {
	if r.IntN(2) == 0 {
		t.MinimumDue = terms.MinimumDue{Rate: terms.Rate(1 + r.IntN(200_000)), DailyInterestRate: terms.Rate(r.IntN(657))}
		t.Repayment.Collect = pick(r, terms.CollectStatement, terms.CollectMinimum)
	}
	t.Penalty = pick(r, terms.Penalty{DailyRate: 500, SmallestCharge: 1}, terms.Penalty{DailyRate: 500}, terms.Penalty{DailyRate: 333, SmallestCharge: 50}, terms.Penalty{})
	if t.Penalty.DailyRate > 0 && r.IntN(3) == 0 {
		t.Penalty.DailyRate = terms.Rate(1 + r.IntN(657))
	}
	r.Shuffle(4, func(i, j int) {
		if r.IntN(2) == 0 {
			a := t.Repayment.Allocation
			a[i], a[j] = a[j], a[i]
		}
	})
	t.Repayment.PrincipalFirstFromDay = pick(r, 90, 1, 10, terms.Never)
	t.Repayment.RetryDays = pick(r, []int{1, 3, 7}, nil, []int{2}, []int{5, 10, 15, 30})
	if r.IntN(3) == 0 {
		t.Window.DueOnRestDay = pick(r, terms.DayBefore, terms.DayAfter)
		t.Window.RestWeekdays = []terms.Weekday{6, 7}
	}
	d := &t.Delinquency
	d.StopAuthorizationsFromDay = pick(r, 1, 1, 5, 20)
	d.FreezeFromDay = pick(r, 31, 20, 45, terms.Never)
	d.CuringRestores = pick(r, d.CuringRestores, d.CuringRestores[:1], d.CuringRestores[1:], nil,
		[]terms.Restored{terms.RestoresAuthorizations, terms.RestoresAccount, terms.RestoresPlans}, []terms.Restored{terms.RestoresPlans})
	t.Installments.AccelerateFromDay = pick(r, 90, 30, 10, terms.Never)
	t.Installments.EarlyPayoffFees = pick(r, plan.Share(0), 500_000, 1_000_000)
	d.QuietHours = pick(r, d.QuietHours, terms.Hours{}, terms.Hours{From: 9 * 60, Until: 17*60 + 30})
	if i := r.IntN(len(t.Installments.Offers) - 1); r.IntN(2) == 0 { // fewer are read faster
		t.Installments.Offers = t.Installments.Offers[i : i+2]
	}
	for i := range t.Installments.Offers {
		t.Installments.Offers[i].SmallestPrincipal = pick(r, t.Installments.Offers[i].SmallestPrincipal, 100_00, 1_25)
	}
	if max(t.Penalty.DailyRate, t.MinimumDue.DailyInterestRate) <= 500 {
		t.AnnualCap = pick(r, t.AnnualCap, 185_000) // rounding brings small plans above it
	}
}

// habits are what a consumer is like: how often he buys, and how he pays.
type habits struct {
	acts             int
	pace             time.Duration // between acts, at most
	pays, plans      float64       // how much of what he does
	sloppy           float64       // how often amounts and dates are odd
	operator, absent float64
	versions         int
	orders           int
	carriers         uint32
}

func newHabits(r *rand.Rand, b *birth) *habits {
	return &habits{
		acts: 20 + r.IntN(100), pace: pick(r, 30*time.Hour, 4*24*time.Hour, 10*24*time.Hour, 25*24*time.Hour),
		pays: pick(r, 0.05, 0.15, 0.3, 0.5), plans: pick(r, 0, 0.2, 0.6), sloppy: pick(r, 0.1, 0.5),
		operator: pick(r, 0, 0.03, 0.15), absent: pick(r, 0, 0.01, 0.04), versions: len(b.versions), carriers: 1,
	}
}

// when is the next instant: mostly some time later, now and then at a turn of the day, rarely after months.
func (h *habits) when(r *rand.Rand, v *living) calendar.Instant {
	now := v.life.now
	switch {
	case r.Float64() < h.absent:
		return now.Add(time.Duration(30+r.IntN(300)) * 24 * time.Hour)
	case r.IntN(5) == 0:
		return now
	case r.IntN(6) == 0: // the due date, the day after it, or what else happens about it
		if list := v.life.owing(); len(list) > 0 {
			d := list[r.IntN(len(list))]
			due, _ := v.life.dueOf(d)
			at := v.zone.Start(due.AddDays(pick(r, 0, 1, 1, 2, 31, 90, 91, 181))) - calendar.Instant(r.IntN(2))
			return max(now, at)
		}
	case r.IntN(6) == 0: // the close of the window
		if w := v.life.open; w != nil {
			return max(now, v.zone.Start(w.Closes+1)-calendar.Instant(r.IntN(2)))
		}
	}
	return now.Add(time.Duration(r.Int64N(int64(h.pace))))
}

func (h *habits) next(r *rand.Rand, v *living) act {
	at := h.when(r, v)
	v.life.Until(at) // so that amounts are those of then
	return act{at: at, command: h.command(r, v)}
}

func (h *habits) command(r *rand.Rand, v *living) ledger.Command {
	switch n := r.Float64(); {
	case n < h.pays:
		return h.pay(r, v)
	case n < h.pays+0.05:
		return &ledger.Tick{Accounts: []ledger.AccountID{v.id}}
	case n < h.pays+0.05+h.operator:
		return h.operate(r, v)
	case n < h.pays+0.15+h.operator:
		return h.change(r, v)
	case n < h.pays+0.25+h.operator:
		return h.giveBack(r, v)
	}
	return h.buy(r, v)
}

func size(r *rand.Rand) money.Amount {
	switch r.IntN(8) {
	case 0:
		return money.Amount(1 + r.IntN(100))
	case 1:
		return money.Amount(1 + r.IntN(3000_00))
	}
	return money.Amount(1 + r.IntN(300_00))
}

func (h *habits) buy(r *rand.Rand, v *living) ledger.Command {
	if r.IntN(4) == 0 {
		for _, o := range v.orders {
			if o.held > 0 && r.IntN(2) == 0 {
				return &ledger.CaptureHold{Authorization: ledger.AuthorizationID{Account: v.id, N: o.n}, Currency: "CNY",
					Amount: pick(r, 0, 1+money.Amount(r.Int64N(int64(o.held))), min(o.held, 1+money.Amount(r.IntN(200)))), Final: r.IntN(4) == 0}
			}
		}
	}
	h.orders++
	p := ledger.Purchase{
		Account: v.id, Scene: scene(r), Carrier: carrier(r), Phone: "p", Currency: "CNY", Amount: size(r),
		Order: ledger.OrderID(fmt.Sprint("o", h.orders)),
	}
	if r.Float64() < h.plans {
		o := pick(r, v.versions[v.life.accepted].Installments.Offers...)
		p.Plan = ledger.PlanChoice{Method: o.Method, Months: o.Months}
		p.Amount = max(pick(r, p.Amount, p.Amount, o.SmallestPrincipal+money.Amount(r.IntN(300))), o.SmallestPrincipal-money.Amount(r.IntN(2)*r.IntN(2)))
	}
	switch r.IntN(6) {
	case 0, 1:
		return &ledger.Authorize{Purchase: p, Lifetime: pick(r, 0, 48*time.Hour, 29*24*time.Hour)}
	case 2:
		p.Plan = ledger.PlanChoice{}
		return &ledger.Advise{Purchase: p, SaleTime: v.life.now}
	}
	return &ledger.Charge{Purchase: p}
}

// amount is mostly one that means something: a debt, the penalty, all.
func (h *habits) amount(r *rand.Rand, v *living) money.Amount {
	d := v.life.Dues()
	all := money.Amount(0)
	var of []money.Amount
	for _, o := range d.Debts {
		of = append(of, o.Total(), o.AllPrincipal(), o.Penalty+o.Interest+o.Fee, o.Total()-1)
		all += o.Total()
	}
	of = append(of, all, all+total(d.Open.Purchases)+d.Open.Fee, d.WrittenOff)
	if n := len(v.life.statements); n > 0 {
		of = append(of, v.life.statements[n-1].Minimum, v.life.statements[n-1].Total())
	}
	a := of[r.IntN(len(of))]
	switch r.IntN(6) {
	case 0:
		a = size(r)
	case 1:
		a += size(r)
	case 2:
		a -= min(a, size(r))
	}
	return max(1, a)
}

func (h *habits) pay(r *rand.Rand, v *living) ledger.Command {
	if c := v.life.late.collections; len(c) > 0 && r.IntN(2) == 0 {
		o := c[len(c)-1-r.IntN(min(len(c), 3))]
		if o.line != nil && r.IntN(20) > 0 || r.IntN(30) == 0 {
			return h.reportLine(r, v, o)
		}
		return &ledger.ReportCollection{Account: v.id, Item: uint32(o.item), Succeeded: r.IntN(3) > 0, ValueDate: h.value(r, v), Reason: "x", Reference: "y"}
	}
	if r.IntN(60) == 0 {
		return &ledger.ReverseRepayment{Account: v.id, Item: uint32(r.IntN(len(v.life.items) + 2)), Reason: "mistaken"}
	}
	if n := len(v.life.payments); n > 0 && r.IntN(6) == 0 {
		p := v.life.payments[n-1-min(r.IntN(n), r.IntN(n))]
		return &ledger.ReverseRepayment{Account: v.id, Item: uint32(p.item), Reason: "bounced"}
	}
	return &ledger.PostRepayment{Account: v.id, Currency: "CNY", Amount: h.amount(r, v), ValueDate: h.value(r, v), Reference: "bank"}
}

// reportLine is what a carrier says of a line: mostly all, often of an odd day, and now and then what it said before.
func (h *habits) reportLine(r *rand.Rand, v *living, o collecting) ledger.Command {
	c := &ledger.ReportBatchLine{Caller: "cmcc", Account: v.id, Item: uint32(o.item), Currency: "CNY", Reference: "y", Reason: "x",
		Outcome: pick(r, ledger.OutcomeCollected, ledger.OutcomeCollected, ledger.OutcomePartly, ledger.OutcomeRefused)}
	switch c.Outcome {
	case ledger.OutcomeCollected:
		c.Amount = o.amount
	case ledger.OutcomePartly:
		c.Amount = 1 + money.Amount(r.Int64N(int64(o.amount)))
	}
	if o.line != nil && o.line.collected != 0 && r.IntN(3) == 0 {
		c.Amount, c.Outcome = o.line.collected, ledger.OutcomePartly
		if c.Amount == o.amount {
			c.Outcome = ledger.OutcomeCollected
		}
	}
	if c.Outcome != ledger.OutcomeRefused && r.IntN(20) == 0 {
		c.Amount = o.amount + money.Amount(r.IntN(2))
	}
	if c.Outcome != ledger.OutcomeRefused && r.IntN(3) == 0 {
		c.ValueDate = pick(r, o.day.AddDays(r.IntN(20)-1), v.life.today.AddDays(r.IntN(2)), v.life.today.AddDays(-r.IntN(30)))
	}
	return c
}

func (h *habits) value(r *rand.Rand, v *living) calendar.Date {
	if r.Float64() >= h.sloppy {
		return 0
	}
	switch r.IntN(8) {
	case 0:
		return v.life.earliest().AddDays(r.IntN(3) - 1)
	case 1:
		return v.life.today.AddDays(r.IntN(2))
	}
	return max(v.life.earliest(), v.life.today.AddDays(-r.IntN(25)))
}

func (h *habits) giveBack(r *rand.Rand, v *living) ledger.Command {
	for range 4 {
		if len(v.orders) == 0 {
			break
		}
		o := v.orders[len(v.orders)-1-min(r.IntN(len(v.orders)), r.IntN(len(v.orders)))]
		left := o.captured - o.refunded
		switch {
		case r.IntN(6) == 0:
			return &ledger.Reverse{Account: v.id, Order: o.order}
		case left > 0:
			amount := left
			if r.IntN(2) == 0 {
				amount = 1 + money.Amount(r.Int64N(int64(left)))
			}
			return &ledger.RefundCapture{Authorization: ledger.AuthorizationID{Account: v.id, N: o.n}, Currency: "CNY", Amount: amount}
		}
	}
	return &ledger.RefundCredit{Account: v.id, Currency: "CNY", Amount: pick(r, 0, 0, size(r))}
}

// change is what a consumer may ask for.
func (h *habits) change(r *rand.Rand, v *living) ledger.Command {
	switch r.IntN(9) {
	case 0:
		return &ledger.SetStatementDay{Account: v.id, Day: calendar.StatementDay(1 + r.IntN(28))}
	case 1:
		c := &ledger.SetChannel{Account: v.id, Channel: pick(r, ledger.DirectDebit, ledger.OnCarrier, ledger.OnCarrier, ledger.ByHand)}
		if c.Channel == ledger.OnCarrier {
			c.Payer = ledger.Payer{Carrier: pick[ledger.CarrierID](r, "cmcc", "cmcc", "ctcc"), Phone: "p"}
		}
		return c
	case 2:
		return &ledger.AcceptTerms{Account: v.id, Version: v.versions[r.IntN(h.versions)].Version}
	case 3:
		return &ledger.RefundCredit{Account: v.id, Currency: "CNY", Amount: pick(r, 0, v.life.credit, 1)}
	case 4, 5:
		c := &ledger.PayOffPlan{Account: v.id}
		if n := int(v.life.lastPlan); n > 0 && r.IntN(4) > 0 {
			c.Plan = uint32(1 + r.IntN(n))
		}
		return c
	}
	c := &ledger.PlanStatement{Account: v.id, Opens: v.life.windowOf(v.life.today).Opens}
	if n := len(v.life.statements); n > 0 {
		c.Opens = v.life.statements[n-1-min(r.IntN(n), r.IntN(2))].Opens
	}
	o := pick(r, v.versions[v.life.accepted].Installments.Offers...)
	c.Choice = ledger.PlanChoice{Method: o.Method, Months: o.Months}
	return c
}

// operate is what an operator may do.
func (h *habits) operate(r *rand.Rand, v *living) ledger.Command {
	switch r.IntN(9) {
	case 8:
		h.carriers++
		return &ledger.PutCarrier{ID: pick[ledger.CarrierID](r, "cmcc", "ctcc"), Version: h.carriers, Shards: 1,
			Settings: ledger.CarrierSettings{Name: "C", Collects: r.IntN(3) > 0, Principals: []ledger.Caller{"cmcc"}}}
	case 0:
		return &ledger.Freeze{Account: v.id, Reason: "asked"}
	case 1:
		return &ledger.Unfreeze{Account: v.id, Reason: "resolved"}
	case 2, 3:
		return &ledger.ReageDebt{Account: v.id, Windows: 2 + r.IntN(12), Reason: "hardship"}
	case 4:
		from := v.life.today.AddDays(pick(r, 0, r.IntN(20)-r.IntN(2)))
		return &ledger.PausePenalty{Account: v.id, Pause: ledger.Pause{From: from, To: from.AddDays(pick(r, -1, r.IntN(40), r.IntN(40), r.IntN(40)))}, Reason: "hardship"}
	}
	c := &ledger.WaiveCharges{Account: v.id, Currency: "CNY", Part: pick(r, ledger.PenaltyPart, ledger.PenaltyPart, ledger.InterestPart, ledger.FeePart), Reason: "sorry"}
	c.Opens = v.life.windowOf(v.life.today).Opens
	if list := v.life.owing(); len(list) > 0 && r.IntN(4) > 0 {
		d := list[r.IntN(len(list))]
		c.Opens = d.Opens
		if r.IntN(2) == 0 {
			c.Amount = max(0, d.of(c.Part)-money.Amount(r.IntN(3)-1))
		}
	}
	return c
}
