package terms_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
	"github.com/holdfast-credit/holdfast/ledger/terms"
)

// capped are the terms that ship with another annual cap.
func capped(annual terms.Rate) *terms.Terms {
	t := terms.Default().Clone()
	t.AnnualCap = annual
	return t
}

// drawOffer draws an offer, and a cap that is near what it costs.
func drawOffer(t *testing.T, r *rand.Rand) (terms.Offer, *terms.Terms) {
	o := terms.Offer{PaidBy: terms.Consumer, SmallestPrincipal: 1}
	o.Months = []int{3, 6, 12, 24}[r.IntN(4)]
	if o.Method = plan.MethodAnnuity; r.IntN(2) == 0 {
		o.Method, o.Fee = plan.MethodFlatFee, plan.MonthlyRate(r.IntN(20_000))
	} else {
		o.Interest = plan.AnnualRate(r.IntN(400_000))
	}
	e, err := o.Example(1e10)
	require.NoError(t, err)
	return o, capped(max(100, terms.Rate(e.Nominal)*100+terms.Rate(r.IntN(5)-2)*100))
}

// TestWithinIsCapped: integers say the same of a schedule as the exact annual rate.
func TestWithinIsCapped(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var said [2]int
	for range 400 {
		o, limits := drawOffer(t, r)
		principal := money.Amount(1 + r.Int64N([]int64{30, 3_000, 300_000, 1e9}[r.IntN(4)]))
		e, err := o.Example(principal)
		require.NoError(t, err)
		require.Equal(t, limits.Capped(e), limits.Within(e.Schedule), "%s of %d at %d or %d, %s a year, cap %s",
			o.Name(), principal, o.Fee, o.Interest, e.Nominal, limits.AnnualCap)
		if limits.Within(e.Schedule) {
			said[1]++
		} else {
			said[0]++
		}
	}
	require.Greater(t, min(said[0], said[1]), 50, "both must be said")
}

// TestLowered: whatever an offer costs, of whatever principal, it is lowered to the cap, and only where it must be.
func TestLowered(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	lowered := 0
	for range 400 {
		o, limits := drawOffer(t, r)
		principal := money.Amount(1 + r.Int64N([]int64{30, 3_000, 300_000}[r.IntN(3)]))
		was, err := o.Schedule(principal)
		require.NoError(t, err)
		lower := limits.Lowered(o.Offer, principal)
		is, err := lower.Schedule(principal)
		require.NoError(t, err)
		require.True(t, limits.Within(is))
		if limits.Within(was) {
			require.Equal(t, o.Offer, lower)
			continue
		}
		lowered++
		require.LessOrEqual(t, is.Total().Due(), was.Total().Due())
		dearer := lower
		if o.Method == plan.MethodAnnuity {
			dearer.Interest++
		} else {
			dearer.Fee++
		}
		more, err := dearer.Schedule(principal)
		require.NoError(t, err)
		require.False(t, limits.Within(more), "the next higher price is above the cap")
	}
	require.Greater(t, lowered, 50)
}

// 7.50 over 3 months at 0.8 % is within 14.4 %; 6.50 is above it, because a fee of 5.2 cents is 5 and one of 6 is 6.
func TestOfferedByPrincipal(t *testing.T) {
	limits := capped(150_000)
	for i := range limits.Installments.Offers {
		limits.Installments.Offers[i].SmallestPrincipal = 100
	}
	var refused []money.Amount
	for principal := money.Amount(99); principal <= 400; principal++ {
		if _, ok := limits.Offered(plan.MethodFlatFee, 3, principal); !ok {
			refused = append(refused, principal)
		}
	}
	require.Contains(t, refused, money.Amount(99), "it is below the smallest principal")
	require.Contains(t, refused, money.Amount(190), "1.52 is rounded to 2, which is 15.6 %% a year")
	require.NotContains(t, refused, money.Amount(180), "1.44 is rounded to 1")
	_, ok := limits.Offered(plan.MethodFlatFee, 24, 400)
	require.False(t, ok, "there is no such offer")
}

func BenchmarkCapped(b *testing.B) {
	t := terms.Default()
	for _, o := range t.Installments.Offers {
		b.Run(o.Name()+"/integers", func(b *testing.B) {
			for b.Loop() {
				t.Offered(o.Method, o.Months, 123_456)
			}
		})
		b.Run(o.Name()+"/decimals", func(b *testing.B) {
			for b.Loop() {
				e, _ := o.Example(123_456)
				t.Capped(e)
			}
		})
	}
}
