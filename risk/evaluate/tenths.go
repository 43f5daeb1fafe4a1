package evaluate

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// tenths puts steps into ten groups of about the same number of rows, or fewer where many have the same score: those are not
// torn apart.
func tenths(steps []step) (groups [][]step) {
	good, bad := totals(steps)
	before, last := 0, -1
	for _, s := range steps {
		n := s.good + s.bad
		at := 10 * (2*before + n) / (2 * (good + bad)) // where its middle is
		if at != last {
			groups = append(groups, nil)
			last = at
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], s)
		before += n
	}
	return groups
}

// Tenth is a tenth of a sample, by score.
type Tenth struct {
	From     int     `json:"from"` // scores, both included
	To       int     `json:"to"`
	Rows     int     `json:"rows"`
	Bads     int     `json:"bads"`
	Foretold float64 `json:"foretold"` // the mean probability of default
	Seen     float64 `json:"seen"`     // the bad rate
}

// Calibration holds what was foretold against what was seen.
type Calibration struct {
	Tenths   []Tenth `json:"tenths"`
	Foretold float64 `json:"foretold"` // of the whole sample
	Seen     float64 `json:"seen"`
	Brier    float64 `json:"brier"` // the mean square of what is between the probability and what became of it

	// Hosmer and Lemeshow's sum over the tenths of (seen - foretold)^2 / variance, and how likely one as large is when the
	// probabilities are right. The sample must not be the one that the score was made from.
	HosmerLemeshow float64 `json:"hosmer_lemeshow"`
	P              float64 `json:"p"`
}

// certain is as near to never and to always as a probability is taken to be, so that a score far beyond all others divides by
// something.
const certain = 1e-9

// Calibrate holds the probability of default at a score against what was seen.
func (s *Sample) Calibrate(pd func(score int) float64) Calibration {
	c := Calibration{}
	steps := s.steps()
	goods, bads := totals(steps)
	for _, group := range tenths(steps) {
		t := Tenth{From: group[0].score, To: group[len(group)-1].score}
		for _, st := range group {
			p := pd(st.score)
			t.Rows, t.Bads = t.Rows+st.good+st.bad, t.Bads+st.bad
			t.Foretold += p * float64(st.good+st.bad)
			c.Brier += float64(st.good)*p*p + float64(st.bad)*(1-p)*(1-p)
		}
		c.Foretold += t.Foretold
		t.Foretold /= float64(t.Rows)
		t.Seen = float64(t.Bads) / float64(t.Rows)
		expected := min(max(t.Foretold, certain), 1-certain)
		c.HosmerLemeshow += float64(t.Rows) * (t.Seen - expected) * (t.Seen - expected) / (expected * (1 - expected))
		c.Tenths = append(c.Tenths, t)
	}
	n := float64(goods + bads)
	c.Foretold, c.Brier, c.Seen = c.Foretold/n, c.Brier/n, float64(bads)/n
	c.P = mathext.GammaIncRegComp(float64(len(c.Tenths))/2, c.HosmerLemeshow/2)
	return c
}

// Gain is what a cutoff does: whoever has less than it is declined.
type Gain struct {
	Below    int     `json:"below"`     // the cutoff
	Declined float64 `json:"declined"`  // share of all
	BadsOut  float64 `json:"bads_out"`  // share of the bad that is declined
	GoodsOut float64 `json:"goods_out"` // share of the good that is declined
	BadRate  float64 `json:"bad_rate"`  // of those who are left; NaN when nobody is
	Lift     float64 `json:"lift"`      // bad rate of the declined by that of all
}

// Gains is the gain table: a cutoff after each tenth but the last.
func (s *Sample) Gains() (gains []Gain) {
	steps := s.steps()
	goods, bads := totals(steps)
	groups := tenths(steps)
	var good, bad int
	for i, group := range groups[:max(0, len(groups)-1)] {
		for _, st := range group {
			good, bad = good+st.good, bad+st.bad
		}
		g := Gain{Below: groups[i+1][0].score, Declined: share(good+bad, goods+bads), BadsOut: share(bad, bads), GoodsOut: share(good, goods)}
		g.BadRate = share(bads-bad, goods+bads-good-bad)
		g.Lift = share(bad, good+bad) / share(bads, goods+bads)
		gains = append(gains, g)
	}
	return gains
}

func share(n, of int) float64 {
	if of == 0 {
		return math.NaN()
	}
	return float64(n) / float64(of)
}

// Point is a point of a curve.
type Point struct{ X, Y float64 }

// ROC is the share of the bad against the share of the good that has no more than each score, from nobody to all.
func (s *Sample) ROC() []Point {
	curve := []Point{{0, 0}}
	s.cumulate(func(_ int, good, bad float64) { curve = append(curve, Point{good, bad}) })
	return curve
}

// Cumulative are the shares of the good and of the bad that have no more than each score.
func (s *Sample) Cumulative() (good, bad []Point) {
	s.cumulate(func(score int, g, b float64) {
		good, bad = append(good, Point{float64(score), g}), append(bad, Point{float64(score), b})
	})
	return good, bad
}

func (s *Sample) cumulate(each func(score int, good, bad float64)) {
	steps := s.steps()
	goods, bads := totals(steps)
	var good, bad int
	for _, st := range steps {
		good, bad = good+st.good, bad+st.bad
		each(st.score, share(good, goods), share(bad, bads))
	}
}
