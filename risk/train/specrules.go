package train

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// specRules are what must hold of a spec.
type specRules struct {
	spec   *Spec
	root   *yaml.Node
	faults []Fault
}

func (r *specRules) fault(path scorecard.Path, format string, args ...any) {
	r.faults = append(r.faults, Fault{lineOf(r.root, path), path.String(), fmt.Sprintf(format, args...)})
}

// lineOf is the line of a field; that of the nearest field around it when it is not there.
func lineOf(n *yaml.Node, path scorecard.Path) int {
	line := n.Line
	for _, step := range path {
		var next *yaml.Node
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				next, line = n.Content[i+1], n.Content[i].Line
			}
		}
		if at, err := strconv.Atoi(step); err == nil && n.Kind == yaml.SequenceNode && at < len(n.Content) {
			next, line = n.Content[at], n.Content[at].Line
		}
		if next == nil {
			return line
		}
		n = next
	}
	return line
}

func (r *specRules) check() {
	s := r.spec
	r.label()
	if s.Split != nil {
		r.split()
	}
	r.oneOf(scorecard.Path{"method"}, s.Method, MethodLogistic, MethodAdditive)
	r.within("characteristics", float64(s.Most), 1, scorecard.CharacteristicsMost)
	r.within("scale.base_score", float64(s.Scale.BaseScore), -scorecard.ScoreMost, scorecard.ScoreMost)
	r.within("scale.base_odds", s.Scale.BaseOdds, 1e-6, 1e6)
	r.within("scale.points_to_double_odds", float64(s.Scale.PointsToDoubleOdds), 1, 1_000)
	r.within("binning.prebins", float64(s.Binning.Prebins), 2, prebinsMost)
	r.within("binning.most", float64(s.Binning.Most), 2, scorecard.BinsMost)
	r.within("binning.min_share", s.Binning.MinShare, 0, 0.5)
	r.within("binning.min_bads", float64(s.Binning.MinBads), 1, 1e6)
	r.within("logistic.min_iv", s.Logistic.MinIV, 0, 10)
	r.within("logistic.ridge", s.Logistic.Ridge, 0, 1e6)
	r.within("additive.bags", float64(s.Additive.Bags), 1, 100)
	r.within("additive.rate", s.Additive.Rate, 1e-4, 1)
	r.within("additive.rounds", float64(s.Additive.Rounds), 1, 100_000)
	r.within("additive.patience", float64(s.Additive.Patience), 1, 100_000)
	r.within("additive.leaves", float64(s.Additive.Leaves), 2, 16)
	r.within("additive.pairs", float64(s.Additive.Pairs), 0, 50)
	r.within("additive.grid_bins", float64(s.Additive.GridBins), 2, 12)
	r.features()
}

func (r *specRules) within(path string, x, least, most float64) {
	if !(x >= least && x <= most) {
		r.fault(strings.Split(path, "."), "is %v: want %v to %v", x, least, most)
	}
}

func (r *specRules) oneOf(path scorecard.Path, text string, want ...string) {
	if !slices.Contains(want, text) {
		r.fault(path, "is %q: want %s", text, strings.Join(want, ", "))
	}
}

func (r *specRules) label() {
	l := &r.spec.Label
	if l.Column == "" {
		r.fault(scorecard.Path{"label"}, "column is missing: want the column that says what became of each")
	}
	if len(l.Bad) == 0 || len(l.Good) == 0 {
		r.fault(scorecard.Path{"label"}, "want the values that are bad, and those that are good")
	}
	for _, value := range l.Bad {
		if slices.Contains(l.Good, value) {
			r.fault(scorecard.Path{"label", "good"}, "%q is bad as well", value)
		}
	}
}

func (r *specRules) split() {
	if r.spec.Split.Column == "" {
		r.fault(scorecard.Path{"split"}, "column is missing: want the one that identifies a row")
	}
	r.within("split.test_from", float64(r.spec.Split.TestFrom), 1, 9)
}

var featureName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

func (r *specRules) features() {
	if len(r.spec.Features) == 0 {
		r.fault(nil, "features is missing: want a list of them")
	}
	before := map[string]*Feature{}
	scored := 0
	for i := range r.spec.Features {
		f, at := &r.spec.Features[i], scorecard.Path{"features", strconv.Itoa(i)}
		if !featureName.MatchString(f.Name) {
			r.fault(append(at, "name"), "is %q: want small letters, digits and underscores", f.Name)
		}
		if before[f.Name] != nil {
			r.fault(append(at, "name"), "%s is there already", f.Name)
		}
		r.feature(at, f, before)
		if f.Use == "score" {
			scored++
			if why := r.spec.protected(f); why != "" {
				r.fault(at, "%s", why)
			}
		}
		before[f.Name] = f
	}
	if scored == 0 && len(r.spec.Features) > 0 {
		r.fault(scorecard.Path{"features"}, "all are inputs: want one to score at least")
	}
}

func (r *specRules) feature(at scorecard.Path, f *Feature, before map[string]*Feature) {
	field := func(name string) scorecard.Path { return append(slices.Clip(at), name) }
	r.oneOf(field("kind"), f.Kind, "decimal", "whole", "category", "flag")
	r.oneOf(field("risk"), f.Risk, "rising", "falling", "monotone", "free")
	r.oneOf(field("use"), f.Use, "score", "input")
	r.oneOf(field("missing"), f.Missing, "own", "worst", "required")
	r.oneOf(field("unseen"), f.Unseen, "neutral", "worst")
	if f.Source != "" {
		r.oneOf(field("source"), f.Source, "application", "history", "bureau", "telecom", "record")
	}
	numeric := f.kind() == scorecard.KindNumber
	if !numeric && f.Risk != "free" {
		r.fault(field("risk"), "is %s, and categories have no order", f.Risk)
	}
	if !numeric && (f.Least != nil || f.Most != nil) {
		r.fault(at, "least and most are of numbers, and %s is a %s", f.Name, f.Kind)
	}
	if f.Least != nil && f.Most != nil && !(*f.Least < *f.Most) {
		r.fault(field("most"), "is %v, and the least is %v", *f.Most, *f.Least)
	}
	if f.Column == r.spec.Label.Column && f.Column != "" {
		r.fault(field("column"), "is the label: a score cannot know what it is to predict")
	}
	if f.Is != "" {
		r.derived(at, field, f, before)
	} else if f.Of != nil || f.AtLeast != nil {
		r.fault(field("is"), "is missing: want an operator, %s", operatorNames())
	}
}

func (r *specRules) derived(at scorecard.Path, field func(string) scorecard.Path, f *Feature, before map[string]*Feature) {
	op := operatorOf(f.Is)
	if op == nil {
		r.fault(field("is"), "is %q: want %s", f.Is, operatorNames())
		return
	}
	if f.Column != "" {
		r.fault(field("column"), "%s is reckoned by %s: want no column", f.Name, f.Is)
	}
	if f.Kind != "decimal" {
		r.fault(field("kind"), "is %s, and %s makes a decimal", f.Kind, f.Is)
	}
	if f.Least != nil || f.Most != nil {
		r.fault(at, "%s is reckoned: want least and most of what it is reckoned from", f.Name)
	}
	if (f.Is == "count") != (f.AtLeast != nil) {
		r.fault(field("at_least"), "belongs to count, and only to it")
	}
	if len(f.Of) < op.least || len(f.Of) > op.most {
		r.fault(field("of"), "has %d features: %s wants %s", len(f.Of), f.Is, op.wants())
	}
	for j, name := range f.Of {
		at := append(field("of"), strconv.Itoa(j))
		switch of := before[name]; {
		case of == nil:
			r.fault(at, "there is no feature %s before %s", name, f.Name)
		case of.kind() != scorecard.KindNumber:
			r.fault(at, "%s is a %s: want a number", name, of.Kind)
		}
	}
}
