package money

import "math/bits"

// Times is n/d of an amount, rounded down. None of the three is below zero, and d is not zero.
func (a Amount) Times(n, d int64) Amount {
	quotient, _ := a.times(n, d)
	return quotient
}

// TimesUp is n/d of an amount, rounded up.
func (a Amount) TimesUp(n, d int64) Amount {
	quotient, rest := a.times(n, d)
	if rest > 0 {
		quotient++
	}
	return quotient
}

func (a Amount) times(n, d int64) (quotient Amount, rest uint64) {
	high, low := bits.Mul64(uint64(a), uint64(n))
	q, rest := bits.Div64(high, low, uint64(d)) // panics where it would not fit: far beyond Max
	return Amount(q), rest
}
