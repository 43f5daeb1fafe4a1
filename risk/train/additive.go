package train

import (
	"cmp"
	"slices"
)

// additive trains by boosting: first all features in fine bins, then those that matter in bins that a person reads, then the
// strongest pairs.
func additive(s *Spec, d *Data, seed uint64) *model {
	m := &model{shapes: prebinned(s, d)}
	m.fit(s, d, seed)
	for len(m.shapes) > s.Most { // those that matter little, a few at a time: what is left takes over from them
		keep := max(s.Most, len(m.shapes)*3/4)
		slices.SortStableFunc(m.shapes, func(a, b *shape) int { return cmp.Compare(b.weight(), a.weight()) })
		m.shapes = m.shapes[:keep]
		slices.SortFunc(m.shapes, func(a, b *shape) int { return cmp.Compare(a.at, b.at) })
		m.fit(s, d, seed)
	}
	for _, sh := range m.shapes {
		sh.coarsen(s.Binning.Most, s.tolerance(), &s.Binning)
	}
	m.fit(s, d, seed)
	m.pair(s, d, seed)
	return m
}

// term is a shape for boosting.
func (sh *shape) term(d *Data) *term {
	t := &term{index: sh.bins.index(&d.Features[sh.at]), size: sh.bins.size() + 1, order: sh.order}
	if !sh.bins.numeric() {
		t.way = byScore
	}
	return t
}

// fit finds the scores of all shapes anew, and centers them: on average a shape adds nothing, and what it says of nobody is
// that.
func (m *model) fit(s *Spec, d *Data, seed uint64) {
	terms := make([]*term, len(m.shapes))
	for i, sh := range m.shapes {
		terms[i] = sh.term(d)
	}
	m.start = priorOdds(d.Bad)
	start := make([]float64, d.Rows())
	for row := range start {
		start[row] = m.start
	}
	for i, scores := range boost(terms, d.Bad, start, &s.Additive, seed) {
		sh := m.shapes[i]
		sh.cells = count(terms[i].index, d.Bad, terms[i].size)
		for bin := range sh.cells {
			sh.cells[bin].score = scores[bin]
		}
		m.start += sh.center(&s.Binning)
	}
}
