package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// Workload makes commands up: a few hot accounts and many others, amounts about the limits, retries of old requests,
// request ids used again for something else, order ids used again, names of things that are not there, and a clock
// that mostly creeps and now and then jumps. The same seed makes the same commands, as long as Saw is told the same.
//
// The zero value will not do: make one with NewWorkload. It is not for use by several goroutines at once.
type Workload struct {
	Now calendar.Instant // never goes back

	options  Options
	requests int
	orders   int
	accounts int    // asked to be opened
	opened   uint64 // the newest that was
	writes   []ledger.Command
	holds    []ledger.AuthorizationID // made, the newest last
	used     []usedOrder
	moments  []moment
	stopped  []ledger.Scope         // suspended, as far as it knows
	focus    ledger.AuthorizationID // what the next command on a hold is about, if anything
	dues     []seenDues             // the newest last
	bounce   ledger.Command         // what comes next, if anything

	carriers int    // registered at first
	versions uint32 // of carriers, so far
	settling map[ledger.CarrierID]*ledger.Settlement
	cuts     map[ledger.CarrierID]ledger.Cut
	cutting  ledger.CarrierID // whose shard was asked last to be cut

	applicants int                    // who applied, as far as it knows
	applied    []ledger.ApplicationID // the newest last
	reviews    []ledger.ReviewID      // the newest last
}

// moment is an instant at which something about an authorization runs out.
type moment struct {
	at calendar.Instant
	id ledger.AuthorizationID
}

// Options say what kind of workload it is to be.
type Options struct {
	Shard    uint16
	Accounts int     // to begin with
	Hot      int     // how many of the newest get half of the commands
	Jumps    float64 // how often the clock jumps by hours or days: a probability
	Zone     calendar.Zone
	Terms    *terms.Terms
	Callers  int // at least 1

	// Debts has what is owed paid, planned and changed, besides. The model knows the numbers of items only where nothing is told
	// of debts: the terms must have no notices, and accounts are opened with nothing to be collected.
	Debts bool
	// Carriers has carriers registered, with fees, products and days that end at cut-offs in two zones.
	Carriers bool
	// Applications has consumers apply, accept, ask for reviews and have things erased, besides.
	Applications bool
}

type usedOrder struct {
	caller  ledger.Caller
	order   ledger.OrderID
	account ledger.AccountID
}

// remembered bounds what a workload remembers of each kind.
const remembered = 512

// NewWorkload is a workload that begins at an instant.
func NewWorkload(start calendar.Instant, o Options) *Workload {
	o.Callers = max(o.Callers, 1)
	o.Hot = max(1, min(o.Hot, o.Accounts))
	return &Workload{Now: start, options: o, settling: map[ledger.CarrierID]*ledger.Settlement{}, cuts: map[ledger.CarrierID]ledger.Cut{}}
}

// Next is the next command, to be carried out at w.Now. First come carriers, and the openings of the accounts.
func (w *Workload) Next(r *rand.Rand) ledger.Command {
	if w.options.Carriers && w.carriers < len(registered) {
		w.carriers++
		return w.write(w.putCarrier(r, registered[w.carriers-1]))
	}
	if w.accounts < w.options.Accounts {
		return w.write(w.open(r))
	}
	if c := w.bounce; c != nil {
		w.bounce = nil
		return w.write(c)
	}
	w.tick(r)
	switch n := r.IntN(100); {
	case n < 6 && len(w.writes) > 0:
		return w.writes[r.IntN(len(w.writes))] // sent again
	case n < 8 && len(w.writes) > 0:
		return w.reused(r)
	}
	c := w.command(r)
	if w.focus.N != 0 {
		if c = w.onHold(r); r.IntN(3) == 0 {
			c = &ledger.GetAuthorization{Authorization: w.focus}
		}
		w.focus = ledger.AuthorizationID{}
	}
	if Request(c) != nil {
		return w.write(c)
	}
	return c
}

// Saw tells the workload what came of a command, so that it can ask for more of the same.
func (w *Workload) Saw(out ledger.Outcome) {
	w.sawDebts(out)
	w.sawDossier(out.Dossier)
	w.sawSettlement(out.Settlement)
	if out.Account != nil {
		w.opened = max(w.opened, out.Account.ID.Number())
	}
	if out.Fault == nil && !out.Replayed && out.Authorization.State.Open() {
		w.holds = keep(w.holds, out.ID)
		w.moments = keep(w.moments, moment{out.Authorization.Expires, out.ID})
		w.moments = keep(w.moments, moment{out.Authorization.Expires.Add(w.options.Terms.Authorizations.LateCapture), out.ID})
	}
}

func keep[T any](list []T, v T) []T {
	if len(list) >= remembered {
		list = list[1:]
	}
	return append(list, v)
}

// tick moves the clock: mostly by little, or not at all.
func (w *Workload) tick(r *rand.Rand) {
	switch {
	case r.Float64() < w.options.Jumps:
		jumps := []time.Duration{30 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 31 * 24 * time.Hour, 401 * 24 * time.Hour}
		w.Now = w.Now.Add(jumps[min(r.IntN(len(jumps)), r.IntN(len(jumps)))])
	case len(w.moments) > 0 && r.IntN(30) == 0: // to the instant at which something runs out, or to just before it
		m := w.moments[r.IntN(len(w.moments))]
		if at := m.at - calendar.Instant(r.IntN(2)); at > w.Now && at < w.Now.Add(time.Duration(r.IntN(6))*time.Hour) {
			w.Now, w.focus = at, m.id
		}
	case r.IntN(120) == 0: // to the turn of the day, or a moment before it
		w.Now = max(w.Now, w.options.Zone.Start(w.options.Zone.DateAt(w.Now).AddDays(1))-calendar.Instant(r.IntN(2)))
	case r.IntN(3) > 0:
		w.Now = w.Now.Add(time.Duration(r.Int64N(int64(20 * time.Second))))
	}
}

// write gives a command a new request id and remembers it.
func (w *Workload) write(c ledger.Command) ledger.Command {
	w.requests++
	Request(c).ID = ledger.RequestID(fmt.Sprintf("r%d", w.requests))
	w.writes = keep(w.writes, c)
	return c
}

// reused is a new command under an old request id.
func (w *Workload) reused(r *rand.Rand) ledger.Command {
	for {
		c := w.command(r)
		if to := Request(c); to != nil {
			*to = *Request(w.writes[r.IntN(len(w.writes))])
			return c
		}
	}
}

// command is a command of any kind, without a request id.
func (w *Workload) command(r *rand.Rand) ledger.Command {
	if w.options.Debts && r.IntN(6) == 0 {
		return w.onDebts(r)
	}
	if w.options.Applications && r.IntN(4) == 0 {
		return w.onApplications(r)
	}
	switch n := r.IntN(100); {
	case n < 30:
		return w.authorize(r)
	case n < 36:
		c := &ledger.Charge{Request: w.request(r), Purchase: w.purchase(r, w.caller(r), false)}
		c.Reference = sale("charged", c.Amount)
		return c
	case n < 39:
		caller := w.caller(r)
		p := w.purchase(r, caller, false)
		p.Plan = ledger.PlanChoice{}
		return &ledger.Advise{Request: ledger.Request{Caller: caller}, Purchase: p,
			SaleTime: w.Now.Add(time.Duration(r.IntN(20)-18) * time.Minute), Reference: sale("advised", p.Amount)}
	case n < 77:
		return w.onHold(r)
	case n < 82:
		return w.reverse(r)
	case n < 91:
		return w.onAccount(r)
	case n < 93:
		return w.byOperator(r)
	case n < 96 && w.options.Carriers:
		return w.onCarriers(r)
	}
	return w.reading(r)
}

func (w *Workload) caller(r *rand.Rand) ledger.Caller {
	return ledger.Caller(fmt.Sprintf("caller-%d", r.IntN(w.options.Callers)))
}

func (w *Workload) request(r *rand.Rand) ledger.Request {
	return ledger.Request{Caller: w.caller(r)}
}

// account is an account: half of the time a hot one, rarely one that is not there. Hot are those opened last, so that
// there are always some that are not used up: nothing is ever repaid here.
func (w *Workload) account(r *rand.Rand) ledger.AccountID {
	n := 1 + r.Uint64N(max(w.opened, 1))
	switch {
	case r.IntN(2) == 0:
		n = uint64(max(1, int(w.opened)-r.IntN(w.options.Hot)))
	case r.IntN(200) == 0:
		n += 1_000_000
	}
	return ledger.NewAccountID(w.options.Shard, n)
}

func scene(r *rand.Rand) ledger.Scene {
	return ledger.Scene(1 + min(r.IntN(ledger.Scenes), r.IntN(ledger.Scenes)))
}

func carrier(r *rand.Rand) ledger.CarrierID {
	return []ledger.CarrierID{"cmcc", "cmcc", "cmcc", "ctcc", "cucc"}[r.IntN(5)]
}

func phone(r *rand.Rand) ledger.PhoneToken {
	return ledger.PhoneToken(fmt.Sprintf("p%d", min(r.IntN(3), r.IntN(3))))
}

func (w *Workload) currency(r *rand.Rand) money.Currency {
	if r.IntN(100) == 0 {
		return "USD"
	}
	return "CNY"
}

// amount is mostly small against a limit of thousands, and now and then about all of it, or far more.
func amount(r *rand.Rand) money.Amount {
	switch r.IntN(10) {
	case 0:
		return 1
	case 1:
		return money.Amount(1 + r.IntN(5000))
	case 2:
		if r.IntN(4) == 0 {
			return money.Amount(1 + r.IntN(20_000))
		}
	}
	return money.Amount(1 + r.IntN(600))
}

// part is an amount of a hold: often all of it, which is 0.
func part(r *rand.Rand) money.Amount {
	if r.IntN(3) == 0 {
		return 0
	}
	return amount(r)
}

// purchase is an order: mostly a new one, else one that was used before, for the same account or another.
func (w *Workload) purchase(r *rand.Rand, caller ledger.Caller, partial bool) ledger.Purchase {
	p := ledger.Purchase{
		Account: w.account(r), Scene: scene(r), Carrier: carrier(r), Phone: phone(r), Currency: w.currency(r), Amount: amount(r),
	}
	if len(w.used) > 0 && r.IntN(6) == 0 {
		old := w.used[r.IntN(len(w.used))]
		if p.Order = old.order; r.IntN(4) > 0 {
			p.Account = old.account
		}
	} else {
		w.orders++
		p.Order = ledger.OrderID(fmt.Sprintf("o%d", w.orders))
	}
	if w.options.Debts && r.IntN(8) == 0 {
		o := w.options.Terms.Installments.Offers[r.IntN(len(w.options.Terms.Installments.Offers))]
		p.Plan = ledger.PlanChoice{Method: o.Method, Months: o.Months}
	}
	if p.Scene == ledger.Bill && r.IntN(2) == 0 {
		p.Bill = ledger.BillID(fmt.Sprintf("b%d", r.IntN(6)))
	}
	if partial && r.IntN(3) == 0 {
		p.Partial = true
		p.Minimum = money.Amount(r.Int64N(int64(p.Amount) + 1))
	}
	w.product(r, &p)
	w.used = keep(w.used, usedOrder{caller, p.Order, p.Account})
	return p
}

func (w *Workload) authorize(r *rand.Rand) ledger.Command {
	caller := w.caller(r)
	c := &ledger.Authorize{Request: ledger.Request{Caller: caller}, Purchase: w.purchase(r, caller, true)}
	if r.IntN(4) == 0 {
		c.Lifetime = []time.Duration{time.Second, 10 * time.Minute, time.Hour, 48 * time.Hour, 31 * 24 * time.Hour}[r.IntN(5)]
	}
	return c
}

// hold is an authorization: mostly a recent hold, else any number on any account.
func (w *Workload) hold(r *rand.Rand) ledger.AuthorizationID {
	if w.focus.N != 0 {
		return w.focus
	}
	if n := len(w.holds); n > 0 && r.IntN(12) > 0 {
		return w.holds[n-1-min(r.IntN(n), r.IntN(min(n, 20)))]
	}
	return ledger.AuthorizationID{Account: w.account(r), N: uint32(r.IntN(40))}
}

// sale tells a capture, or what precedes it, with a carrier's id of the sale or without, as its amount has it.
func sale(name string, amount money.Amount) ledger.CarrierReference {
	if amount%3 == 1 {
		return ledger.CarrierReference(fmt.Sprintf("%s sale %d", name, amount%50))
	}
	return ""
}

func (w *Workload) onHold(r *rand.Rand) ledger.Command {
	id := w.hold(r)
	switch n := r.IntN(100); {
	case n < 45:
		c := &ledger.CaptureHold{Request: w.request(r), Authorization: id, Currency: w.currency(r), Amount: part(r), Final: r.IntN(4) == 0}
		c.Reference = sale("captured", c.Amount)
		return c
	case n < 60:
		c := &ledger.Void{Request: w.request(r), Authorization: id, Amount: part(r)}
		if c.Amount != 0 {
			c.Currency = w.currency(r)
		}
		return c
	case n < 76:
		return &ledger.RefundCapture{Request: w.request(r), Authorization: id, Currency: w.currency(r), Amount: amount(r)}
	case n < 86:
		return &ledger.Increment{Request: w.request(r), Authorization: id, Currency: w.currency(r), Amount: amount(r)}
	case n < 93:
		return &ledger.MarkSubmitted{Request: w.request(r), Authorization: id, Reference: sale("submitted", money.Amount(id.N))}
	}
	return &ledger.Extend{Request: w.request(r), Authorization: id, Lifetime: time.Duration(1+r.IntN(800)) * time.Hour}
}

func (w *Workload) reverse(r *rand.Rand) ledger.Command {
	c := &ledger.Reverse{Request: w.request(r), Account: w.account(r)}
	if len(w.used) > 0 && r.IntN(8) > 0 {
		old := w.used[r.IntN(len(w.used))]
		c.Caller, c.Order = old.caller, old.order
		if r.IntN(8) > 0 {
			c.Account = old.account
		}
		return c
	}
	w.orders++ // one that is not known yet
	c.Order = ledger.OrderID(fmt.Sprintf("o%d", w.orders))
	w.used = keep(w.used, usedOrder{c.Caller, c.Order, c.Account})
	return c
}
