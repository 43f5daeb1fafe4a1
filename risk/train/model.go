package train

import (
	"cmp"
	"math"
	"slices"
)

// shape is one characteristic before it has points: bins, and the log odds of bad that each adds.
type shape struct {
	feature *Feature
	at      int // of the feature in the data
	order   int // 1 when risk is to rise with the value, -1 when it is to fall, 0 when it may do either
	bins    *bins
	cells   []cell // of each bin, and last of what is missing
}

// pair is one grid before it has points.
type pair struct {
	a, b          *shape // which have what is common to the pair; their bins here are fewer
	rows, columns *bins
	scores        []float64 // row by row, each with the columns and one more that stays zero, for what is missing
}

// model is what a method makes: log odds of bad, as a sum.
type model struct {
	start  float64
	shapes []*shape
	pairs  []*pair
}

// prebinned are the shapes of the features that are scored, in fine bins, without scores.
func prebinned(s *Spec, d *Data) (shapes []*shape) {
	for i := range s.Features {
		f := &s.Features[i]
		if f.Use != "score" {
			continue
		}
		sh := &shape{feature: f, at: i, bins: prebin(f, &d.Features[i], &s.Binning)}
		sh.cells = count(sh.bins.index(&d.Features[i]), d.Bad, sh.bins.size()+1)
		sh.evidence()
		switch f.Risk {
		case "rising":
			sh.order = 1
		case "falling":
			sh.order = -1
		case "monotone":
			sh.order = direction(sh.cells[:sh.bins.size()])
		}
		shapes = append(shapes, sh)
	}
	return shapes
}

// evidence makes the score of each cell how much more of the bad are in it than of the good, as a logarithm: the weight of
// evidence, with its sign turned. Half a row is added to both, so that a bin without one of them has a score.
func (sh *shape) evidence() {
	var all cell
	for _, c := range sh.cells {
		all = all.and(c)
	}
	for i, c := range sh.cells {
		sh.cells[i].score = -woe(c, all)
		if c.rows() == 0 {
			sh.cells[i].score = 0
		}
	}
}

// woe is ln of (share of the good / share of the bad).
func woe(c, all cell) float64 {
	return math.Log((float64(c.good) + 0.5) / (float64(all.good) + 0.5) / ((float64(c.bad) + 0.5) / (float64(all.bad) + 0.5)))
}

// iv is the information value of cells: the sum of (share of the good - share of the bad) x weight of evidence. Below 0.02
// it tells nothing, above 0.3 a lot.
func iv(cells []cell) (value float64) {
	var all cell
	for _, c := range cells {
		all = all.and(c)
	}
	for _, c := range cells {
		if c.rows() > 0 {
			value += (float64(c.good)/float64(all.good) - float64(c.bad)/float64(all.bad)) * woe(c, all)
		}
	}
	return value
}

// direction is the way that the bad rate goes: that in which fewer neighbours have to be made one.
func direction(cells []cell) int {
	off := func(order int) (moved float64) {
		for i, c := range monotone(cells, order) {
			moved += float64(c.rows()) * (c.score - cells[i].score) * (c.score - cells[i].score)
		}
		return moved
	}
	if off(1) <= off(-1) {
		return 1
	}
	return -1
}

// monotone is cells whose scores go one way: neighbours that go the other way have their mean.
func monotone(cells []cell, order int) []cell {
	m, h, line := make([]float64, len(cells)), make([]float64, len(cells)), make([]int, len(cells))
	for i, c := range cells {
		m[i], h[i], line[i] = c.score, float64(c.rows()), i
	}
	pool(m, h, line, order)
	ordered := make([]cell, len(cells))
	for i, c := range cells {
		ordered[i] = cell{c.good, c.bad, m[i]}
	}
	return ordered
}

func priorOdds(bad []bool) float64 {
	bads := 0
	for _, is := range bad {
		if is {
			bads++
		}
	}
	return math.Log(float64(bads) / float64(len(bad)-bads))
}

// tolerance is what a score may move, on average, so that there are fewer bins: half a point.
func (s *Spec) tolerance() float64 { return 0.5 / s.factor() }

// factor is how many points one unit of log odds is.
func (s *Spec) factor() float64 { return float64(s.Scale.PointsToDoubleOdds) / math.Ln2 }

// coarsen makes neighbouring bins one. Categories have the neighbours that their scores give them, and the bin of all others
// stays.
func (sh *shape) coarsen(most int, tolerance float64, rules *Binning) {
	groups := sh.groups(most, tolerance, rules)
	sh.bins = sh.bins.merged(groups)
	sh.cells = nil
}

func (sh *shape) groups(most int, tolerance float64, rules *Binning) []int {
	if sh.bins.numeric() {
		return segment(sh.cells[:sh.bins.size()], most, tolerance, rules)
	}
	order := make([]int, len(sh.bins.values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sh.cells[a].score, sh.cells[b].score) })
	sorted := make([]cell, len(order))
	for i, at := range order {
		sorted[i] = sh.cells[at]
	}
	groups := make([]int, len(order)+1)
	last := 0
	if len(order) > 0 {
		for i, group := range segment(sorted, most-1, tolerance, rules) {
			groups[order[i]] = group
			last = group + 1
		}
	}
	groups[len(order)] = last
	return groups
}

// center makes a shape add nothing on average, and answers with what it added. What is missing, and categories beyond those
// that have bins, add nothing when there are few of them: that would be chance.
func (sh *shape) center(rules *Binning) (mean float64) {
	few := func(bin int) bool {
		rest := bin == sh.bins.size() || !sh.bins.numeric() && bin == sh.bins.size()-1
		return rest && sh.cells[bin].rows() < 2*rules.MinBads
	}
	rows := 0.0
	for bin, c := range sh.cells {
		if !few(bin) {
			mean += c.score * float64(c.rows())
			rows += float64(c.rows())
		}
	}
	mean /= rows
	for bin := range sh.cells {
		sh.cells[bin].score -= mean
		if few(bin) {
			sh.cells[bin].score = 0
		}
	}
	return mean
}

// assume gives what is missing, and what nobody has seen, the worst of all scores, where the spec says so.
func (sh *shape) assume() {
	worst := slices.MaxFunc(sh.cells, func(a, b cell) int { return cmp.Compare(a.score, b.score) }).score
	if sh.feature.Missing == "worst" {
		sh.cells[sh.bins.size()].score = worst
	}
	if !sh.bins.numeric() && sh.feature.Unseen == "worst" {
		sh.cells[sh.bins.size()-1].score = worst
	}
}

// weight is how much a shape tells rows apart: the sum of the squares of what it adds to them. By squares, because a feature
// that says a lot of few is worth more than one that says next to nothing of all.
func (sh *shape) weight() (squares float64) {
	for _, c := range sh.cells {
		squares += c.score * c.score * float64(c.rows())
	}
	return squares
}

// logits are the log odds of bad of each row.
func (m *model) logits(d *Data) []float64 {
	f := make([]float64, d.Rows())
	for row := range f {
		f[row] = m.start
	}
	for _, sh := range m.shapes {
		for row, bin := range sh.bins.index(&d.Features[sh.at]) {
			f[row] += sh.cells[bin].score
		}
	}
	for _, p := range m.pairs {
		t := p.term(d)
		for row, bin := range t.index {
			f[row] += p.scores[bin]
		}
	}
	return f
}
