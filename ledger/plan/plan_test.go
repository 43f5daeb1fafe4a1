package plan_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

func newPlan(t require.TestingT, o plan.Offer, lent money.Amount) plan.Plan {
	p, err := plan.New(o, lent)
	require.NoError(t, err)
	require.NoError(t, p.Check())
	return p
}

func bill(t require.TestingT, p plan.Plan) plan.Plan {
	p, _, err := p.Bill()
	require.NoError(t, err)
	return p
}

func refund(t require.TestingT, p plan.Plan, amount money.Amount) (plan.Plan, plan.Refunded) {
	p, r, err := p.Refund(amount)
	require.NoError(t, err)
	require.NoError(t, p.Check())
	require.Equal(t, amount, r.Taken+r.Credited)
	return p, r
}

// TestRefund has the figures of the design: 4 x 125 with the first already billed, 200 refunded.
func TestRefund(t *testing.T) {
	before := bill(t, newPlan(t, plan.Offer{Method: plan.MethodFlatFee, Months: 4}, 500_00))
	p, r := refund(t, before, 200_00)
	require.Equal(t, plan.Schedule{{Number: 1, Principal: 125_00}, {Number: 2, Principal: 58_33}, {Number: 3, Principal: 58_33}, {Number: 4, Principal: 58_34}}, p.Schedule)
	require.Equal(t, plan.Refunded{Taken: 200_00}, r)
	require.EqualValues(t, 125_00, before.Schedule[1].Principal, "the plan before is as it was")

	p, r = refund(t, p, 200_00) // more than is to come: that goes, and the rest is of what was billed
	require.Equal(t, plan.Schedule{{Number: 1, Principal: 125_00}}, p.Schedule)
	require.Equal(t, plan.Refunded{Taken: 175_00, Credited: 25_00}, r)
	_, _, err := p.Bill()
	require.ErrorIs(t, err, plan.ErrNothingUnbilled)
	same, _, err := p.Refund(100_01)
	require.ErrorIs(t, err, plan.ErrRefundTooLarge)
	require.Equal(t, p, same)
	p, r = refund(t, p, 100_00)
	require.Equal(t, plan.Refunded{Credited: 100_00}, r)
	_, _, err = p.Refund(1)
	require.ErrorIs(t, err, plan.ErrRefundTooLarge)
}

func TestRefundRecomputesFees(t *testing.T) {
	p := bill(t, newPlan(t, plan.Offer{Method: plan.MethodFlatFee, Months: 4, Fee: 8_000}, 500_00))
	p, _ = refund(t, p, 200_00)
	// 175.00 over 3 months is what is left of a plan of 233.33 over 4, of which 0.8 % is 1.87.
	require.Equal(t, plan.Schedule{
		{Number: 1, Principal: 125_00, Fee: 4_00}, {Number: 2, Principal: 58_33, Fee: 1_87}, {Number: 3, Principal: 58_33, Fee: 1_87}, {Number: 4, Principal: 58_34, Fee: 1_87},
	}, p.Schedule)

	p = newPlan(t, plan.Offer{Method: plan.MethodInterestFree, Months: 4, Fee: 8_000}, 500_00)
	p, _ = refund(t, p, 200_00)
	require.Equal(t, plan.Installment{Principal: 300_00, Subsidy: 4 * 2_40}, p.Schedule.Total())

	p = newPlan(t, plan.Offer{Method: plan.MethodAnnuity, Months: 12, Interest: 150_000}, 1_200_00)
	p, _ = refund(t, p, 600_00)
	half, err := plan.Annuity(600_00, 12, 150_000)
	require.NoError(t, err)
	require.Equal(t, half, p.Schedule)

	p = bill(t, newPlan(t, plan.Offer{Method: plan.MethodAnnuity, Months: 12, Interest: 150_000}, 1_200_00))
	p, _ = refund(t, p, 106_69)
	rest, err := plan.Annuity(1_000_00, 11, 150_000)
	require.NoError(t, err)
	require.Equal(t, rest[10].Due(), p.Schedule[11].Due())
	require.Equal(t, 12, p.Schedule[11].Number)

	p = newPlan(t, plan.Offer{Method: plan.MethodFlatFee, Months: 4, Fee: 8_000}, 500_00)
	p, r := refund(t, p, 500_00)
	require.Empty(t, p.Schedule, "what was refunded before anything was billed costs nothing")
	require.Equal(t, plan.Refunded{Taken: 500_00}, r)
}

// TestRefundsMakeNothingDearer: 0.74 over 60 months at 52 % is 4 a month after rounding, and 0.73 is 3. It would be paid
// so much later that the interest would be a fourth more.
func TestRefundsMakeNothingDearer(t *testing.T) {
	p := newPlan(t, plan.Offer{Method: plan.MethodAnnuity, Months: 60, Interest: 523_855}, 74)
	less, err := plan.Annuity(73, 60, 523_855)
	require.NoError(t, err)
	require.Greater(t, less.Total().Interest, p.Schedule.Total().Interest)
	after, _ := refund(t, p, 1)
	require.LessOrEqual(t, after.Schedule.Total().Interest, p.Schedule.Total().Interest)
	require.Equal(t, less.Total().Principal, after.Schedule.Total().Principal)
}

func TestPayOff(t *testing.T) {
	p := bill(t, newPlan(t, plan.Offer{Method: plan.MethodFlatFee, Months: 4, Fee: 8_000}, 500_00))
	for share, fee := range map[plan.Share]money.Amount{0: 0, 1_000_000: 12_00, 500_000: 6_00, 333_333: 4_00, 1_250: 2 /* 1.5 */, 1: 0} {
		paid, last, err := p.PayOff(share)
		require.NoError(t, err)
		require.NoError(t, paid.Check())
		require.Equal(t, plan.Installment{Number: 2, Principal: 375_00, Fee: fee}, last)
		require.Equal(t, plan.Schedule{{Number: 1, Principal: 125_00, Fee: 4_00}, last}, paid.Schedule)
		require.Empty(t, paid.Unbilled())
		_, _, err = paid.PayOff(0)
		require.ErrorIs(t, err, plan.ErrNothingUnbilled)
		_, _, err = paid.Accelerate()
		require.ErrorIs(t, err, plan.ErrNothingUnbilled)
	}
	for _, share := range []plan.Share{-1, 1_000_001, -1 << 63, 1<<63 - 1} {
		same, _, err := p.PayOff(share)
		require.ErrorContains(t, err, "share")
		require.Equal(t, p, same)
	}
	_, last, err := p.Accelerate()
	require.NoError(t, err)
	require.Equal(t, plan.Installment{Number: 2, Principal: 375_00}, last)

	p = bill(t, newPlan(t, plan.Offer{Method: plan.MethodAnnuity, Months: 12, Interest: 150_000}, 1_200_00))
	_, last, err = p.PayOff(1_000_000)
	require.NoError(t, err)
	require.Equal(t, plan.Installment{Number: 2, Principal: 1_200_00 - 93_31}, last, "interest of months to come is not owed")

	p = bill(t, newPlan(t, plan.Offer{Method: plan.MethodInterestFree, Months: 4, Fee: 8_000}, 500_00))
	_, last, err = p.PayOff(500_000)
	require.NoError(t, err)
	require.Equal(t, plan.Installment{Number: 2, Principal: 375_00, Subsidy: 6_00}, last)
}

// TestAnySequence: whatever is done to a plan in whatever order, every minor unit that was lent is billed or refunded.
func TestAnySequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, lent := offers().Draw(t, "offer"), amounts().Draw(t, "lent")
		p := newPlan(t, o, lent)
		var billed plan.Schedule
		refunded := money.Amount(0)
		for range rapid.IntRange(0, 80).Draw(t, "steps") {
			before, schedule := p, slices.Clone(p.Schedule)
			charges := schedule.Total().Interest + schedule.Total().Fee + schedule.Total().Subsidy
			unbilled := p.Unbilled()
			var i plan.Installment
			var err error
			switch rapid.SampledFrom([]string{"bill", "bill", "bill", "refund", "refund", "pay off", "accelerate"}).Draw(t, "step") {
			case "bill":
				p, i, err = p.Bill()
			case "refund":
				amount := money.Amount(rapid.Int64Range(1, max(int64(lent/3), 1)).Draw(t, "amount"))
				var r plan.Refunded
				p, r, err = p.Refund(amount)
				if amount > lent-refunded {
					require.ErrorIs(t, err, plan.ErrRefundTooLarge)
					break
				}
				require.NoError(t, err)
				require.Equal(t, min(amount, unbilled.Total().Principal), r.Taken, "what is to come goes first")
				require.Equal(t, amount-r.Taken, r.Credited)
				refunded += amount
				for n, now := range p.Unbilled() {
					require.LessOrEqual(t, now.Interest, unbilled[n].Interest)
					require.LessOrEqual(t, now.Fee, unbilled[n].Fee)
					require.LessOrEqual(t, now.Subsidy, unbilled[n].Subsidy)
				}
			case "pay off":
				p, i, err = p.PayOff(plan.Share(rapid.Int64Range(0, 1_000_000).Draw(t, "share")))
			case "accelerate":
				p, i, err = p.Accelerate()
			}
			require.NoError(t, p.Check())
			require.Equal(t, schedule, before.Schedule, "the plan before is as it was")
			switch {
			case errors.Is(err, plan.ErrNothingUnbilled):
				require.Empty(t, unbilled)
				require.Equal(t, before, p)
			case i.Number > 0:
				require.Equal(t, len(billed)+1, i.Number)
				billed = append(billed, i)
			}
			total := p.Schedule.Total()
			require.LessOrEqual(t, total.Interest+total.Fee+total.Subsidy, charges, "nothing makes a plan dearer")
			require.Equal(t, billed, append(plan.Schedule(nil), p.Schedule[:p.Billed]...), "what was billed stays")
			require.Equal(t, refunded, p.Taken+p.Credited)
			require.Equal(t, lent, billed.Total().Principal+p.Unbilled().Total().Principal+p.Taken)
		}
		for len(p.Unbilled()) > 0 {
			p = bill(t, p)
		}
		require.Equal(t, lent, p.Schedule.Total().Principal+p.Taken)
	})
}

func TestTwoRefundsAreOneOfTheirSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lent := max(amounts().Draw(t, "lent"), 2)
		p := newPlan(t, offers().Draw(t, "offer"), lent)
		for range rapid.IntRange(0, p.Offer.Months).Draw(t, "billed") {
			p = bill(t, p)
		}
		sum := rapid.Int64Range(2, int64(lent)).Draw(t, "sum")
		first := rapid.Int64Range(1, sum-1).Draw(t, "first")
		once, _ := refund(t, p, money.Amount(sum))
		twice, _ := refund(t, p, money.Amount(first))
		twice, _ = refund(t, twice, money.Amount(sum-first))
		for n := range once.Schedule {
			require.LessOrEqual(t, twice.Schedule[n].Interest, once.Schedule[n].Interest)
			twice.Schedule[n].Interest = once.Schedule[n].Interest
		}
		require.Equal(t, once, twice)
	})
}

func TestBadPlans(t *testing.T) {
	for _, o := range []plan.Offer{
		{}, {Method: 4, Months: 3}, {Method: plan.MethodFlatFee}, {Method: plan.MethodFlatFee, Months: plan.MaxMonths + 1},
		{Method: plan.MethodFlatFee, Months: 3, Fee: -1}, {Method: plan.MethodInterestFree, Months: 3, Fee: plan.MaxMonthlyRate + 1},
		{Method: plan.MethodAnnuity, Months: 3, Interest: plan.MaxAnnualRate + 1},
		{Method: plan.MethodAnnuity, Months: 3, Fee: 1}, {Method: plan.MethodFlatFee, Months: 3, Interest: 1}, {Method: plan.MethodInterestFree, Months: 3, Interest: 1},
	} {
		_, err := plan.New(o, 100)
		require.Error(t, err, "%v", o)
	}
	good := bill(t, newPlan(t, plan.Offer{Method: plan.MethodFlatFee, Months: 4}, 500))
	for what, spoil := range map[string]func(*plan.Plan){
		"offer":     func(p *plan.Plan) { p.Offer.Method = 0 },
		"lent":      func(p *plan.Plan) { p.Lent = 0 },
		"billed":    func(p *plan.Plan) { p.Billed = 5 },
		"unbilled":  func(p *plan.Plan) { p.Billed = -1 },
		"taken":     func(p *plan.Plan) { p.Taken = -1 },
		"all taken": func(p *plan.Plan) { p.Taken = 501 },
		"credited":  func(p *plan.Plan) { p.Credited = 126 },
		"uncredit":  func(p *plan.Plan) { p.Credited = -1 },
		"sum":       func(p *plan.Plan) { p.Taken = 1 },
		"months":    func(p *plan.Plan) { p.Offer.Months = 3 },
		"first":     func(p *plan.Plan) { p.Schedule = p.Schedule[1:] },
	} {
		p := good
		spoil(&p)
		require.Error(t, p.Check(), what)
	}
	for _, amount := range []money.Amount{0, -1, -1 << 63} {
		p, _, err := good.Refund(amount)
		require.ErrorContains(t, err, "at least 1")
		require.Equal(t, good, p)
	}
	_, _, err := good.Refund(1<<63 - 1)
	require.ErrorIs(t, err, plan.ErrRefundTooLarge)
	require.Equal(t, "interest_free", plan.MethodInterestFree.String())
	require.Equal(t, "method 9", plan.Method(9).String())
}
