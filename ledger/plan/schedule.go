package plan

import (
	"fmt"

	"github.com/holdfast-credit/holdfast/ledger/money"
)

// Installment is what one month of a plan comes to, in minor units.
type Installment struct {
	Number    int // 1, 2, 3, ...
	Principal money.Amount
	Interest  money.Amount
	Fee       money.Amount
	Subsidy   money.Amount // the fee that the carrier pays in the consumer's place
}

// Due is what the consumer owes of it: everything but the subsidy.
func (i Installment) Due() money.Amount { return i.Principal + i.Interest + i.Fee }

// Schedule is the installments of a plan in order, or the last ones of them. Nobody changes one in place.
type Schedule []Installment

// Total is the sum of each part over all installments; it has no number.
func (s Schedule) Total() Installment {
	var t Installment
	for _, i := range s {
		t.Principal += i.Principal
		t.Interest += i.Interest
		t.Fee += i.Fee
		t.Subsidy += i.Subsidy
	}
	return t
}

// Check is whether the invariants hold: the installments are numbered without a gap, no part is negative or beyond what a
// plan can come to, and the principal sums to what was lent.
func (s Schedule) Check(lent money.Amount) error {
	const most = 2 * money.Max // a part is at most a principal and interest of a month on it
	for n, i := range s {
		if i.Number != s[0].Number+n {
			return fmt.Errorf("installment %d comes after %d", i.Number, s[0].Number+n-1)
		}
		for _, part := range [...]money.Amount{i.Principal, i.Interest, i.Fee, i.Subsidy} {
			if part < 0 || part > most {
				return fmt.Errorf("installment %d has a part of %d minor units", i.Number, part)
			}
		}
	}
	if len(s) > MaxMonths {
		return fmt.Errorf("there are %d installments, more than %d", len(s), MaxMonths)
	}
	if total := s.Total().Principal; total != lent {
		return fmt.Errorf("the principal of all installments is %d, and %d was lent", total, lent)
	}
	return nil
}

// Split divides an amount of 0 to money.Max into 1 to MaxMonths equal parts, rounded down to the minor unit; the last part
// takes what is left, which is less than the number of parts more than the others: 100.00 in 3 is 33.33, 33.33, 33.34.
func Split(amount money.Amount, parts int) ([]money.Amount, error) {
	if amount < 0 || amount > money.Max {
		return nil, fmt.Errorf("want an amount of 0 to %d minor units, have %d", money.Max, amount)
	}
	if err := checkMonths(parts); err != nil {
		return nil, err
	}
	each := make([]money.Amount, parts)
	for i := range each {
		each[i] = amount / money.Amount(parts)
	}
	each[parts-1] += amount % money.Amount(parts)
	return each, nil
}

// FlatFee is equal principal and, for each month, a fee on the original principal, rounded half to even: 100.00 over 3
// months at 0.8 % is 33.33 + 0.80, 33.33 + 0.80, 33.34 + 0.80.
func FlatFee(principal money.Amount, months int, fee MonthlyRate) (Schedule, error) {
	if err := checkMonthlyRate(fee); err != nil {
		return nil, err
	}
	s, err := equal(principal, months)
	for n := range s {
		s[n].Fee = of(principal, int64(fee), one)
	}
	return s, err
}

// InterestFree is the same, but that the carrier pays the fee: the consumer pays the principal and nothing else. What the
// carrier owes is the Subsidy of the total.
func InterestFree(principal money.Amount, months int, fee MonthlyRate) (Schedule, error) {
	s, err := FlatFee(principal, months, fee)
	for n := range s {
		s[n].Fee, s[n].Subsidy = 0, s[n].Fee
	}
	return s, err
}

// equal is a schedule of equal principal, without any charges.
func equal(principal money.Amount, months int) (Schedule, error) {
	if err := checkPrincipal(principal); err != nil {
		return nil, err
	}
	parts, err := Split(principal, months)
	if err != nil {
		return nil, err
	}
	s := make(Schedule, months)
	for n, part := range parts {
		s[n] = Installment{Number: n + 1, Principal: part}
	}
	return s, nil
}

// Annuity is a level payment at a nominal annual rate: 1,200.00 over 12 months at 15 % is 108.31 a month, with interest of
// 15.00, 13.83, ... 1.34 and principal of 93.31, 94.48, ... 106.97.
//
// The interest of a month is a twelfth of the rate on what is outstanding, rounded half to even; the rest of the
// LevelPayment is principal. The last installment has the principal that is left, so it absorbs all roundings, and may be
// less or more than the others. Of tiny amounts the payment may be rounded up so far that the principal is paid before the
// last month: then there is nothing left to pay in it.
func Annuity(principal money.Amount, months int, rate AnnualRate) (Schedule, error) {
	payment, err := LevelPayment(principal, months, rate)
	if err != nil {
		return nil, err
	}
	s := make(Schedule, months)
	for n, left := 0, principal; n < months; n++ {
		interest := of(left, int64(rate), 12*one)
		part := min(payment-interest, left)
		if n == months-1 {
			part = left
		}
		s[n] = Installment{Number: n + 1, Principal: part, Interest: interest}
		left -= part
	}
	return s, nil
}
