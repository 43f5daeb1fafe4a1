package plan

import (
	"fmt"
	"math/big"
	"math/bits"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// MonthlyRate is a fee for each month in millionths of the original principal: 0.8 % is 8,000.
type MonthlyRate int64

// AnnualRate is nominal interest for a year in millionths of what is outstanding: 15 % is 150,000. A month bears exactly a
// twelfth of it.
type AnnualRate int64

// Share is a part of a whole in millionths: none is 0, all is 1,000,000.
type Share int64

// one is the whole that rates and shares are millionths of.
const one = 1_000_000

// The limits of what a plan can be computed for. Rates beyond them are slips, such as a rate in the wrong unit; what may
// be charged is for the terms to limit. Together they keep all that a plan costs below 7 * money.Max.
const (
	MaxMonths                  = 60
	MaxMonthlyRate MonthlyRate = one / 10
	MaxAnnualRate  AnnualRate  = 12 * one / 10
)

func checkMonths(months int) error {
	if months < 1 || months > MaxMonths {
		return fmt.Errorf("want 1 to %d months, have %d", MaxMonths, months)
	}
	return nil
}

func checkPrincipal(principal money.Amount) error {
	if principal < 1 || principal > money.Max {
		return fmt.Errorf("want a principal of 1 to %d minor units, have %d", money.Max, principal)
	}
	return nil
}

func checkMonthlyRate(rate MonthlyRate) error {
	if rate < 0 || rate > MaxMonthlyRate {
		return fmt.Errorf("want a monthly rate of 0 to %d millionths, have %d", MaxMonthlyRate, rate)
	}
	return nil
}

func checkAnnualRate(rate AnnualRate) error {
	if rate < 0 || rate > MaxAnnualRate {
		return fmt.Errorf("want an annual rate of 0 to %d millionths, have %d", MaxAnnualRate, rate)
	}
	return nil
}

func checkShare(share Share) error {
	if share < 0 || share > one {
		return fmt.Errorf("want a share of 0 to %d millionths, have %d", one, share)
	}
	return nil
}

// of is a * numerator / denominator, to the nearest minor unit and half to even. Nothing is negative, and the limits above
// keep the result in range.
func of(a money.Amount, numerator, denominator int64) money.Amount {
	d := uint64(denominator)
	high, low := bits.Mul64(uint64(a), uint64(numerator))
	quotient, rest := bits.Div64(high, low, d)
	if rest > d-rest || rest == d-rest && quotient%2 == 1 {
		quotient++
	}
	return money.Amount(quotient)
}

// LevelPayment is what is paid in each of the months so that principal and interest are paid with the last, to the nearest
// minor unit and half to even: the payment of an ordinary annuity,
//
//	principal * i / (1 - (1+i)^-months), with i a twelfth of the rate,
//
// or a part of the principal when there is no interest. It is never less than the interest of the first month.
func LevelPayment(principal money.Amount, months int, rate AnnualRate) (money.Amount, error) {
	if err := checkPrincipal(principal); err != nil {
		return 0, err
	}
	if err := checkMonths(months); err != nil {
		return 0, err
	}
	if err := checkAnnualRate(rate); err != nil {
		return 0, err
	}
	return levelPayment(principal, months, rate), nil
}

// levelPayment multiplies the formula by all that it divides by: with i = rate/year and grown = year+rate, it is
//
//	principal * rate * grown^months / (year * (grown^months - year^months)).
func levelPayment(principal money.Amount, months int, rate AnnualRate) money.Amount {
	if rate == 0 {
		return of(principal, 1, int64(months))
	}
	year, n := big.NewInt(12*one), big.NewInt(int64(months))
	grown := new(big.Int).Exp(big.NewInt(12*one+int64(rate)), n, nil)
	numerator := new(big.Int).Mul(big.NewInt(int64(principal)), big.NewInt(int64(rate)))
	numerator.Mul(numerator, grown)
	denominator := new(big.Int).Exp(year, n, nil)
	denominator.Sub(grown, denominator).Mul(denominator, year)

	quotient, rest := new(big.Int).QuoRem(numerator, denominator, new(big.Int))
	payment := money.Amount(quotient.Int64())
	switch rest.Lsh(rest, 1).Cmp(denominator) {
	case 1:
		payment++
	case 0:
		payment += payment % 2
	}
	return payment
}
