package sim

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// living is an account of the ledger, alone in its shard, beside its life.
type living struct {
	core     *Core
	life     *Life
	versions []*terms.Terms
	zone     calendar.Zone
	id       ledger.AccountID
	orders   []*bought
	acts     []act
	history  io.Writer
	met      census      // if anybody counts
	made     map[int]int // items of payments, by the acts that made them
	checked  int         // statements that have been compared
	told     int         // items that have been compared

	snapshots []*Book // as of now and then
}

// bought is an authorization as far as a life needs to know it.
type bought struct {
	n                        uint32
	scene                    ledger.Scene
	order                    ledger.OrderID
	plan                     plan.Offer
	held, captured, refunded money.Amount
	expires                  calendar.Instant
}

// birth is what a life begins with.
type birth struct {
	seed     uint64
	zone     calendar.Zone
	versions []*terms.Terms // those from the second on are put
	open     ledger.OpenAccount
	at       calendar.Instant
	told     io.Writer // where the history is told to, if anywhere
}

func (b *birth) begin() (*living, error) {
	v := &living{core: NewCore(0, b.versions[0], b.zone), versions: b.versions, zone: b.zone, made: map[int]int{}, history: b.told}
	v.core.Every = 1 << 30
	for i, t := range b.versions[1:] {
		c := &ledger.PutTerms{Request: ledger.Request{Caller: "terms", ID: ledger.RequestID(t.Version)}, Document: string(terms.Format(t)), Parsed: t}
		if out, _, err := v.core.Apply(b.at, c); err != nil || out.Fault != nil {
			return nil, fmt.Errorf("terms %d: %v %w", i, out.Fault, err)
		}
	}
	open := b.open
	out, _, err := v.core.Apply(b.at, &open)
	if err != nil || out.Fault != nil {
		return nil, fmt.Errorf("open: %v %w", out.Fault, err)
	}
	v.id = out.Account.ID
	put := &ledger.PutCarrier{Request: ledger.Request{Caller: "carrier", ID: "put"}, ID: "cmcc", Version: 1, Shards: 1,
		Settings: ledger.CarrierSettings{Name: "C", Collects: true}}
	if out, _, err := v.core.Apply(b.at, put); err != nil || out.Fault != nil {
		return nil, fmt.Errorf("carrier: %v %w", out.Fault, err)
	}
	v.life = NewLife(b.zone, b.versions, b.at, 0, b.open.Day, b.open.Channel)
	v.life.Do(put)
	return v, nil
}

// do carries a command out on both sides and compares.
func (v *living) do(a act) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	v.life.Until(a.at)
	v.refer(&a)
	if v.met != nil {
		v.met.about(v.life, a.command)
	}
	v.acts = append(v.acts, a)
	if r := Request(a.command); r != nil {
		r.Caller, r.ID = "life", ledger.RequestID(fmt.Sprint("r", len(v.acts)))
	}
	for _, o := range v.orders {
		if a.at >= o.expires {
			o.held = 0
		}
	}
	out, _, err := v.core.Apply(a.at, a.command)
	if err != nil {
		return err
	}
	fault := ""
	if out.Fault != nil {
		fault = out.Fault.Reason
	}
	want, err := v.live(a, out, fault)
	if err != nil {
		return err
	}
	v.count(fault)
	if want != fault {
		return fmt.Errorf("fault %q, the model says %q", fault, want)
	}
	v.life.Until(a.at)
	if len(v.acts)%40 == 0 {
		v.snapshots = append(v.snapshots, v.core.Book.Clone())
	}
	return v.compare(a.at)
}

// live lets a command happen in the life, and answers with the fault that it should have had.
func (v *living) live(a act, out ledger.Outcome, fault string) (want string, err error) {
	want = fault
	switch c := a.command.(type) {
	case *ledger.Charge:
		err = v.bought(&c.Purchase, out, true, false)
	case *ledger.Authorize:
		err = v.bought(&c.Purchase, out, false, false)
	case *ledger.Advise:
		err = v.bought(&c.Purchase, out, true, true)
	case *ledger.CaptureHold:
		if o := v.order(c.Authorization.N); o != nil && fault == "" {
			amount := out.Authorization.Captured - o.captured
			o.captured, o.held = out.Authorization.Captured, out.Authorization.Held
			v.life.Capture(o.n, o.scene, amount, o.plan)
		}
	case *ledger.RefundCapture:
		if o := v.order(c.Authorization.N); o != nil && fault == "" {
			o.refunded += c.Amount
			v.life.Refund(o.n, o.scene, c.Amount)
		}
	case *ledger.Reverse:
		for _, o := range v.orders {
			if o.order == c.Order && fault == "" {
				if left := o.captured - o.refunded; left > 0 {
					v.life.Refund(o.n, o.scene, left)
				}
				o.held, o.refunded = 0, o.captured
			}
		}
	case *ledger.Freeze:
		v.life.Freeze()
	case *ledger.Unfreeze:
		v.life.Unfreeze()
	case *ledger.Tick, *ledger.GetBilling:
	default:
		was := len(v.life.payments)
		if want = v.life.Do(a.command); len(v.life.payments) > was {
			v.made[a.id] = v.life.payments[was].item
		}
	}
	return want, err
}

// count remembers what has been met: lives that never meet a thing test nothing of it.
func (v *living) count(fault string) {
	if v.met == nil {
		return
	}
	v.met[fault]++
	for _, d := range v.life.owing() {
		if due, carried := v.life.dueOf(d); carried {
			v.met["carried"]++
		} else if due < v.life.today {
			v.met["overdue"]++
		}
	}
	if w := v.life.open; w != nil && w.flows.Penalty < 0 {
		v.met["taken back"]++
	}
	if v.life.wentOn > 0 {
		v.met["accelerated, and went on"]++
	}
	for _, b := range v.core.Book.shard.Batches {
		for o, s := range b.By {
			v.met[fmt.Sprint("line ", ledger.BatchOutcome(o))] += int(s.Lines)
		}
	}
	for _, o := range v.life.late.collections {
		if d := v.life.debtOf(o.opens); o.line != nil && !o.done && d.grace > v.life.today && d.Due < v.life.today {
			v.met["on a bill, and not late"]++
		} else if o.line != nil && o.line.outcome == ledger.OutcomeUnreported && d.total() != 0 && v.life.payBy(d) < v.life.today {
			v.met["fell back"]++
		} else if o.line != nil && o.line.late {
			v.met["collected after it fell back"]++
		}
	}
	if v.life.late.holds {
		v.met["frozen"]++
	}
	if v.life.writtenOff > 0 {
		v.met["charged off"]++
	}
}

func (v *living) order(n uint32) *bought {
	for _, o := range v.orders {
		if o.n == n {
			return o
		}
	}
	return nil
}

// bought takes an order over from the ledger's answer, which must be declined for the right reasons.
func (v *living) bought(p *ledger.Purchase, out ledger.Outcome, captured, advised bool) error {
	if out.Fault != nil {
		return fmt.Errorf("an order was refused: %w", out.Fault)
	}
	t := v.versions[v.life.accepted]
	offer, offered := offered(t, p.Plan, p.Amount)
	var want ledger.Reasons
	if v.life.status == ledger.AccountFrozen {
		want.Add(ledger.AccountIsFrozen)
	}
	if v.life.Stopped() {
		want.Add(ledger.AccountDelinquent)
	}
	if p.Plan.Months != 0 && !offered {
		want.Add(ledger.PlanNotOffered)
	}
	if out.Reasons != want {
		return fmt.Errorf("reasons %s, the model says %s", out.Reasons, want)
	}
	if want != 0 && !advised {
		return nil
	}
	o := &bought{n: out.ID.N, scene: p.Scene, order: p.Order, expires: out.Authorization.Expires}
	if p.Plan.Months != 0 && offered {
		o.plan = offer.Offer
	}
	if v.orders = append(v.orders, o); captured {
		o.captured = p.Amount
		v.life.Capture(o.n, o.scene, o.captured, o.plan)
	} else {
		o.held = p.Amount
	}
	return nil
}

// compare holds what is owed, all statements and the history against the model.
func (v *living) compare(now calendar.Instant) error {
	out, _, err := v.core.Apply(now, &ledger.GetBilling{Account: v.id})
	if err != nil {
		return err
	}
	if out.Fault != nil {
		return out.Fault
	}
	for ; v.checked < len(v.life.statements); v.checked++ {
		want := v.life.statements[v.checked]
		have := v.core.Book.statements[statementKey{v.id, want.Opens}]
		if have == nil {
			return fmt.Errorf("there is no statement of %s", want.Opens)
		}
		if err := CompareStatement(have, want); err != nil {
			return err
		}
	}
	dues := v.life.Dues()
	if v.history != nil {
		fmt.Fprintf(v.history, "%s %+v\n", now.Time().Format(time.DateTime), dues)
	}
	if err := dues.Compare(DuesOf(out.Billing.Account, v.life.today)); err != nil {
		return err
	}
	for ; ; v.told++ {
		item := v.core.Book.items[itemKey{v.id, uint32(v.told + 1)}]
		if item == nil && v.told == len(v.life.items) {
			return nil
		}
		if item == nil {
			return fmt.Errorf("there is no item %d, the model says %s %+v", v.told+1, v.life.items[v.told].Kind, v.life.items[v.told])
		}
		have := Event{item.Kind, item.Day, item.ValueDate, item.About, item.Amount}
		if v.history != nil {
			fmt.Fprintf(v.history, "%s %s %+v\n", now.Time().Format(time.DateTime), have.Kind, have)
		}
		if v.told == len(v.life.items) {
			return fmt.Errorf("item %d is %s %+v, the model has none", v.told+1, have.Kind, have)
		}
		if want := v.life.items[v.told]; have != want {
			return fmt.Errorf("item %d is %s %+v, the model says %s %+v", v.told+1, have.Kind, have, want.Kind, want)
		}
	}
}

// finish checks what takes long.
func (v *living) finish() error {
	if err := v.core.Check(v.life.now); err != nil {
		return err
	}
	return v.core.Refold(v.snapshots, rand.New(rand.NewPCG(uint64(len(v.acts)), 3)))
}
