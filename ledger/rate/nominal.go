package rate

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/apd/v3"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// longest is how far flows may be apart, in years.
const longest = 100

// Flow is an amount in a month.
type Flow struct {
	Amount money.Amount // minor units; above zero to the consumer, below zero from the consumer
	Month  int          // 0 is when the credit is drawn, k is k equal months later; 0 to 1,200
}

// Nominal is the nominal annual rate of flows in equal months: 12 x the monthly rate at which what the consumer gets is
// worth what the consumer gives, in percent, rounded half-up to two places. 100.00 that is paid back in 6 installments
// with a fee of 1.20 each costs 24.28 %, not 14.4.
//
// This is the actuarial method of 12 CFR 1026, Appendix J, (b), for transactions in whole unit periods of a month, where
// the rate of the year is the rate of the unit period times the unit periods in a year. All fees must be in the flows.
// The order of flows is of no importance. Errors: ErrNoRate, *SeveralError, or what is wrong with which flow.
func Nominal(flows []Flow) (Percent, error) {
	decimals := make([]PeriodFlow, len(flows))
	for i, f := range flows {
		decimals[i] = PeriodFlow{Amount: apd.New(int64(f.Amount), 0), Period: f.Month}
	}
	f, err := periodSum(decimals)
	if err != nil {
		return 0, err
	}
	rate, err := f.only(12)
	if err != nil {
		return 0, err
	}
	return percentOf(rate), nil
}

// PeriodFlow is a decimal amount in a period.
type PeriodFlow struct {
	Amount *apd.Decimal // above zero to the consumer, below zero from the consumer; up to 30 digits before the point and after
	Period int          // 0 to 1,200
}

// Periodic is the internal rate of return of a period, in percent, to 20 places. Errors are those of Nominal.
func Periodic(flows []PeriodFlow) (*apd.Decimal, error) {
	f, err := periodSum(flows)
	if err != nil {
		return nil, err
	}
	return f.only(1)
}

func periodSum(flows []PeriodFlow) (*sum, error) {
	list := make([]flow, len(flows))
	for i, f := range flows {
		if f.Period < 0 || f.Period > longest*12 {
			return nil, fmt.Errorf("flow %d: period %d is not within 0 and %d", i, f.Period, longest*12)
		}
		if err := checkAmount(f.Amount); err != nil {
			return nil, fmt.Errorf("flow %d: %w", i, err)
		}
		list[i] = flow{f.Amount, moment{f.Period, new(apd.Decimal)}}
	}
	return newSum(list, one), nil
}

// checkAmount refuses decimals that would leave the working precision behind.
func checkAmount(a *apd.Decimal) error { return checkDecimal("amount", a) }

func checkDecimal(name string, a *apd.Decimal) error {
	switch {
	case a == nil:
		return fmt.Errorf("%s is missing", name)
	case a.Form != apd.Finite:
		return fmt.Errorf("%s is %s, not a number", name, a)
	case a.Exponent < -30 || a.Exponent > 30 || a.NumDigits()+int64(a.Exponent) > 30:
		return errors.New(name + " has more than 30 digits before the point or after")
	}
	return nil
}
