package sim_test

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
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// pointsRun is an account of the ledger beside the model of its points.
type pointsRun struct {
	*rapid.T
	core    *sim.Core
	model   *pointsModel
	account ledger.AccountID
	serial  int
}

// pointsTerms are drawn: coarse points and fine ones, earned or not.
func pointsTerms(t *rapid.T) *terms.Terms {
	product := quiet()
	product.Authorizations.Tolerance, product.Authorizations.MostOpenHolds, product.Authorizations.MostParts = 0, 1000, 1000
	product.Points = terms.Points{
		Worth: money.Amount(rapid.IntRange(1, 7).Draw(t, "worth")), Per: rapid.IntRange(1, 5).Draw(t, "per"), Fewest: rapid.IntRange(1, 3).Draw(t, "fewest"),
		MostShare: terms.Rate(rapid.SampledFrom([]int{1_000_000, 1_000_000, 500_000, 333_300}).Draw(t, "most share")), ValidMonths: rapid.IntRange(1, 3).Draw(t, "months"),
		ExpireWith: terms.ExpireWithMonth, GraceDays: rapid.IntRange(0, 4).Draw(t, "grace"), EarnedOn: terms.EarnedNever,
	}
	if on := rapid.SampledFrom([]terms.EarnedOn{terms.EarnedNever, terms.EarnedOnCapture, terms.EarnedOnRepayment}).Draw(t, "earned on"); on != terms.EarnedNever {
		product.Points.EarnedOn, product.Points.EarnedPerUnit = on, rapid.IntRange(1, 40).Draw(t, "earned")
	}
	return product
}

// TestPointsAgainstEachPoint holds the ledger against a model that has every point by itself, after every command; in the end
// every request is sent again, and the journal is folded anew.
func TestPointsAgainstEachPoint(t *testing.T) {
	met := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		product := pointsTerms(t)
		zone, err := calendar.LoadZone("Asia/Shanghai")
		require.NoError(t, err)
		start := calendar.InstantOf(time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC))
		r := &pointsRun{T: t, core: sim.NewCore(0, product, zone), model: &pointsModel{terms: product, zone: zone, now: start, limit: 350}}
		r.core.Every = 8
		opened := r.apply(&ledger.OpenAccount{Request: r.request(), Consumer: "c", Currency: "CNY", Limit: 350, Lines: []ledger.LineOpening{
			{Scene: ledger.TopUp, Limit: 350, Agreement: "v1", Accepted: "v1"},
		}})
		r.account = opened.Account.ID
		snapshots := []*sim.Book{r.core.Book.Clone()}
		for range rapid.IntRange(30, 80).Draw(t, "steps") {
			met[r.step()]++
			r.compare()
		}
		snapshots = append(snapshots, r.core.Book.Clone())
		require.NoError(t, r.core.Check(r.model.now))
		require.NoError(t, r.core.AskAgain(r.model.now))
		require.NoError(t, r.core.Refold(snapshots, rand.New(rand.NewPCG(1, 2))))
		r.compareStatements()
	})
	if testing.Short() {
		return // fewer runs need not meet everything
	}
	for _, want := range []string{
		"grant", "authorize", "authorize in part", "declined for points", "declined for the limit", "out of range", "charge", "advise", "capture", "capture late", "void",
		"reverse", "refund", "increment", "repay", "wait", "nothing to do",
	} {
		require.NotZero(t, met[want], "never met: %s, but %v", want, met)
	}
}

func (r *pointsRun) request() ledger.Request {
	r.serial++
	return ledger.Request{Caller: "shop", ID: ledger.RequestID(fmt.Sprint("r", r.serial))}
}

func (r *pointsRun) apply(c ledger.Command) ledger.Outcome {
	out, _, err := r.core.Apply(r.model.now, c)
	require.NoError(r, err, "%T %+v", c, c)
	return out
}

func (r *pointsRun) number(name string, from, to int64) int64 {
	return rapid.Int64Range(from, to).Draw(r.T, name)
}

// pick draws an order for which something holds; nil when there is none.
func (r *pointsRun) pick(which func(*pointsOrder) bool) *pointsOrder {
	var list []*pointsOrder
	for _, o := range r.model.orders {
		if which(o) {
			list = append(list, o)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return rapid.SampledFrom(list).Draw(r.T, "order")
}

func (r *pointsRun) id(o *pointsOrder) ledger.AuthorizationID {
	return ledger.AuthorizationID{Account: r.account, N: o.n}
}

// step does something, on both sides, and says what.
func (r *pointsRun) step() string {
	m := r.model
	m.until(m.now.Add(time.Duration(r.number("minutes", 0, 20)) * time.Minute))
	switch r.number("what", 0, 17) {
	case 0, 1, 2:
		last := m.today().AddDays(int(r.number("days", 0, 40)))
		n := r.number("points", 1, 200)
		r.apply(&ledger.GrantPoints{Request: r.request(), Account: r.account, Points: ledger.Points(n), LastDay: last})
		m.add(n, last)
		m.ever.Granted += ledger.Points(n)
		return "grant"
	case 3, 4, 5, 6:
		return r.purchase()
	case 7, 8:
		return r.capture()
	case 9:
		o := r.pick(func(o *pointsOrder) bool { return o.held > 0 })
		if o == nil {
			return "nothing to do"
		}
		amount := r.number("amount", 1, o.held)
		r.apply(&ledger.Void{Request: r.request(), Authorization: r.id(o), Currency: "CNY", Amount: amountOf(amount)})
		m.release(o, amount, m.today())
		o.held -= amount
		return "void"
	case 10:
		return r.reverse()
	case 11, 12:
		o := r.pick(func(o *pointsOrder) bool { return o.captured > o.refunded })
		if o == nil || m.terms.Points.EarnedOn == terms.EarnedOnRepayment && m.repaid > 0 {
			return "nothing to do" // what it leaves to the consumer's credit depends on what it was repaid for
		}
		amount := r.number("amount", 1, o.captured-o.refunded)
		r.apply(&ledger.RefundCapture{Request: r.request(), Authorization: r.id(o), Currency: "CNY", Amount: amountOf(amount)})
		m.refund(o, amount)
		return "refund"
	case 13:
		o := r.pick(func(o *pointsOrder) bool { return o.held > 0 })
		if o == nil || m.left() < 1 {
			return "nothing to do"
		}
		amount := r.number("amount", 1, min(100, m.left()))
		r.apply(&ledger.Increment{Request: r.request(), Authorization: r.id(o), Currency: "CNY", Amount: amountOf(amount)})
		o.authorized, o.held = o.authorized+amount, o.held+amount
		return "increment"
	case 14:
		posted := int64(r.core.Book.Clone().Account(r.account).Posted())
		if posted == 0 {
			return "nothing to do"
		}
		amount := r.number("amount", 1, posted)
		r.apply(&ledger.PostRepayment{Request: r.request(), Account: r.account, Currency: "CNY", Amount: amountOf(amount)})
		m.repaid += amount
		m.earn(terms.EarnedOnRepayment, amount)
		return "repay"
	default:
		m.until(m.now.Add(time.Duration(r.number("hours", 1, 24*20)) * time.Hour))
		r.apply(&ledger.Tick{Accounts: []ledger.AccountID{r.account}})
		return "wait"
	}
}

// purchase asks for an order that points are to pay a part of.
func (r *pointsRun) purchase() string {
	m, amount := r.model, r.number("amount", 1, 400)
	p := ledger.Purchase{Account: r.account, Scene: ledger.TopUp, Order: ledger.OrderID(fmt.Sprint("o", r.serial)), Carrier: "cmcc", Phone: "p", Currency: "CNY",
		Amount: amountOf(amount), Points: ledger.Points(max(0, r.number("points", -60, 100)))}
	if r.number("how", 0, 4) == 0 {
		return r.advise(p)
	}
	charged := r.number("at once", 0, 3) == 0
	p.Partial = !charged && rapid.Bool().Draw(r.T, "partial")
	lifetime := time.Duration(r.number("lifetime", 1, 600)) * time.Hour
	var out ledger.Outcome
	if charged {
		out = r.apply(&ledger.Charge{Request: r.request(), Purchase: p})
	} else {
		out = r.apply(&ledger.Authorize{Request: r.request(), Purchase: p, Lifetime: lifetime})
	}
	if !m.allowed(int64(p.Points), amount) {
		require.NotNil(r, out.Fault)
		require.Equal(r, "POINTS_OUT_OF_RANGE", out.Fault.Reason)
		return "out of range"
	}
	require.Nil(r, out.Fault)
	m.last++
	want, w := m.approves(amount, int64(p.Points), p.Partial), m.wants(int64(p.Points))
	if want == 0 {
		require.Equal(r, ledger.Decline, out.Decision)
		if w.points > int64(len(m.free())) {
			require.True(r, out.Reasons.Has(ledger.PointsInsufficient))
			return "declined for points"
		}
		return "declined for the limit"
	}
	require.Equal(r, ledger.Approve, out.Decision, "%v", out.Reasons)
	o := &pointsOrder{n: m.last, authorized: want}
	s := share{part(w.points, want, amount, true), part(w.worth, want, amount, false)}
	if charged {
		o.captured = want
		m.order(o, s, true)
		o.earned += m.earn(terms.EarnedOnCapture, want-s.worth)
		return "charge"
	}
	o.held, o.expires = want, m.now.Add(lifetime)
	m.order(o, s, false)
	if want < amount {
		return "authorize in part"
	}
	return "authorize"
}

// advise records a sale: as many of the points that were asked for as there are, and as may pay.
func (r *pointsRun) advise(p ledger.Purchase) string {
	m, amount := r.model, int64(p.Amount)
	r.apply(&ledger.Advise{Request: r.request(), Purchase: p, SaleTime: m.now})
	m.last++
	points := min(int64(p.Points), int64(len(m.free())))
	for points > 0 && m.wants(points).worth > part(amount, int64(m.terms.Points.MostShare), 1_000_000, false) {
		points--
	}
	var s share
	if points >= int64(m.terms.Points.Fewest) && m.wants(points).worth > 0 {
		s = m.wants(points)
	}
	o := &pointsOrder{n: m.last, authorized: amount, captured: amount}
	m.order(o, s, true)
	o.earned += m.earn(terms.EarnedOnCapture, amount-s.worth)
	return "advise"
}

func (r *pointsRun) capture() string {
	m := r.model
	o := r.pick(func(o *pointsOrder) bool {
		return o.held > 0 || o.lapsed > 0 && m.now < o.expires.Add(m.terms.Authorizations.LateCapture)
	})
	if o == nil {
		return "nothing to do"
	}
	c := &ledger.CaptureHold{Request: r.request(), Authorization: r.id(o), Currency: "CNY"}
	if o.held == 0 {
		amount := r.number("amount", 1, o.lapsed)
		c.Amount = amountOf(amount)
		r.apply(c)
		o.lapsed, o.captured = o.lapsed-amount, o.captured+amount
		o.earned += m.earn(terms.EarnedOnCapture, amount)
		return "capture late"
	}
	amount := r.number("amount", 1, o.held)
	c.Amount, c.Final = amountOf(amount), rapid.Bool().Draw(r.T, "final")
	r.apply(c)
	paid := m.redeem(o, amount)
	o.held, o.captured = o.held-amount, o.captured+amount
	if c.Final && o.held > 0 {
		m.release(o, o.held, m.today())
		o.held = 0
	}
	o.earned += m.earn(terms.EarnedOnCapture, amount-paid)
	return "capture"
}

func (r *pointsRun) reverse() string {
	m := r.model
	o := r.pick(func(o *pointsOrder) bool { return o.held > 0 && o.captured == o.refunded })
	if o == nil {
		return "nothing to do"
	}
	a, _ := r.core.Book.Clone().Account(r.account).Open(o.n)
	r.apply(&ledger.Reverse{Request: r.request(), Account: r.account, Order: a.Order})
	m.release(o, o.held, m.today())
	o.held = 0
	return "reverse"
}

// compare holds the ledger to the model: the lots to the day, the shares to the minor unit.
func (r *pointsRun) compare() {
	m := r.model
	a := r.apply(&ledger.GetPoints{Account: r.account}).Account
	w := a.Points()
	require.Equal(r, m.lots(), append(ledger.Lots(nil), w.Lots...), "lots")
	var held, financed, onLine int64
	for _, o := range m.orders {
		held += o.pledged.points
		financed += o.financed()
		onLine += o.held - o.pledged.worth
	}
	require.EqualValues(r, held, w.Held, "held")
	require.EqualValues(r, m.short, w.Short, "owed")
	require.Equal(r, m.ever, w.Ever, "ever")
	require.Equal(r, w.Ever.Granted+w.Ever.Earned+w.Ever.Restored, w.Balance()+w.Held+w.Ever.Redeemed+w.Ever.Expired+w.Ever.TakenBack, "conservation")
	require.EqualValues(r, onLine, a.Held(), "held on the line")
	require.EqualValues(r, financed-m.repaid, int64(a.Posted()-a.Billing.Credit), "lent and not repaid")
	for _, o := range m.orders {
		h := r.apply(&ledger.GetAuthorization{Authorization: r.id(o)}).Authorization
		got := h.Points
		if got == nil {
			got = new(ledger.Redemption)
		}
		require.Equal(r, []int64{o.held, o.captured, o.refunded}, []int64{int64(h.Held), int64(h.Captured), int64(h.Refunded)})
		for name, both := range map[string][2]any{
			"decided": {o.decided, got.Decided}, "held": {o.pledged, got.Held}, "redeemed": {o.redeemed, got.Redeemed}, "restored": {o.restored, got.Restored},
		} {
			p := both[1].(ledger.PointsPart)
			require.Equal(r, both[0], share{int64(p.Points), int64(p.Worth)}, "%s of order %d", name, o.n)
		}
		require.Equal(r, [2]int64{o.earned, o.takenBack}, [2]int64{int64(got.Earned), int64(got.TakenBack)}, "earned by order %d", o.n)
	}
}

// compareStatements checks that statements follow each other and add up, and that with what came since they are all that ever
// happened.
func (r *pointsRun) compareStatements() {
	a := r.apply(&ledger.GetPoints{Account: r.account}).Account
	out := r.apply(&ledger.ListStatements{Account: r.account, Limit: 1000})
	w := a.Points()
	var sum, closing ledger.Points
	for _, s := range slices.Backward(out.Billing.Statements) {
		if s.Points == nil {
			require.Zero(r, sum)
			continue
		}
		require.Equal(r, closing, s.Points.Opening)
		require.Equal(r, s.Points.Closing, s.Points.Opening+s.Points.Flows.Sum())
		closing, sum = s.Points.Closing, sum+s.Points.Flows.Sum()
	}
	require.Equal(r, w.Stated.Sum(), sum)
}
