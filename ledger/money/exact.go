package money

import "math/bits"

// Exact is an amount to the millionth of a minor unit: what has accrued and is not rounded yet. The zero value is nothing.
type Exact struct {
	Minor     Amount
	Millionth int32 // 0 to 999,999, added to Minor
}

const millionths = 1_000_000

// Accrued is a principal of 0 to Max for a number of days at a rate in millionths a day, without rounding. It is simple:
// nothing is charged on charges. Days below 1 are none.
func Accrued(principal Amount, rate int64, days int) Exact {
	if principal <= 0 || rate <= 0 || days <= 0 {
		return Exact{}
	}
	high, low := bits.Mul64(uint64(principal), uint64(rate)*uint64(days))
	quotient, rest := bits.Div64(high, low, millionths) // panics where it would not fit, far beyond what terms allow
	return Exact{Amount(quotient), int32(rest)}
}

// Plus is the sum.
func (e Exact) Plus(o Exact) Exact {
	e.Minor += o.Minor
	if e.Millionth += o.Millionth; e.Millionth >= millionths {
		e.Minor, e.Millionth = e.Minor+1, e.Millionth-millionths
	}
	return e
}

// Minus is the difference, which may be below zero: then Minor is, and Millionth still counts upwards from it.
func (e Exact) Minus(o Exact) Exact {
	e.Minor -= o.Minor
	if e.Millionth -= o.Millionth; e.Millionth < 0 {
		e.Minor, e.Millionth = e.Minor-1, e.Millionth+millionths
	}
	return e
}

// Positive says that it is more than nothing.
func (e Exact) Positive() bool { return e.Minor > 0 || e.Minor == 0 && e.Millionth > 0 }

// Round is the nearest minor unit; of two that are as near the even one.
func (e Exact) Round() Amount {
	const half = millionths / 2
	switch {
	case e.Millionth > half, e.Millionth == half && e.Minor%2 != 0:
		return e.Minor + 1
	}
	return e.Minor
}

// Share is a part of an amount, in millionths of it, to the nearest minor unit and half to even.
func (a Amount) Share(part int64) Amount {
	if a < 0 {
		return -(-a).Share(part)
	}
	return Accrued(a, part, 1).Round()
}
