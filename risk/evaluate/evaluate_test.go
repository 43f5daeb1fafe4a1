package evaluate_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-credit/holdfast/risk/evaluate"
)

// sample is from a text: small letters are good, capitals bad, in order of the score; the letter is the score.
func sample(text string) *evaluate.Sample {
	s := &evaluate.Sample{}
	for _, r := range text {
		bad := r < 'a'
		if bad {
			r += 'a' - 'A'
		}
		s.Scores, s.Bad = append(s.Scores, int(r-'a')), append(s.Bad, bad)
	}
	return s
}

func TestDiscriminationByHand(t *testing.T) {
	for _, tc := range []struct {
		text    string
		auc, ks float64
		at      int
	}{
		{"Abcd", 1, 1, 0},       // the bad one has the least
		{"abcD", 0, 1, 2},       // the wrong way round
		{"aAaA", 0.5, 0, 0},     // all the same: nothing is told apart
		{"ABcd", 1, 1, 1},       //
		{"AbCd", 0.75, 0.5, 0},  // of 4 pairs 3 are right
		{"AbBc", 0.875, 0.5, 0}, // and a tie, which counts half
		// A is below all four: 4. B is below two and ties with two: 3. C is below d and ties with c: 1.5. In all 8.5 of 12 pairs.
		// The shares of bad and good differ most up to a: 1/3 and none.
		{"ABbbcCd", 8.5 / 12, 1.0 / 3, 0},
	} {
		d := sample(tc.text).Discriminate()
		require.InDelta(t, tc.auc, d.AUC, 1e-12, tc.text)
		require.InDelta(t, 2*tc.auc-1, d.Gini, 1e-12, tc.text)
		require.InDelta(t, tc.ks, d.KS, 1e-12, tc.text)
		if tc.ks > 0 {
			require.Equal(t, tc.at, d.KSAt, tc.text)
		}
	}
	require.True(t, math.IsNaN(sample("abc").Discriminate().AUC), "nobody is bad")
}

// AUC is the mean over all pairs, counted one by one; KS the greatest distance, looked for at every score.
func TestDiscriminationByCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &evaluate.Sample{
			Scores: rapid.SliceOfN(rapid.IntRange(-5, 20), 2, 60).Draw(t, "scores"),
		}
		s.Bad = rapid.SliceOfN(rapid.Bool(), len(s.Scores), len(s.Scores)).Draw(t, "bad")
		s.Bad[0], s.Bad[1] = true, false
		var pairs, right, ks float64
		for i := range s.Scores {
			var good, bad, goods, bads float64
			for j := range s.Scores {
				below := 0.0
				if s.Scores[j] <= s.Scores[i] {
					below = 1
				}
				if s.Bad[j] {
					bads, bad = bads+1, bad+below
				} else {
					goods, good = goods+1, good+below
				}
				if s.Bad[i] && !s.Bad[j] {
					pairs++
					switch {
					case s.Scores[j] > s.Scores[i]:
						right++
					case s.Scores[j] == s.Scores[i]:
						right += 0.5
					}
				}
			}
			ks = max(ks, math.Abs(bad/bads-good/goods))
		}
		d := s.Discriminate()
		require.InDelta(t, right/pairs, d.AUC, 1e-12)
		require.InDelta(t, ks, d.KS, 1e-12)
	})
}

func TestTheBootstrapIsRepeatableAndCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	s := &evaluate.Sample{}
	for range 2000 {
		bad := r.Float64() < 0.3
		score := r.NormFloat64() * 10
		if bad {
			score -= 10 // AUC is then Phi(1/sqrt 2) = 0.760
		}
		s.Scores, s.Bad = append(s.Scores, int(math.Floor(score*100))), append(s.Bad, bad)
	}
	d, one := s.Discriminate(), s.Bootstrap(300, 7)
	require.Equal(t, one, s.Bootstrap(300, 7))
	require.NotEqual(t, one, s.Bootstrap(300, 8))
	require.InDelta(t, 0.760, d.AUC, 0.02)
	require.True(t, one.AUC.Low < d.AUC && d.AUC < one.AUC.High)
	require.True(t, one.KS.Low < d.KS && d.KS < one.KS.High)
	// The standard error of the AUC of 600 bad and 1400 good, after Hanley and McNeil, is 0.0117: the interval is 3.92 of it.
	require.InDelta(t, 3.92*0.0117, one.AUC.High-one.AUC.Low, 0.01)
}

func TestCalibrationByHand(t *testing.T) {
	// Two scores, 10 rows each: 4 of 10 and 1 of 10 are bad, where 0.3 and 0.1 were foretold.
	s := &evaluate.Sample{}
	for i := range 20 {
		s.Scores = append(s.Scores, i/10)
		s.Bad = append(s.Bad, i < 4 || i == 10)
	}
	c := s.Calibrate(func(score int) float64 { return []float64{0.3, 0.1}[score] })
	require.Equal(t, []evaluate.Tenth{
		{From: 0, To: 0, Rows: 10, Bads: 4, Foretold: 0.3, Seen: 0.4},
		{From: 1, To: 1, Rows: 10, Bads: 1, Foretold: 0.1, Seen: 0.1},
	}, c.Tenths)
	require.InDelta(t, 0.2, c.Foretold, 1e-12)
	require.InDelta(t, 0.25, c.Seen, 1e-12)
	require.InDelta(t, (4*0.49+6*0.09+0.81+9*0.01)/20, c.Brier, 1e-12)
	require.InDelta(t, 10*0.01/(0.3*0.7), c.HosmerLemeshow, 1e-12)
	require.InDelta(t, math.Exp(-c.HosmerLemeshow/2), c.P, 1e-12, "with two degrees of freedom")

	sure := s.Calibrate(func(score int) float64 { return float64(1 - score) })
	require.False(t, math.IsInf(sure.HosmerLemeshow, 0) || math.IsNaN(sure.HosmerLemeshow), "whoever is sure and wrong gets a figure")
	require.Zero(t, sure.P)
}

func TestGainsByHand(t *testing.T) {
	// Ten scores of one row each; the bad ones are the first, second and fifth.
	gains := sample("ABcdEfghij").Gains()
	require.Len(t, gains, 9)
	require.Equal(t, 2, gains[1].Below)
	for i, want := range []struct{ declined, badsOut, goodsOut, badRate, lift float64 }{
		{0.1, 1.0 / 3, 0, 2.0 / 9, 1 / 0.3},
		{0.2, 2.0 / 3, 0, 1.0 / 8, 1 / 0.3},
		{0.3, 2.0 / 3, 1.0 / 7, 1.0 / 7, 2.0 / 3 / 0.3},
		{0.4, 2.0 / 3, 2.0 / 7, 1.0 / 6, 0.5 / 0.3},
		{0.5, 1, 2.0 / 7, 0, 0.6 / 0.3},
	} {
		g := gains[i]
		require.InDeltaSlice(t, []float64{want.declined, want.badsOut, want.goodsOut, want.badRate, want.lift},
			[]float64{g.Declined, g.BadsOut, g.GoodsOut, g.BadRate, g.Lift}, 1e-12)
	}
}

func TestPSIByHand(t *testing.T) {
	require.InDelta(t, 0, evaluate.PSI([]int{10, 20, 30}, []int{1, 2, 3}), 1e-12)
	require.InDelta(t, 0.25*math.Log(0.75/0.5)-0.25*math.Log(0.25/0.5), evaluate.PSI([]int{50, 50}, []int{75, 25}), 1e-12)
	require.InDelta(t, 0.5*math.Log(1/0.5)+(0.005-0.5)*math.Log(0.005/0.5), evaluate.PSI([]int{50, 50, 0}, []int{100, 0, 0}), 1e-12)

	s := sample("aAbcdefghijklmnopqrst")
	require.InDelta(t, 0, evaluate.ScorePSI(s, s), 1e-12)
	moved := &evaluate.Sample{Scores: slices.Clone(s.Scores), Bad: s.Bad}
	for i := range moved.Scores {
		moved.Scores[i] += 2
	}
	require.Greater(t, evaluate.ScorePSI(s, moved), 0.1)
}

func TestCurves(t *testing.T) {
	s := sample("AbBc")
	require.Equal(t, []evaluate.Point{{0, 0}, {0, 0.5}, {0.5, 1}, {1, 1}}, s.ROC())
	good, bad := s.Cumulative()
	require.Equal(t, []evaluate.Point{{0, 0}, {1, 0.5}, {2, 1}}, good)
	require.Equal(t, []evaluate.Point{{0, 0.5}, {1, 1}, {2, 1}}, bad)
}
