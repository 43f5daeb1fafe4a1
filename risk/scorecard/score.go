package scorecard

import (
	"cmp"
	"fmt"
	"slices"
)

// ReasonsMost is how many reasons are told at most. More than four tell a consumer nothing more.
const ReasonsMost = 4

// Result is a score with where it comes from.
type Result struct {
	Score   int
	Parts   []Part   // of each characteristic, then of each grid, in the order of the scorecard
	Reasons []Reason // what cost the most points, most first
}

// Part is what one characteristic or grid gave.
type Part struct {
	Label  string
	Bin    string // in words
	Points int
	Lost   int // against the best bin
}

// Reason is a code, and what was lost under it.
type Reason struct {
	Code   string
	Label  string // of the first characteristic with the code that lost something; it says so where that is for want of a value
	Points int    // lost
}

// NoScoreError says why there is no score: a feature is missing for which the scorecard has no points, or it is of
// another kind than its bins.
type NoScoreError struct {
	Feature string
	Missing bool
}

func (e *NoScoreError) Error() string {
	if e.Missing {
		return fmt.Sprintf("scorecard: %s is missing, and has no points for that", e.Feature)
	}
	return fmt.Sprintf("scorecard: %s is not of the kind that its bins are for", e.Feature)
}

// Score reads the table. A feature that is not among the features is missing. The scorecard must be free of faults. The error
// is *NoScoreError.
//
// The reasons are the codes that lost the most points against the best bin of their characteristics, four at most, and only
// those that lost any. The best bin and not the mean one: it is what the consumer could have had, it can be read from the
// table, and it does not move when the population does. What characteristics with the same code lost counts together. Of
// equal losses the one that comes first in the scorecard is told first.
func (s *Scorecard) Score(features map[string]Value) (Result, error) {
	r := Result{Score: s.Intercept, Parts: make([]Part, 0, len(s.Characteristics)+len(s.Grids))}
	for i := range s.Characteristics {
		c := &s.Characteristics[i]
		points, bin, err := c.points(features[c.Feature])
		if err != nil {
			return Result{}, err
		}
		r.add(c.Reason, Part{Label: c.Label, Bin: bin, Points: points, Lost: max(0, c.Best()-points)})
	}
	for i := range s.Grids {
		g := &s.Grids[i]
		points, cell, err := g.points(features)
		if err != nil {
			return Result{}, err
		}
		r.add(g.Reason, Part{Label: g.Label, Bin: cell, Points: points, Lost: max(0, g.Best()-points)})
	}
	r.Reasons = slices.DeleteFunc(r.Reasons, func(r Reason) bool { return r.Points == 0 })
	slices.SortStableFunc(r.Reasons, func(a, b Reason) int { return cmp.Compare(b.Points, a.Points) })
	r.Reasons = r.Reasons[:min(len(r.Reasons), ReasonsMost)]
	return r, nil
}

// unknown is the bin of what is missing, in words.
const unknown = "missing"

func (r *Result) add(code string, p Part) {
	r.Score += p.Points
	r.Parts = append(r.Parts, p)
	if p.Lost == 0 {
		return
	}
	for i := range r.Reasons {
		if r.Reasons[i].Code == code {
			r.Reasons[i].Points += p.Lost
			return
		}
	}
	label := p.Label
	if p.Bin == unknown {
		label += ": not known"
	}
	r.Reasons = append(r.Reasons, Reason{Code: code, Label: label, Points: p.Lost})
}

// points are those of the bin that a value is in.
func (c *Characteristic) points(v Value) (points int, bin string, err error) {
	if v.IsMissing() {
		if c.Missing == nil {
			return 0, "", &NoScoreError{Feature: c.Feature, Missing: true}
		}
		return c.Missing.Points, unknown, nil
	}
	i, ok := c.Bin(v)
	if !ok {
		return 0, "", &NoScoreError{Feature: c.Feature}
	}
	return c.Bins[i].Points, c.BinText(i), nil
}

// Bin is the index of the bin that a value is in; not so when the value is missing or of another kind than the bins.
func (c *Characteristic) Bin(v Value) (index int, ok bool) {
	if !c.Numeric() {
		name, ok := v.Category()
		return slices.IndexFunc(c.Bins, func(b Bin) bool { return b.Other || slices.Contains(b.Values, name) }), ok
	}
	x, ok := v.Number()
	for i := range c.Bins {
		if c.Bins[i].Below == nil || x < *c.Bins[i].Below {
			return i, ok
		}
	}
	return 0, false
}

// Bin is the index of the bin that a value is in; not so when the value is missing or of another kind than the bins.
func (a *Axis) Bin(v Value) (index int, ok bool) {
	if a.Values != nil {
		name, ok := v.Category()
		if i := slices.IndexFunc(a.Values, func(list []string) bool { return slices.Contains(list, name) }); i >= 0 {
			return i, ok
		}
		return len(a.Values), ok
	}
	x, ok := v.Number()
	for i, below := range a.Below {
		if x < below {
			return i, ok
		}
	}
	return len(a.Below), ok
}

// points are those of the cell that two values are in.
func (g *Grid) points(features map[string]Value) (points int, cell string, err error) {
	at := [2]int{}
	for i, axis := range []*Axis{&g.Rows, &g.Columns} {
		v := features[axis.Feature]
		if v.IsMissing() {
			return 0, unknown, nil
		}
		bin, ok := axis.Bin(v)
		if !ok {
			return 0, "", &NoScoreError{Feature: axis.Feature}
		}
		at[i] = bin
	}
	return g.Points[at[0]][at[1]], g.Rows.BinText(at[0]) + " × " + g.Columns.BinText(at[1]), nil
}
