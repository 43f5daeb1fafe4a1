package train_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
	"github.com/holdfast-credit/holdfast/risk/train"
)

// Whatever a spec says, it is refused with lines, or what it wants can be asked of a table.
func FuzzParse(f *testing.F) {
	f.Add(sound)
	for _, name := range []string{"testdata/taiwan.yaml", "testdata/credit.yaml"} {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Add("label: {column: a, bad: [1], good: [0]}\nfeatures: [{name: a, is: sum, of: [a]}, {name: b, is: sum, of: [a, b]}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := train.Parse([]byte(text))
		if err != nil {
			var faults *train.Faults
			require.ErrorAs(t, err, &faults)
			require.NotEmpty(t, faults.List)
			for _, fault := range faults.List {
				require.Positive(t, fault.Line)
			}
			return
		}
		require.NotEmpty(t, spec.Wants())
		for i := range spec.Features {
			if f := &spec.Features[i]; f.Use == "score" {
				require.Empty(t, scorecard.Protected(f.Column))
			}
			require.LessOrEqual(t, len(spec.Formula(&spec.Features[i])), 300)
		}
	})
}

// A document is refused, or its scorecard scores.
func FuzzReadDocument(f *testing.F) {
	f.Add("features: [{name: a, type: decimal, missing: allowed}]\nscorecard: {base_score: 600, base_odds: 20, points_to_double_odds: 40, intercept: 1," +
		" characteristics: [{feature: a, label: a, reason: AA, bins: [{below: 1, points: 3}, {points: 4}], missing: {points: 0}}]}\n")
	f.Add("features: [{name: a, type: category, missing: required}]\nscorecard: {characteristics: [{feature: a, bins: [{values: [x]}, {other: true}]}]}\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		declared, card, err := train.ReadDocument([]byte(text))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		features := map[string]scorecard.Value{}
		for name, is := range train.Declared(declared) {
			switch is.Kind {
			case scorecard.KindNumber:
				features[name] = scorecard.Number(1)
			default:
				features[name] = scorecard.Category("x")
			}
		}
		r, err := card.Score(features)
		require.NoError(t, err)
		least, most := card.Range()
		require.True(t, least <= r.Score && r.Score <= most)
	})
}
