package scorecard_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// One change to a sound scorecard, and what is found then: all of it, in order.
func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		old, changed string
		faults       []string
	}{
		{"base_odds: 20", "base_odds: .inf", []string{"base_odds: is +Inf: want good to one bad, above 0 and up to 1000000"}},
		{"base_odds: 20", "base_odds: -1", []string{"base_odds: is -1: want good to one bad, above 0 and up to 1000000"}},
		{"points_to_double_odds: 40", "points_to_double_odds: 0", []string{"points_to_double_odds: is 0: want 1 to 10000"}},
		{"intercept: 500", "intercept: 500000", []string{"intercept: is 500000: want -100000 to 100000"}},
		{"below: 3, points: 10", "below: 1, points: 10", []string{"characteristics[0].bins[1].below: is 1, not above the bound before, 1: the bins overlap"}},
		{"below: 3, points: 10", "below: .nan, points: 10", []string{"characteristics[0].bins[1].below: is NaN: want a finite number"}},
		{"below: 3, points: 10", "points: 10", []string{
			"characteristics[0].bins[1]: below is missing: only the last bin has no bound, and all after this one would be empty"}},
		{"{points: -50}", "{below: 9, points: -50}", []string{
			"characteristics[0].bins[2].below: is the last bin's: it has no bound, or numbers of 9 and more are in no bin"}},
		{"{points: -50}", "{points: -50000}", []string{"characteristics[0].bins[2].points: is -50000: want -10000 to 10000"}},
		{"{points: -50}", "{other: true, points: -50}", []string{"characteristics[0].bins[2]: has categories, and the bin before has numbers"}},
		{"share: 0.7, bad_rate: 0.1, woe: 0.9", "share: 70, bad_rate: .nan, woe: .inf", []string{
			"characteristics[0].bins[0].share: is 70: want 0 to 1",
			"characteristics[0].bins[0].bad_rate: is NaN: want 0 to 1",
			"characteristics[0].bins[0].woe: is +Inf: want a finite number"}},
		{"    missing: {points: 5}\n", "", []string{"characteristics[0]: missing is not given, and late_months may be missing: want its points"}},
		{"label: Home", "label: ''", []string{"characteristics[1].label: is empty: want a few words for tables"}},
		{"reason: HOME", "reason: home", []string{
			`characteristics[1].reason: is "home": want a code such as LATE_PAYMENTS, of up to 64 capitals, digits and underscores`}},
		{"feature: home", "feature: house", []string{"characteristics[1].feature: there is no feature house"}},
		{"feature: home", "feature: usage", []string{
			"characteristics[1].feature: usage is a number, and the bins are of categories",
			"characteristics[2].feature: usage has characteristics[1] already: its bins belong together"}},
		{"values: [rent]", "values: [rent, owner]", []string{`characteristics[1].bins[1].values[1]: "owner" is at characteristics[1].bins[0].values[0] already: the bins overlap`}},
		{"values: [rent]", "values: []", []string{"characteristics[1].bins[1]: values is missing: want the categories of the bin"}},
		{"values: [rent]", "other: true", []string{"characteristics[1].bins[1].other: takes all that is left: want it last"}},
		{"{other: true, points: 0}", "{values: [other], points: 0}", []string{
			"characteristics[1].bins[2]: is the last bin: want other: true there, or categories that no bin names have no score"}},
		{"{other: true, points: 0}", "{other: true, below: 3, values: [x], points: 0}", []string{
			"characteristics[1].bins[2].below: is a bound, and the characteristic has categories",
			"characteristics[1].bins[2].other: takes all categories that no bin names: want no values beside it"}},
		{"below: [1]}", "below: [1, 1]}", []string{
			"grids[0].rows.below[1]: is 1, not above the bound before, 1: the bins overlap",
			"grids[0].points: has 2 rows: want 3, one for each bin"}},
		{"below: [0.5, 0.9]", "below: [0.5]", []string{
			"grids[0].points[0]: has 3 points: want 2, one for each bin of the columns",
			"grids[0].points[1]: has 3 points: want 2, one for each bin of the columns"}},
		{"{feature: usage, below: [0.5, 0.9]}", "{feature: home, values: [[owner], [owner]]}", []string{
			`grids[0].columns.values[1][0]: "owner" is at grids[0].columns.values[0][0] already: the bins overlap`}},
		{"rows: {feature: late_months, below: [1]}", "rows: {feature: usage, below: [1]}", []string{
			"grids[0].columns.feature: is usage, as that of the rows: want two features"}},
		{"rows: {feature: late_months, below: [1]}", "rows: {feature: late_months}", []string{
			"grids[0].rows: has neither below nor values: want bounds, or lists of categories",
			"grids[0].points: has 2 rows: want 1, one for each bin"}},
		{"[0, -3, -9]", "[0, -3, -90000]", []string{"grids[0].points[1][2]: is -90000: want -10000 to 10000"}},
	} {
		require.Contains(t, small, tc.old)
		var found []string
		for _, f := range parse(t, strings.Replace(small, tc.old, tc.changed, 1)).Faults(declared) {
			found = append(found, f.String())
		}
		require.Equal(t, tc.faults, found, "%s", tc.changed)
	}
}

func TestAnEmptyScorecard(t *testing.T) {
	var found []string
	for _, f := range new(scorecard.Scorecard).Faults(nil) {
		found = append(found, f.String())
	}
	require.Equal(t, []string{
		"base_odds: is 0: want good to one bad, above 0 and up to 1000000",
		"points_to_double_odds: is 0: want 1 to 10000",
		"characteristics is missing: want one at least",
	}, found)
}
