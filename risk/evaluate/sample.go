package evaluate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Sample is consumers with their scores, and what became of them.
type Sample struct {
	Scores []int
	Bad    []bool
}

// step is a score, and how many have it. A sample in steps is all that the figures below want to know.
type step struct {
	score     int
	good, bad int
}

// steps are the scores that occur, ascending.
func (s *Sample) steps() []step {
	order := make([]int, len(s.Scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(s.Scores[a], s.Scores[b]) })
	var steps []step
	for _, i := range order {
		if len(steps) == 0 || steps[len(steps)-1].score != s.Scores[i] {
			steps = append(steps, step{score: s.Scores[i]})
		}
		if s.Bad[i] {
			steps[len(steps)-1].bad++
		} else {
			steps[len(steps)-1].good++
		}
	}
	return steps
}

func totals(steps []step) (good, bad int) {
	for _, s := range steps {
		good, bad = good+s.good, bad+s.bad
	}
	return good, bad
}

// Discrimination is how well scores tell good from bad.
type Discrimination struct {
	AUC   float64 `json:"auc"`  // how often one of the good has more than one of the bad, a tie counting half
	Gini  float64 `json:"gini"` // 2 AUC - 1
	KS    float64 `json:"ks"`   // the greatest distance between the shares of bad and good up to a score
	KSAt  int     `json:"ks_at"`
	Goods int     `json:"goods"`
	Bads  int     `json:"bads"`
}

// Discriminate reckons AUC, Gini and KS. Without good or without bad there are none of them: they are NaN.
func (s *Sample) Discriminate() Discrimination { return discriminate(s.steps()) }

func discriminate(steps []step) Discrimination {
	d := Discrimination{}
	d.Goods, d.Bads = totals(steps)
	if d.Goods == 0 || d.Bads == 0 {
		d.AUC, d.Gini, d.KS = math.NaN(), math.NaN(), math.NaN()
		return d
	}
	var good, bad int
	var halves int64 // twice the pairs in which the good one has more; whole, so that nothing is rounded
	for _, s := range steps {
		halves += int64(s.good) * int64(2*bad+s.bad)
		good, bad = good+s.good, bad+s.bad
		if ks := math.Abs(float64(bad)/float64(d.Bads) - float64(good)/float64(d.Goods)); ks > d.KS {
			d.KS, d.KSAt = ks, s.score
		}
	}
	d.AUC = float64(halves) / 2 / float64(d.Goods) / float64(d.Bads)
	d.Gini = 2*d.AUC - 1
	return d
}

// Interval is where a figure is to be expected, with 95 % confidence.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Intervals are those of AUC, Gini and KS.
type Intervals struct {
	Draws int      `json:"draws"`
	AUC   Interval `json:"auc"`
	Gini  Interval `json:"gini"`
	KS    Interval `json:"ks"`
}

// Bootstrap draws samples as large as the sample from it, good and bad apart so that each has both in their numbers, and
// answers with the middle 95 % of the figures. KS is a maximum, and that of a draw is a little above the sample's on average:
// its interval leans upwards.
func (s *Sample) Bootstrap(draws int, seed uint64) Intervals {
	steps := s.steps()
	goods, bads := totals(steps)
	of := func(n int, count func(step) int) []int { // the step of each of the good, or of the bad
		list := make([]int, 0, n)
		for i, s := range steps {
			for range count(s) {
				list = append(list, i)
			}
		}
		return list
	}
	good, bad := of(goods, func(s step) int { return s.good }), of(bads, func(s step) int { return s.bad })
	r := rand.New(rand.NewPCG(seed, uint64(draws)))
	aucs, kss := make([]float64, draws), make([]float64, draws)
	drawn := slices.Clone(steps)
	for draw := range draws {
		for i := range drawn {
			drawn[i].good, drawn[i].bad = 0, 0
		}
		for range good {
			drawn[good[r.IntN(goods)]].good++
		}
		for range bad {
			drawn[bad[r.IntN(bads)]].bad++
		}
		d := discriminate(drawn)
		aucs[draw], kss[draw] = d.AUC, d.KS
	}
	auc := middle(aucs)
	return Intervals{Draws: draws, AUC: auc, Gini: Interval{2*auc.Low - 1, 2*auc.High - 1}, KS: middle(kss)}
}

// middle is the middle 95 % of figures.
func middle(figures []float64) Interval {
	if len(figures) == 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	slices.Sort(figures)
	at := func(share float64) float64 { return figures[int(math.Round(share*float64(len(figures)-1)))] }
	return Interval{at(0.025), at(0.975)}
}
