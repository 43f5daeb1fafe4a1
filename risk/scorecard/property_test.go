package scorecard_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// A scorecard of any size, whose first features are numbers and whose last is a category. With rising points the
// characteristics and grids of numbers give no fewer points to a larger number.
func drawScorecard(t *rapid.T, rising bool) (*scorecard.Scorecard, map[string]scorecard.Feature) {
	s := &scorecard.Scorecard{
		BaseScore: rapid.IntRange(-1000, 1000).Draw(t, "base score"), BaseOdds: rapid.Float64Range(0.01, 1000).Draw(t, "base odds"),
		PointsToDoubleOdds: rapid.IntRange(1, 200).Draw(t, "doubling"), Intercept: rapid.IntRange(-1000, 1000).Draw(t, "intercept"),
	}
	declared := map[string]scorecard.Feature{}
	bounds := rapid.SliceOfNDistinct(rapid.Float64Range(-1e6, 1e6), 1, 8, rapid.ID[float64])
	numbers := rapid.IntRange(2, 5).Draw(t, "numbers")
	for i := range numbers {
		name := fmt.Sprintf("n%d", i)
		declared[name] = scorecard.Feature{Kind: scorecard.KindNumber, Missing: true}
		c := scorecard.Characteristic{Feature: name, Label: name, Reason: "R" + fmt.Sprint(i), Missing: &scorecard.Rest{}}
		below := bounds.Draw(t, "bounds")
		slices.Sort(below)
		points := rapid.SliceOfN(rapid.IntRange(-100, 100), len(below)+1, len(below)+1).Draw(t, "points")
		if rising {
			slices.Sort(points)
		}
		for j, p := range points {
			b := scorecard.Bin{Rest: scorecard.Rest{Points: p}}
			if j < len(below) {
				b.Below = &below[j]
			}
			c.Bins = append(c.Bins, b)
		}
		s.Characteristics = append(s.Characteristics, c)
	}
	declared["c"] = scorecard.Feature{Kind: scorecard.KindCategory}
	s.Characteristics = append(s.Characteristics, scorecard.Characteristic{Feature: "c", Label: "c", Reason: "RC", Bins: []scorecard.Bin{
		{Values: []string{"a", "b"}, Rest: scorecard.Rest{Points: 7}}, {Values: []string{"d"}}, {Other: true, Rest: scorecard.Rest{Points: -7}},
	}})
	g := scorecard.Grid{Label: "g", Reason: "RG", Rows: scorecard.Axis{Feature: "n0", Below: []float64{-10, 0, 10}}, Columns: scorecard.Axis{Feature: "n1", Below: []float64{5}}}
	for i := range g.Rows.Size() {
		row := rapid.SliceOfN(rapid.IntRange(-10, 10), 2, 2).Draw(t, "row")
		if rising { // each row and each column ascends
			slices.Sort(row)
			for j := range row {
				if i > 0 {
					row[j] = max(row[j], g.Points[i-1][j])
				}
			}
		}
		g.Points = append(g.Points, row)
	}
	s.Grids = append(s.Grids, g)
	return s, declared
}

func drawFeatures(t *rapid.T, s *scorecard.Scorecard) map[string]scorecard.Value {
	features := map[string]scorecard.Value{}
	for _, name := range s.Features() {
		if name == "c" {
			features[name] = scorecard.Category(rapid.SampledFrom([]string{"a", "b", "d", "", "something else"}).Draw(t, name))
		} else {
			features[name] = scorecard.Number(rapid.Float64().Draw(t, name))
		}
	}
	return features
}

func TestTheScoreIsMonotoneInEachFeature(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, declared := drawScorecard(t, true)
		require.Empty(t, s.Faults(declared))
		features := drawFeatures(t, s)
		name := rapid.SampledFrom(s.Features()[:len(s.Features())-1]).Draw(t, "feature")
		low, _ := features[name].Number()
		before, err := s.Score(features)
		require.NoError(t, err)
		features[name] = scorecard.Number(rapid.Float64Min(low).Draw(t, "more"))
		after, err := s.Score(features)
		require.NoError(t, err)
		require.GreaterOrEqual(t, after.Score, before.Score)
		require.LessOrEqual(t, s.PD(after.Score), s.PD(before.Score))
	})
}

// Every number is in exactly one bin: the one that it is in begins no later, and ends later; and the points are its.
func TestEveryValueIsInOneBin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawScorecard(t, false)
		for name, v := range drawFeatures(t, s) {
			c := &s.Characteristics[slices.IndexFunc(s.Characteristics, func(c scorecard.Characteristic) bool { return c.Feature == name })]
			at, ok := c.Bin(v)
			require.True(t, ok)
			in := 0
			for i, b := range c.Bins {
				inside := b.Other && at == i
				if x, ok := v.Number(); ok {
					inside = (i == 0 || *c.Bins[i-1].Below <= x) && (b.Below == nil || x < *b.Below)
				} else if text, _ := v.Category(); !b.Other {
					inside = slices.Contains(b.Values, text)
				}
				if inside {
					in++
					require.Equal(t, i, at)
				}
			}
			require.Equal(t, 1, in)
		}
	})
}

// The score is the sum of its parts, within the range, and what was lost is told in order, by code, and is not more than all.
func TestPartsAndReasonsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawScorecard(t, false)
		r, err := s.Score(drawFeatures(t, s))
		require.NoError(t, err)
		sum, lost, told := s.Intercept, 0, 0
		for _, p := range r.Parts {
			sum, lost = sum+p.Points, lost+p.Lost
		}
		for _, reason := range r.Reasons {
			require.Positive(t, reason.Points)
			told += reason.Points
		}
		least, most := s.Range()
		require.Equal(t, sum, r.Score)
		require.True(t, least <= sum && sum <= most)
		require.LessOrEqual(t, told, lost)
		require.LessOrEqual(t, len(r.Reasons), scorecard.ReasonsMost)
		require.True(t, slices.IsSortedFunc(r.Reasons, func(a, b scorecard.Reason) int { return b.Points - a.Points }))
		if len(r.Reasons) < scorecard.ReasonsMost {
			require.Equal(t, lost, told)
		}
	})
}

func TestTheScoreAtARiskIsTheLowest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawScorecard(t, false)
		pd := rapid.Float64Range(0.0001, 0.9999).Draw(t, "pd")
		score := s.ScoreAt(pd)
		require.LessOrEqual(t, s.PD(score), pd)
		require.Greater(t, s.PD(score-1), pd)
	})
}

// A document of a scorecard is the scorecard.
func TestADocumentIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := drawScorecard(t, false)
		text, err := yaml.Marshal(s)
		require.NoError(t, err)
		var back scorecard.Scorecard
		require.NoError(t, yaml.Unmarshal(text, &back))
		require.Equal(t, s, &back)
	})
}
