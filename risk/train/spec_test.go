package train_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/risk/table"
	"github.com/holdfast-credit/holdfast/risk/train"
)

// sound is a spec without a fault.
const sound = `label: {column: outcome, bad: [bad], good: [good]}
split: {column: id, prefix: "x:", test_from: 7}
protected: [who]
features:
  - {name: income, unit: EUR, risk: falling, missing: worst, least: 0}
  - {name: debt, column: Debt, use: input}
  - {name: burden, is: ratio, of: [debt, income], risk: rising}
  - {name: home, kind: category, unseen: worst}
  - {name: busy, is: count, at_least: 1, of: [income, debt]}
`

func TestSpecFaults(t *testing.T) {
	_, err := train.Parse([]byte(sound))
	require.NoError(t, err)
	for _, tc := range []struct{ old, changed, faults string }{
		{"risk: rising", "risk: up", `7: features[2].risk: is "up": want rising, falling, monotone, free`},
		{"kind: category", "kind: text", `8: features[3].kind: is "text": want decimal, whole, category, flag`},
		{"unseen: worst", "unseen: best, risk: rising", `8: features[3].unseen: is "best": want neutral, worst` + "\n" +
			`8: features[3].risk: is rising, and categories have no order`},
		{"least: 0", "least: 0, most: 0", "5: features[0].most: is 0, and the least is 0"},
		{"name: debt", "name: Debt", `6: features[1].name: is "Debt": want small letters, digits and underscores` + "\n" +
			"7: features[2].of[0]: there is no feature debt before burden\n9: features[4].of[1]: there is no feature debt before busy"},
		{"name: debt", "name: income", "6: features[1].name: income is there already\n" +
			"7: features[2].of[0]: there is no feature debt before burden\n9: features[4].of[1]: there is no feature debt before busy"},
		{"of: [debt, income], ", "of: [debt, home], ", "7: features[2].of[1]: there is no feature home before burden"},
		{"at_least: 1, of: [income, debt]", "at_least: 1, of: [income, home]", "9: features[4].of[1]: home is a category: want a number"},
		{"at_least: 1, ", "", "9: features[4].at_least: belongs to count, and only to it"},
		{"is: ratio, ", "is: quotient, ", `7: features[2].is: is "quotient": want ratio, difference, sum, mean, max, min, count, trend`},
		{"of: [debt, income], ", "of: [debt, income, debt], ", "7: features[2].of: has 3 features: ratio wants 2"},
		{"is: ratio, ", "", "7: features[2].is: is missing: want an operator, ratio, difference, sum, mean, max, min, count, trend"},
		{"column: Debt", "column: outcome", "6: features[1].column: is the label: a score cannot know what it is to predict"},
		{"test_from: 7", "test_from: 10", "2: split.test_from: is 10: want 1 to 9"},
		{"bad: [bad], good: [good]", "bad: [bad], good: [bad]", `1: label.good: "bad" is bad as well`},
		{"column: outcome, ", "", "1: label: column is missing: want the column that says what became of each"},
		{"protected: [who]", "method: forest\nbinning: {prebins: 1000, min_bads: 0}", `3: method: is "forest": want logistic, additive` + "\n" +
			"4: binning.prebins: is 1000: want 2 to 254\n4: binning.min_bads: is 0: want 1 to 1e+06"},
		{"protected: [who]", "colour: blue", "3: field colour not found in Spec"},
		{"unit: EUR", "units: EUR", "5: field units not found in Feature"},
		{"protected: [who]", "protected: [", "4: did not find expected node content"},
	} {
		require.Contains(t, sound, tc.old)
		_, err := train.Parse([]byte(strings.Replace(sound, tc.old, tc.changed, 1)))
		require.EqualError(t, err, tc.faults, tc.changed)
	}
	_, err = train.Parse(nil)
	require.EqualError(t, err, "1: the spec is empty")
	_, err = train.Parse([]byte(strings.Repeat("#", train.SpecMost+1)))
	require.EqualError(t, err, "1: the spec has 262145 bytes, more than 262144")
}

// Whatever way a protected attribute would come in, it is refused, and the refusal says why.
func TestProtectedAttributesAreRefused(t *testing.T) {
	for _, tc := range []struct{ old, changed, fault string }{
		{"name: home", "name: home, column: SEX", "8: features[3]: may not be scored: column SEX tells sex, which is protected: nobody's credit may depend on it"},
		{"name: home", "name: home, column: BirthYear", "8: features[3]: may not be scored: column BirthYear tells age, which is protected (how long a debt or" +
			" an account is there may be: call it tenure or months): nobody's credit may depend on it"},
		{"name: home", "name: marital_status, column: x", "8: features[3]: may not be scored: the name marital_status tells marital status, which is protected:" +
			" nobody's credit may depend on it"},
		{"name: home", "name: home, column: who", "8: features[3]: may not be scored: column who is protected by the spec: nobody's credit may depend on it"},
		{"column: Debt", "column: nationality_code", "7: features[2]: may not be scored: by way of debt, column nationality_code tells nationality, which is protected:" +
			" nobody's credit may depend on it\n9: features[4]: may not be scored: by way of debt, column nationality_code tells nationality, which is protected:" +
			" nobody's credit may depend on it"},
	} {
		_, err := train.Parse([]byte(strings.Replace(sound, tc.old, tc.changed, 1)))
		require.EqualError(t, err, tc.fault, tc.changed)
	}
	// Twice removed, and in a circle that is a fault of its own.
	_, err := train.Parse([]byte(sound + "  - {name: year, column: Year_of_Birth, use: input}\n  - {name: a, is: sum, of: [year, b], use: input}\n  - {name: b, is: sum, of: [a]}\n"))
	require.EqualError(t, err, "11: features[6].of[1]: there is no feature b before a\n"+
		"12: features[7]: may not be scored: by way of a, by way of year, column Year_of_Birth tells age, which is protected (how long a debt or an"+
		" account is there may be: call it tenure or months): nobody's credit may depend on it")
}

func TestTheLabelIsNoFeature(t *testing.T) {
	spec, err := train.Parse([]byte(sound))
	require.NoError(t, err)
	require.EqualError(t, spec.UseLabel("home"), "home is the column of the feature home: a score cannot know what it is to predict")
	require.NoError(t, spec.UseLabel("other"))
	require.Equal(t, "other", spec.Label.Column)
}

func read(t *testing.T, spec, csv string) (*train.Spec, *train.Data, error) {
	t.Helper()
	s, err := train.Parse([]byte(spec))
	require.NoError(t, err)
	read, err := table.Read(strings.NewReader(csv), s.Wants(), table.Limits{})
	require.NoError(t, err)
	d, err := s.Data(read)
	return s, d, err
}

func TestDataAsTheSpecSeesIt(t *testing.T) {
	_, d, err := read(t, sound, "id,outcome,income,Debt,home\n1,good,100,50,own\n2,bad,,50,rent\n3,good,0,10,\n")
	require.NoError(t, err)
	require.Equal(t, []bool{false, true, false}, d.Bad)
	var texts []string
	for row := range d.Rows() {
		for _, c := range d.Features {
			texts = append(texts, c.Value(row).String())
		}
	}
	require.Equal(t, "100|50|0.5|own|2, missing|50|missing|rent|missing, 0|10|missing|missing|1",
		strings.Join(texts[:5], "|")+", "+strings.Join(texts[5:10], "|")+", "+strings.Join(texts[10:], "|"))
}

func TestDataThatTheSpecRefuses(t *testing.T) {
	strict := strings.NewReplacer("missing: worst", "missing: required, kind: whole, most: 1000", "kind: category", "kind: flag").Replace(sound)
	_, _, err := read(t, strict, "id,outcome,income,Debt,home\n1,good,100,50,true\n2,unknown,,50,true\n3,good,-1,10,yes\n4,good,1001,10,\n5,good,1.5,10,false\n")
	require.EqualError(t, err, `line 3, column outcome: "unknown" is neither good nor bad
line 3, column income: is missing, and income is required
line 4, column income: is -1, less than the 0 that income can be
line 5, column income: is 1001, more than the 1000 that income can be
line 6, column income: is 1.5, and income is a whole number
line 4, column home: is "yes": want true or false`)
}

func TestTheSplit(t *testing.T) {
	// The first eight digits of sha256 of x:1 and so on: 0b788078, 1c022105, e4bcc385, 0b5b4421, 574676e6, 47c9b2c0. Modulo ten
	// these are 4, 3, 9, 3, 0, 2, and from 7 on a row tests.
	_, d, err := read(t, sound, "id,outcome,income,Debt,home\n1,good,1,1,a\n2,good,1,1,a\n3,good,1,1,a\n4,good,1,1,a\n5,good,1,1,a\n6,good,1,1,a\n")
	require.NoError(t, err)
	require.Equal(t, []bool{false, false, true, false, false, false}, d.Test)
	require.Equal(t, 6, d.Training().Rows()+d.Testing().Rows())
}
