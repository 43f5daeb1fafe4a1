package backtest_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/feature"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/risk/backtest"
)

var (
	seed  = flag.Uint64("backtest.seed", 0, "seed of the random runs; 0 takes the fixed ones")
	steps = flag.Int("backtest.steps", 4000, "steps of each random run")
)

// other is another policy than sim.Guard, which decides in the runs: it cares for amounts only.
type other struct{ sim.Guard }

func (other) Version() string { return "other" }

func (other) Decide(set *feature.Set) ledger.Verdict {
	switch amount := set.Numbers[feature.OrderAmount]; {
	case amount > 500:
		return ledger.Verdict{Action: ledger.ActionDecline, Rules: 1 << 0}
	case amount > 200:
		return ledger.Verdict{Action: ledger.ActionCap, Cap: 200, Rules: 1 << 1}
	case amount > 100:
		return ledger.Verdict{Action: ledger.ActionReview, Rules: 1 << 2}
	}
	return ledger.Verdict{Action: ledger.ActionApprove}
}

func product() *terms.Terms {
	t := terms.Default()
	t.Authorizations.MostOpenHolds = 4
	t.Delinquency.NoticeDays = nil
	for i := range t.Installments.Offers {
		t.Installments.Offers[i].SmallestPrincipal = 125
	}
	return t
}

// lived is a random journal, decided under Guard, and the accounts as they were after every entry.
type lived struct {
	terms   *terms.Terms
	zone    calendar.Zone
	entries []ledger.Entry
	states  map[ledger.AccountID][]state
}

type state struct {
	day     calendar.Date
	fact    ledger.Fact
	account *ledger.Account
}

const shard = 2

func live(t *testing.T, seed uint64, steps int, applications bool) *lived {
	zone, err := calendar.LoadZone("Asia/Shanghai")
	require.NoError(t, err)
	l := &lived{terms: product(), zone: zone, states: map[ledger.AccountID][]state{}}
	core := sim.NewCore(shard, l.terms, zone)
	core.Every = 1 << 30
	core.Ledger.UsePolicies(sim.Guard{}, sim.NoPolicies)
	random := rand.New(rand.NewPCG(seed, 1))
	work := sim.NewWorkload(calendar.InstantOf(time.Date(2026, 3, 27, 9, 0, 0, 0, time.UTC)), sim.Options{
		Shard: shard, Accounts: 6, Hot: 5, Jumps: 0.03, Zone: zone, Terms: l.terms, Callers: 2, Debts: true, Applications: applications,
	})
	for range steps {
		out, entries, err := core.Apply(work.Now, work.Next(random))
		require.NoError(t, err)
		work.Saw(out)
		l.entries = append(l.entries, entries...)
	}
	follow := sim.NewBook(shard)
	into := ledger.New(follow, l.terms, zone)
	for i := range l.entries {
		e := &l.entries[i]
		into.Fold(e)
		if id := ledger.AccountOf(e.Fact); id != 0 {
			s := state{day: zone.DateAt(e.Time), fact: e.Fact, account: follow.Account(id).Clone()}
			if b := ledger.BookingOf(e.Fact); b != nil {
				s.day = b.Day
			}
			l.states[id] = append(l.states[id], s)
		}
	}
	return l
}

// test tests a policy over the journal.
func (l *lived) test(p ledger.Policy) *backtest.Result {
	book := sim.NewBook(shard)
	test := backtest.New(book, ledger.New(book, l.terms, l.zone), backtest.Options{Policy: p, Rules: []string{"large", "middling", "small"}, Zone: l.zone})
	for i := range l.entries {
		test.Add(&l.entries[i])
	}
	return test.Result()
}

// window is the window in which an order was first captured; 0 when it was not.
func (l *lived) window(f *ledger.OrderDecided) calendar.Date {
	for _, s := range l.states[f.Account] {
		h := ledger.HoldOf(s.fact)
		if h == nil || h.N != f.N {
			continue
		}
		switch c := s.fact.(type) {
		case *ledger.HoldCaptured:
			return s.account.Billing.Open.Opens
		case *ledger.OrderDecided:
			if c.Kind == ledger.OrderCharged {
				return s.account.Billing.Open.Opens
			}
		}
	}
	return 0
}

// outcome goes through all that is known of the account of an order.
func (l *lived) outcome(f *ledger.OrderDecided) backtest.Outcome {
	opens := l.window(f)
	if opens == 0 {
		return backtest.NotCaptured
	}
	today := l.zone.DateAt(l.entries[len(l.entries)-1].Time)
	states := l.states[f.Account]
	billed, owing := false, false
	for i, s := range states {
		until := today
		if i+1 < len(states) {
			until = states[i+1].day
		}
		owing = false
		for _, x := range s.account.Billing.Debts {
			if x.Opens == opens {
				owing = true
				if x.Overdue && until-x.Due >= backtest.DefaultBadDays {
					return backtest.Bad
				}
			}
		}
		b := ledger.BookingOf(s.fact)
		if b == nil {
			continue
		}
		billed = billed || b.Kind == ledger.WindowClosed && b.Opens == opens
		for _, m := range b.Moves {
			if b.Kind == ledger.ChargedOff && m.Opens == opens && m.Plan == 0 {
				return backtest.Bad
			}
		}
	}
	if billed && !owing {
		return backtest.Good
	}
	return backtest.NotKnown
}

// TestWhatAnotherPolicyWouldDecide reckons the swap set from the entries alone, and the outcomes from the accounts after every
// entry.
func TestWhatAnotherPolicyWouldDecide(t *testing.T) {
	seeds := []uint64{1, 2, 3}
	if *seed != 0 {
		seeds = []uint64{*seed}
	}
	var met backtest.Swap
	var bad, good int64
	for _, seed := range seeds {
		l := live(t, seed, *steps, false)
		var want backtest.Swap
		rules := map[string]int64{}
		for i := range l.entries {
			f, ok := l.entries[i].Fact.(*ledger.OrderDecided)
			if !ok || f.Kind == ledger.OrderAdvised {
				continue
			}
			c := backtest.Cell{Orders: 1, Asked: f.Requested, Was: f.Amount}
			class, would := expected(f)
			c.Would = would
			for _, s := range l.states[f.Account] {
				h, ok := s.fact.(*ledger.HoldCaptured)
				if ok && h.N == f.N {
					c.Captured += h.Amount
				}
			}
			if f.Kind == ledger.OrderCharged {
				c.Captured = f.Amount
			}
			switch l.outcome(f) {
			case backtest.Bad:
				c.Known, c.Bad, c.KnownAmount, c.BadAmount = 1, 1, c.Captured, c.Captured
				bad++
			case backtest.Good:
				c.Known, c.KnownAmount = 1, c.Captured
				good++
			}
			add(&want[class], c)
			add(&met[class], c)
			switch {
			case f.Requested > 500:
				rules["large"]++
			case f.Requested > 200:
				rules["middling"]++
			case f.Requested > 100:
				rules["small"]++
			}
		}
		have := l.test(other{})
		require.Len(t, have.Currencies, 1)
		in := have.Currencies[0]
		require.Equal(t, want, in.All, "seed %d", seed)
		require.Equal(t, have.Asked, have.Same, "seed %d: inputs could not be made again", seed)
		for _, list := range [][]backtest.Cut{in.Scenes, in.Carriers, in.Months} {
			require.Equal(t, orders(want), ordersOf(list))
		}
		for _, c := range in.Rules {
			require.Equal(t, rules[c.Name], orders(c.Swap), c.Name)
		}
		twice := backtest.Merge(have, have)
		require.Equal(t, 2*orders(want), orders(twice.Currencies[0].All))
		require.Equal(t, have, backtest.Merge(have))
		require.Equal(t, have, l.test(other{}), "the same journal again")
	}
	for _, c := range []backtest.Class{
		backtest.Kept, backtest.NewlyDeclined, backtest.Capped, backtest.Raised, backtest.NewlyApproved, backtest.NewlyInPart, backtest.StillDeclined, backtest.HardDeclined,
	} {
		require.NotZero(t, met[c].Orders, "no order was %s", c)
	}
	require.Positive(t, bad)
	require.Positive(t, good)
}

// expected says what becomes of an order under the other policy.
func expected(f *ledger.OrderDecided) (backtest.Class, money.Amount) {
	allowed := f.Requested
	if allowed > 500 {
		allowed = 0
	}
	allowed = min(allowed, 200)
	if f.Kind == ledger.OrderDeclined {
		hard := false
		for r := range f.Reasons.All() {
			hard = hard || r != ledger.RiskPolicy
		}
		switch {
		case hard:
			return backtest.HardDeclined, 0
		case allowed == 0:
			return backtest.StillDeclined, 0
		case allowed == f.Requested:
			return backtest.NewlyApproved, allowed
		}
		return backtest.NewlyInPart, allowed
	}
	if f.Verdict.Action != ledger.ActionCap && f.Amount < allowed {
		allowed = f.Amount // a limit let no more pass
	}
	switch {
	case allowed == 0:
		return backtest.NewlyDeclined, 0
	case allowed < f.Amount:
		return backtest.Capped, allowed
	case allowed > f.Amount:
		return backtest.Raised, allowed
	}
	return backtest.Kept, allowed
}

func add(to *backtest.Cell, c backtest.Cell) {
	to.Orders += c.Orders
	to.Asked += c.Asked
	to.Was += c.Was
	to.Would += c.Would
	to.Captured += c.Captured
	to.Known += c.Known
	to.Bad += c.Bad
	to.KnownAmount += c.KnownAmount
	to.BadAmount += c.BadAmount
}

func orders(s backtest.Swap) (n int64) {
	for _, c := range s {
		n += c.Orders
	}
	return n
}

func ordersOf(list []backtest.Cut) (n int64) {
	for _, c := range list {
		n += orders(c.Swap)
	}
	return n
}

// TestThePolicyThatDecidedDecidesTheSame: nothing is swapped.
func TestThePolicyThatDecidedDecidesTheSame(t *testing.T) {
	l := live(t, 4, *steps, false)
	r := l.test(sim.Guard{})
	require.Positive(t, r.Asked)
	for _, c := range []backtest.Class{backtest.NewlyDeclined, backtest.Capped, backtest.Raised, backtest.NewlyApproved, backtest.NewlyInPart} {
		cell := r.Currencies[0].All[c]
		if c == backtest.NewlyInPart {
			continue // declined because the caller takes no part; that it would not is not in the entry
		}
		require.Zero(t, cell.Orders, "%s: %+v", c, cell)
	}
	require.Equal(t, r.Currencies[0].Reviews.Before, r.Currencies[0].Reviews.Both)
}

// TestInterval is of published figures: 0 of 10, 1 of 29 (Brown, Cai and DasGupta 2001 have the formula).
func TestInterval(t *testing.T) {
	for _, c := range []struct {
		bad, of   int64
		low, high float64
	}{{0, 10, 0, 0.2775}, {1, 29, 0.0061, 0.1718}, {5, 10, 0.2366, 0.7634}, {10, 10, 0.7225, 1}} {
		low, high := (&backtest.Cell{Known: c.of, Bad: c.bad}).Interval()
		require.Equal(t, fmt.Sprintf("%.4f %.4f", c.low, c.high), fmt.Sprintf("%.4f %.4f", low, high), "%d of %d", c.bad, c.of)
	}
	low, high := (&backtest.Cell{}).Interval()
	require.Zero(t, low+high)
}
