package train

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// operator makes a number of numbers. When one of them is missing, or the result is not finite, the result is missing.
type operator struct {
	name        string
	least, most int // how many numbers it takes
	reckon      func(x []float64, f *Feature) float64
}

const operandsMost = 100

// The operators. Sums go from left to right.
var operators = []operator{
	{
		"ratio", 2, 2,
		func(x []float64, _ *Feature) float64 { return x[0] / x[1] }, // to nothing it is not finite
	},
	{
		"difference", 2, 2,
		func(x []float64, _ *Feature) float64 { return x[0] - x[1] },
	},
	{
		"sum", 1, operandsMost,
		func(x []float64, _ *Feature) float64 { return sum(x) },
	},
	{
		"mean", 1, operandsMost,
		func(x []float64, _ *Feature) float64 { return sum(x) / float64(len(x)) },
	},
	{
		"max", 2, operandsMost,
		func(x []float64, _ *Feature) float64 { return slices.Max(x) },
	},
	{
		"min", 2, operandsMost,
		func(x []float64, _ *Feature) float64 { return slices.Min(x) },
	},
	{
		"count", 1, operandsMost, // how many are at_least
		func(x []float64, f *Feature) float64 {
			n := 0.0
			for _, x := range x {
				if x >= *f.AtLeast {
					n++
				}
			}
			return n
		},
	},
	{
		"trend", 2, operandsMost, // by how much it grows from one to the next: the slope of the line of least squares
		func(x []float64, _ *Feature) float64 {
			slope := 0.0
			for i := range x {
				slope += float64(trendWeight(i, len(x)) * x[i]) // the conversion keeps it from being fused with the sum
			}
			return slope / trendScale(len(x))
		},
	},
}

// trendWeight is how far the place i of n is from the middle, doubled so that it is whole.
func trendWeight(i, n int) float64 { return float64(2*i - (n - 1)) }

// trendScale is what the sum of places x values is divided by: half the sum of the squares of trendWeight.
func trendScale(n int) float64 {
	squares := 0.0
	for i := range n {
		squares += trendWeight(i, n) * trendWeight(i, n)
	}
	return squares / 2
}

// sum is from left to right.
func sum(list []float64) float64 {
	total := list[0]
	for _, x := range list[1:] {
		total += x
	}
	return total
}

func operatorOf(name string) *operator {
	for i := range operators {
		if operators[i].name == name {
			return &operators[i]
		}
	}
	return nil
}

func operatorNames() string {
	names := make([]string, len(operators))
	for i := range operators {
		names[i] = operators[i].name
	}
	return strings.Join(names, ", ")
}

func (o *operator) wants() string {
	if o.least == o.most {
		return strconv.Itoa(o.least)
	}
	return fmt.Sprintf("%d to %d", o.least, o.most)
}

// derive reckons a feature from those before it.
func derive(f *Feature, of [][]float64) []float64 {
	op, x := operatorOf(f.Is), make([]float64, len(of))
	column := make([]float64, len(of[0]))
	for row := range column {
		for i := range of {
			x[i] = of[i][row]
		}
		column[row] = op.value(x, f)
	}
	return column
}

// value is NaN for missing.
func (o *operator) value(x []float64, f *Feature) float64 {
	for _, x := range x {
		if math.IsNaN(x) {
			return math.NaN()
		}
	}
	if y := o.reckon(x, f); !math.IsInf(y, 0) {
		return y
	}
	return math.NaN()
}

// Formula is how a feature is reckoned from features that come from columns, for whoever has to reckon the same; "" for one that
// is a column itself. When that would be longer than the document of a policy takes, it is reckoned from what the spec says.
func (s *Spec) Formula(f *Feature) string {
	if f.Is == "" {
		return ""
	}
	if text := s.formula(f, true); len(text) <= formulaMost {
		return text
	}
	return clip(s.formula(f, false), formulaMost)
}

const formulaMost = 298 // with the sign before it, 300

// formula is the whole of it, or in the names that the spec has. It ends when it is too long: features of features of features
// would go on for ever.
func (s *Spec) formula(f *Feature, whole bool) string {
	var b strings.Builder
	b.WriteString(f.Is + "(")
	for i, name := range f.Of {
		if i > 0 {
			b.WriteString(", ")
		}
		if from := s.Feature(name); whole && from.Is != "" {
			name = s.formula(from, true)
		}
		if b.WriteString(name); b.Len() > formulaMost {
			return b.String()
		}
	}
	if f.Is == "count" {
		b.WriteString(fmt.Sprintf("; at least %v", *f.AtLeast))
	}
	return b.String() + ")"
}

func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return text[:most-3] + "..."
}

// Feature is the one of a name, or nil.
func (s *Spec) Feature(name string) *Feature {
	for i := range s.Features {
		if s.Features[i].Name == name {
			return &s.Features[i]
		}
	}
	return nil
}
