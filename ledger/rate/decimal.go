package rate

import "github.com/cockroachdb/apd/v3"

// digits is the precision of everything that is computed; doc.go says why it is enough.
const digits = 60

// working rounds to digits, half-up. Nothing here leaves its range of exponents, 10^±100,000: inputs are checked.
var working = apd.Context{
	Precision: digits, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent,
	Rounding: apd.RoundHalfUp, Traps: apd.DefaultTraps,
}

var (
	one     = apd.New(1, 0)
	hundred = apd.New(100, 0)
)

// The operations below make a new decimal each. A trap is a bug: an operand that should have been refused.

func add(x, y *apd.Decimal) *apd.Decimal {
	z := new(apd.Decimal)
	check(working.Add(z, x, y))
	return z
}

func sub(x, y *apd.Decimal) *apd.Decimal {
	z := new(apd.Decimal)
	check(working.Sub(z, x, y))
	return z
}

func mul(x, y *apd.Decimal) *apd.Decimal {
	z := new(apd.Decimal)
	check(working.Mul(z, x, y))
	return z
}

func quo(x, y *apd.Decimal) *apd.Decimal {
	z := new(apd.Decimal)
	check(working.Quo(z, x, y))
	return z
}

func neg(x *apd.Decimal) *apd.Decimal { return new(apd.Decimal).Neg(x) }

func abs(x *apd.Decimal) *apd.Decimal { return new(apd.Decimal).Abs(x) }

func half(x, y *apd.Decimal) *apd.Decimal { return mul(add(x, y), apd.New(5, -1)) }

// power is x to the n, n not below zero, by squaring.
func power(x *apd.Decimal, n int) *apd.Decimal {
	z := one
	for ; n > 0; n /= 2 {
		if n%2 == 1 {
			z = mul(z, x)
		}
		if n > 1 {
			x = mul(x, x)
		}
	}
	return z
}

// exp is e to the x, for x from -64 to 64. x is halved until it is below 2^-6, the series is summed until its terms are
// below the last digit, and the sum is squared as often as x was halved.
//
// It is here because that of apd counts the terms of its series with a float.
func exp(x *apd.Decimal) *apd.Decimal {
	const halvings, terms = 12, 30 // (2^-6)^30 / 30! < 10^-86
	r := quo(x, apd.New(1<<halvings, 0))
	sum := one
	for n := int64(terms); n > 0; n-- {
		sum = add(one, quo(mul(sum, r), apd.New(n, 0)))
	}
	for range halvings {
		sum = mul(sum, sum)
	}
	return sum
}

func check(_ apd.Condition, err error) {
	if err != nil {
		panic("rate: " + err.Error())
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic("rate: " + err.Error())
	}
	return v
}
