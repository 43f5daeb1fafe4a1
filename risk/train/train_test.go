package train_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
	"github.com/holdfast-credit/holdfast/risk/table"
	"github.com/holdfast-credit/holdfast/risk/train"
)

// consumers are made ones as a CSV: those with more income and less debt pay, and those who rent a little less often than others.
func consumers(n int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	b.WriteString("id,outcome,income,Debt,home\n")
	for id := range n {
		income, debt := 500+r.IntN(4000), r.IntN(3000)
		home := []string{"own", "rent", "rent", "parents"}[r.IntN(4)]
		odds := -1.5 + 2*float64(debt)/float64(income+1) - float64(income)/2000
		if home == "rent" {
			odds += 0.7
		}
		outcome := "good"
		if r.Float64() < 1/(1+math.Exp(-odds)) {
			outcome = "bad"
		}
		text := fmt.Sprint(income)
		if r.IntN(20) == 0 {
			text = ""
		}
		fmt.Fprintf(&b, "%d,%s,%s,%d,%s\n", id, outcome, text, debt, home)
	}
	return b.String()
}

func TestScorecardsOfMadeConsumers(t *testing.T) {
	for _, method := range []string{train.MethodLogistic, train.MethodAdditive} {
		t.Run(method, func(t *testing.T) {
			spec, data, err := read(t, sound+"method: "+method+"\n", consumers(6000, 3))
			require.NoError(t, err)
			trained, err := train.Train(spec, data, 1)
			require.NoError(t, err)
			card := trained.Scorecard
			require.Empty(t, card.Faults(train.Declared(trained.Features)))
			inOrder(t, spec, card)

			sample, err := train.Sample(card, data.Testing())
			require.NoError(t, err)
			require.Greater(t, sample.Discriminate().AUC, 0.72, "as well as the dice allow")
			c := sample.Calibrate(card.PD)
			require.InDelta(t, c.Seen, c.Foretold, 0.03)
			require.InDelta(t, trained.Exact.AUC, trained.Rounded.AUC, 0.002, "rounding loses next to nothing")
		})
	}
}

// inOrder holds the points of features to the way that the spec gives them: with rising risk they fall. A grid may say
// otherwise by itself only if it goes the same way.
func inOrder(t *testing.T, spec *train.Spec, card *scorecard.Scorecard) {
	t.Helper()
	way := func(name string) int {
		return map[string]int{"rising": -1, "falling": 1}[spec.Feature(name).Risk]
	}
	for i := range card.Characteristics {
		c := &card.Characteristics[i]
		for j := 1; j < len(c.Bins); j++ {
			require.GreaterOrEqual(t, way(c.Feature)*(c.Bins[j].Points-c.Bins[j-1].Points), 0, "%s, bin %d", c.Feature, j)
		}
	}
	for _, g := range card.Grids {
		for i, row := range g.Points {
			for j := range row {
				if i > 0 {
					require.GreaterOrEqual(t, way(g.Rows.Feature)*(row[j]-g.Points[i-1][j]), 0, g.Label)
				}
				if j > 0 {
					require.GreaterOrEqual(t, way(g.Columns.Feature)*(row[j]-row[j-1]), 0, g.Label)
				}
			}
		}
	}
}

// With monotone the data says which way, and the points go that way.
func TestTheDataSaysWhichWay(t *testing.T) {
	for _, method := range []string{train.MethodLogistic, train.MethodAdditive} {
		spec, data, err := read(t, strings.NewReplacer("risk: rising", "risk: monotone", "risk: falling", "risk: monotone").Replace(sound)+"method: "+method+"\n",
			consumers(6000, 3))
		require.NoError(t, err)
		trained, err := train.Train(spec, data, 1)
		require.NoError(t, err)
		found := 0
		for i := range spec.Features {
			switch f := &spec.Features[i]; f.Name {
			case "income":
				f.Risk, found = "falling", found+1
			case "burden":
				f.Risk, found = "rising", found+1
			}
		}
		require.Equal(t, 2, found)
		inOrder(t, spec, trained.Scorecard)
	}
}

func TestTheSameBytes(t *testing.T) {
	document := func(method string, seed uint64) string {
		spec, data, err := read(t, sound+"method: "+method+"\n", consumers(2000, 3))
		require.NoError(t, err)
		trained, err := train.Train(spec, data, seed)
		require.NoError(t, err)
		return string(trained.Document(seed))
	}
	require.Equal(t, document("additive", 1), document("additive", 1))
	require.NotEqual(t, document("additive", 1), document("additive", 2))
	require.Equal(t, document("logistic", 1), document("logistic", 1))
}

// What is kept back to test has no say: with other outcomes there, the scorecard is the same.
func TestTestRowsAreNotLookedAt(t *testing.T) {
	text := consumers(2000, 3)
	spec, data, err := read(t, sound, text)
	require.NoError(t, err)
	before, err := train.Train(spec, data, 1)
	require.NoError(t, err)
	for row, test := range data.Test {
		if test {
			data.Bad[row] = !data.Bad[row]
		}
	}
	after, err := train.Train(spec, data, 1)
	require.NoError(t, err)
	require.Equal(t, string(before.Document(1)), string(after.Document(1)))
	folds, err := train.CrossValidate(spec, data, 3, 1)
	require.NoError(t, err)
	rows := 0
	for _, f := range folds {
		rows += f.Rows
	}
	require.Equal(t, before.Rows, rows)
}

func TestTheDocumentIsReadBack(t *testing.T) {
	spec, data, err := read(t, sound, consumers(3000, 3))
	require.NoError(t, err)
	trained, err := train.Train(spec, data, 1)
	require.NoError(t, err)
	text := trained.Document(1)
	declared, card, err := train.ReadDocument(text)
	require.NoError(t, err)
	require.Equal(t, trained.Features, declared)
	require.Equal(t, trained.Scorecard, card)
	require.Contains(t, string(text), "about: = ratio(debt, income)")
	require.Contains(t, string(text), "values: [own, parents, rent]")

	_, _, err = train.ReadDocument([]byte(strings.Replace(string(text), "- name: home", "- name: house", 1)))
	require.ErrorContains(t, err, "there is no feature home")
	_, _, err = train.ReadDocument([]byte("features: 3\nscorecard: [\n"))
	require.Error(t, err)
}

// What is missing, and what nobody has seen, has the points that the spec's rule says.
func TestMissingAndUnseen(t *testing.T) {
	for rule, check := range map[string]func(worst int, missing *scorecard.Rest) bool{
		"own":      func(_ int, m *scorecard.Rest) bool { return m != nil && *m.Share > 0.03 },
		"worst":    func(worst int, m *scorecard.Rest) bool { return m != nil && m.Points <= worst },
		"required": func(_ int, m *scorecard.Rest) bool { return m == nil },
	} {
		text := consumers(3000, 3)
		if rule == "required" {
			text = strings.ReplaceAll(text, ",,", ",900,")
		}
		spec, data, err := read(t, strings.Replace(sound, "missing: worst", "missing: "+rule, 1), text)
		require.NoError(t, err)
		trained, err := train.Train(spec, data, 1)
		require.NoError(t, err)
		for i := range trained.Scorecard.Characteristics {
			c := &trained.Scorecard.Characteristics[i]
			worst := c.Best()
			for _, b := range c.Bins {
				worst = min(worst, b.Points)
			}
			switch c.Feature {
			case "income":
				require.True(t, check(worst, c.Missing), "%s: %+v", rule, c)
			case "home":
				require.Equal(t, worst, c.Bins[len(c.Bins)-1].Points, "unseen: worst")
			}
		}
	}
}

func TestTooLittleToLearnFrom(t *testing.T) {
	spec, data, err := read(t, sound, consumers(100, 3))
	require.NoError(t, err)
	_, err = train.Train(spec, data, 1)
	require.ErrorContains(t, err, "rows train")
	spec, data, err = read(t, strings.NewReplacer("risk: rising", "use: input", "risk: falling", "use: input", "at_least: 1", "use: input, at_least: 1").Replace(sound),
		strings.NewReplacer("rent", "own", "parents", "own").Replace(consumers(3000, 3)))
	require.NoError(t, err)
	for _, method := range []string{train.MethodAdditive, train.MethodLogistic} {
		spec.Method = method
		_, err = train.Train(spec, data, 1)
		require.ErrorContains(t, err, "no feature tells good from bad")
	}
}

// shared is data that is not part of the repository.
func shared(t *testing.T, spec, csv string) (*train.Spec, *train.Data) {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	text, err := os.ReadFile("testdata/" + spec)
	require.NoError(t, err)
	s, err := train.Parse(text)
	require.NoError(t, err)
	file, err := os.Open("../../../shared/data/" + csv)
	if err != nil {
		t.Skipf("the data is not here: %v", err)
	}
	defer file.Close()
	read, err := table.Read(file, s.Wants(), table.Limits{})
	require.NoError(t, err)
	d, err := s.Data(read)
	require.NoError(t, err)
	return s, d
}

// The scorecard of the credit cards tells good from bad as well as it should, on rows that it has not seen.
func TestTaiwan(t *testing.T) {
	spec, data := shared(t, "taiwan.yaml", "taiwan_credit_card.csv")
	rest := data.Testing()
	require.Equal(t, 9018, rest.Rows())
	trained, err := train.Train(spec, data, 1)
	require.NoError(t, err)
	require.Empty(t, trained.Scorecard.Faults(train.Declared(trained.Features)))
	inOrder(t, spec, trained.Scorecard)
	sample, err := train.Sample(trained.Scorecard, rest)
	require.NoError(t, err)
	d := sample.Discriminate()
	t.Logf("AUC %.4f, KS %.4f", d.AUC, d.KS)
	require.Equal(t, 1974, d.Bads)
	require.GreaterOrEqual(t, d.AUC, 0.775)
	require.GreaterOrEqual(t, d.KS, 0.41)
	require.InDelta(t, trained.Exact.AUC, trained.Rounded.AUC, 0.001)

	spec.Method = train.MethodLogistic
	trained, err = train.Train(spec, data, 1)
	require.NoError(t, err)
	inOrder(t, spec, trained.Scorecard)
	sample, err = train.Sample(trained.Scorecard, rest)
	require.NoError(t, err)
	require.Greater(t, sample.Discriminate().AUC, 0.765)
}

func TestCredit(t *testing.T) {
	spec, data := shared(t, "credit.yaml", "credit_data.csv")
	folds, err := train.CrossValidate(spec, data, 5, 1)
	require.NoError(t, err)
	var auc float64
	for _, f := range folds {
		auc += f.Discrimination.AUC / 5
	}
	t.Logf("five-fold AUC %.4f", auc)
	require.Greater(t, auc, 0.84)
}
