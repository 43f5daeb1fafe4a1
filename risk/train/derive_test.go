package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// every has every operator, and some within others.
const every = `
label: {column: y, bad: ["1"], good: ["0"]}
features:
  - {name: a}
  - {name: b}
  - {name: c}
  - {name: d}
  - {name: ratio_of, is: ratio, of: [a, b]}
  - {name: difference_of, is: difference, of: [a, b]}
  - {name: sum_of, is: sum, of: [a, b, c, d]}
  - {name: sum_of_one, is: sum, of: [a]}
  - {name: mean_of, is: mean, of: [a, b, c]}
  - {name: max_of, is: max, of: [a, b, c, d]}
  - {name: min_of, is: min, of: [a, b, c]}
  - {name: count_of, is: count, at_least: -1.5, of: [a, b, c, d]}
  - {name: trend_of, is: trend, of: [a, b, c, d]}
  - {name: trend_of_odd, is: trend, of: [a, b, c]}
  - {name: max_of_ratios, is: max, of: [ratio_of, a, c]}
  - {name: trend_of_sums, is: trend, of: [sum_of, difference_of, mean_of]}
`

func TestOperatorsByHand(t *testing.T) {
	for _, tc := range []struct {
		is   string
		x    []float64
		want float64
	}{
		{"ratio", []float64{3, 4}, 0.75},
		{"ratio", []float64{3, 0}, math.NaN()},
		{"ratio", []float64{0, 0}, math.NaN()},
		{"difference", []float64{3, 4}, -1},
		{"sum", []float64{1, 2, 4}, 7},
		{"sum", []float64{1, math.NaN(), 4}, math.NaN()},
		{"mean", []float64{1, 2, 6}, 3},
		{"max", []float64{1, 7, 4}, 7},
		{"min", []float64{3, 1, 4}, 1},
		{"count", []float64{2, 1.9, 3}, 2},
		{"trend", []float64{5, 7, 9, 11}, 2},  // a line with that slope
		{"trend", []float64{4, 1, 4}, 0},      // as much down as up
		{"trend", []float64{0, 0, 0, 1}, 0.3}, // (-3 x 0 - 0 + 0 + 3 x 1) / 10
		{"trend", []float64{1, 3}, 2},         //
	} {
		two := 2.0
		got := operatorOf(tc.is).value(tc.x, &Feature{Is: tc.is, AtLeast: &two})
		if math.IsNaN(tc.want) {
			require.True(t, math.IsNaN(got), "%s of %v is %v", tc.is, tc.x, got)
			continue
		}
		require.InDelta(t, tc.want, got, 1e-12, "%s of %v", tc.is, tc.x)
	}
}

func TestFormulas(t *testing.T) {
	spec, err := Parse([]byte(every))
	require.NoError(t, err)
	for name, want := range map[string]string{
		"a":             "",
		"ratio_of":      "ratio(a, b)",
		"count_of":      "count(a, b, c, d; at least -1.5)",
		"max_of_ratios": "max(ratio(a, b), a, c)",
		"trend_of_sums": "trend(sum(a, b, c, d), difference(a, b), mean(a, b, c))",
	} {
		require.Equal(t, want, spec.Formula(spec.Feature(name)))
	}
}
