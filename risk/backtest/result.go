package backtest

import (
	"cmp"
	"math"
	"slices"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Cell is orders together, and what became of them.
type Cell struct {
	Orders      int64
	Asked       money.Amount
	Was         money.Amount // approved
	Would       money.Amount // be approved, at most
	Captured    money.Amount
	Known       int64 // orders whose outcome is known
	Bad         int64 // of which it is bad
	KnownAmount money.Amount
	BadAmount   money.Amount
}

func (c *Cell) add(o *Cell) {
	c.Orders += o.Orders
	c.Asked += o.Asked
	c.Was += o.Was
	c.Would += o.Would
	c.Captured += o.Captured
	c.Known += o.Known
	c.Bad += o.Bad
	c.KnownAmount += o.KnownAmount
	c.BadAmount += o.BadAmount
}

// Interval is the 95 % interval of the bad rate by Wilson's score method, which holds for few orders and for rates near 0 as
// well. Orders of one account are not independent of each other, so in truth it is wider. Both are 0 when nothing is known.
func (c *Cell) Interval() (low, high float64) {
	if c.Known == 0 {
		return 0, 0
	}
	const z = 1.959963984540054
	n := float64(c.Known)
	p := float64(c.Bad) / n
	middle, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, (middle-half)/(1+z*z/n)), min(1, (middle+half)/(1+z*z/n))
}

// Swap is the orders by class.
type Swap [Classes]Cell

func (s *Swap) add(o *Swap) {
	for c := range s {
		s[c].add(&o[c])
	}
}

// Cut is the swap set of the orders that have something in common.
type Cut struct {
	Name string
	Swap Swap
}

func (c Cut) compare(o Cut) int { return cmp.Compare(c.Name, o.Name) }

// Reviews is how many orders a person is to look at.
type Reviews struct {
	Before int64 // by the policy that decided
	After  int64 // by the other
	Both   int64
}

// InCurrency is the result in one currency.
type InCurrency struct {
	Currency     money.Currency
	All          Swap
	Scenes       []Cut
	Carriers     []Cut
	Months       []Cut
	Rules        []Cut // by the rules of the other policy that hold, by their names; an order may be in several
	Shadows      []Cut // what the shadow policies said when the orders were decided, by their versions
	Reviews      Reviews
	Applications Applications // for accounts
	Hint         Cell         // other orders, which were approved, of the accounts with orders that would be newly approved
}

// Result is what a test, or several of different shards, came to.
type Result struct {
	Policy     string // version
	BadDays    int
	First      calendar.Month // of the orders
	Last       calendar.Month
	Until      calendar.Date // up to which outcomes are known
	Currencies []InCurrency  // in order
	Asked      int64         // orders that a policy had been asked about
	Same       int64         // of which the inputs could be made again: the hash in the entry is theirs
}

// shadowed is an order that a shadow policy had a say about.
type shadowed struct {
	order  int32
	policy string
	class  Class
	would  money.Amount
}

func (t *Test) shadow(f *ledger.OrderDecided, at int32) {
	s := shadowed{order: at}
	s.class, s.would = classify(f, &f.Shadow)
	if n := len(t.shadows); n > 0 && t.shadows[n-1].policy == f.Shadow.Policy {
		s.policy = t.shadows[n-1].policy
	} else {
		s.policy = string([]byte(f.Shadow.Policy))
	}
	t.shadows = append(t.shadows, s)
}

// Result is what the test came to, as of the last entry.
func (t *Test) Result() *Result {
	r := &Result{
		Policy: t.options.Policy.Version(), BadDays: t.options.BadDays, Until: t.options.Zone.DateAt(t.last), Asked: t.asked, Same: t.same,
	}
	approves := map[ledger.AccountID]bool{} // accounts with orders that would be newly approved
	for i := range t.orders {
		o := &t.orders[i]
		r.add(t, o)
		if o.class == NewlyApproved || o.class == NewlyInPart {
			approves[o.account] = true
		}
	}
	for i := range t.orders {
		if o := &t.orders[i]; o.class.Decided() && approves[o.account] {
			c := t.cell(o, o.would, r.Until)
			r.of(t.monies[o.currency]).Hint.add(&c)
		}
	}
	for i := range t.shadows {
		s := &t.shadows[i]
		o := &t.orders[s.order]
		c := t.cell(o, s.would, r.Until)
		cut(&r.of(t.monies[o.currency]).Shadows, s.policy)[s.class].add(&c)
	}
	for i := range t.applications {
		a := &t.applications[i]
		c := t.applicationCell(a, r.Until)
		r.of(t.monies[a.currency]).Applications[a.class].add(&c)
	}
	return r
}

// cell is one order.
func (t *Test) cell(o *order, would money.Amount, today calendar.Date) Cell {
	c := Cell{Orders: 1, Asked: o.asked, Was: o.was, Would: would, Captured: o.captured}
	switch t.outcome(o, today) {
	case Bad:
		c.Bad, c.BadAmount = 1, o.captured
		fallthrough
	case Good:
		c.Known, c.KnownAmount = 1, o.captured
	}
	return c
}

func (r *Result) add(t *Test, o *order) {
	if r.First == 0 || o.month < r.First {
		r.First = o.month
	}
	r.Last = max(r.Last, o.month)
	in := r.of(t.monies[o.currency])
	c := t.cell(o, o.would, r.Until)
	in.All[o.class].add(&c)
	cut(&in.Scenes, o.scene.String())[o.class].add(&c)
	cut(&in.Carriers, string(t.carriers[o.carrier]))[o.class].add(&c)
	cut(&in.Months, o.month.String())[o.class].add(&c)
	for i, name := range t.options.Rules {
		if o.rules&(1<<i) != 0 {
			cut(&in.Rules, name)[o.class].add(&c)
		}
	}
	if o.reviewed {
		in.Reviews.Before++
	}
	if o.reviews {
		in.Reviews.After++
	}
	if o.reviewed && o.reviews {
		in.Reviews.Both++
	}
}

// of finds a currency.
func (r *Result) of(c money.Currency) *InCurrency {
	at, found := slices.BinarySearchFunc(r.Currencies, c, func(in InCurrency, c money.Currency) int { return cmp.Compare(in.Currency, c) })
	if !found {
		r.Currencies = slices.Insert(r.Currencies, at, InCurrency{Currency: c})
	}
	return &r.Currencies[at]
}

// cut finds a cut by its name.
func cut(list *[]Cut, name string) *Swap {
	at, found := slices.BinarySearchFunc(*list, Cut{Name: name}, Cut.compare)
	if !found {
		*list = slices.Insert(*list, at, Cut{Name: name})
	}
	return &(*list)[at].Swap
}

// Merge is the results of the shards of one book together, of the same policy.
func Merge(of ...*Result) *Result {
	all := &Result{}
	for _, r := range of {
		all.Policy, all.BadDays = r.Policy, r.BadDays
		if r.First != 0 && (all.First == 0 || r.First < all.First) {
			all.First = r.First
		}
		all.Last, all.Until = max(all.Last, r.Last), max(all.Until, r.Until)
		all.Asked += r.Asked
		all.Same += r.Same
		for i := range r.Currencies {
			from := &r.Currencies[i]
			to := all.of(from.Currency)
			to.All.add(&from.All)
			to.Hint.add(&from.Hint)
			to.Applications.add(&from.Applications)
			to.Reviews.Before += from.Reviews.Before
			to.Reviews.After += from.Reviews.After
			to.Reviews.Both += from.Reviews.Both
			for _, lists := range [][2]*[]Cut{
				{&to.Scenes, &from.Scenes}, {&to.Carriers, &from.Carriers}, {&to.Months, &from.Months}, {&to.Rules, &from.Rules}, {&to.Shadows, &from.Shadows},
			} {
				for j := range *lists[1] {
					cut(lists[0], (*lists[1])[j].Name).add(&(*lists[1])[j].Swap)
				}
			}
		}
	}
	return all
}
