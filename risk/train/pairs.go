package train

import (
	"cmp"
	"math"
	"slices"
)

// pair finds the strongest pairs of shapes, and fits a grid to each: what the two features say together beyond what each says
// by itself.
func (m *model) pair(s *Spec, d *Data, seed uint64) {
	if s.Additive.Pairs == 0 {
		return
	}
	f := m.logits(d)
	var found []*pair
	gains := map[*pair]float64{}
	axes := make([]*axis, len(m.shapes))
	for i, sh := range m.shapes {
		axes[i] = newAxis(sh, s, d)
	}
	for i := range axes {
		for j := range i {
			if axes[j].size < 2 || axes[i].size < 2 {
				continue
			}
			p := &pair{a: m.shapes[j], b: m.shapes[i], rows: axes[j].bins, columns: axes[i].bins}
			gains[p] = gain(axes[j], axes[i], d.Bad, f)
			found = append(found, p)
		}
	}
	slices.SortStableFunc(found, func(a, b *pair) int { return cmp.Compare(gains[b], gains[a]) })
	m.pairs = found[:min(len(found), s.Additive.Pairs)]
	terms := make([]*term, len(m.pairs))
	for i, p := range m.pairs {
		terms[i] = p.term(d)
	}
	for i, scores := range boost(terms, d.Bad, f, &s.Additive, seed+1) {
		m.pairs[i].scores = scores
	}
	m.pairs = slices.DeleteFunc(m.pairs, func(p *pair) bool { return p.weight(d) < 2*s.tolerance() })
}

// weight is how much a pair moves the scores of rows, on average, beyond what its rows and its columns do as a whole: that
// could be had without a grid.
func (p *pair) weight(d *Data) (moved float64) {
	columns := p.columns.size()
	cells := make([]float64, len(p.scores)) // rows of the data in each
	for _, cell := range p.term(d).index {
		cells[cell]++
	}
	type mean struct{ sum, n float64 }
	rows, cols, all := make([]mean, p.rows.size()), make([]mean, columns), mean{}
	for cell, n := range cells[:len(cells)-1] {
		for _, m := range []*mean{&rows[cell/columns], &cols[cell%columns], &all} {
			m.sum, m.n = m.sum+n*p.scores[cell], m.n+n
		}
	}
	of := func(m mean) float64 { return m.sum / max(m.n, 1) }
	for cell, n := range cells[:len(cells)-1] {
		moved += n * math.Abs(p.scores[cell]-of(rows[cell/columns])-of(cols[cell%columns])+of(all))
	}
	return moved / float64(d.Rows())
}

// axis is a feature in the few bins of a grid.
type axis struct {
	bins  *bins
	index []uint8
	size  int
}

func newAxis(sh *shape, s *Spec, d *Data) *axis {
	b := sh.bins.merged(sh.groups(s.Additive.GridBins, s.tolerance(), &s.Binning))
	return &axis{b, b.index(&d.Features[sh.at]), b.size()}
}

// gain is how much of what is unexplained the cells of two features explain, beyond what the rows and columns do.
func gain(a, b *axis, bad []bool, f []float64) float64 {
	type sums struct{ g, h float64 }
	cells := make([]sums, a.size*b.size)
	rows, columns := make([]sums, a.size), make([]sums, b.size)
	for row := range f {
		i, j := int(a.index[row]), int(b.index[row])
		if i == a.size || j == b.size {
			continue // missing
		}
		p := 1 / (1 + math.Exp(-f[row]))
		g, h := -p, p*(1-p)
		if bad[row] {
			g = 1 - p
		}
		for _, sum := range []*sums{&cells[i*b.size+j], &rows[i], &columns[j]} {
			sum.g += g
			sum.h += h
		}
	}
	explained := func(list []sums) (x float64) {
		for _, s := range list {
			x += s.g * s.g / (s.h + ridge)
		}
		return x
	}
	return explained(cells) - explained(rows) - explained(columns)
}

// term is a pair for boosting. A row of which something is missing is in the last cell, which does not move.
func (p *pair) term(d *Data) *term {
	rows, columns := p.rows.index(&d.Features[p.a.at]), p.columns.index(&d.Features[p.b.at])
	n, m := p.rows.size(), p.columns.size()
	t := &term{index: make([]uint8, len(rows)), size: n*m + 1, way: grid, columns: m}
	t.order, t.orderColumns = p.a.order, p.b.order
	for row := range rows {
		i, j := int(rows[row]), int(columns[row])
		t.index[row] = uint8(n * m)
		if i < n && j < m {
			t.index[row] = uint8(i*m + j)
		}
	}
	return t
}

// ordered moves the moves of a grid as little as is needed for them to go the way of its features: along each row, and along
// each column, neighbours that go the other way become their mean, until none does.
func (t *term) ordered(m, h []float64) {
	if t.order == 0 && t.orderColumns == 0 {
		return
	}
	rows := (t.size - 1) / t.columns
	line := make([]int, 0, max(rows, t.columns))
	for range 100 {
		moved := false
		for j := 0; j < t.columns && t.order != 0; j++ {
			line = line[:0]
			for i := range rows {
				line = append(line, i*t.columns+j)
			}
			moved = pool(m, h, line, t.order) || moved
		}
		for i := 0; i < rows && t.orderColumns != 0; i++ {
			line = line[:0]
			for j := range t.columns {
				line = append(line, i*t.columns+j)
			}
			moved = pool(m, h, line, t.orderColumns) || moved
		}
		if !moved {
			return
		}
	}
	clear(m) // no move at all goes every way
}

// pool makes the moves along a line go one way: neighbours that go the other way become their mean, weighted.
func pool(m, h []float64, line []int, order int) (moved bool) {
	type block struct {
		sum, weight float64
		n           int
	}
	var blocks []block
	for _, at := range line {
		w := h[at] + ridge
		blocks = append(blocks, block{m[at] * w, w, 1})
		for len(blocks) > 1 {
			a, b := &blocks[len(blocks)-2], blocks[len(blocks)-1]
			if float64(order)*(b.sum/b.weight-a.sum/a.weight) >= 0 {
				break
			}
			a.sum, a.weight, a.n = a.sum+b.sum, a.weight+b.weight, a.n+b.n
			blocks = blocks[:len(blocks)-1]
			moved = true
		}
	}
	if !moved {
		return false
	}
	k := 0
	for _, b := range blocks {
		for range b.n {
			m[line[k]] = b.sum / b.weight
			k++
		}
	}
	return true
}
