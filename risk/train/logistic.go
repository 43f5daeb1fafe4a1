package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// logistic trains the classical scorecard: each feature in bins whose bad rates go the way that they should, each bin with its
// weight of evidence, and one factor for each feature, by logistic regression.
func logistic(s *Spec, d *Data) (*model, error) {
	m := &model{start: priorOdds(d.Bad)}
	for _, sh := range prebinned(s, d) {
		if sh.order != 0 {
			copy(sh.cells, monotone(sh.cells[:sh.bins.size()], sh.order))
		}
		groups := sh.groups(s.Binning.Most, evidenceTolerance, &s.Binning)
		missing := sh.cells[sh.bins.size()]
		sh.bins = sh.bins.merged(groups)
		sh.cells = append(join(sh.cells[:len(groups)], groups), missing)
		sh.evidence()
		if iv(sh.cells) >= s.Logistic.MinIV {
			m.shapes = append(m.shapes, sh)
		}
	}
	for {
		if len(m.shapes) == 0 {
			return nil, fmt.Errorf("train: no feature tells good from bad: none has an information value of %v", s.Logistic.MinIV)
		}
		factors, err := m.regress(d, s.Logistic.Ridge)
		if err != nil {
			return nil, err
		}
		worst := m.superfluous(factors, s.Most)
		if worst < 0 {
			m.scale(factors, &s.Binning)
			return m, nil
		}
		m.shapes = slices.Delete(m.shapes, worst, worst+1)
	}
}

// evidenceTolerance is how far the log odds of rows may move, on average, when bins are made one. Less is noise.
const evidenceTolerance = 0.03

// superfluous is the shape to leave out next, or -1: one whose factor turns it round, so that more evidence would mean less,
// or the one that tells rows apart least when there are too many.
func (m *model) superfluous(factors []float64, most int) int {
	weight := func(i int) float64 { return factors[i] * math.Abs(factors[i]) * m.shapes[i].weight() }
	worst, least := -1, 0.0
	for i := range m.shapes {
		if w := weight(i); w < least || w == 0 && worst < 0 {
			worst, least = i, w
		}
	}
	if worst >= 0 || len(m.shapes) <= most {
		return worst
	}
	order := make([]int, len(m.shapes))
	for i := range order {
		order[i] = i
	}
	return slices.MinFunc(order, func(a, b int) int { return cmp.Compare(weight(a), weight(b)) })
}

// scale multiplies the scores by their factors and centers them.
func (m *model) scale(factors []float64, rules *Binning) {
	m.start = factors[len(factors)-1]
	for i, sh := range m.shapes {
		for bin := range sh.cells {
			sh.cells[bin].score *= factors[i]
		}
		m.start += sh.center(rules)
	}
}

// regress finds the factor of each shape's score, and last the constant, by Newton's steps (iteratively reweighted least
// squares). The ridge draws the factors, which would be 1 if the features knew nothing of each other, to zero.
func (m *model) regress(d *Data, ridge float64) ([]float64, error) {
	k := len(m.shapes) + 1
	columns := make([][]float64, k)
	for i, sh := range m.shapes {
		columns[i] = make([]float64, d.Rows())
		for row, bin := range sh.bins.index(&d.Features[sh.at]) {
			columns[i][row] = sh.cells[bin].score
		}
	}
	columns[k-1] = make([]float64, d.Rows())
	for row := range columns[k-1] {
		columns[k-1][row] = 1
	}
	factors := make([]float64, k)
	factors[k-1] = priorOdds(d.Bad)
	for range newtonMost {
		step, err := newton(columns, d.Bad, factors, ridge)
		if err != nil {
			return nil, err
		}
		var longest float64
		for i := range factors {
			factors[i] += step[i]
			longest = max(longest, math.Abs(step[i]))
		}
		if longest < 1e-9 {
			return factors, nil
		}
	}
	return nil, fmt.Errorf("train: the regression does not settle within %d steps: are features copies of each other? a larger ridge helps", newtonMost)
}

const newtonMost = 50

// newton is one step to the maximum of the likelihood.
func newton(columns [][]float64, bad []bool, factors []float64, ridge float64) ([]float64, error) {
	k := len(columns)
	gradient, hessian := make([]float64, k), make([]float64, k*k)
	x := make([]float64, k)
	for row := range bad {
		var f float64
		for i := range columns {
			x[i] = columns[i][row]
			f += factors[i] * x[i]
		}
		p := 1 / (1 + math.Exp(-f))
		residual, weight := -p, p*(1-p)
		if bad[row] {
			residual = 1 - p
		}
		for i := range k {
			gradient[i] += residual * x[i]
			for j := i; j < k; j++ {
				hessian[i*k+j] += weight * x[i] * x[j]
			}
		}
	}
	for i := range k - 1 { // not the constant
		gradient[i] -= ridge * factors[i]
		hessian[i*k+i] += ridge
	}
	var chol mat.Cholesky
	if !chol.Factorize(mat.NewSymDense(k, hessian)) {
		return nil, fmt.Errorf("train: features say the same as each other, and the ridge is %v: want one above 0", ridge)
	}
	var step mat.VecDense
	if err := chol.SolveVecTo(&step, mat.NewVecDense(k, gradient)); err != nil {
		return nil, fmt.Errorf("train: features say nearly the same as each other, and the ridge is %v: want a larger one: %w", ridge, err)
	}
	return step.RawVector().Data, nil
}
