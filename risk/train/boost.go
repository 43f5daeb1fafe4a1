package train

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// The additive method adds up a table of small steps. Each step looks at one feature, tells a few of its bins apart by what the
// steps before have left unexplained, and moves their scores a little; then comes the next feature, round after round, until a
// part of the rows that no step looked at is predicted no better. This is done several times, each with another part kept
// back, and the scores are averaged. What comes out is one score for each bin of each feature: a points table.
//
// A step of a feature whose risk is to rise or fall is itself monotone, so their sum is.

// term is one feature, or a grid of two, in bins, for all rows.
type term struct {
	index []uint8 // the bin of each row
	size  int     // bins; of a feature, one more than it has, for what is missing
	order int     // 1 when the scores must not fall from bin to bin, -1 when they must not rise, 0 when they may
	way   ordering

	columns, orderColumns int // of a grid, whose order is that along its rows' feature
}

type ordering uint8

const (
	byValue ordering = iota // bins of numbers: a step tells neighbours apart; the last bin, of what is missing, stands alone
	byScore                 // bins of categories
	grid                    // cells, row by row: each moves by itself; the last one, of what is missing, does not move
)

// boosting is one run, on one bag.
type boosting struct {
	terms []*term
	bad   []bool
	rules *Additive
	in    []bool // rows that steps look at; the others say when to stop

	f, p   []float64 // of each row: log odds of bad, and the probability
	g, h   []float64 // of each bin: sums of what is unexplained, and of its weight
	scores [][]float64
}

// boost gives the scores of each term, in log odds of bad, averaged over the bags. Rows begin at the log odds of start.
func boost(terms []*term, bad []bool, start []float64, rules *Additive, seed uint64) [][]float64 {
	total := zeros(terms)
	for bag := range rules.Bags {
		r := rand.New(rand.NewPCG(seed, uint64(bag)))
		in := make([]bool, len(bad))
		for row := range in {
			in[row] = r.Float64() >= outOfBag
		}
		b := &boosting{terms: terms, bad: bad, rules: rules, in: in, f: slices.Clone(start), p: make([]float64, len(bad))}
		for t, scores := range b.run() {
			for i, s := range scores {
				total[t][i] += s / float64(rules.Bags)
			}
		}
	}
	return total
}

// outOfBag is the share of rows that is kept back for stopping.
const outOfBag = 0.15

func zeros(terms []*term) [][]float64 {
	z := make([][]float64, len(terms))
	for t := range terms {
		z[t] = make([]float64, terms[t].size)
	}
	return z
}

// run gives the scores of the round after which the rows kept back were predicted best.
func (b *boosting) run() [][]float64 {
	b.g, b.h = make([]float64, 256), make([]float64, 256)
	b.scores = zeros(b.terms)
	best, bestLoss, bestRound := zeros(b.terms), b.predict(), 0
	for round := 1; round <= b.rules.Rounds && round-bestRound <= b.rules.Patience; round++ {
		for t := range b.terms {
			b.step(t)
		}
		if loss := b.predict(); loss < bestLoss {
			bestLoss, bestRound = loss, round
			for t := range best {
				copy(best[t], b.scores[t])
			}
		}
	}
	return best
}

// predict reckons the probabilities anew, and the loss of the rows that were kept back.
func (b *boosting) predict() (loss float64) {
	for row, f := range b.f {
		p := 1 / (1 + math.Exp(-f))
		b.p[row] = p
		switch {
		case b.in[row]:
		case b.bad[row]:
			loss -= math.Log(max(p, 1e-15))
		default:
			loss -= math.Log(max(1-p, 1e-15))
		}
	}
	return loss
}

// step moves the scores of one term.
func (b *boosting) step(t int) {
	term := b.terms[t]
	g, h := b.g[:term.size], b.h[:term.size]
	clear(g)
	clear(h)
	for row, bin := range term.index {
		if b.in[row] {
			p := b.p[row]
			h[bin] += p * (1 - p)
			if b.bad[row] {
				g[bin] += 1 - p
			} else {
				g[bin] -= p
			}
		}
	}
	moves := term.moves(g, h, b.rules.Leaves)
	for bin := range moves {
		moves[bin] *= b.rules.Rate
		b.scores[t][bin] += moves[bin]
	}
	for row, bin := range term.index { // the probabilities follow to the first order until the round ends
		m := moves[bin]
		b.f[row] += m
		p := b.p[row]
		b.p[row] = p + p*(1-p)*m
	}
}

// ridge draws every move to zero, so that bins with few rows move little.
const ridge = 1

// moves are how far each bin is to go.
func (t *term) moves(g, h []float64, leaves int) []float64 {
	m := make([]float64, len(g))
	switch t.way {
	case grid:
		for i := range len(g) - 1 {
			m[i] = g[i] / (h[i] + ridge)
		}
		t.ordered(m, h)
	case byValue:
		last := len(g) - 1
		m[last] = g[last] / (h[last] + ridge)
		split(g[:last], h[:last], m[:last], leaves, t.order)
	case byScore:
		last := len(g) - 1
		m[last] = g[last] / (h[last] + ridge)
		order := make([]int, last)
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(g[a]/(h[a]+ridge), g[b]/(h[b]+ridge)) })
		sg, sh, sm := make([]float64, last), make([]float64, last), make([]float64, last)
		for i, at := range order {
			sg[i], sh[i] = g[at], h[at]
		}
		split(sg, sh, sm, leaves, 0)
		for i, at := range order {
			m[at] = sm[i]
		}
	}
	return m
}

// split cuts bins into leaves, one cut after the other, each where it explains the most, and gives each bin its leaf's move.
func split(g, h, m []float64, leaves, order int) {
	cuts := []int{0, len(g)}
	for len(cuts) <= leaves {
		at, gain := 0, 0.0
		for i := 1; i < len(cuts); i++ {
			if a, gained := cut(g, h, cuts, i, order); gained > gain {
				at, gain = a, gained
			}
		}
		if at == 0 {
			break
		}
		where, _ := slices.BinarySearch(cuts, at)
		cuts = slices.Insert(cuts, where, at)
	}
	for i := 1; i < len(cuts); i++ {
		move := leaf(g, h, cuts[i-1], cuts[i])
		for bin := cuts[i-1]; bin < cuts[i]; bin++ {
			m[bin] = move
		}
	}
}

func leaf(g, h []float64, from, to int) float64 {
	var sg, sh float64
	for i := from; i < to; i++ {
		sg, sh = sg+g[i], sh+h[i]
	}
	return sg / (sh + ridge)
}

// cut is the best place to cut the leaf that ends with the i-th of cuts, and what is gained.
func cut(g, h []float64, cuts []int, i, order int) (at int, gain float64) {
	from, to := cuts[i-1], cuts[i]
	way := float64(order)
	before, after := math.Inf(-order), math.Inf(order) // the moves of the leaves beside it
	if i >= 2 {
		before = leaf(g, h, cuts[i-2], from)
	}
	if i+1 < len(cuts) {
		after = leaf(g, h, to, cuts[i+1])
	}
	var sg, sh float64
	for j := from; j < to; j++ {
		sg, sh = sg+g[j], sh+h[j]
	}
	whole := sg * sg / (sh + ridge)
	var lg, lh float64
	for j := from + 1; j < to; j++ {
		lg, lh = lg+g[j-1], lh+h[j-1]
		rg, rh := sg-lg, sh-lh
		left, right := lg/(lh+ridge), rg/(rh+ridge)
		if order != 0 && (way*(right-left) < 0 || way*(left-before) < 0 || way*(after-right) < 0) {
			continue
		}
		if gained := lg*left + rg*right - whole; gained > gain {
			at, gain = j, gained
		}
	}
	return at, gain
}
