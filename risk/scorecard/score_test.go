package scorecard_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// A small table, to be reckoned by hand.
const small = `
base_score: 600
base_odds: 20
points_to_double_odds: 40
intercept: 500
characteristics:
  - feature: late_months
    label: Months late
    reason: LATE_PAYMENTS
    bins:
      - {below: 1, points: 60, share: 0.7, bad_rate: 0.1, woe: 0.9}
      - {below: 3, points: 10}
      - {points: -50}
    missing: {points: 5}
  - feature: home
    label: Home
    reason: HOME
    bins:
      - {values: [owner, parents], points: 20}
      - {values: [rent], points: -5}
      - {other: true, points: 0}
  - feature: usage
    label: Use of the limit
    reason: USE_OF_LIMIT
    bins:
      - {below: 0.5, points: 30}
      - {points: 0}
    missing: {points: 0}
grids:
  - label: Late, by use of the limit
    reason: LATE_PAYMENTS
    rows: {feature: late_months, below: [1]}
    columns: {feature: usage, below: [0.5, 0.9]}
    points:
      - [4, 0, -2]
      - [0, -3, -9]
`

func parse(t testing.TB, text string) *scorecard.Scorecard {
	t.Helper()
	var s scorecard.Scorecard
	require.NoError(t, yaml.Unmarshal([]byte(text), &s))
	return &s
}

var declared = map[string]scorecard.Feature{
	"late_months": {Kind: scorecard.KindNumber, Missing: true},
	"home":        {Kind: scorecard.KindCategory},
	"usage":       {Kind: scorecard.KindNumber, Missing: true},
}

func TestScoresByHand(t *testing.T) {
	s := parse(t, small)
	require.Empty(t, s.Faults(declared))
	least, most := s.Range()
	require.Equal(t, []int{500 - 50 - 5 + 0 - 9, 500 + 60 + 20 + 30 + 4}, []int{least, most})
	require.Equal(t, []string{"late_months", "home", "usage"}, s.Features())

	for _, tc := range []struct {
		name    string
		late    scorecard.Value
		home    string
		usage   scorecard.Value
		score   int
		reasons []scorecard.Reason
	}{
		{
			"the best of everything", scorecard.Number(0), "owner", scorecard.Number(0.2), 500 + 60 + 20 + 30 + 4, nil,
		},
		{ // a bound is not in the bin that it ends; the grid's loss counts with the characteristic's, under the code that they share
			"the worst of everything", scorecard.Number(3), "rent", scorecard.Number(0.9), 500 - 50 - 5 + 0 - 9,
			[]scorecard.Reason{{"LATE_PAYMENTS", "Months late", 110 + 13}, {"USE_OF_LIMIT", "Use of the limit", 30}, {"HOME", "Home", 25}},
		},
		{
			"just below a bound", scorecard.Number(math.Nextafter(3, 0)), "owner", scorecard.Number(0.5), 500 + 10 + 20 + 0 - 3,
			[]scorecard.Reason{{"LATE_PAYMENTS", "Months late", 50 + 7}, {"USE_OF_LIMIT", "Use of the limit", 30}},
		},
		{ // of 20 lost by home, and 55 and 30
			"a category that nobody has seen, and what is missing", scorecard.Missing, "boat", scorecard.Missing, 500 + 5 + 0 + 0 + 0,
			[]scorecard.Reason{{"LATE_PAYMENTS", "Months late: not known", 55 + 4}, {"USE_OF_LIMIT", "Use of the limit: not known", 30}, {"HOME", "Home", 20}},
		},
		{
			"a ratio to nothing is missing", scorecard.Number(0), "parents", scorecard.Number(math.Inf(1)), 500 + 60 + 20 + 0 + 0,
			[]scorecard.Reason{{"USE_OF_LIMIT", "Use of the limit: not known", 30}, {"LATE_PAYMENTS", "Late, by use of the limit: not known", 4}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := s.Score(map[string]scorecard.Value{"late_months": tc.late, "home": scorecard.Category(tc.home), "usage": tc.usage})
			require.NoError(t, err)
			require.Equal(t, tc.score, r.Score)
			require.Equal(t, tc.reasons, r.Reasons[:len(r.Reasons):len(r.Reasons)])
			sum := s.Intercept
			for _, p := range r.Parts {
				sum += p.Points
			}
			require.Equal(t, r.Score, sum)
		})
	}
}

func TestPartsSayTheBin(t *testing.T) {
	r, err := parse(t, small).Score(map[string]scorecard.Value{
		"late_months": scorecard.Number(2), "home": scorecard.Category("boat"), "usage": scorecard.Number(0.7),
	})
	require.NoError(t, err)
	require.Equal(t, []scorecard.Part{
		{"Months late", "1 to below 3", 10, 50},
		{"Home", "all others", 0, 20},
		{"Use of the limit", "0.5 or more", 0, 30},
		{"Late, by use of the limit", "1 or more × 0.5 to below 0.9", -3, 7},
	}, r.Parts)
}

func TestNoScore(t *testing.T) {
	s := parse(t, small)
	_, err := s.Score(map[string]scorecard.Value{"late_months": scorecard.Number(0)})
	require.EqualError(t, err, "scorecard: home is missing, and has no points for that")
	_, err = s.Score(map[string]scorecard.Value{"late_months": scorecard.Category("many")})
	require.EqualError(t, err, "scorecard: late_months is not of the kind that its bins are for")
	_, err = s.Score(map[string]scorecard.Value{"late_months": scorecard.Number(0), "home": scorecard.Number(1)})
	require.EqualError(t, err, "scorecard: home is not of the kind that its bins are for")
}

func TestFlagsAreCategories(t *testing.T) {
	s := parse(t, `
base_score: 0
base_odds: 1
points_to_double_odds: 1
characteristics:
  - {feature: autopay, label: Pays by mandate, reason: NO_MANDATE, bins: [{values: [true], points: 9}, {other: true, points: 0}]}
`)
	require.Empty(t, s.Faults(map[string]scorecard.Feature{"autopay": {Kind: scorecard.KindFlag}}))
	r, err := s.Score(map[string]scorecard.Value{"autopay": scorecard.Flag(true)})
	require.NoError(t, err)
	require.Equal(t, 9, r.Score)
}

func TestOdds(t *testing.T) {
	s := parse(t, small)
	require.InDelta(t, 20, s.Odds(600), 1e-12)
	require.InDelta(t, 40, s.Odds(640), 1e-12)
	require.InDelta(t, 5, s.Odds(520), 1e-12)
	require.InDelta(t, 1.0/21, s.PD(600), 1e-12)
	require.Equal(t, 600, s.ScoreAt(1.0/21))
	require.Equal(t, 640, s.ScoreAt(1.0/41))
	require.Equal(t, 601, s.ScoreAt(1.0/21-1e-9), "a little less risk wants a point more")
}
