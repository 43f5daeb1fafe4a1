package scorecard

import "math"

// Odds are good to one bad at a score: BaseOdds at BaseScore, and twice that PointsToDoubleOdds above.
func (s *Scorecard) Odds(score int) float64 {
	return s.BaseOdds * math.Exp2(float64(score-s.BaseScore)/float64(s.PointsToDoubleOdds))
}

// PD is the probability of default at a score: 1 / (1 + odds). It falls as the score rises.
func (s *Scorecard) PD(score int) float64 { return 1 / (1 + s.Odds(score)) }

// ScoreAt is the lowest score at which the probability of default is no more than pd, which is above 0 and below 1. It is how
// a cutoff is found for a risk that one is ready to take.
func (s *Scorecard) ScoreAt(pd float64) int {
	doublings := math.Log2((1 - pd) / pd / s.BaseOdds)
	score := s.BaseScore + int(math.Floor(doublings*float64(s.PointsToDoubleOdds)))
	for s.PD(score) > pd { // the floor, or a rounding of the logarithm
		score++
	}
	for s.PD(score-1) <= pd {
		score--
	}
	return score
}
