package train

import (
	"cmp"
	"math"
	"slices"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// card is the points table of a model. Points are the log odds of good, in whole numbers: what rounding leaves over on average
// goes into the intercept.
func (m *model) card(s *Spec, d *Data) *scorecard.Scorecard {
	c := &scorecard.Scorecard{
		BaseScore: s.Scale.BaseScore, BaseOdds: s.Scale.BaseOdds, PointsToDoubleOdds: s.Scale.PointsToDoubleOdds,
	}
	exact := float64(s.Scale.BaseScore) - s.factor()*(m.start+math.Log(s.Scale.BaseOdds))
	for _, sh := range m.shapes {
		if characteristic, differs := s.characteristic(sh); differs {
			c.Characteristics = append(c.Characteristics, characteristic)
		}
		for _, bin := range sh.cells { // what rounding loses, on average
			exact -= (s.factor()*bin.score + float64(s.points(bin.score))) * float64(bin.rows()) / float64(d.Rows())
		}
	}
	slices.SortStableFunc(c.Characteristics, func(a, b scorecard.Characteristic) int { return cmp.Compare(b.IV, a.IV) })
	for _, p := range m.pairs {
		if grid, differs := s.grid(p); differs {
			c.Grids = append(c.Grids, grid)
		}
	}
	c.Intercept = int(math.Round(exact))
	return c
}

// points are what log odds of bad cost.
func (s *Spec) points(score float64) int { return int(math.Round(-score * s.factor())) }

// characteristic is a shape in points; it does not differ when all its points are the same.
func (s *Spec) characteristic(sh *shape) (c scorecard.Characteristic, differs bool) {
	f := sh.feature
	c = scorecard.Characteristic{Feature: f.Name, Label: f.Label, Reason: f.Reason, IV: places(iv(sh.cells))}
	var all cell
	for _, bin := range sh.cells {
		all = all.and(bin)
	}
	for i := range sh.bins.size() {
		bin := scorecard.Bin{Rest: s.rest(sh.cells[i], all)}
		switch {
		case i < len(sh.bins.below):
			bin.Below = &sh.bins.below[i]
		case i < len(sh.bins.values):
			bin.Values = sh.bins.values[i]
		case !sh.bins.numeric():
			bin.Other = true
		}
		c.Bins = append(c.Bins, bin)
		differs = differs || bin.Points != 0
	}
	missing := s.rest(sh.cells[sh.bins.size()], all)
	if f.Missing != "required" {
		c.Missing = &missing
		differs = differs || missing.Points != 0
	}
	return c, differs
}

// rest is a bin in points, with what the reader wants to know of it.
func (s *Spec) rest(c, all cell) scorecard.Rest {
	r := scorecard.Rest{Points: s.points(c.score), Share: new(float64)}
	if c.rows() == 0 {
		return r
	}
	*r.Share = places(float64(c.rows()) / float64(all.rows()))
	rate, evidence := places(float64(c.bad)/float64(c.rows())), places(woe(c, all))
	r.BadRate, r.WOE = &rate, &evidence
	return r
}

// places rounds to four places, which is what people read.
func places(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// grid is a pair in points.
func (s *Spec) grid(p *pair) (g scorecard.Grid, differs bool) {
	a, b := p.a.feature, p.b.feature
	g = scorecard.Grid{
		Label: a.Label + " × " + b.Label, Reason: a.Reason,
		Rows:    scorecard.Axis{Feature: a.Name, Below: p.rows.below, Values: p.rows.values},
		Columns: scorecard.Axis{Feature: b.Name, Below: p.columns.below, Values: p.columns.values},
	}
	columns := p.columns.size()
	for i := range p.rows.size() {
		row := make([]int, columns)
		for j := range row {
			row[j] = s.points(p.scores[i*columns+j])
			differs = differs || row[j] != 0
		}
		g.Points = append(g.Points, row)
	}
	return g, differs
}
