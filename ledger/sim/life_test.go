package sim

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
)

var (
	lives    = flag.Int("sim.lives", 600, "random lives that the ledger is held against")
	lifeSeed = flag.Uint64("sim.life", 0, "the seed of one life to be lived, and told of")
)

// TestLives holds the ledger against the model over many random lives. One that differs is told of with nothing in it
// that is not needed; -sim.life lives it again.
func TestLives(t *testing.T) {
	if *lifeSeed != 0 {
		lived := census{}
		lived.live(t, *lifeSeed)
		return
	}
	many := uint64(*lives)
	if testing.Short() {
		many /= 10
	}
	const parts = 4
	var all [parts]census
	t.Run("random", func(t *testing.T) {
		for part := range parts {
			t.Run(fmt.Sprint(part), func(t *testing.T) {
				t.Parallel()
				all[part] = census{}
				for seed := uint64(part) + 1; seed <= many && !t.Failed(); seed += parts {
					all[part].live(t, seed)
				}
			})
		}
	})
	for _, want := range everLived {
		n := 0
		for _, c := range all {
			n += c[want]
		}
		if n == 0 && !testing.Short() && !t.Failed() {
			t.Errorf("never met: %s", want)
		}
	}
}

// census counts what lives have met.
type census map[string]int

// everLived is what the random lives must have met.
var everLived = []string{
	"WINDOW_CLOSED", "carried", "charged off", "overdue", "REPAYMENT_POSTED", "REPAYMENT_REVERSED", "CREDIT_REFUNDED", "CHARGE_WAIVED",
	"PENALTY_PAUSED", "COLLECTION_ISSUED", "COLLECTION_FAILED", "NOTICE_ISSUED", "CHARGED_OFF", "DEBT_REAGED", "STATEMENT_PLANNED", "PLAN_PAID_OFF",
	"PLAN_ACCELERATED", "PURCHASE_POSTED", "PURCHASE_REFUNDED", "taken back", "frozen", "accelerated, and went on",
	"VALUE_DATE_IN_FUTURE", "VALUE_DATE_TOO_EARLY", "ITEM_NOT_FOUND", "REPAYMENT_REVERSED", "NO_CREDIT_BALANCE", "EXCEEDS_CREDIT_BALANCE",
	"COLLECTION_REPORTED", "NOTHING_OWED", "WAIVES_TOO_MUCH", "DAY_PASSED", "DAYS_OUT_OF_ORDER", "PAUSES_OVERLAP", "NOTHING_OVERDUE",
	"DUE_DATE_PASSED", "ACCOUNT_DELINQUENT", "PLAN_NOT_OFFERED", "PLAN_NOT_FOUND",
	"paid as of before an acceleration", "paused as of a day that was reckoned", "bounced of a debt that others settled",
	"NOT_ON_CARRIERS_BILL", "ON_CARRIERS_BILL", "LINE_AMOUNT", "VALUE_DATE_OUT_OF_RANGE", "CARRIER_DOES_NOT_COLLECT",
	"line PENDING", "line COLLECTED", "line PARTLY", "line REFUSED", "line UNREPORTED", "line REVERSED", "collected after it fell back", "on a bill, and not late", "fell back",
	"bounced and carried no more", "bounced into the debt of a window that was open",
}

// live lives one life, and shrinks it when it differs.
func (c census) live(t *testing.T, seed uint64) {
	b, acts, err := c.random(seed)
	if err == nil {
		return
	}
	if *lifeSeed != 0 {
		b.told = t.Output()
		_ = b.relive(acts)
		b.told = nil
	}
	acts, err = b.shrink(acts, err)
	t.Errorf("%s\n%v", b.tell(acts), err)
}

func (c census) random(seed uint64) (*birth, []act, error) {
	r := rand.New(rand.NewPCG(seed, 7))
	b := randomBirth(r, seed)
	v, err := b.begin()
	if err != nil {
		return b, nil, err
	}
	v.met = c
	h := newHabits(r, b)
	for range h.acts {
		if err := v.do(h.next(r, v)); err != nil {
			return b, v.acts, err
		}
	}
	for _, e := range v.life.items {
		c[e.Kind.String()]++
	}
	c["WINDOW_CLOSED"] += len(v.life.statements)
	return b, v.acts, v.finish()
}
