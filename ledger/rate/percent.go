package rate

import (
	"fmt"

	"github.com/cockroachdb/apd/v3"
)

// Percent is a rate in hundredths of a percent: 24.28 % is 2428.
//
// It is rounded half-up, ties away from zero: "if the figure at the following decimal place is greater than or equal to
// 5, the figure at the preceding decimal place shall be increased by one" (Directive (EU) 2023/2225, Annex III, remark
// (d)). Two places are more than that asks for (one), and finer than the eighth of a percent to which Regulation Z
// wants a rate to be right (12 CFR 1026.22(a)(2)).
type Percent int64

// String is the percentage with two places and without a sign of percent, such as 24.28 or -0.05.
func (p Percent) String() string {
	sign, u := "", uint64(p)
	if p < 0 {
		sign, u = "-", -u
	}
	return fmt.Sprintf("%s%d.%02d", sign, u/100, u%100)
}

// percentOf rounds a percentage, which is within the limits of this package.
func percentOf(percentage *apd.Decimal) Percent {
	return Percent(must(roundTo(percentage, 2).Int64()))
}

// roundTo rounds half-up to so many places, and takes away the point.
func roundTo(x *apd.Decimal, places int32) *apd.Decimal {
	rounded := new(apd.Decimal)
	check(working.Quantize(rounded, x, -places))
	rounded.Exponent = 0
	return rounded
}
