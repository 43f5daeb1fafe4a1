package portfolio_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger"
	"github.com/holdfast-credit/holdfast/ledger/calendar"
	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/sim"
	"github.com/holdfast-credit/holdfast/ledger/terms"
	"github.com/holdfast-credit/holdfast/risk/portfolio"
)

var (
	seed  = flag.Uint64("portfolio.seed", 0, "seed of the random runs; 0 takes the fixed ones")
	steps = flag.Int("portfolio.steps", 5000, "steps of each random run")
)

// product has everything happen soon, and small plans.
func product() *terms.Terms {
	t := terms.Default()
	t.Authorizations.MostOpenHolds = 4
	t.Delinquency.NoticeDays = nil
	for i := range t.Installments.Offers {
		t.Installments.Offers[i].SmallestPrincipal = 125
	}
	return t
}

// world is a workload, with the fold and the truth beside it.
type world struct {
	core   *sim.Core
	work   *sim.Workload
	random *rand.Rand
	terms  *terms.Terms
	zone   calendar.Zone
	fold   *portfolio.Fold
	truth  *truth
	seen   map[string]bool

	points  bool // there are any
	granted int
}

const shard = 3

func newWorld(seed uint64, zone string) *world {
	t, z := product(), must(calendar.LoadZone(zone))
	start := calendar.InstantOf(time.Date(2026, 3, 27, 9, 0, 0, 0, time.UTC))
	w := &world{
		core: sim.NewCore(shard, t, z), random: rand.New(rand.NewPCG(seed, 1)), terms: t, zone: z,
		work: sim.NewWorkload(start, sim.Options{Shard: shard, Accounts: 6, Hot: 5, Jumps: 0.05, Zone: z, Terms: t, Callers: 2, Debts: true, Applications: seed > 4}),
		fold: portfolio.New(shard, t, z), truth: newTruth(shard, t, z), seen: map[string]bool{}, points: seed%3 == 0,
	}
	w.core.Every = 1 << 30
	return w
}

func amount(n int64) money.Amount { return money.Amount(n) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// step carries out a command. What it makes is folded on both sides.
func (w *world) step() error {
	c := w.work.Next(w.random)
	if err := w.pointed(c); err != nil {
		return err
	}
	out, err := w.apply(c)
	w.work.Saw(out)
	return err
}

// pointed has some orders pay with points, the same when they are sent again, and gives their accounts some.
func (w *world) pointed(c ledger.Command) error {
	if !w.points {
		return nil
	}
	var p *ledger.Purchase
	switch c := c.(type) {
	case *ledger.Authorize:
		p = &c.Purchase
	case *ledger.Charge:
		p = &c.Purchase
	default:
		return nil
	}
	if n := len(p.Order) + int(p.Amount); n%3 == 0 {
		p.Points = ledger.Points(p.Amount / 3)
	}
	w.granted++
	_, err := w.apply(&ledger.GrantPoints{
		Request: ledger.Request{Caller: "partner", ID: ledger.RequestID(fmt.Sprint("grant-", w.granted))}, Account: p.Account, Points: 40,
	})
	return err
}

// apply carries out a command, and folds what it makes on both sides.
func (w *world) apply(c ledger.Command) (ledger.Outcome, error) {
	out, entries, err := w.core.Apply(w.work.Now, c)
	if err != nil {
		return out, fmt.Errorf("%T %+v: %w", c, c, err)
	}
	for i := range entries {
		e := &entries[i]
		if err := w.fold.Add(e); err != nil {
			return out, err
		}
		w.truth.add(e)
		if b := ledger.BookingOf(e.Fact); b != nil {
			w.seen[b.Kind.String()] = true
		}
		if p := ledger.PointsOf(e.Fact); p != nil && p.Pledged != 0 {
			w.seen["points"] = true
		}
	}
	return out, nil
}

// TestThePortfolioIsThatOfTheAccounts folds random journals, and reckons the portfolio from the accounts of a real ledger. To
// find a failure again: -portfolio.seed and -portfolio.steps.
func TestThePortfolioIsThatOfTheAccounts(t *testing.T) {
	seeds := []uint64{1, 2, 3, 4, 5, 6}
	if *seed != 0 {
		seeds = []uint64{*seed}
	}
	seen := map[string]bool{}
	rolled := map[portfolio.Bucket]bool{}
	for _, seed := range seeds {
		w := newWorld(seed, []string{"Asia/Shanghai", "America/New_York"}[seed%2])
		for step := range *steps {
			require.NoError(t, w.step(), "seed %d, step %d", seed, step)
			if step%97 == 0 || step == *steps-1 {
				have := w.fold.Portfolio()
				requireSame(t, w.truth.portfolio(), have, "seed %d, step %d", seed, step)
				for _, r := range have.Rolls {
					rolled[r.To] = true
				}
			}
			if step%501 == 500 {
				w.fold = again(t, w)
			}
		}
		for kind := range w.seen {
			seen[kind] = true
		}
	}
	if *seed != 0 {
		return // one run need not meet everything
	}
	for _, kind := range []ledger.BookingKind{
		ledger.WindowClosed, ledger.FellDue, ledger.RepaymentPosted, ledger.RepaymentReversed, ledger.DelinquencyFroze, ledger.ChargedOff,
		ledger.DebtReaged, ledger.StatementPlanned, ledger.PlanAccelerated, ledger.PurchaseRefunded,
	} {
		require.True(t, seen[kind.String()], "no run had %s", kind)
	}
	require.True(t, seen["points"], "no run had points held")
	for _, b := range []portfolio.Bucket{portfolio.NothingOwed, portfolio.Current, "M1", "M2", "M3", "M6", portfolio.ChargedOff} {
		require.True(t, rolled[b], "no account rolled to %s", b)
	}
}

// again is the fold of a checkpoint of the fold.
func again(t *testing.T, w *world) *portfolio.Fold {
	var b bytes.Buffer
	require.NoError(t, w.fold.Write(&b))
	f, err := portfolio.Read(bytes.NewReader(b.Bytes()), shard, w.terms, w.zone)
	require.NoError(t, err)
	require.Equal(t, w.fold.Portfolio(), f.Portfolio())
	return f
}

// requireSame compares row by row, so that what differs can be read.
func requireSame(t *testing.T, want, have *portfolio.Portfolio, format string, args ...any) {
	t.Helper()
	at := fmt.Sprintf(format, args...)
	require.Equal(t, want.Marks, have.Marks, at)
	require.Equal(t, want.Day, have.Day, at)
	require.Equal(t, want.Opened, have.Opened, at)
	rows(t, want.Standing, have.Standing, at)
	rows(t, want.Bands, have.Bands, at)
	rows(t, want.Totals, have.Totals, at)
	rows(t, want.Volumes, have.Volumes, at)
	rows(t, want.Mixes, have.Mixes, at)
	rows(t, want.Codes, have.Codes, at)
	rows(t, want.Ends, have.Ends, at)
	rows(t, want.Rolls, have.Rolls, at)
	rows(t, want.Cohorts, have.Cohorts, at)
	rows(t, want.Origins, have.Origins, at)
	rows(t, want.Firsts, have.Firsts, at)
}

func rows[T any](t *testing.T, want, have []T, at string) {
	t.Helper()
	for i := range min(len(want), len(have)) {
		require.Equal(t, want[i], have[i], "%s: row %d of %T", at, i, want)
	}
	require.Len(t, have, len(want), "%s: %T", at, want)
}
