package money

import "fmt"

// Amount is an amount in minor units: fen for CNY, whole shillings for UGX.
type Amount int64

// Max is the largest amount that a request may carry: 10^15 minor units. Sums of a few thousand of them stay
// far inside int64, which is why balances can be added up without a check at each step.
const Max Amount = 1e15

// Add is a + b, and whether both and their sum are within -Max*1000 and Max*1000. Where they are not, the sum may have
// wrapped.
func (a Amount) Add(b Amount) (Amount, bool) {
	sum := a + b
	return sum, a.sane() && b.sane() && sum.sane()
}

func (a Amount) sane() bool { return a <= Max*1000 && a >= -Max*1000 }

// Currency is an ISO 4217 alphabetic code.
type Currency string

// ParseCurrency accepts three capital letters. Whether ISO assigned them is the account owner's business.
func ParseCurrency(s string) (Currency, error) {
	if len(s) != 3 {
		return "", fmt.Errorf("want an ISO 4217 code of three capital letters, have %q", s)
	}
	for _, c := range []byte(s) {
		if c < 'A' || c > 'Z' {
			return "", fmt.Errorf("want an ISO 4217 code of three capital letters, have %q", s)
		}
	}
	return Currency(s), nil
}
