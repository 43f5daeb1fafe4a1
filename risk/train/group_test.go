package train_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/risk/evaluate"
	"github.com/holdfast-credit/holdfast/risk/train"
)

// Protected columns are there to be compared by, in groups that a person can compare, and are no features.
func TestGroups(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("id,outcome,income,Debt,home,who\n")
	for i := range 100 {
		fmt.Fprintf(&csv, "%d,%s,1,1,own,%d\n", i, []string{"good", "bad"}[i%2], 20+i)
	}
	_, d, err := read(t, strings.Replace(sound, "test_from: 7", "test_from: 9", 1), csv.String())
	require.NoError(t, err)
	require.Len(t, d.Groups, 1)
	require.Equal(t, []string{"below 40", "40 to below 60", "60 to below 80", "80 to below 100", "100 or more"}, d.Groups[0].Names)
	require.Equal(t, d.Testing().Rows(), len(d.Testing().Groups[0].Codes))

	// By hand: 40 rows with even scores in each of two groups, of which the second are told by nobody.
	_, d, err = read(t, sound, "id,outcome,income,Debt,home,who\n"+strings.Repeat("1,good,1,1,own,a\n1,bad,1,1,own,a\n", 20)+
		strings.Repeat("1,good,1,1,own,\n", 30)+strings.Repeat("1,good,1,1,own,few\n", 29))
	require.NoError(t, err)
	sample := &evaluate.Sample{Bad: d.Bad}
	for row := range d.Rows() {
		sample.Scores = append(sample.Scores, row%4) // of a: good 0, bad 1, good 2, bad 3
	}
	groups := train.GroupBy(&d.Groups[0], sample, func(score int) float64 { return float64(score) / 10 }, 2)
	require.Len(t, groups, 2, "29 are too few")
	a, missing := groups[0], groups[1]
	require.Equal(t, "a", a.Name)
	require.Equal(t, 40, a.Rows)
	require.InDelta(t, 0.15, a.Foretold, 1e-12)
	require.InDelta(t, 0.5, a.Seen, 1e-12)
	require.InDelta(t, 0.5, a.Declined, 1e-12)
	require.InDelta(t, 0.5, *a.GoodsOut, 1e-12)
	require.InDelta(t, 0.25, *a.AUC, 1e-12, "of 0 2 against 1 3, only 2 is above 1")
	require.Equal(t, "missing", missing.Name)
	require.Nil(t, missing.AUC, "nobody is bad")
	require.Zero(t, missing.Seen)
}
