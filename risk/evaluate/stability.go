package evaluate

import "math"

// PSI is the population stability index of two distributions over the same bins, as counts: the sum of (share now - share
// then) x ln(share now / share then). Below 0.1 little has moved, above 0.25 the score should be made anew. A bin that is empty
// on one side counts half a row there, or the index would be infinite.
func PSI(then, now []int) (index float64) {
	var thens, nows int
	for i := range then {
		thens, nows = thens+then[i], nows+now[i]
	}
	for i := range then {
		if then[i] == 0 && now[i] == 0 {
			continue
		}
		p, q := math.Max(float64(then[i]), 0.5)/float64(thens), math.Max(float64(now[i]), 0.5)/float64(nows)
		index += (q - p) * math.Log(q/p)
	}
	return index
}

// ScorePSI is the index of scores, over the tenths of the earlier ones.
func ScorePSI(then, now *Sample) float64 {
	groups := tenths(then.steps())
	was, is := make([]int, len(groups)), make([]int, len(groups))
	for _, samples := range []struct {
		scores []int
		counts []int
	}{{then.Scores, was}, {now.Scores, is}} {
		for _, score := range samples.scores {
			at := 0
			for at < len(groups)-1 && score >= groups[at+1][0].score {
				at++
			}
			samples.counts[at]++
		}
	}
	return PSI(was, is)
}
