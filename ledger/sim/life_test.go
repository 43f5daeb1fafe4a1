package sim

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

var (
	lives    = flag.Int("sim.lives", 2000, "random lives that the ledger is held against")
	lifeSeed = flag.Uint64("sim.life", 0, "the seed of one life to be lived, and told of")
)

// act is a command at an instant.
type act struct {
	at      calendar.Instant
	command ledger.Command
	id      int // of its life, the first is 1
	of      int // the act whose payment it undoes, if it does
}

// living is an account of the ledger, alone in its shard, beside its life.
type living struct {
	core     *Core
	life     *Life
	versions []*terms.Terms
	zone     calendar.Zone
	id       ledger.AccountID
	orders   []*bought
	acts     []act
	made     map[int]int // items of payments, by the acts that made them
	checked  int         // statements that have been compared
	told     int         // items that have been compared
	closed   bool
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
}

func (b *birth) begin() (*living, error) {
	v := &living{core: NewCore(0, b.versions[0], b.zone), versions: b.versions, zone: b.zone, made: map[int]int{}}
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
	v.life = NewLife(b.zone, b.versions, b.at, 0, b.open.Day, b.open.Channel)
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
	if known10(v.life, a.command) {
		a.command = &ledger.Tick{Accounts: []ledger.AccountID{v.id}}
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
	want := fault
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
	if err != nil {
		return err
	}
	if want != fault {
		return fmt.Errorf("fault %q, the model says %q", fault, want)
	}
	v.life.Until(a.at)
	return v.compare(a.at)
}

// refer gives an act its number, and an act that undoes a payment the item of that payment, which is another when acts before it
// are left out.
func (v *living) refer(a *act) {
	if a.id == 0 {
		a.id = len(v.acts) + 1
	}
	c, ok := a.command.(*ledger.ReverseRepayment)
	if !ok {
		return
	}
	for id, item := range v.made {
		if a.of == 0 && item == int(c.Item) {
			a.of = id
		}
	}
	if a.of != 0 {
		c.Item = uint32(v.made[a.of])
	}
}

func known10(l *Life, c ledger.Command) bool {
	r, ok := c.(*ledger.ReverseRepayment)
	if !ok {
		return false
	}
	for _, p := range l.payments {
		for _, d := range l.debts {
			for _, m := range d.marks {
				if p.item == int(r.Item) && m.payment == p.item && d.total() == 0 && !slices.Contains(p.settled, d.Opens) {
					return true
				}
			}
		}
	}
	return false
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
	offer, offered := t.Offer(p.Plan.Method, p.Plan.Months)
	if offered && p.Amount >= offer.SmallestPrincipal {
		e, err := offer.Example(p.Amount)
		offered = err == nil && t.Capped(e)
	} else {
		offered = false
	}
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
		if v.told == len(v.life.items) {
			return fmt.Errorf("item %d is %s %+v, the model has none", v.told+1, have.Kind, have)
		}
		if want := v.life.items[v.told]; have != want {
			return fmt.Errorf("item %d is %s %+v, the model says %s %+v", v.told+1, have.Kind, have, want.Kind, want)
		}
	}
}

// relive carries acts out again from the beginning.
func (b *birth) relive(acts []act) error {
	v, err := b.begin()
	if err != nil {
		return err
	}
	for _, a := range acts {
		if err := v.do(a); err != nil {
			return err
		}
	}
	return v.finish()
}

// finish checks what takes long.
func (v *living) finish() error {
	return v.core.Check(v.life.now)
}

// shrink leaves out all acts that are not needed to fail.
func (b *birth) shrink(acts []act, err error) ([]act, error) {
	for size := len(acts) / 2; size > 0; {
		again := false
		for from := 0; from < len(acts); {
			fewer := append(append([]act(nil), acts[:from]...), acts[min(len(acts), from+size):]...)
			if e := b.relive(fewer); e != nil {
				acts, err, again = fewer, e, true
			} else {
				from += size
			}
		}
		if size > 1 || !again {
			size /= 2
		}
	}
	return acts, err
}

// tell writes acts so that people can read them.
func (b *birth) tell(acts []act) string {
	var s strings.Builder
	location, _ := time.LoadLocation(b.zone.String())
	fmt.Fprintf(&s, "seed %d, %s, opened %s, day %d, channel %s", b.seed, b.zone, b.at.Time().In(location).Format(time.DateTime), b.open.Day, b.open.Channel)
	base := terms.Default()
	for i, t := range b.versions {
		fmt.Fprintf(&s, "\nterms %d:", i)
		for _, c := range terms.Compare(base, t) {
			fmt.Fprintf(&s, " %v", c)
		}
	}
	for _, a := range acts {
		fmt.Fprintf(&s, "\n%s %s", a.at.Time().In(location).Format("2006-01-02 15:04"), tellCommand(a.command))
	}
	return s.String()
}

// tellCommand leaves out what is always the same.
func tellCommand(c ledger.Command) string {
	switch c := c.(type) {
	case *ledger.Charge:
		return "Charge" + tellPurchase(&c.Purchase)
	case *ledger.Authorize:
		return "Authorize" + tellPurchase(&c.Purchase)
	case *ledger.Advise:
		return "Advise" + tellPurchase(&c.Purchase)
	case *ledger.PostRepayment:
		if c.ValueDate == 0 {
			return fmt.Sprintf("PostRepayment %d", c.Amount)
		}
		return fmt.Sprintf("PostRepayment %d value date %s", c.Amount, c.ValueDate)
	case *ledger.WaiveCharges:
		return fmt.Sprintf("WaiveCharges %s %s %d", c.Opens, c.Part, c.Amount)
	case *ledger.PausePenalty:
		return fmt.Sprintf("PausePenalty %s to %s", c.Pause.From, c.Pause.To)
	case *ledger.PlanStatement:
		return fmt.Sprintf("PlanStatement %s %+v", c.Opens, c.Choice)
	}
	return fmt.Sprintf("%T %+v", c, c)
}

func tellPurchase(p *ledger.Purchase) string {
	if p.Plan.Months == 0 {
		return fmt.Sprintf(" %d %s %s", p.Amount, p.Scene, p.Order)
	}
	return fmt.Sprintf(" %d %s %s over %d months %s", p.Amount, p.Scene, p.Order, p.Plan.Months, p.Plan.Method)
}

// TestLives holds the ledger against the model over many random lives. One that differs is told of with nothing in it
// that is not needed; -sim.life lives it again.
func TestLives(t *testing.T) {
	seeds := *lives
	if testing.Short() {
		seeds /= 10
	}
	seen := map[string]int{}
	for seed := uint64(1); seed <= uint64(seeds); seed++ {
		if *lifeSeed != 0 && seed != 1 {
			break
		}
		s := seed
		if *lifeSeed != 0 {
			s = *lifeSeed
		}
		b, acts, err := randomLife(s, seen)
		if err != nil {
			acts, err = b.shrink(acts, err)
			t.Fatalf("%s\n%v", b.tell(acts), err)
		}
	}
	if *lifeSeed == 0 && !testing.Short() {
		for _, want := range lived {
			if seen[want] == 0 {
				t.Errorf("never met: %s", want)
			}
		}
	}
	t.Log(seen)
}

// lived is what the random lives must have met.
var lived = []string{}

func randomLife(seed uint64, seen map[string]int) (*birth, []act, error) {
	r := rand.New(rand.NewPCG(seed, 7))
	b := randomBirth(r, seed)
	v, err := b.begin()
	if err != nil {
		return b, nil, err
	}
	h := newHabits(r, b)
	for range h.acts {
		a := h.next(r, v)
		if err := v.do(a); err != nil {
			return b, v.acts, err
		}
		seen[fmt.Sprintf("%T", a.command)]++
	}
	for _, e := range v.life.items {
		seen[e.Kind.String()]++
	}
	seen["statements"] += len(v.life.statements)
	return b, v.acts, v.finish()
}
