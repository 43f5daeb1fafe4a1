package scorecard

import (
	"math"
	"regexp"
)

// What a scorecard may have, at most. A table beyond that is not read by anybody.
const (
	CharacteristicsMost = 100
	BinsMost            = 100
	PointsMost          = 10_000  // of a bin, either way
	ScoreMost           = 100_000 // of base score and intercept, either way
)

// Feature is what a document declares of a feature.
type Feature struct {
	Kind    Kind
	Missing bool // whether it may be missing where a score is asked for
}

// reasonCode is the form of codes.
var reasonCode = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,63}$`)

// Faults is all that is wrong with the scorecard, in its order, given the features that are declared by name. One without
// faults gives a score to every consumer whose features are of their kinds, and the others are there.
func (s *Scorecard) Faults(declared map[string]Feature) []Fault {
	r := &rules{declared: declared, used: map[string]Path{}}
	r.scale(s)
	if len(s.Characteristics) == 0 {
		r.at(nil, "characteristics is missing: want one at least")
	}
	if len(s.Characteristics) > CharacteristicsMost {
		r.at(Path{"characteristics"}, "there are %d, more than %d", len(s.Characteristics), CharacteristicsMost)
	}
	for i := range s.Characteristics {
		r.characteristic(Path{"characteristics"}.to(i), &s.Characteristics[i])
	}
	if len(s.Grids) > CharacteristicsMost {
		r.at(Path{"grids"}, "there are %d, more than %d", len(s.Grids), CharacteristicsMost)
	}
	for i := range s.Grids {
		r.grid(Path{"grids"}.to(i), &s.Grids[i])
	}
	return r.list
}

// rules are what must hold.
type rules struct {
	faults
	declared map[string]Feature
	used     map[string]Path // features of characteristics before, each of which may have only one
}

func (r *rules) scale(s *Scorecard) {
	r.within(Path{"base_score"}, s.BaseScore, ScoreMost)
	if !finite(s.BaseOdds) || s.BaseOdds <= 0 || s.BaseOdds > 1e6 {
		r.at(Path{"base_odds"}, "is %v: want good to one bad, above 0 and up to 1000000", s.BaseOdds)
	}
	if s.PointsToDoubleOdds < 1 || s.PointsToDoubleOdds > PointsMost {
		r.at(Path{"points_to_double_odds"}, "is %d: want 1 to %d", s.PointsToDoubleOdds, PointsMost)
	}
	r.within(Path{"intercept"}, s.Intercept, ScoreMost)
}

func (r *rules) within(path Path, n, most int) {
	if n < -most || n > most {
		r.at(path, "is %d: want %d to %d", n, -most, most)
	}
}

// named is what characteristics and grids have alike.
func (r *rules) named(path Path, label, reason string) {
	if label == "" {
		r.at(path.to("label"), "is empty: want a few words for tables")
	}
	if !reasonCode.MatchString(reason) {
		r.at(path.to("reason"), "is %q: want a code such as LATE_PAYMENTS, of up to 64 capitals, digits and underscores", reason)
	}
}

func (r *rules) characteristic(path Path, c *Characteristic) {
	r.named(path, c.Label, c.Reason)
	if before, twice := r.used[c.Feature]; twice {
		r.at(path.to("feature"), "%s has %s already: its bins belong together", c.Feature, before)
	}
	r.used[c.Feature] = path
	if !finite(c.IV) || c.IV < 0 {
		r.at(path.to("information_value"), "is %v: want 0 or more", c.IV)
	}
	if n := len(c.Bins); n == 0 {
		r.at(path, "bins is missing: want one at least")
		return
	} else if n > BinsMost {
		r.at(path.to("bins"), "there are %d, more than %d", n, BinsMost)
	}
	for i := range c.Bins {
		r.rest(path.to("bins", i), &c.Bins[i].Rest)
	}
	if c.Missing != nil {
		r.rest(path.to("missing"), c.Missing)
	}
	if r.feature(path.to("feature"), c.Feature, c.Numeric()) {
		if r.declared[c.Feature].Missing && c.Missing == nil {
			r.at(path, "missing is not given, and %s may be missing: want its points", c.Feature)
		}
	}
	if c.Numeric() {
		r.bounds(path.to("bins"), c.Bins)
	} else {
		r.lists(path.to("bins"), c.Bins)
	}
}

// feature says whether a feature is declared, and of the kind that its bins are for.
func (r *rules) feature(path Path, name string, numeric bool) bool {
	declared, ok := r.declared[name]
	switch {
	case name == "":
		r.at(path, "is empty: want the name of a feature")
	case !ok:
		r.at(path, "there is no feature %s", name)
	case numeric && declared.Kind != KindNumber:
		r.at(path, "%s is a %s, and the bins are of numbers", name, declared.Kind)
	case !numeric && declared.Kind == KindNumber:
		r.at(path, "%s is a number, and the bins are of categories", name)
	default:
		return true
	}
	return false
}

// rest checks what every bin has.
func (r *rules) rest(path Path, b *Rest) {
	r.within(path.to("points"), b.Points, PointsMost)
	share := func(name string, x *float64) {
		if x != nil && !(*x >= 0 && *x <= 1) {
			r.at(path.to(name), "is %v: want 0 to 1", *x)
		}
	}
	share("share", b.Share)
	share("bad_rate", b.BadRate)
	if b.WOE != nil && !finite(*b.WOE) {
		r.at(path.to("woe"), "is %v: want a finite number", *b.WOE)
	}
}

// bounds hold bins of numbers together: ascending, so that none overlap, and open at the end, so that none is left out.
func (r *rules) bounds(path Path, bins []Bin) {
	var before *float64
	for i := range bins {
		b, last := &bins[i], i == len(bins)-1
		at := path.to(i, "below")
		switch {
		case b.Values != nil || b.Other:
			r.at(path.to(i), "has categories, and the bin before has numbers")
		case last && b.Below != nil:
			r.at(at, "is the last bin's: it has no bound, or numbers of %s and more are in no bin", writeNumber(*b.Below))
		case last:
		case b.Below == nil:
			r.at(path.to(i), "below is missing: only the last bin has no bound, and all after this one would be empty")
		case !finite(*b.Below):
			r.at(at, "is %v: want a finite number", *b.Below)
		case before != nil && *b.Below <= *before:
			r.at(at, "is %s, not above the bound before, %s: the bins overlap", writeNumber(*b.Below), writeNumber(*before))
		default:
			before = b.Below
		}
	}
}

// lists hold bins of categories together: no category is in two, and one bin, the last, has all others.
func (r *rules) lists(path Path, bins []Bin) {
	seen := map[string]Path{}
	for i := range bins {
		b, last := &bins[i], i == len(bins)-1
		at := path.to(i)
		if b.Below != nil {
			r.at(at.to("below"), "is a bound, and the characteristic has categories")
		}
		switch {
		case b.Other && len(b.Values) > 0:
			r.at(at.to("other"), "takes all categories that no bin names: want no values beside it")
		case b.Other && !last:
			r.at(at.to("other"), "takes all that is left: want it last")
		case !b.Other && last:
			r.at(at, "is the last bin: want other: true there, or categories that no bin names have no score")
		case !b.Other && len(b.Values) == 0:
			r.at(at, "values is missing: want the categories of the bin")
		}
		for j, name := range b.Values {
			r.once(seen, at.to("values", j), name)
		}
	}
}

// once notes where a category is.
func (r *rules) once(seen map[string]Path, path Path, name string) {
	if before, twice := seen[name]; twice {
		r.at(path, "%q is at %s already: the bins overlap", name, before)
		return
	}
	seen[name] = path
}

func (r *rules) grid(path Path, g *Grid) {
	r.named(path, g.Label, g.Reason)
	if g.Rows.Feature == g.Columns.Feature && g.Rows.Feature != "" {
		r.at(path.to("columns", "feature"), "is %s, as that of the rows: want two features", g.Columns.Feature)
	}
	r.axis(path.to("rows"), &g.Rows)
	r.axis(path.to("columns"), &g.Columns)
	if len(g.Points) != g.Rows.Size() {
		r.at(path.to("points"), "has %d rows: want %d, one for each bin", len(g.Points), g.Rows.Size())
	}
	for i, row := range g.Points {
		if len(row) != g.Columns.Size() {
			r.at(path.to("points", i), "has %d points: want %d, one for each bin of the columns", len(row), g.Columns.Size())
		}
		for j, points := range row {
			r.within(path.to("points", i, j), points, PointsMost)
		}
	}
}

func (r *rules) axis(path Path, a *Axis) {
	switch {
	case len(a.Below) > 0 && a.Values != nil:
		r.at(path, "has below and values: want one of them")
		return
	case len(a.Below) == 0 && len(a.Values) == 0:
		r.at(path, "has neither below nor values: want bounds, or lists of categories")
		return
	case a.Size() > BinsMost:
		r.at(path, "has %d bins, more than %d", a.Size(), BinsMost)
	}
	r.feature(path.to("feature"), a.Feature, a.Values == nil)
	for i, below := range a.Below {
		switch {
		case !finite(below):
			r.at(path.to("below", i), "is %v: want a finite number", below)
		case i > 0 && below <= a.Below[i-1]:
			r.at(path.to("below", i), "is %s, not above the bound before, %s: the bins overlap", writeNumber(below), writeNumber(a.Below[i-1]))
		}
	}
	seen := map[string]Path{}
	for i, list := range a.Values {
		if len(list) == 0 {
			r.at(path.to("values", i), "is empty: want the categories of the bin")
		}
		for j, name := range list {
			r.once(seen, path.to("values", i, j), name)
		}
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
