package scorecard

import (
	"math"
	"strconv"
)

// Kind is what the values of a feature are.
type Kind uint8

// The kinds of features.
const (
	KindNumber Kind = iota + 1
	KindCategory
	KindFlag // a category of two: true and false
)

func (k Kind) String() string {
	switch k {
	case KindNumber:
		return "number"
	case KindCategory:
		return "category"
	case KindFlag:
		return "flag"
	default:
		return "Kind(" + strconv.Itoa(int(k)) + ")"
	}
}

// Value is what is known of a feature. The zero value is Missing.
type Value struct {
	kind   Kind // 0 when missing, and never KindFlag
	number float64
	text   string
}

// Missing is the value of what is not known.
var Missing = Value{}

// Number is a number. What is no finite number, such as a ratio to nothing, is Missing.
func Number(x float64) Value {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Missing
	}
	return Value{kind: KindNumber, number: x}
}

// Category is one of several names. The empty one is a name like any other.
func Category(name string) Value { return Value{kind: KindCategory, text: name} }

// Flag is the category true or false.
func Flag(is bool) Value { return Category(strconv.FormatBool(is)) }

// IsMissing says whether nothing is known.
func (v Value) IsMissing() bool { return v.kind == 0 }

// Number is the number, if it is one.
func (v Value) Number() (x float64, ok bool) { return v.number, v.kind == KindNumber }

// Category is the name, if it is a category.
func (v Value) Category() (name string, ok bool) { return v.text, v.kind == KindCategory }

func (v Value) String() string {
	switch v.kind {
	case KindNumber:
		return writeNumber(v.number)
	case KindCategory:
		return v.text
	default:
		return "missing"
	}
}

// writeNumber writes without an exponent: bounds are read by people.
func writeNumber(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
