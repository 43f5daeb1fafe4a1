package rate

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

const (
	maxChanges = 24   // of sign: the work grows with their square
	maxNewton  = 12   // steps of Newton's between two halvings; a good one needs seven for all digits
	maxSteps   = 1600 // to one zero: from 47 to 10^-34 are 119 halvings, each with maxNewton steps
)

var (
	reach   = apd.New(2302585092994045684, -17) // ln 10^10: zeros are looked for from -reach to reach
	nearly  = apd.New(1, -34)                   // how closely a zero is known
	silence = apd.New(1, -38)                   // of its terms: a value below this part of them is noise, and counts as zero
)

// ErrNoRate says that no rate makes what the consumer gets worth what the consumer gives: nothing is given, nothing is
// got, or the rate that there would be is not above -100 % and up to 10^12 %.
var ErrNoRate = errors.New("no rate: at no rate between -100 % and 10^12 % is what is paid out worth what is paid back")

// SeveralError says that flows balance at several rates, which makes each of them meaningless. It takes amounts that
// change sign more than once, such as credit that is repaid and drawn again.
type SeveralError struct {
	Rates []*apd.Decimal // in percent, lowest first
}

func (e *SeveralError) Error() string {
	list := make([]string, len(e.Rates))
	for i, r := range e.Rates {
		list[i] = percentOf(r).String() + " %"
	}
	return fmt.Sprintf("no single rate: the flows balance at each of %d rates: %s", len(e.Rates), strings.Join(list, ", "))
}

// curve is something that crosses zero: a value, its slope, and the size that its noise is a part of.
type curve interface {
	at(s *apd.Decimal) (value, slope, size *apd.Decimal)
}

// sign is that of the value, and 0 where the value is noise.
func sign(f curve, s *apd.Decimal) int {
	value, _, size := f.at(s)
	if abs(value).Cmp(mul(size, silence)) <= 0 {
		return 0
	}
	return value.Sign()
}

// zeros are all zeros of a sum within reach, in order. The doc of the package says why these are all.
func (f *sum) zeros() ([]*apd.Decimal, error) {
	changes := f.changes()
	if len(changes) > maxChanges {
		return nil, fmt.Errorf("amounts change between paid out and paid back %d times: %d are the most", len(changes), maxChanges)
	}
	if len(changes) == 0 {
		return nil, nil
	}
	ends := []*apd.Decimal{neg(reach)}
	if len(changes) > 1 {
		extremes, err := f.turned(changes[0]).zeros()
		if err != nil {
			return nil, err
		}
		ends = append(ends, extremes...)
	}
	ends = append(ends, reach)
	return f.between(ends), nil
}

// between finds the zeros of a sum, of which there is one at most between two neighbors of ends.
func (f *sum) between(ends []*apd.Decimal) (found []*apd.Decimal) {
	before := sign(f, ends[0])
	for i := 1; i < len(ends); i++ {
		after := sign(f, ends[i])
		switch {
		case before*after < 0:
			found = append(found, zero(f, ends[i-1], ends[i], before))
		case after == 0:
			found = append(found, ends[i]) // it touches zero and turns
		}
		before = after
	}
	return found
}

// zero is the zero of f between low and high, where it crosses once; atLow is its sign at low.
//
// A step of Newton's is taken when it stays inside and is at most half as long as the step before. Otherwise the bracket
// is halved.
func zero(f curve, low, high *apd.Decimal, atLow int) *apd.Decimal {
	x := new(apd.Decimal) // most rates are near 0
	if x.Cmp(low) <= 0 || x.Cmp(high) >= 0 {
		x = half(low, high)
	}
	last, tangents := sub(high, low), 0
	for range maxSteps {
		value, slope, _ := f.at(x)
		switch value.Sign() {
		case 0:
			return x
		case atLow:
			low = x
		default:
			high = x
		}
		next := newton(x, value, slope)
		if inside := next != nil && next.Cmp(low) > 0 && next.Cmp(high) < 0; !inside || tangents == maxNewton {
			next, tangents = half(low, high), 0
		} else if step := abs(sub(next, x)); add(step, step).Cmp(last) > 0 {
			next, tangents = half(low, high), 0
		} else {
			tangents++
		}
		if last = abs(sub(next, x)); last.Cmp(nearly) <= 0 {
			return next
		}
		x = next
	}
	panic("rate: a bracket that is halved did not close")
}

// newton is where the tangent at x crosses zero, nil where it does not.
func newton(x, value, slope *apd.Decimal) *apd.Decimal {
	if slope.IsZero() {
		return nil
	}
	return sub(x, quo(value, slope))
}

// percentage is 100 x factor x (exp(s) - 1), to 20 places: the rate that belongs to a zero.
func percentage(s *apd.Decimal, factor int64) *apd.Decimal {
	p := mul(mul(sub(exp(s), one), hundred), apd.New(factor, 0))
	check(working.Quantize(p, p, -20))
	return p
}

// only is the one rate of a sum, in percent, multiplied by factor.
func (f *sum) only(factor int64) (*apd.Decimal, error) {
	found, err := f.zeros()
	if err != nil {
		return nil, err
	}
	rates := make([]*apd.Decimal, len(found))
	for i, s := range found {
		rates[i] = percentage(s, factor)
	}
	switch len(rates) {
	case 0:
		return nil, ErrNoRate
	case 1:
		return rates[0], nil
	}
	return nil, &SeveralError{Rates: rates}
}
