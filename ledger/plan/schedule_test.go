package plan_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/ledger/money"
	"github.com/holdfast-credit/holdfast/ledger/plan"
)

// amounts has small ones, where rounding is all there is, ordinary ones, and the largest.
func amounts() *rapid.Generator[money.Amount] {
	return rapid.Map(rapid.OneOf(rapid.Int64Range(1, 200), rapid.Int64Range(1, 10_000_000), rapid.Int64Range(int64(money.Max)-100, int64(money.Max)), rapid.Int64Range(1, int64(money.Max))),
		func(n int64) money.Amount { return money.Amount(n) })
}

func months() *rapid.Generator[int] {
	return rapid.OneOf(rapid.SampledFrom([]int{1, 2, 3, 6, 12, 24, plan.MaxMonths}), rapid.IntRange(1, plan.MaxMonths))
}

func monthlyRates() *rapid.Generator[plan.MonthlyRate] {
	return rapid.Map(rapid.OneOf(rapid.Int64Range(0, 20_000), rapid.Int64Range(0, int64(plan.MaxMonthlyRate))),
		func(n int64) plan.MonthlyRate { return plan.MonthlyRate(n) })
}

func annualRates() *rapid.Generator[plan.AnnualRate] {
	return rapid.Map(rapid.OneOf(rapid.Int64Range(0, 240_000), rapid.Int64Range(0, int64(plan.MaxAnnualRate))),
		func(n int64) plan.AnnualRate { return plan.AnnualRate(n) })
}

func offers() *rapid.Generator[plan.Offer] {
	return rapid.Custom(func(t *rapid.T) plan.Offer {
		o := plan.Offer{Method: rapid.SampledFrom([]plan.Method{plan.MethodFlatFee, plan.MethodAnnuity, plan.MethodInterestFree}).Draw(t, "method"), Months: months().Draw(t, "months")}
		if o.Method == plan.MethodAnnuity {
			o.Interest = annualRates().Draw(t, "interest")
		} else {
			o.Fee = monthlyRates().Draw(t, "fee")
		}
		return o
	})
}

// nearest is n/d to the nearest integer, half to even, the slow way.
func nearest(n, d *big.Int) money.Amount {
	twice := new(big.Int).Lsh(n, 1)
	twice.Add(twice, d)
	q, rest := new(big.Int).QuoRem(twice, new(big.Int).Lsh(d, 1), new(big.Int))
	if rest.Sign() == 0 && q.Bit(0) == 1 {
		q.Sub(q, big.NewInt(1))
	}
	return money.Amount(q.Int64())
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		amount money.Amount
		parts  int
		want   []money.Amount
	}{
		{100_00, 3, []money.Amount{33_33, 33_33, 33_34}},
		{175_00, 3, []money.Amount{58_33, 58_33, 58_34}},
		{200_00, 3, []money.Amount{66_66, 66_66, 66_68}},
		{5, 9, []money.Amount{0, 0, 0, 0, 0, 0, 0, 0, 5}}, // to the nearest, 1 each would leave -3
		{0, 2, []money.Amount{0, 0}},
		{7, 1, []money.Amount{7}},
	} {
		got, err := plan.Split(c.amount, c.parts)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	for _, c := range []struct {
		amount money.Amount
		parts  int
	}{{-1, 3}, {money.Max + 1, 3}, {1<<63 - 1, 3}, {-1 << 63, 3}, {100, 0}, {100, -1}, {100, plan.MaxMonths + 1}, {100, 1 << 62}} {
		got, err := plan.Split(c.amount, c.parts)
		require.Error(t, err, "%v", c)
		require.Nil(t, got)
	}
}

func TestSplitConserves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount, n := amounts().Draw(t, "amount"), months().Draw(t, "parts")
		parts, err := plan.Split(amount, n)
		require.NoError(t, err)
		sum := money.Amount(0)
		for i, part := range parts {
			sum += part
			require.GreaterOrEqual(t, part, money.Amount(0))
			require.True(t, i == n-1 || part == parts[0])
		}
		require.Equal(t, amount, sum)
		require.GreaterOrEqual(t, parts[n-1], parts[0])
		require.Less(t, parts[n-1]-parts[0], money.Amount(n))
	})
}

// TestFlatFee has the figures of the design.
func TestFlatFee(t *testing.T) {
	s, err := plan.FlatFee(100_00, 3, 8_000)
	require.NoError(t, err)
	require.Equal(t, plan.Schedule{{Number: 1, Principal: 33_33, Fee: 80}, {Number: 2, Principal: 33_33, Fee: 80}, {Number: 3, Principal: 33_34, Fee: 80}}, s)
	require.Equal(t, plan.Installment{Principal: 100_00, Fee: 2_40}, s.Total())
	require.EqualValues(t, 34_13, s[0].Due())

	// Halves go to even: 0.5 % of 1.00, 3.00 and 5.00 minor units a hundred times.
	for principal, fee := range map[money.Amount]money.Amount{100: 0, 300: 2, 500: 2, 700: 4, 101: 1, 99: 0} {
		s, err := plan.FlatFee(principal, 1, 5_000)
		require.NoError(t, err)
		require.Equal(t, fee, s[0].Fee, "%d", principal)
	}
}

func TestInterestFree(t *testing.T) {
	s, err := plan.InterestFree(100_00, 3, 8_000)
	require.NoError(t, err)
	require.Equal(t, plan.Schedule{{Number: 1, Principal: 33_33, Subsidy: 80}, {Number: 2, Principal: 33_33, Subsidy: 80}, {Number: 3, Principal: 33_34, Subsidy: 80}}, s)
	require.EqualValues(t, 33_33, s[0].Due(), "the subsidy is not the consumer's")
	require.EqualValues(t, 2_40, s.Total().Subsidy)
}

// TestAnnuity has the figures of the design.
func TestAnnuity(t *testing.T) {
	payment, err := plan.LevelPayment(1_200_00, 12, 150_000)
	require.NoError(t, err)
	require.EqualValues(t, 108_31, payment)
	s, err := plan.Annuity(1_200_00, 12, 150_000)
	require.NoError(t, err)
	interest := []money.Amount{15_00, 13_83, 12_65, 11_46, 10_25, 9_02, 7_78, 6_52, 5_25, 3_96, 2_66, 1_34}
	left := money.Amount(1_200_00)
	for n, i := range s {
		require.Equal(t, n+1, i.Number)
		require.Equal(t, interest[n], i.Interest)
		require.EqualValues(t, 108_31, i.Due())
		left -= i.Principal
	}
	require.EqualValues(t, 93_31, s[0].Principal)
	require.EqualValues(t, 106_97, s[11].Principal)
	require.Zero(t, left)
	require.Equal(t, plan.Installment{Principal: 1_200_00, Interest: 99_72}, s.Total())
}

func TestTinyAmounts(t *testing.T) {
	for n := range money.Amount(200) {
		for _, o := range []plan.Offer{
			{Method: plan.MethodFlatFee, Months: 24, Fee: 8_000}, {Method: plan.MethodInterestFree, Months: 24, Fee: 8_000},
			{Method: plan.MethodAnnuity, Months: 24, Interest: 150_000}, {Method: plan.MethodAnnuity, Months: 24}, {Method: plan.MethodAnnuity, Months: 60, Interest: plan.MaxAnnualRate},
		} {
			s, err := o.Schedule(n + 1)
			require.NoError(t, err)
			require.NoError(t, s.Check(n+1))
		}
	}
	s, err := plan.FlatFee(1, 24, 8_000)
	require.NoError(t, err)
	require.Equal(t, plan.Installment{Number: 1}, s[0])
	require.Equal(t, plan.Installment{Number: 24, Principal: 1}, s[23])
	s, err = plan.Annuity(1, 24, 150_000)
	require.NoError(t, err)
	require.Equal(t, plan.Installment{Number: 24, Principal: 1}, s[23])
	s, err = plan.Annuity(40, 24, 150_000) // 1.94 a month becomes 2: paid after 20 months
	require.NoError(t, err)
	require.Equal(t, plan.Installment{Number: 20, Principal: 2}, s[19])
	require.Equal(t, plan.Installment{Number: 21}, s[20])
}

// TestLevelPaymentIsExact compares with the formula in rationals, multiplied out one month at a time.
func TestLevelPaymentIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		principal, n, rate := amounts().Draw(t, "principal"), months().Draw(t, "months"), annualRates().Draw(t, "rate")
		payment, err := plan.LevelPayment(principal, n, rate)
		require.NoError(t, err)
		growth, annuity, grown := big.NewRat(12_000_000+int64(rate), 12_000_000), new(big.Rat), big.NewRat(1, 1)
		for range n { // a payment of 1 in each month is worth 1 + g + g^2 + ... in the end
			annuity.Add(annuity, grown)
			grown.Mul(grown, growth)
		}
		want := grown.Mul(grown, new(big.Rat).SetInt64(int64(principal)))
		want.Quo(want, annuity)
		require.Equal(t, nearest(want.Num(), want.Denom()), payment)
	})
	for _, c := range []struct{ principal, want money.Amount }{{1, 0}, {3, 2}, {5, 2}, {7, 4}} { // halves go to even
		payment, err := plan.LevelPayment(c.principal, 2, 0)
		require.NoError(t, err)
		require.Equal(t, c.want, payment)
	}
	payment, err := plan.LevelPayment(200, 1, 30_000) // a twelfth of 3 % on 200 is 0.5
	require.NoError(t, err)
	require.EqualValues(t, 200, payment)
	payment, err = plan.LevelPayment(600, 1, 30_000) // 601.5
	require.NoError(t, err)
	require.EqualValues(t, 602, payment)
}

func TestSchedulesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o, lent := offers().Draw(t, "offer"), amounts().Draw(t, "lent")
		s, err := o.Schedule(lent)
		require.NoError(t, err)
		require.Len(t, s, o.Months)
		require.NoError(t, s.Check(lent))
		total := s.Total()
		require.LessOrEqual(t, total.Due()+total.Subsidy, 7*money.Max)

		left := lent
		for n, i := range s {
			require.Equal(t, n+1, i.Number)
			switch o.Method {
			case plan.MethodFlatFee, plan.MethodInterestFree:
				require.Equal(t, nearest(new(big.Int).Mul(big.NewInt(int64(lent)), big.NewInt(int64(o.Fee))), big.NewInt(1_000_000)), i.Fee+i.Subsidy)
				require.True(t, n == o.Months-1 || i.Principal == s[0].Principal)
				require.Zero(t, i.Interest)
			case plan.MethodAnnuity:
				require.Equal(t, nearest(new(big.Int).Mul(big.NewInt(int64(left)), big.NewInt(int64(o.Interest))), big.NewInt(12_000_000)), i.Interest)
				if left > i.Principal {
					require.Equal(t, s[0].Due(), i.Due(), "the payment is level until nothing is left")
				}
				require.True(t, n == 0 || i.Interest <= s[n-1].Interest)
				require.Zero(t, i.Fee+i.Subsidy)
			}
			left -= i.Principal
		}
		require.Zero(t, left)
	})
}

// TestMoreCostsMore: more principal, a higher rate and, for the payment of a month, fewer months never cost less.
func TestMoreCostsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, fee, rate := months().Draw(t, "months"), monthlyRates().Draw(t, "fee"), annualRates().Draw(t, "rate")
		a, b := amounts().Draw(t, "a"), amounts().Draw(t, "b")
		a, b = min(a, b), max(a, b)
		less, err := plan.FlatFee(a, n, fee)
		require.NoError(t, err)
		more, err := plan.FlatFee(b, n, fee)
		require.NoError(t, err)
		require.LessOrEqual(t, less[0].Fee, more[0].Fee)
		require.LessOrEqual(t, less[0].Principal, more[0].Principal)

		payment := func(principal money.Amount, months int, rate plan.AnnualRate) money.Amount {
			p, err := plan.LevelPayment(principal, months, rate)
			require.NoError(t, err)
			return p
		}
		p := payment(a, n, rate)
		require.LessOrEqual(t, p, payment(b, n, rate))
		require.LessOrEqual(t, p, payment(a, n, max(rate, annualRates().Draw(t, "other rate"))))
		require.LessOrEqual(t, p, payment(a, min(n, months().Draw(t, "other months")), rate))
	})
}

func TestBeyondTheLimits(t *testing.T) {
	ways := map[string]func(money.Amount, int, int64) (plan.Schedule, error){
		"flat_fee": func(a money.Amount, n int, r int64) (plan.Schedule, error) {
			return plan.FlatFee(a, n, plan.MonthlyRate(r))
		},
		"interest_free": func(a money.Amount, n int, r int64) (plan.Schedule, error) {
			return plan.InterestFree(a, n, plan.MonthlyRate(r))
		},
		"annuity": func(a money.Amount, n int, r int64) (plan.Schedule, error) {
			return plan.Annuity(a, n, plan.AnnualRate(r))
		},
		"level": func(a money.Amount, n int, r int64) (plan.Schedule, error) {
			_, err := plan.LevelPayment(a, n, plan.AnnualRate(r))
			return nil, err
		},
	}
	for name, f := range ways {
		for _, c := range []struct {
			amount money.Amount
			months int
			rate   int64
			want   string
		}{
			{0, 3, 0, "principal"}, {-1, 3, 0, "principal"}, {money.Max + 1, 3, 0, "principal"}, {1<<63 - 1, 3, 0, "principal"}, {-1 << 63, 3, 0, "principal"},
			{100, 0, 0, "months"}, {100, -1, 0, "months"}, {100, plan.MaxMonths + 1, 0, "months"}, {100, 1<<63 - 1, 0, "months"},
			{100, 3, -1, "rate"}, {100, 3, int64(plan.MaxAnnualRate) + 1, "rate"}, {100, 3, 1<<63 - 1, "rate"},
		} {
			s, err := f(c.amount, c.months, c.rate)
			require.ErrorContains(t, err, c.want, "%s of %v", name, c)
			require.Nil(t, s)
		}
		_, err := f(money.Max, plan.MaxMonths, int64(plan.MaxMonthlyRate))
		require.NoError(t, err)
	}
}

func TestBadSchedules(t *testing.T) {
	for _, c := range []struct {
		s    plan.Schedule
		want string
	}{
		{plan.Schedule{{Number: 1, Principal: 50}, {Number: 3, Principal: 50}}, "installment 3 comes after 1"},
		{plan.Schedule{{Number: 1, Principal: 110}, {Number: 2, Principal: -10}}, "a part of -10"},
		{plan.Schedule{{Number: 1, Principal: 100, Fee: -1}}, "a part of -1"},
		{plan.Schedule{{Number: 1, Principal: 100, Interest: 1<<63 - 1}}, "a part of 9"},
		{plan.Schedule{{Number: 1, Principal: 100, Subsidy: -1}}, "a part of -1"},
		{plan.Schedule{{Number: 1, Principal: 99}}, "is 99, and 100 was lent"},
		{nil, "is 0, and 100 was lent"},
	} {
		require.ErrorContains(t, c.s.Check(100), c.want)
	}
	var long plan.Schedule
	for n := range plan.MaxMonths + 1 {
		long = append(long, plan.Installment{Number: n + 1})
	}
	require.ErrorContains(t, long.Check(0), "more than")
}
