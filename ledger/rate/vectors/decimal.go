package vectors

import "github.com/cockroachdb/apd/v3"

// working has room for all that is read, and its sums; results are compared to a few places.
var working = apd.Context{
	Precision: 100, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Rounding: apd.RoundHalfEven, Traps: apd.DefaultTraps,
}

// The operations panic where an operand should have been refused.

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

// power is x to the n, for n above zero.
func power(x *apd.Decimal, n int) *apd.Decimal {
	z := apd.New(1, 0)
	for range n {
		z = mul(z, x)
	}
	return z
}

// round rounds to places, in the way that a context does.
func round(x *apd.Decimal, places int32, how apd.Rounder) *apd.Decimal {
	c, z := working, new(apd.Decimal)
	c.Rounding = how
	check(c.Quantize(z, x, -places))
	return z
}

func distance(x, y *apd.Decimal) *apd.Decimal {
	d := sub(x, y)
	return d.Abs(d)
}

func check(_ apd.Condition, err error) {
	if err != nil {
		panic("vectors: " + err.Error())
	}
}

// plain is a decimal as it is, without zeros at its end.
func plain(x *apd.Decimal) string {
	z, _ := new(apd.Decimal).Reduce(x)
	if z.IsZero() {
		return "0"
	}
	return z.Text('f')
}

// show is a decimal rounded to places.
func show(x *apd.Decimal, places int32) string { return plain(round(x, places, apd.RoundHalfUp)) }

// brief is a difference with two digits that count.
func brief(x *apd.Decimal) string {
	c, z := working, new(apd.Decimal)
	c.Precision = 2
	check(c.Round(z, x))
	z.Reduce(z)
	if z.IsZero() {
		return "0"
	}
	return z.Text('G')
}
