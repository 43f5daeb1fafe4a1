package train

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/holdfast-credit/holdfast/risk/scorecard"
)

// Spec says how a table becomes a scorecard.
type Spec struct {
	Label     Label     `yaml:"label"`
	Split     *Split    `yaml:"split"`     // without it, every row trains
	Missing   []string  `yaml:"missing"`   // texts that mean that a value is missing; without it, the empty one
	Protected []string  `yaml:"protected"` // columns that may not be scored, besides those that their names give away
	Method    string    `yaml:"method"`
	Most      int       `yaml:"characteristics"` // at most; those that tell the least are left out
	Scale     Scale     `yaml:"scale"`
	Binning   Binning   `yaml:"binning"`
	Logistic  Logistic  `yaml:"logistic"`
	Additive  Additive  `yaml:"additive"`
	Features  []Feature `yaml:"features"`
}

// The methods.
const (
	MethodLogistic = "logistic" // weight of evidence, and one factor for each characteristic
	MethodAdditive = "additive" // the points of all bins together, by boosting
)

// Label is the column that says what became of a consumer.
type Label struct {
	Column string   `yaml:"column"`
	Bad    []string `yaml:"bad"`
	Good   []string `yaml:"good"` // any other text is a fault
}

// Split is the rule by which a row trains or tests. It depends on the row's id alone, so that a row that once tested never
// trains, whatever else is in the file: the first eight hexadecimal digits of the SHA-256 of prefix and id, modulo ten.
type Split struct {
	Column   string `yaml:"column"`
	Prefix   string `yaml:"prefix"`
	TestFrom int    `yaml:"test_from"` // this and above tests, 1 to 9
}

// Scale is how odds become points.
type Scale struct {
	BaseScore          int     `yaml:"base_score"`
	BaseOdds           float64 `yaml:"base_odds"`
	PointsToDoubleOdds int     `yaml:"points_to_double_odds"`
}

// Binning is how values become bins.
type Binning struct {
	Prebins  int     `yaml:"prebins"`   // to begin with, of about the same number of rows
	Most     int     `yaml:"most"`      // bins of a characteristic, besides that of missing values
	MinShare float64 `yaml:"min_share"` // of the training part in each bin
	MinBads  int     `yaml:"min_bads"`  // and of each outcome
}

// Logistic is for the method of that name.
type Logistic struct {
	MinIV float64 `yaml:"min_iv"` // a characteristic with less information is left out
	Ridge float64 `yaml:"ridge"`  // how much a factor is drawn to zero
}

// Additive is for the method of that name.
type Additive struct {
	Bags     int     `yaml:"bags"`     // how often it is done, each time with another part for stopping
	Rate     float64 `yaml:"rate"`     // of each step
	Rounds   int     `yaml:"rounds"`   // at most
	Patience int     `yaml:"patience"` // rounds without progress on the part for stopping, before it stops
	Leaves   int     `yaml:"leaves"`   // bins that one step tells apart
	Pairs    int     `yaml:"pairs"`    // grids
	GridBins int     `yaml:"grid_bins"`
}

// defaults are what a spec need not say.
func defaults() Spec {
	return Spec{
		Missing:  []string{""},
		Method:   MethodAdditive,
		Most:     20,
		Scale:    Scale{BaseScore: 600, BaseOdds: 20, PointsToDoubleOdds: 40},
		Binning:  Binning{Prebins: 32, Most: 8, MinShare: 0.01, MinBads: 15},
		Logistic: Logistic{MinIV: 0.01, Ridge: 1},
		Additive: Additive{Bags: 6, Rate: 0.1, Rounds: 400, Patience: 20, Leaves: 3, Pairs: 4, GridBins: 4},
	}
}

// Feature is a column, or what is reckoned from features before it.
type Feature struct {
	Name   string `yaml:"name"`
	Label  string `yaml:"label"`  // without it, the name in words
	Reason string `yaml:"reason"` // without it, the name in capitals
	Unit   string `yaml:"unit"`
	Source string `yaml:"source"`

	Column string `yaml:"column"` // in the header
	Kind   string `yaml:"kind"`   // decimal, whole, category or flag, as policies have them; decimal without it

	Is      string   `yaml:"is"` // an operator
	Of      []string `yaml:"of"`
	AtLeast *float64 `yaml:"at_least"` // of count

	Risk    string   `yaml:"risk"`    // how it goes with the value: rising, falling, monotone (either), free
	Use     string   `yaml:"use"`     // score, or input: of other features only
	Missing string   `yaml:"missing"` // own, worst, required
	Unseen  string   `yaml:"unseen"`  // of categories: neutral, worst
	Least   *float64 `yaml:"least"`   // of numbers; an application with less is faulty
	Most    *float64 `yaml:"most"`
}

var kinds = map[string]scorecard.Kind{
	"decimal": scorecard.KindNumber, "whole": scorecard.KindNumber, "category": scorecard.KindCategory, "flag": scorecard.KindFlag,
}

func (f *Feature) kind() scorecard.Kind { return kinds[f.Kind] }

// Fault is one thing that is wrong with a spec.
type Fault struct {
	Line int // from 1
	Path string
	Text string
}

func (f Fault) String() string {
	if f.Path == "" {
		return fmt.Sprintf("%d: %s", f.Line, f.Text)
	}
	return fmt.Sprintf("%d: %s: %s", f.Line, f.Path, f.Text)
}

// Faults are all that is wrong with a spec.
type Faults struct{ List []Fault }

func (f *Faults) Error() string {
	lines := make([]string, len(f.List))
	for i := range f.List {
		lines[i] = f.List[i].String()
	}
	return strings.Join(lines, "\n")
}

// SpecMost is how many bytes a spec may have.
const SpecMost = 256 << 10

// Parse reads a spec. The error is *Faults, with everything that is wrong.
func Parse(data []byte) (*Spec, error) {
	if len(data) > SpecMost {
		return nil, &Faults{[]Fault{{Line: 1, Text: fmt.Sprintf("the spec has %d bytes, more than %d", len(data), SpecMost)}}}
	}
	spec := defaults()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&spec); err != nil {
		return nil, &Faults{yamlFaults(err)}
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, &Faults{[]Fault{{Line: 1, Text: "has a second document: want one"}}}
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, &Faults{yamlFaults(err)}
	}
	spec.fill()
	r := &specRules{spec: &spec, root: root.Content[0]}
	r.check()
	if len(r.faults) > 0 {
		slices.SortStableFunc(r.faults, func(a, b Fault) int { return a.Line - b.Line })
		return nil, &Faults{r.faults}
	}
	return &spec, nil
}

// fill says what the features leave out.
func (s *Spec) fill() {
	for i := range s.Features {
		f := &s.Features[i]
		or(&f.Label, strings.ReplaceAll(f.Name, "_", " "))
		or(&f.Reason, strings.ToUpper(f.Name))
		or(&f.Kind, "decimal")
		or(&f.Risk, "free")
		or(&f.Use, "score")
		or(&f.Missing, "own")
		or(&f.Unseen, "neutral")
		if f.Is == "" {
			or(&f.Column, f.Name)
		}
	}
}

// UseLabel makes another column the outcome. It must not be a feature.
func (s *Spec) UseLabel(column string) error {
	for i := range s.Features {
		if s.Features[i].Column == column {
			return fmt.Errorf("%s is the column of the feature %s: a score cannot know what it is to predict", column, s.Features[i].Name)
		}
	}
	s.Label.Column = column
	return nil
}

func or(text *string, otherwise string) {
	if *text == "" {
		*text = otherwise
	}
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// yamlFaults are what the YAML package found.
func yamlFaults(err error) (list []Fault) {
	texts := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	if typed := (*yaml.TypeError)(nil); errors.As(err, &typed) {
		texts = typed.Errors
	} else if errors.Is(err, io.EOF) {
		texts = []string{"the spec is empty"}
	}
	for _, text := range texts {
		line := 1
		if found := yamlLine.FindStringSubmatch(text); found != nil {
			line, _ = strconv.Atoi(found[1])
			text = text[len(found[0]):]
		}
		list = append(list, Fault{Line: max(line, 1), Text: strings.ReplaceAll(text, " in type train.", " in ")})
	}
	return list
}
